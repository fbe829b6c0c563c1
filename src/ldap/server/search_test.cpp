#include "ldap/server/search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "ldap/protocol/oids.hpp"
#include "ldap/server/sync.hpp"
#include "ldap/server/test_support.hpp"

namespace gatepost::ldap::server {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::string_view kRootDn = "uid=root,ou=people,dc=example,dc=org";
constexpr std::string_view kHildeDn = "uid=hilde,ou=people,dc=example,dc=org";

class LdapSearch : public testing::Test {
 protected:
  LdapSearch() { talk.bind(); }
  std::vector<std::string> find(std::string_view filter) { return talk.find(filter); }
  void set(std::string_view address, directory::Contact contact) {
    auto principal = *world.directory->find(address);
    principal.contact = std::make_shared<const directory::Contact>(std::move(contact));
    ASSERT_TRUE(world.directory->update_principal(principal));
  }
  World world;
  Talk talk{world};
};

TEST_F(LdapSearch, FindsByEveryKindOfFilter) {
  set(kAnna, {{directory::ContactField::phone, "+49 30 1234"}, {directory::ContactField::title, "Director"}});
  for (const std::string_view filter : {"(uid=anna)",
                                        "(UID=ANNA)",
                                        "(mail=anna@example.org)",
                                        "(proxyAddresses=smtp:a.berg@example.org)",
                                        "(sAMAccountName=anna)",
                                        "(cn=anna  BERG)",
                                        "(cn=Anna*)",
                                        "(cn=*berg)",
                                        "(cn=*nna*be*)",
                                        "(sn=Ber*)",
                                        "(displayName~=anna berg)",
                                        "(&(objectClass=person)(mail=a*))",
                                        "(|(uid=nobody)(uid=anna))",
                                        "(&(objectClass=user)(!(uid=root))(cn=*a b*))",
                                        "(telephoneNumber=+49-301234)",
                                        "(telephoneNumber=*1234)",
                                        "(title=*)",
                                        "(entryDN=UID=anna,ou=people,dc=example,dc=org)",
                                        "(distinguishedName=uid=anna,ou=people,dc=example,dc=org)",
                                        "(cn:caseExactMatch:=Anna Berg)",
                                        "(cn:=ANNA BERG)",
                                        "(uid:dn:=anna)",
                                        "(memberOf=cn=staff,ou=groups,dc=example,dc=org)",
                                        "(memberOf:1.2.840.113556.1.4.1941:=cn=staff,ou=groups,dc=example,dc=org)",
                                        "(&(userAccountControl:1.2.840.113556.1.4.803:=512)(mail=anna*))",
                                        "(&(uid>=anna)(uid<=annb))"}) {
    EXPECT_THAT(find(filter), ElementsAre(kAnnaDn)) << filter;
  }
  for (const std::string_view filter :
       {"(uid=ann)", "(cn:caseExactMatch:=anna berg)", "(cn=*berga*)", "(unknown=anna)", "(!(unknown=anna))",
        "(uid;lang-de=anna)", "(&(uid=anna)(unknown=x))", "(userAccountControl=x)", "(&(uid=anna)(title<=A))",
        "(:1.2.3.4:=anna)", "(uid:1.2.3.4:=anna)", "(userAccountControl:1.2.840.113556.1.4.804:=2)", "(|)",
        "(objectGUID=x)", "(cn=*zz*)"}) {
    EXPECT_THAT(find(filter), IsEmpty()) << filter;
  }
  EXPECT_THAT(find("(member=uid=anna,ou=people,dc=example,dc=org)"), ElementsAre(kStaffDn));
  EXPECT_THAT(find("(&)"), SizeIs(12)) << "the domain, six units, three people, a room and a group";
}

TEST_F(LdapSearch, ShowsEquipmentAsAUserWhoDoesNotSignIn) {
  ASSERT_TRUE(world.directory->add_principal(directory::PrincipalKind::equipment, "van@example.org", "The van"));
  EXPECT_THAT(find("(&(objectClass=user)(uid=van)(userAccountControl:1.2.840.113556.1.4.803:=2))"),
              ElementsAre("uid=van,ou=equipment,dc=example,dc=org"));
  EXPECT_THAT(find("(&(cn=The van)(sAMAccountName=van)(mail=van@example.org))"), SizeIs(1));
}

TEST_F(LdapSearch, KeepsToItsScope) {
  EXPECT_THAT(talk.find("(objectClass=*)", "dc=example,dc=org", Scope::base), ElementsAre("dc=example,dc=org"));
  EXPECT_THAT(talk.find("(objectClass=*)", "dc=example,dc=org", Scope::one), SizeIs(6));
  EXPECT_THAT(talk.find("(uid=*)", "ou=people,dc=example,dc=org", Scope::one),
              UnorderedElementsAre(kAnnaDn, kHildeDn, kRootDn));
  EXPECT_THAT(talk.find("(uid=*)", kAnnaDn, Scope::subtree), ElementsAre(kAnnaDn));
  EXPECT_THAT(talk.find("(uid=*)", kAnnaDn, Scope::one), IsEmpty());
  EXPECT_THAT(talk.find("(uid=otto)", "", Scope::subtree), ElementsAre("uid=otto,ou=people,dc=example,dc=net"));
  EXPECT_THAT(talk.find("(uid=otto)"), IsEmpty());
  EXPECT_THAT(talk.find("(objectClass=*)", "", Scope::one),
              UnorderedElementsAre("dc=example,dc=org", "dc=example,dc=net"));
  EXPECT_THAT(talk.find("(uid=*)", "uid=nobody,ou=people,dc=example,dc=org", Scope::base), ElementsAre("code 32"));
  EXPECT_EQ(talk.last.back().matched, "ou=people,dc=example,dc=org");
  EXPECT_THAT(talk.find("(uid=*)", "no name", Scope::base), ElementsAre("code 34"));
}

TEST_F(LdapSearch, ShowsWhatIsAskedFor) {
  find("(uid=anna)");
  auto all = talk.last.front().attributes;
  EXPECT_THAT(all.at("mail"), ElementsAre("anna@example.org"));
  EXPECT_THAT(all.at("proxyAddresses"), ElementsAre("SMTP:anna@example.org", "smtp:a.berg@example.org"));
  EXPECT_THAT(all.at("memberOf"), ElementsAre(kStaffDn));
  EXPECT_THAT(all.at("sn"), ElementsAre("Berg"));
  EXPECT_THAT(all.at("objectGUID").front(), SizeIs(16));
  EXPECT_THAT(all, Not(Contains(Key("entryUUID"))));
  EXPECT_THAT(all, Not(Contains(Key("userPassword"))));
  talk.wanted = {"CN", "commonName", "unknown"};
  find("(uid=anna)");
  EXPECT_THAT(talk.last.front().attributes, ElementsAre(Key("cn")));
  talk.wanted = {"1.1"};
  find("(uid=anna)");
  EXPECT_THAT(talk.last.front().attributes, IsEmpty());
  talk.wanted = {"+"};
  find("(uid=anna)");
  EXPECT_THAT(talk.last.front().attributes, Contains(Key("entryUUID")));
  EXPECT_THAT(talk.last.front().attributes, Not(Contains(Key("cn"))));
  const std::string uuid = talk.last.front().attributes.at("entryUUID").front();
  EXPECT_THAT(find("(entryUUID=" + uuid + ")"), ElementsAre(kAnnaDn));
  talk.wanted = {"*", "modifyTimestamp"};
  find("(uid=anna)");
  EXPECT_THAT(talk.last.front().attributes, Contains(Key("cn")));
  EXPECT_THAT(talk.last.front().attributes, Contains(Key("modifyTimestamp")));
  SearchRequest types{
      .base = std::string(kAnnaDn), .types_only = true, .filter = *parse_filter_text("(uid=*)"), .attributes = {"cn"}};
  EXPECT_THAT(talk.ask(types).front().attributes.at("cn"), IsEmpty());
}

TEST_F(LdapSearch, ShowsWhoSendsOnBehalfOfWhom) {
  auto& people = *world.directory;
  const auto root = people.find("root@example.org")->id, anna = people.find(kAnna)->id;
  ASSERT_TRUE(people.change_senders(root, directory::SendRight::on_behalf, {anna}, {}));
  ASSERT_TRUE(people.change_senders(root, directory::SendRight::as, {people.find("hilde@example.org")->id}, {}));
  find("(uid=root)");
  EXPECT_THAT(talk.last.front().attributes.at("publicDelegates"), ElementsAre(kAnnaDn));
  find("(uid=anna)");
  EXPECT_THAT(talk.last.front().attributes.at("publicDelegatesBL"), ElementsAre(kRootDn));
  EXPECT_THAT(find("(publicDelegates=" + std::string(kAnnaDn) + ")"), ElementsAre(kRootDn));
  ASSERT_TRUE(people.change_senders(root, directory::SendRight::on_behalf, {}, {anna}));
  EXPECT_THAT(find("(publicDelegates=*)"), IsEmpty());
}

TEST_F(LdapSearch, HidesWhoIsSwitchedOffFromPeople) {
  EXPECT_THAT(find("(uid=gone)"), IsEmpty());
  EXPECT_THAT(talk.find("(uid=*)", "uid=gone,ou=people,dc=example,dc=org", Scope::base), ElementsAre("code 32"));
  talk.bind("hilde@example.org");
  EXPECT_THAT(find("(uid=gone)"), SizeIs(1));
  EXPECT_THAT(find("(userAccountControl:1.2.840.113556.1.4.804:=2)"), SizeIs(1));
}

TEST_F(LdapSearch, MayShowPeopleTheirOwnDomainAlone) {
  world.server.reload({.own_domain_only = true});
  Talk other(world);
  other.bind();
  EXPECT_THAT(other.find("(uid=otto)", "", Scope::subtree), IsEmpty());
  EXPECT_THAT(other.find("(uid=*)", "dc=example,dc=net", Scope::base), ElementsAre("code 32"));
  other.bind("root@example.org");
  EXPECT_THAT(other.find("(uid=otto)", "", Scope::subtree), SizeIs(1));
}

TEST_F(LdapSearch, FollowsEachChangeOfTheDirectory) {
  EXPECT_THAT(find("(uid=ben)"), IsEmpty());
  const auto ben = world.add("ben@example.org", kPassword, "Ben");
  EXPECT_THAT(find("(uid=ben)"), SizeIs(1));
  const auto staff = world.directory->find("staff@example.org");
  ASSERT_TRUE(world.directory->add_members(staff->id, {"ben@example.org"}));
  EXPECT_THAT(find("(memberOf=cn=staff,ou=groups,dc=example,dc=org)"), SizeIs(2));
  ASSERT_TRUE(world.directory->remove_member(staff->id, "anna@example.org"));
  EXPECT_THAT(find("(memberOf=cn=staff,ou=groups,dc=example,dc=org)"),
              ElementsAre("uid=ben,ou=people,dc=example,dc=org"));
  ASSERT_TRUE(world.directory->remove_principal(staff->id));
  EXPECT_THAT(find("(memberOf=*)"), IsEmpty());
  ASSERT_TRUE(world.directory->remove_principal(ben.id));
  EXPECT_THAT(find("(uid=ben)"), IsEmpty());
  EXPECT_THAT(find("(cn=*ben*)"), IsEmpty());
  ASSERT_TRUE(world.directory->add_domain("example.com"));
  EXPECT_THAT(talk.find("(objectClass=domain)", "", Scope::subtree), SizeIs(3));
  ASSERT_TRUE(world.directory->remove_domain("example.com"));
  EXPECT_THAT(talk.find("(objectClass=domain)", "", Scope::subtree), SizeIs(2));
}

TEST_F(LdapSearch, FollowsMembershipThroughGroupsAndCircles) {
  const auto all = world.directory->add_principal(directory::PrincipalKind::group, "all@example.org", "All");
  ASSERT_TRUE(world.directory->add_members(all->id, {"staff@example.org", "root@example.org"}));
  ASSERT_TRUE(world.directory->add_members(world.directory->find("staff@example.org")->id, {"all@example.org"}));
  EXPECT_THAT(find("(&(objectClass=person)(memberOf:1.2.840.113556.1.4.1941:=cn=all,ou=groups,dc=example,dc=org))"),
              UnorderedElementsAre(kAnnaDn, kRootDn));
  EXPECT_THAT(find("(&(objectClass=person)(memberOf=cn=all,ou=groups,dc=example,dc=org))"), ElementsAre(kRootDn));
  EXPECT_THAT(find("(member:1.2.840.113556.1.4.1941:=uid=anna,ou=people,dc=example,dc=org)"),
              UnorderedElementsAre(kStaffDn, "cn=all,ou=groups,dc=example,dc=org"));
}

Control paged(std::uint32_t size, std::string_view cookie) {
  std::string value;
  ber::Writer writer(value);
  const auto mark = writer.begin(ber::kSequence);
  writer.integer(size);
  writer.octets(cookie);
  writer.end(mark);
  return {std::string(oid::kPagedResults), true, value};
}
std::string cookie_of(const Heard& done) {
  ber::Reader in = ber::Reader(done.controls.at(std::string(oid::kPagedResults))).inside(ber::kSequence);
  (void)in.integer();
  return std::string(in.octets());
}

TEST_F(LdapSearch, GivesPagesUntilThereIsNoMore) {
  for (int i = 0; i < 25; ++i) world.add("p" + std::to_string(i) + "@example.org", kPassword, "Person");
  for (const std::string_view filter : {"(uid=*)", "(cn=*erson*)"}) {
    const std::size_t expected = filter == "(uid=*)" ? 28 : 25;
    std::set<std::string> seen;
    std::string cookie;
    int pages = 0;
    do {
      const auto page = talk.find(filter, "dc=example,dc=org", Scope::subtree, {paged(7, cookie)});
      EXPECT_LE(page.size(), 7U);
      seen.insert(page.begin(), page.end());
      cookie = cookie_of(talk.last.back());
      ++pages;
    } while (!cookie.empty() && pages < 20);
    EXPECT_EQ(pages, 4) << filter;
    EXPECT_EQ(seen.size(), expected);
  }
}

TEST_F(LdapSearch, ACookieBelongsToItsSearch) {
  talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {paged(1, "")});
  const std::string cookie = cookie_of(talk.last.back());
  ASSERT_FALSE(cookie.empty());
  EXPECT_THAT(talk.find("(cn=*)", "dc=example,dc=org", Scope::subtree, {paged(1, cookie)}), ElementsAre("code 53"));
  EXPECT_THAT(talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {paged(1, "made up")}), ElementsAre("code 53"));
  EXPECT_THAT(talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {paged(0, cookie)}), IsEmpty());
  EXPECT_EQ(cookie_of(talk.last.back()), "");
}

