#include "gate/notes/peer_report.hpp"

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/utf8.hpp"
#include "gate/notes/json_values.hpp"

namespace gatepost::gate::notes {
namespace {

namespace json = boost::json;

std::string at(TimePoint time) { return time == TimePoint{} ? std::string() : date::format_rfc3339(time); }

std::string string_in(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

TimePoint time_in(const json::object& o, std::string_view key) {
  return date::parse_rfc3339(string_in(o, key)).value_or(TimePoint{});
}

std::uint32_t count_in(const json::object& o, std::string_view key) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(number_in(o, key), UINT32_MAX));
}

json::object object_of(const Note& n) {
  return {{"number", n.number},           {"first", at(n.first)},
          {"last", at(n.last)},           {"address", n.remote.address.to_string()},
          {"port", n.remote.port},        {"listener", utf8::sanitize(n.listener)},
          {"what", to_string(n.what)},    {"detail", utf8::sanitize(n.detail)},
          {"connection", n.connection},   {"count", n.count},
          {"lasted_ms", n.lasted.count()}};
}

json::object object_of(const PeerSummary& p) {
  return {{"address", p.address.to_string()},
          {"first", at(p.first)},
          {"last_opened", at(p.last_opened)},
          {"last_refused", at(p.last_refused)},
          {"open_now", p.open_now},
          {"opened", p.opened},
          {"refused", p.refused},
          {"opened_last_minute", p.opened_last_minute},
          {"refused_last_minute", p.refused_last_minute}};
}

std::optional<Note> note_in(const json::value& value) {
  const json::object* o = value.if_object();
  if (o == nullptr) return std::nullopt;
  const auto address = IpAddress::parse(string_in(*o, "address"));
  const auto what = parse_what(string_in(*o, "what"));
  if (!address || !what) return std::nullopt;
  Note n;
  n.number = number_in(*o, "number");
  n.first = time_in(*o, "first");
  n.last = time_in(*o, "last");
  n.remote = {*address, static_cast<std::uint16_t>(number_in(*o, "port"))};
  n.listener = string_in(*o, "listener");
  n.what = *what;
  n.detail = string_in(*o, "detail");
  n.connection = string_in(*o, "connection");
  n.count = count_in(*o, "count");
  n.lasted = std::chrono::milliseconds(
      static_cast<std::int64_t>(std::min<std::uint64_t>(number_in(*o, "lasted_ms"), INT64_MAX)));
  return n;
}

std::optional<PeerSummary> summary_in(const json::value* value) {
  const json::object* o = value == nullptr ? nullptr : value->if_object();
  if (o == nullptr) return std::nullopt;
  const auto address = IpAddress::parse(string_in(*o, "address"));
  if (!address) return std::nullopt;
  return PeerSummary{*address,
                     time_in(*o, "first"),
                     time_in(*o, "last_opened"),
                     time_in(*o, "last_refused"),
                     count_in(*o, "open_now"),
                     count_in(*o, "opened"),
                     count_in(*o, "refused"),
                     count_in(*o, "opened_last_minute"),
                     count_in(*o, "refused_last_minute")};
}

}  // namespace

std::string to_json(const PeerReport& report) {
  json::object root{{"since", at(report.since)}};
  root["peer"] = report.peer ? json::value(object_of(*report.peer)) : json::value();
  json::array notes, lines;
  for (const Note& note : report.notes) notes.push_back(object_of(note));
  for (const std::string& line : report.lines) lines.emplace_back(utf8::sanitize(line));
  root["notes"] = std::move(notes);
  root["lines"] = std::move(lines);
  return json::serialize(root);
}

Result<PeerReport> peer_report_from_json(std::string_view text) {
  boost::system::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error);
  const json::object* o = error ? nullptr : root.if_object();
  if (o == nullptr) return fail(Errc::invalid, "no report about a peer");
  PeerReport out;
  out.since = time_in(*o, "since");
  out.peer = summary_in(o->if_contains("peer"));
  const json::value* notes = o->if_contains("notes");
  const json::value* lines = o->if_contains("lines");
  if (notes == nullptr || !notes->is_array() || lines == nullptr || !lines->is_array())
    return fail(Errc::invalid, "no report about a peer");
  for (const json::value& one : notes->get_array()) {
    if (auto note = note_in(one)) out.notes.push_back(*std::move(note));
  }
  for (const json::value& one : lines->get_array()) {
    if (one.is_string()) out.lines.emplace_back(one.get_string());
  }
  return out;
}

std::string to_json(const std::vector<Note>& notes) {
  json::array out;
  for (const Note& one : notes) out.push_back(object_of(one));
  return json::serialize(out);
}

std::string to_json(const std::vector<PeerSummary>& peers) {
  json::array out;
  for (const PeerSummary& one : peers) out.push_back(object_of(one));
  return json::serialize(out);
}

std::string sentence(const Note& n) {
  std::string out;
  switch (n.what) {
    case What::audience:
      out = "refused: outside of the listener's audience";
      break;
    case What::banned:
      out = "refused: banned";
      break;
    case What::total_limit:
      out = "refused: as many connections as the server or the listener takes";
      break;
    case What::address_limit:
      out = "refused: as many connections as one address may have";
      break;
    case What::rate_limit:
      out = "refused: connects more often in a minute than it may";
      break;
    case What::proxy_header:
      out = "refused: a trusted proxy without a PROXY header";
      break;
    case What::handshake:
      out = "TLS failed: " + n.detail;
      break;
    case What::timed_out:
      out = "closed: silent for too long";
      break;
    case What::peer_left:
      out = "the peer closed the connection";
      break;
    case What::ended:
      out = "ended in good order";
      break;
    case What::stopped:
      out = "ended: the server stopped";
      break;
    case What::failed:
      out = "ended by a defect or for lack of memory";
      break;
  }
  if (n.lasted.count() != 0) out += fmt::format(" after {} ms", n.lasted.count());
  if (n.count > 1) out += fmt::format(", {} times", n.count);
  return out;
}

}  // namespace gatepost::gate::notes
