#include "gate/look/wire.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "gate/log/packet.hpp"

namespace gatepost::gate::look {
namespace {

using runtime::UniqueFd;

constexpr std::size_t kHeaderOctets = 256;

// TCP with the port as source or destination, of IPv4 (not a later fragment) or of IPv6 without extension headers;
// what has some passes too, to be judged here.
Result<> attach_filter(int fd, std::uint32_t port) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),            // 0: version
      BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),           // 1
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 8, 0),     // 2: IPv6 -> 11
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4, 0, 15),    // 3: else IPv4, or none -> 19
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),            // 4: protocol
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 0, 13),    // 5: -> 19
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),           // 6: length of the header
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),            // 7: destination port
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 9, 0),  // 8: -> 18
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),            // 9: source port
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 7, 8),  // 10: -> 18, 19
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),            // 11: next header
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 0, 4),     // 12: -> 17
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 42),           // 13
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 3, 0),  // 14: -> 18
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 40),           // 15
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 1, 2),  // 16: -> 18, 19
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 58, 1, 0),    // 17: ICMPv6 is none -> 19
      BPF_STMT(BPF_RET | BPF_K, kHeaderOctets),         // 18
      BPF_STMT(BPF_RET | BPF_K, 0),                     // 19
  };
  const sock_fprog program{std::size(code), code};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
    return fail(Errc::unavailable, std::strerror(errno));
  return {};
}

struct Seen {
  log::LogEvent event;
  bool outgoing = false;
  unsigned interface = 0;
};

std::optional<Seen> next(int fd) {
  char packet[kHeaderOctets];
  sockaddr_ll from{};
  socklen_t size = sizeof from;
  const ssize_t got =
      ::recvfrom(fd, packet, sizeof packet, MSG_DONTWAIT | MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &size);
  if (got < 0) return std::nullopt;
  Seen seen;
  const auto length = std::min(static_cast<std::size_t>(got), sizeof packet);
  if (!log::read_packet({packet, length}, seen.event)) return Seen{};
  seen.outgoing = from.sll_pkttype == PACKET_OUTGOING;
  seen.interface = static_cast<unsigned>(from.sll_ifindex);
  return seen;
}

bool is_syn(const log::LogEvent& e) { return e.tcp_flags && (*e.tcp_flags & (log::kSyn | log::kAck)) == log::kSyn; }

}  // namespace

Result<Wire> Wire::open(std::uint16_t port) {
  UniqueFd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail(errno == EPERM || errno == EACCES ? Errc::denied : Errc::unavailable, std::strerror(errno));
  // The filter comes before the binding, so that nothing else is ever taken.
  GP_CHECK(attach_filter(fd.get(), port));
  sockaddr_ll all{};
  all.sll_family = AF_PACKET;
  all.sll_protocol = htons(ETH_P_ALL);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&all), sizeof all) != 0)
    return fail(Errc::unavailable, std::strerror(errno));
  return Wire(std::move(fd), port);
}

explain::ArrivalFact Wire::watch(const IpAddress& from, std::chrono::seconds how_long) {
  explain::ArrivalFact out;
  const auto begin = std::chrono::steady_clock::now();
  const auto until = begin + how_long;
  for (auto now = begin; now < until; now = std::chrono::steady_clock::now()) {
    pollfd wait{fd_.get(), POLLIN, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - now).count() + 1;
    if (::poll(&wait, 1, static_cast<int>(left)) <= 0) continue;
    while (const auto seen = next(fd_.get())) {
      const log::LogEvent& e = seen->event;
      if (e.protocol != IPPROTO_TCP) continue;
      if (!seen->outgoing && e.source.known && e.source.ip == from && e.destination_port == port_) {
        ++(is_syn(e) ? out.first_packets : out.others);
        char name[IF_NAMESIZE];
        if (out.interface.empty() && if_indextoname(seen->interface, name) != nullptr) out.interface = name;
      } else if (seen->outgoing && e.destination.known && e.destination.ip == from && e.source_port == port_) {
        ++out.answers;
      }
    }
  }
  out.watched = how_long;
  return out;
}

bool Wire::saw_leaving(const IpAddress& to) {
  bool left = false;
  while (const auto seen = next(fd_.get())) {
    left = left || (seen->outgoing && seen->event.destination.known && seen->event.destination.ip == to);
  }
  return left;
}

}  // namespace gatepost::gate::look
