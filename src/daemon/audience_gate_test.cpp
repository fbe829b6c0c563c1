#include "daemon/audience_gate.hpp"

#include <gtest/gtest.h>

namespace gatepost::daemon {
namespace {

TEST(AudienceGate, RefusesStrangersAndSaysSoOnceASecond) {
  config::Listener listener;
  listener.name = "imaps";
  listener.audience = config::Audience::vpn;
  config::Networks networks;
  networks.vpn = {*Network::parse("10.8.0.0/16")};
  ManualClock clock;
  MemorySink sink;
  Log log(sink, clock);
  Metrics metrics;
  AudienceGate gate(listener, networks, clock, log, metrics);
  EXPECT_TRUE(gate.admits(*IpAddress::parse("10.8.1.2")));
  const IpAddress stranger = *IpAddress::parse("127.0.0.1");  // loopback is nothing special
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(gate.admits(stranger));
  EXPECT_EQ(sink.lines().size(), 1U);
  clock.advance(std::chrono::seconds(2));
  EXPECT_FALSE(gate.admits(stranger));
  ASSERT_EQ(sink.lines().size(), 2U);
  EXPECT_NE(sink.lines()[1].find("gate.refused listener=imaps audience=vpn remote=127.0.0.1 count=5"),
            std::string::npos);
  EXPECT_NE(metrics.text().find("gatepost_connections_refused_total{listener=\"imaps\"} 6"), std::string::npos);
}

}  // namespace
}  // namespace gatepost::daemon