TEST_F(LdapSearch, SizeLimitsHoldOverAllPages) {
  world.server.reload({.size_limit = 3});
  Talk other(world);
  other.bind();
  EXPECT_THAT(other.find("(objectClass=*)"), SizeIs(4)) << "three and the code";
  EXPECT_EQ(other.last.back().code, ResultCode::size_limit_exceeded);
  EXPECT_THAT(other.find("(objectClass=*)", "dc=example,dc=org", Scope::subtree, {paged(2, "")}), SizeIs(2));
  const std::string cookie = cookie_of(other.last.back());
  EXPECT_THAT(other.find("(objectClass=*)", "dc=example,dc=org", Scope::subtree, {paged(2, cookie)}), SizeIs(2));
  EXPECT_EQ(other.last.back().code, ResultCode::size_limit_exceeded);
  SearchRequest request{
      .base = "dc=example,dc=org", .scope = Scope::subtree, .size_limit = 1, .filter = *parse_filter_text("(uid=*)")};
  EXPECT_EQ(other.ask(request).back().code, ResultCode::size_limit_exceeded);
}

Control sort_by(std::vector<std::pair<std::string, bool>> keys) {
  std::string value;
  ber::Writer writer(value);
  const auto mark = writer.begin(ber::kSequence);
  for (const auto& [name, reverse] : keys) {
    const auto one = writer.begin(ber::kSequence);
    writer.octets(name);
    if (reverse) writer.boolean(true, ber::context(1));
    writer.end(one);
  }
  writer.end(mark);
  return {std::string(oid::kSortRequest), true, value};
}

