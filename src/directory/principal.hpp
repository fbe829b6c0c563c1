#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace gatepost::directory {

// Who owns an account; also the number of its store partition.
enum class PrincipalId : std::uint64_t {};

enum class PrincipalKind : std::uint8_t { person, shared_mailbox, room, group };

struct Principal {
  PrincipalId id{};
  PrincipalKind kind = PrincipalKind::person;
  std::string address;  // primary, canonical: "anna@example.org"; also the sign-in name
  std::string display_name;
  bool enabled = true;             // false: no sign-in; mail is refused with a permanent error
  std::uint64_t quota_octets = 0;  // 0 = unlimited
  TimePoint created{};
};

struct Domain {
  std::string name;       // A-labels, lower case
  std::string catch_all;  // address, empty = none
  TimePoint created{};
};

struct Alias {
  std::string address;
  std::vector<std::string> targets;  // local or outside addresses
};

struct AppPassword {
  std::uint32_t id = 0;
  std::string name;  // "Anna's phone"
  TimePoint created{};
  std::optional<TimePoint> last_used;
};

}  // namespace gatepost::directory
