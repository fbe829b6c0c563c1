#include "gate/ruleset/address_text.hpp"

#include <charconv>

namespace gatepost::gate {
namespace {

std::optional<unsigned> prefix_of(std::string_view mask, bool v4) {
  if (const auto length = number_of_digits(mask, v4 ? 32 : 128)) return static_cast<unsigned>(*length);
  const auto address = IpAddress::parse(mask);
  if (!address || address->is_v4() != v4) return std::nullopt;
  AddressNumber bits = number_of(*address);
  if (v4) bits |= ~AddressNumber{0} << 32;
  const AddressNumber host = ~bits;
  if ((host & (host + 1)) != 0) return std::nullopt;
  unsigned length = 0;
  for (; bits != 0; bits <<= 1) ++length;
  return v4 ? length - 96 : length;
}

// IPv4 lies within the numbers of IPv6: "::/0" does not mean it.
AddressSet of_family(const AddressSet& set, bool v4) { return set & (v4 ? all_v4() : all_v6()); }

}  // namespace

std::optional<std::uint64_t> number_of_digits(std::string_view digits, std::uint64_t highest) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error != std::errc() || end != digits.data() + digits.size() || out > highest) return std::nullopt;
  return out;
}

std::optional<AddressSet> addresses_in(std::string_view text) {
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    const auto lo = IpAddress::parse(text.substr(0, dash)), hi = IpAddress::parse(text.substr(dash + 1));
    if (!lo || !hi || lo->is_v4() != hi->is_v4() || number_of(*hi) < number_of(*lo)) return std::nullopt;
    return of_family(AddressSet(number_of(*lo), number_of(*hi)), lo->is_v4());
  }
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return AddressSet::of(number_of(*address));
  const auto prefix = prefix_of(text.substr(slash + 1), address->is_v4());
  if (!prefix) return std::nullopt;
  const unsigned host_bits = (address->is_v4() ? 32 : 128) - *prefix;
  const AddressNumber host = host_bits == 128 ? ~AddressNumber{0} : (AddressNumber{1} << host_bits) - 1;
  const AddressNumber lo = number_of(*address) & ~host;
  return of_family(AddressSet(lo, lo | host), address->is_v4());
}

std::optional<PortSet> ports_in(std::string_view text) {
  const std::size_t colon = text.find_first_of(":-");
  if (colon == std::string_view::npos) {
    const auto port = number_of_digits(text, 65535);
    return port ? std::optional(PortSet::of(static_cast<std::uint16_t>(*port))) : std::nullopt;
  }
  const std::string_view first = text.substr(0, colon), last = text.substr(colon + 1);
  if (first.empty() && last.empty()) return std::nullopt;
  const auto lo = first.empty() ? 0 : number_of_digits(first, 65535);
  const auto hi = last.empty() ? 65535 : number_of_digits(last, 65535);
  if (!lo || !hi || *hi < *lo) return std::nullopt;
  return PortSet(static_cast<std::uint16_t>(*lo), static_cast<std::uint16_t>(*hi));
}

}  // namespace gatepost::gate
