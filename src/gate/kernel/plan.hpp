#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gate/kernel/host.hpp"
#include "gate/kernel/iptables_listings.hpp"
#include "gate/kernel/nft.hpp"
#include "gate/policy/policy.hpp"

// What a port's firewall does now, and what it would do.
namespace gatepost::gate {

// A ruleset and the host it is on, ready for questions.
struct Situation {
  Ruleset rules;
  Host host;
  std::vector<std::string> legacy;  // loaded tables of iptables-legacy
  bool legacy_read = false;         // their rules are among `rules`, in tables "legacy-filter" and so on
};
Result<Situation> situation(std::string_view ruleset_json, const Host&, std::vector<std::string> legacy,
                            const Listings& listings = {});

// As reach() judges it; where iptables-legacy has tables that were not read, what it could change becomes unknown.
Answer ask(const Situation&, std::uint16_t port, const AddressSet& destinations = AddressSet::all());

// The sources that reach something, from any interface but lo: open, forwarded or within limits.
AddressSet reaching(const Answer&);
AddressSet unknown_for(const Answer&);  // sources of which it is not known

// Somebody gains or loses access.
struct Change {
  std::uint16_t port = 0;
  std::string service;  // empty: no listener of the policy
  bool gains = false;
  AddressSet sources;
};
// The policy and the ruleset differ.
struct Drift {
  std::uint16_t port = 0;
  std::string service;
  enum class Kind : std::uint8_t { shut_out, too_wide, unknown, unlistened } kind = Kind::shut_out;
  AddressSet sources;
  std::string because;  // "inet other late rule 3", the rule that decides
};

std::vector<Change> changes(const Situation& before, const Situation& after, const Intent&,
                            const std::vector<std::uint16_t>& more_ports);
std::vector<Drift> drift(const Situation&, const Intent&);

// "rule \"gp:imaps:trusted\" of inet gatepost port-imaps"
std::string describe(const Ruleset&, const Step&);
// The last step that explains a region's fate.
std::string reason(const Ruleset&, const Region&);

// Whether somebody who came by `ssh` could come that way again.
Fate fate_of(const Situation&, const SshConnection&);

struct Plan {
  std::string batch;  // empty: the kernel has it already
  std::vector<Change> changes;
  std::vector<Drift> drift;  // that remains afterwards: other tables
  std::optional<Fate> own_before, own_after;
  std::vector<std::string> notes;  // what of the ruleset is not understood
  bool cuts_off() const;           // the admin's own way in would be closed
};
// Changes nothing. Tries the batch on the kernel (dry run).
Result<Plan> make_plan(Nft&, const Intent&, std::uint64_t revision, const std::optional<SshConnection>&, TimePoint now);

}  // namespace gatepost::gate
