#include "mailflow/reception.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mailflow/test_support.hpp"

namespace gatepost::mailflow {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kMessage = "From: <anna@example.org>\r\nDate: d\r\nMessage-ID: <m>\r\n\r\nbody\r\n";

class MailflowReception : public testing::Test {
 protected:
  World world;
};

TEST_F(MailflowReception, KnowsWhomToTakeMailFor) {
  const Source stranger = world.stranger();
  const auto anna = world.reception->check_recipient(stranger, kAnna);
  ASSERT_TRUE(anna);
  ASSERT_EQ(anna->destinations.size(), 1U);
  EXPECT_EQ(anna->destinations[0].account, world.principal(kAnna).id);
  EXPECT_EQ(world.reception->check_recipient(stranger, "anna+lists@example.org")->destinations[0].account,
            world.principal(kAnna).id);
  EXPECT_EQ(world.reception->check_recipient(stranger, "x@elsewhere.example").error(), RecipientRefusal::relay_denied);
  EXPECT_EQ(world.reception->check_recipient(stranger, "nobody@example.org").error(), RecipientRefusal::no_such_user);
  EXPECT_EQ(world.reception->check_recipient(world.submitter(), "x@elsewhere.example")->destinations[0].kind,
            directory::Destination::Kind::outside);
  // RFC 5321 4.5.1.
  EXPECT_TRUE(world.reception->check_recipient(stranger, "postmaster"));
  EXPECT_TRUE(world.reception->check_recipient(stranger, "Postmaster@example.org"));
  auto bert = world.principal(kBert);
  bert.enabled = false;
  ASSERT_TRUE(world.directory->update_principal(bert));
  EXPECT_EQ(world.reception->check_recipient(stranger, kBert).error(), RecipientRefusal::disabled);
}

TEST_F(MailflowReception, LetsSubmittersWriteTheirOwnAddressesOnly) {
  EXPECT_TRUE(world.reception->check_sender(world.submitter(), kAnna));
  EXPECT_TRUE(world.reception->check_sender(world.submitter(), "anna+shop@example.org"));
  EXPECT_TRUE(world.reception->check_sender(world.submitter(), ""));
  EXPECT_EQ(code(world.reception->check_sender(world.submitter(), kBert)), Errc::denied);
  EXPECT_EQ(code(world.reception->check_sender(world.submitter(), "x@elsewhere.example")), Errc::denied);
  EXPECT_TRUE(world.reception->check_sender(world.stranger(), "x@elsewhere.example"));
}

TEST_F(MailflowReception, DeliversWithTraceFieldsAndEveryOctetOfTheMessage) {
  const Source source = world.stranger();
  const auto accepted = world.take(source, world.envelope(source, "c@client.example", {std::string(kAnna)}), kMessage);
  ASSERT_TRUE(accepted) << accepted.error().detail;
  EXPECT_EQ(accepted->local, 1U);
  EXPECT_EQ(accepted->queued, 0U);
  const auto inbox = world.inbox(kAnna);
  ASSERT_EQ(inbox.size(), 1U);
  EXPECT_THAT(inbox[0],
              StartsWith("Return-Path: <c@client.example>\r\nReceived: from client.example ([192.0.2.7])\r\n"));
  EXPECT_THAT(inbox[0], HasSubstr("id " + accepted->queue_id + "\r\n\tfor <anna@example.org>;"));
  EXPECT_THAT(inbox[0], EndsWith(std::string(kMessage)));
  EXPECT_EQ(accepted->octets, inbox[0].size());
  EXPECT_THAT(world.sink.lines(), testing::Contains(HasSubstr("mail.accepted conn=c1 id=" + accepted->queue_id)));
}

TEST_F(MailflowReception, StoresTheSameHoweverItComes) {
  const Source source = world.submitter();
  const auto envelope = world.envelope(source, std::string(kAnna), {std::string(kAnna)});
  std::string message = "Subject: x\r\nBcc: secret@example.org\r\n\r\n";
  for (int i = 0; i < 40'000; ++i) message += "line " + std::to_string(i) + "\r\n";
  for (const std::size_t piece : {7UL, 4096UL, 1UL << 20}) ASSERT_TRUE(world.take(source, envelope, message, piece));
  const auto inbox = world.inbox(kAnna);
  ASSERT_EQ(inbox.size(), 3U);
  for (const auto& stored : inbox) {
    EXPECT_THAT(stored, HasSubstr("\r\nMessage-ID: <"));
    EXPECT_THAT(stored, HasSubstr("\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n"));
    EXPECT_THAT(stored.substr(0, 1000), Not(HasSubstr("secret")));
    EXPECT_TRUE(stored.ends_with(message.substr(message.find("\r\n\r\n"))));
  }
}

TEST_F(MailflowReception, LeavesTheHeadersOfStrangersAlone) {
  const Source source = world.stranger();
  const std::string message = "Subject: x\r\nBcc: y\r\n\r\n";
  ASSERT_TRUE(world.take(source, world.envelope(source, "", {std::string(kAnna)}), message));
  EXPECT_THAT(world.inbox(kAnna)[0], EndsWith(message));
  EXPECT_THAT(world.inbox(kAnna)[0], StartsWith("Return-Path: <>\r\n"));
}

TEST_F(MailflowReception, StoresOneBodyForManyRecipientsAndDeliversToEachAccountOnce) {
  ASSERT_TRUE(world.directory->add_alias("all@example.org", {std::string(kAnna), std::string(kBert)}));
  const int before = world.store.bodies_made;
  const auto accepted =
      world.take(std::string(kAnna), {std::string(kAnna), "all@example.org", "anna+x@example.org"}, kMessage);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->local, 2U);
  EXPECT_EQ(world.store.bodies_made - before, 1);
  ASSERT_EQ(world.inbox(kAnna).size(), 1U);
  EXPECT_EQ(world.inbox(kAnna), world.inbox(kBert));
  // Nobody learns who else got it.
  EXPECT_THAT(world.inbox(kAnna)[0], Not(HasSubstr("for <")));
}

TEST_F(MailflowReception, QueuesWhatGoesElsewhere) {
  const auto accepted =
      world.take(std::string(kAnna), {std::string(kBert), "c@there.example", "d@there.example"}, kMessage);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->local, 1U);
  EXPECT_EQ(accepted->queued, 2U);
  const auto queued = world.queued();
  ASSERT_EQ(queued.size(), 1U);
  EXPECT_EQ(to_string(queued[0].id), accepted->queue_id);
  EXPECT_EQ(queued[0].reverse_path, kAnna);
  EXPECT_EQ(queued[0].due, world.clock.now());
  EXPECT_EQ(world.text(queued[0].body), world.inbox(kBert)[0]);
  std::vector<RecipientState::Status> states;
  for (const auto& r : queued[0].recipients) states.push_back(r.status);
  EXPECT_THAT(states, ElementsAre(RecipientState::Status::delivered, RecipientState::Status::waiting,
                                  RecipientState::Status::waiting));
  // Mail that only leaves carries no Return-Path (RFC 5321 4.4).
  ASSERT_TRUE(world.take(std::string(kAnna), {"c@there.example"}, kMessage));
  for (const auto& entry : world.queued()) {
    if (entry.recipients.size() == 1) EXPECT_THAT(world.text(entry.body), StartsWith("Received: "));
  }
}

