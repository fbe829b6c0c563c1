#include "directory/directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "directory/records.hpp"
#include "directory/test_support.hpp"

namespace gatepost::directory {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() { EXPECT_TRUE(dir->add_domain("example.org")); }

  std::vector<std::string> reached(std::string_view address) {
    std::vector<std::string> found;
    const auto destinations = dir->resolve(address);
    if (!destinations) return {std::string(to_string(destinations.error().code))};
    for (const auto& d : *destinations) found.push_back(d.address + (d.detail.empty() ? "" : " " + d.detail));
    return found;
  }
  std::vector<std::string> alias_lines() {
    std::vector<std::string> lines;
    const auto aliases = dir->aliases();
    for (const Alias& alias : *aliases) {
      std::string line = alias.address + ":";
      for (const auto& target : alias.targets) line += " " + target;
      lines.push_back(line);
    }
    return lines;
  }

  TestDirectory dir;
};

TEST_F(DirectoryTest, ServesDomainsInCanonicalForm) {
  ASSERT_TRUE(dir->add_domain("B\u00fccher.Example"));
  EXPECT_EQ(code(dir->add_domain("xn--bcher-kva.example")), Errc::already_exists);
  EXPECT_EQ(code(dir->add_domain("not a domain")), Errc::invalid);
  EXPECT_TRUE(*dir->is_local_domain("b\u00dccher.example"));
  EXPECT_FALSE(*dir->is_local_domain("example.com"));
  EXPECT_FALSE(*dir->is_local_domain("@"));
  EXPECT_THAT(*dir->domains(), SizeIs(2));
}

TEST_F(DirectoryTest, KeepsADomainThatHasAddresses) {
  const Principal anna = dir.person("anna@example.org");
  EXPECT_EQ(code(dir->remove_domain("example.org")), Errc::conflict);
  ASSERT_TRUE(dir->remove_principal(anna.id));
  EXPECT_TRUE(dir->remove_domain("EXAMPLE.org"));
  EXPECT_EQ(code(dir->remove_domain("example.org")), Errc::not_found);
  EXPECT_FALSE(*dir->is_local_domain("example.org"));
}

TEST_F(DirectoryTest, AddsPrincipalsWithNumbersThatAreNeverGivenTwice) {
  const Principal anna = dir.person("Anna@Example.org");
  EXPECT_EQ(anna.address, "anna@example.org");
  EXPECT_GE(anna.id, PrincipalId{store::kFirstAccount});
  EXPECT_EQ(anna.created, dir.clock.now());
  EXPECT_EQ(code(dir->add_principal(PrincipalKind::person, "ANNA@example.org", "")), Errc::already_exists);
  EXPECT_EQ(code(dir->add_principal(PrincipalKind::person, "anna@example.com", "")), Errc::not_found);
  EXPECT_EQ(code(dir->add_principal(PrincipalKind::person, "anna", "")), Errc::invalid);
  EXPECT_EQ(code(dir->add_principal(PrincipalKind::person, "ben@example.org", "Ben\r\nEvil")), Errc::invalid);
  ASSERT_TRUE(dir->remove_principal(anna.id));
  dir.reopen();
  EXPECT_GT(dir.person("anna@example.org").id, anna.id);
}

