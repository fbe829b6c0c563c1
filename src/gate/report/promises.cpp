#include "gate/report/promises.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gate/bans/ban_set.hpp"

namespace gatepost::gate {
namespace {

constexpr std::size_t kNamed = 5;

// "203.0.113.9, 203.0.113.10 and 7 more"
template <class Range>
std::string some_of(const Range& names) {
  std::vector<std::string> shown(names.begin(),
                                 std::next(names.begin(), static_cast<std::ptrdiff_t>(std::min(kNamed, names.size()))));
  std::string out = fmt::format("{}", fmt::join(shown, ", "));
  if (names.size() > kNamed) out += fmt::format(" and {} more", names.size() - kNamed);
  return out;
}

std::vector<std::string> only_in(const std::vector<Network>& these, const std::vector<Network>& those) {
  std::set<std::string> known;
  for (const Network& n : those) known.insert(n.to_string());
  std::vector<std::string> out;
  for (const Network& n : these) {
    if (!known.contains(n.to_string())) out.push_back(n.to_string());
  }
  return out;
}

void add_bans(const Evidence& e, std::vector<Finding>& out) {
  // With a table that is not ours there is one cure for all: to apply the policy.
  if (!e.bans || !e.config.bans.firewall || !e.has_table) return;
  const BanEvidence& b = *e.bans;
  if (!b.of_kernel) {
    out.push_back({"bans", "the table inet gatepost has no sets for them", "Run: gatepost gate apply"});
    return;
  }
  if (!b.in_firewall) {
    out.push_back({"bans", fmt::format("they are in the server alone: {}", b.why_not),
                   "Run: systemctl enable --now gatepost-gate-helper, then restart the server (docs/bans.md)."});
    return;
  }
  if (const auto missing = only_in(b.of_server, *b.of_kernel); !missing.empty()) {
    out.push_back({"bans", fmt::format("the firewall's sets lack {}, which the server bans", some_of(missing)),
                   "Run: gatepost ban refill"});
  }
  if (const auto foreign = only_in(*b.of_kernel, b.of_server); !foreign.empty()) {
    const auto first = Network::parse(foreign.front());
    const BanSet* set = first ? ban_set_for(*first) : nullptr;
    out.push_back({"bans", fmt::format("the firewall's sets have {}, which the server does not ban", some_of(foreign)),
                   fmt::format("Ask who put it there; take it out: nft delete element inet gatepost {} {{ {} }}",
                               set != nullptr ? set->name : std::string_view("SET"),
                               first ? first->address.to_string() : foreign.front())});
  }
}

void add_sessions(const Evidence& e, std::vector<Finding>& out) {
  std::set<std::string> who;
  for (const Tracked& t : e.refused_sessions) {
    const auto p = std::ranges::find(e.policies, t.destination_port, &PortPolicy::port);
    who.insert(fmt::format("{} at {}", t.source.to_string(),
                           p != e.policies.end() ? p->service : std::to_string(t.destination_port)));
  }
  if (who.empty()) return;
  out.push_back({"firewall", fmt::format("sessions are open whose source may no longer connect: {}", some_of(who)),
                 "Run: gatepost gate apply --now, which ends them."});
}

std::vector<Network> banned_by(const boost::json::array& rows) {
  std::vector<Network> out;
  for (const auto& one : rows) {
    const auto* row = one.if_object();
    const auto* refused = row == nullptr ? nullptr : row->if_contains("refused");
    const auto* firewall = row == nullptr ? nullptr : row->if_contains("firewall");
    const auto* address = row == nullptr ? nullptr : row->if_contains("address");
    if (refused == nullptr || *refused != "connections" || firewall == nullptr || *firewall != true) continue;
    if (address == nullptr || !address->is_string()) continue;
    if (const auto network = Network::parse(std::string_view(address->get_string()))) out.push_back(*network);
  }
  return out;
}

}  // namespace

bool BanEvidence::differs() const {
  return of_kernel && (!only_in(of_server, *of_kernel).empty() || !only_in(*of_kernel, of_server).empty());
}

std::optional<BanEvidence> ban_evidence(std::string_view ban_list, std::string_view status) {
  boost::system::error_code error;
  const auto list = boost::json::parse(ban_list, error);
  if (error || !list.is_array()) return std::nullopt;
  const auto whole = boost::json::parse(status, error);
  const auto* o = error ? nullptr : whole.if_object();
  const auto* in_firewall = o == nullptr ? nullptr : o->if_contains("bans_in_firewall");
  if (in_firewall == nullptr || !in_firewall->is_bool()) return std::nullopt;
  BanEvidence out;
  out.in_firewall = in_firewall->get_bool();
  const auto* why = o->if_contains("bans_not_in_firewall_because");
  if (why != nullptr && why->is_string()) out.why_not = why->get_string();
  out.of_server = banned_by(list.get_array());
  return out;
}

void add_broken_promises(const Evidence& e, std::vector<Finding>& out) {
  add_bans(e, out);
  add_sessions(e, out);
  if (e.log_group_heard && !*e.log_group_heard) {
    out.push_back(
        {"firewall",
         fmt::format("nobody reads its log group {}, so nothing is known of what it refuses", e.config.gate.log_group),
         "Run: systemctl enable --now gatepost-gate-watch"});
  }
}

}  // namespace gatepost::gate
