#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>

#include <gmock/gmock.h>

#include "gate/probe/prober.hpp"

namespace gatepost::gate::probe {
namespace {

// Real rules in a network namespace of its own; needs nft(8) and the right to make one.
class BlockedPort : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v nft >/dev/null") != 0) GTEST_SKIP() << "nft is not installed";
    host_ = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "no right to make a network namespace";
    inside_ = true;
    const int ready = std::system(
        "ip link set lo up && printf 'table inet t {\\n chain c {\\n type filter hook input priority 0;\\n"
        " tcp dport 1 drop\\n tcp dport 2 reject with tcp reset\\n tcp dport 3 reject with icmpx type "
        "admin-prohibited\\n"
        " tcp dport 4 reject with icmpx type port-unreachable\\n tcp dport 5 reject with icmpx type host-unreachable\\n"
        " }\\n}\\n' | nft -f -");
    if (ready != 0) GTEST_SKIP() << "nftables does not work here";
  }
  ~BlockedPort() override {
    if (inside_) ::setns(host_, CLONE_NEWNET);
    if (host_ >= 0) ::close(host_);
  }

  static std::string seen(const char* address, std::uint16_t port) {
    Settings settings;
    settings.connect_timeout = std::chrono::milliseconds(1300);
    SystemClock clock;
    const Service service{.name = "x", .port = port, .expect = Expect::open};
    const PortReport report = probe_port(service, *IpAddress::parse(address), settings, clock);
    return std::string(to_string(report.state)) + ": " + report.findings.front().text;
  }

  int host_ = -1;
  bool inside_ = false;
};

TEST_F(BlockedPort, IsToldByWhatBlocksIt) {
  for (const std::string address : {"127.0.0.1", "::1"}) {
    EXPECT_EQ(seen(address.c_str(), 1), "silent: no answer to 2 SYN");
    EXPECT_EQ(seen(address.c_str(), 2), "refused: refused");
    EXPECT_EQ(seen(address.c_str(), 3), "unreachable: administratively prohibited, says " + address);
    EXPECT_EQ(seen(address.c_str(), 4), "unreachable: port unreachable, says " + address);
  }
  EXPECT_EQ(seen("127.0.0.1", 5), "unreachable: host unreachable, says 127.0.0.1");
  EXPECT_EQ(seen("::1", 5), "unreachable: address unreachable, says ::1");
  EXPECT_EQ(seen("192.0.2.1", 25), "unreachable: Network is unreachable");  // this host's own word: no way there
}

TEST(ProbeReport, SaysByItsExitCodeWhetherAnythingIsKnown) {
  const auto code = [](PortState state, Outcome outcome) {
    Report report;
    report.ports.emplace_back();
    report.ports.back().state = state;
    report.ports.back().add(Stage::connect, outcome, std::chrono::microseconds(1), "x");
    return report.exit_code();
  };
  EXPECT_EQ(code(PortState::open, Outcome::ok), 0);
  EXPECT_EQ(code(PortState::open, Outcome::warn), 0);
  EXPECT_EQ(code(PortState::open, Outcome::fail), 1);
  EXPECT_EQ(code(PortState::refused, Outcome::ok), 0);
  EXPECT_EQ(code(PortState::unreachable, Outcome::ok), 0);  // a firewall said so
  EXPECT_EQ(code(PortState::unreachable, Outcome::unknown), 2);
  EXPECT_EQ(code(PortState::silent, Outcome::ok), 2);
  EXPECT_EQ(code(PortState::failed, Outcome::unknown), 2);
  EXPECT_EQ(Report().exit_code(), 2);
}

}  // namespace
}  // namespace gatepost::gate::probe
