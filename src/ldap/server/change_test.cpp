#include "ldap/server/change.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "directory/password_age.hpp"
#include "ldap/protocol/oids.hpp"
#include "ldap/server/test_support.hpp"

namespace gatepost::ldap::server {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::SizeIs;
using Kind = ModifyRequest::Kind;

class LdapChange : public testing::Test {
 protected:
  ResultCode modify(std::string_view name, std::vector<ModifyRequest::Change> changes,
                    const std::vector<Control>& controls = {}) {
    last = talk.ask(ModifyRequest{std::string(name), std::move(changes)}, controls).front();
    return last.code;
  }
  std::vector<std::string> values(std::string_view name, const std::string& attribute) {
    talk.find("(objectClass=*)", name, Scope::base);
    const auto& all = talk.last.front().attributes;
    return all.contains(attribute) ? all.at(attribute) : std::vector<std::string>();
  }
  World world;
  Talk talk{world};
  Heard last;
};

TEST_F(LdapChange, AdministratorsSwitchPeopleOffAsInActiveDirectory) {
  Talk anna(world);
  anna.bind();
  anna.wanted = {"cn"};
  const auto control = [&](Kind kind, std::vector<std::string> given) {
    return modify(kAnnaDn, {{kind, {"userAccountControl", std::move(given)}}});
  };
  talk.bind();
  EXPECT_EQ(control(Kind::replace, {"514"}), ResultCode::insufficient_access_rights);
  talk.bind("root@example.org");
  for (const std::string value : {"512 ", "x", "0", "2", "544", "1114624", "-1", "99999999999"}) {
    EXPECT_NE(control(Kind::replace, {value}), ResultCode::success) << value;
  }
  EXPECT_EQ(control(Kind::replace, {}), ResultCode::constraint_violation);
  EXPECT_EQ(control(Kind::remove, {"514"}), ResultCode::no_such_attribute);
  EXPECT_EQ(control(Kind::replace, {"66050"}), ResultCode::success);
  EXPECT_FALSE(world.directory->find(kAnna)->enabled);
  EXPECT_TRUE(world.directory->find(kAnna)->password_never_expires);
  (void)anna.wake();
  EXPECT_TRUE(anna.closed) << "whoever is switched off is out";
  // As programs do it that say what they have seen.
  EXPECT_EQ(modify(kAnnaDn,
                   {{Kind::remove, {"userAccountControl", {"66050"}}}, {Kind::add, {"userAccountControl", {"512"}}}}),
            ResultCode::success);
  EXPECT_TRUE(world.directory->find(kAnna)->enabled);
  EXPECT_FALSE(world.directory->find(kAnna)->password_never_expires);
}

TEST_F(LdapChange, APasswordIsAskedToBeReplaced) {
  const auto demanded = [&] {
    return directory::password_ages(*world.directory).standing(*world.directory->find(kAnna)).must_change;
  };
  const auto set = [&](std::string_view attribute, Kind kind, std::vector<std::string> given) {
    return modify(kAnnaDn, {{kind, {std::string(attribute), std::move(given)}}});
  };
  talk.bind();
  EXPECT_EQ(set("pwdReset", Kind::replace, {"TRUE"}), ResultCode::insufficient_access_rights);
  talk.bind("root@example.org");
  EXPECT_EQ(set("pwdLastSet", Kind::replace, {"0"}), ResultCode::success);
  EXPECT_TRUE(demanded());
  EXPECT_EQ(set("pwdLastSet", Kind::replace, {"134116992000000000"}), ResultCode::constraint_violation);
  EXPECT_EQ(set("pwdLastSet", Kind::remove, {}), ResultCode::constraint_violation);
  EXPECT_EQ(set("pwdLastSet", Kind::replace, {"-1"}), ResultCode::success);
  EXPECT_FALSE(demanded());
  EXPECT_EQ(set("pwdReset", Kind::add, {"TRUE"}), ResultCode::success);
  EXPECT_TRUE(demanded());
  EXPECT_EQ(set("pwdReset", Kind::replace, {"yes"}), ResultCode::constraint_violation);
  EXPECT_EQ(set("pwdReset", Kind::remove, {}), ResultCode::success);
  EXPECT_FALSE(demanded());
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"pwdReset", {"TRUE"}}}, {Kind::replace, {"mobile", {"+49 170 1"}}}}),
            ResultCode::unwilling_to_perform);
}

