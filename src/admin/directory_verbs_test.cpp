#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/test_product.hpp"
#include "directory/password_age.hpp"

namespace gatepost::admin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class DirectoryVerbs : public AdminFixture {};

TEST_F(DirectoryVerbs, ServeDomainsUntilTheyAreDeleted) {
  EXPECT_EQ(done("domain list").text, "No domain is served yet: gatepost domain add NAME\n");
  EXPECT_EQ(json(done("domain list")), boost::json::array());
  const Reply added = done("domain add", {{"name", {"Example.org"}}});
  EXPECT_EQ(json(added).at("name").as_string(), "Example.org");
  EXPECT_EQ(error(ask("domain add", {{"name", {"example.org"}}})), "already_exists");
  EXPECT_EQ(error(ask("domain add", {{"name", {"not a domain"}}})), "invalid");
  EXPECT_EQ(error(ask("domain add")), "invalid");
  EXPECT_EQ(text(json(done("domain list")).at(0), "domain"), "example.org");
  done("account add", {{"address", {"anna@example.org"}}});
  EXPECT_EQ(error(ask("domain delete", {{"name", {"example.org"}}})), "conflict");
  done("account delete", {{"address", {"anna@example.org"}}});
  done("domain delete", {{"name", {"example.org"}}});
  EXPECT_EQ(error(ask("domain delete", {{"name", {"example.org"}}})), "not_found");
}

TEST_F(DirectoryVerbs, SayWhereUnknownAddressesGo) {
  domain_and_anna();
  EXPECT_THAT(done("domain catch-all", {{"name", {"example.org"}}, {"address", {"anna@example.org"}}}).text,
              HasSubstr("go to anna@example.org"));
  EXPECT_EQ(text(json(done("domain list")).at(0), "catch_all"), "anna@example.org");
  EXPECT_TRUE(directory->resolve("whoever@example.org"));
  EXPECT_EQ(error(ask("domain catch-all", {{"name", {"example.org"}}, {"address", {"nobody@example.org"}}})),
            "not_found");
  EXPECT_THAT(done("domain catch-all", {{"name", {"example.org"}}, {"address", {""}}}).text, HasSubstr("are refused"));
  EXPECT_FALSE(directory->resolve("whoever@example.org"));
}

TEST_F(DirectoryVerbs, AddListDisableEnableAndDeleteAnAccount) {
  domain_and_anna();
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), std::nullopt);
  EXPECT_EQ(error(ask("account add", {{"address", {"ANNA@example.org"}}, {"password", {"correct horse"}}})),
            "already_exists");
  const auto row = json(done("account list")).at(0);
  EXPECT_EQ(text(row, "address"), "anna@example.org");
  EXPECT_EQ(text(row, "name"), "Anna");
  EXPECT_TRUE(row.at("enabled").as_bool());
  EXPECT_EQ(row.at("messages").to_number<int>(), 0);
  EXPECT_THAT(done("account list").text, HasSubstr("anna@example.org  user  Anna  yes"));

  done("account disable", {{"address", {"Anna@example.org"}}});
  EXPECT_TRUE((*session)->revoked()) << "open sessions end";
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), Errc::denied);
  EXPECT_FALSE(json(done("account list")).at(0).at("enabled").as_bool());
  done("account enable", {{"address", {"anna@example.org"}}});
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), std::nullopt);

  const auto id = anna();
  done("account delete", {{"address", {"anna@example.org"}}});
  EXPECT_TRUE((*session)->revoked());
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), Errc::unauthenticated);
  EXPECT_EQ(done("account list").text, "No account yet: gatepost account add ADDRESS\n");
  EXPECT_EQ(*store->keys().version(static_cast<store::Partition>(id)), 0u) << "its mail is gone";
  EXPECT_EQ(error(ask("account delete", {{"address", {"anna@example.org"}}})), "not_found");
}

TEST_F(DirectoryVerbs, AddNoHalfAccount) {
  done("domain add", {{"name", {"example.org"}}});
  const auto add = [&](std::string quota, std::string password) {
    return ask("account add", {{"address", {"anna@example.org"}}, {"quota", {quota}}, {"password", {password}}});
  };
  EXPECT_EQ(add("0", "short").exit_code, 1);
  EXPECT_EQ(add("-1", "correct horse").exit_code, 2);
  EXPECT_EQ(add("12x", "correct horse").exit_code, 2);
  EXPECT_EQ(add("99999999999999999999999", "correct horse").exit_code, 2);
  EXPECT_EQ(error(ask("account add", {{"address", {"anna@example.com"}}})), "not_found");
  EXPECT_EQ(json(done("account list")), boost::json::array());
  EXPECT_EQ(add("1000", "correct horse").exit_code, 0);
  EXPECT_EQ(json(done("account list")).at(0).at("quota").to_number<int>(), 1000);
}

