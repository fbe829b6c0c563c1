#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "gate/ruleset/model.hpp"

namespace gatepost::gate {

// Bits of ct_state, as the kernel has them (include/uapi/linux/netfilter/nf_conntrack_common.h).
namespace ct {
inline constexpr std::uint8_t kInvalid = 1, kEstablished = 2, kNew = 8, kUntracked = 64;
}

enum Dimension : std::uint8_t { kSource, kDestination, kSourcePort, kDestinationPort, kInterface, kDimensions };

// A product of sets: which packets are meant. Interfaces are numbers of Atoms.
struct Geometry {
  bool v6 = false;
  std::array<Values, kDimensions> dims;
  bool operator==(const Geometry&) const = default;

  bool empty() const;
  Geometry operator&(const Geometry&) const;
  // The parts of this that are not in `other`, disjoint.
  std::vector<Geometry> minus(const Geometry& other) const;
};

// What an outcome depends on, beyond the packet. Bits.
enum Condition : std::uint8_t {
  kIfRate = 1,     // limits, quotas, meters, chance
  kIfTime = 2,     // of day or week
  kIfRoute = 4,    // that the way back to the source leads where the packet came from
  kIfUnknown = 8,  // something that is not understood
};

inline constexpr std::int64_t kPolicy = -1;  // in place of a rule: the chain's policy
struct Step {
  std::size_t chain = 0;
  std::int64_t rule = kPolicy;  // index into Chain::rules
  bool passing = false;         // a jump on the way to the decision
  bool operator==(const Step&) const = default;
};

// Packets on their way: their geometry, and what is the same for all of them.
struct Box {
  Geometry at;
  std::uint8_t conditions = 0;
  std::uint8_t l4proto = 6;
  std::uint32_t mark = 0, ct_mark = 0;
  bool mark_known = true, ct_mark_known = true;
  std::uint8_t ct_state = ct::kNew;
  bool ct_state_known = true;
  bool answer = false;  // the packet that goes back, not the first one
  bool untracked = false;
  bool nat_done = false;  // at this hook
  bool translated = false;
  Values first_destination, first_port;  // before a translation
  std::vector<Step> steps;               // where it was decided, a base chain each, with the jumps that led there

  // Everything but the geometry, the conditions and the steps.
  bool same_state(const Box& other) const;
};

// Takes boxes together that are the same, or differ in one dimension alone. Keeps the union.
void compact(std::vector<Box>& boxes);

}  // namespace gatepost::gate