TEST_F(LdapChange, PeopleChangeWhatIsTheirsToSay) {
  talk.bind();
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"telephoneNumber", {"+49 30 1", "+49 30 2"}}},
                             {Kind::add, {"mobile", {"+49 170 1"}}}}),
            ResultCode::success);
  EXPECT_THAT(values(kAnnaDn, "telephoneNumber"), ElementsAre("+49 30 1", "+49 30 2"));
  EXPECT_EQ(modify(kAnnaDn, {{Kind::remove, {"telephoneNumber", {"+49301"}}}}), ResultCode::success);
  EXPECT_THAT(values(kAnnaDn, "telephoneNumber"), ElementsAre("+49 30 2"));
  EXPECT_EQ(modify(kAnnaDn, {{Kind::remove, {"telephoneNumber", {"+49 30 9"}}}}), ResultCode::no_such_attribute);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::add, {"mobile", {"+49 1701"}}}}), ResultCode::attribute_or_value_exists);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"mobile", {}}}}), ResultCode::success);
  EXPECT_THAT(values(kAnnaDn, "mobile"), IsEmpty());

  for (const char* attribute : {"title", "displayName", "department", "employeeNumber", "manager"}) {
    const std::string value = attribute == std::string_view("manager") ? std::string(kAnnaDn) : "Boss";
    EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {attribute, {value}}}}), ResultCode::insufficient_access_rights)
        << attribute;
  }
  EXPECT_EQ(modify("uid=root,ou=people,dc=example,dc=org", {{Kind::replace, {"telephoneNumber", {"1"}}}}),
            ResultCode::insufficient_access_rights);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"mail", {"b@example.org"}}}}), ResultCode::unwilling_to_perform);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"objectGUID", {"x"}}}}), ResultCode::constraint_violation);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"shoeSize", {"x"}}}}), ResultCode::undefined_attribute_type);
  EXPECT_EQ(modify(kStaffDn, {{Kind::add, {"member", {std::string(kAnnaDn)}}}}),
            ResultCode::insufficient_access_rights);
  EXPECT_EQ(modify("ou=people,dc=example,dc=org", {{Kind::replace, {"description", {"x"}}}}),
            ResultCode::unwilling_to_perform);
}

TEST_F(LdapChange, AModifyIsAllOrNothing) {
  talk.bind();
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"mobile", {"1"}}}, {Kind::replace, {"title", {"Boss"}}}}),
            ResultCode::insufficient_access_rights);
  EXPECT_THAT(values(kAnnaDn, "mobile"), IsEmpty());
}

TEST_F(LdapChange, TheHelpDeskLooksAfterPeopleAndGroups) {
  talk.bind("hilde@example.org");
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"title", {"Boss"}}}}), ResultCode::success);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"manager", {"uid=root,ou=people,dc=example,dc=org"}}}}),
            ResultCode::success);
  EXPECT_THAT(values(kAnnaDn, "manager"), ElementsAre("uid=root,ou=people,dc=example,dc=org"));
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"manager", {"uid=nobody,dc=org"}}}}), ResultCode::constraint_violation);
  EXPECT_EQ(modify("uid=root,ou=people,dc=example,dc=org", {{Kind::replace, {"title", {"x"}}}}),
            ResultCode::insufficient_access_rights);
  EXPECT_EQ(modify(kStaffDn, {{Kind::add, {"member", {"uid=hilde,ou=people,dc=example,dc=org"}}}}),
            ResultCode::success);
  EXPECT_THAT(values(kStaffDn, "member"), SizeIs(2));
  EXPECT_EQ(modify(kStaffDn, {{Kind::add, {"member", {"uid=hilde,ou=people,dc=example,dc=org"}}}}),
            ResultCode::attribute_or_value_exists);
  EXPECT_EQ(modify(kStaffDn, {{Kind::replace, {"member", {}}}}), ResultCode::success);
  EXPECT_THAT(values(kStaffDn, "member"), IsEmpty());
  EXPECT_EQ(talk.ask(AddRequest{"uid=x,ou=people,dc=example,dc=org", {{"cn", {"X"}}}}).front().code,
            ResultCode::insufficient_access_rights);
}