TEST_F(LdapSearch, PutsEntriesInOrder) {
  EXPECT_THAT(talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {sort_by({{"cn", false}})}),
              ElementsAre(kAnnaDn, kHildeDn, kRootDn));
  EXPECT_THAT(talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {sort_by({{"sn", true}})}),
              ElementsAre(kRootDn, kHildeDn, kAnnaDn));
  EXPECT_THAT(talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {sort_by({{"unknown", false}})}),
              ElementsAre("code 12"));
  EXPECT_THAT(talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {sort_by({{"cn", false}}), paged(2, "")}),
              ElementsAre(kAnnaDn, kHildeDn));
  EXPECT_THAT(talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree,
                        {sort_by({{"cn", false}}), paged(2, cookie_of(talk.last.back()))}),
              ElementsAre(kRootDn));
  EXPECT_EQ(cookie_of(talk.last.back()), "");
}

Control view(int before, int after, int offset, int content, std::string_view value = {}) {
  std::string out;
  ber::Writer writer(out);
  const auto mark = writer.begin(ber::kSequence);
  writer.integer(before);
  writer.integer(after);
  if (value.empty()) {
    const auto place = writer.begin(ber::context_constructed(0));
    writer.integer(offset);
    writer.integer(content);
    writer.end(place);
  } else {
    writer.octets(value, ber::context(1));
  }
  writer.end(mark);
  return {std::string(oid::kListViewRequest), true, out};
}

