#include "gate/ruleset/iptables_values.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "base/ascii.hpp"
#include "gate/ruleset/address_text.hpp"

namespace gatepost::gate::iptables {
namespace {

std::optional<std::uint32_t> hexadecimal(std::string_view text) {
  std::uint64_t out = 0;
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  for (const char c : hex ? text.substr(2) : text) {
    const char low = ascii::lower(c);
    const unsigned digit = ascii::is_digit(c)                ? static_cast<unsigned>(c - '0')
                           : hex && low >= 'a' && low <= 'f' ? static_cast<unsigned>(low - 'a' + 10)
                                                             : 16U;
    if (digit > 15 || out > 0xffff'ffff) return std::nullopt;
    out = out * (hex ? 16 : 10) + digit;
  }
  return text.empty() || out > 0xffff'ffff ? std::nullopt : std::optional(static_cast<std::uint32_t>(out));
}

}  // namespace

std::uint32_t per_minute_of(std::string_view text) {
  const auto parts = ascii::split(text, '/');
  if (parts.size() != 2 || parts[1].empty()) return 0;
  const auto count = number_of_digits(parts[0], 1'000'000);
  if (!count) return 0;
  const auto most = [](std::uint64_t n) { return static_cast<std::uint32_t>(std::max<std::uint64_t>(1, n)); };
  switch (parts[1][0]) {
    case 's':
      return most(*count * 60);
    case 'm':
      return most(*count);
    case 'h':
      return most(*count / 60);
    case 'd':
      return most(*count / 1440);
    default:
      return 0;
  }
}

std::optional<std::pair<std::uint32_t, std::uint32_t>> masked(std::string_view text) {
  const auto parts = ascii::split(text, '/');
  const auto value = hexadecimal(parts[0]);
  const auto mask = parts.size() == 2 ? hexadecimal(parts[1]) : std::optional(~std::uint32_t{0});
  if (parts.size() > 2 || !value || !mask) return std::nullopt;
  return std::pair(*value, *mask);
}

std::optional<std::uint64_t> bits_named(std::string_view list,
                                        std::initializer_list<std::pair<std::string_view, std::uint64_t>> names) {
  std::uint64_t out = 0;
  for (const std::string_view word : ascii::split(list, ',')) {
    const auto* at = std::ranges::find(names, word, &std::pair<std::string_view, std::uint64_t>::first);
    if (at == names.end()) return std::nullopt;
    out |= at->second;
  }
  return out;
}

Result<IpSets> read_ipsets(std::string_view text) {
  std::map<std::string, std::vector<AddressSet::Interval>, std::less<>> in, but;
  std::set<std::string, std::less<>> others;  // of a kind that is not only addresses
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const auto words = ascii::split(ascii::trim(text.substr(0, end)), ' ');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (words[0].empty() || words[0].starts_with('#')) continue;
    if (words.size() < 3 || (words[0] != "create" && words[0] != "add"))
      return fail(Errc::invalid, "line " + std::to_string(number) + ": not as ipset save writes it");
    if (words[0] == "create") {
      // Of a kind with ports or interfaces, an address alone says nothing.
      if (words[2] == "hash:ip" || words[2] == "hash:net" || words[2] == "bitmap:ip") {
        in.try_emplace(std::string(words[1]));
      } else {
        others.emplace(words[1]);
      }
      continue;
    }
    if (others.contains(words[1])) continue;
    const auto set = in.find(words[1]);
    const auto addresses = addresses_in(words[2]);
    if (set == in.end() || !addresses) {
      // An element that is not understood, a name say: the whole set is not known.
      others.emplace(words[1]);
      if (set != in.end()) in.erase(set);
      continue;
    }
    const bool no = std::ranges::find(words, "nomatch") != words.end();
    auto& into = no ? but[std::string(words[1])] : set->second;
    into.insert(into.end(), addresses->intervals().begin(), addresses->intervals().end());
  }
  IpSets out;
  for (auto& [name, intervals] : in) {
    out[name] = AddressSet::from(std::move(intervals)).minus(AddressSet::from(std::move(but[name])));
  }
  return out;
}

}  // namespace gatepost::gate::iptables
