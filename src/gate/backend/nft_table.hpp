#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gate/policy/policy.hpp"

// The table Gatepost owns in the kernel, as nft(8) writes it.
namespace gatepost::gate {

inline constexpr std::string_view kTable = "inet gatepost";

struct NftSet {
  std::string name;
  std::vector<std::string> properties;  // "type ipv4_addr", "flags interval"
  std::vector<std::string> elements;
  bool meter = false;  // filled by packets, or by the daemon's bans: what it holds is kept when it stays
  std::string text() const;
};

struct NftChain {
  std::string name;
  std::string base;  // "type filter hook input priority filter; policy accept;"; empty: none
  std::vector<std::string> rules;
};

struct NftTable {
  std::vector<NftSet> sets;
  std::vector<NftChain> chains;
  // The table as a block for `nft -f`. Chains come before the rules that jump to them.
  std::string text() const;
};

// Pure: the same intent, revision and moment give the same text. `now`: exceptions get the time that is left.
NftTable nft_table(const Intent&, std::uint64_t revision, TimePoint now);

// The table carries its revision and the intent's hash in the name of an empty chain, "revision-42-0123456789abcdef":
// unlike a table's comment it can change while meters and counters stay.
struct Marker {
  std::uint64_t revision = 0;
  std::string hash;
  bool operator==(const Marker&) const = default;
};
std::string marker_name(const Marker&);
std::optional<Marker> parse_marker(std::string_view chain_name);

}  // namespace gatepost::gate