TEST_F(LdapSearch, ShowsAWindowOfTheList) {
  const Control order = sort_by({{"cn", false}});
  const auto window = [&](const Control& control) {
    return talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {order, control});
  };
  EXPECT_THAT(window(view(0, 1, 1, 0)), ElementsAre(kAnnaDn, kHildeDn));
  EXPECT_THAT(window(view(1, 0, 3, 3)), ElementsAre(kHildeDn, kRootDn));
  EXPECT_THAT(window(view(0, 0, 0, 0, "hi")), ElementsAre(kHildeDn));
  EXPECT_THAT(window(view(1, 1, 0, 0, "zz")), ElementsAre(kRootDn));
  EXPECT_THAT(window(view(0, 0, 0, 0)), ElementsAre("code 61"));
  EXPECT_THAT(talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {view(0, 1, 1, 0)}), ElementsAre("code 60"));
}

TEST_F(LdapSearch, ShowsMatchedValuesAlone) {
  std::string value;
  ber::Writer writer(value);
  const auto mark = writer.begin(ber::kSequence);
  write(value, *parse_filter_text("(proxyAddresses=smtp:a.*)"));
  writer.end(mark);
  talk.wanted = {"proxyAddresses"};
  talk.find("(uid=anna)", "dc=example,dc=org", Scope::subtree, {{std::string(oid::kMatchedValues), true, value}});
  EXPECT_THAT(talk.last.front().attributes.at("proxyAddresses"), ElementsAre("smtp:a.berg@example.org"));
}

