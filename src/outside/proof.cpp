#include "outside/proof.hpp"

#include <array>
#include <utility>

#include "base/utf8.hpp"

namespace gatepost::outside {
namespace {

constexpr int kSuccess = 0, kInappropriateAuthentication = 48, kInvalidCredentials = 49, kConstraintViolation = 19,
              kUnwillingToPerform = 53;
constexpr std::size_t kMaxProofDetail = 200;

using ProofKind = Proof::Kind;

// System error codes in hexadecimal (MS-ERREF 2.2), as a domain controller puts them after "data" in the diagnostic
// message of result 49: 0x525 no such user, 0x52e wrong password, 0x530 hours, 0x531 workstation, 0x532 password
// expired, 0x533 disabled, 0x701 account expired, 0x773 password must be changed, 0x775 locked.
constexpr std::array<std::pair<std::string_view, ProofKind>, 8> kReasons{{{"52e", ProofKind::wrong},
                                                                          {"530", ProofKind::not_now},
                                                                          {"531", ProofKind::not_now},
                                                                          {"532", ProofKind::password_expired},
                                                                          {"533", ProofKind::disabled},
                                                                          {"701", ProofKind::account_expired},
                                                                          {"773", ProofKind::password_expired},
                                                                          {"775", ProofKind::locked}}};

ProofKind reason_in(std::string_view diagnostic) {
  constexpr std::string_view kWord = " data ";
  const auto at = diagnostic.find(kWord);
  if (at == std::string_view::npos) return ProofKind::wrong;
  const std::string_view code = diagnostic.substr(at + kWord.size(), 3);
  for (const auto& [text, kind] : kReasons) {
    if (code == text) return kind;
  }
  return ProofKind::wrong;
}

}  // namespace

std::string_view to_string(Proof::Kind kind) {
  switch (kind) {
    case ProofKind::right:
      return "right";
    case ProofKind::wrong:
      return "wrong name or password";
    case ProofKind::disabled:
      return "the account is disabled there";
    case ProofKind::account_expired:
      return "the account has expired there";
    case ProofKind::password_expired:
      return "the password has expired there, or has to be changed first";
    case ProofKind::locked:
      return "the account is locked there";
    case ProofKind::not_now:
      return "the account may not sign in there now, or not from this machine";
  }
  return "wrong name or password";
}

std::optional<Proof> read_proof(int code, std::string_view diagnostic, std::optional<int> policy) {
  Proof out{.kind = ProofKind::wrong, .detail = utf8::sanitize(diagnostic.substr(0, kMaxProofDetail))};
  if (code != kSuccess && code != kInvalidCredentials && code != kInappropriateAuthentication &&
      code != kConstraintViolation && code != kUnwillingToPerform) {
    return std::nullopt;
  }
  if (policy == 1) {
    out.kind = ProofKind::locked;
  } else if (policy == 0 || policy == 2) {
    // With success the password was right, but is good for nothing but being changed.
    out.kind = ProofKind::password_expired;
  } else if (code == kSuccess) {
    out.kind = ProofKind::right;
  } else if (code == kInvalidCredentials) {
    out.kind = reason_in(diagnostic);
  } else if (code == kConstraintViolation) {
    out.kind = ProofKind::locked;  // 389 Directory Server says it so, and an account that is inactive thus:
  } else if (code == kUnwillingToPerform) {
    out.kind = ProofKind::disabled;
  }
  return out;
}

}  // namespace gatepost::outside
