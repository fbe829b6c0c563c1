#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "gate/import/import.hpp"
#include "gate/ruleset/reach.hpp"

namespace gatepost::gate {
namespace {

using importing::Material;

constexpr std::size_t kMaxPorts = 1000;
constexpr AddressNumber kWidestRange = 32;  // a range of more ports is no list of services
constexpr std::uint16_t kSsh = 22;

const config::Listener* known_listener(std::uint16_t port) {
  static const std::vector<config::Listener> all = config::default_listeners();
  const auto at = std::ranges::find(all, port, &config::Listener::port);
  return at == all.end() ? nullptr : &*at;
}

std::string ports_text(const Values& set) {
  std::vector<std::string> out;
  for (const auto& i : set.intervals()) {
    const auto lo = static_cast<std::uint32_t>(i.lo), hi = static_cast<std::uint32_t>(i.hi);
    out.push_back(lo == hi ? std::to_string(lo) : fmt::format("{}-{}", lo, hi));
    if (out.size() == 8) break;
  }
  return fmt::format("{}{}", fmt::join(out, ", "), set.intervals().size() > out.size() ? ", ..." : "");
}

// Whether the two say the same but for one match on the source; its place, or npos.
std::size_t differs_in_source(const Rule& a, const Rule& b) {
  constexpr std::size_t kNo = static_cast<std::size_t>(-1);
  if (a.statements.size() != b.statements.size() || a.comment != b.comment) return kNo;
  std::size_t where = kNo;
  for (std::size_t i = 0; i < a.statements.size(); ++i) {
    const auto *m = std::get_if<Match>(&a.statements[i]), *n = std::get_if<Match>(&b.statements[i]);
    if (m == nullptr || n == nullptr) {
      const auto *v = std::get_if<Verdict>(&a.statements[i]), *w = std::get_if<Verdict>(&b.statements[i]);
      if (v == nullptr || w == nullptr || *v != *w) return kNo;
      continue;
    }
    if (m->op != n->op || m->keys.size() != 1 || n->keys.size() != 1 || m->keys[0].field != n->keys[0].field ||
        m->keys[0].mask != n->keys[0].mask || m->keys[0].prefix != n->keys[0].prefix ||
        m->keys[0].needs_nfproto != n->keys[0].needs_nfproto || m->keys[0].needs_l4proto != n->keys[0].needs_l4proto)
      return kNo;
    const auto plain = [](const Match& one) {
      return one.values->groups.size() == 1 && !one.values->opaque && !one.values->changes;
    };
    if (!plain(*m) || !plain(*n)) return kNo;
    if (m->values->groups[0].fields == n->values->groups[0].fields) continue;
    if (where != kNo || m->keys[0].field != Field::saddr || m->op != Match::Op::equal) return kNo;
    where = i;
  }
  return where;
}

// Rules one after the other that differ in their source alone are one: a list of 10,000 networks is 10,000 rules where
// a product has no sets, and walking them one by one would cost their square.
void take_together(std::vector<Rule>& rules) {
  std::vector<Rule> out;
  for (std::size_t i = 0; i < rules.size();) {
    std::size_t j = i + 1, where = static_cast<std::size_t>(-1);
    std::vector<Values::Interval> all;
    for (; j < rules.size(); ++j) {
      const std::size_t at = differs_in_source(rules[i], rules[j]);
      if (at == static_cast<std::size_t>(-1) || (j > i + 1 && at != where)) break;
      where = at;
      const auto& more = std::get<Match>(rules[j].statements[at]).values->groups[0].fields[0].intervals();
      all.insert(all.end(), more.begin(), more.end());
    }
    if (j > i + 1) {
      auto& match = std::get<Match>(rules[i].statements[where]);
      const auto& own = match.values->groups[0].fields[0].intervals();
      all.insert(all.end(), own.begin(), own.end());
      auto elements = std::make_shared<Elements>();
      elements->groups.push_back({{Values::from(std::move(all))}, {}});
      match.values = std::move(elements);
    }
    out.push_back(std::move(rules[i]));
    i = j;
  }
  rules = std::move(out);
}

class Proposer {
 public:
  explicit Proposer(Material material) : material_(std::move(material)) {
    host_.interfaces = {"lo"};
    if (material_.v4) host_.addresses = host_.addresses | all_v4();
    if (material_.v6) host_.addresses = host_.addresses | all_v6();
  }

