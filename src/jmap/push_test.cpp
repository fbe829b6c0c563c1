#include "jmap/push.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>

#include <gmock/gmock.h>

#include "jmap/pusher.hpp"
#include "jmap/test_world.hpp"

namespace gatepost::jmap {
namespace {

using testing::HasSubstr;

// A push service that takes notes.
class FakeGateway final : public PushGateway {
 public:
  bool is_good(std::string_view url, std::string_view p256dh, std::string_view auth) const override {
    return url.starts_with("https://") && p256dh != "bad" && p256dh.empty() == auth.empty();
  }
  Pushed send(const PushMessage& message, std::stop_token) override {
    const std::scoped_lock lock(mutex);
    sent.push_back(message);
    arrived.notify_all();
    return answer;
  }
  std::string application_key() const override { return "BKey"; }
  Result<std::vector<directory::PrincipalId>> subscribers() override {
    const std::scoped_lock lock(mutex);
    return std::vector<directory::PrincipalId>(noted.begin(), noted.end());
  }
  Result<> note_subscriber(directory::PrincipalId user, bool has_some) override {
    const std::scoped_lock lock(mutex);
    if (has_some)
      noted.insert(user);
    else
      noted.erase(user);
    arrived.notify_all();
    return {};
  }
  // The next message, however long it takes.
  PushMessage next() {
    std::unique_lock lock(mutex);
    arrived.wait(lock, [this] { return !sent.empty(); });
    PushMessage out = sent.front();
    sent.pop_front();
    return out;
  }
  void wait_until_nobody_is_noted() {
    std::unique_lock lock(mutex);
    arrived.wait(lock, [this] { return noted.empty(); });
  }

  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<PushMessage> sent;
  std::set<directory::PrincipalId> noted;
  Pushed answer = Pushed::taken;
};

class JmapPush : public testing::Test {
 protected:
  JmapPush() { begin(); }
  ~JmapPush() override { end(); }
  void begin() {
    pusher = std::make_unique<Pusher>(world.server, services, gateway);
    world.server.set_pusher(pusher.get());
    EXPECT_TRUE(pusher->start(1));
  }
  void end() {
    world.server.set_pusher(nullptr);
    pusher.reset();
  }
  json::object set(const std::string& arguments) { return world.call("PushSubscription/set", "{" + arguments + "}"); }
  json::object create(const std::string& more = "") {
    return set(R"("create":{"s":{"deviceClientId":"phone","url":"https://push.example/1")" + more + "}}");
  }
  // One that is verified.
  std::string subscribed(const std::string& more = "") {
    const auto made = create(more);
    EXPECT_TRUE(made.at("notCreated").is_null()) << text(made);
    const std::string id(made.at("created").at("s").at("id").as_string());
    const auto asked = parse(gateway.next().content);
    EXPECT_EQ(asked->at("@type"), "PushVerification");
    EXPECT_EQ(asked->at("pushSubscriptionId").as_string(), id);
    const auto done =
        set(R"("update":{")" + id + R"(":{"verificationCode":)" + text(asked->at("verificationCode")) + "}}");
    EXPECT_TRUE(done.at("notUpdated").is_null()) << text(done);
    return id;
  }
  World world;
  Services services{*world.accounts, *world.directory, *world.reception, *world.queue, nullptr,
                    world.clock,     world.random,     world.log,        world.metrics};
  FakeGateway gateway;
  std::unique_ptr<Pusher> pusher;
};

TEST_F(JmapPush, TellsWhoProvedThatHeListens) {
  const std::string id = subscribed(R"(,"types":["Email"])");
  world.deliver("Subject: news\r\n\r\n");
  const auto news = gateway.next();
  EXPECT_EQ(news.url, "https://push.example/1");
  EXPECT_FALSE(news.verifies);
  const auto change = parse(news.content);
  EXPECT_EQ(change->at("@type"), "StateChange");
  EXPECT_EQ(change->at("changed").at(world.id()).as_object().size(), 1U);
  // After a restart, too.
  end();
  begin();
  const auto got = world.call("PushSubscription/get", "{}");
  EXPECT_EQ(got.at("list").at(0).at("id").as_string(), id);
  EXPECT_FALSE(got.at("list").at(0).as_object().contains("url"));
  EXPECT_FALSE(got.contains("accountId"));
  set(R"("destroy":[")" + id + R"("])");
  gateway.wait_until_nobody_is_noted();
}

TEST_F(JmapPush, TellsNobodyElse) {
  const auto made = create();
  const std::string id(made.at("created").at("s").at("id").as_string());
  EXPECT_TRUE(made.at("created").at("s").at("keys").is_null());
  EXPECT_TRUE(gateway.next().verifies);
  EXPECT_THAT(text(set(R"("update":{")" + id + R"(":{"verificationCode":"guess"}})").at("notUpdated")),
              HasSubstr("verificationCode"));
  EXPECT_TRUE(world.call("PushSubscription/get", "{}").at("list").at(0).at("verificationCode").is_null());
  // Others do not see it.
  world.user = std::string(kBert);
  EXPECT_TRUE(world.call("PushSubscription/get", "{}").at("list").as_array().empty());
  EXPECT_THAT(text(set(R"("destroy":[")" + id + R"("])").at("notDestroyed")), HasSubstr("notFound"));
}

TEST_F(JmapPush, ForgetsWhatIsGone) {
  gateway.answer = Pushed::gone;
  create();
  EXPECT_TRUE(gateway.next().verifies);
  gateway.wait_until_nobody_is_noted();
  EXPECT_TRUE(world.call("PushSubscription/get", "{}").at("list").as_array().empty());
}

TEST_F(JmapPush, EndsByItself) {
  const auto made = create(R"(,"expires":"2100-01-01T00:00:00Z")");
  const auto& told = made.at("created").at("s");
  EXPECT_EQ(told.at("expires").as_string(),
            utc_date(std::chrono::floor<std::chrono::seconds>(world.clock.now() + kMostPushDays)));
  world.clock.advance(kMostPushDays);
  EXPECT_TRUE(world.call("PushSubscription/get", "{}").at("list").as_array().empty());
}

TEST_F(JmapPush, IsMadeOnlySoOften) {
  for (std::uint32_t i = 0; i < Pusher::kMostAnHour; ++i) {
    const auto made = create();
    ASSERT_TRUE(made.at("notCreated").is_null()) << text(made);
    set(R"("destroy":[)" + text(made.at("created").at("s").at("id")) + "]");
  }
  EXPECT_THAT(text(create().at("notCreated")), HasSubstr("rateLimit"));
  world.clock.advance(std::chrono::hours(1));
  EXPECT_TRUE(create().at("notCreated").is_null());
}

TEST_F(JmapPush, RefusesWhatIsWrong) {
  const auto refused = [&](const std::string& properties) {
    return text(set(R"("create":{"s":{)" + properties + "}}").at("notCreated"));
  };
  EXPECT_THAT(refused(R"("deviceClientId":"a","url":"http://push.example/1")"), HasSubstr("url"));
  EXPECT_THAT(refused(R"("url":"https://push.example/1")"), HasSubstr("deviceClientId"));
  EXPECT_THAT(refused(R"("deviceClientId":"a","url":"https://p/1","keys":{"p256dh":"bad","auth":"x"})"),
              HasSubstr("keys"));
  EXPECT_THAT(refused(R"("deviceClientId":"a","url":"https://p/1","keys":{"p256dh":"x"})"), HasSubstr("keys"));
  EXPECT_THAT(refused(R"("deviceClientId":"a","url":"https://p/1","expires":"2001-01-01T00:00:00Z")"),
              HasSubstr("expires"));
  EXPECT_THAT(refused(R"("deviceClientId":"a","url":"https://p/1","verificationCode":"x")"),
              HasSubstr("verificationCode"));
  EXPECT_EQ(world.call("PushSubscription/get", R"({"properties":["url"]})").at("type"), "forbidden");
  EXPECT_EQ(set(R"("accountId":"$","create":{})").at("type"), "invalidArguments");
  for (std::size_t i = 0; i < kMaxPushSubscriptions; ++i) create();
  EXPECT_THAT(text(create().at("notCreated")), HasSubstr("overQuota"));
  const auto session = parse(world.server.session(world.principal(kAnna), "https://mail.example.org"));
  EXPECT_EQ(session->at("capabilities").at("urn:ietf:params:jmap:webpush-vapid").at("applicationServerKey"), "BKey");
}

}  // namespace
}  // namespace gatepost::jmap
