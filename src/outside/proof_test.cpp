#include "outside/proof.hpp"

#include <gtest/gtest.h>

namespace gatepost::outside {
namespace {

using ProofKind = Proof::Kind;

TEST(OutsideProof, ReadsWhatActiveDirectorySays) {
  const auto kind = [](std::string_view data) {
    const std::string text =
        "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data " + std::string(data) + ", v2580";
    return read_proof(49, text, std::nullopt)->kind;
  };
  EXPECT_EQ(kind("52e"), ProofKind::wrong);
  EXPECT_EQ(kind("525"), ProofKind::wrong);
  EXPECT_EQ(kind("530"), ProofKind::not_now);
  EXPECT_EQ(kind("531"), ProofKind::not_now);
  EXPECT_EQ(kind("532"), ProofKind::password_expired);
  EXPECT_EQ(kind("533"), ProofKind::disabled);
  EXPECT_EQ(kind("701"), ProofKind::account_expired);
  EXPECT_EQ(kind("773"), ProofKind::password_expired);
  EXPECT_EQ(kind("775"), ProofKind::locked);
}

TEST(OutsideProof, ReadsPasswordPolicies) {
  EXPECT_EQ(read_proof(49, "", 1)->kind, ProofKind::locked);
  EXPECT_EQ(read_proof(49, "", 0)->kind, ProofKind::password_expired);
  EXPECT_EQ(read_proof(0, "", 2)->kind, ProofKind::password_expired);
  EXPECT_EQ(read_proof(0, "", std::nullopt)->kind, ProofKind::right);
  EXPECT_EQ(read_proof(49, "", std::nullopt)->kind, ProofKind::wrong);
}

TEST(OutsideProof, ReadsWhatOtherDirectoriesSay) {
  EXPECT_EQ(read_proof(53, "Account inactivated. Contact system administrator.", std::nullopt)->kind,
            ProofKind::disabled);
  EXPECT_EQ(read_proof(19, "Exceed password retry limit. Please try later.", std::nullopt)->kind, ProofKind::locked);
}

TEST(OutsideProof, SaysNothingWhereTheServerCouldNot) {
  for (const int code : {1, 8, 51, 52, 80, -1}) EXPECT_FALSE(read_proof(code, "", std::nullopt)) << code;
}

}  // namespace
}  // namespace gatepost::outside
