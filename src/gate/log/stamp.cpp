#include "gate/log/stamp.hpp"

#include <array>
#include <chrono>

#include "base/ascii.hpp"
#include "gate/log/text.hpp"

namespace gatepost::gate::log::stamp {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// What a log can be about, and TimePoint, which counts nanoseconds, can hold.
constexpr int kFirstYear = 1970, kLastYear = 2199;
constexpr std::chrono::microseconds kLatest = std::chrono::seconds(7'258'118'399);  // the end of 2199

// Exactly `digits` digits.
bool take_digits(std::string_view& rest, std::size_t digits, unsigned& value) {
  if (rest.size() < digits) return false;
  unsigned read = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const auto digit = static_cast<unsigned>(rest[i] - '0');
    if (digit > 9) return false;
    read = read * 10 + digit;
  }
  value = read;
  rest.remove_prefix(digits);
  return true;
}

bool take_char(std::string_view& rest, char c) {
  if (rest.empty() || rest.front() != c) return false;
  rest.remove_prefix(1);
  return true;
}

// "06:15:44", "06:15:44.123456"; finer digits are dropped.
bool take_time(std::string_view& rest, Civil& into) {
  if (!take_digits(rest, 2, into.hour) || !take_char(rest, ':') || !take_digits(rest, 2, into.minute) ||
      !take_char(rest, ':') || !take_digits(rest, 2, into.second)) {
    return false;
  }
  if (rest.size() < 2 || (rest[0] != '.' && rest[0] != ',') || !ascii::is_digit(rest[1])) return true;
  rest.remove_prefix(1);
  into.has_fraction = true;
  unsigned scale = 100'000;
  for (; !rest.empty() && ascii::is_digit(rest.front()); rest.remove_prefix(1), scale /= 10) {
    into.microsecond += static_cast<unsigned>(rest.front() - '0') * scale;
  }
  return true;
}

// "Z", "+01:00", "-0530", "+02".
void take_zone(std::string_view& rest, Civil& into) {
  if (take_char(rest, 'Z')) {
    into.zone_minutes = 0;
    return;
  }
  if (rest.empty() || (rest.front() != '+' && rest.front() != '-')) return;
  std::string_view ahead = rest.substr(1);
  unsigned hours = 0, minutes = 0;
  if (!take_digits(ahead, 2, hours)) return;
  std::string_view further = ahead;
  take_char(further, ':');
  if (take_digits(further, 2, minutes)) ahead = further;
  if (hours > 23 || minutes > 59) return;
  const int total = static_cast<int>(hours * 60 + minutes);
  into.zone_minutes = rest.front() == '-' ? -total : total;
  rest = ahead;
}

std::optional<TimePoint> instant(const Civil& civil, int year, int zone_minutes) {
  using namespace std::chrono;
  if (year < kFirstYear || year > kLastYear) return std::nullopt;
  const year_month_day date{std::chrono::year(year), month(civil.month), day(civil.day)};
  if (!date.ok() || civil.hour > 23 || civil.minute > 59 || civil.second > 60) return std::nullopt;
  return sys_days(date) + hours(civil.hour) + minutes(static_cast<int>(civil.minute) - zone_minutes) +
         seconds(civil.second) + microseconds(civil.microsecond);
}

}  // namespace

std::optional<Civil> take_iso(std::string_view& rest) {
  std::string_view ahead = rest;
  Civil civil;
  unsigned year = 0;
  if (!take_digits(ahead, 4, year) || ahead.empty() || (ahead.front() != '-' && ahead.front() != '/')) {
    return std::nullopt;
  }
  const char separator = ahead.front();
  ahead.remove_prefix(1);
  if (!take_digits(ahead, 2, civil.month) || !take_char(ahead, separator) || !take_digits(ahead, 2, civil.day)) {
    return std::nullopt;
  }
  if (!take_char(ahead, 'T') && !take_char(ahead, ' ')) return std::nullopt;
  if (!take_time(ahead, civil)) return std::nullopt;
  take_zone(ahead, civil);
  civil.year = year == 0 ? -1 : static_cast<int>(year);  // 0 would mean that none is written
  rest = ahead;
  return civil;
}

