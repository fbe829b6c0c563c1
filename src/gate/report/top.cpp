#include "gate/report/top.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/date.hpp"
#include "base/utf8.hpp"
#include "gate/log/print.hpp"

namespace gatepost::gate {
namespace {

namespace json = boost::json;

const json::object* object_in(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  return v == nullptr ? nullptr : v->if_object();
}
const json::array& array_in(const json::object& o, std::string_view key) {
  static const json::array none;
  const json::value* v = o.if_contains(key);
  return v != nullptr && v->is_array() ? v->get_array() : none;
}
std::string text_in(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? log::for_terminal(v->get_string()) : std::string();
}
std::uint64_t number_in(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  if (v == nullptr) return 0;
  boost::system::error_code error;
  const auto number = v->to_number<std::uint64_t>(error);
  return error ? 0 : number;
}

// "14:05:11"
std::string clock_in(const json::object& o, std::string_view key) {
  const auto at = date::parse_rfc3339(text_in(o, key));
  return at ? date::format_rfc3339(*at).substr(11, 8) : "-";
}

// "11-26 14:05", of a day that is not today; else "14:05".
std::string since_text(const json::object& now) {
  const auto at = date::parse_rfc3339(text_in(now, "since")), today = date::parse_rfc3339(text_in(now, "now"));
  if (!at || !today) return "-";
  const std::string text = date::format_rfc3339(*at);
  const bool same_day = text.substr(0, 10) == date::format_rfc3339(*today).substr(0, 10);
  return same_day ? text.substr(11, 5) : text.substr(5, 5) + " " + text.substr(11, 5);
}

// Whole characters: half of one would put the terminal out of step.
std::string_view cut(std::string_view text, std::size_t columns) {
  if (columns == 0 || text.size() <= columns) return text;
  std::size_t end = columns;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

using Lines = std::vector<std::string>;

// "Label:  one  two  three", broken between words where the room ends.
Lines wrapped(std::string_view label, const std::vector<std::string>& words, std::size_t columns) {
  Lines out{std::string(label)};
  const std::string indent(label.size(), ' ');
  for (const std::string& word : words) {
    const bool first = out.back().size() == label.size();
    if (!first && columns != 0 && out.back().size() + 2 + word.size() > columns) out.push_back(indent);
    out.back() += (out.back().size() == label.size() ? "" : "  ") + word;
  }
  return out;
}

// How wide the column of `key` is to be: as what is in it, within bounds.
std::size_t width_of(const json::array& rows, std::string_view key, std::size_t least, std::size_t most) {
  std::size_t width = least;
  for (const json::value& one : rows) {
    if (const json::object* o = one.if_object()) width = std::max(width, text_in(*o, key).size());
  }
  return std::min(width, most);
}
constexpr std::size_t kAddress = 39;  // "2001:0db8:..." in full

// Which of the sections get how many lines: each what it needs when there is room for all, else equal shares, and what
// one leaves goes to the others.
std::vector<std::size_t> shares(const std::vector<Lines>& sections, std::size_t room) {
  std::vector<std::size_t> out(sections.size(), 0);
  for (bool more = true; more && room != 0;) {
    more = false;
    for (std::size_t i = 0; i < sections.size() && room != 0; ++i) {
      if (out[i] == sections[i].size()) continue;
      ++out[i];
      --room;
      more = true;
    }
  }
  return out;
}

std::string rate_text(const json::object& now, const std::optional<json::object>& before) {
  if (!before) return "";
  const auto at = date::parse_rfc3339(text_in(now, "now")), then = date::parse_rfc3339(text_in(*before, "now"));
  const std::uint64_t a = number_in(now, "opened"), b = number_in(*before, "opened");
  if (!at || !then || *at <= *then || a < b) return "";
  const double seconds = std::chrono::duration<double>(*at - *then).count();
  return fmt::format(", {:.1f}/s new", static_cast<double>(a - b) / seconds);
}

Lines services(const json::object& now, std::size_t columns) {
  std::map<std::pair<std::uint64_t, std::string>, std::uint64_t> by_service;
  for (const json::value& one : array_in(now, "listeners")) {
    if (const json::object* o = one.if_object())
      by_service[{number_in(*o, "port"), text_in(*o, "name")}] += number_in(*o, "connections");
  }
  std::vector<std::string> words;
  for (const auto& [service, count] : by_service) words.push_back(fmt::format("{} {}", service.second, count));
  return wrapped("Services:  ", words, columns);
}

Lines totals(const json::object& now, std::size_t columns) {
  const json::object* all = object_in(now, "totals");
  if (all == nullptr) return {};
  std::vector<std::string> words;
  for (const auto& [word, label] :
       {std::pair{"audience", "not in audience"}, std::pair{"banned", "banned"}, std::pair{"connections", "full"},
        std::pair{"connections_per_address", "too many of one address"},
        std::pair{"connections_per_minute", "too often"}, std::pair{"handshake", "TLS failed"},
        std::pair{"timed_out", "silent"}}) {
    const std::uint64_t count = number_in(*all, word);
    if (count != 0) words.push_back(fmt::format("{} {}", label, count));
  }
  if (words.empty()) words.emplace_back("nobody");
  return wrapped("Refused:   ", words, columns);
}

Lines sources(const json::object& now) {
  const json::array& rows = array_in(now, "sources");
  const std::size_t width = width_of(rows, "address", 15, kAddress);
  Lines out{"",
            fmt::format("{:<{}}  {:>6} {:>9} {:>9} {:>9}", "SOURCE", width, "OPEN", "NEW/MIN", "OPENED", "REFUSED")};
  for (const json::value& one : rows) {
    const json::object* o = one.if_object();
    if (o == nullptr) continue;
    out.push_back(fmt::format("{:<{}}  {:>6} {:>9} {:>9} {:>9}", text_in(*o, "address"), width,
                              number_in(*o, "open_now"), number_in(*o, "opened_last_minute"), number_in(*o, "opened"),
                              number_in(*o, "refused")));
  }
  return out;
}

Lines refused(const json::object& now) {
  const json::array& rows = array_in(now, "refused");
  if (rows.empty()) return {};
  const std::size_t width = width_of(rows, "address", 15, kAddress), name = width_of(rows, "listener", 8, 14);
  Lines out{"", fmt::format("{:<8}  {:<{}}  {:<{}} {:>6}  {}", "REFUSED", "SOURCE", width, "LISTENER", name, "TIMES",
                            "BY THE SERVER, BECAUSE")};
  for (const json::value& one : rows) {
    const json::object* o = one.if_object();
    if (o == nullptr) continue;
    std::string why = text_in(*o, "what");
    if (const std::string detail = text_in(*o, "detail"); !detail.empty()) why += ": " + detail;
    out.push_back(fmt::format("{:<8}  {:<{}}  {:<{}} {:>6}  {}", clock_in(*o, "last"), text_in(*o, "address"), width,
                              text_in(*o, "listener"), name, number_in(*o, "count"), why));
  }
  return out;
}

Lines firewall(const json::object& now) {
  const json::object* wall = object_in(now, "firewall");
  if (wall == nullptr) return {"", "Firewall: nobody tells the server of it (gatepost-gate-watch.service)."};
  const std::uint64_t gaps = number_in(*wall, "gaps");
  Lines out{"", fmt::format("FIREWALL  {} event(s){}, heard of at {}", number_in(*wall, "events"),
                            gaps == 0 ? std::string() : fmt::format(", {} gap(s)", gaps), clock_in(*wall, "fed"))};
  const json::array &busiest = array_in(*wall, "busiest"), &recent = array_in(*wall, "recent");
  const std::size_t width =
      std::max(width_of(busiest, "source", 15, kAddress), width_of(recent, "source", 15, kAddress));
  for (const json::value& one : busiest) {
    const json::object* o = one.if_object();
    if (o == nullptr) continue;
    out.push_back(fmt::format("  denied  {:<{}}  {:>6} in the last minute, {} in the last hour", text_in(*o, "source"),
                              width, number_in(*o, "denied_last_minute"), number_in(*o, "denied_last_hour")));
  }
  for (const json::value& one : recent) {
    const json::object* o = one.if_object();
    if (o == nullptr) continue;
    const std::string reason = text_in(*o, "reason");
    out.push_back(fmt::format("{:<8}  {:<{}}  to {:<5}  {}{}{}", clock_in(*o, "time"), text_in(*o, "source"), width,
                              number_in(*o, "port"), text_in(*o, "rule"), reason.empty() ? "" : ": ", reason));
  }
  return out;
}

std::optional<json::object> object_of(std::string_view text) {
  boost::system::error_code error;
  json::value root = json::parse({text.data(), text.size()}, error);
  if (error || !root.is_object()) return std::nullopt;
  return std::move(root.get_object());
}

}  // namespace

Result<std::string> render_top(std::string_view text, std::optional<std::string_view> earlier, std::size_t rows,
                               std::size_t columns) {
  const auto now = object_of(text);
  if (!now || !now->contains("sources")) return fail(Errc::invalid, "that is no answer of a server to gate top");
  const auto before = earlier ? object_of(*earlier) : std::nullopt;
  Lines head{fmt::format("{}  {}  {} open{}, {} since {}", text_in(*now, "hostname"), clock_in(*now, "now"),
                         number_in(*now, "connections"), rate_text(*now, before), number_in(*now, "opened"),
                         since_text(*now))};
  for (const Lines& more : {services(*now, columns), totals(*now, columns)}) {
    head.insert(head.end(), more.begin(), more.end());
  }
  const std::vector<Lines> sections{sources(*now), refused(*now), firewall(*now)};
  std::size_t all = 0;
  for (const Lines& section : sections) all += section.size();
  const std::size_t top = rows == 0 ? head.size() : std::min(rows, head.size());
  const std::vector<std::size_t> shown = shares(sections, rows == 0 ? all : rows - top);
  std::string out;
  const auto put = [&](const Lines& lines, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      out.append(cut(lines[i], columns));
      out.push_back('\n');
    }
  };
  put(head, top);
  for (std::size_t i = 0; i < sections.size(); ++i) put(sections[i], shown[i]);
  return out;
}

}  // namespace gatepost::gate
