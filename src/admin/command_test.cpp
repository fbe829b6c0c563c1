#include "admin/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "admin/test_product.hpp"

namespace gatepost::admin {
namespace {

class CommandTest : public AdminFixture {};

TEST(Request, IsTheSameAfterItsJourney) {
  const Request request{"account add",
                        {{"address", {"anna@example.org"}}, {"name", {"\"Anna\"\n\u00fc"}}, {"target", {}}}};
  const auto again = request_from_json(to_json(request));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->verb, request.verb);
  EXPECT_EQ(again->options, request.options);
  EXPECT_EQ(to_json(request).find('\n'), std::string::npos) << "one line";
  EXPECT_EQ(again->option("target", "none"), "none");
  EXPECT_EQ(again->option("other", "none"), "none");
  EXPECT_TRUE(again->has("target"));
}

TEST(Request, IsRefusedWhenItIsNone) {
  std::string many = R"({"verb":"x","options":{)";
  for (int i = 0; i < 101; ++i) many += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":[]";
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("[]"), std::string(R"({"verb":"x","options":[]})"),
        std::string(R"({"verb":"x","options":{"a":"b"}})"), std::string(R"({"verb":"x","options":{"a":[1]}})"),
        std::string("{\"verb\":\"\xff\"}"), std::string(R"({"verb":"x"} more)"), std::string(100'000, '['),
        many + "}}"}) {
    const auto request = request_from_json(text);
    ASSERT_FALSE(request) << text.substr(0, 50);
    EXPECT_EQ(request.error().code, Errc::invalid);
  }
  EXPECT_TRUE(request_from_json("{}"));
}

TEST(Reply, IsTheSameAfterItsJourneyEvenWithForeignOctets) {
  const auto again = reply_from_json(to_json(Reply{3, "two\nlines \xff\n", "{\"a\":1}"}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->exit_code, 3);
  EXPECT_EQ(again->text, "two\nlines \ufffd\n");
  EXPECT_EQ(again->json, "{\"a\":1}");
  for (const char* text : {"{}", R"({"exit_code":"0"})", R"({"exit_code":-1})", R"({"exit_code":4294967296})", "0"}) {
    EXPECT_FALSE(reply_from_json(text)) << text;
  }
}

TEST_F(CommandTest, SaysWhenThereIsNoSuchVerb) {
  for (const char* verb : {"", "account", "account fly"}) {
    const Reply reply = ask(verb);
    EXPECT_EQ(reply.exit_code, 2);
    EXPECT_EQ(error(reply), "invalid");
  }
}

TEST_F(CommandTest, HasAVerbOnceAndASentenceForEach) {
  std::set<std::string_view> seen;
  for (const Verb& verb : verbs()) {
    EXPECT_TRUE(seen.insert(verb.name).second) << verb.name;
    EXPECT_TRUE(std::string_view(verb.help).ends_with('.')) << verb.name;
  }
  EXPECT_GE(seen.size(), 30u);
}

TEST_F(CommandTest, AnswersEveryVerbWithoutOptionsWithTextAndJson) {
  services->server.status = [](const Request&) { return Reply{0, "fine\n", "{}"}; };
  services->server.reload = [] { return Reply{0, "fine\n", "{}"}; };
  services->server.drain = [] { return Reply{0, "fine\n", "{}"}; };
  services->server.begin_maintenance = [](std::chrono::seconds, const std::string&) {
    return Reply{0, "fine\n", "{}"};
  };
  services->server.end_maintenance = [] { return Reply{0, "fine\n", "{}"}; };
  services->server.announce = [](const std::string&) { return std::size_t{0}; };
  services->server.stop = [] {};
  services->server.settings = [](const Request&) { return Reply{0, "fine\n", "{}"}; };
  services->server.check_domain = [](const Request&, std::stop_token) { return Reply{0, "fine\n", "{}"}; };
  for (const Verb& verb : verbs()) {
    const Reply reply = ask(std::string(verb.name));
    EXPECT_TRUE(reply.text.ends_with('\n')) << verb.name;
    EXPECT_NO_THROW(json(reply)) << verb.name;
  }
}

}  // namespace
}  // namespace gatepost::admin
