#include "base/netlink.hpp"

#include <arpa/inet.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace gatepost::netlink {
namespace {

// Messages and attributes begin at multiples of it.
constexpr std::size_t kAlign = 4;
static_assert(NLMSG_ALIGNTO == kAlign && NLA_ALIGNTO == kAlign);
constexpr std::size_t aligned(std::size_t n) { return (n + kAlign - 1) & ~(kAlign - 1); }

}  // namespace

std::optional<Message> take_message(std::string_view& messages) {
  nlmsghdr head;
  if (messages.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, messages.data(), sizeof head);
  if (head.nlmsg_len < sizeof head || head.nlmsg_len > messages.size()) return std::nullopt;
  const Message out{head.nlmsg_type, messages.substr(sizeof head, head.nlmsg_len - sizeof head)};
  messages.remove_prefix(std::min(messages.size(), aligned(head.nlmsg_len)));
  return out;
}

std::optional<std::string_view> attribute(std::string_view attributes, std::uint16_t wanted) {
  nlattr head;
  while (attributes.size() >= sizeof head) {
    std::memcpy(&head, attributes.data(), sizeof head);
    if (head.nla_len < sizeof head || head.nla_len > attributes.size()) return std::nullopt;
    if ((head.nla_type & NLA_TYPE_MASK) == wanted) return attributes.substr(sizeof head, head.nla_len - sizeof head);
    attributes.remove_prefix(std::min(attributes.size(), aligned(head.nla_len)));
  }
  return std::nullopt;
}

std::optional<std::uint16_t> be16(std::string_view attributes, std::uint16_t wanted) {
  const auto octets = attribute(attributes, wanted);
  std::uint16_t n = 0;
  if (!octets || octets->size() != sizeof n) return std::nullopt;
  std::memcpy(&n, octets->data(), sizeof n);
  return ntohs(n);
}

std::optional<std::uint32_t> be32(std::string_view attributes, std::uint16_t wanted) {
  const auto octets = attribute(attributes, wanted);
  std::uint32_t n = 0;
  if (!octets || octets->size() != sizeof n) return std::nullopt;
  std::memcpy(&n, octets->data(), sizeof n);
  return ntohl(n);
}

}  // namespace gatepost::netlink
