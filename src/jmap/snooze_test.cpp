#include "jmap/snooze.hpp"

#include <gmock/gmock.h>

#include "jmap/test_world.hpp"

namespace gatepost::jmap {
namespace {

using testing::HasSubstr;
using testing::Not;

class MemoryBook final : public SnoozeBook {
 public:
  std::map<std::pair<account::AccountId, account::ItemId>, Snooze> rows;
  bool broken = false;

  Result<std::vector<Snooze>> all() override {
    std::vector<Snooze> out;
    for (const auto& [key, one] : rows) out.push_back(one);
    return out;
  }
  Result<> put(const Snooze& snooze) override {
    if (broken) return fail(Errc::unavailable, "broken");
    rows[{snooze.account, snooze.item}] = snooze;
    return {};
  }
  Result<> erase(account::AccountId account, account::ItemId item) override {
    if (broken) return fail(Errc::unavailable, "broken");
    rows.erase({account, item});
    return {};
  }
};

class JmapSnooze : public testing::Test {
 protected:
  JmapSnooze() {
    world.server.set_snoozer(&snoozer);
    email = world.deliver("Message-ID: <1@x>\r\nSubject: later\r\n\r\nbody\r\n", "INBOX", account::flag::kSeen);
  }
  std::string in(std::chrono::seconds wait) { return utc_date(world.clock.now() + wait); }
  // The answer for the email: updated or why not.
  std::string set(const std::string& patch) {
    const auto answer = world.call("Email/set", R"({"accountId":"$","update":{")" + email + "\":{" + patch + "}}}");
    return text(answer.at("updated").is_null() ? answer.at("notUpdated").at(email) : answer.at("updated"));
  }
  std::string put_off(std::chrono::seconds wait) { return set(R"("snoozed":{"until":")" + in(wait) + "\"}"); }
  json::value get(const std::string& id) {
    const auto got =
        world.call("Email/get", R"({"accountId":"$","ids":[")" + id +
                                    R"("],"properties":["snoozed","mailboxIds","keywords","receivedAt"]})");
    return got.at("list").as_array().empty() ? json::value() : got.at("list").at(0);
  }
  std::vector<std::string> listed(std::string_view folder) {
    const auto got = world.call("Email/query", R"({"accountId":"$","filter":{"inMailbox":")" + world.mailbox(folder) +
                                                   R"("},"sort":[{"property":"receivedAt","isAscending":false}]})");
    std::vector<std::string> out;
    for (const auto& id : got.at("ids").as_array()) out.emplace_back(id.as_string());
    return out;
  }
  World world;
  MemoryBook book;
  Snoozer snoozer{world.server.services(), book};
  std::string email;
};

TEST_F(JmapSnooze, TakesAMessageAwayAndBringsItBackUnreadAndOnTop) {
  EXPECT_THAT(put_off(std::chrono::hours(3)), HasSubstr(email));
  const json::value away = get(email);
  EXPECT_EQ(text(away.at("mailboxIds")), R"({")" + world.mailbox("Snoozed") + R"(":true})");
  EXPECT_EQ(std::string(away.at("snoozed").at("until").as_string()), in(std::chrono::hours(3)));
  EXPECT_EQ(std::string(away.at("snoozed").at("moveToMailboxId").as_string()), world.mailbox("INBOX"));
  EXPECT_TRUE(away.at("keywords").as_object().contains("$snoozed"));
  EXPECT_TRUE(world.account(kAnna)->find_folder("Snoozed")->subscribed);

  world.clock.advance(std::chrono::hours(2));
  EXPECT_EQ(snoozer.wake_due(), 0U);
  world.deliver("Subject: came meanwhile\r\n\r\n");
  world.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(snoozer.wake_due(), 1U);
  EXPECT_TRUE(listed("Snoozed").empty());
  ASSERT_EQ(listed("INBOX").size(), 2U);
  const json::value back = get(listed("INBOX")[0]);
  EXPECT_EQ(text(back.at("keywords")), "{}");
  EXPECT_EQ(std::string(back.at("receivedAt").as_string()), utc_date(world.clock.now()));
  EXPECT_TRUE(back.at("snoozed").is_null());
  EXPECT_TRUE(get(email).is_null());
  EXPECT_TRUE(book.rows.empty());
  EXPECT_FALSE(snoozer.next());
}

TEST_F(JmapSnooze, OutlivesARestart) {
  put_off(std::chrono::hours(1));
  world.server.set_snoozer(nullptr);
  Snoozer next(world.server.services(), book);
  ASSERT_TRUE(next.load());
  world.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(next.wake_due(), 1U);
  EXPECT_EQ(listed("INBOX").size(), 1U);
}

