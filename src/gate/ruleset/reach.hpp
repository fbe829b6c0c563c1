#pragma once

#include <string>
#include <vector>

#include "gate/ruleset/box.hpp"
#include "gate/ruleset/walk.hpp"

// Who can reach a port: the fate of a first packet, for every source at once.
namespace gatepost::gate {

// The machine a ruleset belongs to.
struct Host {
  std::vector<std::string> interfaces;
  Values addresses;  // its own, 127.0.0.0/8 and ::1 included
};

struct Question {
  std::uint8_t l4proto = 6;  // 6: TCP, a SYN; 17: UDP
  Values ports = Values::all();
  Values destinations = Values::all();  // of them, those that are the host's own
};

enum class Fate : std::uint8_t {
  open,       // it arrives, and its answer leaves
  forwarded,  // it is translated and sent on to another machine or a container
  may,        // open or not, depending on `conditions`
  refused,    // rejected: the client knows at once
  dropped,    // silence
  unknown,    // the ruleset holds something that cannot be judged
};
std::string_view to_string(Fate);

struct Region {
  Fate fate = Fate::unknown;
  std::uint8_t conditions = 0;  // Condition bits; of `may` and `unknown`
  bool v6 = false;
  Values sources, destinations, source_ports, ports, interfaces;
  std::vector<Step> steps;      // the rules or policies that decided, in the order of the chains
  bool answer_dropped = false;  // it arrives, but what is sent back does not leave
  bool translated = false;
  Values translated_to, translated_port;
};

struct Answer {
  std::vector<Region> regions;  // disjoint; together all that was asked
  Atoms atoms;
  std::size_t chains_walked = 0, rules_walked = 0;
  bool complete = true;  // false: too complex, all is one unknown region
};

// All first packets of a family that were asked about, before any rule. Empty where the host has no such address.
Box first_packets(const Host&, const Question&, const Atoms&, bool v6);

// Walks every base chain a packet meets: ingress, prerouting (with destination translation), then input, or forward
// when it is translated elsewhere, and the way back through output and postrouting.
// `coverage`: adds the rules that were come to.
Answer reach(const Ruleset&, const Host&, const Question&, Coverage* coverage = nullptr);

// Redirections that bring other ports to `port` of this host: the ports they listen at.
Values also_reached_by(const Answer& everything, std::uint16_t port);

}  // namespace gatepost::gate
