#include "acme/ordering.hpp"
#include "base/base64.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "acme/test_authority.hpp"

namespace gatepost::acme {
namespace {

namespace fs = std::filesystem;
using certificates::Held;
using certificates::KeyKind;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class AcmeOrdering : public ::testing::Test {
 protected:
  AcmeOrdering() {
    fs::remove_all(root_);
    authority_.key_of_request = [this] { return *store_.next_key("mail.example.org", KeyKind::p256, reuse_); };
    authority_.sees = [this](const std::string& name, const std::string& token) {
      return solver_.shown[name].contains(token);
    };
  }
  ~AcmeOrdering() override { fs::remove_all(root_); }

  AccountSettings settings() const {
    return {
        std::string(test::TestAuthority::kBase) + "/directory", {"postmaster@example.org"}, key_id_, Secret("secret")};
  }
  // As a fresh process would.
  Outcome<Held> get(const std::vector<std::string>& names = {"mail.example.org"}) {
    Client client(authority_, store_.account("x"), settings(), clock_);
    GP_CHECK(client.open({}));
    Ordering ordering(client, store_, solver_, clock_, {std::chrono::milliseconds(0), std::chrono::milliseconds(0)});
    const Wanted wanted{names, KeyKind::p256, reuse_};
    GP_TRY(Held held, ordering.run(wanted, {}));
    if (install_) {
      GP_ACME_CHECK(store_.install(names.front(), held));
      ordering.finished(wanted);
    }
    return held;
  }
  std::size_t count(std::string_view what) const {
    return static_cast<std::size_t>(std::ranges::count(authority_.asked, what));
  }

  ManualClock clock_;
  const fs::path root_ = fs::path(::testing::TempDir()) / ("gatepost-acme-" + std::to_string(::getpid()));
  const certificates::Store store_{root_};
  test::TestSolver solver_;
  test::TestAuthority authority_{clock_};
  std::string key_id_;
  bool reuse_ = false, install_ = true;
};

TEST_F(AcmeOrdering, GetsACertificateForAllNames) {
  const auto held = get({"mail.example.org", "*.example.org", "imap.example.org"});
  ASSERT_TRUE(held) << held.error().cause;
  EXPECT_THAT(held->chain.front().names, ElementsAre("mail.example.org", "*.example.org", "imap.example.org"));
  EXPECT_EQ(solver_.settled, 3U);
  for (const auto& [name, tokens] : solver_.shown) EXPECT_TRUE(tokens.empty()) << name;  // all taken back
  EXPECT_EQ(solver_.authorizations.size(), 3U);
  EXPECT_EQ(authority_.accounts, 1U);
  EXPECT_EQ(authority_.last_account.at("contact").as_array().front().as_string(), "mailto:postmaster@example.org");
  // The account serves again, and the order is done with.
  ASSERT_TRUE(get({"mail.example.org", "*.example.org", "imap.example.org"}));
  EXPECT_EQ(authority_.accounts, 1U);
  EXPECT_EQ(count("POST /order"), 2U);
}

TEST_F(AcmeOrdering, TriesAgainWithAnotherNonce) {
  authority_.bad_nonces = 2;
  EXPECT_TRUE(get());
  authority_.bad_nonces = 1000;
  EXPECT_THAT(get().error().cause, HasSubstr("nonces"));
}

TEST_F(AcmeOrdering, MakesALostAccountAnew) {
  ASSERT_TRUE(get());
  authority_.forget_accounts = true;
  const auto held = get();
  ASSERT_TRUE(held) << held.error().cause;
  EXPECT_EQ(authority_.accounts, 2U);
}

TEST_F(AcmeOrdering, BindsAnAccountThatHasToBe) {
  authority_.needs_binding = true;
  const auto unbound = get();
  ASSERT_FALSE(unbound);
  EXPECT_THAT(unbound.error().remedy, HasSubstr("account_key_id"));
  key_id_ = "kid-1";
  ASSERT_TRUE(get());
  const auto& binding = authority_.last_account.at("externalAccountBinding").as_object();
  const auto header = *from_base64url(std::string(binding.at("protected").as_string()));
  EXPECT_THAT(header, HasSubstr("HS256"));
  EXPECT_THAT(header, HasSubstr("kid-1"));
}

// What a kill leaves: everything noted so far, no memory.
TEST_F(AcmeOrdering, GoesOnWithAnOrderAfterAKill) {
  install_ = false;
  const auto first = get();
  ASSERT_TRUE(first);
  install_ = true;
  const auto second = get();
  ASSERT_TRUE(second) << second.error().cause;
  EXPECT_EQ(count("POST /order"), 1U);
  EXPECT_EQ(certificates::fingerprint(second->chain.front()), certificates::fingerprint(first->chain.front()));
}

TEST_F(AcmeOrdering, BeginsAgainWhenTheOrderIsGone) {
  ASSERT_TRUE(store_.folder("mail.example.org")
                  .write("order.json", R"({"url":"https://acme.test/order/77","names":["mail.example.org"],)"
                                       R"("account":"https://acme.test/account/1"})"));
  EXPECT_TRUE(get());
  EXPECT_EQ(count("POST /order/77"), 1U);
  ASSERT_TRUE(store_.folder("mail.example.org").write("order.json", "{half"));
  EXPECT_TRUE(get());
}

TEST_F(AcmeOrdering, AnotherListOfNamesIsAnotherOrder) {
  install_ = false;
  ASSERT_TRUE(get());
  ASSERT_TRUE(get({"mail.example.org", "imap.example.org"}));
  EXPECT_EQ(count("POST /order"), 2U);
}

TEST_F(AcmeOrdering, SaysWhatTheAuthoritySaw) {
  authority_.challenge_error = {{"type", "urn:ietf:params:acme:error:connection"},
                                {"detail", "192.0.2.1: Timeout during connect (likely firewall problem)"}};
  const auto failure = get();
  ASSERT_FALSE(failure);
  EXPECT_THAT(failure.error().cause, HasSubstr("mail.example.org"));
  EXPECT_THAT(failure.error().cause, HasSubstr("192.0.2.1: Timeout"));
  EXPECT_THAT(failure.error().remedy, HasSubstr("open port"));
  for (const auto& [name, tokens] : solver_.shown) EXPECT_TRUE(tokens.empty()) << name;
  // The lost order is not asked for again.
  authority_.challenge_error = {};
  EXPECT_TRUE(get());
  EXPECT_EQ(count("POST /order"), 2U);
}

TEST_F(AcmeOrdering, WaitsAsLongAsALimitSays) {
  authority_.order_refusal = {{"type", "urn:ietf:params:acme:error:rateLimited"}, {"detail", "too many certificates"}};
  authority_.order_retry_after = "7200";
  const auto failure = get();
  ASSERT_FALSE(failure);
  EXPECT_EQ(failure.error().retry_after, std::chrono::hours(2));
  EXPECT_THAT(failure.error().cause, HasSubstr("too many certificates"));
  EXPECT_THAT(failure.error().remedy, HasSubstr("wait"));
}

TEST_F(AcmeOrdering, RefusesACertificateForAnotherKey) {
  authority_.wrong_certificate = true;
  EXPECT_THAT(get().error().cause, HasSubstr("the key is not that of the certificate"));
  authority_.wrong_certificate = false;
  EXPECT_TRUE(get());
}

TEST_F(AcmeOrdering, NamesTheCertificateItReplaces) {
  authority_.suggests = true;
  const auto first = get();
  ASSERT_TRUE(first);
  EXPECT_FALSE(authority_.orders_asked_for.back().contains("replaces"));
  ASSERT_TRUE(get());
  const auto& leaf = first->chain.front();
  EXPECT_EQ(authority_.orders_asked_for.back().at("replaces").as_string(), renewal_id(leaf.authority_key, leaf.serial));
}

TEST_F(AcmeOrdering, KeepsTheKeyWhenAskedTo) {
  reuse_ = true;
  const auto first = get();
  const auto second = get();
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->key.same_as(second->key));
  reuse_ = false;
  EXPECT_FALSE(get()->key.same_as(first->key));
}

TEST_F(AcmeOrdering, AsksForSuggestionsAndRevokes) {
  const auto held = get();
  authority_.suggests = true;
  Client client(authority_, store_.account("x"), settings(), clock_);
  ASSERT_TRUE(client.open({}));
  const auto suggestion = client.suggestion(held->chain.front(), {});
  ASSERT_TRUE(suggestion && *suggestion);
  EXPECT_LT((*suggestion)->end, clock_.now());
  EXPECT_EQ((*suggestion)->ask_again, clock_.now() + std::chrono::hours(1));
  EXPECT_EQ((*suggestion)->explanation, "https://acme.test/why");
  ASSERT_TRUE(client.revoke(held->chain.front().der, {}));
  EXPECT_THAT(authority_.revoked, ElementsAre(base64::encode_url(held->chain.front().der)));
}

TEST_F(AcmeOrdering, LooksForAnAccountWithoutMakingOne) {
  Client stranger(authority_, store_.account("x"), settings(), clock_);
  ASSERT_TRUE(stranger.read_directory({}));
  EXPECT_FALSE(*stranger.has_account({}));
  ASSERT_TRUE(get());
  Client known(authority_, store_.account("x"), settings(), clock_);
  ASSERT_TRUE(known.read_directory({}));
  EXPECT_TRUE(*known.has_account({}));
}

TEST_F(AcmeOrdering, PassesOnWhatASolverSays) {
  solver_.failure = "no name server";
  EXPECT_EQ(get().error().cause, "no name server");
  std::stop_source source;
  source.request_stop();
  solver_.failure.clear();
  authority_.polls_until_valid = 3;
  Client client(authority_, store_.account("x"), settings(), clock_);
  ASSERT_TRUE(client.open({}));
  Ordering ordering(client, store_, solver_, clock_, {std::chrono::milliseconds(1), std::chrono::milliseconds(1)});
  EXPECT_TRUE(ordering.run({{"mail.example.org"}}, source.get_token()).error().stopped);
  EXPECT_THAT(authority_.asked, Not(Contains("POST /order/1/finalize")));
}

}  // namespace
}  // namespace gatepost::acme
