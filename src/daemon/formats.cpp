#include "daemon/formats.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "daemon/version.hpp"

namespace gatepost::daemon {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxFormats = 64;

const Format* format_named(const std::vector<Format>& list, std::string_view name) {
  const auto at = std::ranges::find(list, name, &Format::name);
  return at == list.end() ? nullptr : &*at;
}

// "0.10.2" as numbers, so that 10 comes behind 9.
std::vector<std::uint32_t> parts_of(std::string_view version) {
  std::vector<std::uint32_t> out;
  while (!version.empty()) {
    std::uint32_t part = 0;
    const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), part);
    if (error != std::errc()) break;
    out.push_back(part);
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (!version.starts_with('.')) break;
    version.remove_prefix(1);
  }
  return out;
}

std::optional<std::uint32_t> format_number(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code ec;
  const auto out = value->to_number<std::uint32_t>(ec);
  return ec ? std::nullopt : std::optional(out);
}

}  // namespace

const std::vector<Format>& formats() {
  static const std::vector<Format> all = {{.name = "store"},
                                          {.name = "account", .reads_to = 3, .writes = 3},
                                          {.name = "directory"},
                                          {.name = "queue", .reads_to = 2, .writes = 2},
                                          {.name = "traffic"}};
  return all;
}

ProgramFacts this_program() { return {std::string(version()), formats()}; }

std::string to_json(const ProgramFacts& facts) {
  json::array list;
  for (const Format& f : facts.formats) {
    list.push_back(
        json::object{{"name", f.name}, {"reads_from", f.reads_from}, {"reads_to", f.reads_to}, {"writes", f.writes}});
  }
  return json::serialize(json::object{{"version", facts.version}, {"formats", std::move(list)}});
}

Result<ProgramFacts> program_facts_from_json(std::string_view text) {
  boost::system::error_code ec;
  const json::value parsed = json::parse(text, ec);
  const auto* object = ec ? nullptr : parsed.if_object();
  const auto* name = object != nullptr ? object->if_contains("version") : nullptr;
  const auto* list = object != nullptr ? object->if_contains("formats") : nullptr;
  if (name == nullptr || !name->is_string() || list == nullptr || !list->is_array() ||
      list->get_array().size() > kMaxFormats) {
    return fail(Errc::invalid, "it does not say which formats it reads and writes");
  }
  ProgramFacts out;
  out.version = name->get_string();
  for (const json::value& one : list->get_array()) {
    const auto* row = one.if_object();
    const auto* what = row != nullptr ? row->if_contains("name") : nullptr;
    if (what == nullptr || !what->is_string()) return fail(Errc::invalid, "a format without a name");
    const auto from = format_number(*row, "reads_from");
    const auto to = format_number(*row, "reads_to");
    const auto writes = format_number(*row, "writes");
    if (!from || !to || !writes) return fail(Errc::invalid, "a format without its numbers");
    out.formats.push_back({std::string(what->get_string()), *from, *to, *writes});
  }
  return out;
}

UpgradeVerdict judge_upgrade(const ProgramFacts& running, const ProgramFacts& next) {
  UpgradeVerdict out;
  const auto mine = parts_of(running.version);
  const auto its = parts_of(next.version);
  out.kind = its < mine   ? UpgradeVerdict::Kind::downgrade
             : its > mine ? UpgradeVerdict::Kind::upgrade
                          : UpgradeVerdict::Kind::same;
  for (const Format& f : running.formats) {
    const Format* const other = format_named(next.formats, f.name);
    if (other != nullptr && f.writes >= other->reads_from && f.writes <= other->reads_to) continue;
    out.kind = UpgradeVerdict::Kind::unreadable;
    out.detail = fmt::format("{}: format {} is in use, the new program reads {}", f.name, f.writes,
                             other == nullptr ? "none" : fmt::format("{} to {}", other->reads_from, other->reads_to));
    out.way_back = false;
    return out;
  }
  for (const Format& f : next.formats) {
    const Format* const other = format_named(running.formats, f.name);
    // What the running program has never heard of does not disturb it.
    if (other == nullptr || (f.writes >= other->reads_from && f.writes <= other->reads_to)) continue;
    out.way_back = false;
    out.detail = fmt::format("{}: the new program writes format {}, the running one reads {} to {}", f.name, f.writes,
                             other->reads_from, other->reads_to);
  }
  return out;
}

}  // namespace gatepost::daemon
