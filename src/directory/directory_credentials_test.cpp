#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <ctime>
#include <functional>
#include <thread>

#include "directory/directory.hpp"
#include "directory/records.hpp"
#include "directory/test_support.hpp"

namespace gatepost::directory {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DirectoryCredentials : public testing::Test {
 protected:
  DirectoryCredentials() {
    EXPECT_TRUE(dir->add_domain("example.org"));
    anna = dir.person("anna@example.org", "correct horse");
  }
  std::optional<Errc> check(std::string_view name, std::string_view password) {
    return code(dir->verify_password(name, Secret(password)));
  }
  sasl::ScramVerifier verifier(std::string_view name, std::string_view hash = "SHA-256") {
    return **dir->scram_verifier(name, hash);
  }
  // Of this thread on a processor: other work on the machine does not count.
  static double seconds(const std::function<void()>& work) {
    const auto now = [] {
      timespec t{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
    };
    const double start = now();
    work();
    return now() - start;
  }

  TestDirectory dir;
  Principal anna;
};

TEST_F(DirectoryCredentials, TakesTheRightPasswordUnderEveryFormOfTheName) {
  ASSERT_TRUE(dir->add_alias("a@example.org", {"anna@example.org"}));
  EXPECT_EQ(dir->verify_password("anna@example.org", Secret("correct horse"))->id, anna.id);
  EXPECT_EQ(dir->verify_password("ANNA@Example.ORG", Secret("correct horse"))->id, anna.id);
  EXPECT_EQ(dir->verify_password("a@example.org", Secret("correct horse"))->id, anna.id);
  EXPECT_EQ(check("anna@example.org", "Correct horse"), Errc::unauthenticated);
  EXPECT_EQ(check("anna@example.org", ""), Errc::unauthenticated);
  EXPECT_EQ(check("anna@example.org", std::string(2000, 'x')), Errc::unauthenticated);
  EXPECT_EQ(check("anna+x@example.org", "correct horse"), Errc::unauthenticated);
  EXPECT_EQ(check("nobody@example.org", "correct horse"), Errc::unauthenticated);
  EXPECT_EQ(check("anna", "correct horse"), Errc::unauthenticated);
  EXPECT_EQ(check("", "correct horse"), Errc::unauthenticated);
}

TEST_F(DirectoryCredentials, NeverSignsInByAnAliasOfSeveral) {
  dir.person("ben@example.org", "ben's password");
  ASSERT_TRUE(dir->add_alias("both@example.org", {"anna@example.org", "ben@example.org"}));
  EXPECT_EQ(check("both@example.org", "correct horse"), Errc::unauthenticated);
}

TEST_F(DirectoryCredentials, RefusesPasswordsThatAreShortEndlessOrNoText) {
  auto set = [&](std::string_view password) { return code(dir->set_password(anna.id, Secret(password))); };
  EXPECT_EQ(set("seven77"), Errc::invalid);
  EXPECT_EQ(set(""), Errc::invalid);
  EXPECT_EQ(set(std::string(1025, 'x')), Errc::invalid);
  EXPECT_EQ(set("broken \xff text"), Errc::invalid);
  EXPECT_EQ(set(std::string("nul \0 inside", 12)), Errc::invalid);
  EXPECT_EQ(set(std::string(1024, 'x')), std::nullopt);
  EXPECT_EQ(check("anna@example.org", std::string(1024, 'x')), std::nullopt);
  EXPECT_EQ(code(dir->set_password(PrincipalId{7}, Secret("long enough"))), Errc::not_found);
}

TEST_F(DirectoryCredentials, TakesAPasswordHoweverTheKeyboardComposesIt) {
  ASSERT_TRUE(dir->set_password(anna.id, Secret("sch\u00f6nes Wetter")));
  EXPECT_EQ(check("anna@example.org", "scho\u0308nes Wetter"), std::nullopt);
  EXPECT_EQ(check("anna@example.org", "schones Wetter"), Errc::unauthenticated);
}

TEST_F(DirectoryCredentials, ForgetsTheOldPasswordAtOnce) {
  EXPECT_EQ(check("anna@example.org", "correct horse"), std::nullopt);
  ASSERT_TRUE(dir->set_password(anna.id, Secret("battery staple")));
  EXPECT_EQ(check("anna@example.org", "correct horse"), Errc::unauthenticated);
  EXPECT_EQ(check("anna@example.org", "battery staple"), std::nullopt);
}

TEST_F(DirectoryCredentials, TellsADisabledAccountOnlyToWhoKnowsThePassword) {
  EXPECT_EQ(check("anna@example.org", "correct horse"), std::nullopt);
  anna.enabled = false;
  ASSERT_TRUE(dir->update_principal(anna));
  EXPECT_EQ(check("anna@example.org", "correct horse"), Errc::denied);
  EXPECT_EQ(check("anna@example.org", "wrong horse!"), Errc::unauthenticated);
  anna.enabled = true;
  ASSERT_TRUE(dir->update_principal(anna));
  EXPECT_EQ(check("anna@example.org", "correct horse"), std::nullopt);
}

TEST_F(DirectoryCredentials, SpendsOnUnknownNamesWhatKnownOnesCost) {
  dir.options.argon2_memory_kib = 16 << 10;
  dir.options.argon2_iterations = 4;
  dir.reopen();
  const Principal ben = dir.person("ben@example.org", "ben's password");
  const Principal cleo = dir.person("cleo@example.org");
  auto best = [&](const char* name) {
    double least = 1e9;
    for (int i = 0; i < 3; ++i) least = std::min(least, seconds([&] { (void)check(name, "wrong password"); }));
    return least;
  };
  const double known = best("ben@example.org");
  for (const char* name : {"nobody@example.org", "cleo@example.org", "no address", "x@elsewhere.example"}) {
    const double unknown = best(name);
    EXPECT_GT(unknown, known / 3) << name;
    EXPECT_LT(unknown, known * 3) << name;
  }
}

TEST_F(DirectoryCredentials, DoesNotHashAgainForAClientThatSignsInAllTheTime) {
  dir.options.argon2_memory_kib = 16 << 10;
  dir.options.argon2_iterations = 4;
  dir.reopen();
  dir.person("ben@example.org", "ben's password");
  const double first = seconds([&] { EXPECT_EQ(check("ben@example.org", "ben's password"), std::nullopt); });
  const double hundred = seconds([&] {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(check("ben@example.org", "ben's password"), std::nullopt);
  });
  EXPECT_LT(hundred, first * 10);
  // It is forgotten in the end, and then calculated anew.
  dir.clock.advance(11min);
  EXPECT_EQ(check("ben@example.org", "ben's password"), std::nullopt);
}

TEST_F(DirectoryCredentials, HashesAgainWhenTheOptionsHaveChanged) {
  const auto before = verifier("anna@example.org");
  dir.options.argon2_iterations = 2;
  dir.options.scram_iterations = 5000;
  dir.reopen();
  const int commits = dir.keys.commits;
  EXPECT_EQ(check("anna@example.org", "wrong horse!"), Errc::unauthenticated);
  EXPECT_EQ(verifier("anna@example.org"), before);
  EXPECT_EQ(check("anna@example.org", "correct horse"), std::nullopt);
  EXPECT_EQ(dir.keys.commits, commits + 1);
  EXPECT_EQ(verifier("anna@example.org").iterations, 5000u);
  EXPECT_EQ(check("anna@example.org", "correct horse"), std::nullopt);
  dir.reopen();
  EXPECT_EQ(verifier("anna@example.org").iterations, 5000u);
  EXPECT_EQ(check("anna@example.org", "correct horse"), std::nullopt);
  EXPECT_EQ(dir.keys.commits, commits + 1) << "once";
}

TEST_F(DirectoryCredentials, SignsInEvenIfTheNewHashCannotBeStored) {
  dir.options.argon2_iterations = 2;
  dir.reopen();
  dir.keys.refuse = Errc::disk_full;
  EXPECT_EQ(check("anna@example.org", "correct horse"), std::nullopt);
}

TEST_F(DirectoryCredentials, LooksAgainWhenThePasswordChangesDuringTheCheck) {
  // The refresh commits in the middle of a sign-in; there somebody sets another password.
  dir.options.argon2_iterations = 2;
  dir.reopen();
  auto other = *Directory::open(dir.store->keys(), dir.options, dir.clock, dir.random);
  dir.keys.before_commit = [&] { ASSERT_TRUE(other->set_password(anna.id, Secret("battery staple"))); };
  (void)check("anna@example.org", "correct horse");
  EXPECT_EQ(check("anna@example.org", "battery staple"), std::nullopt) << "not overwritten with the old one";
  EXPECT_EQ(check("anna@example.org", "correct horse"), Errc::unauthenticated);
}

TEST_F(DirectoryCredentials, SaysUnavailableWhenTooManyWaitForAHash) {
  dir.options.parallel_hashes = 1;
  dir.options.hash_wait = 0ms;
  dir.options.argon2_memory_kib = 64 << 10;
  dir.options.argon2_iterations = 10;
  dir.reopen();
  std::atomic<int> unavailable = 0, done = 0;
  std::barrier together(4);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        together.arrive_and_wait();
        const auto set = dir->set_password(anna.id, Secret("battery staple"));
        (set || set.error().code != Errc::unavailable ? done : unavailable) += 1;
      });
    }
  }
  EXPECT_GE(done, 1);
  EXPECT_GE(unavailable, 1);
}