TEST_F(JmapSnooze, EndsWhenItIsTakenBackOrOut) {
  put_off(std::chrono::hours(1));
  EXPECT_THAT(set(R"("snoozed":null)"), HasSubstr(email));
  const json::value back = get(email);
  EXPECT_EQ(text(back.at("mailboxIds")), R"({")" + world.mailbox("INBOX") + R"(":true})");
  EXPECT_EQ(text(back.at("keywords")), R"({"$seen":true})");
  EXPECT_TRUE(book.rows.empty());
  EXPECT_THAT(set(R"("snoozed":null)"), HasSubstr(email));  // it is not: nothing happens
  // By other means: the note means nothing.
  put_off(std::chrono::hours(1));
  set(R"("mailboxIds":{")" + world.mailbox("Archive") + R"(":true})");
  EXPECT_TRUE(get(email).at("snoozed").is_null());
  world.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(snoozer.wake_due(), 0U);
  EXPECT_EQ(listed("Archive"), std::vector{email});
  EXPECT_TRUE(book.rows.empty());
}

TEST_F(JmapSnooze, IsPutOffAnewAndToAnotherPlace) {
  put_off(std::chrono::hours(1));
  set(R"("snoozed":{"until":")" + in(std::chrono::hours(5)) + R"(","moveToMailboxId":")" + world.mailbox("Archive") +
      "\"}");
  EXPECT_EQ(book.rows.size(), 1U);
  world.clock.advance(std::chrono::hours(2));
  EXPECT_EQ(snoozer.wake_due(), 0U);
  world.clock.advance(std::chrono::hours(3));
  EXPECT_EQ(snoozer.wake_due(), 1U);
  EXPECT_EQ(listed("Archive").size(), 1U);
}

TEST_F(JmapSnooze, ComesToTheInboxWhenItsFolderIsGone) {
  set(R"("snoozed":{"until":")" + in(std::chrono::hours(1)) + R"(","moveToMailboxId":")" + world.mailbox("Archive") +
      "\"}");
  const auto owner = world.account(kAnna);
  ASSERT_TRUE(owner->delete_folder(owner->find_folder("Archive")->id));
  world.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(snoozer.wake_due(), 1U);
  EXPECT_EQ(listed("INBOX").size(), 1U);
}

TEST_F(JmapSnooze, RefusesWhatIsNoTime) {
  EXPECT_THAT(set(R"("snoozed":{"until":"yesterday"})"), HasSubstr("invalidProperties"));
  EXPECT_THAT(set(R"("snoozed":{})"), HasSubstr("invalidProperties"));
  EXPECT_THAT(set(R"("snoozed":7)"), HasSubstr("invalidProperties"));
  EXPECT_THAT(put_off(std::chrono::seconds(-1)), HasSubstr("invalidProperties"));
  EXPECT_THAT(put_off(std::chrono::hours(24 * 2000)), HasSubstr("invalidProperties"));
  const std::string until = R"("snoozed":{"until":")" + in(std::chrono::hours(1)) + "\"";
  EXPECT_THAT(set(until + R"(,"moveToMailboxId":"F1024-99"})"), HasSubstr("invalidProperties"));
  EXPECT_THAT(set(until + R"(,"colour":1})"), HasSubstr("invalidProperties"));
  EXPECT_THAT(set(until + R"(},"mailboxIds":{")" + world.mailbox("Archive") + R"(":true})"),
              HasSubstr("invalidProperties"));
  EXPECT_THAT(set(until + R"(},"keywords":7)"), HasSubstr("invalidProperties"));
  EXPECT_EQ(listed("INBOX"), std::vector{email});
  // Without the capability there is no such property.
  world.server.set_snoozer(nullptr);
  EXPECT_THAT(put_off(std::chrono::hours(1)), HasSubstr("invalidProperties"));
  EXPECT_THAT(world.server.session(world.principal(kAnna), "https://x"), Not(HasSubstr("jmap:snooze")));
}

TEST_F(JmapSnooze, IsTriedAgainWhenItFails) {
  put_off(std::chrono::hours(1));
  book.broken = true;
  EXPECT_THAT(put_off(std::chrono::hours(2)), HasSubstr("serverUnavailable"));
  world.clock.advance(std::chrono::hours(1));
  // It is back; only the note could not be dropped, which the next time finds without meaning.
  EXPECT_EQ(snoozer.wake_due(), 1U);
  EXPECT_EQ(listed("INBOX").size(), 1U);
  EXPECT_TRUE(snoozer.next());
  book.broken = false;
  world.clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(snoozer.wake_due(), 0U);
  EXPECT_EQ(listed("INBOX").size(), 1U);
  EXPECT_TRUE(book.rows.empty());
}

}  // namespace
}  // namespace gatepost::jmap
