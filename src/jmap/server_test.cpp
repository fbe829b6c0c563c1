#include "jmap/server.hpp"

#include <gmock/gmock.h>

#include "jmap/test_world.hpp"

namespace gatepost::jmap {
namespace {

using testing::HasSubstr;

class JmapServer : public testing::Test {
 protected:
  std::string refused(std::string_view request) {
    const Reply reply = world.server.call(world.principal(kAnna), request);
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.type, "application/problem+json");
    return std::string(parse(reply.body)->at("type").as_string());
  }
  World world;
};

TEST_F(JmapServer, RefusesWhatIsNoRequest) {
  EXPECT_THAT(refused("{"), HasSubstr("notJSON"));
  EXPECT_THAT(refused("\"\xff\""), HasSubstr("notJSON"));
  EXPECT_THAT(refused(std::string(5'000, '[') + std::string(5'000, ']')), HasSubstr("notJSON"));
  EXPECT_THAT(refused("[]"), HasSubstr("notRequest"));
  EXPECT_THAT(refused(R"({"using":[],"methodCalls":[["a",{}]]})"), HasSubstr("notRequest"));
  EXPECT_THAT(refused(R"({"using":["urn:nothing"],"methodCalls":[]})"), HasSubstr("unknownCapability"));
  std::string many = R"({"using":[],"methodCalls":[)";
  for (int i = 0; i < 100; ++i) many += R"(["Core/echo",{},"a"],)";
  many.back() = ']';
  EXPECT_THAT(refused(many + "}"), HasSubstr("limit"));
}

TEST_F(JmapServer, AnswersCallsInTheirOrder) {
  const auto answer = world.api(R"(["Core/echo",{"a":[1]},"x"],["Nothing/get",{},"y"],["Mailbox/get",{},"z"])");
  EXPECT_EQ(text(answer.at("methodResponses").at(0)), R"(["Core/echo",{"a":[1]},"x"])");
  EXPECT_EQ(text(answer.at("methodResponses").at(1)), R"(["error",{"type":"unknownMethod"},"y"])");
  EXPECT_EQ(text(answer.at("methodResponses").at(2)),
            R"(["error",{"type":"invalidArguments","description":"accountId"},"z"])");
}

TEST_F(JmapServer, KnowsAMethodOnlyWithItsCapability) {
  const Reply reply = world.server.call(world.principal(kAnna), R"({"using":["urn:ietf:params:jmap:core"],)"
                                                                R"("methodCalls":[["Mailbox/get",{},"a"]]})");
  EXPECT_THAT(reply.body, HasSubstr("unknownMethod"));
}

TEST_F(JmapServer, PutsEarlierResultsIntoLaterCalls) {
  world.deliver("Subject: one\r\n\r\n");
  const auto answer = world.api(
      R"(["Email/query",{"accountId":"$"},"q"],)"
      R"(["Email/get",{"accountId":"$","#ids":{"resultOf":"q","name":"Email/query","path":"/ids"},"properties":["subject","threadId"]},"g"],)"
      R"(["Thread/get",{"accountId":"$","#ids":{"resultOf":"g","name":"Email/get","path":"/list/*/threadId"}},"t"],)"
      R"(["Email/get",{"accountId":"$","#ids":{"resultOf":"t","name":"Thread/get","path":"/list/*/emailIds"},"properties":["subject"]},"e"],)"
      R"(["Email/get",{"accountId":"$","#ids":{"resultOf":"t","name":"Email/get","path":"/list"}},"f"],)"
      R"(["Email/get",{"accountId":"$","ids":[],"#ids":{"resultOf":"t","name":"Thread/get","path":"/list"}},"h"])");
  EXPECT_EQ(answer.at("methodResponses").at(3).at(1).at("list").at(0).at("subject"), "one");
  EXPECT_EQ(answer.at("methodResponses").at(4).at(1).at("type"), "invalidResultReference");
  EXPECT_EQ(answer.at("methodResponses").at(5).at(1).at("type"), "invalidArguments");
}

TEST_F(JmapServer, ReadsTheInboxAheadAndFollowsIt) {
  const auto inbox = [&] {
    return world.call("Email/query", R"({"accountId":"$","filter":{"inMailbox":")" + world.mailbox("INBOX") + R"("}})")
        .at("ids")
        .as_array()
        .size();
  };
  world.deliver("Subject: first\r\n\r\nx\r\n");
  world.server.prepare(world.principal(kAnna));
  EXPECT_EQ(inbox(), 1U);
  world.deliver("Subject: second\r\n\r\nx\r\n");
  world.server.prepare(world.principal(kAnna));
  EXPECT_EQ(inbox(), 2U);
}

TEST_F(JmapServer, DescribesTheSession) {
  const auto session = *parse(world.server.session(world.principal(kAnna), "https://mail.example.org"));
  EXPECT_EQ(std::string_view(session.at("username").as_string()), kAnna);
  EXPECT_EQ(session.at("apiUrl"), "https://mail.example.org/jmap/api");
  EXPECT_EQ(session.at("accounts").at(world.id()).at("isPersonal"), true);
  EXPECT_EQ(session.at("accounts").as_object().size(), 1U);
  EXPECT_EQ(std::string(session.at("state").as_string()), world.server.session_state(world.principal(kAnna)));
}

TEST_F(JmapServer, GivesAllOfATypeOnlyWithinTheLimit) {
  const auto answer = [&](std::size_t most, std::string_view method, std::string_view more = "") {
    Server small{{*world.accounts, *world.directory, *world.reception, *world.queue, nullptr, world.clock, world.random,
                  world.log, world.metrics},
                 {.objects_in_get = most}};
    const Reply reply = small.call(
        world.principal(kAnna),
        R"({"using":["urn:ietf:params:jmap:core","urn:ietf:params:jmap:mail","urn:ietf:params:jmap:submission",)"
        R"("urn:ietf:params:jmap:principals"],"methodCalls":[[")" +
            std::string(method) + R"(",{"accountId":")" + world.id() + "\"" + std::string(more) + R"(},"c"]]})");
    const json::value got = parse(reply.body)->at("methodResponses").at(0).at(1);
    return got.as_object().contains("type") ? std::string(got.at("type").as_string())
                                            : std::to_string(got.at("list").as_array().size());
  };
  for (const char* method : {"Mailbox/get", "Principal/get", "Identity/get"}) {
    const std::string all = answer(1'000, method);
    ASSERT_THAT(all, testing::MatchesRegex("[0-9]+")) << method;
    EXPECT_EQ(answer(std::stoul(all), method), all) << method;
    EXPECT_EQ(answer(std::stoul(all) - 1, method), "requestTooLarge") << method;
    EXPECT_EQ(answer(0, method, R"(,"ids":[])"), "0") << method;
  }
}

TEST_F(JmapServer, LetsEachUserHaveSoMuchAtOnce) {
  const auto anna = world.principal(kAnna), bert = world.principal(kBert);
  const Limits& limits = world.server.limits();
  std::vector<Slots::Held> requests, uploads;
  for (std::uint32_t i = 0; i < limits.concurrent_requests; ++i) {
    requests.push_back(*world.server.request_slot(anna));
    uploads.push_back(*world.server.upload_slot(anna));
  }
  EXPECT_FALSE(world.server.request_slot(anna));
  EXPECT_FALSE(world.server.upload_slot(anna));
  EXPECT_TRUE(world.server.request_slot(bert));
  EXPECT_TRUE(world.server.upload_slot(bert));
  requests.pop_back();
  EXPECT_TRUE(world.server.request_slot(anna));
  EXPECT_FALSE(world.server.upload_slot(anna));
  uploads.clear();
  EXPECT_TRUE(world.server.upload_slot(anna));
}

TEST_F(JmapServer, KeepsWhatIsUploadedToItsAccount) {
  auto writer = *world.server.begin_upload(world.principal(kAnna), world.id());
  ASSERT_TRUE(writer->append("Subject: up\r\n\r\nload"));
  const auto done =
      parse(*world.server.end_upload(world.principal(kAnna), world.id(), *writer->finish(), "message/rfc822"));
  const std::string blob(done->at("blobId").as_string());
  EXPECT_EQ(done->at("size"), 19);
  EXPECT_TRUE(world.server.download(world.principal(kAnna), world.id(), blob));
  // Bodies are shared by all accounts, but not with those who did not bring them.
  EXPECT_EQ(world.server.download(world.principal(kBert), world.id(kBert), blob).error().code, Errc::not_found);
  EXPECT_EQ(world.server.download(world.principal(kBert), world.id(), blob).error().code, Errc::not_found);
  for (const char* name : {"", "B", "B0", "B99", "G", "Gabc-1-2", "B1p", "Bp1", "M1024-1"}) {
    EXPECT_EQ(world.server.download(world.principal(kAnna), world.id(), name).error().code, Errc::not_found) << name;
  }
  const auto imported =
      world.call("Email/import", R"({"accountId":"$","emails":{"k":{"blobId":")" + blob + R"(","mailboxIds":{")" +
                                     world.mailbox("INBOX") + R"(":true},"keywords":{"$seen":true}}}})");
  const std::string email(imported.at("created").at("k").at("id").as_string());
  const auto got = world.call(
      "Email/get", R"({"accountId":"$","ids":[")" + email + R"("],"properties":["subject","keywords","size"]})");
  EXPECT_EQ(text(got.at("list").at(0)),
            R"({"id":")" + email + R"(","keywords":{"$seen":true},"size":19,"subject":"up"})");
}