TEST_F(LdapSearch, HoldsAnAssertionAgainstTheBase) {
  std::string value;
  write(value, *parse_filter_text("(dc=other)"));
  EXPECT_THAT(
      talk.find("(uid=anna)", "dc=example,dc=org", Scope::subtree, {{std::string(oid::kAssertion), true, value}}),
      ElementsAre("code 122"));
}

TEST_F(LdapSearch, OnlyAdministratorsActForOthers) {
  const Control as_anna{std::string(oid::kProxiedAuthorization), true, "u:anna@example.org"};
  EXPECT_THAT(talk.find("(uid=gone)", "dc=example,dc=org", Scope::subtree, {as_anna}), ElementsAre("code 123"));
  talk.bind("root@example.org");
  EXPECT_THAT(talk.find("(uid=gone)"), SizeIs(1));
  EXPECT_THAT(talk.find("(uid=gone)", "dc=example,dc=org", Scope::subtree, {as_anna}), IsEmpty());
  EXPECT_EQ(talk.ask(ExtendedRequest{std::string(oid::kWhoAmI), {}}, {as_anna}).front().value,
            "dn:" + std::string(kAnnaDn));
}

// "add uid=anna,...", and so on.
std::vector<std::string> states(const std::vector<Heard>& heard) {
  std::vector<std::string> out;
  for (const Heard& one : heard) {
    if (one.operation != 4) continue;
    ber::Reader in = ber::Reader(one.controls.at(std::string(oid::kSyncState))).inside(ber::kSequence);
    constexpr std::array kWords{"present ", "add ", "modify ", "delete "};
    out.push_back(kWords.at(static_cast<std::size_t>(in.integer(ber::kEnumerated))) + one.dn);
    EXPECT_EQ(in.octets().size(), 16U);
  }
  return out;
}

