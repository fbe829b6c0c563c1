#include "directory/password_age.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "directory/door.hpp"
#include "directory/outside.hpp"
#include "directory/records.hpp"
#include "directory/second_factor.hpp"
#include "directory/test_support.hpp"

namespace gatepost::directory {
namespace {

using std::chrono::days;
using ::testing::HasSubstr;

constexpr std::string_view kAnna = "anna@example.org", kPassword = "correct horse";

class PasswordAge : public testing::Test {
 protected:
  PasswordAge() {
    EXPECT_TRUE(dir->add_domain("example.org"));
    anna = dir.person(kAnna, kPassword);
    context.remote = *IpAddress::parse("192.0.2.1");
    context.service = "imap";
    context.connection_id = "4f2a";
    context.tls = true;
    ages().set_age_policy({.longest = days(90), .warning = days(14)});
  }
  PasswordAges& ages() { return password_ages(*dir); }
  PasswordStanding standing() { return ages().standing(*dir->principal(anna.id)); }
  std::optional<Errc> sign_in(std::string_view password = kPassword, std::string_view service = "imap",
                              bool renewing = false) {
    Authenticator authenticator{*dir, {}, dir.clock, log, metrics};
    Door door{*library, authenticator, {}, log, metrics};
    DoorContext other = context;
    other.service = service;
    other.renewing = renewing;
    return code(door.with_password(kAnna, Secret(password), other, [] {}));
  }

