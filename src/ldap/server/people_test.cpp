#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ldap/protocol/oids.hpp"
#include "ldap/server/test_support.hpp"

// Contacts, pictures, groups by a rule, and who sees whom.
namespace gatepost::ldap::server {
namespace {

using namespace std::string_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::UnorderedElementsAre;
using Kind = ModifyRequest::Kind;

constexpr std::string_view kPaulDn = "cn=paul@example.info,ou=contacts,dc=example,dc=org";
const std::string kJpeg = "\xff\xd8\xff\xc0\x00\x0b\x08\x00\x40\x00\x40\x01\x01\x11\x00\xff\xd9"s;
const std::string kPng =
    "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x10\x00\x00\x00\x10\x08\x06\x00\x00\x00"
    "crc!"s;

class LdapPeople : public testing::Test {
 protected:
  std::map<std::string, std::vector<std::string>> entry(std::string_view dn, std::vector<std::string> wanted = {}) {
    talk.wanted = std::move(wanted);
    talk.find("(objectClass=*)", dn, Scope::base);
    talk.wanted.clear();
    return talk.last.front().attributes;
  }
  ResultCode modify(std::string_view name, std::vector<ModifyRequest::Change> changes) {
    return talk.ask(ModifyRequest{std::string(name), std::move(changes)}).front().code;
  }