TEST_F(DirectoryVerbs, MakeAPasswordWhenNoneIsGivenAndShowItOnce) {
  done("domain add", {{"name", {"example.org"}}});
  const Reply added = done("account add", {{"address", {"anna@example.org"}}});
  const std::string first = text(json(added), "password");
  EXPECT_THAT(added.text, HasSubstr("Password: " + first));
  EXPECT_EQ(sign_in("anna@example.org", first), std::nullopt);
  const Reply changed = done("account passwd", {{"address", {"anna@example.org"}}});
  EXPECT_TRUE((*session)->revoked());
  const std::string second = text(json(changed), "password");
  EXPECT_NE(first, second);
  EXPECT_EQ(sign_in("anna@example.org", first), Errc::unauthenticated);
  EXPECT_EQ(sign_in("anna@example.org", second), std::nullopt);
  const Reply given = done("account passwd", {{"address", {"anna@example.org"}}, {"password", {"battery staple"}}});
  EXPECT_THAT(given.text + given.json, Not(HasSubstr("battery"))) << "who gave it knows it";
  EXPECT_EQ(sign_in("anna@example.org", "battery staple"), std::nullopt);
  EXPECT_EQ(error(ask("account passwd", {{"address", {"anna@example.org"}}, {"password", {""}}})), "invalid");
  EXPECT_EQ(error(ask("account passwd", {{"address", {"ben@example.org"}}})), "not_found");
}

TEST_F(DirectoryVerbs, AskForAnotherPasswordAndExempt) {
  done("domain add", {{"name", {"example.org"}}});
  const std::map<std::string, std::vector<std::string>> anna{{"address", {"anna@example.org"}}};
  const auto with = [&anna](const std::string& name, const std::string& value) {
    auto out = anna;
    out[name] = {value};
    return out;
  };
  const std::string first = text(json(done("account add", with("must-change", ""))), "password");
  EXPECT_EQ(sign_in("anna@example.org", first), Errc::expired);
  done("account set", with("set", "must-change-password=no"));
  EXPECT_EQ(sign_in("anna@example.org", first), std::nullopt);
  const std::string second = text(json(done("account passwd", with("must-change", ""))), "password");
  EXPECT_EQ(sign_in("anna@example.org", second), Errc::expired);
  EXPECT_TRUE(json(done("account list")).at(0).at("must_change_password").as_bool());
  EXPECT_THAT(done("account show", anna).text, HasSubstr("must_change_password"));
  const std::string third = text(json(done("account passwd", anna)), "password");
  EXPECT_EQ(sign_in("anna@example.org", third), std::nullopt);

  directory::password_ages(*directory).set_age_policy({.longest = std::chrono::days(90)});
  EXPECT_THAT(done("account show", anna).text, HasSubstr("password_expires"));
  done("account set", with("set", "password-never-expires=yes"));
  EXPECT_THAT(done("account show", anna).text, Not(HasSubstr("password_expires")));
  EXPECT_TRUE(json(done("account list")).at(0).at("password_never_expires").as_bool());
  EXPECT_EQ(error(ask("account set", with("set", "password-never-expires=perhaps"))), "invalid");
}