// Others' new passwords, and that everybody's hash is out of date, keep nobody waiting.
TEST_F(DirectoryCredentials, SignsInWhileAllPlacesToHashAreTaken) {
  dir.options.parallel_hashes = 1;
  dir.options.argon2_memory_kib = 64 << 10;
  dir.options.argon2_iterations = 40;
  dir.reopen();
  const Principal ben = dir.person("ben@example.org");
  std::atomic<bool> hashed = false;
  std::jthread other([&] {
    EXPECT_TRUE(dir->set_password(ben.id, Secret("battery staple")));
    hashed = true;
  });
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(check("anna@example.org", "correct horse"), std::nullopt);
  EXPECT_FALSE(hashed) << "the other one took longer: this showed nothing";
}

TEST_F(DirectoryCredentials, SpendsNoHashOnAWrongPassword) {
  dir.options.parallel_hashes = 1;
  dir.options.waiting_hashes = 0;
  dir.options.hash_wait = 0ms;
  dir.options.argon2_memory_kib = 64 << 10;
  dir.options.argon2_iterations = 10;
  dir.reopen();
  ASSERT_TRUE(dir->set_password(anna.id, Secret("battery staple")));
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      EXPECT_EQ(check("anna@example.org", "whatever it is"), Errc::unauthenticated);
      EXPECT_EQ(check("nobody@example.org", "whatever it is"), Errc::unauthenticated);
    });
  }
}