  Proposal run() {
    for (const std::string& note : material_.rules.notes) material_.lose(note);
    for (Chain& chain : material_.rules.chains) take_together(chain.rules);
    if (!material_.v6) material_.lose("nothing was said of IPv6: import its rules, too, or it stays as it is");
    if (!material_.v4) material_.lose("nothing was said of IPv4: import its rules, too, or it stays as it is");
    find_named_ports();
    for (const auto& i : named_.intervals()) {
      for (AddressNumber port = i.lo; port <= i.hi; ++port) one_port(static_cast<std::uint16_t>(port));
    }
    all_others();
    for (PortIntent& p : out_.ports) note_service(p);
    out_.losses = std::move(material_.losses);
    return std::move(out_);
  }

 private:
  // Ports that rules name one by one, or nearly.
  void find_named_ports() {
    std::vector<Values::Interval> all;
    AddressNumber count = 0;
    const auto take = [&](const std::vector<Key>& keys, const Elements& elements) {
      for (std::size_t k = 0; k < keys.size(); ++k) {
        if (keys[k].field != Field::dport) continue;
        for (const Elements::Group& g : elements.groups) {
          if (k >= g.fields.size()) continue;
          for (const auto& i : g.fields[k].intervals()) {
            if (i.hi - i.lo >= kWidestRange || i.hi > 65535 || count > kMaxPorts) continue;
            count += i.hi - i.lo + 1;
            all.push_back(i);
          }
        }
      }
    };
    for (const Chain& c : material_.rules.chains) {
      for (const Rule& rule : c.rules) {
        for (const Statement& s : rule.statements) {
          if (const auto* m = std::get_if<Match>(&s)) take(m->keys, *m->values);
          if (const auto* m = std::get_if<VerdictMap>(&s)) take(m->keys, *m->values);
        }
      }
    }
    if (count > kMaxPorts)
      material_.lose(fmt::format("more than {} ports are named: the others were not looked at", kMaxPorts));
    named_ = Values::from(std::move(all));
  }

  // From outside, by an interface that no rule names; nullopt: it is not like that.
  bool from_anywhere(const Answer& a, const Region& r) const {
    return r.interfaces.contains(AddressNumber{a.atoms.all.size() - 1});
  }
  static bool only_loopback(const Answer& a, const Region& r) {
    return r.interfaces.minus(a.atoms.named("lo")).empty();
  }

  // Whether a region is open without doubt; says so where it is open in a way that cannot be kept.
  bool is_open(const Answer& a, const Region& r, std::string_view what) {
    if (only_loopback(a, r)) return false;
    const std::string who = text_of(r.sources, 3);
    const bool limited = r.fate == Fate::may && r.conditions == kIfRate;
    if (r.fate == Fate::open || limited) {
      if (!from_anywhere(a, r)) {
        material_.lose(fmt::format("{} is open to {} on one interface alone: name the networks behind it", what, who));
      } else if (r.source_ports != Values(0, 65535)) {
        material_.lose(fmt::format("{} is open to {} from some source ports alone: left closed", what, who));
      } else {
        if (r.translated)
          material_.lose(fmt::format("{} is redirected to port {}: let a listener have that port", what,
                                     ports_text(r.translated_port)));
        return true;
      }
    } else if (r.fate == Fate::forwarded) {
      material_.lose(fmt::format("{} is sent on to {}: no service of this host", what, text_of(r.translated_to, 2)));
    } else if (r.fate == Fate::may) {
      material_.lose(fmt::format("{} is open to {} at some times or on some ways alone: left closed", what, who));
    } else if (r.fate == Fate::unknown) {
      material_.lose(fmt::format("whether {} is open to {} cannot be told: left closed", what, who));
    }
    return false;
  }

  static bool by_policy(const Region& r) {
    return std::ranges::all_of(r.steps, [](const Step& s) { return s.rule == kPolicy; });
  }

