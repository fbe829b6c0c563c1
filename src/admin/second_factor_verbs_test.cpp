#include "admin/test_product.hpp"
#include "directory/second_factor.hpp"
#include "directory/totp.hpp"

namespace gatepost::admin {
namespace {

class SecondFactorVerbs : public AdminFixture {};

TEST_F(SecondFactorVerbs, SayWhetherThereIsOneAndTakeItAway) {
  domain_and_anna();
  auto& factors = directory::second_factors(*directory);
  const auto id = directory->find("anna@example.org")->id;
  EXPECT_FALSE(json(done("account totp status", {{"address", {"anna@example.org"}}})).at("active").as_bool());
  EXPECT_EQ(error(ask("account totp disable", {{"address", {"anna@example.org"}}})), "not_found");
  const auto key = factors.begin(id);
  const std::string code = directory::hotp(key->reveal(), directory::totp_step(clock.now()), directory::kTotpDigits);
  ASSERT_TRUE(factors.confirm(id, Secret(code)));
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), Errc::forbidden);
  const Reply status = done("account totp status", {{"address", {"anna@example.org"}}});
  EXPECT_TRUE(json(status).at("active").as_bool());
  EXPECT_EQ(json(status).at("recovery_codes").to_number<int>(), 10);
  EXPECT_EQ(status.text.find(directory::base32(key->reveal())), std::string::npos);
  EXPECT_EQ(status.json.find(directory::base32(key->reveal())), std::string::npos);
  done("account totp disable", {{"address", {"anna@example.org"}}});
  EXPECT_EQ(sign_in("anna@example.org", "correct horse"), std::nullopt);
  EXPECT_EQ(error(ask("account totp status", {{"address", {"nobody@example.org"}}})), "not_found");
}

}  // namespace
}  // namespace gatepost::admin
