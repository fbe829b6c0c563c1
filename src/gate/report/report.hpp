#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gate/backend/nft_table.hpp"
#include "gate/kernel/apply.hpp"
#include "gate/kernel/conntrack.hpp"
#include "gate/kernel/plan.hpp"
#include "gate/notes/uses.hpp"
#include "gate/policy/policy.hpp"

// What `gatepost gate` says, for people and for programs.
namespace gatepost::gate {

struct Report {
  std::string text;
  std::string json;  // one value
  int exit_code = 0;
};

// `situation`: nullopt when the ruleset could not be read; `why_not` says why.
Report show(const std::vector<PortPolicy>&, const Intent&, const std::optional<Situation>&, std::string_view why_not);

// Who can reach a port, with the rules that decide. `service`: the listener there; may be empty.
Report who(const Situation&, std::uint16_t port, std::string_view service);

Report plan(const Plan&, const std::optional<SshConnection>&);

Report history(const std::vector<Revision>&, const std::optional<Pending>&);

// The server's bans beside what the kernel has of them.
struct BanEvidence {
  bool in_firewall = false;  // by the server's word
  std::string why_not;
  std::vector<Network> of_server;                 // that the firewall is to refuse
  std::optional<std::vector<Network>> of_kernel;  // nullopt: the table has no sets for them
  bool differs() const;
};
// From the server's replies to "ban list" and "status"; nullopt: they are none. of_kernel is not set.
std::optional<BanEvidence> ban_evidence(std::string_view ban_list, std::string_view status);

// All that is to be compared for an audit.
struct Evidence {
  const config::Config& config;
  const std::vector<PortPolicy>& policies;
  const Intent& intent;
  const Situation& situation;
  std::vector<Listening> listening;
  std::optional<Marker> marker;  // of the table in the kernel
  bool has_table = false;
  bool table_as_written = false;  // the table is what the intent asks for
  std::optional<Pending> pending;
  bool daemon_runs = false;
  // New connections let in since the rules were loaded, by service, and when that was at the earliest.
  std::map<std::string, std::uint64_t> let_in;
  std::optional<TimePoint> counting_since;
  std::vector<notes::Uses::OfListener> uses = {};  // of the running server; empty: not known
  std::optional<BanEvidence> bans = {};            // nullopt: not asked
  std::optional<bool> log_group_heard = {};        // somebody reads [gate] log_group; nullopt: not known, or no group
  std::vector<Tracked> refused_sessions = {};      // open, though the rules refuse their source
};
// Exit code 0: nothing, 1: findings.
std::vector<Finding> audit(const Evidence&, TimePoint now);
// With `before`, only what came and went since.
Report audit_report(const std::vector<Finding>& found, const std::optional<std::vector<Finding>>& before);

// Findings as they are kept between audits.
std::string to_json(const std::vector<Finding>&);
std::optional<std::vector<Finding>> findings_from_json(std::string_view);

}  // namespace gatepost::gate