TEST_F(DirectoryVerbs, LimitWhatAnAccountMayHold) {
  domain_and_anna();
  done("account quota", {{"address", {"anna@example.org"}}, {"octets", {"10"}}});
  const auto account = *accounts->open(anna());
  account::NewItem item;
  item.body = body("more than ten octets");
  const auto inbox = account->find_folder("INBOX")->id;
  const auto refused = account->append(inbox, std::span(&item, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::over_quota);
  done("account quota", {{"address", {"anna@example.org"}}, {"octets", {"0"}}});
  EXPECT_TRUE(account->append(inbox, std::span(&item, 1)));
  EXPECT_EQ(json(done("account list")).at(0).at("messages").to_number<int>(), 1);
  EXPECT_EQ(ask("account quota", {{"address", {"anna@example.org"}}, {"octets", {"ten"}}}).exit_code, 2);
  EXPECT_EQ(ask("account quota", {{"address", {"anna@example.org"}}}).exit_code, 2);
}

TEST_F(DirectoryVerbs, TouchAnAccountByItsOwnAddressAlone) {
  domain_and_anna();
  done("alias add", {{"address", {"sales@example.org"}}, {"target", {"anna@example.org"}}});
  for (const char* verb : {"account delete", "account disable", "account passwd"}) {
    const Reply reply = ask(verb, {{"address", {"sales@example.org"}}});
    EXPECT_EQ(error(reply), "not_found") << verb;
    EXPECT_THAT(reply.text, HasSubstr("anna@example.org"));
  }
  EXPECT_EQ(sign_in("sales@example.org", "correct horse"), std::nullopt);
  EXPECT_EQ(error(ask("account disable", {{"address", {"garbage"}}})), "invalid");
  EXPECT_EQ(error(ask("account disable")), "invalid");
}

TEST_F(DirectoryVerbs, AddListAndDeleteAliases) {
  domain_and_anna();
  EXPECT_EQ(done("alias list").text, "No alias yet: gatepost alias add ADDRESS TARGET...\n");
  done("alias add", {{"address", {"team@example.org"}}, {"target", {"anna@example.org", "x@elsewhere.example"}}});
  EXPECT_EQ(text(json(done("alias list")).at(0), "targets"), "anna@example.org x@elsewhere.example");
  EXPECT_EQ(directory->resolve("team@example.org")->size(), 2u);
  EXPECT_EQ(error(ask("alias add", {{"address", {"team@example.org"}}, {"target", {"anna@example.org"}}})),
            "already_exists");
  EXPECT_EQ(error(ask("alias add", {{"address", {"x@example.org"}}, {"target", {"nobody@example.org"}}})), "not_found");
  EXPECT_EQ(ask("alias add", {{"address", {"x@example.org"}}}).exit_code, 2);
  EXPECT_EQ(ask("alias add", {{"address", {"x@example.org"}}, {"target", {}}}).exit_code, 2);
  done("alias delete", {{"address", {"team@example.org"}}});
  EXPECT_EQ(error(ask("alias delete", {{"address", {"team@example.org"}}})), "not_found");
}

TEST_F(DirectoryVerbs, GiveAndTakeAppPasswords) {
  domain_and_anna();
  const auto for_anna = [&](std::string verb, std::string key, std::string value) {
    return ask("app-password " + verb, {{"address", {"anna@example.org"}}, {key, {value}}});
  };
  EXPECT_EQ(for_anna("list", "", "").text, "No app password.\n");
  const Reply added = for_anna("add", "name", "Anna's \"phone\"");
  const std::string secret = text(json(added), "password");
  EXPECT_THAT(added.text, HasSubstr(secret));
  auto row = json(for_anna("list", "", "")).at(0);
  EXPECT_EQ(text(row, "name"), "Anna's \"phone\"");
  EXPECT_EQ(text(row, "last_used"), "never");
  EXPECT_EQ(row.at("id").to_number<int>(), 1);
  EXPECT_EQ(sign_in("anna@example.org", secret), std::nullopt);
  EXPECT_EQ(text(json(for_anna("list", "", "")).at(0), "last_used"), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(text(json(for_anna("list", "", "")).at(0), "last_service"), "imap");
  EXPECT_EQ(for_anna("block", "id", "1").exit_code, 0);
  EXPECT_TRUE((*session)->revoked());
  EXPECT_EQ(sign_in("anna@example.org", secret), Errc::denied);
  EXPECT_EQ(text(json(for_anna("list", "", "")).at(0), "state"), "blocked");
  EXPECT_EQ(for_anna("unblock", "id", "1").exit_code, 0);
  EXPECT_EQ(sign_in("anna@example.org", secret), std::nullopt);
  const auto set = [&](std::string key, std::string value) {
    return ask("app-password set", {{"address", {"anna@example.org"}}, {"id", {"1"}}, {key, {value}}});
  };
  EXPECT_EQ(set("service", "pop3").exit_code, 0);
  EXPECT_EQ(sign_in("anna@example.org", secret), Errc::denied);
  EXPECT_EQ(set("service", "all").exit_code, 0);
  EXPECT_EQ(error(set("service", "telnet")), "invalid");
  EXPECT_EQ(set("from", "somewhere").exit_code, 2);
  EXPECT_EQ(set("from", "192.0.2.0/24").exit_code, 0);
  EXPECT_EQ(set("expires", "2026-01-01").exit_code, 0);
  EXPECT_EQ(text(json(for_anna("list", "", "")).at(0), "expires"), "2026-01-02T00:00:00.000Z");
  EXPECT_EQ(set("expires", "soon").exit_code, 2);
  EXPECT_EQ(set("expires", "never").exit_code, 0);
  EXPECT_EQ(set("from", "everywhere").exit_code, 0);
  EXPECT_EQ(sign_in("anna@example.org", secret), std::nullopt);
  const auto device = json(ask("device list", {})).at(0);
  EXPECT_EQ(text(device, "account"), "anna@example.org");
  EXPECT_EQ(text(device, "last_service"), "imap");
  EXPECT_EQ(ask("device block", {{"address", {"anna@example.org"}}, {"id", {"1"}}}).exit_code, 0);
  EXPECT_EQ(text(json(ask("device list", {{"address", {"anna@example.org"}}})).at(0), "state"), "blocked");
  EXPECT_EQ(sign_in("anna@example.org", secret), Errc::denied);
  EXPECT_EQ(ask("device unblock", {{"address", {"anna@example.org"}}, {"id", {"1"}}}).exit_code, 0);
  EXPECT_EQ(sign_in("anna@example.org", secret), std::nullopt);
  EXPECT_EQ(for_anna("delete", "id", "phone").exit_code, 2);
  EXPECT_EQ(error(for_anna("delete", "id", "7")), "not_found");
  EXPECT_EQ(for_anna("delete", "id", "1").exit_code, 0);
  EXPECT_TRUE((*session)->revoked()) << "a lost phone is signed out";
  EXPECT_EQ(sign_in("anna@example.org", secret), Errc::unauthenticated);
  EXPECT_EQ(error(for_anna("add", "name", "")), "invalid");
}

}  // namespace
}  // namespace gatepost::admin
