#include "gate/explain/explain.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/utf8.hpp"
#include "gate/explain/engine.hpp"
#include "gate/log/print.hpp"

namespace gatepost::gate::explain {

namespace json = boost::json;

std::string_view to_string(Certainty c) {
  switch (c) {
    case Certainty::certain:
      return "certain";
    case Certainty::likely:
      return "likely";
    case Certainty::possible:
      break;
  }
  return "possible";
}

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::policy:
      return "this host's policy, as it is written";
    case Fault::rules:
      return "this host's rules, which are not what its policy says";
    case Fault::server:
      return "this server";
    case Fault::product:
      return "another product on this host";
    case Fault::provider:
      return "a network or provider before this host";
    case Fault::client:
      return "the client";
    case Fault::dns:
      return "DNS";
    case Fault::nobody:
      return "nobody now";
    case Fault::unknown:
      break;
  }
  return "not known";
}

Diagnosis& Engine::add(std::string cause, Certainty certainty, Fault fault, std::string summary) {
  return found_.emplace_back(Diagnosis{std::move(cause), certainty, fault, std::move(summary), {}, {}});
}

bool Engine::has(std::string_view cause) const {
  return std::ranges::any_of(found_, [cause](const Diagnosis& d) { return d.cause == cause; });
}

bool Engine::found_certain() const {
  return std::ranges::any_of(found_, [](const Diagnosis& d) { return d.certainty == Certainty::certain; });
}

const PortPolicy* Engine::policy() const {
  const auto on =
      std::ranges::find_if(f.policies, [](const PortPolicy& p) { return p.audience != config::Audience::off; });
  if (on != f.policies.end()) return &*on;
  return f.policies.empty() ? nullptr : &f.policies.front();
}

bool Engine::policy_admits() const {
  const PortPolicy* p = policy();
  return p != nullptr && f.question.from && p->audience != config::Audience::off &&
         p->admitted().contains(number_of(*f.question.from));
}

std::string Engine::service() const {
  const PortPolicy* p = policy();
  return p == nullptr ? std::string() : p->service;
}

std::string Engine::who() const { return f.question.from ? f.question.from->to_string() : "anybody"; }

std::string Engine::where() const {
  const std::string name = service();
  return name.empty() ? fmt::format("port {}", f.question.port) : fmt::format("{} ({})", name, f.question.port);
}

bool Engine::served_somebody() const {
  return f.peer && f.peer->peer && f.peer->peer->last_opened >= f.question.at - f.question.window;
}

void Engine::say_what_is_left() {
  if (!found_.empty()) return;
  if (served_somebody()) {
    Diagnosis& d =
        add("works", Certainty::likely, Fault::nobody,
            fmt::format("{} gets in at {}, and nothing went wrong that this host knows of.", who(), where()));
    d.evidence.push_back({f.peer->peer->last_opened, "server",
                          fmt::format("it connected then; {} connection(s) so far, {} open now", f.peer->peer->opened,
                                      f.peer->peer->open_now)});
    for (const notes::Note& n : f.peer->notes) {
      d.evidence.push_back(
          {n.last, "server", log::for_terminal(fmt::format("{}: {}", n.listener, notes::sentence(n)))});
      break;
    }
    d.remedies = {
        "when something does not work all the same, it is in the conversation: look for this address in the log"};
    return;
  }
  const bool open = f.firewall && f.firewall->fate == Fate::open;
  const auto inside = std::ranges::find_if(f.probes, [](const ProbeFact& p) { return !p.outside; });
  const bool answers = inside != f.probes.end() && inside->report.state == probe::PortState::open;
  if (!f.question.from && answers && (open || !f.firewall)) {
    Diagnosis& d = add(
        "works", f.firewall ? Certainty::likely : Certainty::possible, Fault::nobody,
        fmt::format("{} listens and answers on this host, and nothing is wrong that can be seen from it.", where()));
    d.evidence.push_back({std::nullopt, "probe from " + inside->vantage, "open"});
    if (f.firewall) d.evidence.push_back({std::nullopt, "firewall's rules", log::for_terminal(f.firewall->why)});
    d.remedies = {fmt::format("ask about one client: gatepost gate explain --from ADDRESS --port {}", f.question.port)};
    return;
  }
  Diagnosis& d = add("unknown", Certainty::possible, Fault::unknown,
                     fmt::format("It cannot be told why {} has trouble with {}.", who(), where()));
  for (const std::string& one : f.missing) d.remedies.push_back("missing: " + one);
  if (f.question.past)
    d.remedies.push_back(
        "name the firewall's log of that time: --log FILE (any firewall's, rotated files too); it is wanted from "
        "gatepost-gate-watch.service next time");
  d.remedies.push_back(
      fmt::format("let the client try while this looks at the wire: gatepost gate explain --from {} --port {} "
                  "--watch 30s",
                  f.question.from ? who() : "ADDRESS", f.question.port));
  d.remedies.push_back("bring what the client sees: gatepost probe NAME --json there, --probe FILE here");
}

