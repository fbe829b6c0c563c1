#include "traffic/zone.hpp"

#include <array>

#include <fmt/format.h>
#include <unicode/timezone.h>
#include <unicode/unistr.h>

namespace gatepost::traffic {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Zone::Rules {
  std::unique_ptr<const icu::TimeZone> zone;
};

Result<Zone> Zone::named(std::string_view name) {
  std::unique_ptr<icu::TimeZone> zone(name.empty()
                                          ? icu::TimeZone::detectHostTimeZone()
                                          : icu::TimeZone::createTimeZone(icu::UnicodeString::fromUTF8(icu::StringPiece(
                                                name.data(), static_cast<std::int32_t>(name.size())))));
  if (!zone) return fail(Errc::internal, "no memory for a time zone");
  icu::UnicodeString id;
  std::string found;
  zone->getID(id).toUTF8String(found);
  if (found == "Etc/Unknown") {
    // A machine without a zone counts in UTC.
    if (!name.empty()) return fail(Errc::invalid, fmt::format("there is no time zone '{}'", name));
    zone.reset(icu::TimeZone::createTimeZone("UTC"));
    found = "UTC";
  }
  return Zone(found, std::make_shared<const Rules>(Rules{std::move(zone)}));
}

seconds Zone::offset(TimePoint at) const {
  std::int32_t raw = 0;
  std::int32_t dst = 0;
  UErrorCode status = U_ZERO_ERROR;
  const auto since = std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
  rules_->zone->getOffset(static_cast<UDate>(since), 0, raw, dst, status);
  if (U_FAILURE(status)) return seconds(0);
  return std::chrono::floor<seconds>(milliseconds(raw + dst));
}

WallTime Zone::wall(TimePoint at) const { return std::chrono::floor<seconds>(at.time_since_epoch()) + offset(at); }

std::optional<TimePoint> Zone::moment(WallTime wall) const {
  // No zone changes twice within two days: the offset is that of the day before or of the day after.
  std::optional<TimePoint> first;
  for (const hours around : {hours(-24), hours(24)}) {
    const seconds guess = offset(TimePoint(wall + around));
    const TimePoint at(wall - guess);
    if (offset(at) == guess && (!first || at < *first)) first = at;
  }
  return first;
}

std::string format_wall(WallTime wall) {
  static constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  const auto day = std::chrono::floor<std::chrono::days>(wall);
  const std::chrono::sys_days date(day);
  const std::chrono::year_month_day ymd(date);
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(wall - day).count();
  return fmt::format("{} {:04}-{:02}-{:02} {:02}:{:02}", kDays[std::chrono::weekday(date).c_encoding()],
                     static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                     minutes / 60, minutes % 60);
}

}  // namespace gatepost::traffic
