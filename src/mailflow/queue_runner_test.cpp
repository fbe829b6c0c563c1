#include "mailflow/queue_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "mailflow/slots.hpp"
#include "mailflow/test_support.hpp"
#include "runtime/timer.hpp"
#include "store/keys.hpp"

namespace gatepost::mailflow {
namespace {

using runtime::Task;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using Outcome = AttemptResult::Outcome;

class MailflowRunner : public testing::Test {
 protected:
  explicit MailflowRunner(std::size_t threads = 0) : world(threads) {
    options.hostname = "mail.example.org";
    options.retry_after = {minutes(5), minutes(10)};
    options.concurrent = 4;
    options.concurrent_per_domain = 2;
  }

  // Runs the queue until nothing is due, `steps` times, moving the clock by `step` in between.
  void run(int steps = 1, std::chrono::microseconds step = {}) { runtime::run_to_end(play(steps, step)); }

  Task<> play(int steps, std::chrono::microseconds step) {
    const auto executor = co_await boost::asio::this_coro::executor;
    auto runner = QueueRunner::create(options, *world.queue, *world.accounts, *world.reception, remote, world.workers,
                                      world.clock, world.log, world.metrics);
    bool ended = false;
    boost::asio::co_spawn(executor, until_end(*runner, ended), boost::asio::detached);
    for (int i = 0; i < steps; ++i) {
      if (i != 0) world.clock.advance(step);
      runner->wake();
      co_await settle();
    }
    runner->stop();
    while (!ended) co_await runtime::sleep_for(std::chrono::milliseconds(1));
  }
  Task<> add_while_it_sleeps() {
    const auto executor = co_await boost::asio::this_coro::executor;
    auto runner = QueueRunner::create(options, *world.queue, *world.accounts, *world.reception, remote, world.workers,
                                      world.clock, world.log, world.metrics);
    bool ended = false;
    boost::asio::co_spawn(executor, until_end(*runner, ended), boost::asio::detached);
    co_await runtime::sleep_for(std::chrono::milliseconds(5));
    add({"c@there.example"});
    co_await settle();
    EXPECT_EQ(world.queue->size(), 0U);
    runner->stop();
    while (!ended) co_await runtime::sleep_for(std::chrono::milliseconds(1));
  }
  static Task<> until_end(QueueRunner& runner, bool& ended) {
    co_await runner.run();
    ended = true;
  }
  Task<> settle() {
    for (int quiet = 0, round = 0; quiet < 3 && round < 1000; ++round) {
      co_await runtime::sleep_for(std::chrono::milliseconds(1));
      quiet = world.queue->due_until(world.clock.now(), 1).empty() ? quiet + 1 : 0;
    }
  }
  QueueId add(std::vector<std::string> to, std::string from = std::string(kAnna)) {
    return *world.queue->add(world.entry(std::move(to), std::move(from)));
  }