std::optional<Civil> take_bsd(std::string_view& rest) {
  if (rest.size() < 15) return std::nullopt;  // "Nov  9 06:15:44"
  Civil civil;
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (rest.starts_with(kMonths[i])) civil.month = i + 1;
  }
  if (civil.month == 0 || rest[3] != ' ') return std::nullopt;
  std::string_view ahead = rest.substr(4);
  text::skip_blanks(ahead);
  if (!take_digits(ahead, 2, civil.day) && !take_digits(ahead, 1, civil.day)) return std::nullopt;
  if (!take_char(ahead, ' ')) return std::nullopt;
  std::string_view further = ahead;
  unsigned year = 0;
  if (take_digits(further, 4, year) && take_char(further, ' ')) {
    civil.year = static_cast<int>(year);
    ahead = further;
  }
  if (!take_time(ahead, civil)) return std::nullopt;
  rest = ahead;
  return civil;
}

std::optional<std::chrono::microseconds> take_uptime(std::string_view& rest) {
  if (rest.empty() || rest.front() != '[') return std::nullopt;
  std::string_view ahead = rest.substr(1);
  text::skip_blanks(ahead);
  const std::size_t dot = ahead.find_first_not_of("0123456789");
  if (dot == std::string_view::npos || ahead[dot] != '.') return std::nullopt;
  constexpr std::uint64_t kLongestUptime = 10ULL * 366 * 24 * 3600 * 10;  // a century
  const auto seconds = text::number(ahead.substr(0, dot), kLongestUptime);
  ahead.remove_prefix(dot + 1);
  unsigned micros = 0;
  if (!seconds || !take_digits(ahead, 6, micros) || !take_char(ahead, ']')) return std::nullopt;
  if (ahead.starts_with("[ ") || ahead.starts_with("[T") || ahead.starts_with("[C")) {
    const std::size_t end = ahead.find(']');
    if (end != std::string_view::npos && end < 16) ahead.remove_prefix(end + 1);
  }
  take_char(ahead, ' ');
  rest = ahead;
  return std::chrono::seconds(*seconds) + std::chrono::microseconds(micros);
}

std::optional<Stamp> resolve(const Civil& civil, const Context& context) {
  Stamp stamp;
  const int zone = civil.zone_minutes.value_or(context.utc_offset_minutes);
  stamp.zone_assumed = !civil.zone_minutes;
  stamp.has_fraction = civil.has_fraction;
  stamp.known = true;
  if (civil.year != 0 || context.reference_year != 0) {
    stamp.year_assumed = civil.year == 0;
    const auto at = instant(civil, civil.year != 0 ? civil.year : context.reference_year, zone);
    if (!at) return std::nullopt;
    stamp.at = *at;
    return stamp;
  }
  if (!context.now) return std::nullopt;
  // The latest year that does not put the line into the future; a day's grace for clocks that are off.
  stamp.year_assumed = true;
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(*context.now));
  for (int year = static_cast<int>(today.year()) + 1, tried = 0; tried < 10; --year, ++tried) {  // 29 February: 8 years
    const auto at = instant(civil, year, zone);
    if (!at || *at > *context.now + std::chrono::days(1)) continue;
    stamp.at = *at;
    return stamp;
  }
  return std::nullopt;
}

Stamp since_boot(std::chrono::microseconds uptime, const Context& context) {
  Stamp stamp;
  if (!context.boot_time) return stamp;
  stamp.at = *context.boot_time + uptime;
  // Later than now: it counts from another start than this machine's last one, and nobody knows which.
  if (context.now && stamp.at > *context.now + std::chrono::minutes(1)) return {};
  stamp.known = true;
  stamp.has_fraction = true;
  return stamp;
}

Stamp from_epoch(std::chrono::microseconds since_1970, bool has_fraction) {
  Stamp stamp;
  if (since_1970 < std::chrono::microseconds(0) || since_1970 > kLatest) return stamp;
  stamp.at = TimePoint(since_1970);
  stamp.known = true;
  stamp.has_fraction = has_fraction;
  return stamp;
}

void drop_priority(std::string_view& rest) {
  if (rest.empty() || rest.front() != '<') return;
  const std::size_t end = rest.find('>');
  if (end == std::string_view::npos || end > 4 || !text::number(rest.substr(1, end - 1), 255)) return;
  rest.remove_prefix(end + 1);
}

namespace {

// RFC 5424 6: after the stamp come HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA.
void take_rfc5424(std::string_view& rest, Header& header) {
  header.host = text::take_word(rest);
  for (int i = 0; i < 3; ++i) text::take_word(rest);
  text::skip_blanks(rest);
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find("] ");
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  } else {
    text::take_word(rest);
  }
  text::skip_blanks(rest);
  text::take(rest, "\xef\xbb\xbf");
}

