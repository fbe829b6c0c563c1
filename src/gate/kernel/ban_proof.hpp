#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gate/kernel/plan.hpp"

namespace gatepost::gate {

// What the firewall does with a banned network at one of our ports.
struct BanAtPort {
  enum class Kind : std::uint8_t { refused, open, unknown } kind = Kind::unknown;
  std::uint16_t port = 0;
  std::string service;
  std::string by;  // the rule that decides: "rule \"gp:ban:ban-4\" of inet gatepost banned"
};

// Walks the whole ruleset for packets of `network` to every port of the intent that somebody outside could reach at an
// address of its family: the proof that a ban holds in the firewall, or what prevents it. Empty: there is no such port.
std::vector<BanAtPort> prove_ban(const Situation& situation, const Intent& intent, const Network& network);

}  // namespace gatepost::gate