  TestDirectory dir;
  Principal anna;
  MemorySink sink;
  Log log{sink, dir.clock};
  Metrics metrics;
  std::unique_ptr<sasl::Library> library = *sasl::Library::create("secret of this server");
  DoorContext context;
};

TEST_F(PasswordAge, IsCountedFromTheLastChange) {
  const TimePoint begun = dir.clock.now();
  EXPECT_EQ(standing().changed, begun);
  EXPECT_EQ(standing().expires, begun + days(90));
  EXPECT_FALSE(standing().ends_soon);
  dir.clock.advance(days(76));
  EXPECT_TRUE(standing().ends_soon);
  EXPECT_EQ(sign_in(), std::nullopt);
  dir.clock.advance(days(14));
  EXPECT_TRUE(standing().expired);
  EXPECT_FALSE(standing().ends_soon);
  EXPECT_EQ(sign_in(), Errc::expired);
  dir.reopen();
  ages().set_age_policy({.longest = days(90), .warning = days(14)});
  EXPECT_EQ(sign_in(), Errc::expired) << "after a restart, too";
  ASSERT_TRUE(dir->set_password(anna.id, Secret("battery staple")));
  EXPECT_EQ(sign_in("battery staple"), std::nullopt);
  EXPECT_EQ(standing().changed, dir.clock.now());
}

TEST_F(PasswordAge, EndsForTheMainPasswordAlone) {
  const auto phone = dir->add_app_password(anna.id, "phone");
  dir.clock.advance(days(100));
  for (const char* service : {"imap", "pop3", "submission", "smtp", "ldap", "http", "web"}) {
    EXPECT_EQ(sign_in(kPassword, service), Errc::expired) << service;
    EXPECT_EQ(sign_in("wrong horse", service), Errc::unauthenticated) << "told to nobody else: " << service;
    EXPECT_EQ(sign_in(kPassword, service, true), std::nullopt) << "to replace it: " << service;
  }
  EXPECT_EQ(sign_in(phone->reveal()), std::nullopt);
  EXPECT_EQ(sign_in(phone->reveal(), "ldap", true), Errc::denied) << "it replaces no other";
}

TEST_F(PasswordAge, IsNoFailureForTheLimits) {
  Authenticator authenticator{*dir, {.distinct_failures = 2}, dir.clock, log, metrics};
  Door door{*library, authenticator, {}, log, metrics};
  dir.clock.advance(days(100));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(code(door.with_password(kAnna, Secret(kPassword), context, [] {})), Errc::expired);
  }
  EXPECT_TRUE(authenticator.bans().empty());
  std::string all;
  for (const std::string& line : sink.lines()) all += line + "\n";
  EXPECT_THAT(all, HasSubstr("sign_in.password_expired"));
  EXPECT_THAT(all, ::testing::Not(HasSubstr("sign_in.failed")));
  EXPECT_THAT(metrics.text(), HasSubstr("outcome=\"expired\"} 5"));
}

TEST_F(PasswordAge, IsToldByScramAfterTheProof) {
  dir.clock.advance(days(100));
  Authenticator authenticator{*dir, {}, dir.clock, log, metrics};
  Door door{*library, authenticator, {}, log, metrics};
  const auto exchange = [&](std::string_view password) {
    auto client = *library->client({"SCRAM-SHA-256"}, true, std::string(kAnna), Secret(password));
    auto conversation = *door.start("SCRAM-SHA-256", context, [] {});
    SignInStep step = conversation->begin(**client->initial());
    while (auto* challenge = std::get_if<sasl::Challenge>(&step)) {
      const auto next = client->step(challenge->octets);
      step = conversation->answer(next ? std::string_view(*next) : std::string_view());
    }
    return std::holds_alternative<Error>(step) ? std::optional(std::get<Error>(step).code) : std::nullopt;
  };
  EXPECT_EQ(exchange(kPassword), Errc::expired);
  EXPECT_EQ(exchange("wrong horse"), Errc::unauthenticated);
}

TEST_F(PasswordAge, MeansNobodyWhoIsExempt) {
  anna.password_never_expires = true;
  ASSERT_TRUE(dir->update_principal(anna));
  dir.clock.advance(days(1000));
  EXPECT_EQ(sign_in(), std::nullopt);
  EXPECT_EQ(standing().expires, std::nullopt);
  dir.reopen();
  EXPECT_TRUE(dir->principal(anna.id)->password_never_expires);
  ages().set_age_policy({.longest = days(90)});
  EXPECT_EQ(sign_in(), std::nullopt);
  anna.password_never_expires = false;
  ASSERT_TRUE(dir->update_principal(anna));
  EXPECT_EQ(sign_in(), Errc::expired);
  ASSERT_TRUE(dir->remove_principal(anna.id));
  dir.reopen();
}

TEST_F(PasswordAge, AnInitialOneHasToBeReplaced) {
  ages().set_age_policy({});
  ASSERT_TRUE(dir->set_password(anna.id, Secret("from the help desk"), PasswordKind::initial));
  EXPECT_EQ(sign_in("from the help desk"), Errc::expired);
  EXPECT_TRUE(standing().must_change);
  dir.reopen();
  EXPECT_TRUE(standing().must_change);
  anna = *dir->principal(anna.id);
  anna.password_never_expires = true;
  ASSERT_TRUE(dir->update_principal(anna));
  EXPECT_EQ(sign_in("from the help desk"), Errc::expired) << "whoever asked for it meant it";
  ASSERT_TRUE(dir->set_password(anna.id, Secret("battery staple")));
  EXPECT_EQ(sign_in("battery staple"), std::nullopt);

  ASSERT_TRUE(ages().demand_change(anna.id, true));
  EXPECT_EQ(sign_in("battery staple"), Errc::expired);
  ASSERT_TRUE(ages().demand_change(anna.id, false));
  EXPECT_EQ(sign_in("battery staple"), std::nullopt);
  const Principal paul = dir.person("paul@example.org");
  EXPECT_EQ(code(ages().demand_change(paul.id, true)), Errc::not_found);
  EXPECT_FALSE(ages().standing(paul).kept);
}

TEST_F(PasswordAge, StaysWhenThePasswordIsHashedAnew) {
  ASSERT_TRUE(ages().demand_change(anna.id, true));
  const auto before = standing().changed;
  dir.clock.advance(days(1));
  dir.options.argon2_iterations = 2;
  dir.reopen();
  EXPECT_EQ(sign_in(), Errc::expired);
  dir.reopen();
  EXPECT_EQ(standing().changed, before);
  EXPECT_TRUE(standing().must_change);
}

// What an older version has written.
TEST_F(PasswordAge, OfOldPasswordsBeginsWhenTheyAreFirstSeen) {
  PasswordRecord old;
  old.argon2id = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA";
  old.scram_sha256 = {4096, "salt", std::string(32, 'a'), std::string(32, 'b')};
  old.scram_sha1 = {4096, "salt", std::string(20, 'a'), std::string(20, 'b')};
  EXPECT_EQ(encode(old).front(), 1) << "as they were";
  dir.plant(password_key(anna.id), encode(old));
  dir.plant(std::string(kAgesSinceKey), std::nullopt);
  dir.clock.advance(days(1000));
  dir.reopen();
  ages().set_age_policy({.longest = days(90), .warning = days(14)});
  const TimePoint seen = dir.clock.now();
  EXPECT_EQ(standing().changed, std::nullopt);
  EXPECT_EQ(standing().expires, seen + days(90));
  EXPECT_FALSE(standing().expired);
  dir.clock.advance(days(89));
  dir.reopen();
  ages().set_age_policy({.longest = days(90), .warning = days(14)});
  EXPECT_EQ(standing().expires, seen + days(90));
  dir.clock.advance(days(1));
  EXPECT_TRUE(standing().expired);
}

TEST_F(PasswordAge, IsLookedAtAfterTheSecondFactor) {
  second_factors(*dir).set_policy({.everybody = true});
  dir.clock.advance(days(100));
  EXPECT_EQ(sign_in(), Errc::forbidden) << "no new password would help there";
  EXPECT_EQ(sign_in(kPassword, "web"), Errc::expired);
}

class Outside final : public OutsideSignIn {
 public:
  Result<Answer> check(std::string_view name, const Secret& password) override {
    if (name != kAnna) return Answer{};
    const bool right = password.reveal() == "kept outside";
    return Answer{right ? Answer::Kind::right : Answer::Kind::wrong, std::string(kAnna)};
  }
  bool knows(std::string_view name) override { return name == kAnna; }
};

TEST_F(PasswordAge, IsNothingOfOutsideDirectories) {
  Outside outside;
  set_outside(*dir, &outside);
  dir.clock.advance(days(100));
  EXPECT_EQ(sign_in("kept outside"), std::nullopt);
  EXPECT_FALSE(standing().kept);
  set_outside(*dir, nullptr);
}

}  // namespace
}  // namespace gatepost::directory