  void one_port(std::uint16_t port) {
    Question q;
    q.ports = Values::of(port);
    Coverage coverage(material_.rules);
    const Answer a = reach(material_.rules, host_, q, &coverage);
    std::vector<PortIntent> found;
    // Where a rule judges the port at some addresses alone, what no rule judges elsewhere is not that service.
    AddressSet judged;
    for (const Region& r : a.regions) {
      if (!only_loopback(a, r) && !by_policy(r)) judged = judged | r.destinations;
    }
    for (const Region& r : a.regions) {
      if (by_policy(r) && !judged.empty() && (judged & r.destinations).empty()) {
        if (r.fate == Fate::open && !only_loopback(a, r))
          material_.lose(fmt::format("port {} elsewhere than at {}: no rule judges it, so it is open there", port,
                                     text_of(judged, 3)));
        continue;
      }
      if (!is_open(a, r, fmt::format("port {}", port))) continue;
      const auto [service, why, reason] = names_of(r);
      auto at = std::ranges::find(found, r.destinations, &PortIntent::destinations);
      // Families have destinations of their own: those that are whole belong together.
      const bool whole = r.destinations == all_v4() || r.destinations == all_v6();
      if (whole)
        at = std::ranges::find_if(found, [](const PortIntent& p) {
          return p.destinations.contains(all_v4()) || p.destinations.contains(all_v6());
        });
      if (at == found.end()) {
        found.push_back({"", port, {}, {}, 0, 0, config::GateLog::drops, ""});
        at = std::prev(found.end());
      }
      at->destinations = at->destinations | r.destinations;
      if (at->service.empty()) at->service = service;
      if (at->reason.empty()) at->reason = reason;
      add_opening(*at, why.empty() ? "imported" : why, r.sources);
    }
    if (found.empty()) return;
    // Both families open, and one of them to nobody: the socket is there all the same.
    for (std::size_t chain = 0; chain < coverage.rules.size(); ++chain) {
      for (std::size_t i = 0; i < coverage.rules[chain].size(); ++i) {
        if (!coverage.rules[chain][i].used) continue;
        for (const Statement& s : material_.rules.chains[chain].rules[i].statements) {
          const auto* limit = std::get_if<Depends>(&s);
          if (limit == nullptr) continue;
          for (PortIntent& p : found) {
            if (limit->per_minute != 0 && p.per_minute == 0) p.per_minute = limit->per_minute;
            if (limit->connections != 0 && p.max_connections == 0) p.max_connections = limit->connections;
          }
        }
      }
    }
    for (PortIntent& p : found) {
      if (p.service.empty()) {
        const config::Listener* known = known_listener(port);
        p.service = known != nullptr ? known->name : fmt::format("port-{}", port);
      }
      std::size_t same = 1;
      const std::string stem = p.service;
      while (std::ranges::find(out_.ports, p.service, &PortIntent::service) != out_.ports.end())
        p.service = fmt::format("{}-{}", stem, ++same);
      out_.ports.push_back(std::move(p));
    }
  }

  static void add_opening(PortIntent& p, std::string why, const AddressSet& sources) {
    const auto at = std::ranges::find(p.openings, why, &Opening::why);
    if (at == p.openings.end()) {
      p.openings.push_back({std::move(why), sources, {}});
    } else {
      at->sources = at->sources | sources;
    }
  }

  struct Names {
    std::string service, why, reason;
  };
  // "gp:imaps:trusted a reason" of the rules that decided, as Gatepost writes them; else the comment as the reason.
  Names names_of(const Region& r) const {
    Names out;
    for (const Step& step : r.steps) {
      if (step.rule == kPolicy) continue;
      const std::string& comment =
          material_.rules.chains[step.chain].rules[static_cast<std::size_t>(step.rule)].comment;
      const auto words = ascii::split(comment, ':');
      const auto good = [](std::string_view word) {
        return !word.empty() && word.size() <= 32 &&
               std::ranges::all_of(word, [](char c) { return ascii::is_alnum(c) || c == '-'; });
      };
      if (words.size() >= 3 && words[0] == "gp" && good(words[1]) && words[1] != "all" && words[1] != "host") {
        const std::size_t blank = comment.find(' ');
        const std::string_view why = words[2].substr(0, words[2].find(' '));
        out.service = words[1];
        // The jump says which network it was, the accept of its chain only that it is open.
        if (good(why) && why != "open" && why != "port" && why != "rate") out.why = why;
        if (blank != std::string::npos) out.reason = ascii::trim(std::string_view(comment).substr(blank));
      } else if (out.reason.empty()) {
        out.reason = comment;
      }
    }
    return out;
  }

  // What no rule names.
  void all_others() {
    Question q;
    q.ports = Values(0, 65535).minus(named_);
    const Answer a = reach(material_.rules, host_, q);
    bool open = false, closed = false;
    for (const Region& r : a.regions) {
      if (only_loopback(a, r)) continue;
      const bool is = r.fate != Fate::dropped && r.fate != Fate::refused;
      (is ? open : closed) = true;
      if (is && (r.sources != (r.v6 ? all_v6() : all_v4()) || r.ports != q.ports))
        material_.lose(fmt::format("ports {} are {} to {}: no listener can be that wide", ports_text(r.ports),
                                   r.fate == Fate::unknown ? "perhaps open" : "open", text_of(r.sources, 3)));
    }
    out_.scope = closed && !open ? config::Gate::Scope::host : config::Gate::Scope::own_ports;
  }

