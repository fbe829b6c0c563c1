#include "gate/report/top.hpp"

#include <algorithm>
#include <map>

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

// A screen that is filled line by line.
class Screen {
 public:
  Screen(std::size_t rows, std::size_t columns) : rows_(rows), columns_(columns) {}
  bool full() const { return rows_ != 0 && used_ >= rows_; }
  void line(std::string_view text) {
    if (full()) return;
    ++used_;
    if (columns_ != 0 && text.size() > columns_) {
      // Whole characters: half of one would put the terminal out of step.
      std::size_t end = columns_;
      while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
      text = text.substr(0, end);
    }
    out_.append(text);
    out_.push_back('\n');
  }
  std::string take() { return std::move(out_); }

 private:
  const std::size_t rows_, columns_;
  std::size_t used_ = 0;
  std::string out_;
};

std::string rate_text(const json::object& now, const std::optional<json::object>& before) {
  if (!before) return "";
  const auto at = date::parse_rfc3339(text_in(now, "now")), then = date::parse_rfc3339(text_in(*before, "now"));
  const std::uint64_t a = number_in(now, "opened"), b = number_in(*before, "opened");
  if (!at || !then || *at <= *then || a < b) return "";
  const double seconds = std::chrono::duration<double>(*at - *then).count();
  return fmt::format(", {:.1f}/s new", static_cast<double>(a - b) / seconds);
}

void services(Screen& screen, const json::object& now) {
  std::map<std::pair<std::uint64_t, std::string>, std::uint64_t> by_service;
  for (const json::value& one : array_in(now, "listeners")) {
    if (const json::object* o = one.if_object())
      by_service[{number_in(*o, "port"), text_in(*o, "name")}] += number_in(*o, "connections");
  }
  std::string text;
  for (const auto& [service, count] : by_service) text += fmt::format("{} {}  ", service.second, count);
  screen.line("Services:  " + text);
}

void totals(Screen& screen, const json::object& now) {
  const json::object* all = object_in(now, "totals");
  if (all == nullptr) return;
  std::string text;
  for (const auto& [word, label] :
       {std::pair{"audience", "not in audience"}, std::pair{"banned", "banned"}, std::pair{"connections", "full"},
        std::pair{"connections_per_address", "too many of one address"},
        std::pair{"connections_per_minute", "too often"}, std::pair{"handshake", "TLS failed"},
        std::pair{"timed_out", "silent"}}) {
    const std::uint64_t count = number_in(*all, word);
    if (count != 0) text += fmt::format("{} {}  ", label, count);
  }
  screen.line("Refused since the start:  " + (text.empty() ? std::string("nobody") : text));
}

void sources(Screen& screen, const json::object& now) {
  screen.line("");
  screen.line(fmt::format("{:<40} {:>6} {:>9} {:>9} {:>9}", "SOURCE", "OPEN", "NEW/MIN", "OPENED", "REFUSED"));
  for (const json::value& one : array_in(now, "sources")) {
    const json::object* o = one.if_object();
    if (o == nullptr) continue;
    screen.line(fmt::format("{:<40} {:>6} {:>9} {:>9} {:>9}", text_in(*o, "address"), number_in(*o, "open_now"),
                            number_in(*o, "opened_last_minute"), number_in(*o, "opened"), number_in(*o, "refused")));
  }
}

void refused(Screen& screen, const json::object& now) {
  if (array_in(now, "refused").empty()) return;
  screen.line("");
  screen.line(
      fmt::format("{:<9} {:<40} {:<14} {:>6}  {}", "REFUSED", "SOURCE", "LISTENER", "TIMES", "BY THE SERVER, BECAUSE"));
  for (const json::value& one : array_in(now, "refused")) {
    const json::object* o = one.if_object();
    if (o == nullptr) continue;
    std::string why = text_in(*o, "what");
    if (const std::string detail = text_in(*o, "detail"); !detail.empty()) why += ": " + detail;
    screen.line(fmt::format("{:<9} {:<40} {:<14} {:>6}  {}", clock_in(*o, "last"), text_in(*o, "address"),
                            text_in(*o, "listener"), number_in(*o, "count"), why));
  }
}

void firewall(Screen& screen, const json::object& now) {
  screen.line("");
  const json::object* wall = object_in(now, "firewall");
  if (wall == nullptr) {
    screen.line("Firewall: nobody tells the server of it. Run gatepost-gate-watch.service (gatepost gate watch).");
    return;
  }
  screen.line(fmt::format("Firewall: {} event(s), {} gap(s), heard of at {}", number_in(*wall, "events"),
                          number_in(*wall, "gaps"), clock_in(*wall, "fed")));
  for (const json::value& one : array_in(*wall, "busiest")) {
    const json::object* o = one.if_object();
    if (o == nullptr) continue;
    screen.line(fmt::format("  {:<40} denied {:>6} in the last minute, {:>6} in the last hour", text_in(*o, "source"),
                            number_in(*o, "denied_last_minute"), number_in(*o, "denied_last_hour")));
  }
  for (const json::value& one : array_in(*wall, "recent")) {
    const json::object* o = one.if_object();
    if (o == nullptr) continue;
    const std::string reason = text_in(*o, "reason");
    screen.line(fmt::format("  {:<9} {:<38} -> {:<5} {}{}{}", clock_in(*o, "time"), text_in(*o, "source"),
                            number_in(*o, "port"), text_in(*o, "rule"), reason.empty() ? "" : ": ", reason));
  }
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
  Screen screen(rows, columns);
  screen.line(fmt::format("gatepost gate top   {}   {}   {} connection(s) open, {} since {}{}",
                          text_in(*now, "hostname"), clock_in(*now, "now"), number_in(*now, "connections"),
                          number_in(*now, "opened"), text_in(*now, "since"), rate_text(*now, before)));
  services(screen, *now);
  totals(screen, *now);
  sources(screen, *now);
  refused(screen, *now);
  firewall(screen, *now);
  return screen.take();
}

}  // namespace gatepost::gate
