#include "directory/second_factor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "directory/door.hpp"
#include "directory/records.hpp"
#include "directory/test_support.hpp"
#include "directory/totp.hpp"
#include "directory/web_sessions.hpp"
#include "store/keys.hpp"

namespace gatepost::directory {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using Outcome = SecondFactors::Outcome;

class SecondFactor : public testing::Test {
 protected:
  SecondFactor() {
    EXPECT_TRUE(dir->add_domain("example.org"));
    anna = dir.person("anna@example.org", "correct horse");
    context.remote = *IpAddress::parse("192.0.2.1");
    context.service = "web";
    context.connection_id = "4f2a";
    context.tls = true;
  }
  SecondFactors& factors() { return second_factors(*dir); }
  std::string code(std::uint64_t ahead = 0) {
    return hotp(key.reveal(), totp_step(dir.clock.now()) + ahead, kTotpDigits);
  }
  template <class T>
  static std::optional<Errc> errc(const Result<T>& result) {
    return gatepost::directory::code(result);
  }
  std::vector<std::string> enrol() {
    auto begun = factors().begin(anna.id);
    EXPECT_TRUE(begun);
    key = *std::move(begun);
    const auto codes = factors().confirm(anna.id, Secret(code()));
    EXPECT_TRUE(codes);
    std::vector<std::string> out;
    for (const Secret& one : *codes) out.emplace_back(one.reveal());
    dir.clock.advance(kTotpStep);
    return out;
  }
  Outcome use(std::string_view what) {
    const auto used = factors().use(anna.id, Secret(what));
    EXPECT_TRUE(used);
    return used ? *used : Outcome::wrong;
  }
  // "in", or why not.
  std::string sign_in(std::string_view given, std::string_view password = "correct horse") {
    const auto done = door.with_code("anna@example.org", Secret(password), Secret(given), context, [] {});
    if (!done) return std::string(to_string(done.error().code));
    if (const auto* answer = std::get_if<CodeAnswer>(&*done)) return *answer == CodeAnswer::wanted ? "wanted" : "wrong";
    return "in";
  }
  std::optional<Errc> elsewhere(std::string_view service, std::string_view password = "correct horse") {
    DoorContext other = context;
    other.service = service;
    return errc(door.with_password("anna@example.org", Secret(password), other, [] {}));
  }

