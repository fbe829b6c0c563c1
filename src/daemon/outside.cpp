#include "daemon/outside.hpp"

#include <fstream>
#include <string>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/date.hpp"
#include "base/utf8.hpp"
#include "daemon/json_values.hpp"

namespace gatepost::daemon {
namespace {

namespace json = boost::json;
using admin::Reply;

Result<Secret> first_line(const config::OutsideDirectory& of) {
  std::ifstream in(of.password_file);
  std::string line;
  if (!std::getline(in, line) || line.empty()) {
    return fail(Errc::invalid, fmt::format("[[outside_directory]] {} password_file: {} cannot be read, or is empty",
                                           of.name, of.password_file.string()));
  }
  if (line.ends_with('\r')) line.pop_back();
  return Secret(line);
}

outside::Server server_of(const config::OutsideDirectory& of, const config::OutsideServer& s) {
  return {.host = s.host,
          .port = s.port,
          .tls = s.implicit_tls   ? outside::Tls::implicit
                 : of.without_tls ? outside::Tls::none
                                  : outside::Tls::starttls};
}

json::string shown(std::string_view text) { return json::string(utf8::sanitize(text)); }

std::string time_text(TimePoint at) { return at == TimePoint{} ? "never" : date::format_rfc3339(at); }

std::string sentence(const outside::Directories::Refreshed& one) {
  if (!one.error.empty()) return fmt::format("failed: {}", one.error);
  std::string out = fmt::format("{} entries{}", one.listed, one.complete ? "" : " that changed");
  if (one.gone > 0) out += fmt::format(", {} gone", one.gone);
  if (one.stopped) out += "; nobody was disabled, because they would have been too many";
  return out;
}

json::object object(const outside::Directories::Refreshed& one) {
  return {{"name", shown(one.name)}, {"complete", one.complete}, {"listed", one.listed},
          {"gone", one.gone},        {"stopped", one.stopped},   {"error", shown(one.error)}};
}

Reply sync(outside::Directories& directories, std::stop_token stop) {
  Reply out;
  json::array all;
  for (const auto& one : directories.refresh_all(std::move(stop))) {
    out.text += fmt::format("{}: {}\n", one.name, sentence(one));
    if (!one.error.empty() || one.stopped) out.exit_code = 1;
    all.push_back(object(one));
  }
  if (out.text.empty()) out.text = "There is no [[outside_directory]] in the configuration.\n";
  out.json = json::serialize(all);
  return out;
}

Reply status(const outside::Directories& directories) {
  Reply out;
  json::array all;
  for (const auto& one : directories.state()) {
    json::array servers;
    const char* const use = one.sign_in && one.people ? "for people and sign-in"
                            : one.people              ? "for people"
                            : one.sign_in             ? "for sign-in"
                                                      : "for nothing";
    out.text += fmt::format("{}: {}; {} accounts and groups linked\n", one.name, use, one.links);
    out.text += fmt::format("  all listed {}, changes {}; the last look: {}\n", time_text(one.listed),
                            time_text(one.refreshed), one.last.name.empty() ? "none" : sentence(one.last));
    for (const auto& s : one.servers) {
      const std::string state = s.why.empty() ? "in order" : s.resting ? "failed, left alone" : "failed, to be tried";
      out.text += fmt::format("  {}  {}\n", s.server.to_string(), state);
      if (!s.why.empty()) out.text += fmt::format("    since {}: {}\n", date::format_rfc3339(s.since), s.why);
      servers.push_back(
          json::object{{"server", shown(s.server.to_string())},
                       {"tls", s.server.tls == outside::Tls::none       ? "none"
                               : s.server.tls == outside::Tls::starttls ? "starttls"
                                                                        : "implicit"},
                       {"works", s.why.empty()},
                       {"detail", shown(s.why)},
                       {"since", s.why.empty() ? json::value() : json::value(date::format_rfc3339(s.since))}});
    }
    all.push_back(json::object{{"name", shown(one.name)},
                               {"sign_in", one.sign_in},
                               {"people", one.people},
                               {"links", one.links},
                               {"listed", time_value(one.listed)},
                               {"refreshed", time_value(one.refreshed)},
                               {"last", object(one.last)},
                               {"servers", std::move(servers)}});
  }
  if (out.text.empty()) out.text = "There is no [[outside_directory]] in the configuration.\n";
  out.json = json::serialize(all);
  return out;
}

Reply test(outside::Directories& directories, const admin::Request& request) {
  const Secret password(request.option("password"));
  const auto tested = directories.test(request.option("name"), request.has("password") ? &password : nullptr);
  Reply out;
  json::array lines;
  for (const std::string& line : tested.lines) {
    out.text += utf8::sanitize(line) + "\n";
    lines.push_back(shown(line));
  }
  const bool right = tested.proof && tested.proof->kind == outside::Proof::Kind::right;
  if (!tested.found || (request.has("password") && !right)) out.exit_code = 1;
  if (out.text.empty()) out.text = "There is no [[outside_directory]] in the configuration.\n";
  json::object facts{{"found", tested.found}, {"account", shown(tested.account)}, {"lines", std::move(lines)}};
  if (tested.proof) facts["password"] = outside::to_string(tested.proof->kind);
  out.json = json::serialize(facts);
  return out;
}

}  // namespace

Result<std::vector<outside::Settings>> outside_settings(const config::Config& c) {
  std::vector<outside::Settings> out;
  for (const config::OutsideDirectory& one : c.outside_directories) {
    outside::Settings s;
    s.name = one.name;
    for (const auto& server : one.servers) s.servers.push_back(server_of(one, server));
    s.access = {.ca_file = one.ca_file,
                .connect_timeout = one.connect_timeout,
                .answer_timeout = one.answer_timeout,
                .answer_octets = one.answer_octets,
                .page_size = one.page_size};
    s.bind_dn = one.bind_dn;
    if (!one.password_file.empty()) {
      GP_TRY(s.bind_password, first_line(one));
    }
    s.base = one.base;
    s.people_filter = one.people_filter;
    s.address_filter = one.address_filter;
    s.login_filter = one.login_filter;
    s.attributes = {.address = one.address_attribute,
                    .addresses = one.addresses_attributes,
                    .display_name = one.name_attribute,
                    .unique_id = one.id_attribute,
                    .disabled = one.disabled_attribute,
                    .account_control = one.kind == config::OutsideKind::active_directory};
    s.sign_in = one.sign_in;
    s.people = one.people;
    s.groups = one.groups;
    s.group_base = one.group_base;
    s.group_filter = one.group_filter;
    s.changed_attribute = one.kind == config::OutsideKind::active_directory ? "whenChanged" : "modifyTimestamp";
    s.refresh = one.refresh;
    s.full_refresh = one.full_refresh;
    s.disable_after = one.disable_after;
    s.most_gone_percent = one.most_gone_percent;
    s.most_people = one.most_people;
    s.domains = one.domains;
    s.connections = one.connections;
    s.remember_right = one.remember_right;
    s.remember_wrong = one.remember_wrong;
    s.outlast_outage = one.outlast_outage;
    out.push_back(std::move(s));
  }
  return out;
}

Reply outside_command(outside::Directories& directories, const admin::Request& request, std::stop_token stop) {
  if (request.verb == "directory test") return test(directories, request);
  if (request.verb == "directory sync") return sync(directories, std::move(stop));
  return status(directories);
}

}  // namespace gatepost::daemon
