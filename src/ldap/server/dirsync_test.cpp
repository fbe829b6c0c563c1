#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ldap/protocol/oids.hpp"
#include "ldap/server/test_support.hpp"

namespace gatepost::ldap::server {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

class LdapDirSync : public testing::Test {
 protected:
  // The DNs of what has changed since the last call; the cookie is kept.
  std::vector<std::string> changes(std::string_view filter = "(objectClass=*)", int flags = 0, std::int64_t most = 0,
                                   std::string_view base = "dc=example,dc=org") {
    std::string value;
    ber::Writer writer(value);
    const std::size_t mark = writer.begin(ber::kSequence);
    writer.integer(flags);
    writer.integer(most);
    writer.octets(cookie);
    writer.end(mark);
    auto found = talk.find(filter, base, Scope::subtree, {{std::string(oid::kDirSync), true, value}});
    const auto& controls = talk.last.back().controls;
    if (const auto done = controls.find(std::string(oid::kDirSync)); done != controls.end()) {
      ber::Reader in = ber::Reader(done->second).inside(ber::kSequence);
      more = in.integer() == 1;
      (void)in.integer();
      cookie = in.octets();
      EXPECT_TRUE(in.ok() && in.at_end());
    }
    return found;
  }
  void set(std::string_view address, directory::Contact contact) {
    auto principal = *world.directory->find(address);
    principal.contact = std::make_shared<const directory::Contact>(std::move(contact));
    ASSERT_TRUE(world.directory->update_principal(principal));
  }

  World world;
  Talk talk{world};
  std::string cookie;
  bool more = false;
};

TEST_F(LdapDirSync, TellsAllAndThenWhatChanged) {
  talk.bind("root@example.org");
  const auto all = changes();
  for (const std::string_view dn : {"dc=example,dc=org", "ou=people,dc=example,dc=org", kAnnaDn.data()}) {
    EXPECT_THAT(all, Contains(dn));
  }
  EXPECT_THAT(all, Contains("uid=gone,ou=people,dc=example,dc=org")) << "disabled, and seen by who has a role";
  EXPECT_FALSE(more);
  EXPECT_THAT(changes(), IsEmpty());

  set(kAnna, {{directory::ContactField::title, "Boss"}});
  talk.wanted = {"title", "telephoneNumber", "mail"};
  EXPECT_THAT(changes(), ElementsAre(kAnnaDn));
  const auto& sent = talk.last.front().attributes;
  EXPECT_THAT(sent, Contains(Pair("title", ElementsAre("Boss"))));
  EXPECT_THAT(sent, Contains(Pair("telephoneNumber", IsEmpty()))) << "there is none any more";
  EXPECT_THAT(sent, Contains(Key("objectGUID")));
  EXPECT_THAT(sent, Not(Contains(Key("department"))));
  set(kAnna, {});
  EXPECT_THAT(changes("(title=Boss)"), IsEmpty()) << "she does not match any more";
}

TEST_F(LdapDirSync, TellsWhoIsGone) {
  talk.bind("root@example.org");
  changes();
  const auto anna = world.directory->find(kAnna);
  ASSERT_TRUE(world.directory->add_contact("paul@example.info", "", "example.org"));
  ASSERT_TRUE(world.directory->remove_principal(world.directory->find_contact("paul@example.info")->id));
  ASSERT_TRUE(world.directory->remove_principal(anna->id));
  const auto told = changes("(objectClass=user)");
  ASSERT_THAT(told, SizeIs(1)) << "groups she was in are no users";
  EXPECT_THAT(told.front(), HasSubstr("CN=anna\\0ADEL:"));
  EXPECT_THAT(told.front(), HasSubstr(",CN=Deleted Objects,dc=example,dc=org"));
  EXPECT_THAT(talk.last.front().attributes, Contains(Pair("isDeleted", ElementsAre("TRUE"))));
  EXPECT_THAT(changes("(objectClass=user)"), IsEmpty());
  // Of whom a new copy never heard.
  cookie.clear();
  EXPECT_THAT(changes("(isDeleted=TRUE)"), IsEmpty());
}

TEST_F(LdapDirSync, ComesInPages) {
  for (int i = 0; i < 200; ++i) world.add("p" + std::to_string(i) + "@example.org", kPassword, std::string(200, 'x'));
  talk.bind("root@example.org");
  std::vector<std::string> all;
  int pages = 0;
  do {
    for (std::string& one : changes("(uid=p*)", 0, 1)) all.push_back(std::move(one));
    ++pages;
  } while (more && pages < 100);
  EXPECT_GT(pages, 2);
  EXPECT_THAT(all, SizeIs(200));
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end()) << "each once";
}

TEST_F(LdapDirSync, IsForThoseWhoMay) {
  talk.bind();
  EXPECT_THAT(changes(), ElementsAre("code 50"));
  // LDAP_DIRSYNC_OBJECT_SECURITY: what one sees anyway.
  const auto seen = changes("(uid=*)", 1);
  EXPECT_THAT(seen, Contains(kAnnaDn));
  EXPECT_THAT(seen, Not(Contains("uid=gone,ou=people,dc=example,dc=org")));
  talk.bind("root@example.org");
  EXPECT_THAT(changes("(uid=*)", 0, 0, "ou=people,dc=example,dc=org"), ElementsAre("code 53"));
  cookie = "somebody else's";
  EXPECT_THAT(changes(), ElementsAre("code 53"));
}

}  // namespace
}  // namespace gatepost::ldap::server
