#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "gate/kernel/conntrack.hpp"
#include "gate/kernel/host.hpp"
#include "gate/kernel/plan.hpp"
#include "gate/notes/peer_report.hpp"
#include "gate/policy/policy.hpp"
#include "gate/probe/report.hpp"
#include "gate/ruleset/reach.hpp"
#include "gate/watch/event_ring.hpp"

// Everything that is known about a connection that did not come about. Values alone: where they come from is others'
// concern. What nobody could find out is in `missing`, and is never taken for "nothing was there".
namespace gatepost::gate::explain {

struct Question {
  bool outbound = false;
  std::optional<IpAddress> from;  // who tries; nullopt: anybody
  std::uint16_t port = 0;
  std::optional<IpAddress> to;  // which of the host's addresses; outbound: the other host's
  std::string host;             // outbound: its name as asked
  TimePoint at{}, now{};
  std::chrono::seconds window{900};  // before `at`
  bool past = false;                 // asked about a time that is over: what is so now proves little
};

// What the loaded rules do with a first packet of the question.
struct FirewallFact {
  Fate fate = Fate::unknown;
  std::uint8_t conditions = 0;
  std::string why;      // "rule "gp:imaps:default" of inet gatepost port-imaps"
  std::string comment;  // of the rule that decides
  std::string table;    // "inet gatepost"; empty: no chain looks at it
  std::string chain;
  bool answer_dropped = false;
  std::string sent_on_to;  // "10.0.0.5, port 993"
  std::vector<std::string> legacy, notes;
  std::size_t rules_walked = 0;
  std::string proof;  // "20 rules in 1 base chains"
};

// Counters of the own rules about one service, since they were loaded.
struct RateFact {
  std::uint64_t dropped_by_rate = 0, dropped_by_connections = 0;  // packets, of everybody
  bool in_meter = false;                                          // the source has connected lately
  std::uint32_t per_minute = 0, max_connections = 0;
};

struct EventFact {
  std::string source;  // "firewall events", "kernel log", "/var/log/ufw.log"
  watch::KeptEvent event;
};

// A connection from the source to the port that the kernel tracks.
struct TrackedFact {
  std::string text;  // "203.0.113.9 port 4000 > 198.51.100.1 port 993"
  Tracked::State state = Tracked::State::unknown;
  std::string sent_on_to;  // "10.0.0.5 port 993": who answers, when that is not who was asked
};

struct ProbeFact {
  std::string vantage;  // "this host", "vantage 198.51.100.7"
  bool outside = false;
  probe::PortReport report;
};

// What a look at the wire saw of the source and port.
struct ArrivalFact {
  std::chrono::seconds watched{0};
  std::uint32_t first_packets = 0, others = 0, answers = 0;  // SYN; anything else from there; what went back
  std::string interface;
};

struct DnsFact {
  std::string name;
  std::vector<IpAddress> addresses;  // empty: none
  std::string problem;               // why there is no answer
};

struct ExpiredFact {
  std::string listener, reason;
  TimePoint until{};
};

// One attempt to go out.
struct AttemptFact {
  enum class How : std::uint8_t { open, refused, unreachable, silent, failed, not_tried };
  std::string label;  // "as the server's user", "as root", "to its port 443"
  std::uint16_t port = 0;
  How how = How::not_tried;
  std::string detail;
  std::string said;          // the other side's first words
  std::optional<bool> left;  // its packets were seen to leave an interface; nullopt: nobody looked
};
struct OutboundFact {
  DnsFact dns;
  std::vector<AttemptFact> server, others;  // as the server connects; for comparison: other users, other ports
  bool egress_policy = false, egress_admits = true;
  std::string egress_user;
  std::string smart_host;
  struct Waiting {
    std::string to, reply;
  };
  std::vector<Waiting> queue;  // what the queue says of other destinations
};

struct Facts {
  Question question;
  std::vector<std::string> missing;  // "the firewall's rules: run this as root"
  std::optional<bool> daemon_runs;   // nullopt: it does not answer this user
  std::vector<PortPolicy> policies;  // of listeners at the port, off ones included
  std::vector<ExpiredFact> expired;  // exceptions that once let the source in
  std::vector<Listening> sockets;    // at the port, of whatever program
  bool sockets_known = false;
  std::vector<Endpoint> served;  // of them, the server's own
  std::optional<FirewallFact> firewall;
  std::optional<FirewallFact> firewall_other_family;  // the same from the other family, anybody
  std::vector<Drift> drift;                           // where policy and rules differ for the listeners at the port
  std::optional<RateFact> rate;
  std::vector<EventFact> events;  // of the source, port and time
  bool events_heard = false;      // somebody listened to the firewall all that time
  std::vector<TrackedFact> tracked;
  std::optional<notes::PeerReport> peer;  // of the running server
  std::vector<notes::LogLine> lines;      // of the server's log about the peer, from wherever
  std::optional<bool> banned;
  std::string ban_text;
  std::vector<ProbeFact> probes;
  std::optional<ArrivalFact> arrivals;
  std::optional<DnsFact> dns;  // of the server's own name
  std::vector<IpAddress> own_addresses;
  std::optional<bool> disk_low;
  std::string maintenance_until;  // a window is open, and the source is no administrator's; empty: none
  std::optional<OutboundFact> outbound;
};

}  // namespace gatepost::gate::explain
