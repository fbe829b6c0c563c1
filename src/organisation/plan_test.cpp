#include "organisation/plan.hpp"

#include <gmock/gmock.h>

namespace gatepost::organisation {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Declaration declaration(std::string_view text) {
  auto parsed = parse(text, "test.toml");
  EXPECT_TRUE(parsed) << parsed.error().front().text();
  return parsed ? *std::move(parsed) : Declaration();
}

std::vector<std::string> steps(const Declaration& wanted, const Declaration& current, bool prune = false) {
  std::vector<std::string> out;
  const auto planned = plan(wanted, current, prune, "test.toml");
  if (!planned) {
    for (const auto& problem : planned.error()) out.push_back(problem.text());
    return out;
  }
  for (const Step& step : *planned) {
    out.push_back((step.kind == Step::Kind::add ? "+" : step.kind == Step::Kind::remove ? "-" : "~") + step.what);
    for (const std::string& detail : step.details) out.back() += "; " + detail;
  }
  return out;
}

constexpr std::string_view kOrganisation = R"(
[[domain]]
name = "example.org"
catch_all = "info@example.org"
[[account]]
address = "anna@example.org"
name = "Anna"
enabled = true
role = "none"
quota = 0
messages = 0
contact = {}
rights = []
[[group]]
address = "all@example.org"
name = ""
members = ["anna@example.org", "info@example.org"]
[[alias]]
address = "a@example.org"
targets = ["info@example.org"]
[[alias]]
address = "info@example.org"
targets = ["anna@example.org"]
)";

TEST(Plan, EachStepFindsWhatItNeeds) {
  EXPECT_THAT(steps(declaration(kOrganisation), {}),
              ElementsAre("+domain example.org", "+account anna@example.org; name: none -> Anna",
                          "+group all@example.org", "+alias info@example.org; leads to: anna@example.org",
                          "+alias a@example.org; leads to: info@example.org",
                          "~group all@example.org; comes: anna@example.org info@example.org",
                          "~domain example.org; unknown addresses: refused -> info@example.org"));
}

TEST(Plan, NothingWhereNothingDiffers) {
  const Declaration all = declaration(kOrganisation);
  EXPECT_THAT(steps(all, all, true), IsEmpty());
  EXPECT_THAT(steps({}, all), IsEmpty());
}

TEST(Plan, ChangesWhatTheFileSaysAndNothingElse) {
  const Declaration wanted = declaration(R"(
[[account]]
address = "anna@example.org"
quota = 5
rights = [{ who = "bernd@example.org", rights = "lr", folder = "INBOX" }]
[[group]]
address = "all@example.org"
members = ["anna@example.org"]
[[alias]]
address = "info@example.org"
targets = ["anna@example.org", "x@elsewhere.example"]
)");
  EXPECT_THAT(steps(wanted, declaration(kOrganisation)),
              ElementsAre("~account anna@example.org; quota: 0 -> 5",
                          "~alias info@example.org; leads to: anna@example.org -> anna@example.org x@elsewhere.example",
                          "~group all@example.org; goes: info@example.org",
                          "~rights in anna@example.org; grant: bernd@example.org lr in INBOX"));
}

TEST(Plan, SeenFlagsAreOfEachReaderWhereThatIsWanted) {
  const auto with = [](const char* own_seen) {
    return declaration(std::string("[[account]]\naddress = \"sales@example.org\"\nkind = \"shared\"\n") + own_seen);
  };
  EXPECT_THAT(steps(with("own_seen = true"), {}),
              ElementsAre("+account sales@example.org; kind: shared",
                          "~read and unread in sales@example.org; each reader has his own"));
  EXPECT_THAT(steps(with("own_seen = false"), with("own_seen = true")),
              ElementsAre("~read and unread in sales@example.org; one mark for all"));
  EXPECT_THAT(steps(with(""), with("own_seen = true")), IsEmpty());
  EXPECT_THAT(steps(with("own_seen = true"), with("own_seen = true")), IsEmpty());
}

TEST(Plan, RightsToSendAreGrantedWhenAllAreThere) {
  const Declaration wanted = declaration(R"(
[[account]]
address = "sales@example.org"
kind = "shared"
send_as = ["staff@example.org", "anna@example.org"]
copy_sent = true
[[group]]
address = "staff@example.org"
send_on_behalf = ["anna@example.org"]
[[account]]
address = "anna@example.org"
send_as = []
)");
  const std::vector<std::string> all = steps(wanted, {});
  EXPECT_THAT(all,
              ElementsAre("+account sales@example.org; kind: shared; copies of what others send as it",
                          "+account anna@example.org", "+group staff@example.org",
                          "~rights to send as sales@example.org; grant send-as: anna@example.org staff@example.org",
                          "~rights to send as staff@example.org; grant send-on-behalf: anna@example.org"));
  EXPECT_THAT(steps(wanted, wanted), IsEmpty());
  const Declaration less = declaration(R"(
[[account]]
address = "sales@example.org"
kind = "shared"
send_as = ["staff@example.org"]
[[group]]
address = "staff@example.org"
)");
  EXPECT_THAT(steps(less, wanted),
              ElementsAre("~rights to send as sales@example.org; take back send-as: anna@example.org"));
}