  void note_service(const PortIntent& p) {
    if (p.port == kSsh) {
      AddressSet sources;
      for (const Opening& o : p.openings) sources = sources | o.sources;
      if (!sources.contains(all_v4()) && !sources.contains(all_v6())) out_.management = sources;
    }
    for (const AddressSet* family : {&all_v4(), &all_v6()}) {
      const AddressSet part = p.destinations & *family;
      if (!part.empty() && part != *family && count_of(part) > 256)
        material_.lose(
            fmt::format("port {} is open at {}: a listener names single addresses", p.port, text_of(part, 3)));
    }
    if (known_listener(p.port) == nullptr)
      material_.lose(fmt::format("port {} is open to {}: no service of Gatepost has it", p.port,
                                 text_of(p.openings.empty() ? AddressSet() : p.openings[0].sources, 3)));
  }

  Material material_;
  Host host_;
  Values named_;
  Proposal out_;
};

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : importing::printable(text, 250)) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string list_of(const AddressSet& set) {
  std::vector<std::string> out;
  for (const Network& n : networks_of(set)) out.push_back(toml_quoted(n.to_string()));
  return fmt::format("[{}]", fmt::join(out, ", "));
}

}  // namespace

Proposal propose(Material material) { return Proposer(std::move(material)).run(); }

std::string configuration_text(const Proposal& p, std::string_view format) {
  std::string out = fmt::format(
      "# Proposed from rules of {}. Read it, put it into gatepost.toml, then run: gatepost gate plan\n", format);
  for (const std::string& loss : p.losses) out += fmt::format("# not carried over: {}\n", loss);
  if (!p.management.empty()) out += fmt::format("\n[networks]\nadmin = {}\n", list_of(p.management));
  // Sources that several ports share get a name.
  std::map<std::string, std::string> groups;
  std::map<std::string, std::size_t> uses;
  const auto sources_of = [](const PortIntent& port) {
    AddressSet all;
    for (const Opening& o : port.openings) all = all | o.sources;
    return all;
  };
  for (const PortIntent& port : p.ports) {
    const AddressSet sources = sources_of(port);
    if (sources.is_all() || known_listener(port.port) == nullptr) continue;
    const std::string text = list_of(sources);
    if (++uses[text] != 2) continue;
    const std::string name = fmt::format("imported-{}", groups.size() + 1);
    groups[text] = name;
    out += fmt::format("\n[[networks.group]]\nname = {}\nnetworks = {}\nsource = {}\n", toml_quoted(name), text,
                       toml_quoted(fmt::format("imported from {}", format)));
  }
  if (p.scope == config::Gate::Scope::host)
    out += fmt::format("\n# These rules drop what they do not name. To keep that: [gate] scope = \"host\"{}\n",
                       p.management.empty() ? ", which needs [networks] admin" : "");
  std::set<std::string> written;
  for (const PortIntent& port : p.ports) {
    const config::Listener* known = known_listener(port.port);
    if (known == nullptr) continue;
    written.insert(port.service);
    const AddressSet sources = sources_of(port);
    const std::string text = list_of(sources);
    out += fmt::format("\n[listener.{}]\nservice = \"{}\"\nport = {}\ntls = \"{}\"\n", port.service,
                       config::to_string(known->service), port.port, config::to_string(known->tls));
    const bool all4 = port.destinations.contains(all_v4()), all6 = port.destinations.contains(all_v6());
    std::vector<std::string> at;
    if (all4 != all6 || !all4) {
      if (all4) at.push_back("\"0.0.0.0\"");
      if (all6) at.push_back("\"::\"");
      for (const Network& n :
           networks_of(port.destinations.minus(all4 ? all_v4() : AddressSet()).minus(all6 ? all_v6() : AddressSet()))) {
        if (n.prefix == 128 && at.size() < 256) at.push_back(toml_quoted(n.to_string()));
      }
    }
    if (!at.empty()) out += fmt::format("address = [{}]\n", fmt::join(at, ", "));
    if (sources.is_all()) {
      out += "audience = \"internet\"\n";
    } else if (const auto group = groups.find(text); group != groups.end()) {
      out += fmt::format("audience = \"named\"\ngroups = [{}]\n", toml_quoted(group->second));
    } else {
      out += fmt::format("audience = \"named\"\nnetworks = {}\n", text);
    }
    if (port.per_minute != 0) out += fmt::format("connections_per_minute = {}\n", port.per_minute);
    if (port.max_connections != 0) out += fmt::format("max_connections = {}\n", port.max_connections);
    out += fmt::format("reason = {}\n",
                       toml_quoted(port.reason.empty() ? fmt::format("imported from {}", format) : port.reason));
  }
  for (const config::Listener& l : config::default_listeners()) {
    const bool named = std::ranges::any_of(p.ports, [&](const PortIntent& i) { return i.port == l.port; });
    if (!named && !written.contains(l.name) && l.service != config::Service::metrics)
      out += fmt::format("\n[listener.{}]\naudience = \"off\"\n", l.name);
  }
  return out;
}

}  // namespace gatepost::gate