TEST_F(DirectoryTest, ChangesOnlyWhatMayBeChangedOfAPrincipal) {
  Principal anna = dir.person("anna@example.org");
  anna.address = "other@example.org";
  anna.kind = PrincipalKind::room;
  anna.display_name = "Anna Sm\u00efth";
  anna.quota_octets = 1000;
  anna.enabled = false;
  ASSERT_TRUE(dir->update_principal(anna));
  const auto now = dir->principal(anna.id);
  EXPECT_EQ(now->address, "anna@example.org");
  EXPECT_EQ(now->kind, PrincipalKind::person);
  EXPECT_EQ(now->display_name, "Anna Sm\u00efth");
  EXPECT_EQ(now->quota_octets, 1000u);
  EXPECT_FALSE(now->enabled);
  anna.id = PrincipalId{99'999};
  EXPECT_EQ(code(dir->update_principal(anna)), Errc::not_found);
  EXPECT_EQ(code(dir->principal(anna.id)), Errc::not_found);
}

TEST_F(DirectoryTest, FindsByAddressAndByAliasesWithOneTarget) {
  const Principal anna = dir.person("anna@example.org");
  const Principal ben = dir.person("ben@example.org");
  ASSERT_TRUE(dir->add_alias("a@example.org", {"anna@example.org"}));
  ASSERT_TRUE(dir->add_alias("aa@example.org", {"A@example.org"}));
  ASSERT_TRUE(dir->add_alias("both@example.org", {"anna@example.org", "ben@example.org"}));
  ASSERT_TRUE(dir->add_alias("out@example.org", {"someone@elsewhere.example"}));
  EXPECT_EQ(dir->find("ANNA@EXAMPLE.ORG")->id, anna.id);
  EXPECT_EQ(dir->find("aa@example.org")->id, anna.id);
  EXPECT_EQ(dir->find("ben@example.org")->id, ben.id);
  for (const char* name : {"both@example.org", "out@example.org", "nobody@example.org"}) {
    EXPECT_EQ(code(dir->find(name)), Errc::not_found) << name;
  }
  EXPECT_EQ(code(dir->find("garbage")), Errc::invalid);
}

TEST_F(DirectoryTest, RefusesAliasesThatLeadNowhere) {
  dir.person("anna@example.org");
  EXPECT_EQ(code(dir->add_alias("x@example.org", {})), Errc::invalid);
  EXPECT_EQ(code(dir->add_alias("x@example.org", {"x@example.org"})), Errc::invalid);
  EXPECT_EQ(code(dir->add_alias("x@example.org", {"nobody@example.org"})), Errc::not_found);
  EXPECT_EQ(code(dir->add_alias("x@example.org", {"garbage"})), Errc::invalid);
  EXPECT_EQ(code(dir->add_alias("x@example.com", {"anna@example.org"})), Errc::not_found);
  EXPECT_EQ(code(dir->add_alias("anna@example.org", {"a@b.example"})), Errc::already_exists);
  EXPECT_EQ(code(dir->add_alias("x@example.org", std::vector<std::string>(20'000, "anna@example.org"))), std::nullopt);
  std::vector<std::string> many;
  for (int i = 0; i < 20'000; ++i) many.push_back("user" + std::to_string(i) + "@elsewhere.example");
  EXPECT_EQ(code(dir->add_alias("y@example.org", many)), Errc::too_large);
  EXPECT_THAT(alias_lines(), ElementsAre("x@example.org: anna@example.org"));
  EXPECT_EQ(code(dir->remove_alias("anna@example.org")), Errc::not_found);
  EXPECT_EQ(code(dir->remove_alias("x@example.org")), std::nullopt);
  EXPECT_EQ(code(dir->remove_alias("x@example.org")), Errc::not_found);
}

TEST_F(DirectoryTest, AnAliasIsLedElsewhere) {
  EXPECT_EQ(code(dir->change_alias("info@example.org", {"anna@example.org"})), Errc::not_found);
  dir.person("anna@example.org");
  dir.person("bernd@example.org");
  ASSERT_TRUE(dir->add_alias("info@example.org", {"anna@example.org"}));
  const auto anna = dir->find("info@example.org")->change;
  EXPECT_EQ(code(dir->change_alias("info@example.org", {"nobody@example.org"})), Errc::not_found);
  EXPECT_EQ(code(dir->change_alias("anna@example.org", {"bernd@example.org"})), Errc::not_found);
  ASSERT_TRUE(dir->change_alias("info@example.org", {"bernd@example.org"}));
  EXPECT_EQ(dir->find("info@example.org")->address, "bernd@example.org");
  // It was shown beside her, and is beside him: both have changed.
  EXPECT_GT(dir->find("anna@example.org")->change, anna);
  EXPECT_EQ(dir->find("anna@example.org")->change, dir->find("bernd@example.org")->change);
  ASSERT_TRUE(dir->change_alias("info@example.org", {"bernd@example.org", "anna@example.org"}));
  dir.reopen();
  EXPECT_THAT(alias_lines(), ElementsAre("info@example.org: bernd@example.org anna@example.org"));
}

TEST_F(DirectoryTest, ResolvesNestedAliasesPlusFormsAndCatchAlls) {
  dir.person("anna@example.org");
  Principal ben = dir.person("ben@example.org");
  ASSERT_TRUE(dir->add_alias("team@example.org", {"anna@example.org", "ben@example.org", "x@elsewhere.example"}));
  ASSERT_TRUE(dir->add_alias("all@example.org", {"team@example.org", "anna@example.org"}));
  EXPECT_THAT(reached("All@example.org"),
              testing::UnorderedElementsAre("anna@example.org", "ben@example.org", "x@elsewhere.example"));
  EXPECT_THAT(reached("anna+lists@example.org"), ElementsAre("anna@example.org lists"));
  EXPECT_THAT(reached("someone@elsewhere.example"), ElementsAre("someone@elsewhere.example"));
  EXPECT_THAT(reached("nobody@example.org"), ElementsAre("not_found"));
  EXPECT_THAT(reached("no body"), ElementsAre("invalid"));
  EXPECT_EQ(code(dir->set_catch_all("example.org", "nobody@example.org")), Errc::not_found);
  ASSERT_TRUE(dir->set_catch_all("example.org", "anna@example.org"));
  EXPECT_THAT(reached("nobody@example.org"), ElementsAre("anna@example.org"));
  ASSERT_TRUE(dir->set_catch_all("example.org", ""));
  EXPECT_THAT(reached("nobody@example.org"), ElementsAre("not_found"));
  EXPECT_EQ(code(dir->set_catch_all("example.com", "anna@example.org")), Errc::not_found);
  ben.enabled = false;
  ASSERT_TRUE(dir->update_principal(ben));
  EXPECT_THAT(reached("ben@example.org"), ElementsAre("denied"));
}

TEST_F(DirectoryTest, TellsWhoMayWriteAnAddressAsSender) {
  const Principal anna = dir.person("anna@example.org"), ben = dir.person("ben@example.org");
  ASSERT_TRUE(dir->add_alias("sales@example.org", {"anna@example.org"}));
  ASSERT_TRUE(dir->set_catch_all("example.org", "anna@example.org"));
  EXPECT_TRUE(*dir->owns_address(anna.id, "Anna@example.org"));
  EXPECT_TRUE(*dir->owns_address(anna.id, "anna+x@example.org"));
  EXPECT_TRUE(*dir->owns_address(anna.id, "sales+x@example.org"));
  EXPECT_FALSE(*dir->owns_address(ben.id, "sales@example.org"));
  EXPECT_FALSE(*dir->owns_address(anna.id, "caught@example.org"));
  EXPECT_FALSE(*dir->owns_address(anna.id, "anna@elsewhere.example"));
  EXPECT_EQ(code(dir->owns_address(PrincipalId{5}, "anna@example.org")), Errc::not_found);
  EXPECT_EQ(code(dir->owns_address(anna.id, "")), Errc::invalid);
}

TEST_F(DirectoryTest, LetsNothingLeadToARemovedPrincipal) {
  const Principal anna = dir.person("anna@example.org");
  dir.person("ben@example.org");
  ASSERT_TRUE(dir->add_alias("one@example.org", {"anna@example.org"}));
  ASSERT_TRUE(dir->add_alias("form@example.org", {"anna+x@example.org", "ben@example.org"}));
  ASSERT_TRUE(dir->add_alias("two@example.org", {"ben@example.org", "anna@example.org"}));
  ASSERT_TRUE(dir->add_alias("other@example.org", {"ben@example.org"}));
  ASSERT_TRUE(dir->set_catch_all("example.org", "anna@example.org"));
  ASSERT_TRUE(dir->remove_principal(anna.id));
  EXPECT_EQ(code(dir->remove_principal(anna.id)), Errc::not_found);
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(alias_lines(), ElementsAre("form@example.org: ben@example.org", "other@example.org: ben@example.org",
                                           "two@example.org: ben@example.org"));
    EXPECT_EQ(dir->domains()->front().catch_all, "");
    EXPECT_THAT(reached("anna@example.org"), ElementsAre("not_found"));
    dir.reopen();
  }
}

TEST_F(DirectoryTest, KeepsEverythingOverARestart) {
  Principal anna = dir.person("anna@example.org", "correct horse");
  dir.person("ben@example.org");
  ASSERT_TRUE(dir->add_alias("team@example.org", {"anna@example.org", "ben@example.org"}));
  ASSERT_TRUE(dir->set_catch_all("example.org", "team@example.org"));
  anna.display_name = "Anna";
  anna.quota_octets = 5;
  ASSERT_TRUE(dir->update_principal(anna));
  const auto secret = dir->add_app_password(anna.id, "phone");
  ASSERT_TRUE(secret);
  dir.clock.advance(std::chrono::hours(1));
  dir.reopen();
  const auto kept = dir->find("anna@example.org");
  EXPECT_EQ(kept->id, anna.id);
  EXPECT_EQ(kept->display_name, "Anna");
  EXPECT_EQ(kept->quota_octets, 5u);
  EXPECT_EQ(kept->created, anna.created);
  EXPECT_TRUE(kept->enabled);
  EXPECT_THAT(*dir->principals(), SizeIs(2));
  EXPECT_EQ(dir->domains()->front().catch_all, "team@example.org");
  EXPECT_THAT(alias_lines(), ElementsAre("team@example.org: anna@example.org ben@example.org"));
  EXPECT_TRUE(dir->verify_password("anna@example.org", Secret("correct horse")));
  EXPECT_TRUE(dir->verify_password("anna@example.org", *secret));
}

TEST_F(DirectoryTest, KnowsWhomToGrantRights) {
  const Principal anna = dir.person("anna@example.org");
  const Principal ben = dir.person("ben@example.org");
  ASSERT_TRUE(dir->add_alias("team@example.org", {"ben@example.org", "x@example.net"}));
  EXPECT_EQ(*dir->find_grantee("anyone"), "anyone");
  EXPECT_EQ(*dir->find_grantee("Ben@Example.org"), grantee(ben.id));
  EXPECT_EQ(*dir->find_grantee("team@example.org"), "team@example.org");
  EXPECT_EQ(code(dir->find_grantee("carl@example.org")), Errc::not_found);
  EXPECT_EQ(code(dir->find_grantee("")), Errc::invalid);
  EXPECT_EQ(dir->name_of_grantee(grantee(ben.id)), "ben@example.org");
  EXPECT_EQ(dir->name_of_grantee("gone@example.org"), std::nullopt);
  EXPECT_TRUE(dir->stands_for("team@example.org", ben.id));
  EXPECT_FALSE(dir->stands_for("team@example.org", anna.id));
  EXPECT_FALSE(dir->stands_for("anna@example.org", anna.id)) << "an account's own address is no group";
  EXPECT_FALSE(dir->stands_for("#", anna.id));
  EXPECT_TRUE(dir->stands_for("anyone", anna.id));
}

TEST_F(DirectoryTest, RemembersWhoSharesWithWhom) {
  const Principal anna = dir.person("anna@example.org");
  const Principal ben = dir.person("ben@example.org");
  const Principal carl = dir.person("carl@example.org");
  ASSERT_TRUE(dir->add_alias("team@example.org", {"carl@example.org"}));
  ASSERT_TRUE(dir->add_share(anna.id, grantee(ben.id)));
  ASSERT_TRUE(dir->add_share(ben.id, "team@example.org"));
  ASSERT_TRUE(dir->add_share(ben.id, "anyone"));
  EXPECT_EQ(code(dir->add_share(PrincipalId{5000}, "anyone")), Errc::not_found);
  Principal limited = anna;
  limited.quota_messages = 7;
  ASSERT_TRUE(dir->update_principal(limited));
  dir.reopen();
  int changes = 0;
  const auto watch = dir->watch_shares([&] { ++changes; });
  const auto sharers = [&](PrincipalId id) {
    std::vector<std::string> out;
    for (const Principal& p : dir->sharers(id)) out.push_back(p.address);
    return out;
  };
  EXPECT_EQ(dir->principal(anna.id)->quota_messages, 7U);
  EXPECT_THAT(sharers(ben.id), ElementsAre("anna@example.org"));
  EXPECT_THAT(sharers(carl.id), ElementsAre("ben@example.org"));
  ASSERT_TRUE(dir->remove_share(ben.id, "anyone"));
  EXPECT_EQ(changes, 1);
  ASSERT_TRUE(dir->remove_share(ben.id, "anyone"));
  EXPECT_EQ(changes, 1);
  ASSERT_TRUE(dir->add_share(ben.id, "anyone"));
  ASSERT_TRUE(dir->remove_share(ben.id, "anyone"));
  EXPECT_EQ(changes, 3);
  EXPECT_THAT(sharers(anna.id), IsEmpty());
  EXPECT_TRUE(dir->has_share(ben.id, "team@example.org"));
  limited.quota_messages = 0;
  ASSERT_TRUE(dir->update_principal(limited));
  ASSERT_TRUE(dir->remove_principal(ben.id));
  dir.reopen();
  EXPECT_THAT(sharers(carl.id), IsEmpty());
  EXPECT_FALSE(dir->has_share(anna.id, grantee(ben.id)));
  EXPECT_EQ(dir->principal(anna.id)->quota_messages, 0U);
}

TEST_F(DirectoryTest, StartsAnewWhenSomebodyElseWroteToThePartition) {
  auto other = *Directory::open(dir.store->keys(), cheap_options(), dir.clock, dir.random);
  ASSERT_TRUE(other->add_principal(PrincipalKind::person, "anna@example.org", ""));
  EXPECT_EQ(code(dir->add_principal(PrincipalKind::person, "anna@example.org", "")), Errc::already_exists);
  const Principal ben = dir.person("ben@example.org");
  EXPECT_EQ(static_cast<std::uint64_t>(ben.id), static_cast<std::uint64_t>(dir->find("anna@example.org")->id) + 1);
  dir.keys.refuse = Errc::conflict;
  EXPECT_EQ(code(dir->add_domain("example.net")), Errc::conflict);
}

TEST_F(DirectoryTest, AsksForTheOutcomeOfACommitThatWasLost) {
  dir.keys.lose = Meddler::Lose::answer;
  const Principal anna = dir.person("anna@example.org");
  EXPECT_EQ(dir->find("anna@example.org")->id, anna.id);
  dir.keys.lose = Meddler::Lose::commit;
  const Principal ben = dir.person("ben@example.org");
  EXPECT_EQ(dir->find("ben@example.org")->id, ben.id);
  dir.keys.lose = Meddler::Lose::answer;
  dir.keys.outcome_fails = true;
  EXPECT_EQ(code(dir->add_domain("example.net")), Errc::unknown_outcome);
  EXPECT_EQ(code(dir->add_domain("example.net")), Errc::already_exists) << "it had landed";
}

TEST_F(DirectoryTest, ShowsNothingThatWasNotWritten) {
  const Principal anna = dir.person("anna@example.org", "correct horse");
  for (Errc trouble : {Errc::disk_full, Errc::read_only, Errc::unavailable}) {
    dir.keys.refuse = trouble;
    Principal disabled = anna;
    disabled.enabled = false;
    EXPECT_EQ(code(dir->add_domain("example.net")), trouble);
    EXPECT_EQ(code(dir->update_principal(disabled)), trouble);
    EXPECT_EQ(code(dir->remove_principal(anna.id)), trouble);
    EXPECT_EQ(code(dir->add_alias("x@example.org", {"anna@example.org"})), trouble);
    EXPECT_EQ(code(dir->set_password(anna.id, Secret("another one"))), trouble);
    EXPECT_EQ(code(dir->add_app_password(anna.id, "phone")), trouble);
  }
  EXPECT_THAT(*dir->domains(), SizeIs(1));
  EXPECT_THAT(*dir->aliases(), IsEmpty());
  EXPECT_THAT(*dir->app_passwords(anna.id), IsEmpty());
  EXPECT_TRUE(dir->verify_password("anna@example.org", Secret("correct horse")));
}

TEST_F(DirectoryTest, OpensAStoreThatTakesNoWrites) {
  SystemRandom random;
  ManualClock clock;
  const auto store = store::open_memory({.engine = "memory"}, clock);
  Meddler keys(store->keys());
  keys.refuse = Errc::read_only;
  EXPECT_TRUE(Directory::open(keys, cheap_options(), clock, random));
  keys.refuse = Errc::disk_full;
  EXPECT_EQ(code(Directory::open(keys, cheap_options(), clock, random)), Errc::disk_full);
}

TEST_F(DirectoryTest, RefusesOptionsThatMakeNoSense) {
  auto with = [&](auto change) {
    Options options = cheap_options();
    change(options);
    return code(Directory::open(dir.keys, options, dir.clock, dir.random));
  };
  EXPECT_EQ(with([](Options& o) { o.recipient_delimiter = "@"; }), Errc::invalid);
  EXPECT_EQ(with([](Options& o) { o.recipient_delimiter = "a"; }), Errc::invalid);
  EXPECT_EQ(with([](Options& o) { o.recipient_delimiter = ""; }), std::nullopt);
  EXPECT_EQ(with([](Options& o) { o.scram_iterations = 100; }), Errc::invalid);
  EXPECT_EQ(with([](Options& o) { o.argon2_memory_kib = 1; }), Errc::invalid);
  EXPECT_EQ(with([](Options& o) { o.argon2_iterations = 0; }), Errc::invalid);
  EXPECT_EQ(with([](Options& o) { o.parallel_hashes = 0; }), Errc::invalid);
  EXPECT_EQ(with([](Options& o) { o.postmaster = "garbage"; }), Errc::invalid);
}

TEST_F(DirectoryTest, RefusesDamagedAndNewerRecords) {
  dir.person("anna@example.org", "correct horse");
  const std::string id = principal_key(PrincipalId{store::kFirstAccount});
  struct Case {
    std::string key;
    std::optional<std::string> value;
    Errc expected;
  };
  for (const auto& [key, value, expected] : {
           Case{"z", "\x01", Errc::corrupt},
           Case{"p", "\x01", Errc::corrupt},
           Case{id, "", Errc::corrupt},
           Case{id, "\x01\x00", Errc::corrupt},
           Case{id, "\x02", Errc::corrupt},
           Case{id, "\x03", Errc::corrupt},
           Case{id, "\x04", Errc::unsupported},
           Case{domain_key("example.org"), std::nullopt, Errc::corrupt},
           Case{id, std::nullopt, Errc::corrupt},
           Case{std::string(kNextIdKey), std::nullopt, Errc::corrupt},
           Case{std::string(kDecoyKeyKey), "\x01short", Errc::corrupt},
           Case{alias_key("x@example.org"), "\x01", Errc::corrupt},
           Case{alias_key("anna@example.org"), encode_targets({"x@y.example"}), Errc::corrupt},
           Case{app_use_key(PrincipalId{store::kFirstAccount}, 1), encode_time({}), Errc::corrupt},
           Case{password_key(PrincipalId{store::kFirstAccount}), encode(PasswordRecord{}), Errc::corrupt},
       }) {
    TestDirectory one;
    ASSERT_TRUE(one->add_domain("example.org"));
    one.person("anna@example.org", "correct horse");
    one.plant(key, value);
    EXPECT_EQ(code(Directory::open(one.keys, cheap_options(), one.clock, one.random)), expected) << key;
  }
}

TEST_F(DirectoryTest, ServesManyThreadsAtOnce) {
  const Principal anna = dir.person("anna@example.org", "correct horse");
  std::atomic<bool> stop = false;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        EXPECT_TRUE(dir->resolve("anna+x@example.org"));
        EXPECT_TRUE(dir->owns_address(anna.id, "anna@example.org"));
        (void)dir->principals();
        (void)dir->aliases();
        EXPECT_TRUE(dir->verify_password("ANNA@example.org", Secret("correct horse")));
        EXPECT_EQ(code(dir->verify_password("anna@example.org", Secret("wrong horse"))), Errc::unauthenticated);
      }
    });
  }
  std::vector<std::jthread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        const std::string name = "user" + std::to_string(t) + "." + std::to_string(i) + "@example.org";
        const auto added = dir->add_principal(PrincipalKind::person, name, "");
        ASSERT_TRUE(added);
        EXPECT_TRUE(dir->add_alias("a." + name, {name}));
        EXPECT_TRUE(dir->find("a." + name));
        const auto secret = dir->add_app_password(added->id, "phone");
        EXPECT_TRUE(dir->verify_password(name, *secret));
        if (i % 2 == 0) EXPECT_TRUE(dir->remove_principal(added->id));
      }
    });
  }
  writers.clear();
  stop = true;
  threads.clear();
  EXPECT_THAT(*dir->principals(), SizeIs(41));
  EXPECT_THAT(*dir->aliases(), SizeIs(40));
  dir.reopen();
  EXPECT_THAT(*dir->principals(), SizeIs(41));
  EXPECT_THAT(*dir->aliases(), SizeIs(40));
}

}  // namespace
}  // namespace gatepost::directory
