#include "mailflow/forwarding.hpp"

#include <gmock/gmock.h>

#include "jmap/test_world.hpp"

namespace gatepost::jmap {
namespace {

using testing::HasSubstr;

class JmapForwarding : public testing::Test {
 protected:
  json::object set(const std::string& patch) {
    return world.call("Forwarding/set", R"({"accountId":"$","update":{"singleton":{)" + patch + "}}}");
  }
  // "" when it was done, else why not.
  std::string refused(const std::string& patch) {
    const auto answer = set(patch);
    return answer.at("notUpdated").is_null() ? "" : text(answer.at("notUpdated").at("singleton"));
  }
  json::object get() { return world.call("Forwarding/get", R"({"accountId":"$"})").at("list").at(0).as_object(); }
  void allow(std::vector<std::string> domains) {
    auto options = World::options();
    options.forward_outside = std::move(domains);
    world.reception->set_options(options);
  }
  World world;
};

TEST_F(JmapForwarding, IsOneObject) {
  EXPECT_EQ(text(get()), R"({"id":"singleton","isEnabled":false,"address":null,"keepCopy":true,"setBy":null})");
  const auto done = set(R"("isEnabled":true,"address":"bert@example.org","keepCopy":false)");
  EXPECT_EQ(text(done.at("updated")), R"({"singleton":null})");
  EXPECT_NE(done.at("oldState"), done.at("newState"));
  EXPECT_EQ(text(get()),
            R"({"id":"singleton","isEnabled":true,"address":"bert@example.org","keepCopy":false,"setBy":"user"})");
  EXPECT_EQ(refused(R"("isEnabled":false)"), "");
  EXPECT_EQ(get().at("address"), "bert@example.org");  // remembered
  EXPECT_EQ(world.call("Forwarding/set", R"({"accountId":"$","ifInState":"x"})").at("type"), "stateMismatch");
  EXPECT_THAT(text(world.call("Forwarding/set", R"({"accountId":"$","destroy":["singleton"]})").at("notDestroyed")),
              HasSubstr("singleton"));
  const std::string anna = world.id();
  world.user = kBert;
  EXPECT_EQ(world.call("Forwarding/get", R"({"accountId":")" + anna + "\"}").at("type"), "accountNotFound");
}

TEST_F(JmapForwarding, LeadsWhereItCanAndMay) {
  allow({});
  EXPECT_THAT(refused(R"("isEnabled":true)"), HasSubstr(R"("properties":["address"])"));
  EXPECT_THAT(refused(R"("isEnabled":true,"address":"nobody")"), HasSubstr("invalidProperties"));
  EXPECT_THAT(refused(R"("isEnabled":true,"address":"nobody@example.org")"), HasSubstr("nobody of this address"));
  EXPECT_THAT(refused(R"("isEnabled":true,"address":"anna@example.org")"), HasSubstr("this account itself"));
  EXPECT_THAT(refused(R"("isEnabled":true,"address":"x@elsewhere.example")"), HasSubstr("forbidden"));
  EXPECT_THAT(refused(R"("isEnabled":1)"), HasSubstr("isEnabled"));
  EXPECT_THAT(refused(R"("colour":"red")"), HasSubstr("colour"));
  EXPECT_FALSE(get().at("isEnabled").as_bool());
  allow({"elsewhere.example"});
  EXPECT_EQ(refused(R"("isEnabled":true,"address":"x@Elsewhere.example")"), "");
  // It can be ended whatever is allowed.
  allow({});
  EXPECT_EQ(refused(R"("keepCopy":false)"), "");
  EXPECT_EQ(refused(R"("isEnabled":false)"), "");
  EXPECT_THAT(refused(R"("isEnabled":true)"), HasSubstr("forbidden"));
}

TEST_F(JmapForwarding, KeepsWhatAnAdministratorChose) {
  allow({});
  ASSERT_TRUE(mailflow::set_forwarding(*world.account(kAnna),
                                       {.enabled = true, .to = "x@elsewhere.example", .by_administrator = true}));
  EXPECT_EQ(get().at("setBy"), "administrator");
  EXPECT_EQ(refused(R"("isEnabled":false)"), "");
  EXPECT_EQ(refused(R"("isEnabled":true)"), "");
  EXPECT_EQ(get().at("setBy"), "administrator");
  EXPECT_THAT(refused(R"("address":"y@elsewhere.example")"), HasSubstr("forbidden"));
  EXPECT_EQ(refused(R"("address":"bert@example.org")"), "");
  EXPECT_EQ(get().at("setBy"), "user");
}

}  // namespace
}  // namespace gatepost::jmap
