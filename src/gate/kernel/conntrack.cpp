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

namespace gatepost::gate {
namespace {

constexpr std::size_t kAlign = NLA_ALIGNTO;
constexpr std::size_t aligned(std::size_t n) { return (n + kAlign - 1) & ~(kAlign - 1); }

// The payload of the first attribute of that type.
std::optional<std::string_view> attribute(std::string_view attributes, std::uint16_t wanted) {
  while (attributes.size() >= sizeof(nlattr)) {
    nlattr head;
    std::memcpy(&head, attributes.data(), sizeof head);
    if (head.nla_len < sizeof head || head.nla_len > attributes.size()) return std::nullopt;
    if ((head.nla_type & NLA_TYPE_MASK) == wanted) return attributes.substr(sizeof head, head.nla_len - sizeof head);
    attributes.remove_prefix(std::min(attributes.size(), aligned(head.nla_len)));
  }
  return std::nullopt;
}

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

std::uint16_t port_in(std::string_view proto, std::uint16_t type) {
  const auto octets = attribute(proto, type);
  if (!octets || octets->size() != 2) return 0;
  std::uint16_t n = 0;
  std::memcpy(&n, octets->data(), 2);
  return ntohs(n);
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
  return Tracked{*source,
                 *destination,
                 port_in(*proto, CTA_PROTO_SRC_PORT),
                 port_in(*proto, CTA_PROTO_DST_PORT),
                 static_cast<std::uint8_t>((*number)[0]),
                 std::string(*tuple)};
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
  while (messages.size() >= sizeof(nlmsghdr)) {
    nlmsghdr head;
    std::memcpy(&head, messages.data(), sizeof head);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > messages.size()) {
      done = true;
      return;
    }
    if (head.nlmsg_type == NLMSG_DONE || head.nlmsg_type == NLMSG_ERROR) {
      done = true;
      return;
    }
    const std::string_view body = messages.substr(sizeof head, head.nlmsg_len - sizeof head);
    if (body.size() > sizeof(nfgenmsg)) {
      if (auto entry = entry_in(body.substr(sizeof(nfgenmsg)))) out.push_back(*std::move(entry));
    }
    messages.remove_prefix(std::min(messages.size(), aligned(head.nlmsg_len)));
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

Result<std::size_t> end_refused(const Situation& s, const Intent& intent) {
  GP_TRY(const std::vector<Tracked> all, tracked_connections());
  std::map<std::uint16_t, Answer> answers;
  std::size_t ended = 0;
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
    if (!closed) continue;
    GP_CHECK(forget(t));
    ++ended;
  }
  return ended;
}

}  // namespace gatepost::gate
