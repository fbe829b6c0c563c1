#include "mailflow/authors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mailflow/test_support.hpp"

namespace gatepost::mailflow {
namespace {

using directory::SendRight;
using testing::ElementsAre;
using testing::EndsWith;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kSales = "sales@example.org", kBoss = "boss@example.org";

// Anna may send as sales, and on behalf of the boss.
class MailflowAuthors : public testing::Test {
 protected:
  MailflowAuthors() {
    (void)world.directory->add_principal(directory::PrincipalKind::shared_mailbox, kSales, "Sales");
    world.add(kBoss);
    auto anna = world.principal(kAnna);
    anna.display_name = "Anna \"A\" Berg";
    (void)world.directory->update_principal(anna);
    grant(kSales, SendRight::as);
    grant(kBoss, SendRight::on_behalf);
  }
  void grant(std::string_view of, SendRight right) {
    const auto granted =
        world.directory->change_senders(world.principal(of).id, right, {world.principal(kAnna).id}, {});
    GP_ASSERT(granted);
  }
  Result<Authors> check(std::string_view header) {
    return check_authors(*world.directory, world.principal(kAnna), header, foreign);
  }
  // The Sender that readers see: as it came ("="), none (""), or this.
  std::string sender(std::string_view header) {
    const auto authors = check(header);
    return authors ? authors->sender.value_or("=") : std::string(to_string(authors.error().code));
  }
  std::string taken(std::string_view message) {
    const auto accepted = world.take(std::string(kAnna), {std::string(kBert)}, message);
    return accepted ? world.inbox(kBert).back() : std::string(to_string(accepted.error().code));
  }
  ForeignFrom foreign = ForeignFrom::refused;
  World world;
};

constexpr std::string_view kAnnaSends = "\"Anna \\\"A\\\" Berg\" <anna@example.org>";

TEST_F(MailflowAuthors, OnesOwnNameAndThoseOneMaySendAsNeedNoSender) {
  EXPECT_EQ(sender("From: Anna <anna@example.org>\r\n\r\n"), "=");
  EXPECT_EQ(sender("From: \"The boss\" <anna+x@example.org>\r\n\r\n"), "=");
  EXPECT_EQ(sender("from : Sales@Example.Org\r\n\r\n"), "=");
  EXPECT_EQ(sender("Subject: no author\r\n\r\n"), "=");
  EXPECT_THAT(check("From: sales@example.org\r\n")->others,
              ElementsAre(Field(&directory::Authorship::of, world.principal(kSales).id)));
  EXPECT_THAT(check("From: anna@example.org\r\n")->others, IsEmpty());
}

TEST_F(MailflowAuthors, OnBehalfOfSomebodyReadersSeeWhoSent) {
  EXPECT_EQ(sender("From: Boss <boss@example.org>\r\n\r\n"), kAnnaSends);
  EXPECT_THAT(check("From: boss@example.org\r\n")->others,
              ElementsAre(Field(&directory::Authorship::of, world.principal(kBoss).id)));
  // What the client says stays when it is true, and goes when it is not.
  EXPECT_EQ(sender("From: boss@example.org\r\nSender: A <anna@example.org>\r\n\r\n"), "=");
  EXPECT_EQ(sender("From: boss@example.org\r\nSender: boss@example.org\r\n\r\n"), kAnnaSends);
  EXPECT_EQ(sender("From: boss@example.org\r\nSender: sales@example.org\r\n\r\n"), kAnnaSends);
  EXPECT_EQ(sender("From: boss@example.org\r\nSender: nobody\r\n\r\n"), kAnnaSends);
  EXPECT_EQ(sender("Sender: anna@example.org\r\nFrom: boss@example.org\r\nSENDER : bert@example.org\r\n\r\n"),
            kAnnaSends);
  EXPECT_EQ(sender("From: boss@example.org\r\nSender: anna@example.org, bert@example.org\r\n\r\n"), kAnnaSends);
}

TEST_F(MailflowAuthors, SeveralAuthorsHaveOneSender) {
  EXPECT_EQ(sender("From: anna@example.org, sales@example.org\r\n\r\n"), kAnnaSends);
  EXPECT_EQ(sender("From: anna@example.org, sales@example.org\r\nSender: anna@example.org\r\n\r\n"), "=");
  EXPECT_EQ(sender("From: anna@example.org, bert@example.org\r\n\r\n"), "forbidden");
}

TEST_F(MailflowAuthors, ASenderThatIsNobodysBusinessIsTakenOut) {
  EXPECT_EQ(sender("From: anna@example.org\r\nSender: boss@example.org\r\n\r\n"), "");
  EXPECT_EQ(sender("From: anna@example.org\r\nSender: sales@example.org\r\n\r\n"), "=");
  EXPECT_EQ(sender("Subject: x\r\nSender: ceo@elsewhere.example\r\n\r\n"), "");
}

TEST_F(MailflowAuthors, NobodyWritesInAnothersNameHoweverItIsWritten) {
  for (const char* header :
       {"From: bert@example.org\r\n\r\n", "From: Anna <bert@example.org>\r\n\r\n", "From:\r\n bert@example.org\r\n\r\n",
        "FROM :bert@example.org\r\n\r\n", "From: anna@example.org,\r\n\tbert@example.org\r\n\r\n",
        "From: all:anna@example.org,bert@example.org;\r\n\r\n", "From: x@elsewhere.example\r\n\r\n",
        "From: \"anna@example.org\" <bert@example.org>\r\n\r\n", "From: (anna@example.org) bert@example.org\r\n\r\n",
        "From: anna@example.org@elsewhere.example\r\n\r\n"}) {
    EXPECT_EQ(sender(header), "forbidden") << header;
  }
  for (const char* header :
       {"From: anna@example.org\r\nFrom: bert@example.org\r\n\r\n", "From: anna@example.org\r\nfrom: x\r\n\r\n",
        "From: \r\n\r\n", "From: Bert\r\n\r\n", "From: nobody:;\r\n\r\n", "From: bert@\r\n\r\n"}) {
    EXPECT_EQ(sender(header), "invalid") << header;
  }
  std::string many = "From: anna@example.org";
  for (int i = 0; i < 200; ++i) many += ",\r\n anna@example.org";
  EXPECT_EQ(sender(many + "\r\n\r\n"), "invalid");
}

TEST_F(MailflowAuthors, WhatIsNobodysHereMayBeTakenAndColleaguesAreNot) {
  foreign = ForeignFrom::taken;
  for (const char* header :
       {"From: x@elsewhere.example\r\n\r\n", "From: x@elsewhere.example\r\nSender: y@elsewhere.example\r\n\r\n",
        "From: Bert\r\n\r\n", "From: \r\n\r\n"}) {
    EXPECT_EQ(sender(header), "=") << header;
  }
  EXPECT_EQ(sender("From: anna@example.org, x@elsewhere.example\r\n\r\n"), kAnnaSends);
  EXPECT_EQ(sender("From: bert@example.org\r\n\r\n"), "forbidden");
  EXPECT_EQ(sender("From: x@elsewhere.example, bert@example.org\r\n\r\n"), "forbidden");
  EXPECT_EQ(sender("From: nobody-yet@example.org\r\n\r\n"), "forbidden");
  EXPECT_NE(sender("From: bert@EXAMPLE.org.\r\n\r\n"), "=");
  EXPECT_NE(sender("From: \"a b\"@example.org\r\n\r\n"), "=");
  EXPECT_EQ(sender("From: x@elsewhere.example\r\nSender: bert@example.org\r\n\r\n"), "");
  EXPECT_EQ(sender("From: boss@example.org\r\nSender: y@elsewhere.example\r\n\r\n"), kAnnaSends);
  EXPECT_EQ(sender("From: anna@example.org\r\nFrom: x\r\n\r\n"), "invalid");
}

TEST_F(MailflowAuthors, RefusalsSayWhichRightIsMissing) {
  EXPECT_THAT(check("From: bert@example.org\r\n").error().detail,
              AllOf(HasSubstr("anna@example.org has neither send-as nor send-on-behalf for bert@example.org"),
                    HasSubstr("gatepost rights grant bert@example.org send-as anna@example.org")));
  EXPECT_THAT(check("From: x@elsewhere.example\r\n").error().detail,
              HasSubstr("x@elsewhere.example is no address of anna@example.org"));
  const auto path = world.reception->check_sender(world.submitter(), kBert);
  EXPECT_THAT(path.error().detail, StartsWith("MAIL FROM: anna@example.org has neither"));
  auto sales = world.principal(kSales);
  sales.enabled = false;
  ASSERT_TRUE(world.directory->update_principal(sales));
  EXPECT_THAT(check("From: sales@example.org\r\n").error().detail, EndsWith("sales@example.org is disabled"));
}

TEST_F(MailflowAuthors, TheReturnPathMayBeOfWhoGrantedEitherRight) {
  EXPECT_TRUE(world.reception->check_sender(world.submitter(), kSales));
  EXPECT_TRUE(world.reception->check_sender(world.submitter(), kBoss));
  EXPECT_FALSE(world.reception->check_sender(world.submitter(kBert), kSales));
}

TEST_F(MailflowAuthors, AMessageIsTakenWithTheSenderThatIsTrue) {
  const std::string message = taken("From: Boss <boss@example.org>\r\nSender: boss@example.org\r\nTo: x\r\n\r\nhi\r\n");
  EXPECT_THAT(message, HasSubstr("\r\nSender: " + std::string(kAnnaSends) + "\r\n"));
  EXPECT_THAT(message, HasSubstr("\r\nFrom: Boss <boss@example.org>\r\n"));
  EXPECT_THAT(message, Not(HasSubstr("Sender: boss")));
  EXPECT_THAT(taken("From: sales@example.org\r\n\r\nhi\r\n"), Not(HasSubstr("Sender:")));
  EXPECT_EQ(taken("From: bert@example.org\r\n\r\nhi\r\n"), "forbidden");
  EXPECT_THAT(world.sink.lines(), testing::Contains(AllOf(HasSubstr("mail.refused"), HasSubstr("code=forbidden"),
                                                          HasSubstr("rights grant"))));
  // What others bring may say what it likes.
  const Source stranger = world.stranger();
  ASSERT_TRUE(world.take(stranger, world.envelope(stranger, "c@client.example", {std::string(kBert)}),
                         "From: boss@example.org\r\nSender: x\r\n\r\n"));
  EXPECT_THAT(world.inbox(kBert).back(), EndsWith("From: boss@example.org\r\nSender: x\r\n\r\n"));
}

TEST_F(MailflowAuthors, ACopyGoesToTheSentFolderOfWhoWantsIt) {
  const auto count = [&](std::string_view address) {
    const auto owner = world.account(address);
    std::size_t found = 0;
    (void)owner->rows(owner->find_folder("Sent")->id, NumberSet::of(1, 0xffffffff), [&](const account::Row& row) {
      EXPECT_EQ(row.flags.system, account::flag::kSeen);
      ++found;
      return true;
    });
    return found;
  };
  taken("From: sales@example.org\r\n\r\n1\r\n");
  EXPECT_EQ(count(kSales), 0U);
  for (const std::string_view address : {kSales, kBoss, kAnna}) {
    auto principal = world.principal(address);
    principal.copy_sent = true;
    ASSERT_TRUE(world.directory->update_principal(principal));
  }
  taken("From: sales@example.org\r\n\r\n2\r\n");
  taken("From: boss@example.org\r\n\r\n3\r\n");
  EXPECT_THAT(world.sink.lines(),
              testing::Contains(AllOf(HasSubstr("mail.sent_as"), HasSubstr("user=anna@example.org"),
                                      HasSubstr("author=boss@example.org"), HasSubstr("right=send-on-behalf"))));
  taken("From: anna@example.org\r\n\r\n4\r\n");
  EXPECT_EQ(count(kSales), 1U);
  EXPECT_EQ(count(kBoss), 1U);
  EXPECT_EQ(count(kAnna), 0U);
}

}  // namespace
}  // namespace gatepost::mailflow