TEST(Plan, WhatIsNotNamedGoesWhenItIsSaidSoAndMailStays) {
  const Declaration wanted = declaration("[[domain]]\nname = \"example.com\"\n");
  EXPECT_THAT(steps(wanted, declaration(kOrganisation), true),
              ElementsAre("+domain example.com", "-alias a@example.org", "-alias info@example.org",
                          "-group all@example.org", HasSubstr("~account anna@example.org; disabled")));
  // A domain goes with its last address.
  const Declaration bare = declaration(
      "[[domain]]\nname = \"example.org\"\n[[alias]]\naddress = \"a@example.org\"\ntargets = [\"b@c.example\"]\n");
  EXPECT_THAT(steps({}, bare, true), ElementsAre("-alias a@example.org", "-domain example.org"));
}

TEST(Plan, RefusesWhatWouldBecomeSomethingElse) {
  const Declaration wanted =
      declaration("[[account]]\naddress = \"all@example.org\"\n[[group]]\naddress = \"anna@example.org\"\n");
  EXPECT_THAT(steps(wanted, declaration(kOrganisation)),
              ElementsAre(HasSubstr("test.toml:1: all@example.org: is a group, and cannot become a user"),
                          HasSubstr("test.toml:3: anna@example.org: is a user, and cannot become a group")));
}

constexpr std::string_view kPeople = R"toml(
[[domain]]
name = "example.org"
catch_all = ""
[[contact]]
address = "paul@example.net"
domain = "example.org"
name = "Paul"
enabled = true
contact = {}
[[group]]
address = "sales@example.org"
name = ""
rule = "(department=Sales)"
[[address_book]]
name = "own"
viewers = ["example.org"]
shown = ["example.org", "paul@example.net"]
)toml";

TEST(Plan, ContactsRulesAndAddressBooks) {
  const Declaration all = declaration(kPeople);
  EXPECT_THAT(steps(all, all, true), IsEmpty());
  EXPECT_THAT(steps(declaration(to_toml(all)), all, true), IsEmpty());
  EXPECT_THAT(steps(all, {}),
              ElementsAre("+domain example.org", "+contact paul@example.net; name: none -> Paul",
                          "+group sales@example.org; rule: (department=Sales)",
                          "+address book own; viewers: example.org; shown: example.org paul@example.net"));
  const Declaration other = declaration(R"toml(
[[contact]]
address = "paul@example.net"
domain = "example.org"
name = "Paul P."
[[group]]
address = "sales@example.org"
rule = "(department=Sales*)"
[[address_book]]
name = "own"
viewers = ["example.org"]
shown = ["example.org"]
)toml");
  EXPECT_THAT(steps(other, all),
              ElementsAre("~contact paul@example.net; name: Paul -> Paul P.",
                          "~group sales@example.org; rule: (department=Sales) -> (department=Sales*)",
                          "~address book own; viewers: example.org; shown: example.org"));
  EXPECT_THAT(steps({}, all, true), ElementsAre("-address book own", "-group sales@example.org",
                                                "-contact paul@example.net", "-domain example.org"));
  EXPECT_THAT(steps(declaration("[[group]]\naddress = \"sales@example.org\"\nmembers = []\n"), all),
              ElementsAre(HasSubstr("is a group by a rule, and cannot become a group")));
  EXPECT_THAT(steps(declaration("[[contact]]\naddress = \"paul@example.net\"\ndomain = \"example.com\"\n"), all),
              ElementsAre(HasSubstr("does not move")));
}

TEST(Plan, RefusesAliasesInACircle) {
  const Declaration wanted = declaration(
      "[[alias]]\naddress = \"a@example.org\"\ntargets = [\"b@example.org\"]\n"
      "[[alias]]\naddress = \"b@example.org\"\ntargets = [\"a@example.org\"]\n");
  EXPECT_THAT(steps(wanted, {}), ElementsAre(HasSubstr("leads to itself"), HasSubstr("leads to itself")));
}

}  // namespace
}  // namespace gatepost::organisation
