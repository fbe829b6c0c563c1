#include <gmock/gmock.h>

#include "admin/test_product.hpp"

namespace gatepost::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

class OrganisationVerbs : public AdminFixture {
 protected:
  OrganisationVerbs() { domain_and_anna(); }
  std::string exported() { return done("export").text; }
};

constexpr const char* kFile = R"(
[[domain]]
name = "example.com"
catch_all = "info@example.com"
[[account]]
address = "ben@example.com"
name = "Ben"
role = "helpdesk"
quota = 4096
contact = { phone = "+49 30 1" }
[[account]]
address = "sales@example.com"
kind = "shared"
rights = [{ who = "ben@example.com", rights = "lrswi" }, { who = "anna@example.org", rights = "lr", folder = "INBOX" }]
[[group]]
address = "all@example.com"
members = ["anna@example.org", "info@example.com"]
[[alias]]
address = "info@example.com"
targets = ["sales@example.com"]
)";

TEST_F(OrganisationVerbs, ADryRunChangesNothing) {
  const std::string before = exported();
  const Reply reply = done("apply", {{"text", {kFile}}, {"dry-run", {"yes"}}});
  EXPECT_THAT(reply.text, AllOf(HasSubstr("+ account ben@example.com\n"), HasSubstr("quota: 0 -> 4096"),
                                HasSubstr("nothing was changed"), Not(HasSubstr("password"))));
  EXPECT_EQ(exported(), before);
}

TEST_F(OrganisationVerbs, MakesItSoAndThenHasNothingToDo) {
  const Reply reply = done("apply", {{"text", {kFile}}});
  EXPECT_THAT(reply.text, HasSubstr("password: "));
  std::string password;
  for (const auto& step : json(reply).at("steps").as_array()) {
    if (const auto* made = step.as_object().if_contains("password")) password = made->as_string();
  }
  EXPECT_EQ(sign_in("ben@example.com", password), std::nullopt);
  EXPECT_THAT(done("acl list", {{"address", {"sales@example.com"}}}).text, HasSubstr("anna@example.org  lr\n"));
  EXPECT_EQ(directory->resolve("nobody@example.com")->front().address, "sales@example.com");
  EXPECT_THAT(done("apply", {{"text", {kFile}}}).text, HasSubstr("Everything is as the file says"));
  // What is written is what is there.
  const std::string all = exported();
  EXPECT_THAT(all, HasSubstr("{ who = \"ben@example.com\", rights = \"lrswi\" }"));
  EXPECT_THAT(done("apply", {{"text", {all}}, {"prune", {"yes"}}}).text, HasSubstr("Everything is as the file says"));
}

TEST_F(OrganisationVerbs, TakesBackRightsThatAreNotWrittenDown) {
  done("apply", {{"text", {kFile}}});
  done("apply", {{"text",
                  {"[[account]]\naddress = \"sales@example.com\"\nkind = \"shared\"\n"
                   "rights = [{ who = \"ben@example.com\", rights = \"lr\", folder = \"INBOX\" }]\n"}}});
  const std::string list = done("acl list", {{"address", {"sales@example.com"}}}).text;
  EXPECT_THAT(list, AllOf(HasSubstr("INBOX   ben@example.com  lr\n"), Not(HasSubstr("anna")), Not(HasSubstr("new"))));
}

TEST_F(OrganisationVerbs, DisablesWhomTheFileDoesNotNameAndKeepsTheMail) {
  done("apply", {{"text", {kFile}}, {"prune", {"yes"}}});
  EXPECT_FALSE(directory->find("anna@example.org")->enabled);
  EXPECT_TRUE(directory->find("ben@example.com")->enabled);
}

TEST_F(OrganisationVerbs, SaysWhereTheFileIsWrongAndWhereItStopped) {
  const Reply wrong = ask("apply", {{"text", {"[[account]]\nadress = \"x@example.org\"\n"}}, {"file", {"p.toml"}}});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.text, HasSubstr("p.toml:2: [[account]] adress: unknown key"));
  const Reply stopped =
      ask("apply", {{"text",
                     {"[[account]]\naddress = \"x@example.org\"\n"
                      "[[alias]]\naddress = \"y@nowhere.example\"\ntargets = [\"x@example.org\"]\n"}}});
  EXPECT_EQ(stopped.exit_code, 1);
  EXPECT_THAT(stopped.text, AllOf(HasSubstr("nowhere.example is not served"), HasSubstr("1 of 2 step(s) done")));
  EXPECT_TRUE(directory->find("x@example.org"));
  EXPECT_EQ(ask("apply").exit_code, 2);
}

}  // namespace
}  // namespace gatepost::admin
