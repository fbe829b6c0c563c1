#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"

namespace gatepost::directory {

// Who owns an account; also the number of its store partition.
enum class PrincipalId : std::uint64_t {};

enum class PrincipalKind : std::uint8_t { person, shared_mailbox, room, group };

struct Principal {
  PrincipalId id{};
  PrincipalKind kind = PrincipalKind::person;
  std::string address;  // primary, canonical: "anna@example.org"; also the sign-in name
  std::string display_name;
  bool enabled = true;               // false: no sign-in; mail is refused with a permanent error
  std::uint64_t quota_octets = 0;    // 0 = unlimited
  std::uint64_t quota_messages = 0;  // 0 = unlimited
  TimePoint created{};
};

// Whom rights are granted to, as it is kept: kAnyone, "#1024" for a principal (whose address may once be another's), or
// the address of an alias, which stands for all that it leads to.
inline constexpr std::string_view kAnyone = "anyone";
std::string grantee(PrincipalId id);
std::optional<PrincipalId> principal_of(std::string_view grantee);

struct Domain {
  std::string name;       // A-labels, lower case
  std::string catch_all;  // address, empty = none
  TimePoint created{};
};

struct Alias {
  std::string address;
  std::vector<std::string> targets;  // local or outside addresses
};

// What an app password may be used for.
struct AppScope {
  std::vector<std::string> services;  // as DoorContext::service: "imap", "submission"; empty: all
  std::vector<Network> networks;      // where from; empty: everywhere
  TimePoint expires{};                // the first moment it does not work any more; epoch: never
  bool blocked = false;               // for the time being, until it is let in again
  bool operator==(const AppScope&) const = default;
};
// The words a scope may have in `services`.
inline constexpr std::array<std::string_view, 5> kAppServices{"imap", "pop3", "submission", "ldap", "http"};
inline constexpr std::size_t kMaxAppNetworks = 50;

// One device or program, by the password it was given.
struct AppPassword {
  std::uint32_t id = 0;
  std::string name;  // "Anna's phone"
  TimePoint created{};
  AppScope scope;
  std::optional<TimePoint> last_used;
  std::string last_service;              // with last_used; empty: not known
  std::optional<IpAddress> last_remote;  // likewise
};

}  // namespace gatepost::directory