TEST_F(LdapChange, AdministratorsAddAndDelete) {
  talk.bind("root@example.org");
  const std::string ben = "uid=ben,ou=people,dc=example,dc=org", group = "cn=new,ou=groups,dc=example,dc=org";
  EXPECT_EQ(talk.ask(AddRequest{ben,
                                {{"objectClass", {"top", "inetOrgPerson"}},
                                 {"cn", {"Ben"}},
                                 {"sn", {"Back"}},
                                 {"mail", {"ben@example.org"}},
                                 {"title", {"Clerk"}},
                                 {"userPassword", {"the password of ben"}}}})
                .front()
                .code,
            ResultCode::success);
  EXPECT_THAT(values(ben, "sn"), ElementsAre("Back"));
  Talk other(world);
  EXPECT_EQ(other.bind(ben, "the password of ben"), ResultCode::success);
  EXPECT_EQ(talk.ask(AddRequest{ben, {{"cn", {"Ben"}}}}).front().code, ResultCode::entry_already_exists);
  EXPECT_EQ(talk.ask(AddRequest{group, {{"objectClass", {"groupOfNames"}}, {"member", {ben}}}}).front().code,
            ResultCode::success);
  EXPECT_THAT(values(ben, "memberOf"), ElementsAre(group));
  for (const auto& [name, code] : std::vector<std::pair<std::string, ResultCode>>{
           {"uid=x,ou=nothing,dc=example,dc=org", ResultCode::no_such_object},
           {"uid=x,dc=example,dc=org", ResultCode::naming_violation},
           {"cn=x,ou=people,dc=example,dc=org", ResultCode::naming_violation},
           {"ou=x", ResultCode::naming_violation},
           {"x", ResultCode::invalid_dn_syntax}}) {
    EXPECT_EQ(talk.ask(AddRequest{name, {{"cn", {"X"}}}}).front().code, code) << name;
  }
  EXPECT_EQ(talk.ask(AddRequest{"uid=x,ou=people,dc=example,dc=org", {{"mail", {"y@example.org"}}}}).front().code,
            ResultCode::constraint_violation);
  EXPECT_EQ(talk.ask(AddRequest{"uid=x,ou=people,dc=example,dc=org", {{"objectClass", {"spaceship"}}}}).front().code,
            ResultCode::object_class_violation);
  EXPECT_EQ(talk.ask(AddRequest{"uid=x,ou=people,dc=example,dc=org", {{"userPassword", {"short"}}}}).front().code,
            ResultCode::constraint_violation);
  EXPECT_THAT(talk.find("(uid=x)"), IsEmpty()) << "nothing half done";
  EXPECT_EQ(talk.ask(DeleteRequest{group}).front().code, ResultCode::success);
  EXPECT_EQ(talk.ask(DeleteRequest{ben}).front().code, ResultCode::success);
  EXPECT_EQ(talk.ask(DeleteRequest{ben}).front().code, ResultCode::no_such_object);
  EXPECT_EQ(talk.ask(DeleteRequest{"ou=people,dc=example,dc=org"}).front().code, ResultCode::not_allowed_on_non_leaf);
  EXPECT_EQ(talk.ask(ModifyDnRequest{std::string(kAnnaDn), "uid=b", true, {}}).front().code,
            ResultCode::unwilling_to_perform);
}

TEST_F(LdapChange, AReadOnlyServerChangesNothing) {
  world.server.reload({.writable = false});
  Talk other(world);
  other.bind("root@example.org");
  EXPECT_EQ(other.ask(ModifyRequest{std::string(kAnnaDn), {{Kind::replace, {"title", {"x"}}}}}).front().code,
            ResultCode::unwilling_to_perform);
  EXPECT_EQ(other.ask(DeleteRequest{std::string(kAnnaDn)}).front().code, ResultCode::unwilling_to_perform);
}

std::string selection(std::vector<std::string> names) {
  std::string out;
  ber::Writer writer(out);
  const auto mark = writer.begin(ber::kSequence);
  for (const auto& name : names) writer.octets(name);
  writer.end(mark);
  return out;
}
std::map<std::string, std::vector<std::string>> shown(const std::string& value) {
  ber::Reader entry = ber::Reader(value).inside(ber::application_constructed(4));
  (void)entry.octets();
  return read_attributes(entry.inside(ber::kSequence));
}

TEST_F(LdapChange, ShowsWhatWasThereBeforeAndAfter) {
  talk.bind("root@example.org");
  const std::vector<Control> both{{std::string(oid::kPreRead), true, selection({"title"})},
                                  {std::string(oid::kPostRead), true, selection({"title", "cn"})}};
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"title", {"Boss"}}}}, both), ResultCode::success);
  EXPECT_THAT(shown(last.controls.at(std::string(oid::kPreRead))), IsEmpty());
  EXPECT_THAT(shown(last.controls.at(std::string(oid::kPostRead))).at("title"), ElementsAre("Boss"));
}

