#include "gate/probe/report.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "gate/log/print.hpp"

namespace gatepost::gate::probe {

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::resolve:
      return "resolve";
    case Stage::route:
      return "route";
    case Stage::connect:
      return "connect";
    case Stage::banner:
      return "banner";
    case Stage::capabilities:
      return "capabilities";
    case Stage::starttls:
      return "starttls";
    case Stage::handshake:
      return "handshake";
    case Stage::certificate:
      return "certificate";
    case Stage::staple:
      return "staple";
    case Stage::tls_versions:
      return "tls-versions";
    case Stage::after_tls:
      return "after-tls";
    case Stage::sign_in:
      return "sign-in";
    case Stage::action:
      break;
  }
  return "action";
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::warn:
      return "warn";
    case Outcome::fail:
      return "fail";
    case Outcome::unknown:
      break;
  }
  return "unknown";
}

std::string_view to_string(PortState state) {
  switch (state) {
    case PortState::open:
      return "open";
    case PortState::refused:
      return "refused";
    case PortState::unreachable:
      return "unreachable";
    case PortState::silent:
      return "silent";
    case PortState::failed:
      break;
  }
  return "failed";
}

namespace {

int weight(Outcome outcome) {
  switch (outcome) {
    case Outcome::fail:
      return 3;
    case Outcome::unknown:
      return 2;
    case Outcome::warn:
      return 1;
    case Outcome::ok:
      break;
  }
  return 0;
}

Outcome worst(const std::vector<Finding>& findings) {
  Outcome out = Outcome::ok;
  for (const Finding& finding : findings) {
    if (weight(finding.outcome) > weight(out)) out = finding.outcome;
  }
  return out;
}

// The cipher and the like in one line: what an admin looks for first.
std::string short_facts(const PortReport& port) {
  std::string out;
  for (const Finding& finding : port.findings) {
    const bool shown = finding.stage == Stage::handshake || finding.stage == Stage::certificate;
    if (!shown || finding.outcome != Outcome::ok) continue;
    if (!out.empty()) out += "; ";
    out += finding.text;
  }
  return out;
}

void append_finding(std::string& out, const Finding& finding) {
  out += fmt::format("    {:<13} {:<8} {:>6.1f} ms  {}\n", to_string(finding.stage), to_string(finding.outcome),
                     static_cast<double>(finding.took.count()) / 1000, finding.text);
  if (!finding.remedy.empty()) out += fmt::format("    {:<13} {:<8} {:>9}  -> {}\n", "", "", "", finding.remedy);
}

void json_findings(std::string& out, const std::vector<Finding>& findings) {
  out += "\"findings\":[";
  for (const Finding& finding : findings) {
    if (&finding != &findings.front()) out += ',';
    out += fmt::format("{{\"stage\":\"{}\",\"result\":\"{}\",\"microseconds\":{},\"text\":", to_string(finding.stage),
                       to_string(finding.outcome), finding.took.count());
    log::append_json_string(out, finding.text);
    if (!finding.remedy.empty()) {
      out += ",\"remedy\":";
      log::append_json_string(out, finding.remedy);
    }
    out += '}';
  }
  out += ']';
}

}  // namespace

Outcome PortReport::outcome() const { return worst(findings); }

int Report::exit_code() const {
  bool learned = false, failed = worst(findings) == Outcome::fail;
  for (const PortReport& port : ports) {
    failed = failed || port.outcome() == Outcome::fail;
    // Silence may be a firewall or a host that is not there; an ICMP message is an answer.
    const bool icmp = port.state == PortState::unreachable && port.outcome() != Outcome::unknown;
    learned = learned || port.state == PortState::open || port.state == PortState::refused || icmp;
  }
  if (!learned) return 2;
  return failed ? 1 : 0;
}

std::string format_text(const Report& report, bool verbose) {
  std::string out;
  const auto reachable =
      std::ranges::count_if(report.ports, [](const PortReport& port) { return port.state == PortState::open; });
  out += fmt::format("{} ({}): {} of {} ports open, {:.2f} s\n", log::for_terminal(report.host), report.profile,
                     reachable, report.ports.size(), static_cast<double>(report.took.count()) / 1e6);
  for (const Finding& finding : report.findings) {
    if (verbose || finding.outcome != Outcome::ok) append_finding(out, finding);
  }
  if (!report.ports.empty()) {
    out +=
        fmt::format("\n{:<5} {:<22} {:<40} {:<11} {:<8} {}\n", "PORT", "SERVICE", "ADDRESS", "STATE", "RESULT", "TLS");
  }
  int counts[4] = {};
  for (const PortReport& port : report.ports) {
    const Outcome outcome = port.outcome();
    ++counts[weight(outcome)];
    out += fmt::format("{:<5} {:<22} {:<40} {:<11} {:<8} {}\n", port.at.port, port.service, port.at.address.to_string(),
                       to_string(port.state), to_string(outcome), short_facts(port));
    for (const Finding& finding : port.findings) {
      if (verbose || finding.outcome != Outcome::ok) append_finding(out, finding);
    }
  }
  out += fmt::format("\n{} as they should be, {} could be better, {} not as they should be, {} not known.\n", counts[0],
                     counts[1], counts[3], counts[2]);
  return out;
}

std::string format_json(const Report& report) {
  std::string out = "{\"host\":";
  log::append_json_string(out, report.host);
  out += ",\"profile\":";
  log::append_json_string(out, report.profile);
  out += fmt::format(",\"microseconds\":{},\"exit_code\":{},", report.took.count(), report.exit_code());
  json_findings(out, report.findings);
  out += ",\"ports\":[";
  for (const PortReport& port : report.ports) {
    if (&port != &report.ports.front()) out += ',';
    out += fmt::format("{{\"port\":{},\"service\":", port.at.port);
    log::append_json_string(out, port.service);
    out +=
        fmt::format(",\"address\":\"{}\",\"state\":\"{}\",\"expected_open\":{},\"result\":\"{}\",\"microseconds\":{},",
                    port.at.address.to_string(), to_string(port.state), port.expected_open, to_string(port.outcome()),
                    port.took.count());
    json_findings(out, port.findings);
    out += '}';
  }
  return out + "]}";
}

}  // namespace gatepost::gate::probe
