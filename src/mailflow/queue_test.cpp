#include "mailflow/queue.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "base/bytes.hpp"
#include "mailflow/queue_record.hpp"
#include "mailflow/test_support.hpp"
#include "store/keys.hpp"

namespace gatepost::mailflow {
namespace {

QueueEntry full_entry() {
  QueueEntry e;
  e.id = QueueId{0xab};
  e.body.sha256.fill(7);
  e.body.size = 1234567;
  e.summary = "summary";
  e.reverse_path = "anna@example.org";
  e.body_type = BodyType::binary;
  e.smtputf8 = e.delay_reported = e.held = true;
  e.created = ManualClock().now();
  e.due = e.created + std::chrono::minutes(5);
  e.attempts = 300;
  RecipientState local;
  local.address = "bert@example.org";
  local.original = "b@example.org";
  local.account = directory::PrincipalId{2000};
  local.status = RecipientState::Status::failed;
  local.last_reply = "552 5.2.2 mailbox is full";
  RecipientState remote;
  remote.address = "c@there.example";
  remote.last_host = "mx.there.example";
  e.recipients = {local, remote};
  return e;
}

void expect_same(const QueueEntry& a, const QueueEntry& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(encode(a), encode(b));
  EXPECT_EQ(a.recipients.size(), b.recipients.size());
}

TEST(MailflowQueueRecord, ReadsWhatItWrote) {
  const QueueEntry entry = full_entry();
  const auto read = decode_queue_entry(entry.id, encode(entry));
  ASSERT_TRUE(read);
  expect_same(*read, entry);
  EXPECT_EQ(read->body, entry.body);
  EXPECT_EQ(read->due, entry.due);
  EXPECT_TRUE(read->held && read->smtputf8 && read->delay_reported);
  EXPECT_EQ(read->recipients[0].account, entry.recipients[0].account);
  EXPECT_EQ(read->recipients[1].account, std::nullopt);
}

QueueEntry reported_entry() {
  QueueEntry e = full_entry();
  e.ret = smtp::Ret::headers;
  e.envid = "QQ314159";
  e.recipients[0].dsn.notify = smtp::Notify{.success = true, .failure = false, .delay = true};
  e.recipients[0].dsn.original = smtp::OriginalRecipient{"rfc822", "Bert@example.org"};
  e.recipients[1].dsn.notify = smtp::Notify{};
  e.recipients[1].passed_on = true;
  RecipientState list;
  list.address = "all@example.org";
  list.status = RecipientState::Status::expanded;
  e.recipients.push_back(list);
  return e;
}

TEST(MailflowQueueRecord, KeepsWhatTheSenderWantsToHear) {
  const QueueEntry entry = reported_entry();
  const auto read = decode_queue_entry(entry.id, encode(entry));
  ASSERT_TRUE(read);
  expect_same(*read, entry);
  EXPECT_EQ(read->ret, entry.ret);
  EXPECT_EQ(read->envid, entry.envid);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read->recipients[i].dsn, entry.recipients[i].dsn);
    EXPECT_EQ(read->recipients[i].passed_on, entry.recipients[i].passed_on);
    EXPECT_EQ(read->recipients[i].status, entry.recipients[i].status);
  }
  // Whoever asks for nothing has the form that earlier releases read.
  EXPECT_EQ(encode(full_entry())[0], 1);
  EXPECT_EQ(encode(entry)[0], 2);
  EXPECT_TRUE(read->recipients[1].dsn.never());
  EXPECT_FALSE(RecipientState().dsn.never());
  EXPECT_TRUE(RecipientState().dsn.failure());
}

TEST(MailflowQueueRecord, RefusesDamageAndTheFuture) {
  const std::string reported = encode(reported_entry());
  for (std::size_t size = 0; size < reported.size(); ++size) {
    EXPECT_EQ(decode_queue_entry(QueueId{1}, reported.substr(0, size)).error().code, Errc::corrupt) << size;
  }
  const std::string record = encode(full_entry());
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_EQ(decode_queue_entry(QueueId{1}, record.substr(0, size)).error().code, Errc::corrupt) << size;
  }
  EXPECT_EQ(decode_queue_entry(QueueId{1}, record + "x").error().code, Errc::corrupt);
  QueueEntry late = full_entry();
  late.due = TimePoint(std::chrono::microseconds(-1));
  EXPECT_EQ(decode_queue_entry(QueueId{1}, encode(late)).error().code, Errc::corrupt);
  std::string newer = record;
  newer[0] = 3;
  EXPECT_EQ(decode_queue_entry(QueueId{1}, newer).error().code, Errc::unsupported);
}

TEST(MailflowQueue, NamesEntriesBySixOctets) {
  EXPECT_EQ(to_string(QueueId{0xab}), "0000000000ab");
  EXPECT_EQ(parse_queue_id("0000000000ab"), QueueId{0xab});
  EXPECT_EQ(parse_queue_id("0000000000zz"), std::nullopt);
  EXPECT_EQ(parse_queue_id("ab"), std::nullopt);
}

