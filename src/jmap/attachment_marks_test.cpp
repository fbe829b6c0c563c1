#include "jmap/attachment_marks.hpp"

#include <gtest/gtest.h>

#include "jmap/test_world.hpp"

namespace gatepost::jmap {
namespace {

TEST(AttachmentMarks, AreFoundAgainOnceManyAreKnown) {
  World world;
  const auto account = world.account(kAnna);
  const auto has = [](std::uint64_t item) { return item % 3 == 0; };
  AttachmentMarks marks(*account, 0);
  EXPECT_FALSE(marks.find(*account, account::ItemId{1}));
  for (std::uint64_t item = 0; item < 100; ++item) marks.set(*account, account::ItemId{item}, has(item));
  for (std::uint64_t item = 256; item < 266; ++item) marks.set(*account, account::ItemId{item}, has(item));
  EXPECT_EQ(marks.find(*account, account::ItemId{99}), true);
  EXPECT_EQ(marks.find(*account, account::ItemId{256}), false);
  ASSERT_TRUE(world.accounts->write_derived({}));
  AttachmentMarks later(*account, 0);
  for (std::uint64_t item = 0; item < 64; ++item) EXPECT_EQ(later.find(*account, account::ItemId{item}), has(item));
  // What is few is not worth a note.
  EXPECT_FALSE(later.find(*account, account::ItemId{64}));
  EXPECT_FALSE(later.find(*account, account::ItemId{256}));
}

TEST(AttachmentMarks, PassOverNotesThatAreNotTheirs) {
  World world;
  const auto account = world.account(kAnna);
  std::string note(65, '\0');
  note[0] = 2;
  note[1] = 1;
  account->keep_notes(8, 0, note);
  account->keep_notes(8, 1, "");
  note[0] = 1;
  note[1] = static_cast<char>(0b11'10'01'00);
  account->keep_notes(8, 2, note);
  ASSERT_TRUE(world.accounts->write_derived({}));
  AttachmentMarks marks(*account, 0);
  for (std::uint64_t item = 0; item < 512; ++item) EXPECT_FALSE(marks.find(*account, account::ItemId{item}));
  EXPECT_FALSE(marks.find(*account, account::ItemId{512}));
  EXPECT_EQ(marks.find(*account, account::ItemId{513}), false);
  EXPECT_EQ(marks.find(*account, account::ItemId{514}), true);
  EXPECT_FALSE(marks.find(*account, account::ItemId{515}));
}

TEST(AttachmentMarks, FindWhatWasNotedAfterTheyWereRead) {
  World world;
  const auto account = world.account(kAnna);
  AttachmentMarks marks(*account, 0);
  const std::string paper = world.deliver("Subject: a\r\nContent-Type: application/pdf\r\n\r\nx");
  const std::string plain = world.deliver("Subject: a\r\n\r\nx");
  const auto item = [](const std::string& email) {
    return *account::ObjectIds(account::AccountId{1024}).find_email(email);
  };
  EXPECT_EQ(marks.find(*account, item(paper)), true);
  EXPECT_EQ(marks.find(*account, item(plain)), false);
  EXPECT_FALSE(marks.find(*account, account::ItemId{200}));
}

// What an account's notes say is asked before its messages are.
TEST(AttachmentMarks, AnswerQueries) {
  World world;
  std::vector<std::string> emails;
  for (int i = 0; i < 70; ++i) emails.push_back(world.deliver("Subject: a\r\n\r\nx"));
  const auto found = [&](Server& server) {
    const Reply reply =
        server.call(world.principal(kAnna), R"({"using":["urn:ietf:params:jmap:mail"],"methodCalls":[["Email/query",)"
                                            R"({"accountId":")" +
                                                world.id() + R"(","filter":{"hasAttachment":true}},"c"]]})");
    return parse(reply.body)->at("methodResponses").at(0).at(1).at("ids").as_array().size();
  };
  EXPECT_EQ(found(world.server), 0U);
  ASSERT_TRUE(world.accounts->write_derived({}));
  const auto account = world.account(kAnna);
  auto note = account->notes(8, 0);
  ASSERT_TRUE(note);
  const auto first =
      static_cast<std::uint64_t>(*account::ObjectIds(account::AccountId{1024}).find_email(emails.front()));
  const auto shift = first % 4 * 2;
  auto octet = static_cast<unsigned char>((*note)[1 + first / 4]);
  octet = static_cast<unsigned char>((octet & ~(3U << shift)) | 2U << shift);
  (*note)[1 + first / 4] = static_cast<char>(octet);
  account->keep_notes(8, 0, *note);
  ASSERT_TRUE(world.accounts->write_derived({}));
  Server again{{*world.accounts, *world.directory, *world.reception, *world.queue, nullptr, world.clock, world.random,
                world.log, world.metrics},
               {}};
  EXPECT_EQ(found(again), 1U);
}

}  // namespace
}  // namespace gatepost::jmap