TEST_F(MailflowReception, RefusesWhatIsTooLargeOrRunsInCircles) {
  const std::string large = "Subject: x\r\n\r\n" + std::string(2 << 20, 'x') + "\r\n";
  EXPECT_EQ(code(world.take(std::string(kAnna), {std::string(kBert)}, large)), Errc::too_large);
  const std::string header = "Subject: " + std::string(100'000, 'x') + "\r\n\r\n";
  EXPECT_EQ(code(world.take(std::string(kAnna), {std::string(kBert)}, header)), Errc::too_large);
  EXPECT_EQ(code(world.take(std::string(kAnna), {std::string(kBert)}, std::string(500'000, 'x'))), Errc::too_large);
  std::string loop;
  for (int i = 0; i < 50; ++i) loop += "Received: from somewhere\r\n";
  EXPECT_EQ(code(world.take(std::string(kAnna), {std::string(kBert)}, loop + "\r\n")), Errc::limit);
  const Source source = world.submitter();
  const auto envelope = world.envelope(source, std::string(kAnna), {std::string(kBert)});
  EXPECT_EQ(code(world.reception->begin(source, envelope, 2 << 20)), Errc::too_large);
  EXPECT_EQ(code(world.reception->begin(source, Envelope(), 0)), Errc::invalid);
  EXPECT_TRUE(world.inbox(kBert).empty());
  EXPECT_EQ(world.queue->size(), 0U);
  EXPECT_THAT(world.sink.lines(), testing::Contains(HasSubstr("mail.refused conn=c1")));
}

TEST_F(MailflowReception, TakesMessagesWithoutAHeaderOrWithoutABody) {
  for (const std::string_view message : {"", "\r\n", "\r\nbody\r\n", "Subject: x\r\n", "no header at all\r\n"}) {
    EXPECT_TRUE(world.take(std::string(kAnna), {std::string(kBert)}, message)) << message;
  }
  EXPECT_EQ(world.inbox(kBert).size(), 5U);
}

TEST_F(MailflowReception, TellsTheClientWhenTheOnlyMailboxIsFull) {
  auto bert = world.principal(kBert);
  bert.quota_octets = 10;
  ASSERT_TRUE(world.directory->update_principal(bert));
  EXPECT_EQ(code(world.take(std::string(kAnna), {std::string(kBert)}, kMessage)), Errc::over_quota);
  EXPECT_EQ(world.queue->size(), 0U);
  // With others it is a matter of the queue, which tells the sender.
  const auto accepted = world.take(std::string(kAnna), {std::string(kAnna), std::string(kBert)}, kMessage);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->local, 1U);
  EXPECT_EQ(accepted->queued, 1U);
  EXPECT_EQ(world.queued()[0].recipients[1].status, RecipientState::Status::failed);
  EXPECT_EQ(world.queued()[0].recipients[1].last_reply, "552 5.2.2 mailbox is full");
}

TEST_F(MailflowReception, SaysNothingIsStoredWhenTheDiskIsFull) {
  world.store.refuse_body = [] { return Errc::disk_full; };
  EXPECT_EQ(code(world.take(std::string(kAnna), {std::string(kBert)}, kMessage)), Errc::disk_full);
  world.store.refuse_body = nullptr;
  world.store.refuse_commit = [](store::Partition, const store::Batch&) { return Errc::disk_full; };
  EXPECT_EQ(code(world.take(std::string(kAnna), {std::string(kBert)}, kMessage)), Errc::disk_full);
  EXPECT_EQ(code(world.take(std::string(kAnna), {"c@there.example"}, kMessage)), Errc::disk_full);
  world.store.refuse_commit = nullptr;
  EXPECT_TRUE(world.inbox(kBert).empty());
  EXPECT_EQ(world.queue->size(), 0U);
}

TEST_F(MailflowReception, QueuesForAccountsWhoseSenderWantsToHearOfIt) {
  auto envelope = world.envelope(world.submitter(), std::string(kAnna), {std::string(kBert), std::string(kAnna)});
  envelope.recipients[0].dsn.notify = smtp::Notify{.success = true};
  envelope.envid = "e1";
  envelope.ret = smtp::Ret::full;
  ASSERT_TRUE(world.take(world.submitter(), envelope, "Subject: x\r\n\r\n"));
  EXPECT_TRUE(world.inbox(kBert).empty());  // the queue's runner delivers and tells
  EXPECT_EQ(world.inbox(kAnna).size(), 1U);
  const auto queued = world.queued();
  ASSERT_EQ(queued.size(), 1U);
  EXPECT_EQ(queued[0].envid, "e1");
  EXPECT_EQ(queued[0].ret, smtp::Ret::full);
  EXPECT_TRUE(queued[0].recipients[0].dsn.success());
}

TEST_F(MailflowReception, AnAliasOfSeveralIsToldAsExpandedAndNotEachOfThem) {
  ASSERT_TRUE(world.directory->add_alias("all@example.org", {std::string(kAnna), std::string(kBert)}));
  ASSERT_TRUE(world.directory->add_alias("one@example.org", {"c@there.example"}));
  auto envelope = world.envelope(world.submitter(), std::string(kAnna), {"all@example.org", "one@example.org"});
  for (auto& recipient : envelope.recipients) recipient.dsn.notify = smtp::Notify{.success = true, .failure = true};
  ASSERT_TRUE(world.take(world.submitter(), envelope, "Subject: x\r\n\r\n"));
  EXPECT_EQ(world.inbox(kAnna).size(), 1U);
  EXPECT_EQ(world.inbox(kBert).size(), 1U);
  const auto queued = world.queued();
  ASSERT_EQ(queued.size(), 1U);
  std::size_t expanded = 0;
  for (const RecipientState& r : queued[0].recipients) {
    if (r.status == RecipientState::Status::expanded) {
      ++expanded;
      EXPECT_EQ(r.address, "all@example.org");
    } else if (r.account) {
      EXPECT_FALSE(r.dsn.success());
      EXPECT_TRUE(r.dsn.failure());
    } else {
      EXPECT_EQ(r.address, "c@there.example");
      EXPECT_TRUE(r.dsn.success());  // RFC 3461 5.2.7.2
    }
  }
  EXPECT_EQ(expanded, 1U);
}

TEST_F(MailflowReception, InjectsItsOwnMessagesToAccountsAndOutside) {
  ASSERT_TRUE(world.reception->inject("", kAnna, "Subject: notice\r\n\r\n"));
  ASSERT_TRUE(world.reception->inject("", "c@there.example", "Subject: notice\r\n\r\n"));
  EXPECT_EQ(code(world.reception->inject("", "nobody@example.org", "x")), Errc::not_found);
  ASSERT_EQ(world.inbox(kAnna).size(), 1U);
  EXPECT_THAT(world.inbox(kAnna)[0], StartsWith("Return-Path: <>\r\nReceived: by mail.example.org"));
  EXPECT_EQ(world.queued().size(), 1U);
}

TEST(MailflowLocalDelivery, RunsSideBySideOnWorkersAndLosesNobody) {
  World world(4);
  std::vector<std::string> all;
  for (int i = 0; i < 60; ++i) {
    all.push_back("u" + std::to_string(i) + "@example.org");
    world.add(all.back());
  }
  const auto accepted = world.take(std::string(kAnna), all, kMessage);
  ASSERT_TRUE(accepted) << accepted.error().detail;
  EXPECT_EQ(accepted->local, 60U);
  for (const auto& address : all) EXPECT_EQ(world.inbox(address).size(), 1U);
}

}  // namespace
}  // namespace gatepost::mailflow
