// What administrators ask the running server about those who connect, and about mail on its way.
#include <filesystem>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "daemon/control_socket.hpp"
#include "daemon/daemon.hpp"
#include "gate/explain/mail.hpp"
#include "gate/notes/line_ring.hpp"
#include "gate/notes/peer_report.hpp"
#include "gate/policy/policy.hpp"
#include "gate/report/report.hpp"

namespace gatepost::daemon {
namespace {

namespace json = boost::json;
using admin::Reply;

constexpr std::size_t kMailLines = 2'000;
constexpr std::string_view kNoAgent =
    "The server may not read or change the firewall's rules itself, and no agent does it for it: start "
    "gatepost-gate-agent.service, or use `gatepost gate` as root.\n";
constexpr std::string_view kNotLooked = "the server may not read the firewall's rules: gatepost gate show, as root";

Reply policy_reply(const config::Config& config, const Status& status, TimePoint now) {
  const auto bound = gate::bound_sockets(to_reply(status).json);
  if (!bound) return admin::failure(bound.error(), "gate policy");
  const auto ports = gate::port_policies(config, *bound, now);
  gate::Report report = gate::show(ports, gate::intent_of(config, ports), std::nullopt, kNotLooked);
  const std::vector<gate::Finding> findings = gate::findings(config, ports, now);
  for (const gate::Finding& one : findings)
    report.text += fmt::format("{}: {}\n  -> {}\n", one.where, one.what, one.cure);
  boost::system::error_code error;
  json::value root = json::parse(report.json, error);
  if (error || !root.is_object()) return admin::failure({Errc::internal, "no JSON"}, "gate policy");
  root.as_object()["findings"] = json::parse(gate::to_json(findings), error);
  root.as_object()["agent"] = std::filesystem::is_socket(config.gate.agent, error);
  return {0, std::move(report.text), json::serialize(root)};
}

}  // namespace

Reply Daemon::explain_mail(const admin::Request& request) {
  const gate::explain::MailQuestion question{request.option("id"), request.option("from"), request.option("to")};
  const std::string& word = !question.id.empty() ? question.id : !question.to.empty() ? question.to : question.from;
  if (word.empty()) return admin::usage("mail explain wants an id, a sender or a recipient");
  const auto remembered =
      gate::notes::peer_report_from_json(gate_notes_.answer({"gate lines", {{"text", {word}}}}, {}).json);
  if (!remembered) return admin::failure(remembered.error(), "mail explain");
  admin::Services services = admin_services();
  const Reply queue = admin::run(services, {"queue list", {}});
  std::vector<std::string> missing;
  if (queue.exit_code != 0) missing.emplace_back("what waits in the queue: " + queue.text);
  gate::notes::LineFilter filter;
  filter.text = word;
  const auto stories =
      gate::explain::mail_stories(question, gate::notes::select_lines(remembered->lines, filter, kMailLines),
                                  gate::explain::waiting_from_json(queue.json));
  gate::Report report = gate::explain::mail_report(stories, missing);
  // That a mail was refused is an answer, too.
  return {0, std::move(report.text), std::move(report.json)};
}

// What only root may: done by `gatepost gate agent`, as far as it trusts us.
Reply Daemon::ask_gate_agent(const admin::Request& request) {
  admin::Request passed = request;
  passed.options["by"] = {request.asked_by};
  passed.options["over"] = {request.asked_over};
  auto reply = ask(config()->gate.agent, passed);
  if (reply) return *std::move(reply);
  if (reply.error().code != Errc::not_found) return admin::failure(reply.error(), request.verb);
  return {3, std::string(kNoAgent), {}};
}

Reply Daemon::gate_command(const admin::Request& request) {
  if (request.verb == "gate policy") return policy_reply(*config(), status(), clock_.now());
  if (request.verb == "mail explain") return explain_mail(request);
  if (request.verb.starts_with("gate ") && request.verb != "gate top" && request.verb != "gate peer") {
    return ask_gate_agent(request);
  }
  return gate_notes_.answer(request, [this] { return status(); });
}

}  // namespace gatepost::daemon
