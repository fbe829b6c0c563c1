#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include <gmock/gmock.h>

#include "gate/log/print.hpp"
#include "gate/watch/kernel_log.hpp"
#include "gate/watch/packet_log.hpp"

namespace gatepost::gate::watch {
namespace {

void send_datagram(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::sendto(fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  ::close(fd);
}

// Needs the right to write a record of one's own: root, and no container that took it.
TEST(KernelLog, GivesAFirewallsRecordAsItIsWritten) {
  const int writer = ::open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
  if (writer < 0) GTEST_SKIP() << "/dev/kmsg cannot be written here";
  SystemClock clock;
  auto log = KernelLog::open(clock);
  if (!log) GTEST_SKIP() << log.error().detail;
  log->skip_to_end();
  const std::string mark = "gatepost drop t" + std::to_string(getpid());
  const std::string record =
      "<4>" + mark +
      " IN=eth0 OUT= MAC= SRC=192.0.2.7 DST=192.0.2.8 LEN=60 TOS=0x00 PREC=0x00 TTL=61 ID=1 DF PROTO=TCP "
      "SPT=4000 DPT=993 WINDOW=1024 RES=0x00 SYN URGP=0 \n";  // without its end the kernel would wait for more
  ASSERT_EQ(::write(writer, record.data(), record.size()), static_cast<ssize_t>(record.size()));
  ::close(writer);
  bool found = false;
  const auto take = [&](const log::Item& item) {
    if (item.event.rule != "gatepost:t" + std::to_string(getpid())) return;
    found = true;
    EXPECT_EQ(item.event.destination_port, 993);
    const auto age = clock.now() - item.event.time.at;
    EXPECT_LT(std::chrono::abs(age), std::chrono::seconds(5)) << log::format_time(item.event.time);
  };
  for (int i = 0; i < 50 && !found; ++i) {
    ASSERT_TRUE(log->receive(take));
    pollfd wait{log->fd(), POLLIN, 0};
    ::poll(&wait, 1, 100);
  }
  EXPECT_TRUE(found);
}

// In a network namespace of its own; needs nft(8) and the right to make one.
TEST(PacketLog, GivesWhatARuleHandsOver) {
  if (::system("command -v nft >/dev/null") != 0) GTEST_SKIP() << "nft is not installed";
  const int host = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "no right to make a network namespace";
  const int ready = ::system(
      "ip link set lo up && printf 'table inet t {\\n chain c {\\n type filter hook input priority 0;\\n udp dport 993 "
      "log prefix "
      "\"gatepost drop imaps \" group 5 drop\\n }\\n}\\n' | nft -f -");
  SystemClock clock;
  auto log = open_packet_log(5, clock);
  if (ready != 0 || !log) {
    ::setns(host, CLONE_NEWNET);
    ::close(host);
    GTEST_SKIP() << "nftables or NFLOG does not work here";
  }
  EXPECT_EQ(open_packet_log(5, clock).error().code, Errc::denied);
  send_datagram(993);
  send_datagram(994);
  std::vector<std::string> seen;
  const auto take = [&](const log::Item& item) {
    log::Item copy = item;
    copy.event.time = {};
    copy.event.source_port.reset();
    seen.push_back(log::format_text(copy));
  };
  for (int i = 0; i < 30 && seen.empty(); ++i) {
    pollfd wait{(*log)->fd(), POLLIN, 0};
    ::poll(&wait, 1, 100);
    ASSERT_TRUE((*log)->receive(take));
  }
  EXPECT_THAT(
      seen, testing::ElementsAre("- deny/drop in udp 127.0.0.1 > 127.0.0.1:993 lo rule \"gatepost:imaps\" 29 octets"));
  log->reset();
  ::setns(host, CLONE_NEWNET);
  ::close(host);
}

}  // namespace
}  // namespace gatepost::gate::watch
