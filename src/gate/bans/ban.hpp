#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"
#include "gate/bans/offence.hpp"

namespace gatepost::gate {

// Something that was seen of an address, once or several times in a row.
struct Sighting {
  TimePoint first{}, last{};
  Offence what = Offence::by_hand;
  std::uint32_t count = 1;
  std::string where;   // the listener; empty: none
  std::string detail;  // "anna@example.org"; never a secret
  bool operator==(const Sighting&) const = default;
};
inline constexpr std::size_t kMaxSightings = 12;  // of one address; the oldest go first
inline constexpr std::size_t kMaxDetailOctets = 80;
inline constexpr std::size_t kMaxReasonOctets = 200;

// Nobody of `network` may connect until `until`.
struct Ban {
  Network network;
  Cause cause = Cause::by_hand;
  std::string reason;
  TimePoint since{}, until{};
  std::uint32_t level = 1;   // the how many-th, as far as remembered
  bool daemon_only = false;  // the address was told by a proxy: the firewall never sees it
  std::vector<Sighting> evidence;
  bool operator==(const Ban&) const = default;
};

// What the store keeps of one, octet by octet: docs/formats/bans.md. The network is the key.
std::string ban_key(const Network& network);
std::string encode(const Ban& ban);
// Errc::corrupt: no such record. Errc::unsupported: written by a newer version.
Result<Ban> decode_ban(std::string_view key, std::string_view value);
inline constexpr char kBanFamily = 'b';

// The network of that prefix `address` is in. `prefix` counts from 128 bits, as Network does.
Network network_of(const IpAddress& address, std::uint8_t prefix);
bool overlap(const Network& one, const Network& other);

// "192.0.2.7", "192.0.2.0/24", "2001:db8::/64": an address alone, or one of the networks the firewall has a set for:
// /24 of IPv4, /64 and /48 of IPv6.
std::optional<Network> bannable_network(std::string_view text);
bool is_bannable(const Network& network);

}  // namespace gatepost::gate
