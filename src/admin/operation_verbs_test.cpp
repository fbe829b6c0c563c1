#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/table.hpp"
#include "admin/test_product.hpp"

namespace gatepost::admin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class OperationVerbs : public AdminFixture {};

TEST_F(OperationVerbs, ListTheQueue) {
  EXPECT_EQ(done("queue list").text, "The queue is empty.\n");
  const auto id = queued("x@elsewhere.example");
  clock.advance(std::chrono::seconds(90));
  const auto row = json(done("queue list")).at(0);
  EXPECT_EQ(text(row, "id"), mailflow::to_string(id));
  EXPECT_EQ(row.at("age_s").to_number<int>(), 90);
  EXPECT_EQ(row.at("size").to_number<int>(), 14);
  EXPECT_FALSE(row.at("held").as_bool());
  EXPECT_EQ(text(row, "from"), "anna@example.org");
  EXPECT_EQ(text(row, "to"), "x@elsewhere.example");
  EXPECT_EQ(text(row, "last_reply"), "451 later");
}

TEST_F(OperationVerbs, RetryHoldReleaseAndDeleteQueuedMail) {
  const auto id = queued("x@elsewhere.example");
  queued("y@elsewhere.example");
  const std::string name = mailflow::to_string(id);
  EXPECT_TRUE(queue->due_until(clock.now(), 10).empty());
  done("queue retry", {{"id", {name}}});
  EXPECT_EQ(queue_changes, 1);
  ASSERT_EQ(queue->due_until(clock.now(), 10).size(), 1u);
  EXPECT_EQ(queue->due_until(clock.now(), 10)[0].id, id);
  EXPECT_THAT(done("queue hold", {{"all", {"yes"}}}).text, HasSubstr("2 message(s)"));
  EXPECT_TRUE(queue->get(id)->held);
  EXPECT_TRUE(queue->due_until(clock.now() + std::chrono::hours(2), 10).empty());
  done("queue release", {{"id", {name}}});
  EXPECT_FALSE(queue->get(id)->held);
  done("queue delete", {{"id", {name}}});
  EXPECT_EQ(error(ask("queue delete", {{"id", {name}}})), "not_found");
  EXPECT_EQ(error(ask("queue retry", {{"id", {"0123456789ab"}}})), "not_found");
  EXPECT_THAT(done("queue delete", {{"all", {"yes"}}}).text, HasSubstr("1 message(s)"));
  EXPECT_EQ(queue->size(), 0u);
  EXPECT_EQ(ask("queue delete").exit_code, 2);
  EXPECT_EQ(ask("queue delete", {{"id", {"42"}}}).exit_code, 2);
}

TEST_F(OperationVerbs, KeepWhatADeliveryAttemptHasFoundOut) {
  const auto id = queued("x@elsewhere.example");
  auto attempted = *queue->get(id);
  done("queue hold", {{"id", {mailflow::to_string(id)}}});
  attempted.recipients[0].status = mailflow::RecipientState::Status::delivered;
  ASSERT_TRUE(queue->change(id, [&](mailflow::QueueEntry& e) { e.recipients = attempted.recipients; }));
  done("queue retry", {{"id", {mailflow::to_string(id)}}});
  EXPECT_TRUE(queue->get(id)->held);
  EXPECT_EQ(queue->get(id)->recipients[0].status, mailflow::RecipientState::Status::delivered);
}