  World world;
  Talk talk{world};
};

TEST_F(LdapPeople, ContactsAreWhatReadersOfActiveDirectoryLookFor) {
  const auto paul = world.directory->add_contact("paul@example.info", "Paul Partner", "example.org");
  ASSERT_TRUE(world.directory->add_alias("paul@example.org", {"paul@example.info"}));
  const auto staff = world.directory->find("staff@example.org");
  ASSERT_TRUE(world.directory->add_members(staff->id, {"paul@example.info"}));
  talk.bind();
  EXPECT_THAT(talk.find("(&(objectClass=contact)(cn=paul*))"), ElementsAre(kPaulDn));
  EXPECT_THAT(talk.find("(objectClass=inetOrgPerson)"), Not(Contains(kPaulDn))) << "nobody who signs in";
  EXPECT_THAT(talk.find("(proxyAddresses=smtp:paul@example.org)"), ElementsAre(kPaulDn));
  auto all = entry(kPaulDn);
  EXPECT_THAT(all["objectClass"], ElementsAre("top", "person", "organizationalPerson", "contact", "mailRecipient"));
  EXPECT_THAT(all["mail"], ElementsAre("paul@example.info"));
  EXPECT_THAT(all["targetAddress"], ElementsAre("SMTP:paul@example.info"));
  EXPECT_THAT(all["proxyAddresses"], ElementsAre("SMTP:paul@example.info", "smtp:paul@example.org"));
  EXPECT_THAT(all["cn"], ElementsAre("Paul Partner", "paul@example.info"));
  EXPECT_THAT(all["sn"], ElementsAre("Partner"));
  EXPECT_THAT(all["memberOf"], ElementsAre("cn=staff,ou=groups,dc=example,dc=org"));
  EXPECT_THAT(all, Not(Contains(Key("uid"))));
  EXPECT_THAT(all, Not(Contains(Key("userAccountControl"))));
  EXPECT_THAT(entry("cn=staff,ou=groups,dc=example,dc=org")["member"], Contains(kPaulDn));
  EXPECT_NE(talk.bind("paul@example.info", kPassword), ResultCode::success);
}

TEST_F(LdapPeople, AdministratorsAddChangeAndDeleteContacts) {
  const auto add = [&](std::string dn, std::vector<Attribute> attributes) {
    attributes.push_back({"objectClass", {"contact"}});
    return talk.ask(AddRequest{std::move(dn), std::move(attributes)}).front().code;
  };
  talk.bind();
  EXPECT_EQ(add(std::string(kPaulDn), {}), ResultCode::insufficient_access_rights);
  talk.bind("root@example.org");
  EXPECT_EQ(add("cn=Paul,ou=contacts,dc=example,dc=org", {}), ResultCode::naming_violation);
  EXPECT_EQ(add(std::string(kPaulDn), {{"targetAddress", {"SMTP:other@example.info"}}}),
            ResultCode::constraint_violation);
  EXPECT_EQ(add(std::string(kPaulDn), {{"cn", {"paul@example.info", "Paul Partner"}},
                                       {"sn", {"Partner"}},
                                       {"mail", {"paul@example.info"}},
                                       {"targetAddress", {"smtp:paul@example.info"}},
                                       {"telephoneNumber", {"+49 30 1"}}}),
            ResultCode::success);
  auto all = entry(kPaulDn);
  EXPECT_THAT(all["displayName"], ElementsAre("Paul Partner"));
  EXPECT_THAT(all["telephoneNumber"], ElementsAre("+49 30 1"));
  EXPECT_EQ(modify(kPaulDn, {{Kind::replace, {"displayName", {"Paul P."}}}}), ResultCode::success);
  EXPECT_EQ(modify(kPaulDn, {{Kind::replace, {"userPassword", {"long enough"}}}}), ResultCode::unwilling_to_perform);
  EXPECT_EQ(modify(kPaulDn, {{Kind::replace, {"targetAddress", {"SMTP:x@example.info"}}}}),
            ResultCode::unwilling_to_perform);
  EXPECT_EQ(talk.ask(DeleteRequest{std::string(kPaulDn)}).front().code, ResultCode::success);
  EXPECT_THAT(talk.find("(objectClass=contact)"), IsEmpty());
}

TEST_F(LdapPeople, PicturesAreShownToWhomAsksForThem) {
  const auto anna = world.directory->find(kAnna);
  ASSERT_TRUE(world.directory->set_photo(anna->id, kJpeg));
  talk.bind();
  auto all = entry(kAnnaDn);
  EXPECT_THAT(all["jpegPhoto"], ElementsAre(kJpeg));
  EXPECT_THAT(all["thumbnailPhoto"], ElementsAre(kJpeg));
  EXPECT_THAT(entry(kAnnaDn, {"thumbnailphoto"}), ElementsAre(testing::Pair("thumbnailPhoto", ElementsAre(kJpeg))));
  EXPECT_THAT(entry(kAnnaDn, {"cn"}), Not(Contains(Key("jpegPhoto"))));
  EXPECT_THAT(talk.find("(jpegPhoto=*)"), ElementsAre(kAnnaDn));
  EXPECT_THAT(talk.find("(!(jpegPhoto=*))"), Not(Contains(kAnnaDn)));
  // jpegPhoto is a JPEG (RFC 2798 2.6).
  ASSERT_TRUE(world.directory->set_photo(anna->id, kPng));
  all = entry(kAnnaDn);
  EXPECT_THAT(all, Not(Contains(Key("jpegPhoto"))));
  EXPECT_THAT(all["thumbnailPhoto"], ElementsAre(kPng));
  // More than Active Directory takes as a thumbnail.
  ASSERT_TRUE(world.directory->set_photo(anna->id, kJpeg + std::string(110'000, ' ')));
  all = entry(kAnnaDn);
  EXPECT_THAT(all, Contains(Key("jpegPhoto")));
  EXPECT_THAT(all, Not(Contains(Key("thumbnailPhoto"))));
}

TEST_F(LdapPeople, PeopleChangeTheirOwnPicture) {
  talk.bind();
  EXPECT_EQ(modify(kAnnaDn, {{Kind::add, {"jpegPhoto", {"GIF89a"}}}}), ResultCode::constraint_violation);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::add, {"jpegPhoto", {kPng}}}}), ResultCode::invalid_attribute_syntax);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::add, {"jpegPhoto", {kJpeg}}}}), ResultCode::success);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::add, {"jpegPhoto", {kJpeg}}}}), ResultCode::attribute_or_value_exists);
  EXPECT_THAT(entry(kAnnaDn)["jpegPhoto"], ElementsAre(kJpeg));
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"thumbnailPhoto", {kPng}}}}), ResultCode::success);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::remove, {"jpegPhoto", {}}}}), ResultCode::no_such_attribute);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::remove, {"thumbnailPhoto", {}}}}), ResultCode::success);
  EXPECT_THAT(entry(kAnnaDn), Not(Contains(Key("thumbnailPhoto"))));
  EXPECT_EQ(modify("uid=hilde,ou=people,dc=example,dc=org", {{Kind::replace, {"jpegPhoto", {kJpeg}}}}),
            ResultCode::insufficient_access_rights);
  talk.bind("hilde@example.org");
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"jpegPhoto", {kJpeg}}}, {Kind::replace, {"thumbnailPhoto", {kPng}}}}),
            ResultCode::success);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"jpegPhoto", {kJpeg}}}, {Kind::replace, {"title", {"x"}}}}),
            ResultCode::unwilling_to_perform);
}

