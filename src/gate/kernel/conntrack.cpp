#include "gate/kernel/conntrack.hpp"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>

#include "base/netlink.hpp"

namespace gatepost::gate {
namespace {

using netlink::attribute;

constexpr std::size_t aligned(std::size_t n) { return (n + NLA_ALIGNTO - 1) & ~std::size_t{NLA_ALIGNTO - 1}; }

std::optional<IpAddress> address_in(std::string_view ip, std::uint16_t v4, std::uint16_t v6) {
  if (const auto octets = attribute(ip, v4); octets && octets->size() == 4) {
    std::uint32_t n = 0;
    std::memcpy(&n, octets->data(), 4);
    return IpAddress::v4(ntohl(n));
  }
  if (const auto octets = attribute(ip, v6); octets && octets->size() == 16) {
    IpAddress a;
    std::memcpy(a.octets.data(), octets->data(), 16);
    return a;
  }
  return std::nullopt;
}

std::uint16_t port_attribute(std::string_view proto, std::uint16_t type) {
  return netlink::be16(proto, type).value_or(0);
}

void read_answers(std::string_view attributes, Tracked& out) {
  const auto tuple = attribute(attributes, CTA_TUPLE_REPLY);
  const auto ip = tuple ? attribute(*tuple, CTA_TUPLE_IP) : std::nullopt;
  const auto proto = tuple ? attribute(*tuple, CTA_TUPLE_PROTO) : std::nullopt;
  const auto source = ip ? address_in(*ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC) : std::nullopt;
  if (!source || !proto) return;
  out.answers_from = *source;
  out.answers_port = port_attribute(*proto, CTA_PROTO_SRC_PORT);
}

// Numbers of enum tcp_conntrack (linux/netfilter/nf_conntrack_tcp.h), which are the kernel's interface.
Tracked::State state_numbered(std::uint8_t number) {
  switch (number) {
    case 1:  // SYN_SENT
    case 9:  // SYN_SENT2
      return Tracked::State::asked;
    case 2:  // SYN_RECV
      return Tracked::State::answered;
    case 3:  // ESTABLISHED
      return Tracked::State::established;
    case 4:  // FIN_WAIT
    case 5:  // CLOSE_WAIT
    case 6:  // LAST_ACK
    case 7:  // TIME_WAIT
    case 8:  // CLOSE
      return Tracked::State::ending;
    default:
      return Tracked::State::unknown;
  }
}

void read_state(std::string_view attributes, Tracked& out) {
  constexpr std::uint32_t kSeenReply = 1U << 1;  // IPS_SEEN_REPLY
  out.seen_reply = (netlink::be32(attributes, CTA_STATUS).value_or(0) & kSeenReply) != 0;
  const auto info = attribute(attributes, CTA_PROTOINFO);
  const auto tcp = info ? attribute(*info, CTA_PROTOINFO_TCP) : std::nullopt;
  const auto state = tcp ? attribute(*tcp, CTA_PROTOINFO_TCP_STATE) : std::nullopt;
  if (state && state->size() == 1) out.state = state_numbered(static_cast<std::uint8_t>((*state)[0]));
}

std::optional<Tracked> entry_in(std::string_view attributes) {
  const auto tuple = attribute(attributes, CTA_TUPLE_ORIG);
  if (!tuple) return std::nullopt;
  const auto ip = attribute(*tuple, CTA_TUPLE_IP), proto = attribute(*tuple, CTA_TUPLE_PROTO);
  if (!ip || !proto) return std::nullopt;
  const auto source = address_in(*ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
  const auto destination = address_in(*ip, CTA_IP_V4_DST, CTA_IP_V6_DST);
  const auto number = attribute(*proto, CTA_PROTO_NUM);
  if (!source || !destination || !number || number->size() != 1) return std::nullopt;
  Tracked out;
  out.source = *source;
  out.destination = out.answers_from = *destination;
  out.source_port = port_attribute(*proto, CTA_PROTO_SRC_PORT);
  out.destination_port = out.answers_port = port_attribute(*proto, CTA_PROTO_DST_PORT);
  out.l4proto = static_cast<std::uint8_t>((*number)[0]);
  out.tuple = *tuple;
  read_answers(attributes, out);
  read_state(attributes, out);
  return out;
}

class Socket {
 public:
  Socket() : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER)) {
    timeval patience{5, 0};
    if (fd_ >= 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  Result<> send(std::uint16_t type, std::uint16_t flags, std::uint8_t family, std::string_view attributes) {
    if (fd_ < 0) return fail(Errc::unavailable, std::strerror(errno));
    nlmsghdr head{};
    nfgenmsg general{};
    head.nlmsg_len = static_cast<std::uint32_t>(sizeof head + sizeof general + attributes.size());
    head.nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type);
    head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    general.nfgen_family = family;
    general.version = NFNETLINK_V0;
    std::string message(reinterpret_cast<const char*>(&head), sizeof head);
    message.append(reinterpret_cast<const char*>(&general), sizeof general);
    message += attributes;
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    if (::sendto(fd_, message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0)
      return fail(errno == EPERM ? Errc::denied : Errc::unavailable, std::strerror(errno));
    return {};
  }

  Result<std::string> receive() {
    std::string buffer(256 << 10, '\0');
    while (true) {
      const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return fail(Errc::unavailable, n == 0 ? "netlink ended" : std::strerror(errno));
      buffer.resize(static_cast<std::size_t>(n));
      return buffer;
    }
  }

 private:
  int fd_;
};

// The error a message carries; 0: an acknowledgement.
std::optional<int> error_in(std::string_view message) {
  if (message.size() < sizeof(nlmsghdr) + sizeof(int)) return std::nullopt;
  nlmsghdr head;
  std::memcpy(&head, message.data(), sizeof head);
  if (head.nlmsg_type != NLMSG_ERROR) return std::nullopt;
  int error = 0;
  std::memcpy(&error, message.data() + sizeof head, sizeof error);
  return -error;
}

}  // namespace

void parse_conntrack(std::string_view messages, std::vector<Tracked>& out, bool& done) {
  while (!messages.empty()) {
    const auto message = netlink::take_message(messages);
    if (!message || message->type == NLMSG_DONE || message->type == NLMSG_ERROR) {
      done = true;
      return;
    }
    if (message->body.size() <= sizeof(nfgenmsg)) continue;
    if (auto entry = entry_in(message->body.substr(sizeof(nfgenmsg)))) out.push_back(*std::move(entry));
  }
}

Result<std::vector<Tracked>> tracked_connections() {
  Socket socket;
  GP_CHECK(socket.send(IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC, {}));
  std::vector<Tracked> out;
  for (bool done = false; !done;) {
    GP_TRY(const std::string messages, socket.receive());
    if (const auto error = error_in(messages); error && *error != 0)
      return fail(*error == EPERM ? Errc::denied : Errc::unavailable, std::strerror(*error));
    parse_conntrack(messages, out, done);
  }
  return out;
}

Result<> forget(const Tracked& t) {
  nlattr head{};
  head.nla_type = CTA_TUPLE_ORIG | NLA_F_NESTED;
  head.nla_len = static_cast<std::uint16_t>(sizeof head + t.tuple.size());
  std::string attributes(reinterpret_cast<const char*>(&head), sizeof head);
  attributes += t.tuple;
  attributes.resize(aligned(attributes.size()));
  Socket socket;
  GP_CHECK(socket.send(IPCTNL_MSG_CT_DELETE, NLM_F_ACK, t.source.is_v4() ? AF_INET : AF_INET6, attributes));
  GP_TRY(const std::string answer, socket.receive());
  const auto error = error_in(answer);
  // It may have ended by itself meanwhile.
  if (!error || (*error != 0 && *error != ENOENT))
    return fail(Errc::unavailable, error ? std::strerror(*error) : "netlink gave no answer");
  return {};
}

Result<std::vector<Tracked>> refused_sessions(const Situation& s, const Intent& intent) {
  GP_TRY(const std::vector<Tracked> all, tracked_connections());
  std::map<std::uint16_t, Answer> answers;
  std::vector<Tracked> out;
  for (const Tracked& t : all) {
    const bool ours = t.l4proto == IPPROTO_TCP && !t.source.is_loopback() &&
                      s.host.addresses.contains(number_of(t.destination)) &&
                      std::ranges::any_of(intent.ports, [&](const PortIntent& p) {
                        return p.port == t.destination_port && p.destinations.contains(number_of(t.destination));
                      });
    if (!ours) continue;
    if (!answers.contains(t.destination_port)) answers.emplace(t.destination_port, ask(s, t.destination_port));
    // Closed whatever the interface, the source port, and what cannot be known.
    const auto& regions = answers.at(t.destination_port).regions;
    const bool closed = std::ranges::all_of(regions, [&](const Region& r) {
      return !r.sources.contains(number_of(t.source)) || !r.destinations.contains(number_of(t.destination)) ||
             r.fate == Fate::dropped || r.fate == Fate::refused;
    });
    if (closed) out.push_back(t);
  }
  return out;
}

Result<std::size_t> end_refused(const Situation& s, const Intent& intent) {
  GP_TRY(const std::vector<Tracked> refused, refused_sessions(s, intent));
  for (const Tracked& t : refused) GP_CHECK(forget(t));
  return refused.size();
}

}  // namespace gatepost::gate
