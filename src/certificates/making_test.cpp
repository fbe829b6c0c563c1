#include "certificates/making.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "certificates/facts.hpp"

namespace gatepost::certificates {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CertificateKey, GoesThroughPemAndBack) {
  for (const KeyKind kind : {KeyKind::p256, KeyKind::p384, KeyKind::rsa2048}) {
    const auto key = Key::make(kind);
    ASSERT_TRUE(key);
    const auto again = Key::from_pem(key->to_pem().reveal());
    ASSERT_TRUE(again);
    EXPECT_TRUE(key->same_as(*again));
    EXPECT_EQ(key->public_der(), again->public_der());
    EXPECT_TRUE(key->is(kind));
    EXPECT_FALSE(key->is(KeyKind::rsa4096));
  }
  EXPECT_FALSE(Key::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  EXPECT_FALSE(Key::from_pem(std::string(100'000, 'A')));
}

TEST(CertificateKey, SignsWithP256Alone) {
  const auto small = Key::make(KeyKind::p256);
  const auto signature = small->sign_es256("octets");
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->size(), 64U);
  EXPECT_EQ(small->point()->x.size(), 32U);
  const auto large = Key::make(KeyKind::p384);
  EXPECT_EQ(large->sign_es256("octets").error().code, Errc::unsupported);
}

TEST(PrivateAuthority, IssuesWhatItsChainProves) {
  const ManualClock clock;
  const auto authority = Authority::make("Test authority", clock.now());
  ASSERT_TRUE(authority) << authority.error().detail;
  const auto again = Authority::from_pem(authority->certificate_pem(), authority->key().to_pem().reveal());
  ASSERT_TRUE(again) << again.error().detail;
  const auto key = Key::make(KeyKind::p256);
  const auto chain = again->issue(*key, {"mail.example.org", "*.example.net", "127.0.0.1", "::1"}, clock.now());
  ASSERT_TRUE(chain) << chain.error().detail;
  const auto read = read_pair(*chain, *key);
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->size(), 2U);
  const Facts& leaf = read->front();
  EXPECT_THAT(leaf.names, ElementsAre("mail.example.org", "*.example.net", "127.0.0.1", "::1"));
  EXPECT_EQ(leaf.issuer, "CN=Test authority");
  EXPECT_FALSE(leaf.is_authority);
  EXPECT_FALSE(leaf.authority_key.empty());
  EXPECT_EQ(leaf.serial.size(), 16U);
  EXPECT_EQ(leaf.not_after, clock.now() + Authority::kLifetime);
  EXPECT_TRUE(read->back().is_authority);
  EXPECT_TRUE(read->back().self_issued);
  EXPECT_TRUE(stands_for(leaf, "MAIL.example.org"));
  EXPECT_TRUE(stands_for(leaf, "a.example.net"));
  EXPECT_FALSE(stands_for(leaf, "a.b.example.net"));
  const auto other = Key::make(KeyKind::p256);
  EXPECT_THAT(read_pair(*chain, *other).error().detail, HasSubstr("not that of the certificate"));
  EXPECT_FALSE(Authority::from_pem(*chain, key->to_pem().reveal()));
}

TEST(PrivateAuthority, TakesNoNamesThatAreNone) {
  const ManualClock clock;
  const auto authority = Authority::make("Test authority", clock.now());
  const auto key = Key::make(KeyKind::p256);
  for (const char* bad : {"", "a,DNS:b", "a b", "*.", "dir:name", "a\nb"})
    EXPECT_EQ(authority->issue(*key, {bad}, clock.now()).error().code, Errc::invalid) << bad;
  EXPECT_FALSE(authority->issue(*key, {}, clock.now()));
}

TEST(CertificateRequest, NamesEverything) {
  const auto key = Key::make(KeyKind::p256);
  const auto request = make_request(*key, {"mail.example.org", std::string(60, 'a') + ".example.org"});
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_THAT(*request, HasSubstr("mail.example.org"));
  EXPECT_FALSE(make_request(*key, {"a,b"}));
}

// RFC 8737 3: acmeIdentifier 1.3.6.1.5.5.7.1.31, critical, an OCTET STRING in the extension's.
TEST(ValidationCertificate, HasTheDigestInACriticalExtension) {
  const ManualClock clock;
  const Sha256Value digest = sha256("token.thumbprint");
  const auto pair = make_validation_certificate("mail.example.org", digest, clock.now());
  ASSERT_TRUE(pair) << pair.error().detail;
  const auto read = read_pair(pair->chain_pem, pair->key);
  ASSERT_TRUE(read);
  EXPECT_THAT(read->front().names, ElementsAre("mail.example.org"));
  const std::string expected = *from_hex("06082b0601050507011f0101ff04220420") +
                               std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
  EXPECT_THAT(read->front().der, HasSubstr(expected));
}

TEST(Tlsa, IsTheDigestOfThePublicKey) {
  const auto key = Key::make(KeyKind::p256);
  const std::string data = tlsa_data(key->public_der());
  EXPECT_EQ(data.size(), std::string("3 1 1 ").size() + 64);
  EXPECT_TRUE(data.starts_with("3 1 1 "));
}

}  // namespace
}  // namespace gatepost::certificates
