#include <algorithm>

#include <fmt/format.h>

#include "gate/explain/engine.hpp"
#include "gate/explain/shown.hpp"
#include "gate/log/print.hpp"

namespace gatepost::gate::explain {
namespace {

using How = AttemptFact::How;

std::string_view word(How how) {
  switch (how) {
    case How::open:
      return "open";
    case How::refused:
      return "refused";
    case How::unreachable:
      return "unreachable";
    case How::silent:
      return "silent";
    case How::failed:
      return "could not be tried";
    case How::not_tried:
      break;
  }
  return "not tried";
}

Evidence evidence_of_attempt(const AttemptFact& a) {
  std::string text = fmt::format("{}: {}", a.label, word(a.how));
  if (!a.detail.empty()) text += fmt::format(" ({})", shown(a.detail));
  if (!a.said.empty()) text += fmt::format("; it said \"{}\"", shown(a.said));
  if (a.left) text += *a.left ? "; its packets left this host" : "; its packets never left this host";
  return {std::nullopt, "attempt from this host", std::move(text)};
}

bool blocked(const AttemptFact& a) {
  return a.how == How::silent || a.how == How::refused || a.how == How::unreachable;
}

}  // namespace

void Engine::attempts_as_evidence(Diagnosis& d) const {
  for (const AttemptFact& a : f.outbound->server) d.evidence.push_back(evidence_of_attempt(a));
  for (const AttemptFact& a : f.outbound->others) d.evidence.push_back(evidence_of_attempt(a));
}

void Engine::they_answer() {
  const OutboundFact& o = *f.outbound;
  const std::string there = fmt::format("{} port {}", shown(f.question.host), f.question.port);
  const auto open = std::ranges::find(o.server, How::open, &AttemptFact::how);
  const bool turned_away = open->said.starts_with("5") || open->said.starts_with("4");
  Diagnosis& d =
      add(turned_away ? "turned_away" : "works", Certainty::certain, turned_away ? Fault::provider : Fault::nobody,
          turned_away ? fmt::format("{} answers and turns this host away: {}", there, shown(open->said))
                      : fmt::format("{} answers.", there));
  attempts_as_evidence(d);
  if (turned_away) {
    d.remedies = {
        "what it says is its policy: a block list, a missing PTR record for this host's address, or a dialup range",
        "send by a smart host: [mailflow.smart_host] host = \"...\""};
  } else if (std::ranges::any_of(o.server, blocked)) {
    d.cause = "one_family_fails";
    d.summary = fmt::format("{} answers by one family of addresses, not by the other.", there);
    d.certainty = Certainty::certain;
    d.fault = Fault::provider;
    d.remedies = {
        "mail goes the way that works, after a wait; look at this host's IPv6 route, or at [mailflow] "
        "source_addresses"};
  }
}

// Nothing on this host stops it.
void Engine::they_do_not_answer() {
  const OutboundFact& o = *f.outbound;
  const std::string there = fmt::format("{} port {}", shown(f.question.host), f.question.port);
  const bool silent = std::ranges::any_of(o.server, [](const AttemptFact& a) { return a.how == How::silent; });
  const bool host_lives = std::ranges::any_of(o.others, [&](const AttemptFact& a) {
    return a.port != f.question.port && (a.how == How::open || a.how == How::refused);
  });
  const auto elsewhere = std::ranges::count_if(o.queue, [](const OutboundFact::Waiting& w) {
    return w.reply.find("tim") != std::string::npos || w.reply.find("connect") != std::string::npos;
  });
  if (silent && f.question.port == 25 && (host_lives || elsewhere != 0)) {
    Diagnosis& d = add(
        "provider_blocks_25", host_lives && elsewhere != 0 ? Certainty::certain : Certainty::likely, Fault::provider,
        "Port 25 goes out of this host and nothing comes back: the provider blocks it, as most do for new "
        "customers.");
    attempts_as_evidence(d);
    if (elsewhere != 0)
      d.evidence.push_back({std::nullopt, "queue",
                            fmt::format("{} other destination(s) do not answer either, such as {}: {}", elsewhere,
                                        shown(o.queue.front().to), shown(o.queue.front().reply))});
    d.remedies = {
        "ask the provider to open port 25 outgoing for this host",
        "or send by a smart host on 587: [mailflow.smart_host] host = \"...\", username = \"...\", password_file = "
        "\"...\", then gatepost reload && gatepost queue retry --all"};
    return;
  }
  if (silent) {
    Diagnosis& d =
        add(host_lives ? "port_filtered_there" : "no_answer", host_lives ? Certainty::likely : Certainty::possible,
            Fault::provider,
            host_lives
                ? fmt::format("The host answers at other ports, but not at {}: it, or a network between, "
                              "filters that port.",
                              there)
                : fmt::format("Nothing comes back from {}: the host is down, or something between drops it.", there));
    attempts_as_evidence(d);
    d.remedies = {"try another host at the same port: if that is silent too, the provider of this host blocks it",
                  "gatepost probe HOST from another network tells whether it lives"};
    return;
  }
  const auto refused = std::ranges::find(o.server, How::refused, &AttemptFact::how);
  Diagnosis& d =
      add(refused != o.server.end() ? "refused_there" : "unreachable", Certainty::likely, Fault::provider,
          refused != o.server.end()
              ? fmt::format("{} refuses the connection: nothing listens there, or its firewall answers so.", there)
              : fmt::format("A router says that {} cannot be reached.", there));
  attempts_as_evidence(d);
  d.remedies = {"ask the other side; mail waits in the queue meanwhile and is tried again"};
}

void Engine::look_outside() {
  if (!f.outbound) return;
  const OutboundFact& o = *f.outbound;
  const std::string there = fmt::format("{} port {}", shown(f.question.host), f.question.port);
  if (o.dns.addresses.empty()) {
    Diagnosis& d =
        add("name_without_address", o.dns.problem.empty() ? Certainty::certain : Certainty::likely, Fault::dns,
            fmt::format("{} has no address{}{}.", shown(f.question.host), o.dns.problem.empty() ? "" : ": ",
                        shown(o.dns.problem)));
    d.evidence.push_back(
        {std::nullopt, "DNS", o.dns.problem.empty() ? "no A and no AAAA record" : shown(o.dns.problem)});
    d.remedies = {
        "look at the name; if no name is found: at [dns] servers and /etc/resolv.conf, and whether port 53 goes out"};
    return;
  }
  if (std::ranges::any_of(o.server, [](const AttemptFact& a) { return a.how == How::open; })) return they_answer();
  // As another user the same works: only a rule about the server's user can be the cause.
  const auto other_user = std::ranges::find_if(
      o.others, [&](const AttemptFact& a) { return a.port == f.question.port && a.how == How::open; });
  const bool own_log =
      std::ranges::any_of(f.events, [](const EventFact& e) { return e.event.rule == "gatepost:egress"; });
  if (other_user != o.others.end() || own_log || (o.egress_policy && !o.egress_admits)) {
    const bool policy_stops = o.egress_policy && !o.egress_admits;
    Diagnosis& d =
        add("egress_policy", other_user != o.others.end() || own_log ? Certainty::certain : Certainty::likely,
            policy_stops || o.egress_policy ? Fault::policy : Fault::product,
            fmt::format("A rule of this host lets \"{}\", the server's user, not connect to port {}.",
                        shown(o.egress_user), f.question.port));
    attempts_as_evidence(d);
    for (Evidence& e : denied_events()) d.evidence.push_back(std::move(e));
    d.remedies = {
        fmt::format("[gate] egress_ports = [{}], then gatepost reload && gatepost gate apply", f.question.port)};
    if (policy_stops && f.question.port == 25 && !o.smart_host.empty())
      d.remedies = {
          fmt::format("mail goes out by the smart host {}, so port 25 is closed on purpose; [gate] egress_ports = [25] "
                      "opens it",
                      shown(o.smart_host))};
    return;
  }
  const bool no_way = std::ranges::all_of(o.server, [](const AttemptFact& a) {
    // Said by the kernel itself: by a rule or a router it would come as ICMP, with who said it.
    return a.how == How::failed || (a.how == How::unreachable && a.left != true && a.detail.ends_with("unreachable")) ||
           (a.how == How::unreachable && a.left != true && a.detail == "No route to host");
  });
  if (no_way && !o.server.empty()) {
    Diagnosis& d =
        add("no_route", Certainty::certain, Fault::server, fmt::format("This host has no way to {}.", there));
    attempts_as_evidence(d);
    d.remedies = {"ip route get ADDRESS; look at the default route of that family"};
    return;
  }
  const bool never_left =
      std::ranges::any_of(o.server, [](const AttemptFact& a) { return a.left == false && blocked(a); });
  if (never_left && std::ranges::none_of(o.server, [](const AttemptFact& a) { return a.left == true; })) {
    // A gateway that does not answer ARP keeps packets back too; then nothing else goes out either.
    const bool others_go =
        std::ranges::any_of(o.others, [](const AttemptFact& a) { return a.how == How::open || a.how == How::refused; });
    Diagnosis& d = add("stopped_on_the_way_out", others_go ? Certainty::certain : Certainty::likely, Fault::product,
                       fmt::format("This host's own rules stop packets to {}: none left an interface.", there));
    attempts_as_evidence(d);
    for (Evidence& e : denied_events()) d.evidence.push_back(std::move(e));
    d.remedies = {"find the rule: nft list ruleset | grep -A20 'hook output', iptables-legacy -L OUTPUT -n -v"};
    return;
  }
  they_do_not_answer();
}

}  // namespace gatepost::gate::explain
