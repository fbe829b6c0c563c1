#include "base/date.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "base/ascii.hpp"

namespace gatepost::date {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::size_t kMaxTextOctets = 1024;  // comments included; longer is no date
constexpr int kFirstYear = 1700;              // system_clock counts nanoseconds in 64 bits: 1678 to 2261
constexpr int kLastYear = 2260;
constexpr int kMaxZoneMinutes = 99 * 60 + 59;  // what four digits can say

struct Civil {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int zone_minutes = 0;
  int micros = 0;
};

// RFC 5322 3.3 wants a day that exists; a leap second (60) counts as the first of the next minute.
std::optional<TimePoint> to_time(const Civil& c) {
  using namespace std::chrono;
  const year_month_day day{year(c.year), month(static_cast<unsigned>(c.month)),
                           std::chrono::day(static_cast<unsigned>(c.day))};
  if (c.day < 1 || c.month < 1 || !day.ok()) return std::nullopt;
  if (c.hour > 23 || c.minute > 59 || c.second > 60) return std::nullopt;
  // A zone or a leap second may move the year by one; what counts is the year in UTC.
  if (c.year < kFirstYear - 1 || c.year > kLastYear + 1) return std::nullopt;
  const TimePoint t = TimePoint(sys_days(day)) + hours(c.hour) + minutes(c.minute - c.zone_minutes) +
                      seconds(c.second) + microseconds(c.micros);
  if (t < sys_days(year(kFirstYear) / 1 / 1) || t >= sys_days(year(kLastYear + 1) / 1 / 1)) return std::nullopt;
  return t;
}

// Broken-down time of `t` as seen `zone_minutes` east of UTC.
Civil to_civil(TimePoint t, int zone_minutes) {
  using namespace std::chrono;
  const auto local = floor<microseconds>(t) + minutes(zone_minutes);
  const auto midnight = floor<days>(local);
  const year_month_day day(midnight);
  const auto since = local - midnight;
  const auto whole = floor<seconds>(since).count();
  Civil c;
  c.year = static_cast<int>(day.year());
  c.month = static_cast<int>(static_cast<unsigned>(day.month()));
  c.day = static_cast<int>(static_cast<unsigned>(day.day()));
  c.hour = static_cast<int>(whole / 3600);
  c.minute = static_cast<int>(whole / 60 % 60);
  c.second = static_cast<int>(whole % 60);
  c.micros = static_cast<int>((since - seconds(whole)).count());
  c.zone_minutes = zone_minutes;
  return c;
}

std::string_view weekday_name(TimePoint t, int zone_minutes) {
  using namespace std::chrono;
  return kDays[weekday(floor<days>(t + minutes(zone_minutes))).c_encoding()];
}

int month_number(std::string_view name) {
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (ascii::iequals(name, kMonths[i])) return static_cast<int>(i) + 1;
  }
  return 0;
}

int clamp_zone(int zone_minutes) {
  return zone_minutes < -kMaxZoneMinutes || zone_minutes > kMaxZoneMinutes ? 0 : zone_minutes;
}

std::string format_zone(int zone_minutes) {
  const int east = zone_minutes < 0 ? -zone_minutes : zone_minutes;
  return fmt::format("{}{:02}{:02}", zone_minutes < 0 ? '-' : '+', east / 60, east % 60);
}

// Reads from the front of a text; every take_ function leaves the text alone when it fails.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // Between `least` and `most` digits, and no digit after them.
  std::optional<int> take_number(std::size_t least, std::size_t most, std::size_t* taken = nullptr) {
    std::size_t n = 0;
    int value = 0;
    while (n < rest_.size() && n <= most && ascii::is_digit(rest_[n])) {
      if (n < 9) value = value * 10 + (rest_[n] - '0');
      ++n;
    }
    if (n < least || n > most) return std::nullopt;
    rest_.remove_prefix(n);
    if (taken != nullptr) *taken = n;
    return value;
  }

  std::string_view take_letters() {
    std::size_t n = 0;
    while (n < rest_.size() && ascii::is_alpha(rest_[n])) ++n;
    const std::string_view letters = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return letters;
  }

  // CFWS (RFC 5322 3.2.2): blanks, line ends of folding, nested comments with quoted pairs. False: an open comment.
  bool skip_cfws() {
    std::size_t depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '(') {
        ++depth;
      } else if (depth > 0 && c == ')') {
        --depth;
      } else if (depth > 0 && c == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
      } else if (depth == 0 && !ascii::is_space(c)) {
        return true;
      }
      rest_.remove_prefix(1);
    }
    return depth == 0;
  }

 private:
  std::string_view rest_;
};

