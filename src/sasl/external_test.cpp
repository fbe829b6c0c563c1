#include "sasl/external.hpp"

#include <gtest/gtest.h>

namespace gatepost::sasl {
namespace {

TEST(SaslExternal, TakesOneMessageThatMayBeEmpty) {
  auto exchange = make_external_exchange();
  const Step first = exchange->begin("anna@example.org");
  ASSERT_TRUE(std::holds_alternative<CheckCertificate>(first));
  EXPECT_EQ(std::get<CheckCertificate>(first).name, "anna@example.org");
  EXPECT_TRUE(std::holds_alternative<Failed>(exchange->step("")));
  exchange = make_external_exchange();
  EXPECT_TRUE(std::holds_alternative<Challenge>(exchange->begin(std::nullopt)));
  const Step second = exchange->step("");
  ASSERT_TRUE(std::holds_alternative<CheckCertificate>(second));
  EXPECT_EQ(std::get<CheckCertificate>(second).name, "");
}

TEST(SaslExternal, RefusesWhatIsNotText) {
  for (const std::string& name : {std::string("a\0b", 3), std::string("\xff"), std::string(2000, 'a')}) {
    EXPECT_TRUE(std::holds_alternative<Failed>(make_external_exchange()->begin(name)));
  }
}

TEST(SaslExternal, IsOfferedToThoseWhoShowedACertificate) {
  EXPECT_EQ(mechanisms({.tls = true, .plain = false, .certificate = true, .scram_sha256 = false, .scram_sha1 = false}),
            std::vector<Mechanism>{Mechanism::external});
  EXPECT_TRUE(
      mechanisms({.without_tls = true, .plain = false, .certificate = true, .scram_sha256 = false, .scram_sha1 = false})
          .empty());
}

}  // namespace
}  // namespace gatepost::sasl
