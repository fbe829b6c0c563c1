#include "organisation/declaration.hpp"

#include <gmock/gmock.h>

namespace gatepost::organisation {
namespace {

using directory::ContactField;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

std::vector<std::string> problems_of(std::string_view text) {
  std::vector<std::string> out;
  const auto parsed = parse(text, "people.toml");
  if (parsed) return out;
  for (const auto& problem : parsed.error()) out.push_back(problem.text());
  return out;
}

constexpr std::string_view kWhole = R"(
[[domain]]
name = "Example.ORG"
catch_all = ""

[[account]]
address = "Anna@example.org"
name = "Anna \"A\" Muster"
role = "admin"
quota = 1000
contact = { given-name = "Anna", phone = ["+49 30 1", "+49 30 2"] }

[[account]]
address = "sales@example.org"
kind = "shared"
enabled = false
rights = [
  { who = "anna@example.org", rights = "lrswi" },
  { who = "-anyone", rights = "r", folder = "Secret/Plans" },
]

[[group]]
address = "all@example.org"
members = ["sales@example.org", "ANNA@example.org", "x@elsewhere.example", "anna@example.org"]

[[alias]]
address = "info@example.org"
targets = ["sales@example.org", "anna@example.org"]
)";

TEST(Declaration, ReadsWhatPeopleWrite) {
  const auto parsed = parse(kWhole, "people.toml");
  ASSERT_TRUE(parsed) << parsed.error().front().text();
  EXPECT_EQ(parsed->domains.at(0).name, "example.org");
  EXPECT_EQ(parsed->domains.at(0).catch_all, "");
  const Mailbox& anna = parsed->mailboxes.at(0);
  EXPECT_EQ(anna.address, "anna@example.org");
  EXPECT_EQ(anna.name, "Anna \"A\" Muster");
  EXPECT_EQ(anna.role, directory::Role::admin);
  EXPECT_EQ(anna.quota_octets, 1000U);
  EXPECT_FALSE(anna.enabled);
  EXPECT_FALSE(anna.rights);
  EXPECT_THAT(*anna.contact,
              ElementsAre(std::pair(ContactField::given_name, "Anna"), std::pair(ContactField::phone, "+49 30 1"),
                          std::pair(ContactField::phone, "+49 30 2")));
  const Mailbox& sales = parsed->mailboxes.at(1);
  EXPECT_EQ(sales.kind, directory::PrincipalKind::shared_mailbox);
  EXPECT_EQ(sales.enabled, false);
  ASSERT_THAT(*sales.rights, SizeIs(2));
  EXPECT_FALSE(sales.rights->at(0).folder);
  EXPECT_EQ(sales.rights->at(1).who, "-anyone");
  EXPECT_EQ(sales.rights->at(1).folder, "Secret/Plans");
  EXPECT_THAT(*parsed->groups.at(0).members,
              ElementsAre("anna@example.org", "sales@example.org", "x@elsewhere.example"));
  EXPECT_THAT(parsed->aliases.at(0).targets, ElementsAre("sales@example.org", "anna@example.org"));
}

TEST(Declaration, WritesWhatItReads) {
  const auto parsed = parse(kWhole, "people.toml");
  ASSERT_TRUE(parsed);
  const std::string text = to_toml(*parsed);
  const auto again = parse(text, "again.toml");
  ASSERT_TRUE(again) << again.error().front().text() << text;
  EXPECT_EQ(to_toml(*again), text);
  EXPECT_EQ(again->mailboxes.at(1).rights, parsed->mailboxes.at(1).rights);
  EXPECT_EQ(again->mailboxes.at(0).contact, parsed->mailboxes.at(0).contact);
}

TEST(Declaration, NamesEveryProblemWithItsLine) {
  const auto problems = problems_of(
      "[[domain]]\nname = \"no domain\"\n[[person]]\n[[account]]\nname = 1\n[[account]]\naddress = \"a@b.example\"\n"
      "kind = \"robot\"\nquota = -1\nrights = [{ who = \"x@b.example\", rights = \"xyz\" }]\ncontact = { shoe = \"42\" "
      "}\n"
      "[[alias]]\naddress = \"a@b.example\"\n");
  ASSERT_THAT(problems, SizeIs(10));
  std::string all;
  for (const auto& p : problems) all += p + "\n";
  for (const char* part :
       {"people.toml:2: [[domain]] name: no domain", "people.toml:3: person: unknown",
        "people.toml:5: [[account]] name: must be a text", "people.toml:4: [[account]] address: missing",
        "people.toml:8: [[account]] kind: unknown", "people.toml:9: [[account]] quota: must be a number",
        "people.toml:10: [[account]] rights: unknown", "people.toml:11: [[account]] contact.shoe: unknown key",
        "people.toml:12: [[alias]] targets: missing", "a@b.example is there twice"}) {
    EXPECT_THAT(all, HasSubstr(part));
  }
}

TEST(Declaration, TakesNoControlCharactersAndRepeatsNone) {
  for (const char* text : {"[[account]]\naddress = \"a@b\\u001b.example\"\n", "[[domain]]\nname = \"a\tb.example\"\n",
                           "[[account]]\naddress = \"a@b.example\"\nname = \"\\u001b[2J\"\n"}) {
    EXPECT_THAT(problems_of(text),
                ElementsAre(AllOf(HasSubstr("has control characters"), Not(HasSubstr("\x1b")), Not(HasSubstr("\t")))));
  }
}

TEST(Declaration, RefusesWhatIsNoToml) {
  EXPECT_THAT(problems_of("[[account]\n"), ElementsAre(HasSubstr("people.toml:1: not TOML")));
  EXPECT_THAT(problems_of("account = 1\n"), ElementsAre(HasSubstr("must be tables")));
  EXPECT_THAT(problems_of("account = [1, 2]\n"), SizeIs(2));
  EXPECT_THAT(problems_of("[[account]]\naddress = \"a@b.example\"\nkind = \"room\"\nrole = \"admin\"\n"),
              ElementsAre(HasSubstr("only people have one")));
  EXPECT_THAT(problems_of("[[account]]\naddress = \"a@b.example\"\nrights = [{ who = \"c@b.example\" }]\n"),
              ElementsAre(HasSubstr("missing")));
}

TEST(Declaration, SaysWhatIsWrongWithContactsRulesAndAddressBooks) {
  EXPECT_THAT(problems_of("[[contact]]\naddress = \"a@example.net\"\n"), ElementsAre(HasSubstr("domain: missing")));
  EXPECT_THAT(problems_of("[[group]]\naddress = \"a@example.org\"\nrule = \"(cn=\"\n"),
              ElementsAre(HasSubstr("no filter")));
  EXPECT_THAT(problems_of("[[group]]\naddress = \"a@example.org\"\nrule = \"(cn=a)\"\nmembers = []\n"),
              ElementsAre(HasSubstr("there are members, too")));
  EXPECT_THAT(problems_of("[[address_book]]\nname = \"b\"\nviewers = [\"no domain\"]\n"),
              testing::UnorderedElementsAre(HasSubstr("viewers: no domain"), HasSubstr("shown: missing")));
}

}  // namespace
}  // namespace gatepost::organisation
