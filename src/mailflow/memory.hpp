#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "account/account.hpp"
#include "base/clock.hpp"

// What an account remembers for a while by its hash: whom it answered, which messages came.
namespace gatepost::mailflow {

inline constexpr std::string_view kAnsweredMemory = "/answered", kSeenMemory = "/seen";

struct Remembered {
  std::string id;  // any octets
  std::chrono::seconds keep{};
  bool renew = false;  // also when it is known already
};

// In `memory`, one of the above. Blocks.
Result<bool> remembers(account::Account& account, std::string_view memory, std::string_view id, TimePoint now);
// When there is no room the ones that end first are forgotten. Blocks.
Result<> remember(account::Account& account, std::string_view memory, std::span<const Remembered> what, TimePoint now);

// Since 1970.
inline std::uint64_t seconds_of(TimePoint t) {
  return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count());
}

}  // namespace gatepost::mailflow
