#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/test_product.hpp"

namespace gatepost::admin {
namespace {

using ::testing::HasSubstr;

class GroupVerbs : public AdminFixture {};

TEST_F(GroupVerbs, SetAndShowContactDetails) {
  domain_and_anna();
  done("account set", {{"address", {"anna@example.org"}},
                       {"set", {"phone=+49 30 1", "phone=+49 30 2", "title=Boss", "role=helpdesk", "name=Anna Berg"}}});
  const std::string shown = done("account show", {{"address", {"anna@example.org"}}}).text;
  EXPECT_THAT(shown, HasSubstr("+49 30 1"));
  EXPECT_THAT(shown, HasSubstr("+49 30 2"));
  EXPECT_THAT(shown, HasSubstr("helpdesk"));
  EXPECT_EQ(text(json(done("account list")).at(0), "role"), "helpdesk");
  EXPECT_THAT(shown, HasSubstr("Anna Berg"));
  done("account set", {{"address", {"anna@example.org"}}, {"set", {"phone="}}});
  EXPECT_THAT(done("account show", {{"address", {"anna@example.org"}}}).text, ::testing::Not(HasSubstr("+49")));
  EXPECT_EQ(error(ask("account set", {{"address", {"anna@example.org"}}, {"set", {"shoe-size=42"}}})), "invalid");
  EXPECT_EQ(error(ask("account set", {{"address", {"anna@example.org"}}, {"set", {"role=king"}}})), "invalid");
  EXPECT_EQ(error(ask("account set", {{"address", {"anna@example.org"}}})), "invalid");
}

TEST_F(GroupVerbs, MakeFillEmptyAndDeleteAGroup) {
  domain_and_anna();
  EXPECT_THAT(done("group list").text, HasSubstr("No group yet"));
  done("group add", {{"address", {"staff@example.org"}}, {"name", {"Staff"}}, {"member", {"anna@example.org"}}});
  EXPECT_EQ(error(ask("group add", {{"address", {"none@example.org"}}, {"member", {"nobody@example.org"}}})),
            "not_found");
  EXPECT_THAT(done("group list").text, HasSubstr("staff@example.org  Staff  1"));
  done("group join", {{"address", {"staff@example.org"}}, {"member", {"x@example.net"}}});
  EXPECT_THAT(done("group members", {{"address", {"staff@example.org"}}}).text, HasSubstr("x@example.net"));
  EXPECT_THAT(done("group list", {{"member", {"x@example.net"}}}).text, HasSubstr("staff@example.org"));
  EXPECT_EQ(done("group list", {{"member", {"y@example.net"}}}).text, "It is in no group.\n");
  done("group leave", {{"address", {"staff@example.org"}}, {"member", {"x@example.net"}}});
  EXPECT_EQ(error(ask("group leave", {{"address", {"staff@example.org"}}, {"member", {"x@example.net"}}})),
            "not_found");
  EXPECT_EQ(error(ask("group members", {{"address", {"anna@example.org"}}})), "not_found");
  done("group delete", {{"address", {"staff@example.org"}}});
  EXPECT_EQ(error(ask("group delete", {{"address", {"staff@example.org"}}})), "not_found");
}

}  // namespace
}  // namespace gatepost::admin