TEST_F(LdapSearch, KeepsACopyInStep) {
  talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {sync(false)});
  EXPECT_THAT(states(talk.last), SizeIs(3));
  ber::Reader done = ber::Reader(talk.last.back().controls.at(std::string(oid::kSyncDone))).inside(ber::kSequence);
  const std::string cookie(done.octets());
  EXPECT_TRUE(done.at_end()) << "what was not sent is gone";
  talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {sync(false, cookie)});
  EXPECT_THAT(states(talk.last), IsEmpty());

  const auto ben = world.add("ben@example.org", kPassword, "Ben");
  set(kAnna, {{directory::ContactField::title, "Boss"}});
  ASSERT_TRUE(world.directory->remove_principal(world.directory->find("hilde@example.org")->id));
  talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {sync(false, cookie)});
  EXPECT_THAT(states(talk.last), ElementsAre("add uid=ben,ou=people,dc=example,dc=org", "add " + std::string(kAnnaDn),
                                             "delete " + std::string(kHildeDn)));
  talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {sync(false, "nonsense")});
  EXPECT_EQ(talk.last.back().code, ResultCode::sync_refresh_required);
  talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {sync(false, make_sync_cookie({1'000'000}))});
  EXPECT_EQ(talk.last.back().code, ResultCode::sync_refresh_required);
}

TEST_F(LdapSearch, TellsOfChangesAsLongAsItGoesOn) {
  talk.find("(uid=*)", "dc=example,dc=org", Scope::subtree, {sync(true)});
  EXPECT_EQ(talk.last.back().operation, 25U) << "the first phase is over, and the search is not";
  EXPECT_EQ(talk.last.back().oid, oid::kSyncInfo);
  const int id = talk.last.back().id;
  world.clock.advance(std::chrono::seconds(1));
  set(kAnna, {{directory::ContactField::title, "Boss"}});
  auto heard = talk.wake();
  EXPECT_THAT(states(heard), ElementsAre("modify " + std::string(kAnnaDn)));
  EXPECT_EQ(heard.back().oid, oid::kSyncInfo);
  (void)world.directory->remove_principal(world.directory->find("hilde@example.org")->id);
  EXPECT_THAT(states(talk.wake()), ElementsAre("delete " + std::string(kHildeDn)));
  EXPECT_TRUE(talk.session().timed_out()) << "a sign of life";
  std::string value;
  ber::Writer writer(value);
  const auto mark = writer.begin(ber::kSequence);
  writer.integer(id);
  writer.end(mark);
  heard = talk.ask(ExtendedRequest{std::string(oid::kCancel), value});
  EXPECT_THAT(heard, Contains(testing::Field(&Heard::code, ResultCode::canceled)));
  EXPECT_EQ(heard.back().code, ResultCode::success);
  EXPECT_FALSE(talk.session().timed_out());
}

TEST_F(LdapSearch, Compares) {
  const auto compare = [&](std::string_view attribute, std::string_view value) {
    return talk.ask(CompareRequest{std::string(kAnnaDn), std::string(attribute), std::string(value)}).front().code;
  };
  EXPECT_EQ(compare("cn", "ANNA berg"), ResultCode::compare_true);
  EXPECT_EQ(compare("cn", "x"), ResultCode::compare_false);
  EXPECT_EQ(compare("title", "x"), ResultCode::no_such_attribute);
  EXPECT_EQ(compare("unknown", "x"), ResultCode::undefined_attribute_type);
  EXPECT_EQ(compare("userAccountControl", "x"), ResultCode::invalid_attribute_syntax);
  EXPECT_EQ(compare("entryUUID", "x"), ResultCode::invalid_attribute_syntax);
}

}  // namespace
}  // namespace gatepost::ldap::server
