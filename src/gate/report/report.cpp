#include "gate/report/report.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gate/report/promises.hpp"
#include "gate/ruleset/hidden.hpp"

namespace gatepost::gate {
namespace {

namespace json = boost::json;

json::array strings(const std::vector<std::string>& all) {
  json::array out;
  for (const std::string& one : all) out.emplace_back(one);
  return out;
}

std::string in_words(std::uint8_t conditions) {
  std::vector<std::string_view> words;
  if ((conditions & kIfRate) != 0) words.push_back("within limits");
  if ((conditions & kIfTime) != 0) words.push_back("at some times");
  if ((conditions & kIfRoute) != 0) words.push_back("if not spoofed");
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string label(const Region& r) {
  switch (r.fate) {
    case Fate::open:
      return "OPEN";
    case Fate::forwarded:
      return "FORWARDED";
    case Fate::may:
      return "OPEN*";
    case Fate::refused:
      return "REFUSED";
    case Fate::dropped:
      return "DROPPED";
    case Fate::unknown:
      return "UNKNOWN";
  }
  return "?";
}

std::vector<std::string> interfaces_of(const Answer& a, const Values& set) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < a.atoms.all.size(); ++i) {
    if (!set.contains(AddressNumber{i})) continue;
    const auto& atom = a.atoms.all[i];
    out.push_back(atom.name.empty() ? "any other" : atom.name);
  }
  return out;
}

// What loopback packets meet is of no use beside what all others meet.
Values outside_of(const Answer& a) { return a.atoms.everything().minus(a.atoms.named("lo")); }

std::string ports_text(const Values& set) {
  std::vector<std::string> out;
  for (const auto& i : set.intervals()) {
    const auto lo = static_cast<std::uint32_t>(i.lo), hi = static_cast<std::uint32_t>(i.hi);
    out.push_back(lo == hi ? std::to_string(lo) : fmt::format("{}-{}", lo, hi));
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

// Everything about a region but who: "on wg0, to 192.0.2.1, from source port 53".
std::string aside(const Situation& s, const Answer& a, const Region& r) {
  std::vector<std::string> parts;
  const Values outside = r.interfaces & outside_of(a);
  if (outside != outside_of(a)) parts.push_back(fmt::format("on {}", fmt::join(interfaces_of(a, outside), ", ")));
  const AddressSet family = s.host.addresses & (r.v6 ? all_v6() : all_v4());
  if (r.destinations != family) parts.push_back("to " + text_of(r.destinations));
  if (r.source_ports != Values(0, 65535)) parts.push_back("from source port " + ports_text(r.source_ports));
  if (r.translated)
    parts.push_back(fmt::format("sent on to {}, port {}", text_of(r.translated_to, 2), ports_text(r.translated_port)));
  if (r.fate == Fate::may) parts.push_back(in_words(r.conditions));
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string thousands(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::ptrdiff_t i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
}

// ": 65,536 addresses", where the number says something.
std::string how_many(const AddressSet& set) {
  constexpr std::uint64_t kCountless = 1U << 31;
  const std::uint64_t n = count_of(set);
  if (n >= kCountless) return "";
  return n == 1 ? ": 1 address" : ": " + thousands(n) + " addresses";
}

std::string audience_of(const PortPolicy& p) {
  std::vector<std::string> out;
  for (const Source& s : p.sources) out.push_back(s.why);
  return out.empty() ? std::string(config::to_string(p.audience)) : fmt::format("{}", fmt::join(out, ", "));
}

std::string rate_of(const PortPolicy& p) {
  return p.per_minute == 0 ? "-" : fmt::format("{}/min/source", p.per_minute);
}

std::string_view kind_word(Drift::Kind k) {
  switch (k) {
    case Drift::Kind::shut_out:
      return "shut out";
    case Drift::Kind::too_wide:
      return "too wide";
    case Drift::Kind::unknown:
      return "unknown";
    case Drift::Kind::unlistened:
      return "no listener";
  }
  return "?";
}

std::string sentence(const Drift& d) {
  switch (d.kind) {
    case Drift::Kind::shut_out:
      return fmt::format("{} may connect to {} by the policy, but {} stops them", text_of(d.sources), d.port,
                         d.because);
    case Drift::Kind::too_wide:
      return fmt::format("{} can reach {}, which the policy does not say ({})", text_of(d.sources), d.port, d.because);
    case Drift::Kind::unknown:
      return fmt::format("whether {} can reach {} cannot be told: the ruleset holds what is not understood",
                         text_of(d.sources), d.port);
    case Drift::Kind::unlistened:
      return fmt::format("nothing listens at {}", d.port);
  }
  return "";
}

std::string sentence(const Ruleset& rules, const Hidden& h) {
  std::vector<std::string> by;
  for (const Step& step : h.by) by.push_back(describe(rules, step));
  return fmt::format("{} never comes to anything: {} decide{} before, {}", describe(rules, h.rule),
                     fmt::join(by, " and "), by.size() == 1 ? "s" : "",
                     h.opposite ? "and otherwise than it says" : "the same way");
}

}  // namespace

namespace {

constexpr auto kLong = std::chrono::days(30);
constexpr std::size_t kFewNetworks = 16;

// Openings that nobody used for long, and those much wider than what they were used by.
void add_use(const Evidence& e, TimePoint now, std::vector<Finding>& out) {
  for (const notes::Uses::OfListener& of : e.uses) {
    const auto p = std::ranges::find(e.policies, of.listener, &PortPolicy::service);
    if (p == e.policies.end() || p->audience == config::Audience::off || now - of.since < kLong || of.more) continue;
    AddressSet used;
    std::vector<std::string> names;
    std::uint64_t connections = 0;
    for (const notes::Uses::Use& use : of.uses) {
      if (now - use.last >= kLong || use.network.address.is_loopback()) continue;
      used = used | set_of(use.network);
      names.push_back(use.network.to_string());
      connections += use.connections;
    }
    for (const Source& s : p->sources) {
      const bool whole_internet = s.addresses.contains(all_v4());
      if (!whole_internet && (s.addresses & used).empty()) {
        out.push_back(
            {p->service,
             fmt::format("nobody of \"{}\" ({}) has connected for 30 days or more", s.why, text_of(s.addresses, 3)),
             "Ask whether they still need it; take them out of the policy."});
      }
      // Mail comes from anywhere: that few sent some lately is no reason to shut the others out.
      if (whole_internet && p->speaks != config::Service::smtp && !names.empty() && names.size() <= kFewNetworks) {
        out.push_back(
            {p->service,
             fmt::format("it is open to the internet, and in 30 days only {} network(s) came: {}", names.size(),
                         fmt::join(names, ", ")),
             fmt::format("[listener.{}] audience = \"named\", networks = [\"{}\"]: 0 of {} connections would have been "
                         "refused.",
                         p->service, fmt::join(names, "\", \""), connections)});
      }
    }
  }
}

}  // namespace

Report show(const std::vector<PortPolicy>& policies, const Intent& intent, const std::optional<Situation>& s,
            std::string_view why_not) {
  Report out;
  std::vector<Drift> all;
  if (s) all = drift(*s, intent);
  out.text = fmt::format("{:<13} {:<5} {:<9} {:<26} {:<16} {:<10} {}\n", "SERVICE", "PORT", "TLS", "WHO MAY CONNECT",
                         "RATE", "LISTENING", "FIREWALL");
  json::array rows;
  std::size_t problems = 0;
  for (const PortPolicy& p : policies) {
    std::string firewall = s ? "ok" : "?";
    std::vector<std::string> sentences;
    for (const Drift& d : all) {
      if (d.service != p.service) continue;
      firewall = d.kind == Drift::Kind::unknown && firewall != "DRIFT" ? "unknown" : "DRIFT";
      sentences.push_back(sentence(d));
    }
    if (p.audience == config::Audience::off) firewall = "-";
    problems += sentences.size();
    out.text += fmt::format("{:<13} {:<5} {:<9} {:<26} {:<16} {:<10} {}\n", p.service, p.port, config::to_string(p.tls),
                            audience_of(p), rate_of(p), p.listening ? "yes" : "no", firewall);
    for (const std::string& one : sentences) out.text += fmt::format("              {}\n", one);
    json::array sources;
    for (const Source& source : p.sources) {
      json::array networks;
      for (const Network& n : networks_of(source.addresses)) networks.emplace_back(n.to_string());
      json::object o{{"why", source.why}, {"networks", std::move(networks)}};
      if (source.until != TimePoint{}) o["until"] = date::format_rfc3339(source.until);
      if (!source.reason.empty()) o["reason"] = source.reason;
      sources.push_back(std::move(o));
    }
    rows.push_back(json::object{{"service", p.service},
                                {"port", p.port},
                                {"tls", config::to_string(p.tls)},
                                {"audience", config::to_string(p.audience)},
                                {"sources", std::move(sources)},
                                {"per_minute", p.per_minute},
                                {"max_connections", p.max_connections},
                                {"listening", p.listening},
                                {"firewall", firewall},
                                {"problems", strings(sentences)},
                                {"reason", p.reason},
                                {"owner", p.owner}});
  }
  if (!s) out.text += fmt::format("The firewall was not looked at: {}\n", why_not);
  if (s && !s->rules.notes.empty()) {
    out.text += "Of the ruleset, not understood:\n";
    for (const std::string& note : s->rules.notes) out.text += fmt::format("  {}\n", note);
  }
  json::object root{{"ports", std::move(rows)}, {"problems", problems}};
  root["firewall_read"] = s.has_value();
  root["notes"] = s ? strings(s->rules.notes) : json::array{why_not};
  if (problems != 0) out.text += fmt::format("{} problem(s).\n", problems);
  out.json = json::serialize(root);
  return out;
}

Report who(const Situation& s, std::uint16_t port, std::string_view service) {
  Report out;
  const Answer a = ask(s, port);
  out.text = fmt::format("{}/tcp{}{}\n", port, service.empty() ? "" : " ", service);
  json::array regions;
  for (const Region& r : a.regions) {
    if ((r.interfaces & outside_of(a)).empty()) continue;
    const std::string why = a.complete ? reason(s.rules, r) : "the ruleset is too complex";
    const std::string extra = aside(s, a, r);
    out.text +=
        fmt::format("  {:<10} {:<44} {}{}{}\n", label(r), text_of(r.sources), why, extra.empty() ? "" : "; ", extra);
    json::array proof, networks, destinations, condition;
    for (const Step& step : r.steps) proof.emplace_back(describe(s.rules, step));
    for (const Network& n : networks_of(r.sources)) networks.emplace_back(n.to_string());
    for (const Network& n : networks_of(r.destinations)) destinations.emplace_back(n.to_string());
    for (const auto& [bit, word] : {std::pair{kIfRate, "rate"}, std::pair{kIfTime, "time"},
                                    std::pair{kIfRoute, "route"}, std::pair{kIfUnknown, "unknown"}}) {
      if ((r.conditions & bit) != 0) condition.emplace_back(word);
    }
    json::object o{{"fate", to_string(r.fate)},
                   {"family", r.v6 ? "ip6" : "ip"},
                   {"sources", std::move(networks)},
                   {"interfaces", strings(interfaces_of(a, r.interfaces))},
                   {"conditions", std::move(condition)},
                   {"proof", std::move(proof)},
                   {"destinations", std::move(destinations)}};
    if (r.translated) {
      o["forwarded_to"] = text_of(r.translated_to, 2);
      o["forwarded_port"] = ports_text(r.translated_port);
    }
    regions.push_back(std::move(o));
  }
  const Answer everything = reach(s.rules, s.host, Question{});
  const Values others = also_reached_by(everything, port);
  if (!others.empty()) out.text += fmt::format("  also reached by port {}: a rule translates it\n", ports_text(others));
  bool complete = false;
  json::array hidden;
  for (const Hidden& h : hidden_rules(s.rules, s.host, complete)) {
    if (!h.ports.contains(Values::of(port))) continue;
    out.text += fmt::format("  {}\n", sentence(s.rules, h));
    hidden.emplace_back(sentence(s.rules, h));
  }
  out.text += fmt::format("  proof: {} region(s); {} rules in {} base chains walked.\n", regions.size(), a.rules_walked,
                          a.chains_walked);
  for (const std::string& table : s.legacy)
    out.text += fmt::format("  iptables-legacy has a table \"{}\" that nftables does not show{}.\n", table,
                            s.legacy_read ? "; its rules are judged, too" : ": what it does is not known");
  for (const std::string& note : s.rules.notes) out.text += fmt::format("  {}\n", note);
  out.json = json::serialize(json::object{{"port", port},
                                          {"service", service},
                                          {"complete", a.complete},
                                          {"regions", std::move(regions)},
                                          {"also_reached_by", ports_text(others)},
                                          {"hidden_rules", std::move(hidden)},
                                          {"rules_walked", a.rules_walked},
                                          {"chains_walked", a.chains_walked},
                                          {"legacy_tables", strings(s.legacy)},
                                          {"notes", strings(s.rules.notes)}});
  return out;
}

Report plan(const Plan& p, const std::optional<SshConnection>& ssh) {
  Report out;
  json::array rows;
  for (const Change& c : p.changes) {
    const std::string name = c.service.empty() ? std::to_string(c.port) : fmt::format("{} ({})", c.port, c.service);
    out.text += fmt::format("  {} {} {} {}{}\n", c.gains ? "+" : "-", name, c.gains ? "opens to" : "closes to",
                            text_of(c.sources), how_many(c.sources));
    json::array networks;
    for (const Network& n : networks_of(c.sources)) networks.emplace_back(n.to_string());
    rows.push_back(
        json::object{{"port", c.port}, {"service", c.service}, {"gains", c.gains}, {"sources", std::move(networks)}});
  }
  if (p.batch.empty()) {
    out.text += "Nothing to do: the kernel has these rules.\n";
  } else if (p.changes.empty()) {
    out.text += "The rules change, but nobody gains or loses access.\n";
  }
  json::array remaining;
  for (const Drift& d : p.drift) {
    out.text += fmt::format("  ! {}\n", sentence(d));
    remaining.push_back(
        json::object{{"port", d.port}, {"service", d.service}, {"kind", kind_word(d.kind)}, {"text", sentence(d)}});
  }
  json::object root{{"changes", std::move(rows)},
                    {"remaining", std::move(remaining)},
                    {"notes", strings(p.notes)},
                    {"batch", p.batch}};
  if (ssh && p.own_after) {
    const std::string path = fmt::format("{} -> {}", ssh->client.to_string(), ssh->server_port);
    const bool same = *p.own_after == Fate::open;
    out.text += fmt::format("  your own connection ({}) {}.\n", path,
                            p.cuts_off()                    ? "WOULD BE CUT OFF"
                            : same                          ? "stays open"
                            : *p.own_after == Fate::unknown ? "cannot be judged"
                            : *p.own_after == Fate::may     ? "stays open within limits"
                                                            : "is closed already, by other rules");
    root["own_connection"] = to_string(*p.own_after);
  }
  for (const std::string& note : p.notes) out.text += fmt::format("  ? {}\n", note);
  root["cuts_off"] = p.cuts_off();
  out.json = json::serialize(root);
  return out;
}

Report history(const std::vector<Revision>& all, const std::optional<Pending>& pending) {
  Report out;
  json::array rows;
  for (const Revision& r : all) {
    out.text += fmt::format("{:>6}  {}  {:<9}  {}{}{}\n", r.number, date::format_rfc3339(r.applied).substr(0, 19),
                            to_string(r.state), r.by, r.note.empty() ? "" : "; ", r.note);
    rows.push_back(json::object{{"revision", r.number},
                                {"applied", date::format_rfc3339(r.applied)},
                                {"state", to_string(r.state)},
                                {"by", r.by},
                                {"hash", r.hash},
                                {"note", r.note}});
  }
  if (all.empty()) out.text = "Nothing was applied yet.\n";
  json::object root{{"revisions", std::move(rows)}};
  if (pending) {
    const std::string until = date::format_rfc3339(pending->deadline);
    out.text += fmt::format("Revision {} is undone at {} unless it is confirmed.\n", pending->revision, until);
    root["pending"] = json::object{{"revision", pending->revision}, {"deadline", until}};
  }
  out.json = json::serialize(root);
  return out;
}

std::vector<Finding> audit(const Evidence& e, TimePoint now) {
  std::vector<Finding> out = findings(e.config, e.policies, now);
  if (!e.daemon_runs) out.push_back({"daemon", "it does not run, so nothing listens", "Start it."});
  for (const PortPolicy& p : e.policies) {
    if (e.daemon_runs && p.audience != config::Audience::off && !p.listening)
      out.push_back({p.service, "it is in the file, but the daemon does not listen", "Restart the daemon."});
  }
  if (!e.has_table) {
    out.push_back({"firewall", "it has no rules of Gatepost", "Run: gatepost gate apply"});
  } else if (!e.marker || e.marker->hash != e.intent.hash()) {
    out.push_back({"firewall", "the policy was changed since its rules were applied", "Run: gatepost gate plan"});
  } else if (!e.table_as_written) {
    out.push_back({"firewall", "somebody changed the table inet gatepost by hand", "Run: gatepost gate apply"});
  }
  if (e.pending)
    out.push_back({"firewall", fmt::format("revision {} waits for its confirmation", e.pending->revision),
                   "Run: gatepost gate confirm"});
  for (const Drift& d : drift(e.situation, e.intent))
    out.push_back({d.service, sentence(d), "Run: gatepost gate who " + std::to_string(d.port)});
  add_broken_promises(e, out);
  add_use(e, now, out);
  for (const auto& [service, count] : e.let_in) {
    if (count == 0 && e.counting_since && now - *e.counting_since >= kLong)
      out.push_back({service, "nobody has connected for 30 days or more", "Ask whether it is still needed."});
  }
  for (const std::string& table : e.situation.legacy)
    out.push_back({"firewall", fmt::format("iptables-legacy has a table \"{}\" that nftables does not show", table),
                   "Move its rules to nftables, or flush it: iptables-legacy -L"});
  bool complete = false;
  for (const Hidden& h : hidden_rules(e.situation.rules, e.situation.host, complete)) {
    // What our own table leaves over, as for a listener on loopback alone, is nobody's to take out.
    const auto ours = [&](const Step& step) {
      const Chain& chain = e.situation.rules.chains[step.chain];
      return chain.family == Family::inet && "inet " + chain.table == kTable;
    };
    if (ours(h.rule) && std::ranges::all_of(h.by, ours)) continue;
    out.push_back(
        {"firewall", sentence(e.situation.rules, h), h.opposite ? "Move it up, or take it out." : "Take it out."});
  }
  // Ports of other programs that anybody on the internet reaches.
  std::vector<std::uint16_t> seen;
  for (const Listening& l : e.listening) {
    if (l.address.is_loopback() || std::ranges::find(seen, l.port) != seen.end()) continue;
    if (std::ranges::any_of(e.intent.ports, [&](const PortIntent& p) { return p.port == l.port; })) continue;
    seen.push_back(l.port);
    const AddressSet reached = reaching(ask(e.situation, l.port));
    if (count_of(reached & all_v4()) > (1U << 31))
      out.push_back({std::to_string(l.port), "another program listens, and the internet can reach it",
                     "Close it, or limit it with the scope \"host\"."});
  }
  // Published by translation: such a port never meets the rules of the input hook.
  const Answer everything = reach(e.situation.rules, e.situation.host, Question{});
  Values forwarded;
  for (const Region& r : everything.regions) {
    if (r.fate == Fate::forwarded && !(r.interfaces & outside_of(everything)).empty()) forwarded = forwarded | r.ports;
  }
  if (!forwarded.empty() && !forwarded.contains(Values(0, 65535)))
    out.push_back({"firewall",
                   fmt::format("port {} is sent on to another machine or a container", ports_text(forwarded)),
                   "Make sure that is wanted: rules for this host do not see it."});
  return out;
}

Report audit_report(const std::vector<Finding>& found, const std::optional<std::vector<Finding>>& before) {
  Report out;
  const auto in = [](const std::vector<Finding>& all, const Finding& f) {
    return std::ranges::find(all, f) != all.end();
  };
  json::array came, went;
  for (const Finding& f : found) {
    if (before && in(*before, f)) continue;
    out.text += fmt::format("{}{}: {}. {}\n", before ? "new  " : "", f.where, f.what, f.cure);
    came.push_back(json::object{{"where", f.where}, {"what", f.what}, {"cure", f.cure}});
  }
  if (before) {
    for (const Finding& f : *before) {
      if (in(found, f)) continue;
      out.text += fmt::format("gone {}: {}.\n", f.where, f.what);
      went.push_back(json::object{{"where", f.where}, {"what", f.what}});
    }
  } else if (found.empty()) {
    out.text = "Nothing to find: listeners, policy and ruleset agree.\n";
  }
  out.exit_code = found.empty() ? 0 : 1;
  json::object root{{"findings", std::move(came)}, {"count", found.size()}};
  if (before) root["gone"] = std::move(went);
  out.json = json::serialize(root);
  return out;
}

std::string to_json(const std::vector<Finding>& all) {
  json::array out;
  for (const Finding& f : all) out.push_back(json::object{{"where", f.where}, {"what", f.what}, {"cure", f.cure}});
  return json::serialize(out);
}

std::optional<std::vector<Finding>> findings_from_json(std::string_view text) {
  boost::system::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error);
  if (error || !root.is_array()) return std::nullopt;
  std::vector<Finding> out;
  for (const auto& one : root.get_array()) {
    const json::object* o = one.if_object();
    const auto field = [&](const char* key) {
      const json::value* v = o == nullptr ? nullptr : o->if_contains(key);
      return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
    };
    out.push_back({field("where"), field("what"), field("cure")});
  }
  return out;
}

}  // namespace gatepost::gate
