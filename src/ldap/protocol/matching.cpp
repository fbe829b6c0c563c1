#include "ldap/protocol/matching.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/utf8.hpp"
#include "ldap/protocol/dn.hpp"
#include "ldap/protocol/schema.hpp"

namespace gatepost::ldap {
namespace {

// RFC 4518 2.2 to 2.4 for what is not ASCII. nullopt: not UTF-8, or private and unassigned code points (2.4).
std::optional<std::string> unicode_prepared(std::string_view value, bool fold) {
  if (!utf8::is_valid(value)) return std::nullopt;
  UErrorCode error = U_ZERO_ERROR;
  const auto* normalizer =
      fold ? icu::Normalizer2::getNFKCCasefoldInstance(error) : icu::Normalizer2::getNFKCInstance(error);
  if (U_FAILURE(error)) return std::nullopt;
  const auto text = normalizer->normalize(
      icu::UnicodeString::fromUTF8(icu::StringPiece(value.data(), static_cast<std::int32_t>(value.size()))), error);
  if (U_FAILURE(error)) return std::nullopt;
  std::string folded, out;
  text.toUTF8String(folded);
  for (std::string_view rest = folded; !rest.empty();) {
    const char32_t c = utf8::next(rest);
    const auto code = static_cast<UChar32>(c);
    const auto type = u_charType(code);
    if (type == U_UNASSIGNED || type == U_PRIVATE_USE_CHAR || c == U'\ufffd') return std::nullopt;
    if (u_isUWhiteSpace(code)) {
      out.push_back(' ');
    } else if (type != U_CONTROL_CHAR && type != U_FORMAT_CHAR) {
      utf8::append(out, c);
    }
  }
  return out;
}

std::optional<std::string> mapped(std::string_view value, bool fold) {
  if (!utf8::is_ascii(value)) return unicode_prepared(value, fold);
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f') {
      out.push_back(' ');
    } else if (!ascii::is_control(c)) {
      out.push_back(fold ? ascii::lower(c) : c);
    }
  }
  return out;
}

// RFC 4518 2.6.1: of blanks only that there are some counts.
std::string squeezed(std::string_view text, bool drop_leading, bool drop_trailing) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool again = c == ' ' && (out.empty() ? drop_leading : out.back() == ' ');
    if (!again) out.push_back(c);
  }
  if (drop_trailing && !out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string without(std::string_view text, std::string_view dropped) {
  std::string out;
  std::ranges::copy_if(text, std::back_inserter(out), [&](char c) { return !dropped.contains(c); });
  return out;
}

// RFC 4517 3.3.16: no leading zeros, no "-0".
std::optional<std::string> prepared_integer(std::string_view value) {
  const std::string_view digits = value.starts_with('-') ? value.substr(1) : value;
  if (digits.empty() || digits.size() > 40 || !std::ranges::all_of(digits, ascii::is_digit)) return std::nullopt;
  if (digits.front() == '0' && (digits.size() > 1 || digits.size() != value.size())) return std::nullopt;
  return std::string(value);
}

// RFC 4517 3.3.13: year to hour at least, then minutes, seconds, a fraction of the last, and a zone. The prepared form
// is in UTC with microseconds.
std::optional<std::string> prepared_time(std::string_view value) {
  using namespace std::chrono;
  const auto number = [&](std::size_t digits) -> int {
    int out = 0;
    if (value.size() < digits) return -1;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!ascii::is_digit(value[i])) return -1;
      out = 10 * out + (value[i] - '0');
    }
    value.remove_prefix(digits);
    return out;
  };
  const int y = number(4), m = number(2), d = number(2), h = number(2);
  const year_month_day day{year(y), month(static_cast<unsigned>(std::max(m, 0))),
                           std::chrono::day(static_cast<unsigned>(std::max(d, 0)))};
  if (y < 0 || h < 0 || h > 23 || !day.ok()) return std::nullopt;
  microseconds at = sys_days(day).time_since_epoch() + hours(h);
  microseconds unit = hours(1);
  for (const microseconds step : {microseconds(minutes(1)), microseconds(seconds(1))}) {
    if (value.empty() || !ascii::is_digit(value.front())) break;
    const int n = number(2);
    if (n < 0 || n > (step == seconds(1) ? 60 : 59)) return std::nullopt;
    at += n * step;
    unit = step;
  }
  if (value.starts_with('.') || value.starts_with(',')) {
    value.remove_prefix(1);
    if (value.empty() || !ascii::is_digit(value.front())) return std::nullopt;
    std::int64_t scale = unit.count();
    while (!value.empty() && ascii::is_digit(value.front())) {
      scale /= 10;
      at += microseconds((value.front() - '0') * scale);
      value.remove_prefix(1);
    }
  }
  if (value.starts_with('+') || value.starts_with('-')) {
    const int sign = value.front() == '-' ? 1 : -1;
    value.remove_prefix(1);
    const int zone_hours = number(2), zone_minutes = value.empty() ? 0 : number(2);
    if (zone_hours < 0 || zone_hours > 23 || zone_minutes < 0 || zone_minutes > 59) return std::nullopt;
    at += sign * (hours(zone_hours) + minutes(zone_minutes));
  } else if (value == "Z") {
    value.remove_prefix(1);
  } else {
    return std::nullopt;
  }
  if (!value.empty()) return std::nullopt;
  // Sortable as octets for all years of four digits.
  const sys_time<microseconds> when(at);
  const auto date = floor<days>(when);
  const year_month_day ymd(date);
  const auto within = when - date;
  return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}.{:06}", static_cast<int>(ymd.year()),
                     static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()), within / hours(1),
                     within % hours(1) / minutes(1), within % minutes(1) / seconds(1),
                     within % seconds(1) / microseconds(1));
}

