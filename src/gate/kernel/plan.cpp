#include "gate/kernel/plan.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "gate/backend/nft_table.hpp"
#include "gate/kernel/table_diff.hpp"
#include "gate/ruleset/iptables_reader.hpp"
#include "gate/ruleset/reader.hpp"

namespace gatepost::gate {
namespace {

bool reaches(Fate f) { return f == Fate::open || f == Fate::forwarded || f == Fate::may; }

// Without loopback: who sits on this host is not who the gate is for.
bool from_outside(const Answer& a, const Region& r) { return !r.interfaces.minus(a.atoms.named("lo")).empty(); }

template <class F>
AddressSet sources_where(const Answer& a, F&& wanted) {
  AddressSet out;
  for (const Region& r : a.regions) {
    if (wanted(r.fate) && from_outside(a, r)) out = out | r.sources;
  }
  return out;
}

// Sources that no packet from outside has.
const AddressSet& never_outside() {
  static const AddressSet set = set_of({*Network::parse("127.0.0.0/8"), *Network::parse("::1")});
  return set;
}

std::string because_of(const Situation& s, const Answer& a, const AddressSet& sources, bool reached) {
  for (const Region& r : a.regions) {
    const bool fits = reached ? reaches(r.fate) : !reaches(r.fate);
    if (fits && from_outside(a, r) && !(r.sources & sources).empty()) return reason(s.rules, r);
  }
  return "";
}

}  // namespace

namespace {

// The rules of iptables-legacy beside the others. Where only its filter is loaded, the order among chains of the same
// priority does not matter: each of them can only close. False: another table has rules, or it cannot be read.
bool add_legacy(Ruleset& rules, const std::vector<std::string>& tables, const IptablesListings& listings) {
  if (tables.empty() || listings.v4.empty() || listings.v6.empty()) return false;
  Ruleset with = rules;
  reading::Names names(with.names);
  const std::size_t others = with.chains.size();
  const iptables::IpSets sets = iptables::read_ipsets(listings.sets).value_or(iptables::IpSets());
  for (const auto& [text, v6] : {std::pair{&listings.v4, false}, std::pair{&listings.v6, true}}) {
    const auto saved = iptables::read_saved(*text, v6, names, sets);
    if (!saved) return false;
    iptables::add_chains(with, *saved, v6);
  }
  for (std::size_t i = others; i < with.chains.size(); ++i) {
    Chain& c = with.chains[i];
    if (c.table != "filter" && !c.rules.empty()) return false;
    c.table = "legacy-" + c.table;
  }
  rules = std::move(with);
  return true;
}

}  // namespace

Result<Situation> situation(std::string_view json, const Host& host, std::vector<std::string> legacy,
                            const Listings& listings) {
  GP_TRY(Ruleset rules, read_ruleset(json, listings.nft));
  const bool read = add_legacy(rules, legacy, listings.legacy);
  return Situation{std::move(rules), host, std::move(legacy), read};
}

Answer ask(const Situation& s, std::uint16_t port, const AddressSet& destinations) {
  Question q;
  q.ports = Values::of(port);
  q.destinations = destinations;
  Answer a = reach(s.rules, s.host, q);
  const bool other_than_filter = std::ranges::any_of(s.legacy, [](const auto& t) { return t != "filter"; });
  for (Region& r : a.regions) {
    // A legacy filter can only close what is open here; its nat or mangle tables can do anything.
    if (s.legacy.empty() || s.legacy_read || (!other_than_filter && !reaches(r.fate))) continue;
    r.fate = Fate::unknown;
    r.conditions |= kIfUnknown;
  }
  return a;
}

AddressSet reaching(const Answer& a) { return sources_where(a, reaches).minus(never_outside()); }

AddressSet unknown_for(const Answer& a) {
  return sources_where(a, [](Fate f) { return f == Fate::unknown; }).minus(never_outside());
}

std::string describe(const Ruleset& rules, const Step& step) {
  const Chain& c = rules.chains.at(step.chain);
  if (step.rule == kPolicy) return fmt::format("the policy of {}", c.label());
  const Rule& r = c.rules.at(static_cast<std::size_t>(step.rule));
  if (!r.comment.empty()) return fmt::format("rule \"{}\" of {}", r.comment, c.label());
  return fmt::format("rule {} of {} (handle {})", step.rule + 1, c.label(), r.handle);
}

std::string reason(const Ruleset& rules, const Region& r) {
  if (r.steps.empty()) return "no chain looks at it";
  // Of several chains that let it in, the one that names a rule says most; otherwise the last one decided.
  std::size_t at = r.steps.size() - 1;
  for (std::size_t i = 0; reaches(r.fate) && i < r.steps.size(); ++i) {
    if (r.steps[i].passing || r.steps[i].rule == kPolicy) continue;
    at = i;
    break;
  }
  std::string out = r.answer_dropped ? "its answer is stopped by " : "";
  // The jump just before it tells why: which set the source is in.
  if (reaches(r.fate) && at > 0 && r.steps[at - 1].passing) {
    const Step& jump = r.steps[at - 1];
    const Rule& rule = rules.chains.at(jump.chain).rules.at(static_cast<std::size_t>(jump.rule));
    if (!rule.comment.empty()) out += fmt::format("\"{}\", ", rule.comment);
  }
  return out + describe(rules, r.steps[at]);
}

std::vector<Change> changes(const Situation& before, const Situation& after, const Intent& intent,
                            const std::vector<std::uint16_t>& more_ports) {
  std::set<std::uint16_t> ports(more_ports.begin(), more_ports.end());
  ports.insert(intent.management_ports.begin(), intent.management_ports.end());
  for (const PortIntent& p : intent.ports) ports.insert(p.port);
  std::vector<Change> out;
  for (const std::uint16_t port : ports) {
    const AddressSet was = reaching(ask(before, port)), is = reaching(ask(after, port));
    const auto service = std::ranges::find(intent.ports, port, &PortIntent::port);
    const std::string name = service == intent.ports.end() ? std::string() : service->service;
    if (!is.minus(was).empty()) out.push_back({port, name, true, is.minus(was)});
    if (!was.minus(is).empty()) out.push_back({port, name, false, was.minus(is)});
  }
  return out;
}

std::vector<Drift> drift(const Situation& s, const Intent& intent) {
  std::vector<Drift> out;
  for (const PortIntent& p : intent.ports) {
    AddressSet wanted;
    for (const Opening& o : p.openings) wanted = wanted | o.sources;
    wanted = wanted.minus(never_outside());
    // Each family by itself: an address of IPv4 is never a source for an address of IPv6.
    for (const AddressSet* family : {&all_v4(), &all_v6()}) {
      const AddressSet destinations = p.destinations & s.host.addresses & *family;
      // What is bound to loopback alone nobody outside can reach.
      if (destinations.minus(never_outside()).empty()) continue;
      const Answer a = ask(s, p.port, destinations.minus(never_outside()));
      const AddressSet reached = reaching(a) & *family, unknown = unknown_for(a) & *family;
      const AddressSet asked = wanted & *family;
      const AddressSet shut = asked.minus(reached).minus(unknown), wide = reached.minus(asked);
      using Kind = Drift::Kind;
      if (!shut.empty()) out.push_back({p.port, p.service, Kind::shut_out, shut, because_of(s, a, shut, false)});
      if (!wide.empty()) out.push_back({p.port, p.service, Kind::too_wide, wide, because_of(s, a, wide, true)});
      if (!unknown.empty()) out.push_back({p.port, p.service, Kind::unknown, unknown, ""});
    }
  }
  return out;
}

Fate fate_of(const Situation& s, const SshConnection& ssh) {
  const Answer a = ask(s, ssh.server_port, AddressSet::of(number_of(ssh.server)));
  Fate worst = Fate::open;
  bool found = false;
  for (const Region& r : a.regions) {
    if (!r.sources.contains(number_of(ssh.client))) continue;
    // By which interface it came is not known here; the least of them counts, loopback aside for others.
    if (!from_outside(a, r) && !ssh.client.is_loopback()) continue;
    worst = std::max(worst, r.fate);
    found = true;
  }
  return found ? worst : Fate::unknown;
}

bool Plan::cuts_off() const {
  const auto closed = [](const std::optional<Fate>& f) { return f && (*f == Fate::dropped || *f == Fate::refused); };
  return closed(own_after) && !closed(own_before);
}

Result<Plan> make_plan(Nft& nft, const Intent& intent, std::uint64_t revision, const std::optional<SshConnection>& ssh,
                       TimePoint now) {
  const NftTable table = nft_table(intent, revision, now);
  GP_TRY(const std::string normal, listing_in_empty_namespace(table.text()));
  GP_TRY(const std::string live, nft.list_json());
  GP_TRY(const Host host, this_host());
  const auto legacy = legacy_tables();
  const Listings listings = iptables_listings(live, legacy);
  GP_TRY(const Situation before, situation(live, host, legacy, listings));
  GP_TRY(const std::string combined, ruleset_with(live, normal));
  GP_TRY(const Situation after, situation(combined, host, legacy, listings));
  Plan plan;
  GP_TRY(const bool same, same_table(normal, live));
  const auto marker = marker_in(live);
  if (!same || !marker || marker->hash != intent.hash()) {
    GP_TRY(plan.batch, table_changes(table, normal, live));
    GP_CHECK(nft.check(plan.batch));
  }
  std::vector<std::uint16_t> more;
  if (ssh) more.push_back(ssh->server_port);
  for (const Listening& socket : listening_sockets()) more.push_back(socket.port);
  plan.changes = changes(before, after, intent, more);
  plan.drift = drift(after, intent);
  plan.notes = after.rules.notes;
  for (const std::string& table_name : legacy) {
    plan.notes.push_back(fmt::format("iptables-legacy has a table \"{}\" beside nftables{}", table_name,
                                     after.legacy_read ? "" : ": what it does is not known"));
  }
  if (ssh) {
    plan.own_before = fate_of(before, *ssh);
    plan.own_after = fate_of(after, *ssh);
  }
  return plan;
}

}  // namespace gatepost::gate
