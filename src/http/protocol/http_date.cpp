#include "http/protocol/http_date.hpp"

#include <array>
#include <chrono>

#include <fmt/format.h>

#include "base/ascii.hpp"

namespace gatepost::http {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> date_number(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  int out = 0;
  for (const char c : text) {
    if (!ascii::is_digit(c)) return std::nullopt;
    out = out * 10 + (c - '0');
  }
  return out;
}

std::optional<unsigned> month(std::string_view text) {
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (kMonths[i] == text) return i + 1;
  }
  return std::nullopt;
}

std::optional<TimePoint> moment(std::optional<int> year, std::optional<unsigned> mon, std::optional<int> day,
                                std::string_view time) {
  // time-of-day = hour ":" minute ":" second
  if (time.size() != 8 || time[2] != ':' || time[5] != ':') return std::nullopt;
  const auto hour = date_number(time.substr(0, 2)), minute = date_number(time.substr(3, 2)),
             second = date_number(time.substr(6, 2));
  if (!year || !mon || !day || !hour || !minute || !second) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  // What a clock of nanoseconds can hold; no other year is a file's.
  if (*year < 1700 || *year > 2200) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(*mon),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return TimePoint(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace

std::string format_date(TimePoint t) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
  const auto days = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss time(seconds - days);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[std::chrono::weekday(days).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

std::optional<TimePoint> parse_date(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  if (text.size() == 29 && text.substr(3, 2) == ", " && text.ends_with(" GMT")) {
    return moment(date_number(text.substr(12, 4)), month(text.substr(8, 3)), date_number(text.substr(5, 2)),
                  text.substr(17, 8));
  }
  // "Sunday, 06-Nov-94 08:49:37 GMT": two digits are a year of this century unless that lies far ahead.
  const std::size_t comma = text.find(", ");
  if (comma != std::string_view::npos && text.size() == comma + 24 && text.ends_with(" GMT")) {
    const std::string_view rest = text.substr(comma + 2);
    auto year = date_number(rest.substr(7, 2));
    if (year) *year += *year < 70 ? 2000 : 1900;
    return moment(year, month(rest.substr(3, 3)), date_number(rest.substr(0, 2)), rest.substr(10, 8));
  }
  // "Sun Nov  6 08:49:37 1994"
  if (text.size() == 24) {
    return moment(date_number(text.substr(20, 4)), month(text.substr(4, 3)),
                  date_number(ascii::trim(text.substr(8, 2))), text.substr(11, 8));
  }
  return std::nullopt;
}

}  // namespace gatepost::http
