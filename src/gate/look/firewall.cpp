#include <netinet/in.h>

#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gate/kernel/conntrack.hpp"
#include "gate/kernel/iptables_listings.hpp"
#include "gate/kernel/nft.hpp"
#include "gate/kernel/plan.hpp"
#include "gate/look/gather.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::gate::look {
namespace {

namespace json = boost::json;
using explain::Facts;
using explain::FirewallFact;

constexpr std::size_t kMostTracked = 100;

// The own address packets of `peer` most likely come to: the one answers would leave from.
std::optional<IpAddress> way_to(const IpAddress& peer) {
  const runtime::SocketAddress to = runtime::to_socket_address({peer, 9});
  const runtime::UniqueFd fd(::socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), to.raw(), to.size) != 0) return std::nullopt;
  const auto local = runtime::local_endpoint(fd.get());
  return local ? std::optional(local->address) : std::nullopt;
}

std::string ports_text(const Values& set) {
  if (set.intervals().empty()) return "?";
  return std::to_string(static_cast<std::uint32_t>(set.intervals().front().lo));
}

FirewallFact fact_of(const Situation& s, const Answer& a, const Region& r) {
  FirewallFact out;
  out.fate = r.fate;
  out.conditions = r.conditions;
  out.answer_dropped = r.answer_dropped;
  out.why = a.complete ? reason(s.rules, r) : "the ruleset is too complex to be walked";
  if (!s.legacy_read) out.legacy = s.legacy;
  out.notes = s.rules.notes;
  out.proof = fmt::format("{} rules in {} base chains walked", a.rules_walked, a.chains_walked);
  if (!r.steps.empty()) {
    // The chain that translates is the product's own; of the others, the last decides.
    const Step* decides = &r.steps.back();
    if (r.fate == Fate::forwarded) {
      for (const Step& step : r.steps) {
        if (s.rules.chains.at(step.chain).type == "nat") decides = &step;
        const std::string& name = s.rules.chains.at(step.chain).name;
        if (name.starts_with("DOCKER")) {
          decides = &step;
          break;
        }
      }
      out.why = describe(s.rules, *decides);
    }
    const Chain& chain = s.rules.chains.at(decides->chain);
    const std::string label = chain.label();
    out.chain = chain.name;
    out.table = label.size() > chain.name.size() ? label.substr(0, label.size() - chain.name.size() - 1) : label;
    if (decides->rule != kPolicy) out.comment = chain.rules.at(static_cast<std::size_t>(decides->rule)).comment;
  }
  if (r.translated)
    out.sent_on_to = fmt::format("{} port {}", text_of(r.translated_to, 2), ports_text(r.translated_port));
  return out;
}

bool from_outside(const Answer& a, const Region& r) {
  return !(r.interfaces & a.atoms.everything().minus(a.atoms.named("lo"))).empty();
}

const Region* region_for(const Answer& a, const IpAddress& from, const std::optional<IpAddress>& to) {
  const Region* worst = nullptr;
  for (const Region& r : a.regions) {
    if (r.v6 == from.is_v4() || !r.sources.contains(number_of(from))) continue;
    if (to && !r.destinations.contains(number_of(*to))) continue;
    if (!from.is_loopback() && !from_outside(a, r)) continue;
    if (worst == nullptr || r.fate > worst->fate) worst = &r;
  }
  return worst;
}

// What somebody of the family meets who is in no list.
std::optional<FirewallFact> for_anybody(const Situation& s, const Answer& a, bool v6) {
  const Region* widest = nullptr;
  for (const Region& r : a.regions) {
    if (r.v6 != v6 || !from_outside(a, r)) continue;
    if (r.fate == Fate::open || r.fate == Fate::may || r.fate == Fate::forwarded) return fact_of(s, a, r);
    if (widest == nullptr || count_of(r.sources) > count_of(widest->sources)) widest = &r;
  }
  return widest == nullptr ? std::nullopt : std::optional(fact_of(s, a, *widest));
}

