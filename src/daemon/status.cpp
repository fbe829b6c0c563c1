#include "daemon/status.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/date.hpp"
#include "daemon/formats.hpp"
#include "daemon/texts.hpp"
#include "daemon/version.hpp"

namespace gatepost::daemon {
namespace {

namespace json = boost::json;

std::string duration(std::int64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 86400) return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
  return fmt::format("{} d {} h", seconds / 86400, seconds % 86400 / 3600);
}

std::int64_t seconds_between(TimePoint from, TimePoint to) {
  return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}

std::string as_text(const Status& s) {
  std::string out = fmt::format("Gatepost {} serves {} (pid {}), up {}.\n", version(), s.hostname, s.pid,
                                duration(seconds_between(s.started, s.now)));
  if (s.window) {
    out += fmt::format("  MAINTENANCE    since {}, until {}: nobody but administrators is served; {} turned away{}{}\n",
                       date::format_rfc3339(s.window->begun), date::format_rfc3339(s.window->until),
                       s.window->turned_away, s.window->message.empty() ? "" : ": ", s.window->message);
  }
  out += fmt::format("  configuration  {}{}\n", s.config_file,
                     s.reloaded == TimePoint{} ? std::string() : ", read again " + date::format_rfc3339(s.reloaded));
  out += fmt::format("  data           {} ({}), {} account(s){}\n", s.data_dir, s.engine, s.accounts,
                     s.disk_low ? "; FREE SPACE IS BELOW THE RESERVE: new mail is refused" : "");
  out += fmt::format("  queue          {} message(s) wait\n", s.queue);
  if (s.search) {
    out += s.search->accounts == 0
               ? std::string("  search         all is indexed\n")
               : fmt::format(
                     "  search         {} account(s) to be indexed, {} change(s) behind, {} message(s) to be read\n",
                     s.search->accounts, s.search->changes, s.search->messages);
  }
  if (s.attachments && s.attachments->accounts > 0) {
    out += fmt::format("  attachments    of {} account(s) to be looked at, {} message(s)\n", s.attachments->accounts,
                       s.attachments->messages);
  }
  out += fmt::format("  connections    {} open; signed in:", s.connections);
  for (const auto& [service, count] : s.signed_in) out += fmt::format(" {} {}", service, count);
  if (!s.imap_clients.empty()) {
    out += "\n  IMAP programs ";
    for (const auto& [name, count] : s.imap_clients) out += fmt::format(" {} ({}),", name, count);
    out.pop_back();
  }
  out += fmt::format("\n  bans           {} by address, in the {}; {} of sign-ins\n", s.bans,
                     s.ban_enforcement.firewall ? "server and the firewall"
                                                : fmt::format("server alone ({})", s.ban_enforcement.why_not),
                     s.refused_sign_ins);
  for (const auto& l : s.listeners) {
    out += fmt::format("  {:<14} {:<24} {:<10} {:<8} for {:<9} {} connection(s)\n", l.name, l.at.to_string(), l.service,
                       l.tls, l.audience, l.connections);
  }
  for (const auto& c : s.certificates) {
    out += fmt::format("  certificate    {} until {} ({} days)\n", joined(c.names), date::format_rfc3339(c.not_after),
                       seconds_between(s.now, c.not_after) / 86400);
  }
  if (!s.needs_restart.empty()) out += fmt::format("  restart needed for {}\n", joined(s.needs_restart));
  return out;
}

json::array strings(const std::vector<std::string>& words) {
  json::array out;
  for (const auto& word : words) out.emplace_back(word);
  return out;
}

json::object as_json(const Status& s) {
  json::array listeners;
  for (const auto& l : s.listeners) {
    listeners.push_back(json::object{{"name", l.name},
                                     {"service", l.service},
                                     {"tls", l.tls},
                                     {"audience", l.audience},
                                     {"address", l.at.address.to_string()},
                                     {"port", l.at.port},
                                     {"connections", l.connections}});
  }
  json::object signed_in;
  for (const auto& [service, count] : s.signed_in) signed_in[service] = count;
  json::object imap_clients;
  for (const auto& [name, count] : s.imap_clients) imap_clients[name] = count;
  json::array certificates;
  for (const auto& c : s.certificates) {
    certificates.push_back(json::object{{"names", strings(c.names)},
                                        {"subject", c.subject},
                                        {"issuer", c.issuer},
                                        {"file", c.label},
                                        {"not_before", date::format_rfc3339(c.not_before)},
                                        {"not_after", date::format_rfc3339(c.not_after)}});
  }
  json::object out{{"version", version()},
                   {"hostname", s.hostname},
                   {"pid", s.pid},
                   {"started", date::format_rfc3339(s.started)},
                   {"up_s", seconds_between(s.started, s.now)},
                   {"config", s.config_file},
                   {"data", s.data_dir},
                   {"engine", s.engine},
                   {"disk_low", s.disk_low},
                   {"accounts", s.accounts},
                   {"queue", s.queue},
                   {"connections", s.connections},
                   {"bans", s.bans},
                   {"refused_sign_ins", s.refused_sign_ins},
                   {"bans_in_firewall", s.ban_enforcement.firewall},
                   {"bans_not_in_firewall_because", s.ban_enforcement.why_not}};
  out["reloaded"] = s.reloaded == TimePoint{} ? json::value() : json::value(date::format_rfc3339(s.reloaded));
  out["search"] =
      s.search
          ? json::value(json::object{
                {"accounts", s.search->accounts}, {"changes", s.search->changes}, {"messages", s.search->messages}})
          : json::value();
  out["attachments"] =
      s.attachments
          ? json::value(json::object{{"accounts", s.attachments->accounts}, {"messages", s.attachments->messages}})
          : json::value();
  out["signed_in"] = std::move(signed_in);
  out["imap_clients"] = std::move(imap_clients);
  out["listeners"] = std::move(listeners);
  out["certificates"] = std::move(certificates);
  out["needs_restart"] = strings(s.needs_restart);
  out["managed"] = s.managed;
  out["drain_limit_s"] = s.drain_limit.count();
  out["draining"] = s.draining;
  out["maintenance"] = s.window ? json::value(json::object{{"begun", date::format_rfc3339(s.window->begun)},
                                                           {"until", date::format_rfc3339(s.window->until)},
                                                           {"message", s.window->message},
                                                           {"turned_away", s.window->turned_away}})
                                : json::value();
  out["formats"] = json::parse(to_json(this_program())).as_object().at("formats");
  out["took_over"] =
      s.predecessor
          ? json::value(json::object{
                {"told", s.predecessor->told}, {"cut", s.predecessor->cut}, {"drain_ms", s.predecessor->took.count()}})
          : json::value();
  return out;
}

}  // namespace

admin::Reply to_reply(const Status& status) {
  admin::Reply reply;
  reply.text = as_text(status);
  reply.json = json::serialize(as_json(status));
  return reply;
}

}  // namespace gatepost::daemon
