#include "jmap/websocket.hpp"

#include <gmock/gmock.h>

#include "jmap/test_world.hpp"

namespace gatepost::jmap {
namespace {

using testing::HasSubstr;

class JmapWebSocket : public testing::Test {
 protected:
  Spoken say(std::string_view message) { return hear(world.server, world.principal(kAnna), message); }
  World world;
};

TEST_F(JmapWebSocket, AnswersRequestsByTheirIds) {
  EXPECT_THAT(say(R"({"@type":"Request","id":"R1","using":["urn:ietf:params:jmap:core"],)"
                  R"("methodCalls":[["Core/echo",{"x":1},"c"]]})")
                  .reply,
              HasSubstr(R"({"@type":"Response","requestId":"R1","methodResponses":[["Core/echo",{"x":1},"c"]])"));
  EXPECT_THAT(say(R"({"@type":"Request","using":["urn:ietf:params:jmap:core"],"methodCalls":[]})").reply,
              HasSubstr(R"("requestId":null)"));
  const auto refused = say(R"({"@type":"Request","id":"R2","using":["urn:none"],"methodCalls":[]})").reply;
  EXPECT_THAT(refused, HasSubstr(R"("@type":"RequestError","requestId":"R2")"));
  EXPECT_THAT(refused, HasSubstr("urn:ietf:params:jmap:error:unknownCapability"));
  EXPECT_TRUE(parse(refused));
  EXPECT_THAT(say("{").reply, HasSubstr("urn:ietf:params:jmap:error:notJSON"));
  EXPECT_THAT(say("[]").reply, HasSubstr("urn:ietf:params:jmap:error:notRequest"));
  EXPECT_THAT(say(R"({"@type":"Hello","id":"R3"})").reply, HasSubstr(R"("requestId":"R3")"));
  EXPECT_TRUE(parse(say(R"({"@type":"Hello"})").reply));
}

TEST_F(JmapWebSocket, CountsItsRequestsAmongThoseOfTheUser) {
  std::vector<Slots::Held> others;
  while (auto slot = world.server.request_slot(world.principal(kAnna))) others.push_back(*std::move(slot));
  constexpr std::string_view kRequest = R"({"@type":"Request","id":"R1","using":[],"methodCalls":[]})";
  const auto refused = parse(say(kRequest).reply);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->at("@type"), "RequestError");
  EXPECT_EQ(refused->at("requestId"), "R1");
  EXPECT_EQ(refused->at("type"), "urn:ietf:params:jmap:error:limit");
  EXPECT_EQ(refused->at("limit"), "maxConcurrentRequests");
  others.clear();
  EXPECT_THAT(say(kRequest).reply, HasSubstr(R"("@type":"Response")"));
}

TEST_F(JmapWebSocket, TurnsNewsOnAndOff) {
  const auto on = say(R"({"@type":"WebSocketPushEnable","dataTypes":["Email","Mailbox"],"pushState":"aaa"})");
  EXPECT_EQ(on.push, Spoken::Push::on);
  EXPECT_EQ(on.types, (std::vector<std::string>{"Email", "Mailbox"}));
  EXPECT_EQ(on.push_state, "aaa");
  EXPECT_EQ(on.reply, "");
  EXPECT_TRUE(say(R"({"@type":"WebSocketPushEnable","dataTypes":null})").types.empty());
  EXPECT_THAT(say(R"({"@type":"WebSocketPushEnable","dataTypes":1})").reply, HasSubstr("dataTypes"));
  EXPECT_EQ(say(R"({"@type":"WebSocketPushDisable"})").push, Spoken::Push::off);
}

TEST_F(JmapWebSocket, TellsNewsWithTheirState) {
  const std::string states = world.server.states(world.principal(kAnna), {"Email"});
  const auto told = parse(state_change(states));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->at("@type"), "StateChange");
  EXPECT_EQ(told->at("pushState").as_string(), push_state_of(states));
  EXPECT_TRUE(told->at("changed").as_object().contains(world.id()));
  world.deliver("Subject: x\r\n\r\n");
  EXPECT_NE(push_state_of(world.server.states(world.principal(kAnna), {"Email"})), push_state_of(states));
}

}  // namespace
}  // namespace gatepost::jmap
