#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/ip.hpp"

namespace gatepost::gate {

// A set of the firewall's table that holds banned networks of one size, so that no two elements ever overlap: the
// kernel refuses intervals that do.
struct BanSet {
  std::string_view name;
  bool v4 = false;
  std::uint8_t prefix = 0;  // of 128, as Network counts
  std::string_view match;   // what of a packet is looked up, as nft(8) writes it
};
inline constexpr std::array<BanSet, 5> kBanSets{{
    {"ban-4", true, 128, "ip saddr"},
    {"ban-4-24", true, 96 + 24, "ip saddr & 255.255.255.0"},
    {"ban-6", false, 128, "ip6 saddr"},
    {"ban-6-64", false, 64, "ip6 saddr & ffff:ffff:ffff:ffff::"},
    {"ban-6-48", false, 48, "ip6 saddr & ffff:ffff:ffff::"},
}};
inline constexpr std::size_t kBanSetSize = 65535;  // elements of each

// The set for a network; null: there is none for its size.
const BanSet* ban_set_for(const Network& network);
inline bool is_ban_set(std::string_view name) {
  for (const BanSet& set : kBanSets) {
    if (set.name == name) return true;
  }
  return false;
}

}  // namespace gatepost::gate