  TestDirectory dir;
  Principal anna;
  Secret key;
  MemorySink sink;
  Log log{sink, dir.clock};
  Metrics metrics;
  std::unique_ptr<sasl::Library> library = *sasl::Library::create("secret of this server");
  Authenticator authenticator{*dir, {}, dir.clock, log, metrics};
  Door door{*library, authenticator, {}, log, metrics};
  DoorContext context;
};

TEST_F(SecondFactor, CountsOnceACodeWasSeen) {
  EXPECT_FALSE(factors().status(anna).active);
  EXPECT_EQ(errc(factors().confirm(anna.id, Secret("123456"))), Errc::not_found);
  key = *factors().begin(anna.id);
  EXPECT_EQ(key.reveal().size(), kTotpKeyOctets);
  EXPECT_EQ(errc(factors().confirm(anna.id, Secret("12345"))), Errc::invalid);
  EXPECT_FALSE(factors().status(anna).active);
  EXPECT_EQ(sign_in(""), "in");
  const auto codes = factors().confirm(anna.id, Secret(code()));
  ASSERT_TRUE(codes);
  EXPECT_EQ(codes->size(), SecondFactors::kRecoveryCodes);
  EXPECT_TRUE(factors().status(anna).active);
  EXPECT_EQ(factors().status(anna).since, dir.clock.now());
  EXPECT_EQ(sign_in(code()), "wrong") << "the code that confirmed is used";
  EXPECT_EQ(errc(factors().begin(anna.id)), Errc::already_exists);
}

TEST_F(SecondFactor, IsNotSetUpByAKeyOfYesterday) {
  key = *factors().begin(anna.id);
  const Secret again = *factors().begin(anna.id);
  EXPECT_NE(key.reveal(), again.reveal());
  EXPECT_EQ(errc(factors().confirm(anna.id, Secret(code()))), Errc::invalid) << "of the key before";
  key = again.clone();
  dir.clock.advance(SecondFactors::kEnrolmentTime);
  EXPECT_EQ(errc(factors().confirm(anna.id, Secret(code()))), Errc::not_found);
}

TEST_F(SecondFactor, IsAskedForOnTheWeb) {
  enrol();
  EXPECT_EQ(sign_in(""), "wanted");
  EXPECT_EQ(sign_in("", "wrong horse"), "unauthenticated");
  EXPECT_EQ(sign_in(code(), "wrong horse"), "unauthenticated");
  const std::string now = code();
  EXPECT_EQ(sign_in(now.substr(0, 3) + " " + now.substr(3)), "in");
  EXPECT_EQ(sign_in(now), "wrong") << "used";
  dir.clock.advance(kTotpStep);
  EXPECT_EQ(sign_in(code()), "in");
  dir.clock.advance(10 * kTotpStep);
  EXPECT_EQ(sign_in(code(1)), "in") << "a phone that is fast";
  EXPECT_EQ(sign_in(code(0)), "wrong") << "an older step after it";
}

TEST_F(SecondFactor, ClosesWhatCannotAskForIt) {
  const auto phone = dir->add_app_password(anna.id, "phone");
  EXPECT_EQ(elsewhere("imap"), std::nullopt);
  enrol();
  for (const char* service : {"imap", "pop3", "submission", "smtp", "ldap", "http"}) {
    EXPECT_EQ(elsewhere(service), Errc::forbidden) << service;
    EXPECT_EQ(elsewhere(service, "wrong horse"), Errc::unauthenticated) << service;
    EXPECT_EQ(elsewhere(service, phone->reveal()), std::nullopt) << service;
  }
  std::string all;
  for (const std::string& line : sink.lines()) all += line + "\n";
  EXPECT_THAT(all, HasSubstr("sign_in.app_password_needed"));
  EXPECT_TRUE(factors().disable(anna.id));
  EXPECT_EQ(elsewhere("imap"), std::nullopt);
  EXPECT_EQ(sign_in(""), "in");
}

TEST_F(SecondFactor, ClosesScram) {
  enrol();
  DoorContext imap = context;
  imap.service = "imap";
  auto client = *library->client({"SCRAM-SHA-256"}, true, "anna@example.org", Secret("correct horse"));
  auto conversation = *door.start("SCRAM-SHA-256", imap, [] {});
  SignInStep step = conversation->begin(**client->initial());
  while (auto* challenge = std::get_if<sasl::Challenge>(&step))
    step = conversation->answer(*client->step(challenge->octets));
  ASSERT_TRUE(std::holds_alternative<Error>(step));
  EXPECT_EQ(std::get<Error>(step).code, Errc::forbidden);
}

TEST_F(SecondFactor, TakesEachRecoveryCodeOnce) {
  const auto codes = enrol();
  std::string loud = codes[3];
  for (char& c : loud) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(sign_in(loud), "in");
  EXPECT_EQ(sign_in(codes[3]), "wrong");
  EXPECT_EQ(factors().status(anna).recovery_codes, SecondFactors::kRecoveryCodes - 1);
  dir.reopen();
  EXPECT_EQ(use(codes[3]), Outcome::wrong);
  EXPECT_EQ(use(codes[4]), Outcome::right_recovery);
  const auto fresh = factors().renew_recovery_codes(anna.id);
  ASSERT_TRUE(fresh);
  EXPECT_EQ(use(codes[5]), Outcome::wrong);
  EXPECT_EQ(use(fresh->front().reveal()), Outcome::right_recovery);
}

TEST_F(SecondFactor, SurvivesARestartWithTheStepsThatWereUsed) {
  enrol();
  const std::string now = code();
  EXPECT_EQ(use(now), Outcome::right);
  dir.reopen();
  EXPECT_EQ(use(now), Outcome::wrong);
  dir.clock.advance(kTotpStep);
  EXPECT_EQ(use(code()), Outcome::right);
}

TEST_F(SecondFactor, TakesNoCodeTwiceAtTheSameMoment) {
  enrol();
  const std::string now = code();
  dir.keys.before_commit = [&] {
    // Another process of the same directory, say.
    dir.plant("da.example", std::string("\1\0\0\0\0\0\0\0\0\0", 10));
  };
  EXPECT_EQ(use(now), Outcome::right);
  EXPECT_EQ(use(now), Outcome::wrong);
}

TEST_F(SecondFactor, LimitsWrongCodesFromEverywhere) {
  const auto codes = enrol();
  for (std::uint32_t i = 0; i < SecondFactors::kMostWrong; ++i) {
    context.remote = IpAddress::v4(0xc0000200 + i);
    EXPECT_EQ(sign_in("abc"), "wrong");
  }
  context.remote = IpAddress::v4(0xc0000300);
  EXPECT_EQ(sign_in(code()), "limit");
  EXPECT_EQ(sign_in(codes[0]), "limit");
  dir.clock.advance(SecondFactors::kWrongWindow);
  EXPECT_EQ(sign_in(code()), "in");
}

TEST_F(SecondFactor, ForgivesNothingBeforeTheCodeIsRight) {
  enrol();
  authenticator.set_limits({.distinct_failures = 3});
  EXPECT_EQ(sign_in("111"), "wrong");
  EXPECT_EQ(sign_in(""), "wanted");
  EXPECT_EQ(sign_in("222"), "wrong");
  EXPECT_EQ(sign_in(""), "wanted");
  EXPECT_EQ(sign_in("333"), "wrong");
  EXPECT_EQ(sign_in(""), "limit") << "the pair is banned";
}

TEST_F(SecondFactor, KeepsNoCodeInTheLogAndNoRecoveryCodeInTheStore) {
  const auto codes = enrol();
  EXPECT_EQ(sign_in("987654"), "wrong");
  EXPECT_EQ(sign_in(codes[0]), "in");
  for (const std::string& line : sink.lines()) {
    EXPECT_THAT(line, Not(HasSubstr("987654")));
    EXPECT_THAT(line, Not(HasSubstr(codes[0])));
    EXPECT_THAT(line, Not(HasSubstr(base32(key.reveal()))));
  }
  std::string plain = codes[1];
  std::erase(plain, '-');
  const auto snapshot = dir.keys.snapshot(store::kDirectoryPartition, 10s);
  ASSERT_TRUE((*snapshot)->scan("", "", false, 10, [&](store::Entry entry) {
    EXPECT_EQ(entry.value.find(plain), std::string::npos);
    return true;
  }));
}

TEST_F(SecondFactor, GoesWithItsPrincipal) {
  enrol();
  ASSERT_TRUE(dir->remove_principal(anna.id));
  dir.reopen();
  EXPECT_EQ(errc(factors().begin(anna.id)), Errc::not_found);
}

TEST_F(SecondFactor, IsRefusedWhenItsRecordIsBroken) {
  enrol();
  const std::string row_key = totp_key(anna.id);
  dir.directory.reset();
  dir.plant(row_key, "\1half");
  const auto opened = Directory::open(dir.keys, dir.options, dir.clock, dir.random);
  EXPECT_EQ(errc(opened), Errc::corrupt);
}

TEST_F(SecondFactor, WhoMustHaveOneMayOnlySetItUp) {
  auto sessions = *WebSessions::open(dir.keys, *dir, {}, dir.clock, dir.random);
  const auto begun = sessions->begin(anna, false, "browser", context.remote);
  const std::string token(begun->token.reveal());
  factors().set_policy({.roles = {Role::admin}});
  EXPECT_TRUE(sessions->check(token, context.remote));
  EXPECT_EQ(elsewhere("imap"), std::nullopt);
  anna.role = Role::admin;
  ASSERT_TRUE(dir->update_principal(anna));
  EXPECT_TRUE(factors().status(anna).required);
  EXPECT_EQ(errc(sessions->check(token, context.remote)), Errc::forbidden);
  EXPECT_TRUE(sessions->check(token, context.remote, WebSessions::For::setting_up));
  EXPECT_EQ(elsewhere("imap"), Errc::forbidden);
  EXPECT_EQ(sign_in(""), "in") << "to set it up";
  enrol();
  EXPECT_TRUE(sessions->check(token, context.remote));
  factors().set_policy({.everybody = true});
  const Principal bert = dir.person("bert@example.org", "another horse");
  EXPECT_TRUE(factors().status(bert).required);
  EXPECT_FALSE(factors().status(*dir->add_principal(PrincipalKind::room, "room@example.org", "")).required);
}

}  // namespace
}  // namespace gatepost::directory
