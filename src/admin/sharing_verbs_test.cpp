#include <gmock/gmock.h>

#include "admin/test_product.hpp"

namespace gatepost::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

class SharingVerbs : public AdminFixture {
 protected:
  SharingVerbs() { domain_and_anna(); }
};

TEST_F(SharingVerbs, MakeASharedAccountThatNobodySignsInTo) {
  const Reply added = done("account add", {{"address", {"sales@example.org"}}, {"kind", {"shared"}}});
  EXPECT_THAT(added.text, AllOf(HasSubstr("gatepost acl set sales@example.org"), Not(HasSubstr("Password"))));
  EXPECT_EQ(sign_in("sales@example.org", ""), Errc::unauthenticated);
  EXPECT_EQ(text(json(done("account list")).as_array().at(1), "kind"), "shared");
  EXPECT_EQ(ask("account add", {{"address", {"x@example.org"}}, {"kind", {"robot"}}}).exit_code, 2);
  done("account add", {{"address", {"room@example.org"}}, {"kind", {"room"}}, {"password", {"correct horse"}}});
  EXPECT_EQ(sign_in("room@example.org", "correct horse"), std::nullopt);
}

TEST_F(SharingVerbs, GrantListAndTakeAwayRights) {
  done("account add", {{"address", {"sales@example.org"}}, {"kind", {"shared"}}});
  EXPECT_THAT(done("acl list", {{"address", {"sales@example.org"}}}).text, HasSubstr("Nobody but its owner"));
  done("acl set", {{"address", {"sales@example.org"}}, {"identifier", {"anna@example.org"}}, {"rights", {"lr"}}});
  done("acl set", {{"address", {"sales@example.org"}},
                   {"identifier", {"anna@example.org"}},
                   {"rights", {"+swi"}},
                   {"folder", {"Drafts"}}});
  const std::string list = done("acl list", {{"address", {"sales@example.org"}}}).text;
  EXPECT_THAT(list, HasSubstr("(new folders)  anna@example.org  lr\n"));
  EXPECT_THAT(list, HasSubstr("Drafts         anna@example.org  lrswi\n"));
  const auto account = *accounts->open(static_cast<account::AccountId>(directory->find("sales@example.org")->id));
  EXPECT_EQ(account->create_folder("Later")->grants->size(), 1U);
  done("acl delete", {{"address", {"sales@example.org"}}, {"identifier", {"anna@example.org"}}});
  EXPECT_THAT(done("acl list", {{"address", {"sales@example.org"}}}).text, HasSubstr("Nobody but its owner"));
}

TEST_F(SharingVerbs, RefuseWhatMakesNoSense) {
  const auto set = [&](std::string address, std::string identifier, std::string rights, std::string folder = "INBOX") {
    return ask("acl set",
               {{"address", {address}}, {"identifier", {identifier}}, {"rights", {rights}}, {"folder", {folder}}});
  };
  EXPECT_EQ(set("anna@example.org", "anyone", "lrq").exit_code, 2);
  EXPECT_EQ(error(set("anna@example.org", "nobody@example.org", "lr")), "not_found");
  EXPECT_EQ(error(set("anna@example.org", "anna@example.org", "lr")), "denied");
  EXPECT_EQ(error(set("nobody@example.org", "anyone", "lr")), "not_found");
  EXPECT_EQ(error(set("anna@example.org", "anyone", "lr", "Nowhere")), "not_found");
  EXPECT_EQ(error(set("anna@example.org", "anyone", "lr")), "");
}

TEST_F(SharingVerbs, LimitMessages) {
  done("account quota", {{"address", {"anna@example.org"}}, {"messages", {"2"}}});
  const auto row = json(done("account list")).as_array().at(0).as_object();
  EXPECT_EQ(row.at("message_quota").to_number<int>(), 2);
  EXPECT_EQ(row.at("quota").to_number<int>(), 0);
  const auto account = *accounts->open(anna());
  account::NewItem item;
  item.body = body("x");
  const auto inbox = account->find_folder("INBOX")->id;
  EXPECT_TRUE(account->append(inbox, std::vector(2, item)));
  EXPECT_EQ(account->append(inbox, std::span(&item, 1)).error().code, Errc::over_quota);
  EXPECT_EQ(ask("account quota", {{"address", {"anna@example.org"}}, {"messages", {"x"}}}).exit_code, 2);
}

}  // namespace
}  // namespace gatepost::admin
