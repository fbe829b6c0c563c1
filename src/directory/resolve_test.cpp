#include "directory/resolve.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatepost::directory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Resolve : public testing::Test {
 protected:
  Resolve() {
    index.put_domain({"example.org", "", {}});
    person(1, "first@example.org");
    person(2, "anna@example.org");
  }
  void person(std::uint64_t id, std::string address, bool enabled = true) {
    index.put_principal({.id = PrincipalId{id}, .address = std::move(address), .enabled = enabled});
  }
  std::vector<std::string> reached(std::string_view address) {
    const auto found = resolve(index, rules, address);
    if (!found) return {std::string(to_string(found.error().code))};
    std::vector<std::string> out;
    for (const auto& d : *found) {
      out.push_back((d.kind == Destination::Kind::outside ? "outside " : "") + d.address +
                    (d.detail.empty() ? "" : " +" + d.detail));
    }
    return out;
  }

  Index index;
  ResolveRules rules{"+-", ""};
};

TEST_F(Resolve, PrefersTheAddressAsItIsThenTheLongestPlusForm) {
  person(3, "anna+x@example.org");
  EXPECT_THAT(reached("anna+x@example.org"), ElementsAre("anna+x@example.org"));
  EXPECT_THAT(reached("anna+x+y@example.org"), ElementsAre("anna+x@example.org +y"));
  EXPECT_THAT(reached("anna+z-x@example.org"), ElementsAre("anna@example.org +z-x"));
  rules.delimiters = "";
  EXPECT_THAT(reached("anna+z@example.org"), ElementsAre("not_found"));
}

TEST_F(Resolve, CarriesADetailThroughAliases) {
  index.put_alias("a@example.org", {"anna@example.org"});
  EXPECT_THAT(reached("a+lists@example.org"), ElementsAre("anna@example.org +lists"));
  index.put_alias("b@example.org", {"anna+mine@example.org"});
  EXPECT_THAT(reached("b+lists@example.org"), ElementsAre("anna@example.org +mine"));
}

TEST_F(Resolve, EndsInCircles) {
  index.put_alias("x@example.org", {"y@example.org"});
  index.put_alias("y@example.org", {"x@example.org", "anna@example.org"});
  EXPECT_THAT(reached("x@example.org"), ElementsAre("anna@example.org"));
  index.put_alias("y@example.org", {"x@example.org"});
  EXPECT_THAT(reached("x@example.org"), ElementsAre("not_found"));
}

TEST_F(Resolve, GivesEachDestinationOnce) {
  index.put_alias("x@example.org", {"anna@example.org", "anna+1@example.org", "o@elsewhere.example"});
  index.put_alias("y@example.org", {"x@example.org", "o@elsewhere.example"});
  EXPECT_THAT(reached("y@example.org"), ElementsAre("outside o@elsewhere.example", "anna@example.org"));
}

TEST_F(Resolve, LooksAtABoundedNumberOfAddresses) {
  std::vector<std::string> targets;
  for (std::size_t i = 0; i < kMaxExpansion; ++i) targets.push_back("u" + std::to_string(i) + "@elsewhere.example");
  index.put_alias("x@example.org", targets);
  EXPECT_THAT(reached("x@example.org"), ElementsAre("limit"));
  targets.pop_back();
  index.put_alias("x@example.org", targets);
  EXPECT_EQ(reached("x@example.org").size(), kMaxExpansion - 1);
}

TEST_F(Resolve, BringsRoleMailToSomebody) {
  EXPECT_THAT(reached("postmaster@example.org"), ElementsAre("first@example.org"));
  EXPECT_THAT(reached("abuse@example.org"), ElementsAre("first@example.org"));
  rules.postmaster = "anna@example.org";
  EXPECT_THAT(reached("abuse@example.org"), ElementsAre("anna@example.org"));
  rules.postmaster = "nobody@example.org";
  EXPECT_THAT(reached("abuse@example.org"), ElementsAre("first@example.org"));
  person(3, "abuse@example.org");
  EXPECT_THAT(reached("abuse@example.org"), ElementsAre("abuse@example.org"));
  EXPECT_THAT(reached("postmaster@elsewhere.example"), ElementsAre("outside postmaster@elsewhere.example"));
}

TEST_F(Resolve, PassesOverDisabledAccounts) {
  person(1, "first@example.org", false);
  EXPECT_THAT(reached("first@example.org"), ElementsAre("denied"));
  EXPECT_THAT(reached("abuse@example.org"), ElementsAre("anna@example.org"));
  index.put_alias("both@example.org", {"first@example.org", "anna@example.org"});
  EXPECT_THAT(reached("both@example.org"), ElementsAre("anna@example.org"));
}

TEST_F(Resolve, TellsOwnersByAddressesAndAliasesAlone) {
  index.put_domain({"example.org", "anna@example.org", {}});
  index.put_alias("a@example.org", {"b@example.org", "x@elsewhere.example"});
  index.put_alias("b@example.org", {"anna@example.org"});
  EXPECT_TRUE(leads_to(index, rules, "a+1@example.org", PrincipalId{2}));
  EXPECT_FALSE(leads_to(index, rules, "a@example.org", PrincipalId{1}));
  EXPECT_FALSE(leads_to(index, rules, "caught@example.org", PrincipalId{2}));
  EXPECT_FALSE(leads_to(index, rules, "postmaster@example.org", PrincipalId{1}));
}

}  // namespace
}  // namespace gatepost::directory