// A name is as good as the number it stands for.
std::optional<std::string> prepared_oid(std::string_view value) {
  if (value.empty()) return std::nullopt;
  if (const ObjectClass* found = find_class(value)) return std::string(found->oid);
  if (const AttributeType* found = find_attribute(value)) return std::string(found->oid);
  return ascii::to_lower(value);
}

// RFC 4530 2.1: 8-4-4-4-12 hex digits in any case.
std::optional<std::string> prepared_uuid(std::string_view value) {
  constexpr std::size_t kOctets = 36;
  if (value.size() != kOctets) return std::nullopt;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = ascii::lower(value[i]);
    if (hyphen ? c != '-' : !(ascii::is_digit(c) || (c >= 'a' && c <= 'f'))) return std::nullopt;
  }
  return ascii::to_lower(value);
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::string> prepare(Rule rule, std::string_view value) {
  switch (rule) {
    case Rule::none:
    case Rule::octet_string:
      return std::string(value);
    case Rule::case_ignore:
    case Rule::case_exact: {
      const auto text = mapped(value, rule == Rule::case_ignore);
      if (!text) return std::nullopt;
      return squeezed(*text, true, true);
    }
    case Rule::numeric_string:  // RFC 4518 2.6.2
      if (!std::ranges::all_of(value, [](char c) { return ascii::is_digit(c) || c == ' '; })) return std::nullopt;
      return without(value, " ");
    case Rule::telephone_number:  // RFC 4518 2.6.3
      if (!utf8::is_valid(value)) return std::nullopt;
      return ascii::to_lower(without(value, " -"));
    case Rule::distinguished_name:
    case Rule::transitive_membership: {
      const auto dn = parse_dn(value);
      if (!dn) return std::nullopt;
      return normal_form(*dn);
    }
    case Rule::integer:
    case Rule::bit_and:
    case Rule::bit_or:
      return prepared_integer(value);
    case Rule::boolean:
      if (value != "TRUE" && value != "FALSE") return std::nullopt;
      return std::string(value);
    case Rule::generalized_time:
      return prepared_time(value);
    case Rule::object_identifier:
      return prepared_oid(value);
    case Rule::uuid:
      return prepared_uuid(value);
  }
  return std::nullopt;
}

std::optional<std::string> prepare_part(Rule rule, std::string_view part, bool from_start, bool to_end) {
  if (rule != Rule::case_ignore && rule != Rule::case_exact) return prepare(rule, part);
  const auto text = mapped(part, rule == Rule::case_ignore);
  if (!text) return std::nullopt;
  return squeezed(*text, from_start, to_end);
}

int compare(Rule rule, std::string_view a, std::string_view b) {
  if (rule == Rule::integer) {
    const bool a_below = a.starts_with('-'), b_below = b.starts_with('-');
    if (a_below != b_below) return a_below ? -1 : 1;
    const int by_size = a.size() != b.size() ? (a.size() < b.size() ? -1 : 1) : 0;
    const int by_digits = by_size != 0 ? by_size : a.compare(b);
    return a_below ? -by_digits : by_digits;
  }
  return a.compare(b);
}

bool has_order(Rule rule) {
  return rule == Rule::case_ignore || rule == Rule::case_exact || rule == Rule::numeric_string ||
         rule == Rule::octet_string || rule == Rule::integer || rule == Rule::generalized_time || rule == Rule::uuid;
}

bool has_parts(Rule rule) {
  return rule == Rule::case_ignore || rule == Rule::case_exact || rule == Rule::numeric_string ||
         rule == Rule::telephone_number || rule == Rule::octet_string;
}

bool bits_match(Rule rule, std::string_view value, std::string_view mask) {
  const auto v = number_in(value), m = number_in(mask);
  if (!v || !m) return false;
  return rule == Rule::bit_and ? (*v & *m) == *m : (*v & *m) != 0;
}

std::string generalized_time(std::int64_t micros) {
  using namespace std::chrono;
  const sys_seconds when = floor<seconds>(sys_time<microseconds>(microseconds(micros)));
  const auto date = floor<days>(when);
  const year_month_day ymd(date);
  const hh_mm_ss time(when - date);
  return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}Z", static_cast<int>(ymd.year()),
                     static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

}  // namespace gatepost::ldap
