#include <gmock/gmock.h>

#include "jmap/sieve_script.hpp"
#include "jmap/test_world.hpp"
#include "sieve/limits.hpp"

namespace gatepost::jmap {
namespace {

using testing::HasSubstr;

class JmapSieve : public testing::Test {
 protected:
  std::string upload(const std::string& content) {
    const json::object data{{"data", json::array{json::object{{"data:asText", content}}}}};
    const auto answer = world.call("Blob/upload", R"({"accountId":"$","create":{"b":)" + json::serialize(data) + "}}");
    return std::string(answer.at("created").at("b").at("id").as_string());
  }
  json::object set(const std::string& arguments) {
    return world.call("SieveScript/set", R"({"accountId":"$",)" + arguments + "}");
  }
  json::object get() { return world.call("SieveScript/get", R"({"accountId":"$"})"); }
  std::string download(const std::string& blob) {
    const auto answer =
        world.call("Blob/get", R"({"accountId":"$","ids":[")" + blob + R"("],"properties":["data:asText"]})");
    return std::string(answer.at("list").at(0).at("data:asText").as_string());
  }
  World world;
};

TEST_F(JmapSieve, MakesChangesAndDestroysScripts) {
  const std::string keep = upload("keep;\r\n");
  const auto made =
      set(R"("create":{"a":{"name":"first","blobId":")" + keep + R"("},"b":{"blobId":")" + keep + R"("}})");
  EXPECT_EQ(text(made.at("created").at("a")), R"({"id":"S1","isActive":false})");
  EXPECT_EQ(text(made.at("created").at("b")), R"({"id":"S2","isActive":false,"name":"script1"})");
  EXPECT_EQ(made.at("newState"), get().at("state"));
  EXPECT_NE(made.at("newState"), made.at("oldState"));
  const auto list = get().at("list");
  EXPECT_EQ(list.at(0).at("name"), "first");
  // A script is the blob that an upload of the same octets is.
  EXPECT_EQ(list.at(0).at("blobId").as_string(), keep);
  EXPECT_EQ(download(keep), "keep;\r\n");

  const std::string stop = upload("stop;");
  EXPECT_EQ(text(set(R"("update":{"S1":{"blobId":")" + stop + R"(","name":"erstes"}})").at("updated")),
            R"({"S1":null})");
  EXPECT_EQ(get().at("list").at(0).at("blobId").as_string(), stop);
  EXPECT_EQ(text(set(R"("update":{"S1":{"name":null}})").at("updated")), R"({"S1":{"name":"script2"}})");
  EXPECT_EQ(text(set(R"("destroy":["S2"])").at("destroyed")), R"(["S2"])");
  EXPECT_EQ(get().at("list").as_array().size(), 1U);
  EXPECT_EQ(
      text(
          world.call("SieveScript/get", R"({"accountId":"$","ids":["S1","S2","x"],"properties":["name"]})").at("list")),
      R"([{"id":"S1","name":"script2"}])");
  EXPECT_EQ(set(R"("ifInState":"0","destroy":["S1"])").at("type"), "stateMismatch");
}

TEST_F(JmapSieve, RefusesWithTheReason) {
  const std::string keep = upload("keep;");
  set(R"("create":{"a":{"name":"first","blobId":")" + keep + R"("}})");
  const auto refused = [&](const std::string& object) {
    return text(set(R"("create":{"x":)" + object + "}").at("notCreated").at("x"));
  };
  EXPECT_EQ(refused(R"({"name":"first","blobId":")" + keep + R"("})"), R"({"type":"alreadyExists","existingId":"S1"})");
  EXPECT_THAT(refused(R"({"name":"x","blobId":"G0"})"), HasSubstr("blobNotFound"));
  EXPECT_THAT(refused(R"({"name":"x"})"), HasSubstr("blobId"));
  EXPECT_THAT(refused(R"({"name":"","blobId":")" + keep + R"("})"), HasSubstr("invalidProperties"));
  EXPECT_THAT(refused(R"({"isActive":true,"blobId":")" + keep + R"("})"), HasSubstr("isActive"));
  const std::string broken = upload("keep;\r\nkeep");
  EXPECT_THAT(refused(R"({"name":"x","blobId":")" + broken + R"("})"), HasSubstr("invalidSieve"));
  EXPECT_THAT(refused(R"({"name":"x","blobId":")" + broken + R"("})"), HasSubstr("line 2"));
  const std::string large = upload(std::string(sieve::kMaxScriptOctets + 1, ' '));
  EXPECT_THAT(refused(R"({"name":"x","blobId":")" + large + R"("})"), HasSubstr("tooLarge"));
  EXPECT_THAT(text(set(R"("update":{"S9":{"name":"y"}})").at("notUpdated")), HasSubstr("notFound"));
  EXPECT_THAT(text(set(R"("destroy":["S9"])").at("notDestroyed")), HasSubstr("notFound"));
}

TEST_F(JmapSieve, ActivatesOneWhenAllWentWell) {
  const std::string keep = upload("keep;");
  const std::string create = R"({"name":"%","blobId":")" + keep + R"("})";
  const auto named = [&](char name) {
    std::string out = create;
    out.replace(out.find('%'), 1, 1, name);
    return out;
  };
  auto done = set(R"("create":{"a":)" + named('a') + R"(},"onSuccessActivateScript":"#a")");
  EXPECT_EQ(text(done.at("created").at("a")), R"({"id":"S1","isActive":true})");
  EXPECT_EQ(get().at("list").at(0).at("isActive"), true);
  // Something failed: nothing is activated.
  done = set(R"("create":{"b":)" + named('b') + R"(},"destroy":["S9"],"onSuccessActivateScript":"#b")");
  EXPECT_EQ(done.at("created").at("b").at("isActive"), false);
  EXPECT_EQ(get().at("list").at(0).at("isActive"), true);
  EXPECT_THAT(text(set(R"("destroy":["S1"])").at("notDestroyed")), HasSubstr("sieveIsActive"));
  done = set(R"("onSuccessActivateScript":"S2")");
  EXPECT_EQ(text(done.at("updated")), R"({"S1":{"isActive":false},"S2":{"isActive":true}})");
  EXPECT_EQ(text(set(R"("onSuccessActivateScript":"S77")").at("updated")), "null");
  EXPECT_EQ(text(set(R"("onSuccessDeactivateScript":true)").at("updated")), R"({"S2":{"isActive":false}})");
  EXPECT_TRUE(set(R"("destroy":["S2"])").at("notDestroyed").is_null());
}

TEST_F(JmapSieve, FindsAndValidates) {
  const std::string keep = upload("keep;");
  for (const char* name : {"Zoo", "archive", "Music"}) {
    set(R"("create":{"a":{"name":")" + std::string(name) + R"(","blobId":")" + keep + R"("}})");
  }
  set(R"("onSuccessActivateScript":"S3")");
  const auto query = [&](const std::string& arguments) {
    return text(world.call("SieveScript/query", R"({"accountId":"$",)" + arguments + "}").at("ids"));
  };
  EXPECT_EQ(query(R"("sort":[{"property":"name"}])"), R"(["S2","S3","S1"])");
  EXPECT_EQ(query(R"("sort":[{"property":"isActive","isAscending":false},{"property":"name"}])"),
            R"(["S3","S2","S1"])");
  EXPECT_EQ(query(R"("filter":{"name":"ARCH"})"), R"(["S2"])");
  EXPECT_EQ(query(R"("filter":{"isActive":true})"), R"(["S3"])");
  EXPECT_EQ(query(R"("filter":{"operator":"NOT","conditions":[{"isActive":true},{"name":"zoo"}]})"), R"(["S2"])");
  EXPECT_EQ(world.call("SieveScript/query", R"({"accountId":"$","filter":{"size":1}})").at("type"),
            "unsupportedFilter");
  EXPECT_EQ(world.call("SieveScript/query", R"({"accountId":"$","sort":[{"property":"size"}]})").at("type"),
            "unsupportedSort");
  const auto validate = [&](const std::string& blob) {
    return world.call("SieveScript/validate", R"({"accountId":"$","blobId":")" + blob + R"("})");
  };
  EXPECT_TRUE(validate(keep).at("error").is_null());
  EXPECT_EQ(validate(upload("moon;")).at("error").at("type"), "invalidSieve");
  EXPECT_EQ(validate("G0").at("type"), "blobNotFound");
}

TEST_F(JmapSieve, RunsTheActiveScriptAtDelivery) {
  const std::string script = upload("require [\"fileinto\", \"mailbox\"];\r\nfileinto :create \"Lists\";\r\n");
  set(R"("create":{"a":{"name":"x","blobId":")" + script + R"("}},"onSuccessActivateScript":"#a")");
  auto source = world.stranger();
  ASSERT_TRUE(
      world.take(source, world.envelope(source, "c@client.example", {std::string(kAnna)}), "Subject: x\r\n\r\ny\r\n"));
  EXPECT_EQ(world.account(kAnna)->find_folder("Lists")->total, 1U);
  EXPECT_EQ(world.account(kAnna)->find_folder("INBOX")->total, 0U);
}

TEST_F(JmapSieve, IsToldInTheSession) {
  const auto session = *parse(world.server.session(world.principal(kAnna), "https://mail.example.org"));
  EXPECT_EQ(session.at("capabilities").at(kSieve).at("implementation"), "Gatepost");
  const auto& capability = session.at("accounts").at(world.id()).at("accountCapabilities").at(kSieve);
  EXPECT_EQ(capability.at("maxNumberRedirects"), sieve::kMaxRedirects);
  EXPECT_THAT(text(capability.at("sieveExtensions")), HasSubstr("\"fileinto\""));
  // Scripts are everybody's own.
  world.user = std::string(kBert);
  EXPECT_EQ(world.call("SieveScript/get", R"({"accountId":")" + world.id(kAnna) + R"("})").at("type"),
            "accountNotFound");
}

}  // namespace
}  // namespace gatepost::jmap
