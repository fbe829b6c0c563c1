#pragma once

#include <chrono>
#include <optional>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "directory/principal.hpp"

namespace gatepost::directory {

class Directory;

// How long main passwords are good, as the configuration says.
struct PasswordAgePolicy {
  std::chrono::seconds longest{0};  // since the last change; 0: for ever
  std::chrono::seconds warning{0};  // so long before the end its owner is told
};

// How the main password of somebody stands.
struct PasswordStanding {
  bool kept = false;                 // there is one, and it is kept here: nothing else is said of others
  std::optional<TimePoint> changed;  // empty: before such times were kept
  std::optional<TimePoint> expires;  // the first moment it is not good any more; empty: never
  bool must_change = false;          // somebody else has set it, or asked for another
  bool expired = false;              // must_change, or its time is over
  bool ends_soon = false;            // within the time of warning
};

// The age of main passwords. Whoever shows one that has expired is not let in before he has replaced it; app passwords,
// certificates, tokens, tickets and the passwords of outside directories know no such age, and sessions that are open
// go on. A password whose last change is not known counts from when the directory was first opened by a version that
// keeps such times. The directory's third side; thread-safe.
class PasswordAges {
 public:
  virtual ~PasswordAges() = default;
  virtual void set_age_policy(PasswordAgePolicy policy) = 0;  // at reload, too
  // Both read memory alone.
  virtual PasswordStanding standing(const Principal& principal) = 0;
  virtual Result<> check(const Principal& principal) = 0;  // Errc::expired; for who has proven the password
  // Whether its owner has to change it when he signs in. Blocks on the disk. Errc::not_found: none is kept here.
  virtual Result<> demand_change(PrincipalId id, bool demanded) = 0;
};

PasswordAges& password_ages(Directory& directory);

}  // namespace gatepost::directory
