#include "outside/proof.hpp"

#include <array>
#include <utility>

#include "base/utf8.hpp"

namespace gatepost::outside {
namespace {

constexpr int kSuccess = 0, kInappropriateAuthentication = 48, kInvalidCredentials = 49, kConstraintViolation = 19,
              kUnwillingToPerform = 53;
constexpr std::size_t kMaxDetail = 200;

using Kind = Proof::Kind;

// System error codes in hexadecimal (MS-ERREF 2.2), as a domain controller puts them after "data" in the diagnostic
// message of result 49: 0x525 no such user, 0x52e wrong password, 0x530 hours, 0x531 workstation, 0x532 password
// expired, 0x533 disabled, 0x701 account expired, 0x773 password must be changed, 0x775 locked.
constexpr std::array<std::pair<std::string_view, Kind>, 8> kReasons{{{"52e", Kind::wrong},
                                                                     {"530", Kind::not_now},
                                                                     {"531", Kind::not_now},
                                                                     {"532", Kind::password_expired},
                                                                     {"533", Kind::disabled},
                                                                     {"701", Kind::account_expired},
                                                                     {"773", Kind::password_expired},
                                                                     {"775", Kind::locked}}};

Kind reason_in(std::string_view diagnostic) {
  constexpr std::string_view kWord = " data ";
  const auto at = diagnostic.find(kWord);
  if (at == std::string_view::npos) return Kind::wrong;
  const std::string_view code = diagnostic.substr(at + kWord.size(), 3);
  for (const auto& [text, kind] : kReasons) {
    if (code == text) return kind;
  }
  return Kind::wrong;
}

}  // namespace

std::string_view to_string(Proof::Kind kind) {
  switch (kind) {
    case Kind::right:
      return "right";
    case Kind::wrong:
      return "wrong name or password";
    case Kind::disabled:
      return "the account is disabled there";
    case Kind::account_expired:
      return "the account has expired there";
    case Kind::password_expired:
      return "the password has expired there, or has to be changed first";
    case Kind::locked:
      return "the account is locked there";
    case Kind::not_now:
      return "the account may not sign in there now, or not from this machine";
  }
  return "wrong name or password";
}

std::optional<Proof> read_proof(int code, std::string_view diagnostic, std::optional<int> policy) {
  Proof out{.kind = Kind::wrong, .detail = utf8::sanitize(diagnostic.substr(0, kMaxDetail))};
  if (code != kSuccess && code != kInvalidCredentials && code != kInappropriateAuthentication &&
      code != kConstraintViolation && code != kUnwillingToPerform) {
    return std::nullopt;
  }
  if (policy == 1) {
    out.kind = Kind::locked;
  } else if (policy == 0 || policy == 2) {
    // With success the password was right, but is good for nothing but being changed.
    out.kind = Kind::password_expired;
  } else if (code == kSuccess) {
    out.kind = Kind::right;
  } else if (code == kInvalidCredentials) {
    out.kind = reason_in(diagnostic);
  } else if (code == kConstraintViolation) {
    out.kind = Kind::locked;  // 389 Directory Server says it so, and an account that is inactive thus:
  } else if (code == kUnwillingToPerform) {
    out.kind = Kind::disabled;
  }
  return out;
}

}  // namespace gatepost::outside
