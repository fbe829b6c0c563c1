#include "base/ip.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

namespace gatepost {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void clear_host_bits(IpAddress& a, unsigned prefix) {
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned kept = std::clamp<int>(static_cast<int>(prefix) - static_cast<int>(i) * 8, 0, 8);
    a.octets[i] = static_cast<std::uint8_t>(a.octets[i] & (0xff00U >> kept));
  }
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof buffer || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  IpAddress a;
  if (text.find(':') != std::string_view::npos) {
    if (inet_pton(AF_INET6, buffer, a.octets.data()) != 1) return std::nullopt;
    return a;
  }
  std::copy(kMapped.begin(), kMapped.end(), a.octets.begin());
  if (inet_pton(AF_INET, buffer, a.octets.data() + 12) != 1) return std::nullopt;
  return a;
}

IpAddress IpAddress::v4(std::uint32_t host_order) {
  IpAddress a;
  std::copy(kMapped.begin(), kMapped.end(), a.octets.begin());
  for (unsigned i = 0; i < 4; ++i) a.octets[12 + i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return a;
}

bool IpAddress::is_v4() const { return std::equal(kMapped.begin(), kMapped.end(), octets.begin()); }

bool IpAddress::is_loopback() const {
  if (is_v4()) return octets[12] == 127;  // RFC 1122 3.2.1.3 (g)
  IpAddress one;
  one.octets[15] = 1;  // RFC 4291 2.5.3
  return *this == one;
}

std::string IpAddress::to_string() const {
  if (is_v4()) return fmt::format("{}.{}.{}.{}", octets[12], octets[13], octets[14], octets[15]);
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, octets.data(), buffer, sizeof buffer);
  return buffer;
}

IpAddress IpAddress::limit_key() const {
  IpAddress key = *this;
  if (!is_v4()) clear_host_bits(key, 64);
  return key;
}

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network network{*address, 128};
  if (slash == std::string_view::npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  unsigned prefix = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
  if (error != std::errc() || end != digits.data() + digits.size() || (digits.size() > 1 && digits[0] == '0')) {
    return std::nullopt;
  }
  const bool dotted = text.substr(0, slash).find(':') == std::string_view::npos;
  if (prefix > (dotted ? 32U : 128U)) return std::nullopt;
  network.prefix = static_cast<std::uint8_t>(dotted ? 96 + prefix : prefix);
  IpAddress base = network.address;
  clear_host_bits(base, network.prefix);
  if (base != network.address) return std::nullopt;
  return network;
}

bool Network::contains(const IpAddress& a) const {
  const unsigned whole = prefix / 8;
  if (std::memcmp(a.octets.data(), address.octets.data(), whole) != 0) return false;
  const unsigned rest = prefix % 8;
  if (rest == 0) return true;
  return ((a.octets[whole] ^ address.octets[whole]) & (0xff00U >> rest) & 0xff) == 0;
}

std::string Network::to_string() const {
  if (prefix == 128) return address.to_string();
  if (address.is_v4() && prefix >= 96) return fmt::format("{}/{}", address.to_string(), prefix - 96);
  return fmt::format("{}/{}", address.to_string(), prefix);
}

bool contains(const std::vector<Network>& networks, const IpAddress& a) {
  return std::any_of(networks.begin(), networks.end(), [&](const Network& n) { return n.contains(a); });
}

std::string Endpoint::to_string() const {
  return fmt::format(fmt::runtime(address.is_v4() ? "{}:{}" : "[{}]:{}"), address.to_string(), port);
}

}  // namespace gatepost
