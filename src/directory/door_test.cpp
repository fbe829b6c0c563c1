#include "directory/door_fixture.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <thread>

#include "sasl/bearer.hpp"
#include "sasl/login.hpp"
#include "sasl/plain.hpp"

namespace gatepost::directory {
namespace {

using sasl::Mechanism;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(DoorTest, OffersNothingWithoutTlsUnlessTheConfigurationSaysSo) {
  context.tls = false;
  EXPECT_THAT(door.mechanisms(context), IsEmpty());
  EXPECT_FALSE(door.takes_passwords(context));
  EXPECT_EQ(code(with_password()), Errc::denied);
  EXPECT_EQ(code(door.start("PLAIN", context, [] {})), Errc::unsupported);
  EXPECT_EQ(code(door.start("SCRAM-SHA-256", context, [] {})), Errc::unsupported);
  door.set_policy({.without_tls = true});
  EXPECT_TRUE(door.takes_passwords(context));
  EXPECT_TRUE(with_password());
}

TEST_F(DoorTest, OffersWhatThePolicyAllowsAndTheConnectionCanDo) {
  EXPECT_THAT(door.mechanisms(context),
              ElementsAre(Mechanism::scram_sha256, Mechanism::scram_sha1, Mechanism::plain, Mechanism::login));
  context.channel_binding = std::string(32, 'x');
  EXPECT_EQ(door.mechanisms(context).front(), Mechanism::scram_sha256_plus);
  door.set_policy({.mechanisms = {"plain", "SCRAM-SHA-256"}});
  EXPECT_THAT(door.mechanisms(context), ElementsAre(Mechanism::scram_sha256, Mechanism::plain));
  EXPECT_TRUE(door.takes_passwords(context));
  EXPECT_EQ(code(door.start("LOGIN", context, [] {})), Errc::unsupported);
  EXPECT_EQ(code(door.start("NTLM", context, [] {})), Errc::unsupported);
  door.set_policy({.mechanisms = {"SCRAM-SHA-256-PLUS"}});
  EXPECT_FALSE(door.takes_passwords(context));
  EXPECT_EQ(code(with_password()), Errc::denied);
}

TEST_F(DoorTest, SignsInByEveryMechanism) {
  for (const char* mechanism : {"SCRAM-SHA-256", "scram-sha-1", "PLAIN", "LOGIN"}) {
    const auto step = play(mechanism, "Anna@example.org", "correct horse");
    ASSERT_TRUE(std::holds_alternative<std::unique_ptr<SignedIn>>(step)) << mechanism;
    EXPECT_EQ(std::get<std::unique_ptr<SignedIn>>(step)->principal().id, anna.id);
    EXPECT_EQ(code_of(play(mechanism, "anna@example.org", "wrong horse")), Errc::unauthenticated) << mechanism;
    EXPECT_EQ(code_of(play(mechanism, "nobody@example.org", "correct horse")), Errc::unauthenticated) << mechanism;
  }
}

TEST_F(DoorTest, LetsAClientThatKnowsChannelBindingUseWhatWeOffer) {
  // "y": it has it, and saw no -PLUS here (RFC 5802 6).
  context.channel_binding = std::string(32, 'x');
  door.set_policy({.mechanisms = {"SCRAM-SHA-256"}});
  auto conversation = *door.start("SCRAM-SHA-256", context, [] {});
  EXPECT_TRUE(std::holds_alternative<sasl::Challenge>(conversation->begin("y,,n=anna@example.org,r=abcdefgh")));
  door.set_policy({});
  conversation = *door.start("SCRAM-SHA-256", context, [] {});
  EXPECT_EQ(code_of(conversation->begin("y,,n=anna@example.org,r=abcdefgh")), Errc::unauthenticated);
}

TEST_F(DoorTest, TakesAppPasswordsByPlainAndLoginAlone) {
  const auto secret = dir->add_app_password(anna.id, "phone");
  EXPECT_EQ(code_of(play("PLAIN", "anna@example.org", secret->reveal())), std::nullopt);
  EXPECT_EQ(code_of(play("LOGIN", "anna@example.org", secret->reveal())), std::nullopt);
  EXPECT_EQ(code_of(play("SCRAM-SHA-256", "anna@example.org", secret->reveal())), Errc::unauthenticated);
}

// RFC 9698 3: what IMAP may say of JMAP.
TEST_F(DoorTest, KnowsWhetherWhatSignedInWouldByHttp) {
  const auto opens = [](const SignInStep& step) {
    const auto* session = std::get_if<std::unique_ptr<SignedIn>>(&step);
    return session != nullptr ? std::optional((*session)->opens_http()) : std::nullopt;
  };
  for (const char* mechanism : {"PLAIN", "LOGIN", "SCRAM-SHA-256"})
    EXPECT_EQ(opens(play(mechanism, "anna@example.org", "correct horse")), true) << mechanism;
  EXPECT_TRUE((*with_password())->opens_http());
  const auto any = dir->add_app_password(anna.id, "any");
  const auto imap = dir->add_app_password(anna.id, "imap", {.services = {"imap"}});
  const auto both = dir->add_app_password(anna.id, "both", {.services = {"imap", "http"}});
  EXPECT_EQ(opens(play("PLAIN", "anna@example.org", any->reveal())), true);
  EXPECT_EQ(opens(play("PLAIN", "anna@example.org", imap->reveal())), false);
  EXPECT_EQ(opens(play("PLAIN", "anna@example.org", both->reveal())), true);
  context.certificate_names = {"anna@example.org"};
  auto conversation = door.start("EXTERNAL", context, [] {});
  EXPECT_EQ(opens((*conversation)->begin("")), false);
}

TEST_F(DoorTest, OpensTheWebApplicationToPeoplesOwnPasswordAlone) {
  const auto secret = dir->add_app_password(anna.id, "phone");
  context.service = "web";
  EXPECT_EQ(code(with_password(secret->reveal())), Errc::denied);
  EXPECT_TRUE(with_password());
}

TEST_F(DoorTest, AdmitsByAnyProofAndEndsWhatOneBrowserBegan) {
  int ended = 0;
  const auto prove = [&] { return dir->principal(anna.id); };
  const auto count = [&] { ++ended; };
  EXPECT_EQ(code(door.admit([]() -> Result<Principal> { return fail(Errc::unauthenticated, "no"); }, context, count)),
            Errc::unauthenticated);
  const auto program = *door.admit(prove, context, count);
  context.service = "web";
  context.web_session = "one";
  const auto one = *door.admit(prove, context, count);
  context.web_session = "two";
  const auto two = *door.admit(prove, context, count);
  EXPECT_EQ(door.end_web_session(anna.id, "one"), 1u);
  EXPECT_TRUE(one->revoked());
  EXPECT_FALSE(two->revoked());
  EXPECT_EQ(door.end_web_session(anna.id, ""), 2u);  // "one" is still there, though it has been told
  EXPECT_TRUE(two->revoked());
  EXPECT_FALSE(program->revoked());
  EXPECT_EQ(ended, 3);
}

TEST_F(DoorTest, ShowsWhoIsSignedInAndEndsOneDevice) {
  const auto prove = [&]() -> Result<Principal> { return anna; };
  const auto enter = [&](std::string_view service, std::string_view address, std::string_view web = "") {
    DoorContext from = context;
    from.service = service;
    from.remote = *IpAddress::parse(address);
    from.web_session = web;
    dir.clock.advance(std::chrono::minutes(1));
    return *door.admit(prove, from, [] {});
  };
  const auto phone = enter("imap", "192.0.2.1"), again = enter("imap", "192.0.2.1");
  const auto desk = enter("imap", "192.0.2.9"), pop = enter("pop3", "192.0.2.1");
  const auto web = enter("web", "192.0.2.9", "w1"), stream = enter("web", "192.0.2.9", "w1");
  phone->set_program("Thunderbird\xff");
  again->set_program("Thunderbird\xff");
  auto seen = door.seen(anna.id);
  ASSERT_EQ(seen.size(), 5U);  // one browser
  EXPECT_EQ(seen.front().web_session, "w1");
  EXPECT_EQ(seen.back().service, "imap");
  EXPECT_EQ(seen.back().program, "Thunderbird\xef\xbf\xbd");
  EXPECT_EQ(seen.back().remote.to_string(), "192.0.2.1");
  EXPECT_GT(seen[3].since, seen[4].since);
  EXPECT_THAT(door.seen(PrincipalId{99}), IsEmpty());

  EXPECT_FALSE(door.end_session(PrincipalId{99}, seen.back().number));
  EXPECT_FALSE(door.end_session(anna.id, 1'000));
  // A device is signed out with all its connections.
  EXPECT_TRUE(door.end_session(anna.id, seen.back().number));
  EXPECT_TRUE(phone->revoked());
  EXPECT_TRUE(again->revoked());
  EXPECT_FALSE(desk->revoked());
  EXPECT_FALSE(pop->revoked());
  EXPECT_EQ(door.seen(anna.id).size(), 3U);
  door.end_others(anna.id, "w1");
  EXPECT_TRUE(desk->revoked());
  EXPECT_TRUE(pop->revoked());
  EXPECT_FALSE(web->revoked());
  door.end_others(anna.id, "");
  EXPECT_TRUE(stream->revoked());
}

TEST_F(DoorTest, KnowsAReplacedPasswordFromAGuess) {
  ASSERT_TRUE(dir->set_password(anna.id, Secret("battery staple")));
  // An old phone that goes on with what it knows locks nobody out ...
  for (int i = 0; i < 50; ++i) {
    const char* mechanism = i % 2 == 0 ? "SCRAM-SHA-256" : "SCRAM-SHA-1";
    EXPECT_EQ(code_of(play(mechanism, "anna@example.org", "correct horse")), Errc::unauthenticated);
  }
  EXPECT_EQ(code_of(play("SCRAM-SHA-256", "anna@example.org", "battery staple")), std::nullopt);
  EXPECT_THAT(authenticator.bans(), IsEmpty());
  // ... and who guesses does.
  for (int i = 0; i < 10; ++i) {
    (void)play("SCRAM-SHA-256", "anna@example.org", "guess " + std::to_string(i));
  }
  EXPECT_THAT(authenticator.bans(), testing::SizeIs(1));
  EXPECT_EQ(code_of(play("SCRAM-SHA-256", "anna@example.org", "battery staple")), Errc::limit);
}

TEST_F(DoorTest, TellsWhoListensWhatSignInsSayOfTheirAddress) {
  using Kind = SignInNews::Kind;
  std::vector<std::pair<Kind, std::size_t>> news;
  authenticator.set_witness([&](const SignInNews& n) { news.emplace_back(n.kind, n.count); });
  (void)play("PLAIN", "anna@example.org", "wrong horse");
  (void)play("PLAIN", "anna@example.org", "wrong horse");
  (void)play("PLAIN", "anna@example.org", "another wrong one");
  (void)play("PLAIN", "nobody@example.org", "wrong horse");
  (void)play("PLAIN", "anna@example.org", "correct horse");
  EXPECT_THAT(news, ElementsAre(std::pair(Kind::wrong_password, 1u), std::pair(Kind::wrong_password, 1u),
                                std::pair(Kind::unknown_name, 1u), std::pair(Kind::succeeded, 2u)));
  news.clear();
  for (int i = 0; i < 10; ++i) (void)play("PLAIN", "anna@example.org", "guess " + std::to_string(i));
  ASSERT_FALSE(news.empty());
  EXPECT_EQ(news.back().first, Kind::pair_refused);
}

TEST_F(DoorTest, SaysWhatIsWrongWithAnExchange) {
  auto conversation = *door.start("PLAIN", context, [] {});
  EXPECT_EQ(code_of(conversation->begin("no fields")), Errc::invalid);
  conversation = *door.start("PLAIN", context, [] {});
  EXPECT_EQ(code_of(conversation->begin(std::string("ben@example.org\0anna@example.org\0correct horse", 45))),
            Errc::denied);
  anna.enabled = false;
  ASSERT_TRUE(dir->update_principal(anna));
  EXPECT_EQ(code_of(play("PLAIN", "anna@example.org", "correct horse")), Errc::denied);
  EXPECT_EQ(code_of(play("SCRAM-SHA-256", "anna@example.org", "correct horse")), Errc::denied);
  EXPECT_EQ(code_of(play("SCRAM-SHA-256", "anna@example.org", "wrong horse")), Errc::unauthenticated);
}

TEST_F(DoorTest, KeepsScramToTheLimits) {
  SignInLimits limits;
  limits.distinct_failures = 2;
  authenticator.set_limits(limits);
  EXPECT_EQ(code_of(play("SCRAM-SHA-256", "anna@example.org", "wrong one")), Errc::unauthenticated);
  EXPECT_EQ(code_of(play("SCRAM-SHA-1", "anna@example.org", "wrong two")), Errc::unauthenticated);
  EXPECT_EQ(code_of(play("SCRAM-SHA-256", "anna@example.org", "correct horse")), Errc::limit);
  EXPECT_EQ(code_of(play("PLAIN", "anna@example.org", "correct horse")), Errc::limit);
  EXPECT_EQ(code(with_password()), Errc::limit);
  for (const auto& line : sink.lines()) EXPECT_THAT(line, testing::Not(HasSubstr("sign_in.broken")));
}

TEST_F(DoorTest, CountsSessionsByAccountAndService) {
  door.set_policy({.sessions_per_account = 2});
  auto first = with_password(), second = with_password();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(code(with_password()), Errc::limit);
  EXPECT_EQ(code_of(play("PLAIN", "anna@example.org", "correct horse")), Errc::limit);
  context.service = "pop3";
  auto other = with_password();
  EXPECT_TRUE(other);
  EXPECT_EQ(door.signed_in(), 3u);
  EXPECT_EQ(door.signed_in("imap"), 2u);
  EXPECT_EQ(door.signed_in("smtp"), 0u);
  EXPECT_THAT(metrics.text(), HasSubstr("gatepost_sessions_refused_total 2"));
  context.service = "imap";
  first->reset();
  EXPECT_TRUE(with_password());
  EXPECT_EQ(door.signed_in("imap"), 1u);
}

TEST_F(DoorTest, EndsEverySessionOfARevokedPrincipalAndNoOther) {
  const Principal ben = dir.person("ben@example.org", "ben's password");
  int woken = 0, others = 0;
  auto one = with_password("correct horse", [&] { ++woken; });
  context.service = "submission";
  auto two = with_password("correct horse", [&] { ++woken; });
  auto bens = door.with_password("ben@example.org", Secret("ben's password"), context, [&] { ++others; });
  ASSERT_TRUE(one && two && bens);
  EXPECT_FALSE((*one)->revoked());
  EXPECT_EQ(door.revoke(anna.id), 2u);
  EXPECT_EQ(woken, 2);
  EXPECT_THAT(metrics.text(), HasSubstr("gatepost_sessions_revoked_total 2"));
  EXPECT_TRUE((*one)->revoked() && (*two)->revoked());
  EXPECT_FALSE((*bens)->revoked());
  EXPECT_EQ(others, 0);
  EXPECT_EQ((*one)->principal().address, "anna@example.org");
  one->reset();
  two->reset();
  EXPECT_EQ(door.revoke(anna.id), 0u);
  EXPECT_EQ(door.signed_in(), 1u);
}

TEST_F(DoorTest, LetsNoSignInPassThatBeganBeforeTheRevoke) {
  auto client = *library->client({"SCRAM-SHA-256"}, true, "anna@example.org", Secret("correct horse"));
  auto conversation = *door.start("SCRAM-SHA-256", context, [] {});
  SignInStep step = conversation->begin(**client->initial());
  auto answer = client->step(std::get<sasl::Challenge>(step).octets);
  step = conversation->answer(*answer);
  ASSERT_TRUE(dir->set_password(anna.id, Secret("battery staple")));
  EXPECT_EQ(door.revoke(anna.id), 0u);
  EXPECT_EQ(code_of(conversation->answer("")), Errc::unavailable);
  EXPECT_EQ(door.signed_in(), 0u);
  // Many revokes of others do not hide it, nor do they stand in the way of what begins after.
  for (int i = 0; i < 5000; ++i) door.revoke(PrincipalId{5000});
  EXPECT_TRUE(with_password("battery staple"));
}

// Knows tokens by heart.
class KnownTokens final : public Tokens {
 public:
  bool any() const override { return there; }
  TokenVerdict verify(const Secret& token) override {
    ++asked;
    const auto at = known.find(token.reveal());
    return at == known.end() ? TokenVerdict{.kind = TokenVerdict::Kind::bad, .detail = "made up"} : at->second;
  }
  Advice advice() const override { return {.scope = "mail", .openid_configuration = "https://id.example.org/x"}; }
  bool there = true;
  int asked = 0;
  std::map<std::string, TokenVerdict, std::less<>> known;
};

class DoorTokens : public DoorTest {
 protected:
  DoorTokens() {
    door.set_tokens(tokens);
    ends = dir.clock.now() + std::chrono::hours(1);
    tokens.known["annas"] = {.kind = TokenVerdict::Kind::good, .name = "Anna@example.org", .ends = ends};
    tokens.known["old"] = {.kind = TokenVerdict::Kind::ended, .detail = "expired"};
    tokens.known["narrow"] = {.kind = TokenVerdict::Kind::not_here, .detail = "no scope mail", .scope = true};
    tokens.known["strangers"] = {.kind = TokenVerdict::Kind::good, .name = "nobody@example.org"};
    tokens.known["unasked"] = {.kind = TokenVerdict::Kind::unchecked, .detail = "no answer"};
  }
  SignInStep say(std::string_view mechanism, std::string_view name, std::string_view token) {
    auto conversation = door.start(mechanism, context, [] {});
    if (!conversation) return conversation.error();
    const sasl::BearerMessage message{std::string(name), Secret(token)};
    SignInStep step =
        (*conversation)
            ->begin(mechanism == "XOAUTH2" ? sasl::write_xoauth2(message) : sasl::write_oauthbearer(message));
    if (auto* challenge = std::get_if<sasl::Challenge>(&step)) {
      said = challenge->octets;
      step = (*conversation)->answer("\x01");
      EXPECT_EQ(code_of((*conversation)->answer("more")), Errc::invalid) << "it is over";
    }
    return step;
  }
  KnownTokens tokens;
  TimePoint ends;
  std::string said;
};

TEST_F(DoorTokens, AreOfferedUnderTlsWhileSomebodyVouchesForThem) {
  EXPECT_THAT(door.mechanisms(context), testing::IsSupersetOf({Mechanism::oauthbearer, Mechanism::xoauth2}));
  door.set_policy({.without_tls = true, .mechanisms = {"OAUTHBEARER", "PLAIN"}});
  EXPECT_THAT(door.mechanisms(context), ElementsAre(Mechanism::oauthbearer, Mechanism::plain));
  context.tls = false;
  EXPECT_THAT(door.mechanisms(context), ElementsAre(Mechanism::plain));
  EXPECT_FALSE(door.takes_tokens(context));
  EXPECT_EQ(code(door.start("OAUTHBEARER", context, [] {})), Errc::unsupported);
  context.tls = true;
  tokens.there = false;
  EXPECT_THAT(door.mechanisms(context), ElementsAre(Mechanism::plain));
  EXPECT_EQ(code(door.with_token("", Secret("annas"), context, [] {})), Errc::unauthenticated);
  EXPECT_EQ(tokens.asked, 0);
}

TEST_F(DoorTokens, LetInWhoseTheyAre) {
  for (const char* mechanism : {"OAUTHBEARER", "XOAUTH2"}) {
    const auto step = say(mechanism, "anna@example.org", "annas");
    ASSERT_TRUE(std::holds_alternative<std::unique_ptr<SignedIn>>(step)) << mechanism;
    EXPECT_EQ(std::get<std::unique_ptr<SignedIn>>(step)->principal().id, anna.id);
  }
  EXPECT_EQ(code_of(say("OAUTHBEARER", "", "annas")), std::nullopt);
  EXPECT_TRUE(door.with_token("", Secret("annas"), context, [] {}));
  dir.person("ben@example.org", "ben's password");
  EXPECT_EQ(code_of(say("OAUTHBEARER", "ben@example.org", "annas")), Errc::unauthenticated);
  EXPECT_EQ(code_of(say("OAUTHBEARER", "nobody@example.org", "annas")), Errc::unauthenticated);
  EXPECT_EQ(code_of(say("OAUTHBEARER", "", "strangers")), Errc::unauthenticated);
  anna.enabled = false;
  ASSERT_TRUE(dir->update_principal(anna));
  EXPECT_EQ(code_of(say("OAUTHBEARER", "anna@example.org", "annas")), Errc::denied);
}

TEST_F(DoorTokens, AreNotOfSharedMailboxes) {
  ASSERT_TRUE(dir->add_principal(PrincipalKind::shared_mailbox, "info@example.org", ""));
  tokens.known["infos"] = {.kind = TokenVerdict::Kind::good, .name = "info@example.org"};
  EXPECT_EQ(code_of(say("OAUTHBEARER", "", "infos")), Errc::unauthenticated);
}

TEST_F(DoorTokens, AreRefusedWithWhereToGetAnotherOne) {
  EXPECT_EQ(code_of(say("OAUTHBEARER", "anna@example.org", "old")), Errc::unauthenticated);
  EXPECT_EQ(said, R"({"status":"invalid_token","scope":"mail","openid-configuration":"https://id.example.org/x"})");
  EXPECT_EQ(code_of(say("XOAUTH2", "anna@example.org", "narrow")), Errc::denied);
  EXPECT_THAT(said, HasSubstr(R"("status":"insufficient_scope")"));
  said.clear();
  EXPECT_EQ(code_of(say("OAUTHBEARER", "anna@example.org", "unasked")), Errc::unavailable);
  EXPECT_EQ(said, "");
  // RFC 7628 4.3: who asks where to get a token is not told of wrong ones.
  const int asked = tokens.asked;
  EXPECT_EQ(code_of(say("OAUTHBEARER", "anna@example.org", "")), Errc::unauthenticated);
  EXPECT_THAT(said, HasSubstr("openid-configuration"));
  EXPECT_EQ(tokens.asked, asked);
  EXPECT_EQ(code(door.with_token("", Secret("narrow"), context, [] {})), Errc::forbidden);
}

TEST_F(DoorTokens, CountAsGuessesOnlyWhereNobodyGaveThemOut) {
  for (int i = 0; i < 50; ++i) (void)say("OAUTHBEARER", "anna@example.org", "old");
  for (int i = 0; i < 50; ++i) (void)say("OAUTHBEARER", "anna@example.org", "the same forged one");
  EXPECT_THAT(authenticator.bans(), IsEmpty());
  for (int i = 0; i < 10; ++i) (void)say("OAUTHBEARER", "anna@example.org", "forged" + std::to_string(i));
  EXPECT_THAT(authenticator.bans(), testing::SizeIs(1));
  const int asked = tokens.asked;
  EXPECT_EQ(code_of(say("OAUTHBEARER", "anna@example.org", "annas")), Errc::limit);
  EXPECT_EQ(tokens.asked, asked);
}

TEST_F(DoorTokens, EndTheSessionsThatBeganByThem) {
  int woken = 0;
  auto one = door.with_token("", Secret("annas"), context, [&] { ++woken; });
  auto other = with_password();
  ASSERT_TRUE(one && other);
  {
    auto short_one = door.with_token("", Secret("annas"), context, [&] { ++woken; });
  }
  dir.clock.advance(std::chrono::minutes(59));
  EXPECT_EQ(door.end_expired(), 0u);
  EXPECT_FALSE((*one)->revoked());
  dir.clock.advance(std::chrono::minutes(1));
  EXPECT_TRUE((*one)->revoked());
  EXPECT_EQ(door.end_expired(), 1u);
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(door.end_expired(), 0u);
  EXPECT_FALSE((*other)->revoked());
}

TEST_F(DoorTest, LetsInByACertificate) {
  EXPECT_EQ(code(door.start("EXTERNAL", context, [] {})), Errc::unsupported);
  const Principal ben = dir.person("ben@example.org", "ben's password");
  ASSERT_TRUE(dir->add_alias("a.smith@example.org", {"anna@example.org"}));
  const auto say = [&](std::string_view name) {
    auto conversation = door.start("EXTERNAL", context, [] {});
    return conversation ? (*conversation)->begin(name) : SignInStep(conversation.error());
  };
  const auto who = [&](std::string_view name) {
    const SignInStep step = say(name);
    const auto* session = std::get_if<std::unique_ptr<SignedIn>>(&step);
    return session != nullptr ? (*session)->principal().address : std::string("nobody");
  };
  context.certificate_names = {"A.Smith@example.org", "stranger@elsewhere.example"};
  context.certificate_until = dir.clock.now() + std::chrono::hours(1);
  EXPECT_THAT(door.mechanisms(context), testing::Contains(Mechanism::external));
  EXPECT_EQ(who(""), "anna@example.org");
  EXPECT_EQ(who("anna@example.org"), "anna@example.org");
  EXPECT_EQ(code_of(say("ben@example.org")), Errc::unauthenticated);
  EXPECT_EQ(code_of(say("nobody@example.org")), Errc::unauthenticated);
  // Of two people: whoever it is says which.
  context.certificate_names = {"anna@example.org", "ben@example.org"};
  EXPECT_EQ(code_of(say("")), Errc::unauthenticated);
  EXPECT_EQ(who("ben@example.org"), "ben@example.org");
  context.certificate_names = {"stranger@elsewhere.example"};
  EXPECT_EQ(code_of(say("")), Errc::unauthenticated);
  EXPECT_EQ(code_of(say("anna@example.org")), Errc::unauthenticated);
  // Sessions end when the certificate does.
  context.certificate_names = {"anna@example.org"};
  const SignInStep step = say("");
  dir.clock.advance(std::chrono::hours(1));
  EXPECT_TRUE(std::get<std::unique_ptr<SignedIn>>(step)->revoked());
  EXPECT_EQ(door.end_expired(), 1u);
  context.tls = false;
  EXPECT_EQ(code_of(say("")), Errc::unsupported);
}

TEST_F(DoorTest, OutlivesNothingItGaveOut) {
  auto own = std::make_unique<Door>(*library, authenticator, DoorPolicy{}, log, metrics);
  auto session = own->with_password("anna@example.org", Secret("correct horse"), context, [] {});
  own.reset();
  EXPECT_FALSE((*session)->revoked());
  session->reset();
}

TEST_F(DoorTest, ServesManyThreadsAtOnce) {
  std::atomic<bool> stop = false;
  std::atomic<int> woken = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      DoorContext mine = context;
      mine.service = t % 2 == 0 ? "imap" : "pop3";
      for (int i = 0; i < 200; ++i) {
        auto session = door.with_password("anna@example.org", Secret("correct horse"), mine, [&] { ++woken; });
        if (!session) {
          EXPECT_EQ(session.error().code, Errc::unavailable);
        } else {
          (void)(*session)->revoked();
        }
      }
    });
  }
  std::jthread admin([&] {
    while (!stop) {
      door.revoke(anna.id);
      (void)door.signed_in();
      door.set_policy({.sessions_per_account = 10});
      (void)door.mechanisms(context);
    }
  });
  threads.clear();
  stop = true;
  admin.join();
  EXPECT_EQ(door.signed_in(), 0u);
}

}  // namespace
}  // namespace gatepost::directory