// "kernel:", "ulogd[812]:" are who wrote the line; any other word belongs to the message, for a rule's prefix looks the
// same.
void drop_tag(std::string_view& rest) {
  for (const std::string_view tag : {std::string_view("kernel"), std::string_view("ulogd")}) {
    if (!rest.starts_with(tag)) continue;
    std::string_view ahead = rest.substr(tag.size());
    if (ahead.starts_with('[')) {
      const std::size_t end = ahead.find(']');
      if (end == std::string_view::npos || !text::number(ahead.substr(1, end - 1))) return;
      ahead.remove_prefix(end + 1);
    }
    if (!take_char(ahead, ':')) return;
    text::skip_blanks(ahead);
    rest = ahead;
    return;
  }
}

// "Mon " before a stamp: the journal's short-full form and dmesg -T.
bool take_weekday(std::string_view& rest) {
  for (const std::string_view day : {"Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "}) {
    if (text::take(rest, day)) return true;
  }
  return false;
}

// dmesg -T: "[Mon Nov  9 06:17:39 2026] ".
std::optional<Civil> take_dmesg_time(std::string_view& rest) {
  std::string_view ahead = rest;
  if (!take_char(ahead, '[') || !take_weekday(ahead)) return std::nullopt;
  auto civil = take_bsd(ahead);
  unsigned year = 0;
  if (!civil || !take_char(ahead, ' ') || !take_digits(ahead, 4, year) || !take_char(ahead, ']')) return std::nullopt;
  civil->year = static_cast<int>(year);
  take_char(ahead, ' ');
  rest = ahead;
  return civil;
}

// The journal's short-full form ends its stamp with a zone's name; only one of those says which offset it means.
void take_zone_name(std::string_view& rest, Civil& civil) {
  std::string_view ahead = rest;
  const std::string_view word = text::take_word(ahead);
  if (word.empty() || word.size() > 5 || word != ascii::to_upper(word)) return;
  if (word == "UTC" || word == "GMT") civil.zone_minutes = 0;
  rest = ahead;
}

}  // namespace

Header take_header(std::string_view line, const Context& context) {
  Header header;
  drop_priority(line);
  text::skip_blanks(line);
  const bool rfc5424 = line.starts_with("1 ") && line.size() > 6 && ascii::is_digit(line[2]);
  if (rfc5424) line.remove_prefix(2);

  const auto settle = [&](const Civil& civil) {
    if (const auto found = resolve(civil, context)) {
      header.time = *found;
    } else {
      header.damaged = civil.year != 0 || context.reference_year != 0 || context.now.has_value();
    }
  };
  bool host_follows = true;
  if (auto civil = take_bsd(line)) {
    settle(*civil);
  } else if (std::string_view ahead = line; take_weekday(ahead)) {
    if (auto full = take_iso(ahead)) {
      take_zone_name(ahead, *full);
      settle(*full);
      line = ahead;
    }
  } else if (const std::string_view before = line; auto iso = take_iso(line)) {
    settle(*iso);
    // dmesg --time-format=iso is the only one to write a comma, and it names no host.
    host_follows = before.size() < 20 || before[19] != ',';
  } else if (auto dmesg = take_dmesg_time(line)) {
    settle(*dmesg);
    host_follows = false;
  } else if (const auto uptime = take_uptime(line)) {
    header.time = since_boot(*uptime, context);
    // The journal's short-monotonic form has host and "kernel:" after it.
    std::string_view further = line;
    text::take_word(further);
    text::skip_blanks(further);
    if (further.starts_with("kernel:")) {
      line = further;
      drop_tag(line);
    }
    header.message = line;
    return header;
  } else {
    // The journal's short-unix form.
    std::string_view epoch = line;
    const std::string_view word = text::take_word(epoch);
    const std::size_t dot = word.find('.');
    const auto seconds = text::number(word.substr(0, dot), 99'999'999'999);
    const auto micros =
        dot != std::string_view::npos && word.size() - dot == 7 ? text::number(word.substr(dot + 1)) : std::nullopt;
    if (!seconds || !micros || dot < 9) {
      drop_tag(line);
      take_uptime(line);
      header.message = line;
      return header;
    }
    header.time = from_epoch(std::chrono::seconds(*seconds) + std::chrono::microseconds(*micros), true);
    line = epoch;
  }
  text::skip_blanks(line);
  if (rfc5424) {
    take_rfc5424(line, header);
  } else if (host_follows && !line.starts_with("IN=")) {
    header.host = text::take_word(line);
    text::skip_blanks(line);
  }
  drop_tag(line);
  take_uptime(line);
  header.message = line;
  return header;
}

}  // namespace gatepost::gate::log::stamp
