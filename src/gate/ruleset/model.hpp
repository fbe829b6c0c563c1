#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gate/policy/address_set.hpp"

// A loaded nftables ruleset as far as it can be judged. What the reader does not understand is kept as Opaque: it may
// match or not, and do anything, so the evaluator says "unknown" where it matters and never "closed".
namespace gatepost::gate {

enum class Family : std::uint8_t { ip, ip6, inet, netdev, other };
enum class Hook : std::uint8_t { none, ingress, prerouting, input, forward, output, postrouting, other };

// What a rule looks at.
enum class Field : std::uint8_t {
  saddr,
  daddr,
  sport,
  dport,
  iif,
  oif,
  nfproto,     // NFPROTO_IPV4 2, NFPROTO_IPV6 10
  ether_type,  // 0x0800, 0x86dd
  l4proto,
  packet_type,
  mark,
  ct_mark,
  ct_state,
  ct_direction,
  ct_status,
  tcp_flags,
  daddr_type,  // fib daddr type
  rate,        // limits, quotas, meters, counters of connections, random numbers
  time,        // of day, of week
  route,       // whether there is a way back to the source (fib saddr)
  unknown,
};

struct Key {
  Field field = Field::unknown;
  // Only packets of this family or protocol have it: on others the rule does not match, negated or not.
  std::uint8_t needs_nfproto = 0, needs_l4proto = 0;  // 0: any
  std::optional<std::uint64_t> mask;                  // "meta mark & 0xff"
  std::uint8_t prefix = 128;                          // of addresses: "ip6 saddr & ffff:ffff:ffff:ffff::" is 64
};

// Numbers, addresses (as AddressNumber) or, of interfaces, indices into Ruleset::names.
using Values = IntervalSet<AddressNumber>;

struct Verdict {
  enum class Kind : std::uint8_t { accept, drop, reject, next, back, jump, go };
  Kind kind = Kind::next;
  std::size_t target = 0;  // jump, go: index into Ruleset::chains
  bool operator==(const Verdict&) const = default;
};

// A set or map: elements that share all but their first field and the verdict are one group.
struct Elements {
  struct Group {
    std::vector<Values> fields;
    Verdict verdict;  // of verdict maps
  };
  std::vector<Group> groups;
  bool opaque = false;   // something in it is not understood
  bool changes = false;  // packets change it
};

struct Match {
  enum class Op : std::uint8_t { equal, not_equal, any_bit, no_bit };
  std::vector<Key> keys;
  Op op = Op::equal;
  std::shared_ptr<const Elements> values;
};
struct VerdictMap {
  std::vector<Key> keys;
  std::shared_ptr<const Elements> values;
};
// Goes on or not, depending on what came before or when it is.
struct Depends {
  Field on = Field::rate;
  std::uint32_t per_minute = 0, connections = 0;  // the limit it is about; 0: another, or not known
};
// mark = (mark & keep) ^ flip; nullopt: something else.
struct SetMark {
  Field mark = Field::mark;  // or ct_mark
  struct Change {
    std::uint32_t keep = 0, flip = 0;
  };
  std::optional<Change> change;
};
struct Nat {
  bool destination = true;           // dnat and redirect; else snat and masquerade
  bool here = false;                 // redirect: to this host
  std::optional<IpAddress> address;  // of dnat; nullopt: not one address
  std::optional<std::uint16_t> port;
  bool known = true;         // false: where to is not understood
  std::uint8_t nfproto = 0;  // 0: both families
};
struct Notrack {};
// May match or not and do anything.
struct Opaque {
  std::string what;
};
using Statement = std::variant<Match, VerdictMap, Verdict, Depends, SetMark, Nat, Notrack, Opaque>;

struct Rule {
  std::uint64_t handle = 0;
  std::string comment;
  std::vector<Statement> statements;  // empty: it has no effect on where packets go
};

struct Chain {
  Family family = Family::other;
  std::string table, name, type;  // type: "filter", "nat", "route"; empty without a hook
  Hook hook = Hook::none;
  std::int64_t priority = 0;
  bool drops = false;                // its policy
  std::vector<std::string> devices;  // ingress; empty: not known
  std::vector<Rule> rules;
  std::string label() const;  // "inet filter input"
};

struct Ruleset {
  std::vector<Chain> chains;
  std::vector<std::string> names;  // of interfaces, as rules spell them: "eth0", "wg*"
  std::vector<std::string> notes;  // what was not understood, each once
  std::size_t rule_count() const;
};

}  // namespace gatepost::gate