std::vector<Diagnosis> explain(const Facts& facts) {
  Engine engine(facts);
  if (facts.question.outbound) {
    engine.look_outside();
  } else {
    engine.look_at_listeners();
    engine.look_at_firewall();
    engine.look_at_notes();
    engine.look_at_lines();
    engine.look_at_events();
    engine.look_at_tracked();
    engine.look_at_arrivals();
    engine.look_at_probes();
    engine.look_at_names();
  }
  engine.say_what_is_left();
  std::vector<Diagnosis> all = engine.take(), out;
  for (const Certainty level : {Certainty::certain, Certainty::likely, Certainty::possible}) {
    for (Diagnosis& d : all) {
      if (d.certainty == level) out.push_back(std::move(d));
    }
  }
  return out;
}

Report report(const Facts& facts, const std::vector<Diagnosis>& diagnoses) {
  Report out;
  const Question& q = facts.question;
  out.text = q.outbound ? fmt::format("From this host to {} port {}:\n", log::for_terminal(q.host), q.port)
                        : fmt::format("{} to port {}{}:\n", q.from ? q.from->to_string() : "Anybody", q.port,
                                      q.past ? " at " + date::format_rfc3339(q.at).substr(0, 19) + "Z" : "");
  json::array list;
  bool first = true;
  for (const Diagnosis& d : diagnoses) {
    out.text += fmt::format("{}{} ({})\n", first ? "Cause: " : "Also: ", d.summary, to_string(d.certainty));
    out.text += fmt::format("  whose: {}\n", to_string(d.fault));
    json::array evidence, remedies;
    for (const Evidence& e : d.evidence) {
      const std::string at = e.at ? date::format_rfc3339(*e.at).substr(11, 8) : std::string(8, ' ');
      out.text += fmt::format("  {}  {}  [{}]\n", at, e.text, e.source);
      json::object o{{"source", utf8::sanitize(e.source)}, {"text", utf8::sanitize(e.text)}};
      if (e.at) o["time"] = date::format_rfc3339(*e.at);
      evidence.push_back(std::move(o));
    }
    for (const std::string& remedy : d.remedies) {
      out.text += fmt::format("  -> {}\n", remedy);
      remedies.emplace_back(utf8::sanitize(remedy));
    }
    list.push_back(json::object{{"cause", d.cause},
                                {"certainty", to_string(d.certainty)},
                                {"whose", to_string(d.fault)},
                                {"summary", utf8::sanitize(d.summary)},
                                {"evidence", std::move(evidence)},
                                {"remedies", std::move(remedies)}});
    first = false;
  }
  json::array missing;
  for (const std::string& one : facts.missing) {
    out.text += fmt::format("Not known: {}\n", one);
    missing.emplace_back(utf8::sanitize(one));
  }
  json::object question{{"port", q.port}, {"at", date::format_rfc3339(q.at)}, {"outbound", q.outbound}};
  question["from"] = q.from ? json::value(q.from->to_string()) : json::value();
  question["host"] = q.host.empty() ? json::value() : json::value(utf8::sanitize(q.host));
  out.json = json::serialize(
      json::object{{"question", std::move(question)}, {"diagnoses", std::move(list)}, {"missing", std::move(missing)}});
  const bool unknown = diagnoses.empty() || diagnoses.front().cause == "unknown";
  const bool fine = !unknown && diagnoses.front().fault == Fault::nobody;
  out.exit_code = unknown ? 2 : fine ? 0 : 1;
  return out;
}

}  // namespace gatepost::gate::explain
