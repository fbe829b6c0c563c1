#include "config/units.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.hpp"

namespace gatepost::config {
namespace {

constexpr std::size_t kMaxWordOctets = 64;  // longer words get no suggestion
constexpr std::uint64_t kMaxOctets = std::uint64_t{1} << 63;
constexpr std::int64_t kMaxSeconds = 10LL * 366 * 86400;

struct Amount {
  std::uint64_t number;
  std::string_view unit;
};

std::optional<Amount> split_amount(std::string_view text) {
  text = ascii::trim(text);
  Amount amount{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount.number);
  if (error != std::errc()) return std::nullopt;
  amount.unit = ascii::trim(text.substr(static_cast<std::size_t>(end - text.data())));
  return amount;
}

// Number of single-character edits (insert, delete, replace, swap of neighbours) between two short words.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::uint64_t> parse_octets(std::string_view text) {
  static constexpr std::pair<std::string_view, unsigned> kUnits[] = {
      {"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
  const auto amount = split_amount(text);
  if (!amount) return std::nullopt;
  for (const auto& [unit, shift] : kUnits) {
    if (!ascii::iequals(amount->unit, unit)) continue;
    if (amount->number > kMaxOctets >> shift) return std::nullopt;
    return amount->number << shift;
  }
  return std::nullopt;
}

std::string format_octets(std::uint64_t octets) {
  static constexpr std::string_view kUnits[] = {"", " KiB", " MiB", " GiB", " TiB"};
  std::size_t unit = 0;
  while (octets != 0 && octets % 1024 == 0 && unit + 1 < std::size(kUnits)) {
    octets /= 1024;
    ++unit;
  }
  return fmt::format("{}{}", octets, kUnits[unit]);
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view names[4];
    std::int64_t seconds;
  };
  static constexpr Unit kUnits[] = {{{"", "s", "second", "seconds"}, 1},
                                    {{"m", "min", "minute", "minutes"}, 60},
                                    {{"h", "h", "hour", "hours"}, 3600},
                                    {{"d", "d", "day", "days"}, 86400},
                                    {{"w", "w", "week", "weeks"}, 7 * 86400}};
  const auto amount = split_amount(text);
  if (!amount) return std::nullopt;
  for (const Unit& unit : kUnits) {
    for (std::string_view name : unit.names) {
      if (name != amount->unit) continue;
      if (amount->number > static_cast<std::uint64_t>(kMaxSeconds / unit.seconds)) return std::nullopt;
      return std::chrono::seconds(static_cast<std::int64_t>(amount->number) * unit.seconds);
    }
  }
  return std::nullopt;
}

std::string format_duration(std::chrono::seconds duration) {
  const std::int64_t s = duration.count();
  if (s != 0 && s % 86400 == 0) return fmt::format("{} {}", s / 86400, s == 86400 ? "day" : "days");
  if (s != 0 && s % 3600 == 0) return fmt::format("{} h", s / 3600);
  if (s != 0 && s % 60 == 0) return fmt::format("{} min", s / 60);
  return fmt::format("{} s", s);
}

std::string_view nearest(std::string_view text, const std::vector<std::string_view>& words) {
  if (text.size() > kMaxWordOctets) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, text.size() / 3) + 1;
  for (std::string_view word : words) {
    const std::size_t d = distance(ascii::to_lower(text), word);
    if (d < best_distance) {
      best = word;
      best_distance = d;
    }
  }
  return best;
}

}  // namespace gatepost::config
