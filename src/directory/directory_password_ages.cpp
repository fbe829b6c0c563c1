#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/date.hpp"
#include "directory/stored_directory.hpp"

// The part of StoredDirectory that knows how old passwords are.
namespace gatepost::directory {

PasswordAges& password_ages(Directory& directory) { return static_cast<StoredDirectory&>(directory); }

void StoredDirectory::set_age_policy(PasswordAgePolicy policy) {
  const Lock lock(ages_mutex_);
  age_policy_ = policy;
}

PasswordStanding StoredDirectory::standing_of(const PrincipalRow& row) {
  PasswordStanding out;
  if (!row.credentials->password) return out;
  const PasswordFacts& facts = row.credentials->password->facts;
  out.kept = true;
  out.must_change = facts.must_change;
  if (facts.changed != TimePoint{}) out.changed = facts.changed;
  PasswordAgePolicy policy;
  {
    const Lock lock(ages_mutex_);
    policy = age_policy_;
  }
  const TimePoint now = clock_.now();
  if (policy.longest.count() > 0 && !row.principal.password_never_expires) {
    TimePoint since = facts.changed;
    if (since == TimePoint{}) {
      const SharedLock reading(mutex_);
      since = index_.ages_since();
    }
    // A store that could not be written to has not noted it.
    if (since == TimePoint{}) since = now;
    out.expires = since + policy.longest;
    out.ends_soon = now < *out.expires && *out.expires - now <= policy.warning;
  }
  out.expired = out.must_change || (out.expires && now >= *out.expires);
  return out;
}

PasswordStanding StoredDirectory::standing(const Principal& principal) {
  // Who is known outside has his password there, whatever is still kept here.
  if (outside_ != nullptr && outside_->knows(principal.address)) return {};
  const auto found = row(principal.id);
  return found ? standing_of(*found) : PasswordStanding{};
}

Result<> StoredDirectory::check(const Principal& principal) {
  const auto found = row(principal.id);
  return found ? check_age(*found) : Result<>();
}

Result<> StoredDirectory::check_age(const PrincipalRow& row) {
  const PasswordStanding now = standing_of(row);
  if (!now.expired) return {};
  if (now.must_change) return fail(Errc::expired, "its owner has to replace the password that was set for him");
  return fail(Errc::expired, fmt::format("the password expired at {}", date::format_rfc3339(*now.expires)));
}

Result<> StoredDirectory::demand_change(PrincipalId id, bool demanded) {
  return write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr || !found->credentials->password) {
      return fail(Errc::not_found, "no password of the account is kept here");
    }
    if (found->credentials->password->facts.must_change == demanded) return {};
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    credentials->password->facts.must_change = demanded;
    change.put(password_key(id), encode(*credentials->password));
    const Principal owner = touched(current, change, found->principal);
    change.apply = [id, owner, credentials](Index& index) {
      index.put_principal(owner);
      index.refresh_credentials(id, credentials);
    };
    return {};
  });
}

}  // namespace gatepost::directory
