#include "config/listeners.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gatepost::config {
namespace {

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

TEST(Listeners, EachDefaultHasItsOwnPortNameAndReason) {
  std::set<std::uint16_t> ports;
  std::set<std::string> names;
  for (const Listener& l : default_listeners()) {
    EXPECT_FALSE(l.reason.empty()) << l.name;
    ports.insert(l.port);
    names.insert(l.name);
  }
  EXPECT_EQ(ports, (std::set<std::uint16_t>{25, 80, 110, 143, 389, 443, 465, 587, 636, 993, 995, 9464}));
  EXPECT_EQ(names.size(), 12u);
}

TEST(Listeners, AdmitTheirAudienceAndNobodyElse) {
  const Networks networks{
      .trusted = {*Network::parse("192.0.2.0/24")}, .vpn = {*Network::parse("10.8.0.0/16")}, .admin = {}, .groups = {}};
  Listener l;
  l.audience = Audience::internet;
  EXPECT_TRUE(admits(l, networks, ip("203.0.113.1"), TimePoint{}));
  l.audience = Audience::trusted;
  EXPECT_TRUE(admits(l, networks, ip("192.0.2.7"), TimePoint{}));
  EXPECT_FALSE(admits(l, networks, ip("10.8.0.1"), TimePoint{}));
  EXPECT_FALSE(admits(l, networks, ip("127.0.0.1"), TimePoint{}));
  l.networks = {*Network::parse("2001:db8::/32")};
  EXPECT_TRUE(admits(l, networks, ip("2001:db8::1"), TimePoint{}));
  EXPECT_EQ(admitted_networks(l, networks).size(), 2u);
  l.audience = Audience::off;
  EXPECT_FALSE(admits(l, networks, ip("2001:db8::1"), TimePoint{}));
  l.addresses = {ip("127.0.0.1")};
  EXPECT_TRUE(l.endpoints().empty());
}

TEST(Listeners, AdmitGroupsAndExceptionsUntilTheirDay) {
  const NetworkGroup group{
      .name = "filter", .networks = {*Network::parse("198.51.100.0/24")}, .file = {}, .source = {}};
  const Networks networks{.trusted = {}, .vpn = {}, .admin = {}, .groups = {group}};
  Listener l;
  l.audience = Audience::named;
  EXPECT_FALSE(admits(l, networks, ip("198.51.100.1"), TimePoint{}));
  l.groups = {"filter"};
  EXPECT_TRUE(admits(l, networks, ip("198.51.100.1"), TimePoint{}));
  EXPECT_EQ(admitted_networks(l, networks), group.networks);
  const TimePoint until = TimePoint{} + std::chrono::days(3);
  l.exceptions = {{"x", {*Network::parse("203.0.113.9")}, until, "a contractor", ""}};
  EXPECT_TRUE(admits(l, networks, ip("203.0.113.9"), until - std::chrono::seconds(1)));
  EXPECT_FALSE(admits(l, networks, ip("203.0.113.9"), until));
}

TEST(Listeners, EveryWordGoesBothWays) {
  for (auto s : {Service::smtp, Service::submission, Service::imap, Service::pop3, Service::http, Service::https,
                 Service::metrics})
    EXPECT_EQ(service_named(to_string(s)), s);
  for (auto m : {TlsMode::none, TlsMode::starttls, TlsMode::implicit}) EXPECT_EQ(tls_mode_named(to_string(m)), m);
  for (auto a : {Audience::internet, Audience::trusted, Audience::vpn, Audience::admin, Audience::named, Audience::off})
    EXPECT_EQ(audience_named(to_string(a)), a);
  EXPECT_FALSE(audience_named("everybody"));
}

}  // namespace
}  // namespace gatepost::config