TEST_F(LdapChange, AnAssertionGuardsAChange) {
  talk.bind("root@example.org");
  std::string value;
  write(value, *parse_filter_text("(title=Clerk)"));
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"title", {"Boss"}}}}, {{std::string(oid::kAssertion), true, value}}),
            ResultCode::assertion_failed);
  EXPECT_THAT(values(kAnnaDn, "title"), IsEmpty());
}

std::string passwords(std::string_view user, std::string_view old_one, std::string_view new_one) {
  std::string out;
  ber::Writer writer(out);
  const auto mark = writer.begin(ber::kSequence);
  if (!user.empty()) writer.octets(user, ber::context(0));
  if (!old_one.empty()) writer.octets(old_one, ber::context(1));
  if (!new_one.empty()) writer.octets(new_one, ber::context(2));
  writer.end(mark);
  return out;
}

TEST_F(LdapChange, PeopleChangeTheirPasswordWhenTheyKnowTheOld) {
  talk.bind();
  const auto change = [&](std::string_view user, std::string_view old_one, std::string_view new_one) {
    last = talk.ask(ExtendedRequest{std::string(oid::kPasswordModify), passwords(user, old_one, new_one)}).front();
    return last.code;
  };
  EXPECT_EQ(change("", "", "a new password"), ResultCode::unwilling_to_perform);
  EXPECT_EQ(change("", "wrong one", "a new password"), ResultCode::invalid_credentials);
  EXPECT_EQ(change("", kPassword, "short"), ResultCode::constraint_violation);
  EXPECT_EQ(change("uid=root,ou=people,dc=example,dc=org", "", "a new password"),
            ResultCode::insufficient_access_rights);
  EXPECT_EQ(change("", kPassword, "a new password"), ResultCode::success);
  EXPECT_THAT(talk.wake(), SizeIs(1)) << "sessions that began with the old one end";
  Talk other(world);
  EXPECT_EQ(other.bind(kAnna, kPassword), ResultCode::invalid_credentials);
  EXPECT_EQ(other.bind(kAnna, "a new password"), ResultCode::success);
}

TEST_F(LdapChange, TheHelpDeskGivesNewPasswordsToPeopleAlone) {
  talk.bind("hilde@example.org");
  const auto change = [&](std::string_view user) {
    last = talk.ask(ExtendedRequest{std::string(oid::kPasswordModify), passwords(user, "", "")}).front();
    return last.code;
  };
  EXPECT_EQ(change("root@example.org"), ResultCode::insufficient_access_rights);
  EXPECT_EQ(change("dn:" + std::string(kAnnaDn)), ResultCode::success);
  ber::Reader made = ber::Reader(last.value).inside(ber::kSequence);
  Talk other(world);
  EXPECT_EQ(other.bind(kAnna, made.octets(ber::context(0))), ResultCode::success);
  EXPECT_EQ(modify(kAnnaDn, {{Kind::replace, {"userPassword", {"another password"}}}}), ResultCode::success);
  Talk third(world);
  EXPECT_EQ(third.bind(kAnna, "another password"), ResultCode::success);
  EXPECT_EQ(modify("uid=root,ou=people,dc=example,dc=org", {{Kind::replace, {"userPassword", {"another password"}}}}),
            ResultCode::insufficient_access_rights);
}

TEST_F(LdapChange, CancelFindsNothingToEnd) {
  std::string value;
  ber::Writer writer(value);
  const auto mark = writer.begin(ber::kSequence);
  writer.integer(1);
  writer.end(mark);
  EXPECT_EQ(talk.ask(ExtendedRequest{std::string(oid::kCancel), value}).front().code, ResultCode::no_such_operation);
  EXPECT_EQ(talk.ask(ExtendedRequest{std::string(oid::kCancel), "x"}).front().code, ResultCode::protocol_error);
  EXPECT_THAT(talk.ask(AbandonRequest{1}), IsEmpty());
  EXPECT_EQ(talk.ask(ExtendedRequest{"1.2.3", {}}).front().code, ResultCode::protocol_error);
}

}  // namespace
}  // namespace gatepost::ldap::server
