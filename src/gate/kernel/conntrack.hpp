#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hpp"
#include "base/result.hpp"
#include "gate/kernel/plan.hpp"

namespace gatepost::gate {

// A connection the kernel tracks, as the one who opened it sees it.
struct Tracked {
  IpAddress source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint8_t l4proto = 0;
  // Whose packets are the answers: destination and destination_port, unless a rule translates them.
  IpAddress answers_from;
  std::uint16_t answers_port = 0;
  enum class State : std::uint8_t { unknown, asked, answered, established, ending } state = State::unknown;  // of TCP
  bool seen_reply = false;
  bool translated() const { return answers_from != destination || answers_port != destination_port; }
  std::string tuple;  // the kernel's own octets of it (CTA_TUPLE_ORIG), for forget()
};

// From the messages of one dump; what is malformed is left out. Safe on any octets.
void parse_conntrack(std::string_view messages, std::vector<Tracked>& out, bool& done);

Result<std::vector<Tracked>> tracked_connections();
// The kernel forgets it: its next packet is judged as that of a new connection.
Result<> forget(const Tracked&);

// The TCP connections to ports of `intent` that the rules would refuse a packet of, were it the first.
Result<std::vector<Tracked>> refused_sessions(const Situation&, const Intent&);
// Ends the TCP connections to ports of `intent` whose source may no longer connect. How many.
Result<std::size_t> end_refused(const Situation&, const Intent&);

}  // namespace gatepost::gate
