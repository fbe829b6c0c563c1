// A mailbox after a restore of the store: what clients hear that were here in the lost time (RFC 7162 3.1, 3.2.5).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kRestoredMessage = "From: a@example.org\r\nSubject: one\r\n\r\nHello\r\n";

class ImapRestored : public testing::Test {
 protected:
  ImapRestored() {
    for (int i = 0; i < 4; ++i) world_.deliver(kRestoredMessage);
    const auto inbox = *world_.account()->find_folder("INBOX");
    validity_ = std::to_string(inbox.uid_validity);
    early_ = inbox.highest_modseq - 1;
    backed_up_ = inbox.highest_modseq;
    // The engine in memory cannot go back; to the account it is the same as if it had.
    world_.clock.advance(std::chrono::hours(1));
    world_.store.restored = {{std::chrono::floor<std::chrono::seconds>(world_.clock.now()), std::chrono::minutes(20)}};
    world_.restart();
    fresh_ = world_.deliver(kRestoredMessage);
  }
  std::string resync(std::uint64_t modseq, std::string_view known) {
    Talk talk(world_);
    talk.enter();
    talk.line("a ENABLE QRESYNC");
    const std::string uids = known.empty() ? "" : " " + std::string(known);
    return talk.line("b SELECT INBOX (QRESYNC (" + validity_ + " " + std::to_string(modseq) + uids + "))");
  }

  World world_;
  std::string validity_;
  std::uint64_t early_ = 0, backed_up_ = 0;
  account::Uid fresh_ = 0;
};

TEST_F(ImapRestored, AClientOfTheLostTimeHearsThatItsMessagesVanishedAndTheFlagsOfAllOthers) {
  EXPECT_GT(fresh_, 1'000'000U);
  const std::string answer = resync(backed_up_ + 3, "1:9");
  EXPECT_THAT(answer, HasSubstr("* OK [UIDVALIDITY " + validity_ + "]"));
  EXPECT_THAT(answer, HasSubstr("* 5 EXISTS"));
  EXPECT_THAT(answer, HasSubstr("* VANISHED (EARLIER) 5:9\r\n"));
  for (const char* uid : {"1", "2", "3", "4"}) EXPECT_THAT(answer, HasSubstr("(UID " + std::string(uid) + " FLAGS"));
  // One that does not say what it knows hears of the new one, too.
  const std::string all = resync(backed_up_ + 3, "");
  EXPECT_THAT(all, HasSubstr("* VANISHED (EARLIER) 5:" + std::to_string(fresh_ - 1) + "\r\n"));
  EXPECT_THAT(all, HasSubstr("(UID " + std::to_string(fresh_) + " FLAGS"));
}

TEST_F(ImapRestored, AClientThatWasNotHereHearsOfChangesAlone) {
  for (const std::uint64_t modseq : {early_, backed_up_}) {
    const std::string answer = resync(modseq, "");
    EXPECT_THAT(answer, Not(HasSubstr("VANISHED")));
    EXPECT_THAT(answer, Not(HasSubstr("(UID 1 FLAGS")));
    EXPECT_THAT(answer, HasSubstr("(UID " + std::to_string(fresh_) + " FLAGS"));
  }
}

TEST_F(ImapRestored, AModseqOfTheLostTimeIsOlderThanAllThereIs) {
  Talk talk(world_);
  talk.enter();
  talk.line("a SELECT INBOX");
  const std::string lost = std::to_string(backed_up_ + 3);
  for (const std::string set : {"1:4", "1:*"}) {
    const std::string answer = talk.line("b UID FETCH " + set + " (FLAGS) (CHANGEDSINCE " + lost + ")");
    for (const char* uid : {"1", "2", "3", "4"}) EXPECT_THAT(answer, HasSubstr("UID " + std::string(uid) + " "));
  }
  EXPECT_THAT(talk.line("d UID SEARCH MODSEQ " + lost), HasSubstr("* SEARCH 1 2 3 4 " + std::to_string(fresh_) + " "));
  EXPECT_THAT(talk.line("e UID SEARCH MODSEQ " + std::to_string(backed_up_ + 1)),
              HasSubstr("* SEARCH " + std::to_string(fresh_) + " "));
  EXPECT_THAT(talk.line("c UID STORE 1 (UNCHANGEDSINCE " + lost + ") +FLAGS (\\Flagged)"), HasSubstr("[MODIFIED 1]"));
}

}  // namespace
}  // namespace gatepost::imap::server
