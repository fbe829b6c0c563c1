#include "runtime/proxy_protocol.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gatepost::runtime {
namespace {

using Kind = ProxyHeader::Kind;

std::string binary(char command, char family, std::string_view addresses) {
  std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
  out += {command, family, static_cast<char>(addresses.size() >> 8), static_cast<char>(addresses.size())};
  return out.append(addresses);
}
const std::string kV4Addresses("\xc0\x00\x02\x07\xc6\x33\x64\x01\x0f\xa0\x00\x19", 12);

TEST(ProxyProtocol, ReadsVersionOne) {
  const std::string line = "PROXY TCP4 192.0.2.7 198.51.100.1 4000 25\r\n";
  const ProxyHeader header = parse_proxy_header(line + "EHLO");
  ASSERT_EQ(header.kind, Kind::complete);
  EXPECT_EQ(header.size, line.size());
  EXPECT_EQ(header.source->to_string(), "192.0.2.7:4000");
  EXPECT_EQ(header.destination->to_string(), "198.51.100.1:25");
  EXPECT_EQ(parse_proxy_header("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n").source->to_string(),
            "[2001:db8::1]:1");
}

TEST(ProxyProtocol, ReadsVersionTwo) {
  const std::string header = binary(0x21, 0x11, kV4Addresses + std::string("\x04\x00\x01z", 4));  // with a TLV
  const ProxyHeader parsed = parse_proxy_header(header + "rest");
  ASSERT_EQ(parsed.kind, Kind::complete);
  EXPECT_EQ(parsed.size, header.size());
  EXPECT_EQ(parsed.source->to_string(), "192.0.2.7:4000");
  EXPECT_EQ(parsed.destination->to_string(), "198.51.100.1:25");
}

TEST(ProxyProtocol, KeepsTheConnectionsOwnAddressesWhenTheProxySpeaksForItself) {
  for (const std::string& header :
       {std::string("PROXY UNKNOWN\r\n"), std::string("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), binary(0x20, 0x00, ""),
        binary(0x21, 0x31, std::string(216, 'x'))}) {
    const ProxyHeader parsed = parse_proxy_header(header);
    EXPECT_EQ(parsed.kind, Kind::complete) << header;
    EXPECT_FALSE(parsed.source) << header;
  }
}

TEST(ProxyProtocol, AsksForMoreUntilTheHeaderIsWhole) {
  for (const std::string& header :
       {std::string("PROXY TCP4 192.0.2.7 198.51.100.1 4000 25\r\n"), binary(0x21, 0x11, kV4Addresses)}) {
    for (std::size_t i = 0; i < header.size(); ++i) {
      EXPECT_EQ(parse_proxy_header(header.substr(0, i)).kind, Kind::need_more) << i;
    }
  }
}

TEST(ProxyProtocol, RefusesWhatIsNoHeader) {
  for (const std::string& input :
       {std::string("EHLO x\r\n"), std::string("PROXY TCP4 192.0.2.7 198.51.100.1 4000\r\n"),
        std::string("PROXY TCP4 2001:db8::1 198.51.100.1 4000 25\r\n"),
        std::string("PROXY TCP4 192.0.2.7 198.51.100.1 04 25\r\n"),
        std::string("PROXY TCP4 192.0.2.7 198.51.100.1 65536 25\r\n"), "PROXY " + std::string(107, 'x'),
        binary(0x31, 0x11, kV4Addresses), binary(0x22, 0x11, kV4Addresses), binary(0x21, 0x11, kV4Addresses.substr(1)),
        binary(0x21, 0x11, std::string(5000, 'x'))}) {
    EXPECT_EQ(parse_proxy_header(input).kind, Kind::invalid) << input;
  }
}

}  // namespace
}  // namespace gatepost::runtime