TEST_F(OperationVerbs, ShowWhatOtherServersSaidWithoutObeyingIt) {
  const auto id = queued("x@elsewhere.example");
  ASSERT_TRUE(queue->change(id, [](mailflow::QueueEntry& e) { e.recipients[0].last_reply = "550 \x1b[2J\xff gone"; }));
  const Reply reply = done("queue list");
  EXPECT_THAT(reply.text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(reply.text, HasSubstr("gone"));
  EXPECT_THAT(text(json(reply).at(0), "last_reply"), HasSubstr("550 \x1b[2J\ufffd gone"));
}

TEST_F(OperationVerbs, CheckAStoreThatIsWell) {
  domain_and_anna();
  const Reply reply = done("store check");
  EXPECT_EQ(reply.text, "1 account(s) checked, 0 problem(s), 0 repaired.\n");
  EXPECT_EQ(json(reply).at("accounts").to_number<int>(), 1);
  EXPECT_EQ(json(reply).at("problems"), boost::json::array());
}

TEST_F(OperationVerbs, FindAndMendWhatDoesNotFitTogether) {
  domain_and_anna();
  const auto account = *accounts->open(anna());
  account::NewItem item;
  item.body = body("Subject: x\r\n\r\n");
  ASSERT_TRUE(account->append(account->find_folder("INBOX")->id, std::span(&item, 1)));
  // The changed index loses an entry behind the account's back.
  const auto partition = static_cast<store::Partition>(anna());
  store::Batch batch;
  batch.erases.push_back({"k", "l"});
  ASSERT_TRUE(store->keys().commit(partition, *store->keys().version(partition), batch));
  Reply reply = ask("store check");
  EXPECT_EQ(reply.exit_code, 1);
  EXPECT_GE(json(reply).at("problems").as_array().size(), 1u);
  EXPECT_THAT(reply.text, HasSubstr("problem(s), 0 repaired."));
  done("store check", {{"repair", {"yes"}}});
  done("store check");
}

TEST_F(OperationVerbs, StopInTheMiddleWhenAsked) {
  domain_and_anna();
  std::stop_source stop;
  stop.request_stop();
  const Reply reply = run(*services, {"store check", {}}, stop.get_token());
  EXPECT_THAT(reply.text, Not(HasSubstr("1 account(s) checked, 0")));
}

TEST_F(OperationVerbs, CollectUnusedBodies) {
  EXPECT_THAT(done("store collect").text, HasSubstr("octets of unused bodies freed"));
}

TEST_F(OperationVerbs, SayWhyABackupCannotBeMade) {
  EXPECT_EQ(ask("store backup").exit_code, 2);
  EXPECT_EQ(error(ask("store backup", {{"directory", {(temporary.path() / "copy").string()}}})), "unsupported");
}

class OperationVerbsOnDisk : public AdminFixture {
 protected:
  OperationVerbsOnDisk() : AdminFixture("rocksdb") {}
};

TEST_F(OperationVerbsOnDisk, MakeABackupThatOpensAsAStore) {
  domain_and_anna();
  const auto to = temporary.path() / "copy";
  EXPECT_THAT(done("store backup", {{"directory", {to.string()}}}).text, HasSubstr(to.string()));
  EXPECT_EQ(ask("store backup", {{"directory", {to.string()}}}).exit_code, 1) << "not over another one";
  done("store check");
  done("store collect");
  auto copy = *store::open(store_options("rocksdb", to), null_log(), metrics, clock);
  directory::Options options;
  options.argon2_memory_kib = 8;
  options.argon2_iterations = 1;
  const auto restored = *directory::Directory::open(copy->keys(), options, clock, random);
  EXPECT_TRUE(restored->verify_password("anna@example.org", Secret("correct horse")));
}

TEST_F(OperationVerbs, NeedAServerForWhatOnlyAServerKnows) {
  for (const char* verb : {"status", "reload", "stop"}) {
    const Reply reply = ask(verb);
    EXPECT_EQ(reply.exit_code, 3) << verb;
    EXPECT_EQ(error(reply), "unavailable");
  }
  bool stopped = false;
  services->server.status = [](const Request&) { return Reply{0, "fine\n", "{\"fine\":true}"}; };
  services->server.reload = [] { return Reply{1, "bad file\n", "{\"error\":\"invalid\"}"}; };
  services->server.stop = [&] { stopped = true; };
  EXPECT_EQ(done("status").text, "fine\n");
  EXPECT_EQ(ask("reload").exit_code, 1);
  done("stop");
  EXPECT_TRUE(stopped);
}

TEST(Table, AlignsByCharactersAndNamesEmptyOnes) {
  Table table({"name", "n"});
  table.row().text("J\u00fcrgen").number(7);
  table.row().text("x").number(12);
  EXPECT_EQ(table.reply("none").text, "name    n\nJ\u00fcrgen  7\nx       12\n");
  EXPECT_EQ(table.reply("none").json, "[{\"name\":\"J\u00fcrgen\",\"n\":7},{\"name\":\"x\",\"n\":12}]");
  EXPECT_EQ(Table({"name"}).reply("none").text, "none\n");
}

}  // namespace
}  // namespace gatepost::admin
