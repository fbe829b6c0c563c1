#include "gate/explain/probe_reader.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

namespace gatepost::gate::explain {
namespace {

namespace json = boost::json;
using probe::Outcome;
using probe::PortState;
using probe::Stage;

constexpr std::size_t kMaxPorts = 1'000, kMaxFindings = 200, kMaxTextOctets = 2'000;

std::string text_in(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  if (v == nullptr || !v->is_string()) return {};
  return std::string(std::string_view(v->get_string()).substr(0, kMaxTextOctets));
}

std::int64_t number_in(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  if (v == nullptr) return 0;
  boost::system::error_code error;
  const auto number = v->to_number<std::int64_t>(error);
  return error ? 0 : number;
}

const json::array& array_in(const json::object& o, std::string_view key) {
  static const json::array none;
  const json::value* v = o.if_contains(key);
  return v != nullptr && v->is_array() ? v->get_array() : none;
}

// The value whose word this is.
template <class Enum>
std::optional<Enum> named(std::string_view word, Enum last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (to_string(static_cast<Enum>(i)) == word) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

std::vector<probe::Finding> findings_in(const json::object& o) {
  std::vector<probe::Finding> out;
  for (const json::value& one : array_in(o, "findings")) {
    const json::object* f = one.if_object();
    if (f == nullptr || out.size() == kMaxFindings) continue;
    const auto stage = named(text_in(*f, "stage"), Stage::action);
    const auto outcome = named(text_in(*f, "result"), Outcome::unknown);
    if (!stage || !outcome) continue;
    out.push_back({*stage, *outcome, std::chrono::microseconds(number_in(*f, "microseconds")), text_in(*f, "text"),
                   text_in(*f, "remedy")});
  }
  return out;
}

}  // namespace

Result<probe::Report> read_probe_report(std::string_view text) {
  boost::system::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error);
  const json::object* o = error ? nullptr : root.if_object();
  if (o == nullptr || !o->contains("ports")) return fail(Errc::invalid, "that is no report of gatepost probe --json");
  probe::Report out;
  out.host = text_in(*o, "host");
  out.profile = text_in(*o, "profile");
  out.findings = findings_in(*o);
  for (const json::value& one : array_in(*o, "ports")) {
    const json::object* p = one.if_object();
    if (p == nullptr || out.ports.size() == kMaxPorts) continue;
    const auto state = named(text_in(*p, "state"), PortState::failed);
    const auto address = IpAddress::parse(text_in(*p, "address"));
    const std::int64_t port = number_in(*p, "port");
    if (!state || !address || port < 1 || port > 65535) continue;
    probe::PortReport report;
    report.service = text_in(*p, "service");
    report.at = {*address, static_cast<std::uint16_t>(port)};
    report.state = *state;
    report.took = std::chrono::microseconds(number_in(*p, "microseconds"));
    report.findings = findings_in(*p);
    out.ports.push_back(std::move(report));
  }
  return out;
}

}  // namespace gatepost::gate::explain
