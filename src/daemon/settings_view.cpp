#include "daemon/settings_view.hpp"

#include <map>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "config/settings.hpp"
#include "daemon/settings.hpp"

namespace gatepost::daemon {

namespace json = boost::json;

admin::Reply settings_view(const std::filesystem::path& file, const config::Config* running) {
  const config::LoadOutcome loaded = config::load_and_check(file);
  if (!loaded.ok()) {
    for (const config::Problem& problem : loaded.problems) {
      if (problem.severity == config::Severity::error) {
        return admin::failure({Errc::invalid, problem.text()}, file.string());
      }
    }
  }
  std::map<std::pair<std::string, std::string>, std::string> present;
  for (const config::Setting& one :
       running != nullptr ? config::settings(*running, loaded.lines) : std::vector<config::Setting>()) {
    present[{one.table, one.name}] = one.value;
  }
  admin::Reply reply;
  json::array array;
  std::string table;
  for (const config::Setting& one : config::settings(loaded.config, loaded.lines)) {
    const bool restart = needs_restart(one.table, one.name);
    const auto now = present.find({one.table, one.name});
    const bool waits = running != nullptr && (now == present.end() || now->second != one.value);
    if (one.table != table) {
      reply.text += fmt::format("{}{}\n", table.empty() ? "" : "\n", one.table);
      table = one.table;
    }
    const std::string source = one.line == 0 ? "default" : fmt::format("line {}", one.line);
    reply.text += fmt::format("{} = {}  # {}{}\n", one.name, one.value, source,
                              waits ? (restart ? ", waits for a restart" : ", waits for a reload") : "");
    array.push_back(
        json::object{{"table", one.table},
                     {"name", one.name},
                     {"value", one.value},
                     {"default", one.preset},
                     {"source", one.line == 0 ? std::string("default") : fmt::format("{}:{}", file.string(), one.line)},
                     {"type", one.type},
                     {"meaning", one.meaning},
                     {"restart", restart},
                     {"waits", waits}});
  }
  reply.json = json::serialize(json::object{{"file", file.string()}, {"settings", std::move(array)}});
  return reply;
}

}  // namespace gatepost::daemon
