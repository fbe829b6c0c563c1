#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gate/explain/explain.hpp"

namespace gatepost::gate::explain {

// What the parts of the engine share: the facts, and the list they add to. Each part looks at one kind of fact and says
// what it means together with the others.
class Engine {
 public:
  explicit Engine(const Facts& facts) : f(facts) {}

  // firewall.cpp: what the kernel does, and what its log says.
  void look_at_firewall();
  void look_at_events();
  void look_at_arrivals();
  // tracked.cpp: what the kernel knows of connections that are there or were a moment ago.
  void look_at_tracked();
  // server.cpp: what listens, and what the server did with the peer.
  void look_at_listeners();
  void look_at_notes();
  void look_at_lines();
  // service.cpp: what a probe and DNS say.
  void look_at_probes();
  void look_at_names();
  // outbound.cpp
  void look_outside();
  // What nothing explains.
  void say_what_is_left();

  std::vector<Diagnosis> take() { return std::move(found_); }

 private:
  Diagnosis& add(std::string cause, Certainty certainty, Fault fault, std::string summary);
  bool has(std::string_view cause) const;
  bool found_certain() const;
  // The listener the question is about: the one at the port that is on, else any.
  const PortPolicy* policy() const;
  bool policy_admits() const;
  std::string service() const;
  std::string who() const;    // "203.0.113.9", "anybody"
  std::string where() const;  // "imaps (993)"
  std::vector<Evidence> denied_events() const;
  bool served_somebody() const;  // the peer got through lately, as far as the server knows
  void own_rule_drops(Diagnosis& base);
  void rules_differ();
  void rules_stop();
  void rules_send_elsewhere();
  void rules_limit();
  void rules_not_judged();
  void rule_evidence(Diagnosis& d) const;
  void certificate_faults(const ProbeFact& probe);
  void handshake(const notes::Note& note);
  void not_admitted(const notes::Note& note);
  void was_banned(const notes::Note& note);
  void limit_reached(const notes::Note& note);
  void no_proxy_header(const notes::Note& note);
  void ended(const notes::Note& note);
  void attempts_as_evidence(Diagnosis& d) const;
  void they_answer();
  void they_do_not_answer();

  const Facts& f;
  std::vector<Diagnosis> found_;
};

// The product a table of rules is known for: "firewalld", "iptables (ufw, Docker and others write there)".
std::string product_of(std::string_view table, std::string_view chain);

}  // namespace gatepost::gate::explain