const json::object* child(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  return v == nullptr ? nullptr : v->if_object();
}
std::string text_in(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

// Packets a rule's counter has seen.
std::uint64_t counted(const json::object& rule) {
  const json::value* expressions = rule.if_contains("expr");
  if (expressions == nullptr || !expressions->is_array()) return 0;
  for (const json::value& one : expressions->get_array()) {
    const json::object* counter = one.is_object() ? child(one.get_object(), "counter") : nullptr;
    if (counter == nullptr) continue;
    boost::system::error_code error;
    const json::value* packets = counter->if_contains("packets");
    const auto number = packets == nullptr ? 0 : packets->to_number<std::uint64_t>(error);
    return error ? 0 : number;
  }
  return 0;
}

bool meter_has(const json::object& set, const IpAddress& key) {
  const json::value* elements = set.if_contains("elem");
  if (elements == nullptr || !elements->is_array()) return false;
  for (const json::value& one : elements->get_array()) {
    const json::object* o = one.if_object();
    const json::object* element = o == nullptr ? nullptr : child(*o, "elem");
    const std::string text = one.is_string()      ? std::string(one.get_string())
                             : element != nullptr ? text_in(*element, "val")
                                                  : std::string();
    if (IpAddress::parse(text) == key) return true;
  }
  return false;
}

explain::RateFact rates(std::string_view ruleset, const PortPolicy& p, const std::optional<IpAddress>& from) {
  explain::RateFact out;
  out.per_minute = p.per_minute;
  out.max_connections = p.max_connections;
  boost::system::error_code error;
  const json::value root = json::parse({ruleset.data(), ruleset.size()}, error);
  const json::object* o = error ? nullptr : root.if_object();
  const json::value* all = o == nullptr ? nullptr : o->if_contains("nftables");
  if (all == nullptr || !all->is_array()) return out;
  for (const json::value& one : all->get_array()) {
    const json::object* item = one.if_object();
    if (item == nullptr) continue;
    if (const json::object* rule = child(*item, "rule"); rule != nullptr && text_in(*rule, "table") == "gatepost") {
      const std::string comment = text_in(*rule, "comment");
      if (comment == fmt::format("gp:{}:rate", p.service)) out.dropped_by_rate += counted(*rule);
      if (comment == fmt::format("gp:{}:connections", p.service)) out.dropped_by_connections += counted(*rule);
    }
    if (const json::object* set = child(*item, "set"); set != nullptr && from && text_in(*set, "table") == "gatepost") {
      if (text_in(*set, "name") == fmt::format("{}-rate-{}", p.service, from->is_v4() ? 4 : 6))
        out.in_meter = meter_has(*set, from->limit_key());
    }
  }
  return out;
}

}  // namespace

void gather_firewall(Facts& facts) {
  const explain::Question& q = facts.question;
  auto nft = Nft::open();
  const auto live = nft ? nft->list_json() : Result<std::string>(std::unexpected(nft.error()));
  const auto host = this_host();
  if (!live || !host) {
    facts.missing.push_back("the firewall's rules: " + (live ? host.error().detail : live.error().detail) +
                            "; run this as root");
    return;
  }
  const auto legacy = legacy_tables();
  const auto seen = situation(*live, *host, legacy, iptables_listings(*live, legacy));
  if (!seen) {
    facts.missing.push_back("the firewall's rules: " + seen.error().detail);
    return;
  }
  const Answer a = gate::ask(*seen, q.port);
  if (q.from) {
    const auto to = q.to ? q.to : way_to(*q.from);
    const Region* region = region_for(a, *q.from, to && to->is_v4() == q.from->is_v4() ? to : std::nullopt);
    if (region == nullptr) region = region_for(a, *q.from, std::nullopt);
    if (region != nullptr) facts.firewall = fact_of(*seen, a, *region);
    facts.firewall_other_family = for_anybody(*seen, a, q.from->is_v4());
  } else {
    facts.firewall_other_family = for_anybody(*seen, a, true);
  }
  for (const PortPolicy& p : facts.policies) {
    if (p.audience == config::Audience::off) continue;
    facts.rate = rates(*live, p, q.from);
    PortIntent intent{p.service, p.port, p.destinations, {}, p.per_minute, p.max_connections, p.log, p.reason};
    for (const Source& s : p.sources) intent.openings.push_back({s.why, s.addresses, s.until});
    Intent one;
    one.ports.push_back(std::move(intent));
    for (const Drift& d : drift(*seen, one)) facts.drift.push_back(d);
  }
  if (!q.from) return;
  if (const auto tracked = tracked_connections()) {
    for (const Tracked& t : *tracked) {
      if (t.l4proto != IPPROTO_TCP || t.source != *q.from || t.destination_port != q.port) continue;
      if (q.to && t.destination != *q.to) continue;
      if (facts.tracked.size() >= kMostTracked) break;
      explain::TrackedFact fact{fmt::format("{} port {} > {} port {}", t.source.to_string(), t.source_port,
                                            t.destination.to_string(), t.destination_port),
                                t.state,
                                {}};
      if (t.translated()) fact.sent_on_to = fmt::format("{} port {}", t.answers_from.to_string(), t.answers_port);
      facts.tracked.push_back(std::move(fact));
    }
  }
}

}  // namespace gatepost::gate::look
