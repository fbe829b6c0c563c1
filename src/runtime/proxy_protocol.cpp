#include "runtime/proxy_protocol.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/ascii.hpp"
#include "base/bytes.hpp"

namespace gatepost::runtime {

namespace {

constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);  // 2.2
constexpr std::string_view kSignature1 = "PROXY ";                   // 2.1
constexpr std::size_t kMaxVersion1 = 107;                            // 2.1: the longest line, CRLF included
constexpr std::size_t kFixed2 = 16;

ProxyHeader invalid() { return {ProxyHeader::Kind::invalid, 0, {}, {}}; }

std::optional<std::uint16_t> port_of(std::string_view text) {
  // 2.1: decimal, no leading zero.
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || (text.size() > 1 && text.front() == '0'))
    return std::nullopt;
  return port;
}

// "PROXY" SP ("TCP4" / "TCP6") SP source SP destination SP port SP port CRLF, or "PROXY UNKNOWN" anything CRLF
ProxyHeader parse_line(std::string_view input) {
  const std::size_t end = input.substr(0, kMaxVersion1).find("\r\n");
  if (end == std::string_view::npos) return input.size() >= kMaxVersion1 ? invalid() : ProxyHeader{};
  ProxyHeader out{ProxyHeader::Kind::complete, end + 2, {}, {}};
  const auto words = ascii::split(input.substr(0, end), ' ');
  if (words.size() >= 2 && words[1] == "UNKNOWN") return out;
  if (words.size() != 6 || (words[1] != "TCP4" && words[1] != "TCP6")) return invalid();
  const auto source = IpAddress::parse(words[2]);
  const auto destination = IpAddress::parse(words[3]);
  const auto source_port = port_of(words[4]);
  const auto destination_port = port_of(words[5]);
  if (!source || !destination || !source_port || !destination_port) return invalid();
  if (words[1] == "TCP4" && (!source->is_v4() || !destination->is_v4())) return invalid();
  out.source = Endpoint{*source, *source_port};
  out.destination = Endpoint{*destination, *destination_port};
  return out;
}

IpAddress read_address(ByteReader& in, bool v4) {
  if (v4) return IpAddress::v4(in.u32());
  IpAddress out;
  std::ranges::transform(in.take(16), out.octets.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  return out;
}

ProxyHeader parse_binary(std::string_view input) {
  if (input.size() < kFixed2) return {};
  ByteReader in(input.substr(kSignature2.size()));
  const std::uint8_t version_command = in.u8();
  const std::uint8_t family = in.u8();
  const std::size_t length = in.u16();
  if (version_command != 0x20 && version_command != 0x21) return invalid();
  if (kFixed2 + length > kMaxProxyHeader) return invalid();
  if (input.size() < kFixed2 + length) return {};
  ProxyHeader out{ProxyHeader::Kind::complete, kFixed2 + length, {}, {}};
  const bool v4 = family == 0x11;  // TCP over IPv4; 0x21 over IPv6
  if (version_command == 0x20 || (!v4 && family != 0x21)) return out;
  if (length < (v4 ? 12U : 36U)) return invalid();
  Endpoint source;
  Endpoint destination;
  source.address = read_address(in, v4);
  destination.address = read_address(in, v4);
  source.port = in.u16();
  destination.port = in.u16();
  out.source = source;
  out.destination = destination;
  return out;
}

bool begins(std::string_view input, std::string_view signature) {
  const std::size_t common = std::min(input.size(), signature.size());
  return input.substr(0, common) == signature.substr(0, common);
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view input) {
  if (begins(input, kSignature2)) return parse_binary(input);
  if (begins(input, kSignature1)) return parse_line(input);
  return invalid();
}

}  // namespace gatepost::runtime
