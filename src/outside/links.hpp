#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "directory/principal.hpp"
#include "store/key_value.hpp"

namespace gatepost::outside {

inline constexpr std::chrono::hours kSeenAge{6};  // how exact Link::seen is, so that not every look writes

// That an account, or a group, belongs to an entry of an outside directory, and what is remembered of it. An account
// may belong to one of each directory: people may come from one and passwords from another.
struct Link {
  directory::PrincipalId account{};
  std::string directory;             // Settings::name
  std::string unique_id;             // of the entry, octets; empty: it has none
  std::string dn;                    // as it was last
  std::string login;                 // the last name without @ it signed in by; empty: none
  TimePoint seen{};                  // when the entry was found last
  std::string verifier;              // argon2id of the password last proven; empty: none is kept
  TimePoint proven{};                // when
  bool made = false;                 // it was added because of the entry
  bool disabled = false;             // it was disabled because of the entry, and is enabled again by it
  std::uint32_t missed = 0;          // complete listings in a row that did not have the entry
  std::vector<std::string> aliases;  // that were added because of it, in order
  bool operator==(const Link&) const = default;
};

inline constexpr std::size_t kMaxKeptDn = 1000;  // octets of Link::dn, which is for people to read

// Beside those of store/keys.hpp.
inline constexpr store::Partition kOutsidePartition{5};
// docs/formats/outside.md
std::string encode(const Link& link);
Result<Link> decode_link(directory::PrincipalId account, std::string_view directory, std::string_view value);

// All links, in memory and in the store. Thread-safe; put() and erase() block on the disk.
class Links {
 public:
  // Errc::corrupt, Errc::unsupported: a record cannot be read.
  static Result<std::unique_ptr<Links>> open(store::KeyValue& keys);

  std::optional<Link> of(directory::PrincipalId account, std::string_view directory) const;
  std::vector<Link> of(directory::PrincipalId account) const;
  std::vector<Link> by_login(std::string_view login) const;
  std::optional<Link> by_unique_id(std::string_view directory, std::string_view unique_id) const;
  std::vector<Link> all() const;  // in order of account
  Result<> put(const Link& link);
  Result<> erase(const Link& link);

 private:
  using Place = std::pair<directory::PrincipalId, std::string>;  // account and directory
  explicit Links(store::KeyValue& keys) : keys_(keys) {}
  Result<> write(const store::Batch& batch) GP_REQUIRES(writer_);
  void insert(const Link& link) GP_REQUIRES(mutex_);
  void remove(const Place& place) GP_REQUIRES(mutex_);

  store::KeyValue& keys_;
  Mutex writer_;  // before mutex_
  mutable Mutex mutex_;
  std::map<Place, Link> links_ GP_GUARDED_BY(mutex_);
  // By directory and unique_id, for those that have one.
  std::map<std::pair<std::string, std::string>, Place> ids_ GP_GUARDED_BY(mutex_);
};

}  // namespace gatepost::outside
