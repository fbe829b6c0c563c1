#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost {

// An IPv4 or IPv6 address; IPv4 is kept as ::ffff:a.b.c.d so that one comparison serves both.
struct IpAddress {
  std::array<std::uint8_t, 16> octets{};
  bool operator==(const IpAddress&) const = default;
  auto operator<=>(const IpAddress&) const = default;

  static std::optional<IpAddress> parse(std::string_view text);  // "192.0.2.1", "2001:db8::1", no brackets
  static IpAddress v4(std::uint32_t host_order);
  bool is_v4() const;
  bool is_loopback() const;
  std::string to_string() const;
  // What limits count by: the address itself for IPv4, its /64 for IPv6.
  IpAddress limit_key() const;
};

struct Network {
  IpAddress address;
  std::uint8_t prefix = 128;  // of 128; an IPv4 /24 is 96 + 24
  bool operator==(const Network&) const = default;
  static std::optional<Network> parse(std::string_view text);  // "10.0.0.0/8", "::1"; host bits must be zero
  bool contains(const IpAddress& a) const;
  std::string to_string() const;
};
bool contains(const std::vector<Network>& networks, const IpAddress& a);

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
  std::string to_string() const;  // "192.0.2.1:25", "[2001:db8::1]:25"
};

}  // namespace gatepost
