#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "directory/principal.hpp"

namespace gatepost::directory {

class Directory;

// Who has to have a second factor, as the configuration says.
struct SecondFactorPolicy {
  bool everybody = false;
  std::vector<Role> roles;  // or whoever has one of these
  bool requires_it(const Principal& principal) const;
};

// Something that proves somebody beside the password: a phone that shows codes (RFC 6238), and, for the day it is lost,
// recovery codes that work once each. With it the main password alone opens the web no more, and nothing else at all:
// programs that cannot ask for a code get app passwords. The directory's other half; thread-safe. What changes blocks
// on the disk.
class SecondFactors {
 public:
  static constexpr std::size_t kRecoveryCodes = 10;
  // Recovery codes are made of so many letters and digits of 32: 80 bits, which no list of hashes gives away.
  static constexpr std::size_t kRecoveryCharacters = 16;
  // RFC 4226 7.3: so many wrong codes of an account, from wherever, within this time; then none is looked at until the
  // time is over. Whoever gets so far knows the password.
  static constexpr std::uint32_t kMostWrong = 10;
  static constexpr std::chrono::hours kWrongWindow{1};
  static constexpr std::chrono::minutes kEnrolmentTime{15};  // between begin() and confirm()
  static constexpr std::size_t kMostEnrolments = 10'000;     // then the one begun first is forgotten

  struct Status {
    bool active = false;
    bool required = false;  // by the policy
    TimePoint since{};      // when active
    std::size_t recovery_codes = 0;
  };

  virtual ~SecondFactors() = default;
  virtual void set_policy(SecondFactorPolicy policy) = 0;

  virtual Status status(const Principal& principal) = 0;  // reads memory only

  // A new key (kTotpKeyOctets), which counts once confirm() has seen a code of it; kept in memory until then. Errc::
  // already_exists: there is a confirmed one. Errc::not_found: no such account.
  virtual Result<Secret> begin(PrincipalId id) = 0;
  // Recovery codes, shown once. Errc::not_found: nothing was begun, or too long ago. Errc::invalid: not a code of it.
  virtual Result<std::vector<Secret>> confirm(PrincipalId id, const Secret& code) = 0;

  // Uses up a code: no step of time and no recovery code works twice, not even at the same moment.
  enum class Outcome : std::uint8_t { right, right_recovery, wrong };
  // Blanks and hyphens in `code` are ignored. Errc::limit: too many wrong ones lately. Errc::not_found: no second
  // factor.
  virtual Result<Outcome> use(PrincipalId id, const Secret& code) = 0;

  // In place of those there were. Errc::not_found: no second factor.
  virtual Result<std::vector<Secret>> renew_recovery_codes(PrincipalId id) = 0;
  // Errc::not_found: there is none.
  virtual Result<> disable(PrincipalId id) = 0;

  // Whether the main password alone is not enough: there is a second factor, or has to be one.
  bool wanted(const Principal& principal) {
    const Status now = status(principal);
    return now.active || now.required;
  }
};

SecondFactors& second_factors(Directory& directory);

}  // namespace gatepost::directory
