#include "gate/helper/kernel_sets.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/result.hpp"
#include "gate/bans/ban_set.hpp"

namespace gatepost::gate::helper {
namespace {

constexpr std::string_view kTableName = "gatepost";
constexpr std::uint16_t kNested = NLA_F_NESTED;

// Messages of a few hundred octets in a buffer of its own; what would not fit is a mistake of this file.
class Buffer {
 public:
  std::size_t begin_message(std::uint16_t type, std::uint16_t flags, std::uint8_t family, std::uint16_t resource,
                            std::uint32_t sequence) {
    const std::size_t at = size_;
    nlmsghdr head{};
    head.nlmsg_type = type;
    head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    head.nlmsg_seq = sequence;
    append(&head, sizeof head);
    nfgenmsg general{};
    general.nfgen_family = family;
    general.version = NFNETLINK_V0;
    general.res_id = htons(resource);
    append(&general, sizeof general);
    return at;
  }
  void end_message(std::size_t at) {
    const auto length = static_cast<std::uint32_t>(size_ - at);
    std::memcpy(data_.data() + at + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
  }
  std::size_t begin(std::uint16_t type) {
    const std::size_t at = size_;
    const nlattr head{0, type};
    append(&head, sizeof head);
    return at;
  }
  void end(std::size_t at) {
    const auto length = static_cast<std::uint16_t>(size_ - at);
    std::memcpy(data_.data() + at + offsetof(nlattr, nla_len), &length, sizeof length);
    while (size_ % NLA_ALIGNTO != 0) append("", 1);
  }
  void attribute(std::uint16_t type, const void* octets, std::size_t count) {
    const std::size_t at = begin(type);
    append(octets, count);
    end(at);
  }
  void text(std::uint16_t type, std::string_view value) {
    const std::size_t at = begin(type);
    append(value.data(), value.size());
    append("", 1);
    end(at);
  }
  const char* data() const { return data_.data(); }
  std::size_t size() const { return size_; }

 private:
  void append(const void* octets, std::size_t count) {
    GP_ASSERT(count <= data_.size() - size_);
    std::memcpy(data_.data() + size_, octets, count);
    size_ += count;
  }
  alignas(nlmsghdr) std::array<char, 1024> data_{};
  std::size_t size_ = 0;
};

std::uint16_t nft_type(std::uint16_t message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
}

}  // namespace

KernelSets::KernelSets() : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER)) {
  if (fd_ < 0) return;
  const timeval patience{5, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  // Errors repeat the request's head alone.
  const int on = 1;
  ::setsockopt(fd_, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
}

KernelSets::~KernelSets() {
  if (fd_ >= 0) ::close(fd_);
}

int KernelSets::put(const Network& network, std::chrono::seconds length) {
  // What is there keeps its end when it is added again (nft_set_hash does not replace), so it goes first.
  if (const int error = remove(network); error != 0) return error;
  return element(NFT_MSG_NEWSETELEM, NLM_F_CREATE, network, length);
}

int KernelSets::remove(const Network& network) {
  const int error = element(NFT_MSG_DELSETELEM, 0, network, std::chrono::seconds(0));
  if (error != ENOENT) return error;
  // No such element, or no such set?
  std::uint64_t handle = 0;
  return handle_of(NFT_MSG_GETSET, handle);
}

int KernelSets::element(std::uint16_t message, std::uint16_t flags, const Network& network,
                        std::chrono::seconds length) {
  const BanSet* const set = ban_set_for(network);
  if (fd_ < 0 || set == nullptr) return fd_ < 0 ? EBADF : EINVAL;
  Buffer b;
  const std::uint32_t first = sequence_++;
  b.end_message(b.begin_message(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, first));
  const std::uint32_t sequence = sequence_++;
  const std::size_t at =
      b.begin_message(nft_type(message), static_cast<std::uint16_t>(NLM_F_ACK | flags), NFPROTO_INET, 0, sequence);
  b.text(NFTA_SET_ELEM_LIST_TABLE, kTableName);
  b.text(NFTA_SET_ELEM_LIST_SET, set->name);
  const std::size_t elements = b.begin(NFTA_SET_ELEM_LIST_ELEMENTS | kNested);
  const std::size_t one = b.begin(NFTA_LIST_ELEM | kNested);
  const std::size_t key = b.begin(NFTA_SET_ELEM_KEY | kNested);
  constexpr std::size_t kV4At = 12;
  const auto& octets = network.address.octets;
  b.attribute(NFTA_DATA_VALUE, octets.data() + (set->v4 ? kV4At : 0), set->v4 ? octets.size() - kV4At : octets.size());
  b.end(key);
  if (length.count() > 0) {
    const auto milliseconds = static_cast<std::uint64_t>(std::chrono::milliseconds(length).count());
    std::array<unsigned char, 8> big_endian{};
    for (std::size_t i = 0; i < big_endian.size(); ++i) {
      big_endian[i] = static_cast<unsigned char>(milliseconds >> (8 * (big_endian.size() - 1 - i)));
    }
    b.attribute(NFTA_SET_ELEM_TIMEOUT, big_endian.data(), big_endian.size());
  }
  b.end(one);
  b.end(elements);
  b.end_message(at);
  b.end_message(b.begin_message(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, sequence_++));
  if (const int error = send(b.data(), b.size()); error != 0) return error;
  return acknowledged(sequence, 0, nullptr);
}

// Sets of a table that was made anew have the numbers they had before; the table has another one.
int KernelSets::which(std::uint64_t& number) {
  std::uint64_t set = 0, table = 0;
  if (const int error = handle_of(NFT_MSG_GETSET, set); error != 0) return error;
  if (const int error = handle_of(NFT_MSG_GETTABLE, table); error != 0) return error;
  constexpr int kHalf = 32;
  number = table << kHalf | (set & UINT32_MAX);
  return 0;
}

int KernelSets::handle_of(std::uint16_t message, std::uint64_t& handle) {
  if (fd_ < 0) return EBADF;
  Buffer b;
  const std::uint32_t sequence = ++sequence_;  // the one before is nobody's
  ++sequence_;
  const std::size_t at = b.begin_message(nft_type(message), NLM_F_ACK, NFPROTO_INET, 0, sequence);
  const bool of_set = message == NFT_MSG_GETSET;
  if (of_set) {
    b.text(NFTA_SET_TABLE, kTableName);
    b.text(NFTA_SET_NAME, kBanSets[0].name);
  } else {
    b.text(NFTA_TABLE_NAME, kTableName);
  }
  b.end_message(at);
  if (const int error = send(b.data(), b.size()); error != 0) return error;
  const std::uint16_t wanted = of_set ? std::uint16_t{NFTA_SET_HANDLE} : std::uint16_t{NFTA_TABLE_HANDLE};
  return acknowledged(sequence, wanted, &handle);
}

int KernelSets::send(const char* octets, std::size_t size) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  while (::sendto(fd_, octets, size, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

// Reads up to the acknowledgement of that message; a handle, the attribute `wanted`, may come before it.
int KernelSets::acknowledged(std::uint32_t sequence, std::uint16_t wanted, std::uint64_t* handle) {
  alignas(nlmsghdr) std::array<char, 8192> buffer;
  while (true) {
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0 ? EPIPE : errno == EAGAIN ? ETIMEDOUT : errno;
    std::string_view rest(buffer.data(), static_cast<std::size_t>(got));
    while (rest.size() >= sizeof(nlmsghdr)) {
      nlmsghdr head;
      std::memcpy(&head, rest.data(), sizeof head);
      if (head.nlmsg_len < sizeof head || head.nlmsg_len > rest.size()) return EPROTO;
      std::string_view body = rest.substr(sizeof head, head.nlmsg_len - sizeof head);
      rest.remove_prefix(std::min<std::size_t>(rest.size(), NLMSG_ALIGN(head.nlmsg_len)));
      const bool ours = head.nlmsg_seq == sequence;
      const bool of_batch = head.nlmsg_seq == sequence - 1;  // without the right to it, the batch fails as a whole
      if (!ours && !of_batch) continue;                      // of a message before, whose answer came too late
      if (head.nlmsg_type == NLMSG_ERROR) {
        int error = 0;
        if (body.size() < sizeof error) return EPROTO;
        std::memcpy(&error, body.data(), sizeof error);
        if (ours || error != 0) return -error;
        continue;
      }
      if (handle == nullptr || body.size() < sizeof(nfgenmsg)) continue;
      body.remove_prefix(sizeof(nfgenmsg));
      while (body.size() >= sizeof(nlattr)) {
        nlattr attribute;
        std::memcpy(&attribute, body.data(), sizeof attribute);
        if (attribute.nla_len < sizeof attribute || attribute.nla_len > body.size()) break;
        const std::string_view value = body.substr(sizeof attribute, attribute.nla_len - sizeof attribute);
        if ((attribute.nla_type & NLA_TYPE_MASK) == wanted && value.size() == sizeof *handle) {
          for (const char c : value) *handle = *handle << 8 | static_cast<unsigned char>(c);
        }
        body.remove_prefix(std::min<std::size_t>(body.size(), NLA_ALIGN(attribute.nla_len)));
      }
    }
  }
}

}  // namespace gatepost::gate::helper