TEST_F(DirectoryCredentials, GivesAppPasswordsThatWorkBesideTheMainOne) {
  const auto phone = dir->add_app_password(anna.id, "Anna's phone");
  const auto tablet = dir->add_app_password(anna.id, "tablet");
  ASSERT_TRUE(phone && tablet);
  EXPECT_EQ(check("anna@example.org", phone->reveal()), std::nullopt);
  EXPECT_EQ(check("anna@example.org", tablet->reveal()), std::nullopt);
  EXPECT_EQ(check("anna@example.org", "correct horse"), std::nullopt);
  std::string bare(phone->reveal());
  std::erase(bare, '-');
  EXPECT_EQ(check("anna@example.org", bare), std::nullopt);
  ASSERT_TRUE(dir->remove_app_password(anna.id, 1));
  EXPECT_EQ(code(dir->remove_app_password(anna.id, 1)), Errc::not_found);
  EXPECT_EQ(check("anna@example.org", phone->reveal()), Errc::unauthenticated);
  EXPECT_EQ(check("anna@example.org", tablet->reveal()), std::nullopt);
  dir.reopen();
  EXPECT_EQ(check("anna@example.org", phone->reveal()), Errc::unauthenticated);
  EXPECT_EQ(check("anna@example.org", tablet->reveal()), std::nullopt);
  const auto list = *dir->app_passwords(anna.id);
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0].id, 2u);
  EXPECT_EQ(list[0].name, "tablet");
}

TEST_F(DirectoryCredentials, LetsAppPasswordsWorkWithoutAMainOne) {
  const Principal ben = dir.person("ben@example.org");
  const auto phone = dir->add_app_password(ben.id, "phone");
  EXPECT_EQ(check("ben@example.org", phone->reveal()), std::nullopt);
  EXPECT_EQ(check("ben@example.org", "whatever it is"), Errc::unauthenticated);
}