TEST_F(LdapPeople, GroupsByARuleShowTheirRuleAndWhomItFits) {
  ASSERT_TRUE(world.directory->add_rule_group("sales@example.org", "", "(department=Sales & Co)"));
  constexpr std::string_view kSales = "cn=sales,ou=groups,dc=example,dc=org";
  talk.bind("root@example.org");
  EXPECT_THAT(talk.find("(objectClass=groupOfURLs)"), ElementsAre(kSales));
  EXPECT_THAT(entry(kSales)["memberURL"], ElementsAre("ldap:///??sub?(department=Sales%20&%20Co)"));
  EXPECT_THAT(entry(kSales), Not(Contains(Key("member"))));
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"department", {"sales & co"}}}}), ResultCode::success);
  EXPECT_THAT(entry(kSales)["member"], ElementsAre(kAnnaDn));
  EXPECT_THAT(talk.find("(member=" + std::string(kAnnaDn) + ")"),
              UnorderedElementsAre(kSales, "cn=staff,ou=groups,dc=example,dc=org"));
  EXPECT_THAT(talk.find("(memberOf:1.2.840.113556.1.4.1941:=" + std::string(kSales) + ")"), ElementsAre(kAnnaDn));
  EXPECT_EQ(modify(kSales, {{Kind::add, {"member", {"uid=root,ou=people,dc=example,dc=org"}}}}),
            ResultCode::unwilling_to_perform);
  EXPECT_EQ(modify(kSales, {{Kind::replace, {"memberURL", {"ldap:///"}}}}), ResultCode::constraint_violation);
}

TEST_F(LdapPeople, AddressBooksSayWhomSomebodySees) {
  constexpr std::string_view kStaff = "cn=staff,ou=groups,dc=example,dc=org";
  const auto staff = world.directory->find("staff@example.org");
  ASSERT_TRUE(world.directory->add_members(staff->id, {"hilde@example.org"}));
  ASSERT_TRUE(world.directory->put_address_book(
      {"anna", {std::string(kAnna)}, {"otto@example.net", std::string(kAnna), "staff@example.org"}}));
  ASSERT_TRUE(world.directory->put_address_book({"otto", {"example.net"}, {"staff@example.org"}}));
  ASSERT_TRUE(world.directory->remove_member(staff->id, "hilde@example.org"));
  talk.bind();
  EXPECT_THAT(talk.find("(objectClass=mailRecipient)", ""),
              UnorderedElementsAre(kAnnaDn, "uid=otto,ou=people,dc=example,dc=net", kStaff));
  EXPECT_THAT(talk.find("(objectClass=*)", "uid=hilde,ou=people,dc=example,dc=org", Scope::base),
              ElementsAre("code 32"));
  // Nor is somebody named whom he does not see.
  ASSERT_TRUE(
      world.directory->put_address_book({"anna", {std::string(kAnna)}, {"otto@example.net", "staff@example.org"}}));
  ASSERT_TRUE(world.directory->put_address_book({"otto", {"example.net"}, {}}));
  const auto group = world.directory->add_principal(directory::PrincipalKind::group, "secret@example.org", "");
  ASSERT_TRUE(world.directory->add_members(group->id, {"otto@example.net", std::string(kAnna)}));
  EXPECT_THAT(entry(kAnnaDn)["memberOf"], ElementsAre(kStaff));
  EXPECT_THAT(entry("uid=otto,ou=people,dc=example,dc=net"), Not(Contains(Key("memberOf"))));
  talk.bind("root@example.org");
  EXPECT_THAT(entry(kAnnaDn)["memberOf"], UnorderedElementsAre(kStaff, "cn=secret,ou=groups,dc=example,dc=org"));
}

TEST_F(LdapPeople, ACopyBeginsAnewWhenAnAddressBookShowsOthers) {
  ASSERT_TRUE(world.directory->put_address_book({"anna", {std::string(kAnna)}, {"otto@example.net"}}));
  talk.bind();
  EXPECT_THAT(talk.find("(uid=*)", "", Scope::subtree, {sync(true)}),
              testing::Contains("uid=otto,ou=people,dc=example,dc=net"));
  ASSERT_TRUE(world.directory->put_address_book({"anna", {std::string(kAnna)}, {"hilde@example.org"}}));
  const auto told = talk.wake();
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().code, ResultCode::sync_refresh_required);
  // By its cookie it gets all again.
  talk.find("(uid=*)", "", Scope::subtree, {sync(false)});
  ber::Reader value(talk.last.back().controls.at(std::string(oid::kSyncDone)));
  const std::string cookie(value.inside(ber::kSequence).octets());
  EXPECT_THAT(talk.find("(uid=*)", "", Scope::subtree, {sync(false, cookie)}),
              UnorderedElementsAre(kAnnaDn, "uid=hilde,ou=people,dc=example,dc=org"));
}

}  // namespace
}  // namespace gatepost::ldap::server
