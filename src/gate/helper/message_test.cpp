#include "gate/helper/message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gatepost::gate::helper {
namespace {

using namespace std::chrono_literals;
using What = Request::What;

std::string octets_of(const Request& r) {
  const auto out = write(r);
  return {out.data(), out.size()};
}
Request put(std::string_view network, std::chrono::seconds length = 900s) {
  return {What::put, *Network::parse(network), length, 7};
}

TEST(HelperMessage, ComesBackAsItWas) {
  for (const Request& r : {put("192.0.2.7"), put("2001:db8:1:2::/64", kMaxBan), put("192.0.2.0/24", 1s),
                           Request{What::remove, *Network::parse("2001:db8::/48"), 0s, 8}, Request{.id = 9}}) {
    EXPECT_EQ(parse_request(octets_of(r)), r);
  }
  const Reply reply{3, 2, 0x0102030405060708ULL};
  const auto out = write(reply);
  EXPECT_EQ(parse_reply({out.data(), out.size()}), reply);
}

TEST(HelperMessage, IsNothingElse) {
  const std::string good = octets_of(put("192.0.2.7"));
  EXPECT_FALSE(parse_request(good.substr(1)));
  EXPECT_FALSE(parse_request(good + "x"));
  EXPECT_FALSE(parse_request(""));
  for (std::size_t i = 0; i < 8; ++i) {
    std::string bad = good;
    bad[i] ^= 0x40;
    EXPECT_FALSE(parse_request(bad)) << i;
  }
}

TEST(HelperMessage, RefusesWhatMustNeverBeBanned) {
  EXPECT_FALSE(parse_request(octets_of(put("127.0.0.1"))));
  EXPECT_FALSE(parse_request(octets_of(put("::1"))));
  EXPECT_FALSE(parse_request(octets_of(put("10.0.0.0/8"))));
  EXPECT_FALSE(parse_request(octets_of(put("::/0"))));
  EXPECT_FALSE(parse_request(octets_of(put("192.0.2.7", 0s))));
  EXPECT_FALSE(parse_request(octets_of(put("192.0.2.7", kMaxBan + 1s))));
}

}  // namespace
}  // namespace gatepost::gate::helper