TEST_F(DirectoryCredentials, BoundsAppPasswordsAndTheirNames) {
  EXPECT_EQ(code(dir->add_app_password(anna.id, "")), Errc::invalid);
  EXPECT_EQ(code(dir->add_app_password(anna.id, "a\nb")), Errc::invalid);
  EXPECT_EQ(code(dir->add_app_password(anna.id, std::string(101, 'x'))), Errc::invalid);
  EXPECT_EQ(code(dir->add_app_password(PrincipalId{7}, "phone")), Errc::not_found);
  EXPECT_EQ(code(dir->app_passwords(PrincipalId{7})), Errc::not_found);
  EXPECT_EQ(code(dir->remove_app_password(PrincipalId{7}, 1)), Errc::not_found);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(dir->add_app_password(anna.id, "phone"));
  EXPECT_EQ(code(dir->add_app_password(anna.id, "phone")), Errc::limit);
}

TEST_F(DirectoryCredentials, WritesTheLastUseOfAnAppPasswordOnceAnHour) {
  const auto phone = dir->add_app_password(anna.id, "phone");
  EXPECT_EQ(dir->app_passwords(anna.id)->front().last_used, std::nullopt);
  const int commits = dir.keys.commits;
  for (int i = 0; i < 59; ++i) {
    dir.clock.advance(1min);
    ASSERT_EQ(check("anna@example.org", phone->reveal()), std::nullopt);
    EXPECT_EQ(dir->app_passwords(anna.id)->front().last_used, dir.clock.now());
  }
  EXPECT_EQ(dir.keys.commits, commits + 1);
  dir.clock.advance(2min);
  ASSERT_EQ(check("anna@example.org", phone->reveal()), std::nullopt);
  EXPECT_EQ(dir.keys.commits, commits + 2);
  dir.reopen();
  EXPECT_EQ(dir->app_passwords(anna.id)->front().last_used, dir.clock.now());
  dir.keys.refuse = Errc::disk_full;
  dir.clock.advance(2h);
  EXPECT_EQ(check("anna@example.org", phone->reveal()), std::nullopt) << "the disk keeps nobody out";
}

TEST_F(DirectoryCredentials, ForgetsAllOfARemovedAccount) {
  const auto phone = dir->add_app_password(anna.id, "phone");
  ASSERT_EQ(check("anna@example.org", phone->reveal()), std::nullopt);
  ASSERT_TRUE(dir->remove_principal(anna.id));
  EXPECT_EQ(check("anna@example.org", "correct horse"), Errc::unauthenticated);
  EXPECT_EQ(check("anna@example.org", phone->reveal()), Errc::unauthenticated);
  dir.reopen();
  const Principal again = dir.person("anna@example.org");
  EXPECT_EQ(check("anna@example.org", "correct horse"), Errc::unauthenticated);
  EXPECT_THAT(*dir->app_passwords(again.id), IsEmpty());
}

TEST_F(DirectoryCredentials, AnswersScramForUnknownNamesWithDecoysThatNeverChange) {
  const auto known = verifier("anna@example.org"), decoy = verifier("nobody@example.org");
  EXPECT_EQ(decoy.iterations, known.iterations);
  EXPECT_EQ(decoy.salt.size(), known.salt.size());
  EXPECT_EQ(decoy.stored_key.size(), known.stored_key.size());
  EXPECT_EQ(verifier("NOBODY@example.org"), decoy);
  EXPECT_NE(verifier("other@example.org"), decoy);
  EXPECT_NE(verifier("nobody@example.org", "SHA-1").salt, decoy.salt);
  EXPECT_EQ(verifier("no address").salt.size(), known.salt.size());
  EXPECT_EQ(verifier("anna@example.org", "scram-sha-1").stored_key.size(), 20u);
  EXPECT_EQ(*dir->scram_verifier("anna@example.org", "MD5"), std::nullopt);
  dir.reopen();
  EXPECT_EQ(verifier("nobody@example.org"), decoy);
  EXPECT_EQ(verifier("anna@example.org"), known);
}