// zone = ("+" / "-") 4DIGIT
std::optional<int> take_numeric_zone(Reader& in) {
  const bool west = in.peek() == '-';
  if (!in.take('+') && !in.take('-')) return std::nullopt;
  const auto digits = in.take_number(4, 4);
  if (!digits || *digits % 100 > 59) return std::nullopt;
  const int value = *digits / 100 * 60 + *digits % 100;
  return west ? -value : value;
}

// RFC 5322 4.3 obs-zone. Military letters and unknown names mean -0000, nothing is known: read as UTC.
int named_zone(std::string_view name) {
  struct Zone {
    std::string_view name;
    int hours;
  };
  static constexpr Zone kZones[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5},
                                    {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
  for (const Zone& zone : kZones) {
    if (ascii::iequals(name, zone.name)) return zone.hours * 60;
  }
  return 0;
}

// RFC 5322 4.3: two digits 00-49 are 20xx, 50-99 are 19xx; three digits add 1900.
std::optional<int> take_year(Reader& in) {
  std::size_t digits = 0;
  const auto year = in.take_number(2, 9, &digits);
  if (!year) return std::nullopt;
  if (digits == 2) return *year < 50 ? 2000 + *year : 1900 + *year;
  if (digits == 3) return 1900 + *year;
  return *year;
}

// "hh:mm" [":ss"], with CFWS allowed between as obsolete forms have it.
bool take_time(Reader& in, Civil& c) {
  const auto hour = in.take_number(1, 2);
  if (!hour || !in.skip_cfws() || !in.take(':') || !in.skip_cfws()) return false;
  const auto minute = in.take_number(1, 2);
  if (!minute || !in.skip_cfws()) return false;
  c.hour = *hour;
  c.minute = *minute;
  if (!in.take(':')) return true;
  if (!in.skip_cfws()) return false;
  const auto second = in.take_number(1, 2);
  if (!second) return false;
  c.second = *second;
  return in.skip_cfws();
}

// "hh:mm:ss", two digits each.
bool take_strict_time(Reader& in, Civil& c) {
  const auto hour = in.take_number(2, 2);
  if (!hour || !in.take(':')) return false;
  const auto minute = in.take_number(2, 2);
  if (!minute || !in.take(':')) return false;
  const auto second = in.take_number(2, 2);
  if (!second) return false;
  c.hour = *hour;
  c.minute = *minute;
  c.second = *second;
  return true;
}

// date-text = date-day "-" date-month "-" date-year   (RFC 9051 9); `padded`: date-day-fixed, also with a space.
bool take_imap_date(Reader& in, Civil& c, bool padded) {
  std::optional<int> day;
  if (padded && in.take(' ')) {
    day = in.take_number(1, 1);
  } else {
    day = in.take_number(1, 2);
  }
  if (!day || !in.take('-')) return false;
  c.day = *day;
  c.month = month_number(in.take_letters());
  if (c.month == 0 || !in.take('-')) return false;
  const auto year = in.take_number(4, 4);
  if (!year) return false;
  c.year = *year;
  return true;
}

}  // namespace

// date-time = [ day-of-week "," ] date time [CFWS]
std::optional<TimePoint> parse_rfc5322(std::string_view text, int* zone_minutes) {
  if (text.size() > kMaxTextOctets) return std::nullopt;
  Reader in(text);
  Civil c;
  if (!in.skip_cfws()) return std::nullopt;
  // The day of the week says nothing that the date does not: any word is taken, also a wrong or foreign one.
  if (!in.take_letters().empty()) {
    if (!in.skip_cfws()) return std::nullopt;
    in.take(',');
    if (!in.skip_cfws()) return std::nullopt;
  }
  const auto day = in.take_number(1, 2);
  if (!day || !in.skip_cfws()) return std::nullopt;
  c.day = *day;
  c.month = month_number(in.take_letters());
  if (c.month == 0 || !in.skip_cfws()) return std::nullopt;
  const auto year = take_year(in);
  if (!year || !in.skip_cfws()) return std::nullopt;
  c.year = *year;
  if (!take_time(in, c)) return std::nullopt;
  if (in.peek() == '+' || in.peek() == '-') {
    const auto zone = take_numeric_zone(in);
    if (!zone) return std::nullopt;
    c.zone_minutes = *zone;
  } else {
    c.zone_minutes = named_zone(in.take_letters());
  }
  if (!in.skip_cfws() || !in.at_end()) return std::nullopt;
  const auto time = to_time(c);
  if (time && zone_minutes != nullptr) *zone_minutes = c.zone_minutes;
  return time;
}

