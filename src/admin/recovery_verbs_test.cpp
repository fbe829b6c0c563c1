#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/test_product.hpp"
#include "mime/structure.hpp"
#include "mime/summary.hpp"

namespace gatepost::admin {
namespace {

using ::testing::HasSubstr;

class RecoveryVerbs : public AdminFixture {
 protected:
  RecoveryVerbs() {
    domain_and_anna();
    account = *accounts->open(anna());
    inbox = account->find_folder("INBOX")->id;
    for (const char* subject : {"one", "two", "three"}) {
      const std::string text = std::string("Subject: ") + subject + "\r\n\r\nx\r\n";
      account::NewItem item;
      item.body = body(text);
      item.summary = mime::encode(mime::scan(text));
      item.received = clock.now();
      EXPECT_TRUE(account->append(inbox, std::span(&item, 1)));
    }
    clock.advance(std::chrono::hours(1));
    moment = date::format_rfc3339(clock.now());
    clock.advance(std::chrono::hours(1));
    EXPECT_TRUE(account->remove(inbox, NumberSet::of(1, 2)));
  }
  const std::map<std::string, std::vector<std::string>> who{{"address", {"anna@example.org"}}};
  std::map<std::string, std::vector<std::string>> with(std::map<std::string, std::vector<std::string>> more) {
    more.insert(who.begin(), who.end());
    return more;
  }

  std::shared_ptr<account::Account> account;
  account::FolderId inbox{};
  std::string moment;
};

TEST_F(RecoveryVerbs, ListWhatWasRemovedAndBringBackWhatIsChosen) {
  const auto list = json(done("account removed list", who));
  ASSERT_EQ(list.as_array().size(), 2u);
  EXPECT_EQ(text(list.at(0), "subject"), "one");
  EXPECT_EQ(text(list.at(1), "folder"), "INBOX");
  EXPECT_EQ(json(done("account list")).at(0).at("removed").to_number<int>(), 38);
  EXPECT_EQ(json(done("account removed list", with({{"folder", {"Sent"}}}))).as_array().size(), 0u);
  EXPECT_EQ(json(done("account removed list", with({{"since", {"2026-01-02"}}}))).as_array().size(), 0u);
  EXPECT_EQ(ask("account removed list", with({{"since", {"yesterday"}}})).exit_code, 2);

  EXPECT_EQ(ask("account removed restore", who).exit_code, 2);
  EXPECT_EQ(ask("account removed restore", with({{"id", {"1x"}}})).exit_code, 2);
  EXPECT_EQ(error(ask("account removed restore", with({{"id", {"4711"}}}))), "not_found");
  const std::string id = std::to_string(list.at(1).at("id").to_number<std::uint64_t>());
  EXPECT_THAT(done("account removed restore", with({{"id", {id}}, {"folder", {"Back"}}})).text,
              HasSubstr("1 message(s) are back in Back."));
  EXPECT_EQ(account->find_folder("Back")->total, 1u);
  EXPECT_THAT(done("account removed purge", who).text, HasSubstr("1 removed message(s) are gone for good."));
  EXPECT_EQ(json(done("account removed list", who)).as_array().size(), 0u);
}

TEST_F(RecoveryVerbs, BringAFolderBackToAMoment) {
  EXPECT_EQ(ask("account restore", with({{"at", {"noon"}}})).exit_code, 2);
  EXPECT_EQ(ask("account restore", with({{"at", {"2099-01-01"}}})).exit_code, 2);
  EXPECT_EQ(error(ask("account restore", with({{"at", {moment}}, {"folder", {"Nowhere"}}}))), "not_found");
  EXPECT_THAT(done("account restore", with({{"at", {moment}}, {"folder", {"INBOX"}}})).text,
              HasSubstr("2 message(s) are back in INBOX."));
  EXPECT_EQ(account->folder(inbox)->total, 3u);
  EXPECT_THAT(done("account restore", with({{"at", {moment}}})).text, HasSubstr("0 message(s) are back."));
}

TEST_F(RecoveryVerbs, NeedAnAccount) {
  for (const char* verb : {"account removed list", "account removed purge"}) {
    EXPECT_EQ(error(ask(verb, {{"address", {"nobody@example.org"}}})), "not_found") << verb;
  }
  EXPECT_EQ(error(ask("account restore", {{"address", {"nobody@example.org"}}, {"at", {moment}}})), "not_found");
}

}  // namespace
}  // namespace gatepost::admin
