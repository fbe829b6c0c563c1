#include "sieve/moment.hpp"

#include <chrono>
#include <cstdlib>

#include <fmt/format.h>

#include "base/ascii.hpp"

namespace gatepost::sieve {
namespace {

std::string zone_text(int minutes, bool with_colon) {
  const int size = std::abs(minutes);
  return fmt::format("{}{:02}{}{:02}", minutes < 0 ? '-' : '+', size / 60, with_colon ? ":" : "", size % 60);
}

}  // namespace

std::optional<std::string> date_part(TimePoint at, int zone_minutes, std::string_view part) {
  using namespace std::chrono;
  const auto local = floor<seconds>(at) + minutes(zone_minutes);
  const auto day = floor<days>(local);
  const year_month_day date(day);
  const hh_mm_ss time(local - day);
  const int year = static_cast<int>(date.year());
  const unsigned month = static_cast<unsigned>(date.month()), in_month = static_cast<unsigned>(date.day());
  const auto hour = time.hours().count(), minute = time.minutes().count(), second = time.seconds().count();
  const std::string date_text = fmt::format("{:04}-{:02}-{:02}", year, month, in_month);
  const std::string time_text = fmt::format("{:02}:{:02}:{:02}", hour, minute, second);
  if (part == "year") return fmt::format("{:04}", year);
  if (part == "month") return fmt::format("{:02}", month);
  if (part == "day") return fmt::format("{:02}", in_month);
  if (part == "date") return date_text;
  if (part == "julian") {
    constexpr int kModifiedJulianDayOf1970 = 40'587;
    return std::to_string(day.time_since_epoch().count() + kModifiedJulianDayOf1970);
  }
  if (part == "hour") return fmt::format("{:02}", hour);
  if (part == "minute") return fmt::format("{:02}", minute);
  if (part == "second") return fmt::format("{:02}", second);
  if (part == "time") return time_text;
  if (part == "iso8601") {
    return date_text + "T" + time_text + (zone_minutes == 0 ? "Z" : zone_text(zone_minutes, true));
  }
  if (part == "std11") return date::format_rfc5322(at, zone_minutes);
  if (part == "zone") return zone_text(zone_minutes, false);
  if (part == "weekday") return std::to_string(weekday(day).c_encoding());
  return std::nullopt;
}

std::optional<TimePoint> field_date(std::string_view value, int& zone_minutes) {
  if (const auto whole = date::parse_rfc5322(ascii::trim(value), &zone_minutes)) return whole;
  const std::size_t semicolon = value.rfind(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  return date::parse_rfc5322(ascii::trim(value.substr(semicolon + 1)), &zone_minutes);
}

}  // namespace gatepost::sieve