std::string format_rfc5322(TimePoint t, int zone_minutes) {
  const int zone = clamp_zone(zone_minutes);
  const Civil c = to_civil(t, zone);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} {}", weekday_name(t, zone), c.day,
                     kMonths[static_cast<std::size_t>(c.month - 1)], c.year, c.hour, c.minute, c.second,
                     format_zone(zone));
}

// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
std::optional<TimePoint> parse_imap_datetime(std::string_view text) {
  Reader in(text);
  Civil c;
  if (!take_imap_date(in, c, true) || !in.take(' ') || !take_strict_time(in, c) || !in.take(' ')) return std::nullopt;
  const auto zone = take_numeric_zone(in);
  if (!zone || !in.at_end()) return std::nullopt;
  c.zone_minutes = *zone;
  return to_time(c);
}

// By hand: one for each message that a client lists.
std::string format_imap_datetime(TimePoint t, int zone_minutes) {
  const int zone = clamp_zone(zone_minutes);
  const Civil c = to_civil(t, zone);
  std::string out = "00-Xxx-0000 00:00:00 +0000";
  const auto two_digits = [&out](std::size_t at, int number) {
    out[at] = static_cast<char>('0' + number / 10 % 10);
    out[at + 1] = static_cast<char>('0' + number % 10);
  };
  const std::string_view month = kMonths[static_cast<std::size_t>(c.month - 1)];
  const int east = zone < 0 ? -zone : zone;
  two_digits(0, c.day);
  std::copy(month.begin(), month.end(), out.begin() + 3);
  two_digits(7, c.year / 100);
  two_digits(9, c.year % 100);
  two_digits(12, c.hour);
  two_digits(15, c.minute);
  two_digits(18, c.second);
  if (zone < 0) out[21] = '-';
  two_digits(22, east / 60);
  two_digits(24, east % 60);
  return out;
}

std::optional<TimePoint> parse_imap_date(std::string_view text) {
  Reader in(text);
  Civil c;
  if (!take_imap_date(in, c, false) || !in.at_end()) return std::nullopt;
  // A search for "before 1-Jan-9999" or "since 1-Jan-0001" is fair and means everything: the year is brought into
  // range.
  c.year = std::clamp(c.year, kFirstYear, kLastYear);
  if (c.month == 2 && c.day == 29 && !std::chrono::year(c.year).is_leap()) c.day = 28;
  return to_time(c);
}

std::string format_rfc3339(TimePoint t) {
  const Civil c = to_civil(t, 0);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", c.year, c.month, c.day, c.hour, c.minute, c.second,
                     c.micros / 1000);
}

// RFC 3339 5.6, any offset, up to nine digits of fraction (microseconds are kept).
std::optional<TimePoint> parse_rfc3339(std::string_view text) {
  Reader in(text);
  Civil c;
  const auto year = in.take_number(4, 4);
  if (!year || !in.take('-')) return std::nullopt;
  const auto month = in.take_number(2, 2);
  if (!month || !in.take('-')) return std::nullopt;
  const auto day = in.take_number(2, 2);
  if (!day || !(in.take('T') || in.take('t') || in.take(' ')) || !take_strict_time(in, c)) return std::nullopt;
  c.year = *year;
  c.month = *month;
  c.day = *day;
  if (in.take('.')) {
    std::size_t digits = 0;
    const auto fraction = in.take_number(1, 9, &digits);
    if (!fraction) return std::nullopt;
    std::int64_t micros = *fraction;
    for (; digits < 6; ++digits) micros *= 10;
    for (; digits > 6; --digits) micros /= 10;
    c.micros = static_cast<int>(micros);
  }
  if (!in.take('Z') && !in.take('z')) {
    const bool west = in.peek() == '-';
    if (!in.take('+') && !in.take('-')) return std::nullopt;
    const auto hours = in.take_number(2, 2);
    if (!hours || !in.take(':')) return std::nullopt;
    const auto minutes = in.take_number(2, 2);
    if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    c.zone_minutes = (*hours * 60 + *minutes) * (west ? -1 : 1);
  }
  if (!in.at_end()) return std::nullopt;
  return to_time(c);
}

}  // namespace gatepost::date