TEST_F(DirectoryCredentials, HasVerifiersThatTheStandardDerives) {
  const auto kept = verifier("Anna@example.org");
  EXPECT_EQ(*sasl::derive_scram_sha256(Secret("correct horse"), kept.salt, kept.iterations), kept);
}

TEST_F(DirectoryCredentials, TakesAnAppPasswordOnlyForWhatItIsFor) {
  const auto until = dir.clock.now() + 1h;
  const auto phone = dir->add_app_password(
      anna.id, "phone",
      {.services = {"IMAP", "smtp"}, .networks = {*Network::parse("192.0.2.0/24")}, .expires = until});
  ASSERT_TRUE(phone);
  const auto inside = *IpAddress::parse("192.0.2.9"), outside = *IpAddress::parse("198.51.100.1");
  const auto use = [&](std::string_view service, const IpAddress& from) {
    return code(dir->verify_password("anna@example.org", *phone, {service, from}));
  };
  EXPECT_EQ(use("imap", inside), std::nullopt);
  EXPECT_EQ(use("submission", inside), std::nullopt);
  EXPECT_EQ(use("smtp", inside), std::nullopt);
  EXPECT_EQ(use("pop3", inside), Errc::denied);
  EXPECT_EQ(use("imap", outside), Errc::denied);
  EXPECT_EQ(use("", outside), std::nullopt) << "without a service the scope is not looked at";
  dir.reopen();
  EXPECT_EQ(use("pop3", inside), Errc::denied);
  auto scope = dir->app_passwords(anna.id)->at(0).scope;
  EXPECT_THAT(scope.services, testing::ElementsAre("imap", "submission"));
  scope.blocked = true;
  ASSERT_TRUE(dir->set_app_scope(anna.id, 1, scope));
  EXPECT_EQ(use("imap", inside), Errc::denied);
  scope.blocked = false;
  ASSERT_TRUE(dir->set_app_scope(anna.id, 1, scope));
  EXPECT_EQ(use("imap", inside), std::nullopt);
  dir.clock.advance(1h);
  EXPECT_EQ(use("imap", inside), Errc::denied);
  EXPECT_EQ(code(dir->verify_password("anna@example.org", Secret("correct horse"), {"pop3", outside})), std::nullopt);
}

TEST_F(DirectoryCredentials, NotesWhereAnAppPasswordWasUsed) {
  const auto phone = dir->add_app_password(anna.id, "phone");
  ASSERT_TRUE(dir->verify_password("anna@example.org", *phone, {"imap", *IpAddress::parse("192.0.2.9")}));
  for (int i = 0; i < 2; ++i) {
    const auto app = dir->app_passwords(anna.id)->at(0);
    ASSERT_TRUE(app.last_used);
    EXPECT_EQ(app.last_service, "imap");
    EXPECT_EQ(app.last_remote, *IpAddress::parse("192.0.2.9"));
    dir.reopen();
  }
}

TEST_F(DirectoryCredentials, RefusesScopesThatAreNone) {
  EXPECT_EQ(code(dir->add_app_password(anna.id, "phone", {.services = {"telnet"}})), Errc::invalid);
  EXPECT_EQ(code(dir->add_app_password(anna.id, "phone", {.networks = std::vector<Network>(51)})), Errc::invalid);
  EXPECT_EQ(code(dir->set_app_scope(anna.id, 7, {})), Errc::not_found);
  EXPECT_EQ(code(dir->set_app_scope(PrincipalId{7}, 1, {})), Errc::not_found);
}

TEST_F(DirectoryCredentials, ReadsAppPasswordsOfTheReleaseBefore) {
  // Format 1 of both records, octet by octet.
  AppSecret old{.id = 1, .name = "phone", .created = dir.clock.now()};
  const Secret secret = make_app_secret(dir.random, old);
  dir.plant(app_key(anna.id, 1), encode(old));
  dir.plant(app_use_key(anna.id, 1), encode_time(dir.clock.now()));
  EXPECT_EQ(encode(old)[0], '\1');
  dir.reopen();
  const auto app = dir->app_passwords(anna.id)->at(0);
  EXPECT_EQ(app.scope, AppScope());
  EXPECT_EQ(app.last_used, dir.clock.now());
  EXPECT_EQ(app.last_service, "");
  EXPECT_TRUE(dir->verify_password("anna@example.org", secret, {"pop3", *IpAddress::parse("192.0.2.9")}));
}