  World world;
  FakeRemote remote;
  RunnerOptions options;
};

TEST_F(MailflowRunner, DeliversWhatIsDueAndForgetsIt) {
  add({"c@there.example", "d@elsewhere.example"});
  run();
  EXPECT_EQ(world.queue->size(), 0U);
  EXPECT_THAT(remote.tried, testing::UnorderedElementsAre("c@there.example", "d@elsewhere.example"));
  EXPECT_TRUE(world.inbox(kAnna).empty());
}

TEST_F(MailflowRunner, TriesAgainByItsScheduleAndOnlyThoseThatWait) {
  const auto id = add({"c@there.example", "late@there.example"});
  remote.answers["late@there.example"] = {Outcome::try_later, "451 4.2.1 greylisted", "mx"};
  const TimePoint start = world.clock.now();
  run();
  auto entry = *world.queue->get(id);
  ASSERT_EQ(entry.recipients.size(), 1U);
  EXPECT_EQ(entry.recipients[0].address, "late@there.example");
  EXPECT_EQ(entry.recipients[0].last_reply, "451 4.2.1 greylisted");
  EXPECT_EQ(entry.due, start + minutes(5));
  run(2, minutes(5));
  EXPECT_EQ(world.queue->get(id)->due, start + minutes(15));
  run(2, minutes(10));
  EXPECT_EQ(world.queue->get(id)->due, start + minutes(25));  // the last wait repeats
  remote.answers.clear();
  run(2, minutes(10));
  EXPECT_EQ(world.queue->size(), 0U);
  EXPECT_EQ(std::ranges::count(remote.tried, "c@there.example"), 1);
  EXPECT_EQ(std::ranges::count(remote.tried, "late@there.example"), 4);
}

TEST_F(MailflowRunner, ReturnsWhatFailedToItsSender) {
  remote.answers["no@there.example"] = {Outcome::failed, "550 5.1.1 no such user", "mx.there.example"};
  add({"yes@there.example", "no@there.example"});
  run();
  EXPECT_EQ(world.queue->size(), 0U);
  const auto inbox = world.inbox(kAnna);
  ASSERT_EQ(inbox.size(), 1U);
  EXPECT_THAT(inbox[0], HasSubstr("Return-Path: <>\r\n"));
  EXPECT_THAT(inbox[0], HasSubstr("Final-Recipient: rfc822;no@there.example\r\nAction: failed\r\nStatus: 5.1.1"));
  EXPECT_THAT(inbox[0], testing::Not(HasSubstr("yes@there.example")));
  EXPECT_THAT(inbox[0], HasSubstr("Subject: queued\r\n"));
}

smtp::Notify wishes(std::string_view words) {
  return {.success = words.find('s') != std::string_view::npos,
          .failure = words.find('f') != std::string_view::npos,
          .delay = words.find('d') != std::string_view::npos};
}

TEST_F(MailflowRunner, ReportsSuccessToWhoAskedForItUnlessTheNextServerDoes) {
  auto entry = world.entry({std::string(kBert), "c@there.example", "knows@there.example", "quiet@there.example"});
  entry.recipients[0].account = world.principal(kBert).id;
  for (int i = 0; i < 3; ++i) entry.recipients[static_cast<std::size_t>(i)].dsn.notify = wishes("s");
  entry.envid = "e17";
  remote.answers["knows@there.example"] = {Outcome::delivered, "250 2.0.0 ok", "mx", true};
  (void)*world.queue->add(entry);
  run();
  EXPECT_EQ(world.queue->size(), 0U);
  EXPECT_EQ(world.inbox(kBert).size(), 1U);
  const auto inbox = world.inbox(kAnna);
  ASSERT_EQ(inbox.size(), 1U);
  EXPECT_THAT(inbox[0], HasSubstr("Original-Envelope-Id: e17\r\n"));
  EXPECT_THAT(inbox[0], HasSubstr("Final-Recipient: rfc822;bert@example.org\r\nAction: delivered\r\n"));
  EXPECT_THAT(inbox[0], HasSubstr("Final-Recipient: rfc822;c@there.example\r\nAction: relayed\r\n"));
  EXPECT_THAT(inbox[0], testing::Not(HasSubstr("knows@")));
  EXPECT_THAT(inbox[0], testing::Not(HasSubstr("quiet@")));
}

TEST_F(MailflowRunner, TellsOnlyWhatTheSenderWantsToHear) {
  remote.answers["no@there.example"] = {Outcome::failed, "550 5.1.1 no such user", "mx"};
  remote.answers["late@there.example"] = {Outcome::try_later, "451 4.4.1 unreachable", ""};
  options.retry_after = {hours(1)};
  options.delay_notice = hours(2);
  options.lifetime = hours(6);
  for (const std::string_view words : {"", "s", "d", "f"}) {
    auto entry = world.entry({"no@there.example", "late@there.example"});
    for (auto& recipient : entry.recipients) recipient.dsn.notify = wishes(words);
    (void)*world.queue->add(entry);
    const std::size_t before = world.inbox(kAnna).size();
    run(9, hours(1));
    EXPECT_EQ(world.queue->size(), 0U);
    // d: one delay. f: one failure at once, and one when time is over.
    EXPECT_EQ(world.inbox(kAnna).size() - before, words == "d" ? 1U : words == "f" ? 2U : 0U) << words;
  }
}

TEST_F(MailflowRunner, ASuccessThatCouldNotBeToldIsToldLater) {
  auto entry = world.entry({std::string(kBert)});
  entry.recipients[0].account = world.principal(kBert).id;
  entry.recipients[0].dsn.notify = wishes("s");
  const auto id = *world.queue->add(entry);
  const auto annas = static_cast<store::Partition>(world.principal(kAnna).id);
  world.store.refuse_commit = [&](store::Partition p, const store::Batch&) -> std::optional<Errc> {
    return p == annas ? std::optional(Errc::disk_full) : std::nullopt;
  };
  run();
  ASSERT_TRUE(world.queue->get(id));
  EXPECT_EQ(world.queue->get(id)->recipients[0].status, RecipientState::Status::delivered);
  world.store.refuse_commit = nullptr;
  run(3, hours(4));
  EXPECT_EQ(world.queue->size(), 0U);
  EXPECT_EQ(world.inbox(kBert).size(), 1U);
  ASSERT_EQ(world.inbox(kAnna).size(), 1U);
}

TEST_F(MailflowRunner, NeverAnswersTheNullSender) {
  remote.answers["no@there.example"] = {Outcome::failed, "550 5.1.1 no such user", "mx.there.example"};
  add({"no@there.example"}, "");
  run();
  EXPECT_EQ(world.queue->size(), 0U);
  EXPECT_TRUE(world.inbox(kAnna).empty());
  EXPECT_THAT(world.sink.lines(), testing::Contains(HasSubstr("mail.bounced")));
}

TEST_F(MailflowRunner, ReturnsAndReportsInTime) {
  remote.answers["late@there.example"] = {Outcome::try_later, "451 4.4.1 unreachable", ""};
  options.retry_after = {hours(1)};
  options.lifetime = hours(8);
  options.delay_notice = hours(3);
  add({"late@there.example"});
  run(4, hours(1));
  ASSERT_EQ(world.inbox(kAnna).size(), 1U);
  EXPECT_THAT(world.inbox(kAnna)[0], HasSubstr("Action: delayed"));
  run(3, hours(1));
  EXPECT_EQ(world.inbox(kAnna).size(), 1U);  // told once
  run(5, hours(1));
  ASSERT_EQ(world.inbox(kAnna).size(), 2U);
  EXPECT_THAT(world.inbox(kAnna)[1], HasSubstr("Action: failed\r\nStatus: 5.4.1"));
  EXPECT_EQ(world.queue->size(), 0U);
}

TEST_F(MailflowRunner, DropsBouncesSooner) {
  remote.answers["late@there.example"] = {Outcome::try_later, "451 4.4.1 unreachable", ""};
  options.retry_after = {hours(1)};
  options.bounce_lifetime = hours(2);
  add({"late@there.example"}, "");
  run(3, hours(1));
  EXPECT_EQ(world.queue->size(), 0U);
}

TEST_F(MailflowRunner, LeavesHeldEntriesAloneAlsoWhenHeldDuringAnAttempt) {
  auto entry = world.entry({"c@there.example"});
  entry.held = true;
  const auto id = *world.queue->add(entry);
  run();
  EXPECT_TRUE(remote.tried.empty());
  remote.answers["c@there.example"] = {Outcome::try_later, "451 4.0.0 no", "mx"};
  ASSERT_TRUE(world.queue->change(id, [](QueueEntry& e) { e.held = false; }));
  remote.before = [&](const Attempt&) { (void)world.queue->change(id, [](QueueEntry& e) { e.held = true; }); };
  run();
  EXPECT_EQ(remote.tried.size(), 1U);
  EXPECT_TRUE(world.queue->get(id)->held);
  remote.before = nullptr;
  remote.answers.clear();
  ASSERT_TRUE(world.queue->change(id, [&](QueueEntry& e) {
    e.held = false;
    e.due = world.clock.now();
  }));
  run();
  EXPECT_EQ(world.queue->size(), 0U);
}

TEST_F(MailflowRunner, DeliversToAccountsOnceHoweverOftenItTries) {
  auto entry = world.entry({std::string(kBert), "late@there.example"});
  entry.recipients[0].account = world.principal(kBert).id;
  remote.answers["late@there.example"] = {Outcome::try_later, "451 4.4.1 no", "mx"};
  const auto id = *world.queue->add(entry);
  // The commit that notes it fails: the entry comes again as it was.
  int left = 1;
  world.store.refuse_commit = [&](store::Partition p, const store::Batch&) -> std::optional<Errc> {
    return !store::is_account(p) && left-- > 0 ? std::optional(Errc::unavailable) : std::nullopt;
  };
  run();
  world.store.refuse_commit = nullptr;
  run();
  EXPECT_EQ(world.inbox(kBert).size(), 1U);
  EXPECT_TRUE(world.queue->get(id));
}

TEST_F(MailflowRunner, ReturnsMailForAFullMailbox) {
  auto bert = world.principal(kBert);
  bert.quota_octets = 10;
  ASSERT_TRUE(world.directory->update_principal(bert));
  auto entry = world.entry({std::string(kBert)});
  entry.recipients[0].account = bert.id;
  ASSERT_TRUE(world.queue->add(entry));
  run();
  EXPECT_EQ(world.queue->size(), 0U);
  ASSERT_EQ(world.inbox(kAnna).size(), 1U);
  EXPECT_THAT(world.inbox(kAnna)[0], HasSubstr("Status: 5.2.2"));
}

TEST_F(MailflowRunner, SendsNothingTwiceWhenTheNoticeCannotBeStored) {
  remote.answers["no@there.example"] = {Outcome::failed, "550 5.1.1 no such user", "mx.there.example"};
  const auto id = add({"yes@there.example", "no@there.example"});
  world.store.refuse_body = [] { return Errc::disk_full; };
  run();
  auto entry = *world.queue->get(id);
  ASSERT_EQ(entry.recipients.size(), 1U);
  EXPECT_EQ(entry.recipients[0].status, RecipientState::Status::failed);
  world.store.refuse_body = nullptr;
  run(2, minutes(5));
  EXPECT_EQ(world.inbox(kAnna).size(), 1U);
  EXPECT_EQ(world.queue->size(), 0U);
  EXPECT_EQ(remote.tried.size(), 2U);
}

TEST_F(MailflowRunner, LeavesAnUnreachableDestinationAloneForAMoment) {
  for (const char* address : {"a@dead.example", "b@dead.example", "c@dead.example", "d@dead.example"}) {
    remote.answers[address] = {Outcome::try_later, "451 4.4.1 unreachable", ""};
    add({address});
  }
  options.concurrent_per_domain = 1;
  run();
  EXPECT_EQ(remote.tried.size(), 1U);
  EXPECT_EQ(world.queue->size(), 4U);
  for (const auto& entry : world.queued()) EXPECT_EQ(entry.recipients[0].last_reply, "451 4.4.1 unreachable");
  remote.answers.clear();
  run(2, minutes(5));
  EXPECT_EQ(world.queue->size(), 0U);
}

TEST_F(MailflowRunner, TriesAnUnreachableDestinationAgainWhenTheTimeHasCome) {
  for (const char* address : {"a@dead.example", "b@dead.example"}) {
    remote.answers[address] = {Outcome::try_later, "451 4.4.1 unreachable", ""};
    add({address});
  }
  options.concurrent_per_domain = 1;
  options.retry_after = {std::chrono::seconds(1)};
  run(2, std::chrono::seconds(1));
  EXPECT_EQ(remote.tried.size(), 3U);
}

Task<> a_moment() { return runtime::sleep_for(std::chrono::milliseconds(3)); }

TEST_F(MailflowRunner, KeepsToItsLimitsAndLetsABusyDestinationHoldUpNobody) {
  remote.wait = a_moment;
  for (int i = 0; i < 20; ++i) add({"u" + std::to_string(i) + "@busy.example"});
  add({"x@other.example"});
  std::map<std::string, int> running;
  run();
  EXPECT_EQ(world.queue->size(), 0U);
  EXPECT_LE(remote.most_running, 4);
  EXPECT_GE(remote.most_running, 2);
  const auto other = std::ranges::find(remote.tried, "x@other.example");
  EXPECT_LT(other - remote.tried.begin(), 10);
}

TEST_F(MailflowRunner, WakesForWhatIsAddedWhileItSleeps) { runtime::run_to_end(add_while_it_sleeps()); }

class MailflowRunnerOnWorkers : public MailflowRunner {
 protected:
  MailflowRunnerOnWorkers() : MailflowRunner(4) {}
};

TEST_F(MailflowRunnerOnWorkers, ServesAQueueThatGrowsMeanwhile) {
  remote.answers["no@there.example"] = {Outcome::failed, "550 5.1.1 no such user", "mx.there.example"};
  const auto bert = world.principal(kBert).id;
  auto local = world.entry({std::string(kBert), "no@there.example"});
  local.recipients[0].account = bert;
  std::thread adds([&] {
    for (int i = 0; i < 30; ++i) {
      ASSERT_TRUE(world.queue->add(local));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  run(3);
  adds.join();
  run();
  EXPECT_EQ(world.queue->size(), 0U);
  EXPECT_EQ(world.inbox(kBert).size(), 30U);
  EXPECT_EQ(world.inbox(kAnna).size(), 30U);
}

Task<> use_slots(std::vector<std::string>& log) {
  Slots slots(2, 1);
  const bool first = co_await slots.take("a");
  EXPECT_TRUE(first);
  const auto executor = co_await boost::asio::this_coro::executor;
  auto waiting = [](Slots& s, std::vector<std::string>& out, std::string domain) -> Task<> {
    const std::string name = domain;
    const bool may = co_await s.take(std::move(domain));
    out.push_back(name + (may ? " in" : " never"));
  };
  boost::asio::co_spawn(executor, waiting(slots, log, "a"), boost::asio::detached);
  boost::asio::co_spawn(executor, waiting(slots, log, "b"), boost::asio::detached);
  boost::asio::co_spawn(executor, waiting(slots, log, "c"), boost::asio::detached);
  co_await runtime::sleep_for(std::chrono::milliseconds(2));
  EXPECT_THAT(log, ElementsAre("b in"));
  slots.give_back("b");
  co_await runtime::sleep_for(std::chrono::milliseconds(2));
  EXPECT_THAT(log, ElementsAre("b in", "c in"));
  slots.close();
  co_await runtime::sleep_for(std::chrono::milliseconds(2));
  EXPECT_THAT(log, ElementsAre("b in", "c in", "a never"));
  slots.give_back("c");
  slots.give_back("a");
  EXPECT_EQ(slots.active(), 0U);
  const bool after = co_await slots.take("d");
  EXPECT_FALSE(after);
}

TEST(MailflowSlots, GivesTurnsByDestinationAndEndsThemAtClose) {
  std::vector<std::string> log;
  runtime::run_to_end(use_slots(log));
}

}  // namespace
}  // namespace gatepost::mailflow