TEST(MailflowQueue, KeepsEntriesWhenItIsOpenedAgain) {
  World world;
  auto id = world.queue->add(world.entry({"c@there.example"}));
  ASSERT_TRUE(id);
  auto held = world.entry({"d@there.example"});
  held.held = true;
  ASSERT_TRUE(world.queue->add(held));
  const QueueEntry before = *world.queue->get(*id);
  world.open();
  EXPECT_EQ(world.queue->size(), 2U);
  expect_same(*world.queue->get(*id), before);
  // Held ones are not due.
  const auto due = world.queue->due_until(world.clock.now(), 10);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].id, *id);
  ASSERT_TRUE(world.queue->remove(*id));
  EXPECT_EQ(world.queue->get(*id).error().code, Errc::not_found);
  EXPECT_EQ(world.queue->remove(*id).error().code, Errc::not_found);
  world.open();
  EXPECT_EQ(world.queue->size(), 1U);
}

TEST(MailflowQueue, GivesEntriesInOrderOfTheirTime) {
  World world;
  std::vector<QueueId> ids;
  for (int i = 0; i < 5; ++i) {
    auto entry = world.entry({"c@there.example"});
    entry.due = world.clock.now() + std::chrono::minutes(5 - i);
    ids.push_back(*world.queue->add(entry));
  }
  EXPECT_EQ(world.queue->next_due(), world.clock.now() + std::chrono::minutes(1));
  EXPECT_TRUE(world.queue->due_until(world.clock.now(), 10).empty());
  const auto due = world.queue->due_until(world.clock.now() + std::chrono::minutes(3), 10);
  ASSERT_EQ(due.size(), 3U);
  EXPECT_EQ(due[0].id, ids[4]);
  EXPECT_EQ(due[2].id, ids[2]);
  EXPECT_EQ(world.queue->due_until(world.clock.now() + std::chrono::hours(1), 2).size(), 2U);
}

TEST(MailflowQueue, TellsOfChangesAndOfThoseThatCannotBe) {
  World world;
  int woken = 0;
  world.queue->on_change([&woken] { ++woken; });
  auto entry = world.entry({"c@there.example"});
  entry.id = *world.queue->add(entry);
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(world.queue->add(entry).error().code, Errc::already_exists);
  entry.attempts = 1;
  EXPECT_TRUE(world.queue->update(entry));
  EXPECT_EQ(woken, 2);
  EXPECT_TRUE(world.queue->change(entry.id, [](QueueEntry& e) { e.held = true; }));
  EXPECT_TRUE(world.queue->get(entry.id)->held);
  EXPECT_EQ(world.queue->get(entry.id)->attempts, 1U);
  EXPECT_EQ(world.queue->next_due(), std::nullopt);
  ASSERT_TRUE(world.queue->remove(entry.id));
  EXPECT_EQ(world.queue->update(entry).error().code, Errc::not_found);
  world.store.refuse_commit = [](store::Partition, const store::Batch&) { return Errc::disk_full; };
  EXPECT_EQ(world.queue->add(entry).error().code, Errc::disk_full);
  EXPECT_EQ(world.queue->size(), 0U);
}

TEST(MailflowQueue, GivesBackWhatNobodyBeganToDeliver) {
  World world;
  const auto waiting = *world.queue->add(world.entry({"c@there.example"}));
  EXPECT_TRUE(world.queue->withdraw(waiting));
  EXPECT_EQ(world.queue->withdraw(waiting).error().code, Errc::not_found);
  EXPECT_EQ(world.queue->start(waiting).error().code, Errc::not_found);
  const auto begun = *world.queue->add(world.entry({"c@there.example"}));
  EXPECT_EQ(world.queue->start(begun)->id, begun);
  EXPECT_TRUE(world.queue->change(begun, [](QueueEntry& e) { e.held = true; }));
  EXPECT_EQ(world.queue->withdraw(begun).error().code, Errc::conflict);
  EXPECT_TRUE(world.queue->change(begun, [](QueueEntry& e) { e.attempts = 1; }));
  world.open();
  EXPECT_EQ(world.queue->withdraw(begun).error().code, Errc::conflict);
  EXPECT_EQ(world.queue->size(), 1U);
}

TEST(MailflowQueue, LetsOneDamagedEntryNotKeepTheOthers) {
  World world;
  const auto id = *world.queue->add(world.entry({"c@there.example"}));
  const auto partition = store::queue_partition(3);
  store::Batch batch;
  std::string key = "E";
  put_u64(key, 0x13);  // of shard 3
  batch.writes.push_back({key, "\x01rubbish"});
  ASSERT_TRUE(world.store.keys().commit(partition, *world.store.keys().version(partition), batch));
  world.open();
  EXPECT_TRUE(world.queue->get(id));
  EXPECT_EQ(world.queue->size(), 1U);
  bool told = false;
  for (const std::string& line : world.sink.lines()) told = told || line.find("queue.problem") != std::string::npos;
  EXPECT_TRUE(told);
}

TEST(MailflowQueue, ServesManyThreads) {
  World world;
  std::vector<std::thread> threads;
  const auto entry = world.entry({"c@there.example"});
  std::atomic<int> woken{0};
  world.queue->on_change([&woken] { ++woken; });
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto id = world.queue->add(entry);
        ASSERT_TRUE(id);
        ASSERT_TRUE(world.queue->change(*id, [](QueueEntry& e) { ++e.attempts; }));
        if (i % 2 == 0) ASSERT_TRUE(world.queue->remove(*id));
        (void)world.queue->due_until(world.clock.now(), 5);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(world.queue->size(), 100U);
  world.open();
  EXPECT_EQ(world.queue->size(), 100U);
}

}  // namespace
}  // namespace gatepost::mailflow