TEST_F(DirectoryCredentials, KnowsReplacedPasswordsForAWhile) {
  const sasl::ScramVerifier first = verifier("anna@example.org");
  EXPECT_THAT(first.former_stored_keys, IsEmpty());
  ASSERT_TRUE(dir->set_password(anna.id, Secret("battery staple")));
  sasl::ScramVerifier second = verifier("anna@example.org");
  EXPECT_EQ(second.salt, first.salt) << "or a proof by the old one could not be recognised";
  EXPECT_THAT(second.former_stored_keys, testing::ElementsAre(first.stored_key));
  EXPECT_THAT(verifier("anna@example.org", "SHA-1").former_stored_keys, SizeIs(1));
  dir.reopen();
  EXPECT_THAT(verifier("anna@example.org").former_stored_keys, testing::ElementsAre(first.stored_key));
  EXPECT_EQ(check("anna@example.org", "correct horse"), Errc::unauthenticated);
  for (const char* next : {"the third one", "the fourth one", "the fifth one"}) {
    ASSERT_TRUE(dir->set_password(anna.id, Secret(next)));
  }
  EXPECT_THAT(verifier("anna@example.org").former_stored_keys, SizeIs(kMaxFormerPasswords));
  ASSERT_TRUE(dir->set_password(anna.id, Secret("the fourth one")));
  EXPECT_THAT(verifier("anna@example.org").former_stored_keys,
              testing::Not(testing::Contains(verifier("anna@example.org").stored_key)))
      << "what is right again is no former one";
  dir.clock.advance(std::chrono::days(30));
  EXPECT_THAT(verifier("anna@example.org").former_stored_keys, IsEmpty());
  ASSERT_TRUE(dir->forget_former_passwords());
  ASSERT_TRUE(dir->remove_principal(anna.id));
  dir.reopen();
}

TEST_F(DirectoryCredentials, TakesNoPasswordAgainWithinItsHistory) {
  dir.options.password_policy.history = 5;
  dir.reopen();
  const auto set = [&](const char* password) { return code(dir->set_password(anna.id, Secret(password))); };
  EXPECT_EQ(set("correct horse"), Errc::invalid) << "it is the present one";
  for (const char* next : {"the second one", "the third one", "the fourth one", "the fifth one", "the sixth one"}) {
    EXPECT_EQ(set(next), std::nullopt) << next;
  }
  EXPECT_EQ(set("correct horse"), Errc::invalid);
  dir.clock.advance(std::chrono::days(400));
  ASSERT_TRUE(dir->forget_former_passwords());
  dir.reopen();
  EXPECT_EQ(set("correct horse"), Errc::invalid) << "however long ago";
  EXPECT_EQ(set("the seventh one"), std::nullopt);
  EXPECT_EQ(set("correct horse"), std::nullopt) << "it is the sixth before this one";
  EXPECT_LE(verifier("anna@example.org").former_stored_keys.size(), kMaxFormerPasswords);
  // Without the history what was kept for it goes.
  dir.options.password_policy.history = 0;
  dir.reopen();
  dir.clock.advance(std::chrono::days(400));
  ASSERT_TRUE(dir->forget_former_passwords());
  EXPECT_THAT(verifier("anna@example.org").former_stored_keys, IsEmpty());
  EXPECT_EQ(set("the seventh one"), std::nullopt);
}

TEST_F(DirectoryCredentials, FollowsThePasswordPolicy) {
  EXPECT_EQ(code(dir->set_password(anna.id, Secret("password1"))), Errc::invalid);
  EXPECT_EQ(code(dir->set_password(anna.id, Secret("anna@example.org"))), Errc::invalid);
  dir.options.password_policy.min_characters = 12;
  dir.reopen();
  EXPECT_EQ(code(dir->set_password(anna.id, Secret("elevenchars"))), Errc::invalid);
  EXPECT_EQ(code(dir->set_password(anna.id, Secret("twelve chars"))), std::nullopt);
}

}  // namespace
}  // namespace gatepost::directory
