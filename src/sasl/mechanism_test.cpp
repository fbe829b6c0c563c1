#include "sasl/mechanism.hpp"

#include <gsasl.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "sasl/plain.hpp"

namespace gatepost::sasl {
namespace {

using namespace std::string_literals;

constexpr std::string_view kSalt = "0123456789abcdef";
constexpr std::string_view kBinding = "the 32 octets of a TLS exporter.";

// One user, anna, with a password; counts the questions.
class OneUser final : public Credentials {
 public:
  explicit OneUser(std::string_view password = "pencil") {
    sha256 = *derive_scram_sha256(Secret(password), kSalt, 4096);
    sha1 = *derive_scram_sha1(Secret(password), kSalt, 4096);
  }
  Result<std::optional<ScramVerifier>> scram_verifier(std::string_view name, std::string_view hash) override {
    ++asked;
    if (trouble) return std::unexpected(*trouble);
    if (name != "anna") return std::nullopt;
    return hash == "SHA-256" ? sha256 : sha1;
  }
  ScramVerifier sha256, sha1;
  std::optional<Error> trouble;
  int asked = 0;
};

// An independent client: gsasl's own.
class Peer {
 public:
  Peer(Mechanism mechanism, std::string_view name, std::string_view password, std::string_view binding = {},
       std::string_view authzid = {}) {
    EXPECT_EQ(gsasl_init(&library_), GSASL_OK);
    EXPECT_EQ(gsasl_client_start(library_, std::string(to_string(mechanism)).c_str(), &session_), GSASL_OK);
    set(GSASL_AUTHID, name);
    set(GSASL_PASSWORD, password);
    if (!binding.empty()) set(GSASL_CB_TLS_EXPORTER, base64::encode(binding));
    if (!authzid.empty()) set(GSASL_AUTHZID, authzid);
  }
  ~Peer() {
    gsasl_finish(session_);
    gsasl_done(library_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  std::optional<std::string> step(std::string_view challenge) {
    char* out = nullptr;
    std::size_t octets = 0;
    rc = gsasl_step(session_, challenge.data(), challenge.size(), &out, &octets);
    std::optional<std::string> answer;
    if (rc == GSASL_OK || rc == GSASL_NEEDS_MORE) answer.emplace(out != nullptr ? out : "", octets);
    gsasl_free(out);
    return answer;
  }
  int rc = GSASL_NEEDS_MORE;

 private:
  void set(Gsasl_property property, std::string_view value) {
    EXPECT_EQ(gsasl_property_set(session_, property, std::string(value).c_str()), GSASL_OK);
  }
  ::Gsasl* library_ = nullptr;
  Gsasl_session* session_ = nullptr;
};

Offer offer(std::string_view binding = {}) { return {.tls = true, .channel_binding = std::string(binding)}; }

class Sasl : public testing::Test {
 protected:
  std::unique_ptr<Exchange> start(std::string_view mechanism, const Offer& what) {
    auto exchange = library->server(mechanism, what, user);
    EXPECT_TRUE(exchange) << mechanism;
    return exchange ? *std::move(exchange) : nullptr;
  }

  // Plays an exchange to its end; with and without an initial response.
  Step play(Mechanism mechanism, Peer& peer, const Offer& what, bool initial = true) {
    const auto exchange = start(to_string(mechanism), what);
    std::optional<std::string> answer;
    if (initial) answer = peer.step("");
    Step step = initial ? exchange->begin(*answer) : exchange->begin(std::nullopt);
    for (int i = 0; i < 6 && std::holds_alternative<Challenge>(step); ++i) {
      answer = peer.step(std::get<Challenge>(step).octets);
      if (!answer) return step;
      step = exchange->step(*answer);
    }
    return step;
  }

  OneUser user;
  std::unique_ptr<Library> library = *Library::create("secret of this server");
};

constexpr Mechanism kScrams[] = {Mechanism::scram_sha256, Mechanism::scram_sha1, Mechanism::scram_sha256_plus,
                                 Mechanism::scram_sha1_plus};

bool is_plus(Mechanism m) { return m <= Mechanism::scram_sha1_plus; }
std::string_view binding_for(Mechanism m) { return is_plus(m) ? kBinding : std::string_view(); }

std::vector<std::string_view> names(const Offer& what) {
  std::vector<std::string_view> out;
  for (Mechanism m : mechanisms(what)) out.push_back(to_string(m));
  return out;
}

TEST(SaslOffer, NamesWhatThereIsStrongestFirst) {
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(names({}), Names{});
  EXPECT_EQ(names({.without_tls = true}), (Names{"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"}));
  EXPECT_EQ(names(offer(kBinding)),
            (Names{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"}));
  EXPECT_EQ(names({.tls = true, .plain = false, .scram_sha1 = false}), (Names{"SCRAM-SHA-256"}));
  for (int m = 0; m <= static_cast<int>(kLastMechanism); ++m) {
    const auto mechanism = static_cast<Mechanism>(m);
    EXPECT_EQ(mechanism_named(ascii::to_lower(to_string(mechanism))), mechanism);
  }
  EXPECT_EQ(mechanism_named("CRAM-MD5"), std::nullopt);
}

TEST_F(Sasl, StartsNothingThatIsNotOffered) {
  for (std::string_view name : {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "CRAM-MD5", ""}) {
    EXPECT_EQ(library->server(name, offer(), user).error().code, Errc::unsupported) << name;
  }
  EXPECT_EQ(library->server("PLAIN", {}, user).error().code, Errc::unsupported);
}

TEST_F(Sasl, ProvesTheRightPasswordByEachScram) {
  for (Mechanism mechanism : kScrams) {
    for (bool initial : {true, false}) {
      Peer peer(mechanism, "anna", "pencil", binding_for(mechanism));
      const Step step = play(mechanism, peer, offer(binding_for(mechanism)), initial);
      ASSERT_TRUE(std::holds_alternative<Proven>(step)) << to_string(mechanism);
      EXPECT_EQ(std::get<Proven>(step).name, "anna");
      EXPECT_EQ(peer.rc, GSASL_OK) << "the client did not believe us";
    }
  }
}

TEST_F(Sasl, RefusesAWrongPasswordByEachScram) {
  for (Mechanism mechanism : kScrams) {
    Peer peer(mechanism, "anna", "pencils", binding_for(mechanism));
    const Step step = play(mechanism, peer, offer(binding_for(mechanism)));
    ASSERT_TRUE(std::holds_alternative<Failed>(step)) << to_string(mechanism);
    EXPECT_EQ(std::get<Failed>(step).error.code, Errc::unauthenticated);
    EXPECT_EQ(std::get<Failed>(step).name, "anna");
    EXPECT_FALSE(std::get<Failed>(step).fingerprint.empty());
  }
}

TEST_F(Sasl, TreatsAnUnknownNameLikeAWrongPassword) {
  for (Mechanism mechanism : kScrams) {
    std::map<std::string, int> salts;
    for (int round = 0; round < 3; ++round) {
      Peer peer(mechanism, "nobody", "pencil", binding_for(mechanism));
      const auto exchange = start(to_string(mechanism), offer(binding_for(mechanism)));
      Step step = exchange->begin(*peer.step(""));
      ASSERT_TRUE(std::holds_alternative<Challenge>(step));
      const std::string first = std::get<Challenge>(step).octets;
      const auto salt = first.substr(first.find(",s=") + 3);
      EXPECT_EQ(base64::decode(salt.substr(0, salt.find(',')))->size(), kSalt.size());
      ++salts[salt];
      step = exchange->step(*peer.step(first));
      ASSERT_TRUE(std::holds_alternative<Failed>(step));
      EXPECT_EQ(std::get<Failed>(step).error.code, Errc::unauthenticated);
      EXPECT_EQ(std::get<Failed>(step).name, "nobody");
      EXPECT_FALSE(std::get<Failed>(step).fingerprint.empty());
    }
    EXPECT_EQ(salts.size(), 1u) << "a decoy changed";
  }
}

TEST_F(Sasl, RefusesAnotherChannelThanItsOwn) {
  for (Mechanism mechanism : {Mechanism::scram_sha256_plus, Mechanism::scram_sha1_plus}) {
    Peer peer(mechanism, "anna", "pencil", "the 32 octets of another channel");
    const Step step = play(mechanism, peer, offer(kBinding));
    ASSERT_TRUE(std::holds_alternative<Failed>(step));
    EXPECT_EQ(std::get<Failed>(step).error.code, Errc::unauthenticated);
  }
}

TEST_F(Sasl, NoticesThatPlusWasTakenFromItsOffer) {
  // gsasl's client says "y" when it has a binding and uses the mechanism without -PLUS; here by hand.
  for (std::string_view hash : {"SCRAM-SHA-256", "SCRAM-SHA-1"}) {
    Step step = start(hash, offer(kBinding))->begin("y,,n=anna,r=abcdefgh");
    ASSERT_TRUE(std::holds_alternative<Failed>(step));
    EXPECT_EQ(std::get<Failed>(step).error.code, Errc::unauthenticated);
    step = start(hash, offer())->begin("y,,n=anna,r=abcdefgh");
    EXPECT_TRUE(std::holds_alternative<Challenge>(step));
    step = start(hash, offer(kBinding))->begin("n,,n=anna,r=abcdefgh");
    EXPECT_TRUE(std::holds_alternative<Challenge>(step));
    step = start(hash, offer(kBinding))->begin("p=tls-exporter,,n=anna,r=abcdefgh");
    EXPECT_TRUE(std::holds_alternative<Failed>(step));
  }
  for (std::string_view first : {"n,,n=anna,r=abcdefgh", "y,,n=anna,r=abcdefgh", "p=tls-unique,,n=anna,r=abcdefgh"}) {
    EXPECT_TRUE(std::holds_alternative<Failed>(start("SCRAM-SHA-256-PLUS", offer(kBinding))->begin(first))) << first;
  }
}

TEST_F(Sasl, RefusesToActForSomebodyElse) {
  Peer peer(Mechanism::scram_sha256, "anna", "pencil", {}, "boss");
  Step step = play(Mechanism::scram_sha256, peer, offer());
  ASSERT_TRUE(std::holds_alternative<Failed>(step));
  EXPECT_EQ(std::get<Failed>(step).error.code, Errc::denied);
  EXPECT_EQ(user.asked, 0);
  Peer same(Mechanism::scram_sha256, "anna", "pencil", {}, "anna");
  EXPECT_TRUE(std::holds_alternative<Proven>(play(Mechanism::scram_sha256, same, offer())));
  step = start("PLAIN", offer())->begin(std::string_view("boss\0anna\0pencil", 16));
  ASSERT_TRUE(std::holds_alternative<Failed>(step));
  EXPECT_EQ(std::get<Failed>(step).error.code, Errc::denied);
}

TEST_F(Sasl, PassesOnWhatTheDirectorySays) {
  user.trouble = Error{Errc::limit, "banned"};
  Peer peer(Mechanism::scram_sha256, "anna", "pencil");
  const Step step = play(Mechanism::scram_sha256, peer, offer());
  ASSERT_TRUE(std::holds_alternative<Failed>(step));
  EXPECT_EQ(std::get<Failed>(step).error.code, Errc::limit);
  EXPECT_EQ(user.asked, 1);
}

TEST_F(Sasl, GoesOnWithADecoyWhenAVerifierIsBroken) {
  user.sha256.stored_key = "short";
  Peer peer(Mechanism::scram_sha256, "anna", "pencil");
  const Step step = play(Mechanism::scram_sha256, peer, offer());
  ASSERT_TRUE(std::holds_alternative<Failed>(step));
  EXPECT_EQ(std::get<Failed>(step).error.code, Errc::unauthenticated);
}

TEST_F(Sasl, RefusesGarbageInScramAndStaysOver) {
  const std::string nul("n,,n=an\0na,r=abcdefgh", 21);
  const std::string huge = "n,,n=anna,r=" + std::string(kMaxMessageOctets, 'x');
  const std::string long_name = "n,,n=" + std::string(kMaxNameOctets + 1, 'x') + ",r=abc";
  for (std::string_view first :
       {std::string_view(), std::string_view("x"), std::string_view("n,,"), std::string_view("n,,n=,r=abc"),
        std::string_view("n,,n=a=zb,r=abc"), std::string_view("n,,n=\xff,r=abc"), std::string_view(nul),
        std::string_view(huge), std::string_view(long_name), std::string_view("n,,n=a\nb,r=abc")}) {
    const auto exchange = start("SCRAM-SHA-256", offer());
    EXPECT_TRUE(std::holds_alternative<Failed>(exchange->begin(first))) << first.substr(0, 30);
    EXPECT_TRUE(std::holds_alternative<Failed>(exchange->step("n,,n=anna,r=abcdefgh")));
  }
  for (std::string_view final : {"", "c=biws", "c=biws,r=other,p=AAAA", "c=!!,r=abc,p=!!", "x"}) {
    const auto exchange = start("SCRAM-SHA-256", offer());
    EXPECT_TRUE(std::holds_alternative<Challenge>(exchange->begin("n,,n=anna,r=abcdefgh")));
    EXPECT_TRUE(std::holds_alternative<Failed>(exchange->step(final))) << final;
    EXPECT_TRUE(std::holds_alternative<Failed>(exchange->step(final)));
  }
}

TEST_F(Sasl, WantsNothingBehindItsOwnProof) {
  Peer peer(Mechanism::scram_sha256, "anna", "pencil");
  const auto exchange = start("SCRAM-SHA-256", offer());
  Step step = exchange->begin(*peer.step(""));
  step = exchange->step(*peer.step(std::get<Challenge>(step).octets));
  EXPECT_TRUE(std::get<Challenge>(step).octets.starts_with("v="));
  EXPECT_TRUE(std::holds_alternative<Failed>(exchange->step("more")));
}

TEST_F(Sasl, ReadsThePasswordOfPlain) {
  for (bool initial : {true, false}) {
    Peer peer(Mechanism::plain, "anna", "p\xc3\xa4ss word");
    const Step step = play(Mechanism::plain, peer, offer(), initial);
    ASSERT_TRUE(std::holds_alternative<CheckPassword>(step));
    EXPECT_EQ(std::get<CheckPassword>(step).name, "anna");
    EXPECT_EQ(std::get<CheckPassword>(step).password.reveal(), "p\xc3\xa4ss word");
  }
}

TEST_F(Sasl, ReadsThePasswordOfLogin) {
  for (bool initial : {true, false}) {
    const auto exchange = start("LOGIN", offer());
    Step step = initial ? exchange->begin("anna") : exchange->begin(std::nullopt);
    if (!initial) {
      EXPECT_EQ(std::get<Challenge>(step).octets, "Username:");
      step = exchange->step("anna");
    }
    EXPECT_EQ(std::get<Challenge>(step).octets, "Password:");
    step = exchange->step("pencil");
    ASSERT_TRUE(std::holds_alternative<CheckPassword>(step));
    EXPECT_EQ(std::get<CheckPassword>(step).name, "anna");
    EXPECT_EQ(std::get<CheckPassword>(step).password.reveal(), "pencil");
    EXPECT_TRUE(std::holds_alternative<Failed>(exchange->step("x")));
  }
  for (std::string_view name : {"", "a\nb", "\xff"}) {
    const auto exchange = start("LOGIN", offer());
    exchange->begin(std::nullopt);
    EXPECT_TRUE(std::holds_alternative<Failed>(exchange->step(name)));
  }
  const auto exchange = start("LOGIN", offer());
  exchange->begin("anna");
  EXPECT_TRUE(std::holds_alternative<Failed>(exchange->step("")));
}

TEST(SaslPlain, RefusesWhatBreaksItsGrammar) {
  using namespace std::string_view_literals;
  for (std::string_view message :
       {""sv, "a"sv, "\0a"sv, "\0\0b"sv, "\0a\0"sv, "\0a\0b\0c"sv, "\0a\nb\0c"sv, "\0\xff\0c"sv, "\xff\0a\0c"sv}) {
    EXPECT_FALSE(parse_plain(message)) << testing::PrintToString(std::string(message));
  }
  const std::string long_name = "\0"s + std::string(kMaxNameOctets + 1, 'x') + "\0p"s;
  EXPECT_FALSE(parse_plain(long_name));
  EXPECT_FALSE(parse_plain("\0a\0"s + std::string(kMaxPasswordOctets + 1, 'x')));
  const auto message = parse_plain("z\0a\0b"sv);
  ASSERT_TRUE(message);
  EXPECT_EQ(write_plain(*message), "z\0a\0b"sv);
}

// RFC 7677 3 and RFC 5802 5: the examples there, user "user" with password "pencil".
TEST(SaslScramKeys, AgreeWithTheStandardsExamples) {
  const auto sha256 = derive_scram_sha256(Secret("pencil"), *base64::decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
  ASSERT_TRUE(sha256);
  EXPECT_EQ(base64::encode(sha256->stored_key), "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=");
  EXPECT_EQ(base64::encode(sha256->server_key), "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  const auto sha1 = derive_scram_sha1(Secret("pencil"), *base64::decode("QSXCR+Q6sek8bf92"), 4096);
  ASSERT_TRUE(sha1);
  EXPECT_EQ(base64::encode(sha1->stored_key), "6dlGYMOdZcOPutkcNY8U2g7vK9Y=");
  EXPECT_EQ(base64::encode(sha1->server_key), "D+CSWLOshSulAsxiupA+qs2/fTE=");
  EXPECT_EQ(derive_scram_sha256(Secret("a"), "", 4096).error().code, Errc::invalid);
  EXPECT_EQ(derive_scram_sha256(Secret("a"), "s", 0).error().code, Errc::invalid);
}

TEST(SaslPrep, MakesOneOfWhatLooksTheSame) {
  EXPECT_EQ(saslprep(Secret("p\xc2\xad\xc2\xaa"))->reveal(), "pa");  // RFC 4013 3
  EXPECT_EQ(saslprep(Secret("a\xcc\x88"))->reveal(), saslprep(Secret("\xc3\xa4"))->reveal());
  EXPECT_EQ(saslprep(Secret("a\x07")).error().code, Errc::invalid);
  EXPECT_EQ(saslprep(Secret("\xff")).error().code, Errc::invalid);
  EXPECT_EQ(saslprep(Secret(std::string_view("a\0b", 3))).error().code, Errc::invalid);
}

// Our client against our server.
Step converse(ClientExchange& client, Exchange& server) {
  auto initial = client.initial();
  EXPECT_TRUE(initial);
  Step step = *initial ? server.begin(**initial) : server.begin(std::nullopt);
  while (auto* challenge = std::get_if<Challenge>(&step)) {
    const auto answer = client.step(challenge->octets);
    if (!answer) return Failed{answer.error(), {}, {}};
    step = server.step(*answer);
  }
  return step;
}

TEST_F(Sasl, SignsInAsAClientByTheBestThatIsOffered) {
  struct Row {
    std::vector<std::string> offered;
    std::string_view mechanism;
  };
  for (const Row& row :
       {Row{{"LOGIN", "PLAIN", "SCRAM-SHA-1", "scram-sha-256"}, "SCRAM-SHA-256"},
        Row{{"PLAIN", "SCRAM-SHA-1"}, "SCRAM-SHA-1"}, Row{{"LOGIN", "PLAIN"}, "PLAIN"}, Row{{"X", "LOGIN"}, "LOGIN"}}) {
    const auto client = library->client(row.offered, true, "anna", Secret("pencil"));
    ASSERT_TRUE(client);
    EXPECT_EQ(to_string((*client)->mechanism()), row.mechanism);
    const Step step = converse(**client, *start(row.mechanism, offer(kBinding)));
    EXPECT_TRUE((*client)->complete());
    if (const auto* check = std::get_if<CheckPassword>(&step)) {
      EXPECT_EQ(check->name, "anna");
      EXPECT_EQ(check->password.reveal(), "pencil");
    } else {
      EXPECT_TRUE(std::holds_alternative<Proven>(step)) << row.mechanism;
    }
  }
  EXPECT_EQ(library->client({"PLAIN", "LOGIN"}, false, "a", Secret("b")).error().code, Errc::unsupported);
  EXPECT_EQ(library->client({"GSSAPI"}, true, "a", Secret("b")).error().code, Errc::unsupported);
}

TEST_F(Sasl, ServesManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      OneUser own;
      for (int round = 0; round < 20; ++round) {
        const auto client = library->client({"SCRAM-SHA-256"}, true, "anna", Secret("pencil"));
        const auto server = library->server("SCRAM-SHA-256", offer(), own);
        EXPECT_TRUE(std::holds_alternative<Proven>(converse(**client, **server)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Sasl, AsAClientBelievesNoServerThatDoesNotKnowThePassword) {
  const auto client = *library->client({"SCRAM-SHA-256"}, true, "anna", Secret("pencil"));
  const auto exchange = start("SCRAM-SHA-256", offer());
  const Step first = exchange->begin(**client->initial());
  ASSERT_TRUE(client->step(std::get<Challenge>(first).octets));
  EXPECT_FALSE(client->complete());
  EXPECT_EQ(client->step("v=" + base64::encode(std::string(32, 'x'))).error().code, Errc::unauthenticated);
  EXPECT_FALSE(client->complete());
}

TEST_F(Sasl, AsAClientDoesNotCalculateForeverForAServer) {
  const auto client = *library->client({"SCRAM-SHA-256"}, true, "anna", Secret("pencil"));
  const std::string first = **client->initial();
  const std::string nonce = first.substr(first.find("r=")) + "x";
  EXPECT_EQ(client->step(nonce + ",s=QSXCR+Q6sek8bf92,i=4000000000").error().code, Errc::invalid);
  EXPECT_EQ(client->step("garbage").error().code, Errc::invalid);
  EXPECT_EQ(client->step(std::string(kMaxMessageOctets + 1, 'x')).error().code, Errc::invalid);
}

}  // namespace
}  // namespace gatepost::sasl