TEST_F(JmapServer, TellsStatesThatChangesGoOnFrom) {
  const auto before = *parse(world.server.states(world.principal(kAnna), {"Email"}));
  const std::string state(before.at("changed").at(world.id()).at("Email").as_string());
  int woken = 0;
  const auto watches = world.server.watch(world.principal(kAnna), [&] { ++woken; });
  const std::string email = world.deliver("Subject: x\r\n\r\n");
  EXPECT_GT(woken, 0);
  const auto changes = world.call("Email/changes", R"({"accountId":"$","sinceState":")" + state + R"("})");
  EXPECT_EQ(text(changes.at("created")), R"([")" + email + R"("])");
}

TEST_F(JmapServer, TellsOfTheDirectoryToWhoLooks) {
  const auto state = [&] {
    const auto all = *parse(world.server.states(world.principal(kAnna), {"Principal"}));
    return std::string(all.at("changed").at(world.id()).at("Principal").as_string());
  };
  const std::string before = state();
  EXPECT_EQ(before, world.call("Principal/get", R"({"accountId":"$","ids":[]})").at("state").as_string());
  const std::uint64_t change = world.server.directory_change({"Principal"});
  EXPECT_EQ(world.server.directory_change({}), change);
  ASSERT_TRUE(world.directory->add_principal(directory::PrincipalKind::group, "crew@example.org", "The crew"));
  EXPECT_NE(world.server.directory_change({"Email", "Principal"}), change);
  EXPECT_EQ(world.server.directory_change({"Email"}), 0U);
  EXPECT_NE(state(), before);
}

}  // namespace
}  // namespace gatepost::jmap
