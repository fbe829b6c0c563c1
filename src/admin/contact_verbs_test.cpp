#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/test_product.hpp"
#include "base/base64.hpp"

namespace gatepost::admin {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kJpeg = "\xff\xd8\xff\xc0\x00\x0b\x08\x00\x40\x00\x40\x01\x01\x11\x00\xff\xd9"s;

class ContactVerbs : public AdminFixture {
 protected:
  ContactVerbs() { domain_and_anna(); }
};

TEST_F(ContactVerbs, AddShowChangeAndDeleteAContact) {
  EXPECT_THAT(done("contact list").text, HasSubstr("No contact yet"));
  done("contact add", {{"address", {"Paul@example.net"}}, {"name", {"Paul Partner"}}});
  EXPECT_THAT(done("contact list").text, HasSubstr("paul@example.net  Paul Partner  example.org"));
  EXPECT_THAT(done("account list").text, Not(HasSubstr("paul"))) << "it owns no mail";
  done("contact set", {{"address", {"paul@example.net"}}, {"set", {"phone=+49 30 1", "company=Partner"}}});
  EXPECT_THAT(done("contact show", {{"address", {"paul@example.net"}}}).text, HasSubstr("+49 30 1"));
  EXPECT_EQ(error(ask("contact set", {{"address", {"paul@example.net"}}, {"set", {"role=admin"}}})), "invalid");
  EXPECT_EQ(error(ask("contact add", {{"address", {"ben@example.org"}}})), "invalid") << "an address of ours";
  EXPECT_EQ(error(ask("contact show", {{"address", {"anna@example.org"}}})), "not_found");
  for (const char* verb : {"account passwd", "account delete", "account disable"}) {
    EXPECT_EQ(error(ask(verb, {{"address", {"paul@example.net"}}})), "not_found") << verb;
  }
  done("domain add", {{"name", {"example.com"}}});
  EXPECT_EQ(error(ask("contact add", {{"address", {"ben@example.net"}}})), "invalid") << "which domain";
  done("contact add", {{"address", {"ben@example.net"}}, {"domain", {"example.com"}}});
  done("contact delete", {{"address", {"paul@example.net"}}});
  EXPECT_EQ(error(ask("contact delete", {{"address", {"paul@example.net"}}})), "not_found");
}

TEST_F(ContactVerbs, SetAndTakeAwayPictures) {
  done("account photo", {{"address", {"anna@example.org"}}, {"photo", {base64::encode(kJpeg)}}});
  EXPECT_THAT(done("account show", {{"address", {"anna@example.org"}}}).text, HasSubstr("image/jpeg, 17 octets"));
  EXPECT_EQ(*directory->photo(directory->find("anna@example.org")->id), kJpeg);
  EXPECT_EQ(error(ask("account photo", {{"address", {"anna@example.org"}}, {"photo", {base64::encode("text")}}})),
            "invalid");
  EXPECT_EQ(error(ask("account photo", {{"address", {"anna@example.org"}}, {"photo", {""}}})), "invalid");
  EXPECT_EQ(error(ask("account photo", {{"address", {"anna@example.org"}}})), "invalid");
  done("account photo", {{"address", {"anna@example.org"}}, {"remove", {""}}});
  EXPECT_THAT(done("account show", {{"address", {"anna@example.org"}}}).text, Not(HasSubstr("photo")));
}

TEST_F(ContactVerbs, GroupsHaveMembersOrARule) {
  done("account set", {{"address", {"anna@example.org"}}, {"set", {"department=Sales"}}});
  EXPECT_THAT(done("group preview", {{"rule", {"(department=sales)"}}}).text, HasSubstr("anna@example.org"));
  EXPECT_EQ(error(ask("group preview", {{"rule", {"(department=sales"}}})), "invalid");
  EXPECT_THAT(done("group add", {{"address", {"sales@example.org"}}, {"rule", {"(department=Sales)"}}}).text,
              HasSubstr("fits 1 now"));
  EXPECT_THAT(done("group list").text, HasSubstr("(department=Sales)"));
  EXPECT_THAT(done("group members", {{"address", {"sales@example.org"}}}).text, HasSubstr("anna@example.org"));
  EXPECT_EQ(error(ask("group join", {{"address", {"sales@example.org"}}, {"member", {"x@example.net"}}})), "conflict");
  EXPECT_THAT(done("group rule", {{"address", {"sales@example.org"}}, {"rule", {"(l=Berlin)"}}}).text,
              HasSubstr("fits 0 now"));
  EXPECT_EQ(error(ask("group add",
                      {{"address", {"both@example.org"}}, {"rule", {"(l=Berlin)"}}, {"member", {"anna@example.org"}}})),
            "invalid");
}

TEST_F(ContactVerbs, AddressBooksSayWhoSeesWhom) {
  EXPECT_THAT(done("address-book list").text, HasSubstr("people_see"));
  done("contact add", {{"address", {"paul@example.net"}}});
  EXPECT_THAT(done("address-book show", {{"address", {"anna@example.org"}}}).text, HasSubstr("paul@example.net"));
  done("address-book add", {{"name", {"own"}}, {"viewer", {"example.org"}}, {"shown", {"anna@example.org"}}});
  EXPECT_EQ(error(ask("address-book add", {{"name", {"own"}}, {"viewer", {"example.org"}}})), "already_exists");
  EXPECT_THAT(done("address-book show", {{"address", {"anna@example.org"}}}).text, Not(HasSubstr("paul@example.net")));
  done("address-book set", {{"name", {"own"}}, {"shown", {"paul@example.net"}}});
  EXPECT_THAT(done("address-book list").text, HasSubstr("own   example.org  paul@example.net"));
  EXPECT_EQ(error(ask("address-book set", {{"name", {"other"}}, {"shown", {"paul@example.net"}}})), "not_found");
  done("address-book delete", {{"name", {"own"}}});
  EXPECT_EQ(error(ask("address-book delete", {{"name", {"own"}}})), "not_found");
}

}  // namespace
}  // namespace gatepost::admin
