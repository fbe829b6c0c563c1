// Costs follow the change, never the mailbox: what each operation asks of the store is counted, and is the same for a
// small and a large mailbox.

#include <functional>
#include <map>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kScaleMessage =
    "From: a@example.org\r\nSubject: one\r\nContent-Type: text/plain\r\n\r\nHello, hello\r\n";

// A mailbox as years make it: all seen but one of the last, with holes and something marked as \Deleted.
class LargeMailbox {
 public:
  explicit LargeMailbox(std::uint32_t size) : size_(size) {
    add("INBOX", size, account::flag::kSeen);
    const auto inbox = folder("INBOX");
    remove(inbox, size - 50);
    remove(inbox, size - 48);
    flags(inbox, size - 30, account::FlagChange::remove, account::flag::kSeen);
    flags(inbox, size - 20, account::FlagChange::add, account::flag::kDeleted);
    (void)account_->open_folder(inbox, true);
  }

  World& world() { return world_; }
  std::uint32_t size() const { return size_; }
  account::FolderId folder(std::string_view path) { return account_->find_folder(path)->id; }
  void add(std::string_view path, std::uint32_t count, std::uint8_t flags = 0) {
    auto writer = *account_->new_body(kScaleMessage.size());
    (void)writer->append(kScaleMessage);
    account::NewItem item;
    item.body = *writer->finish();
    item.summary = mime::encode(mime::scan(kScaleMessage));
    item.system_flags = flags;
    item.received = world_.clock.now();
    for (std::uint32_t left = count; left > 0;) {
      const std::uint32_t some = std::min(left, 1'000U);
      const std::vector<account::NewItem> items(some, item);
      EXPECT_TRUE(account_->append(folder(path), items));
      left -= some;
    }
  }
  void remove(account::FolderId f, account::Uid uid) { EXPECT_TRUE(account_->remove(f, NumberSet::of(uid, uid))); }
  void flags(account::FolderId f, account::Uid uid, account::FlagChange change, std::uint8_t which) {
    EXPECT_TRUE(account_->store_flags(f, NumberSet::of(uid, uid), change, account::Flags{which, {}}, std::nullopt));
  }
  std::uint64_t modseq() { return account_->find_folder("INBOX")->highest_modseq; }
  std::uint32_t uid_validity() { return account_->find_folder("INBOX")->uid_validity; }
  void restart() {
    account_.reset();
    world_.restart();
    account_ = world_.account();
  }

  store::Traffic measure(const std::function<void()>& work) {
    const store::Traffic before = world_.store.traffic;
    work();
    const store::Traffic& now = world_.store.traffic;
    return {now.snapshots - before.snapshots,
            now.gets - before.gets,
            now.entries - before.entries,
            now.read_octets - before.read_octets,
            now.commits - before.commits,
            now.writes - before.writes,
            now.written_octets - before.written_octets,
            now.body_reads - before.body_reads};
  }

 private:
  const std::uint32_t size_;
  World world_;
  std::shared_ptr<account::Account> account_ = world_.account();
};

using Costs = std::map<std::string, store::Traffic>;

// Sequence number and UID of a message near the end, in text.
std::string uid(const LargeMailbox& m, std::uint32_t from_end) { return std::to_string(m.size() - from_end); }

Costs costs_of(std::uint32_t size) {
  Costs costs;
  LargeMailbox mailbox(size);
  const auto cost = [&](const std::string& name, const std::function<void()>& work) {
    costs[name] = mailbox.measure(work);
  };
  mailbox.restart();
  const auto inbox = mailbox.folder("INBOX");
  {
    Talk talk(mailbox.world());
    cost("sign-in", [&] { talk.enter(); });
    cost("STATUS", [&] { talk.line("a STATUS INBOX (MESSAGES UIDNEXT UNSEEN DELETED SIZE HIGHESTMODSEQ)"); });
    cost("first SELECT", [&] { EXPECT_THAT(talk.line("b SELECT INBOX"), HasSubstr("[UNSEEN ")); });
    cost("SELECT", [&] { talk.line("c SELECT INBOX"); });
    cost("NOOP", [&] { talk.line("d NOOP"); });
    cost("FETCH of one", [&] { talk.line("e UID FETCH " + uid(mailbox, 5) + " (FLAGS ENVELOPE)"); });
    cost("FETCH by number", [&] { talk.line("f FETCH " + uid(mailbox, 5) + " (FLAGS)"); });
    cost("STORE", [&] { talk.line("g UID STORE " + uid(mailbox, 6) + " +FLAGS (\\Flagged)"); });
    cost("STORE unseen", [&] { talk.line("h UID STORE " + uid(mailbox, 6) + " -FLAGS (\\Seen)"); });
    cost("APPEND", [&] { talk.say("i APPEND INBOX {3+}\r\na\r\n\r\n"); });
    cost("COPY", [&] { talk.line("j UID COPY " + uid(mailbox, 7) + " INBOX"); });
    cost("MOVE", [&] { talk.line("k UID MOVE " + uid(mailbox, 8) + " Trash"); });
    cost("EXPUNGE", [&] { EXPECT_THAT(talk.line("l EXPUNGE"), HasSubstr("EXPUNGE")); });
    cost("SELECT after changes", [&] { talk.line("m SELECT INBOX"); });
    mailbox.flags(inbox, mailbox.size() - 9, account::FlagChange::add, account::flag::kDeleted);
    cost("CLOSE", [&] { talk.line("n CLOSE"); });
  }
  {
    Talk watcher(mailbox.world());
    watcher.enter();
    watcher.line("a SELECT INBOX");
    watcher.line("b IDLE");
    mailbox.add("INBOX", 1);
    cost("IDLE wake-up by an arrival", [&] { EXPECT_THAT(watcher.wake(), HasSubstr("EXISTS")); });
    mailbox.flags(inbox, mailbox.size() - 11, account::FlagChange::add, account::flag::kAnswered);
    cost("IDLE wake-up by a flag", [&] { EXPECT_THAT(watcher.wake(), HasSubstr("FETCH")); });
    mailbox.remove(inbox, mailbox.size() - 11);
    cost("IDLE wake-up by a removal", [&] { EXPECT_THAT(watcher.wake(), HasSubstr("EXPUNGE")); });
    EXPECT_EQ(costs["IDLE wake-up by an arrival"].gets + costs["IDLE wake-up by an arrival"].entries, 0U);
    EXPECT_EQ(costs["IDLE wake-up by a flag"].gets + costs["IDLE wake-up by a flag"].entries, 0U);
    EXPECT_EQ(costs["IDLE wake-up by a removal"].gets + costs["IDLE wake-up by a removal"].entries, 0U);
  }
  {
    Talk talk(mailbox.world());
    talk.enter();
    talk.line("a ENABLE QRESYNC");
    const std::string known = std::to_string(mailbox.uid_validity()) + " " + std::to_string(mailbox.modseq());
    const std::string since = std::to_string(mailbox.modseq());
    mailbox.flags(inbox, mailbox.size() - 12, account::FlagChange::add, account::flag::kFlagged);
    mailbox.remove(inbox, mailbox.size() - 13);
    cost("QRESYNC", [&] {
      const std::string answer = talk.line("b SELECT INBOX (QRESYNC (" + known + "))");
      EXPECT_THAT(answer, HasSubstr("* VANISHED (EARLIER) " + uid(mailbox, 13) + "\r\n"));
      EXPECT_THAT(answer, HasSubstr("UID " + uid(mailbox, 12) + " FLAGS (\\Seen \\Flagged)"));
    });
    cost("CHANGEDSINCE", [&] { talk.line("c UID FETCH 1:* (FLAGS) (CHANGEDSINCE " + since + " VANISHED)"); });
  }
  return costs;
}

TEST(ImapScale, WhatAnOperationAsksOfTheStoreDoesNotDependOnTheSizeOfTheMailbox) {
  const Costs small = costs_of(1'000);
  const Costs large = costs_of(20'000);
  ASSERT_EQ(small.size(), large.size());
  for (const auto& [name, s] : small) {
    const store::Traffic& l = large.at(name);
    EXPECT_EQ(s.snapshots, l.snapshots) << name;
    EXPECT_EQ(s.gets, l.gets) << name;
    EXPECT_EQ(s.entries, l.entries) << name;
    EXPECT_EQ(s.commits, l.commits) << name;
    EXPECT_EQ(s.writes, l.writes) << name;
    EXPECT_EQ(s.body_reads, l.body_reads) << name;
    // Larger numbers take an octet more each; a chunk of a UID set is as long as its last UID lies far into it.
    EXPECT_LE(l.read_octets, s.read_octets + 300) << name;
    EXPECT_LE(l.written_octets, s.written_octets + 300) << name;
  }
}

TEST(ImapScale, SortingByDateReadsRowsAlone) {
  LargeMailbox mailbox(3'000);
  mailbox.restart();
  Talk talk(mailbox.world());
  talk.enter();
  talk.line("a SELECT INBOX");
  const store::Traffic first = mailbox.measure([&] { talk.line("b UID SORT (DATE) UTF-8 ALL"); });
  EXPECT_EQ(first.gets, 1U);  // whether the rows are packed together
  EXPECT_EQ(first.body_reads, 0U);
  EXPECT_LE(first.entries, 3'100U);  // a row each, and no items
  EXPECT_LE(first.read_octets, 3'100U * 60);
  const store::Traffic second = mailbox.measure([&] { talk.line("c UID SORT (REVERSE DATE ARRIVAL) UTF-8 ALL"); });
  EXPECT_EQ(second.gets + second.entries + second.body_reads, 0U);
}

TEST(ImapScale, WhatWasPutInOrderBeforeIsNotReadAgain) {
  LargeMailbox mailbox(3'000);
  Talk talk(mailbox.world());
  talk.enter();
  talk.line("a SELECT INBOX");
  for (const std::string command :
       {"SORT (SUBJECT)", "SORT (REVERSE FROM SUBJECT)", "THREAD REFERENCES", "THREAD ORDEREDSUBJECT"}) {
    std::string first, second, some;
    // The second half is known when all of it is asked for.
    talk.line("b UID " + command + " UTF-8 UID 1501:*");
    mailbox.measure([&] { first = talk.line("c UID " + command + " UTF-8 ALL"); });
    const store::Traffic again = mailbox.measure([&] { second = talk.line("c UID " + command + " UTF-8 ALL"); });
    EXPECT_EQ(first, second);
    EXPECT_EQ(again.gets + again.entries + again.body_reads, 0U) << command;
  }
}

TEST(ImapScale, ADeviceThatWasAwayForTenThousandChangesHearsOfThoseAlone) {
  LargeMailbox mailbox(20'000);
  const auto inbox = mailbox.folder("INBOX");
  const std::string known = std::to_string(mailbox.uid_validity()) + " " + std::to_string(mailbox.modseq());
  // 6,000 flags, 2,000 gone, 2,000 new.
  const auto account = mailbox.world().account();
  for (account::Uid first = 1'001; first <= 6'001; first += 1'000) {
    ASSERT_TRUE(account->store_flags(inbox, NumberSet::of(first, first + 999), account::FlagChange::add,
                                     account::Flags{account::flag::kFlagged, {}}, std::nullopt));
  }
  ASSERT_TRUE(account->remove(inbox, NumberSet::of(8'001, 10'000)));
  mailbox.add("INBOX", 2'000);

  const auto resync = [&] {
    Talk talk(mailbox.world());
    talk.enter();
    talk.line("a ENABLE QRESYNC");
    return talk.line("b SELECT INBOX (QRESYNC (" + known + "))");
  };
  const std::string answer = resync();
  EXPECT_THAT(answer, HasSubstr("* VANISHED (EARLIER) 8001:10000\r\n"));
  std::size_t told = 0;
  for (std::size_t at = answer.find(" FETCH ("); at != std::string::npos; at = answer.find(" FETCH (", at + 1)) ++told;
  EXPECT_EQ(told, 8'000U);
  EXPECT_THAT(answer, Not(HasSubstr("UID 1000 ")));
  EXPECT_THAT(answer, Not(HasSubstr("UID 7001 ")));
  // "* 12345 FETCH (UID 12345 FLAGS (\Flagged \Seen) MODSEQ (123))": 64 octets at most for each, and the answers of
  // any SELECT.
  EXPECT_LT(answer.size(), 8'000 * 64 + 1'000);
  RecordProperty("octets_for_10000_changes", static_cast<int>(answer.size()));

  // Another process, another day: the same.
  mailbox.restart();
  EXPECT_EQ(resync(), answer);
}

TEST(ImapScale, ALongListIsReadInPages) {
  LargeMailbox mailbox(20'000);
  Talk talk(mailbox.world());
  talk.enter();
  talk.line("a SELECT INBOX");
  const auto cost = mailbox.measure([&] { talk.line("b FETCH 1:* (UID FLAGS)"); });
  EXPECT_LE(cost.entries, 20'000U + 100);  // each row once, and no item
  EXPECT_LE(cost.gets, 1U);                // whether they are packed together, where that is not known
  EXPECT_EQ(cost.commits, 0U);
}

TEST(ImapScale, TheNextProcessReadsALongListFromWhatIsPackedTogether) {
  LargeMailbox mailbox(20'000);
  std::string first, next;
  const auto list = [&](std::string& answers) {
    Talk talk(mailbox.world());
    talk.enter();
    talk.line("a SELECT INBOX");
    return mailbox.measure([&] {
      answers = talk.line("b FETCH 1:* (UID FLAGS)");
      answers += talk.line("c SORT (SUBJECT) UTF-8 ALL");
      answers += talk.line("d THREAD REFERENCES UTF-8 ALL");
    });
  };
  (void)list(first);
  ASSERT_TRUE(mailbox.world().accounts->write_derived({}));
  mailbox.restart();
  const auto cost = list(next);
  // To another process they are recent anew.
  for (const std::string_view recent : {" \\Recent", "\\Recent"}) {
    for (std::string* one : {&first, &next}) {
      for (std::size_t at = 0; (at = one->find(recent, at)) != std::string::npos;) one->erase(at, recent.size());
    }
  }
  EXPECT_TRUE(next == first);
  EXPECT_LE(cost.entries, 100U);            // of what has changed since
  EXPECT_LE(cost.gets, 20U + 2 * 79 + 50);  // the rows of 20 chunks, two notes of each 256 messages
  EXPECT_EQ(cost.commits, 0U);
}

}  // namespace
}  // namespace gatepost::imap::server
