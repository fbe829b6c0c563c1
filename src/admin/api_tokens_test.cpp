#include "admin/api_tokens.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/journal.hpp"
#include "admin/test_product.hpp"

namespace gatepost::admin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ApiTokens : public AdminFixture {};

TEST_F(ApiTokens, AreGoodUntilTheyExpireOrAreDeleted) {
  const auto made = json(done("token add", {{"name", {"backup script"}}, {"role", {"auditor"}}, {"expires", {"2h"}}}));
  const std::string token = text(made, "token");
  EXPECT_TRUE(token.starts_with("gatepost_")) << token;
  const auto known = check_api_token(store->keys(), clock, token);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->name, "backup script");
  EXPECT_EQ(known->role, directory::Role::auditor);
  EXPECT_EQ(known->by, Request::kCommandLine);
  for (const std::string& wrong : {token + "x", std::string(), token.substr(1), std::string("gatepost_")}) {
    EXPECT_EQ(check_api_token(store->keys(), clock, wrong).error().code, Errc::unauthenticated) << wrong;
  }
  clock.advance(std::chrono::hours(2));
  EXPECT_EQ(check_api_token(store->keys(), clock, token).error().code, Errc::unauthenticated);
  EXPECT_TRUE(json(done("token list")).at(0).at("expired").as_bool());
  const std::string id = text(json(done("token list")).at(0), "id");
  done("token delete", {{"id", {id}}});
  EXPECT_EQ(error(ask("token delete", {{"id", {id}}})), "not_found");
  EXPECT_EQ(json(done("token list")), boost::json::array());
}

TEST_F(ApiTokens, NoteTheirUseAndAreNowhereInWords) {
  const std::string token = text(json(done("token add", {{"name", {"x"}}, {"role", {"admin"}}})), "token");
  EXPECT_EQ(text(json(done("token list")).at(0), "used"), "never");
  ASSERT_TRUE(check_api_token(store->keys(), clock, token));
  const std::string used = text(json(done("token list")).at(0), "used");
  EXPECT_NE(used, "never");
  clock.advance(std::chrono::minutes(1));
  ASSERT_TRUE(check_api_token(store->keys(), clock, token));
  EXPECT_EQ(text(json(done("token list")).at(0), "used"), used) << "not written each time";
  clock.advance(kTokenUseGranularity);
  ASSERT_TRUE(check_api_token(store->keys(), clock, token));
  EXPECT_NE(text(json(done("token list")).at(0), "used"), used);
  EXPECT_THAT(done("token list").json, Not(HasSubstr(token)));
  for (const Change& change : *changes(store->keys(), 0, 100)) EXPECT_THAT(change.detail, Not(HasSubstr(token)));
}

TEST_F(ApiTokens, RefuseWhatMakesNoSense) {
  EXPECT_EQ(error(ask("token add", {{"name", {"x"}}, {"role", {"none"}}})), "invalid");
  EXPECT_EQ(error(ask("token add", {{"name", {"x"}}, {"role", {"king"}}})), "invalid");
  EXPECT_EQ(error(ask("token add", {{"role", {"admin"}}})), "invalid");
  EXPECT_EQ(error(ask("token add", {{"name", {"x"}}, {"role", {"admin"}}, {"expires", {"never"}}})), "invalid");
  EXPECT_EQ(error(ask("token add", {{"name", {"x"}}, {"role", {"admin"}}, {"expires", {"1000 days"}}})), "invalid");
}

}  // namespace
}  // namespace gatepost::admin
