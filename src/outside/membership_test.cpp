#include "outside/membership.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatepost::outside {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Person person(const std::string& name, std::vector<std::string> member_of = {}) {
  Person p;
  p.dn = "uid=" + name + ",dc=x";
  p.uid = name;
  p.addresses = {name + "@x"};
  p.member_of = std::move(member_of);
  return p;
}

Group group(const std::string& name, bool has_address, std::vector<std::string> members,
            std::vector<std::string> uids = {}) {
  Group g;
  g.dn = normal_dn("cn=" + name + ",dc=x");
  if (has_address) g.addresses = {name + "@x"};
  for (const std::string& member : members) g.members.push_back(normal_dn(member + ",dc=x"));
  g.uids = std::move(uids);
  return g;
}

auto all(const std::vector<Group>& groups, const std::vector<Person>& people) {
  return memberships(
      groups, people, [](const Person& p) { return p.addresses.empty() ? "" : p.addresses.front(); },
      [](const Group& g) { return g.addresses.empty() ? "" : g.addresses.front(); });
}

TEST(OutsideMembership, IsTakenFromBothSides) {
  const auto found =
      all({group("staff", true, {"UID=anna"}, {"bert"})},
          {person("anna"), person("bert"), person("carl", {normal_dn("CN=staff, DC=x")}), person("dora")});
  EXPECT_THAT(found.at("staff@x"), ElementsAre("anna@x", "bert@x", "carl@x"));
}

TEST(OutsideMembership, OpensGroupsThatAreNoneHere) {
  const auto found =
      all({group("staff", true, {"cn=inner", "cn=sales"}), group("inner", false, {"uid=anna", "cn=deep"}),
           group("deep", false, {"uid=bert", "cn=inner"}), group("sales", true, {"uid=carl"})},
          {person("anna"), person("bert"), person("carl")});
  EXPECT_THAT(found.at("staff@x"), ElementsAre("anna@x", "bert@x", "sales@x"));
  EXPECT_THAT(found.at("sales@x"), ElementsAre("carl@x"));
  EXPECT_FALSE(found.contains("inner@x"));
}

TEST(OutsideMembership, EndsInCircles) {
  const auto found = all({group("a", false, {"cn=b", "cn=a"}), group("b", false, {"cn=a", "uid=anna"}),
                          group("top", true, {"cn=a", "cn=top"})},
                         {person("anna")});
  EXPECT_THAT(found.at("top@x"), ElementsAre("anna@x"));
}

TEST(OutsideMembership, LeavesOutWhomNobodyKnows) {
  EXPECT_THAT(all({group("staff", true, {"uid=gone", "cn=gone"}, {"gone"})}, {}).at("staff@x"), IsEmpty());
}

}  // namespace
}  // namespace gatepost::outside
