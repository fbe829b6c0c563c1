#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "gate/explain/engine.hpp"
#include "gate/explain/shown.hpp"
#include "gate/log/print.hpp"

namespace gatepost::gate::explain {
namespace {

constexpr std::string_view kOwnTable = "inet gatepost";
constexpr std::string_view kRules = "firewall's rules";

bool is_deny(const watch::KeptEvent& e) { return e.verdict == log::Verdict::deny; }
bool is_own(const watch::KeptEvent& e) { return e.rule.starts_with("gatepost:"); }

std::string event_text(const watch::KeptEvent& e) {
  std::string out =
      fmt::format("{}{} > {}{}", e.source.to_string(), e.source_port ? fmt::format(" port {}", *e.source_port) : "",
                  e.destination.to_string(), e.destination_port ? fmt::format(" port {}", *e.destination_port) : "");
  if (e.verdict == log::Verdict::deny) out += e.how == log::How::reject ? " rejected" : " dropped";
  if (e.verdict == log::Verdict::allow) out += " let in";
  if (!e.rule.empty()) out += fmt::format(" by \"{}\"", shown(e.rule));
  if (!e.reason.empty()) out += fmt::format(": {}", shown(e.reason));
  if (!e.in_interface.empty()) out += " on " + shown(e.in_interface);
  return out;
}

std::string exception_for(const std::string& listener, const std::string& address) {
  return fmt::format(
      "let this address in for a time: [[gate.exception]] listener = \"{}\", networks = [\"{}\"], until = \"...\", "
      "reason "
      "= \"...\"; then gatepost reload && gatepost gate apply",
      listener, address);
}

}  // namespace

std::string product_of(std::string_view table, std::string_view chain) {
  if (table == kOwnTable) return "Gatepost";
  if (table.find("firewalld") != std::string_view::npos) return "firewalld";
  if (table.find("legacy-") != std::string_view::npos) return "iptables-legacy";
  if (table.find("f2b") != std::string_view::npos) return "fail2ban";
  if (table.find("crowdsec") != std::string_view::npos) return "CrowdSec";
  if (table.find("docker") != std::string_view::npos || ascii::istarts_with(chain, "docker")) return "Docker";
  if (chain.starts_with("ufw")) return "ufw";
  if (chain.starts_with("f2b-")) return "fail2ban";
  if (table == "ip filter" || table == "ip6 filter" || table == "ip nat" || table == "ip6 nat")
    return "iptables (ufw, Docker, fail2ban and others write there)";
  return fmt::format("whoever made the table {}", shown(table));
}

// Our own chain let nobody in for this source: which part of the policy says so?
void Engine::own_rule_drops(Diagnosis& d) {
  const PortPolicy* p = policy();
  const std::string listener = service();
  for (const ExpiredFact& e : f.expired) {
    d.cause = "exception_expired";
    d.summary =
        fmt::format("The exception that let {} in ended at {}.", who(), date::format_rfc3339(e.until).substr(0, 16));
    d.evidence.push_back({e.until, "policy", fmt::format("exception \"{}\" of {}", shown(e.reason), e.listener)});
    d.remedies.push_back(
        fmt::format("write a later `until` into the [[gate.exception]] \"{}\", then gatepost reload && "
                    "gatepost gate apply",
                    shown(e.reason)));
    return;
  }
  if (policy_admits()) {
    d.cause = "rules_outdated";
    d.fault = Fault::rules;
    d.summary = fmt::format(
        "The policy lets {} in at {}, but the rules in force do not: it was changed and not applied.", who(), where());
    d.remedies.push_back("gatepost gate plan, then gatepost gate apply");
    return;
  }
  if (p != nullptr && f.question.from && !f.question.from->is_v4() && (p->admitted() & all_v6()).empty() &&
      !(p->admitted() & all_v4()).empty()) {
    d.cause = "no_ipv6_network";
    d.summary = fmt::format("The policy of {} names networks of IPv4 alone; {} comes by IPv6.", where(), who());
    d.remedies.push_back(
        fmt::format("add the client's IPv6 network beside its IPv4 one in [networks] or [listener.{}] "
                    "networks, then gatepost reload && gatepost gate apply",
                    listener));
    return;
  }
  if (p != nullptr && p->audience == config::Audience::vpn) {
    d.cause = "vpn_required";
    d.summary = fmt::format("{} is for the VPN, and {} is not in it.", where(), who());
    d.remedies.push_back("connect the VPN first, and use the server's address within it");
  } else if (p != nullptr && p->audience == config::Audience::off) {
    d.cause = "service_off";
    d.summary = fmt::format("{} is switched off in the policy.", where());
    d.remedies.push_back(fmt::format("[listener.{}] audience = \"...\", when it is wanted", listener));
    return;
  } else {
    d.cause = "not_in_audience";
    d.summary = fmt::format("{} is in none of the networks that may connect to {}.", who(), where());
  }
  if (p != nullptr) {
    std::string sources;
    for (const Source& s : p->sources)
      sources += fmt::format("{}{} {}", sources.empty() ? "" : "; ", s.why, text_of(s.addresses, 4));
    d.evidence.push_back({std::nullopt, "policy",
                          fmt::format("[listener.{}] audience = \"{}\": {}", p->service, config::to_string(p->audience),
                                      sources.empty() ? "nobody" : sources)});
  }
  if (f.question.from) d.remedies.push_back(exception_for(listener, f.question.from->to_string()));
  if (p != nullptr && p->audience == config::Audience::trusted)
    d.remedies.push_back("or add its network to [networks] trusted, or connect the VPN where one is admitted");
}

// Asked about a service, not about a client: whoever the policy means and the rules do not.
void Engine::rules_differ() {
  for (const Drift& drift : f.question.from ? std::vector<Drift>() : f.drift) {
    if (drift.kind == Drift::Kind::unlistened) continue;
    const bool shut = drift.kind == Drift::Kind::shut_out, unknown = drift.kind == Drift::Kind::unknown;
    Diagnosis& d =
        add(shut      ? "rules_shut_out"
            : unknown ? "rules_not_understood"
                      : "rules_too_wide",
            unknown ? Certainty::possible : Certainty::certain, Fault::rules,
            shut      ? fmt::format("{} may connect to {} by the policy, and the firewall stops them.",
                                    text_of(drift.sources, 3), where())
            : unknown ? fmt::format("Whether {} can reach {} cannot be told: the ruleset holds what is not understood.",
                                    text_of(drift.sources, 3), where())
                      : fmt::format("{} can reach {} through the firewall, which the policy does not say (the server "
                                    "closes such connections itself).",
                                    text_of(drift.sources, 3), where()));
    d.evidence.push_back({std::nullopt, std::string(kRules),
                          drift.because.empty() ? "what decides is not known" : shown(drift.because)});
    d.remedies.push_back(
        fmt::format("gatepost gate who {}; gatepost gate plan, then gatepost gate apply", f.question.port));
  }
}

void Engine::rule_evidence(Diagnosis& d) const {
  const FirewallFact& w = *f.firewall;
  d.evidence.insert(d.evidence.begin(), {std::nullopt, std::string(kRules), fmt::format("{}; {}", w.why, w.proof)});
  for (Evidence& e : denied_events()) d.evidence.push_back(std::move(e));
}

void Engine::rules_stop() {
  const FirewallFact& w = *f.firewall;
  const bool own = w.table == kOwnTable;
  const Certainty sure = f.question.past ? Certainty::likely : Certainty::certain;
  const std::string product = product_of(w.table, w.chain);
  const bool refused = w.fate == Fate::refused;
  if (own && w.comment.starts_with("gp:ban:")) {
    Diagnosis& d = add("banned", sure, Fault::policy,
                       fmt::format("{} is banned, and the firewall drops what comes from it.", who()));
    rule_evidence(d);
    if (!f.ban_text.empty()) d.evidence.push_back({std::nullopt, "ban list", shown(f.ban_text)});
    d.remedies = {fmt::format("why: gatepost ban explain {}", who()), fmt::format("gatepost ban lift {}", who())};
    return;
  }
  if (own) {
    Diagnosis& d = add("not_in_audience", sure, Fault::policy, "");
    own_rule_drops(d);
    rule_evidence(d);
    return;
  }
  Diagnosis& d = add(
      w.answer_dropped               ? "answer_dropped"
      : product == "iptables-legacy" ? "legacy_rules"
      : refused                      ? "other_table_rejects"
                                     : "other_table_drops",
      sure, Fault::product,
      w.answer_dropped
          ? fmt::format("Packets of {} arrive at {}, but what is sent back is stopped by {}.", who(), where(), product)
          : fmt::format("{} {} packets of {} to {}: not Gatepost's rules, but {}.", product,
                        refused ? "rejects" : "drops", who(), where(), shown(w.why)));
  rule_evidence(d);
  d.remedies.push_back(fmt::format(
      "let that product allow TCP {} from {}, or remove its rule: {}", f.question.port, who(),
      product == "iptables-legacy" ? std::string("iptables-legacy -L -n -v") : "nft list table " + shown(w.table)));
  d.remedies.push_back(fmt::format("see all that decides: gatepost gate who {}", f.question.port));
}

void Engine::rules_send_elsewhere() {
  const FirewallFact& w = *f.firewall;
  const Certainty sure = f.question.past ? Certainty::likely : Certainty::certain;
  const std::string product = product_of(w.table, w.chain);
  const bool container = ascii::istarts_with(w.chain, "docker") || product == "Docker";
  Diagnosis& d = add(container ? "container_port" : "sent_elsewhere", sure, Fault::product,
                     fmt::format("Port {} is translated and sent on to {}: {} never reaches {}.", f.question.port,
                                 w.sent_on_to, who(), service().empty() ? "this server" : "Gatepost's " + service()));
  rule_evidence(d);
  d.remedies.push_back(
      container ? fmt::format("stop the container that publishes port {}, or let it publish another", f.question.port)
                : fmt::format("remove the translation of port {}: nft list ruleset | grep dnat", f.question.port));
}

void Engine::rules_limit() {
  const FirewallFact& w = *f.firewall;
  if ((w.conditions & kIfRate) == 0 || !f.rate) return;
  const RateFact& r = *f.rate;
  const auto logged = [&](std::string_view reason) {
    return std::ranges::any_of(f.events,
                               [&](const EventFact& e) { return is_deny(e.event) && e.event.reason == reason; });
  };
  const bool by_rate = logged("rate-limit"), by_number = logged("connection-limit"), events = by_rate || by_number;
  if (!events && r.dropped_by_rate == 0 && r.dropped_by_connections == 0) return;
  const bool connections = events ? by_number && !by_rate : r.dropped_by_rate == 0 && r.dropped_by_connections != 0;
  Diagnosis& d =
      add(connections ? "kernel_connection_limit" : "kernel_rate_limit",
          events                      ? Certainty::certain
          : r.in_meter || connections ? Certainty::likely
                                      : Certainty::possible,
          Fault::policy,
          connections ? fmt::format("The firewall lets {} connections to {} be open at one time, and more were tried.",
                                    r.max_connections, where())
                      : fmt::format("{} connects to {} more often than the {} times a minute the firewall lets it.",
                                    who(), where(), r.per_minute));
  rule_evidence(d);
  d.evidence.push_back({std::nullopt, "firewall's counters",
                        fmt::format("{} packet(s) dropped by the rate, {} by the number of connections; {}",
                                    r.dropped_by_rate, r.dropped_by_connections,
                                    r.in_meter ? "the source is in the meter" : "the source is in no meter now")});
  d.remedies.push_back("wait two minutes: the meter forgets a source that is quiet for so long");
  d.remedies.push_back(fmt::format("[listener.{}] {} = ..., when that client is to be served", service(),
                                   connections ? "max_connections" : "connections_per_minute"));
}

void Engine::rules_not_judged() {
  const FirewallFact& w = *f.firewall;
  const bool legacy = !w.legacy.empty();
  Diagnosis& d =
      add(legacy ? "legacy_rules" : "rules_not_understood",
          legacy && !served_somebody() ? Certainty::likely : Certainty::possible, Fault::product,
          legacy ? fmt::format("iptables-legacy has rules (table {}) beside nftables, and they may stop {}.",
                               fmt::join(w.legacy, ", "), who())
                 : fmt::format("The firewall holds something that cannot be judged, and it matters for {}.", who()));
  rule_evidence(d);
  for (const std::string& note : w.notes) d.evidence.push_back({std::nullopt, std::string(kRules), shown(note)});
  d.remedies.push_back(legacy ? "look: iptables-legacy -L -n -v; then move its rules to nftables, or flush them"
                              : "look at the rule that is named; nft monitor trace shows what becomes of a packet");
}

void Engine::look_at_firewall() {
  rules_differ();
  if (!f.firewall) return;
  switch (f.firewall->fate) {
    case Fate::dropped:
    case Fate::refused:
      return rules_stop();
    case Fate::forwarded:
      return rules_send_elsewhere();
    case Fate::may:
      return rules_limit();
    case Fate::unknown:
      return rules_not_judged();
    case Fate::open:
      return;
  }
}

std::vector<Evidence> Engine::denied_events() const {
  std::vector<Evidence> out;
  constexpr std::size_t kShown = 3;
  std::size_t all = 0;
  for (const EventFact& e : f.events) {
    if (!is_deny(e.event)) continue;
    if (++all <= kShown) out.push_back({e.event.when(), e.source, event_text(e.event)});
  }
  if (all > kShown)
    out.push_back({std::nullopt, out.back().source, fmt::format("and {} more such line(s)", all - kShown)});
  return out;
}

// What the log says was so at the time, whatever the rules say now.
void Engine::look_at_events() {
  // That strangers are stopped says nothing about a service.
  if (!f.question.from) return;
  const auto denied = std::ranges::find_if(f.events, [](const EventFact& e) { return is_deny(e.event); });
  if (denied == f.events.end()) return;
  const bool explained = std::ranges::any_of(
      found_, [](const Diagnosis& d) { return d.certainty == Certainty::certain && d.cause != "ipv6_missing"; });
  if (explained && !f.question.past) return;
  const watch::KeptEvent& e = denied->event;
  const bool exact = f.question.from && e.source.known && e.source.ip == *f.question.from;
  const Certainty sure = exact ? Certainty::certain : Certainty::likely;
  const bool reject = e.how == log::How::reject;
  const bool rate = e.reason == "rate-limit", number = e.reason == "connection-limit";
  std::erase_if(found_, [&](const Diagnosis& d) {
    return f.question.past && d.certainty != Certainty::certain &&
           (d.fault == Fault::policy || d.fault == Fault::product || d.fault == Fault::rules);
  });
  if (is_own(e) && !rate && !number) {
    Diagnosis& d = add("not_in_audience", sure, Fault::policy, "");
    own_rule_drops(d);
    if (d.cause == "rules_outdated") {
      d.cause = "was_not_in_audience";
      d.fault = Fault::nobody;
      d.summary = fmt::format("At that time the rules did not let {} in at {}; the policy does now.", who(), where());
      d.remedies = {"try again"};
    }
    for (Evidence& one : denied_events()) d.evidence.push_back(std::move(one));
    return;
  }
  Diagnosis& d = add(rate     ? "kernel_rate_limit"
                     : number ? "kernel_connection_limit"
                     : reject ? "other_product_rejected"
                              : "other_product_dropped",
                     sure, is_own(e) ? Fault::policy : Fault::product,
                     rate     ? fmt::format("{} connected to {} more often than a firewall rule lets it ({}).", who(),
                                            where(), shown(e.rule))
                     : number ? fmt::format("More connections to {} were open than a firewall rule lets be ({}).",
                                            where(), shown(e.rule))
                              : fmt::format("A rule that is not Gatepost's (\"{}\") {} packets of {} to {}.",
                                            shown(e.rule), reject ? "rejected" : "dropped", who(), where()));
  for (Evidence& one : denied_events()) d.evidence.push_back(std::move(one));
  if (f.firewall && f.firewall->fate == Fate::open) {
    d.evidence.push_back({std::nullopt, std::string(kRules), "the rules in force now would let it in"});
    d.remedies.push_back("the rule is gone, or lies before this host: look where the log comes from, and try again");
  } else {
    d.remedies.push_back(fmt::format("find the rule that logs \"{}\", and let it allow TCP {} from {}", shown(e.rule),
                                     f.question.port, who()));
  }
}

void Engine::look_at_arrivals() {
  if (f.question.outbound || !f.question.from) return;
  const std::string before_here =
      "what to look at, from here outwards: the provider's cloud firewall or security group, the router's port forward "
      "and "
      "NAT, the client's own firewall or network (many block ports other than 80 and 443)";
  const std::string probe_it = fmt::format(
      "from the client's network: gatepost probe NAME --ports {} --json > probe.json; "
      "then here: gatepost gate explain --from {} --port {} --probe probe.json",
      f.question.port, who(), f.question.port);
  const bool outside_silent = std::ranges::any_of(f.probes, [](const ProbeFact& p) {
    return p.outside && (p.report.state == probe::PortState::silent || p.report.state == probe::PortState::unreachable);
  });
  if (f.arrivals) {
    const ArrivalFact& a = *f.arrivals;
    const Evidence seen{std::nullopt, "look at the wire",
                        fmt::format("in {} s: {} first packet(s) and {} other(s) from {} to port {}{}, {} answer(s)",
                                    a.watched.count(), a.first_packets, a.others, who(), f.question.port,
                                    a.interface.empty() ? "" : " on " + shown(a.interface), a.answers)};
    for (Diagnosis& d : found_) d.evidence.push_back(seen);
    if (a.first_packets == 0 && a.others == 0 && !served_somebody()) {
      Diagnosis& d =
          add("nothing_arrives", outside_silent ? Certainty::certain : Certainty::likely, Fault::provider,
              fmt::format("Nothing from {} to port {} reached this host in {} s: it is stopped before it, or "
                          "nobody tried.",
                          who(), f.question.port, a.watched.count()));
      d.evidence.push_back(seen);
      d.remedies = {before_here, probe_it};
    } else if (a.first_packets != 0 && a.answers != 0 && a.others == 0 && !found_certain() && !has("answer_lost")) {
      Diagnosis& d =
          add("answer_lost", Certainty::likely, Fault::provider,
              fmt::format("Packets of {} arrive and are answered, but it never goes on: the answer is lost on "
                          "the way back.",
                          who()));
      d.evidence.push_back(seen);
      d.remedies = {"look at the route back to the client (ip route get " + who() +
                    "), and at stateful devices that see "
                    "one direction only"};
    }
    return;
  }
  const bool open = f.firewall && f.firewall->fate == Fate::open && !f.firewall->answer_dropped;
  const bool arrived = std::ranges::any_of(f.tracked, [](const TrackedFact& t) {
    return t.state != Tracked::State::ending && t.state != Tracked::State::unknown;
  });
  if (!open || f.served.empty() || !f.events.empty() || arrived || !found_.empty()) return;
  if (served_somebody()) return;
  const bool server_would_know = f.peer && f.peer->since <= f.question.at - f.question.window;
  Diagnosis& d = add("nothing_arrives",
                     outside_silent && server_would_know   ? Certainty::certain
                     : outside_silent || server_would_know ? Certainty::likely
                                                           : Certainty::possible,
                     Fault::provider,
                     fmt::format("Nothing on this host stops {} at {}, and nothing of it was seen here: it is stopped "
                                 "before this host, or it did not try.",
                                 who(), where()));
  d.evidence.push_back({std::nullopt, std::string(kRules), "let it in: " + shown(f.firewall->why)});
  if (f.peer) d.evidence.push_back({f.peer->since, "server", "it has seen no connection of this address since then"});
  if (f.events_heard)
    d.evidence.push_back({std::nullopt, "firewall events", "none about it, and they were listened to"});
  for (const ProbeFact& p : f.probes) {
    if (p.outside)
      d.evidence.push_back({std::nullopt, "probe from " + p.vantage, std::string(probe::to_string(p.report.state))});
  }
  d.remedies = {
      before_here,
      fmt::format("let the client try while this looks at the wire: gatepost gate explain --from {} --port {} "
                  "--watch 30s",
                  who(), f.question.port),
      probe_it};
}

}  // namespace gatepost::gate::explain
