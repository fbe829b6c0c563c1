#include "gate/watch/packet_log.hpp"

#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <string>

#include <libnetfilter_log/libnetfilter_log.h>

#include <fmt/format.h>

#include "gate/log/formats.hpp"
#include "gate/log/packet.hpp"
#include "gate/watch/packet_message.hpp"

namespace gatepost::gate::watch {

namespace {

constexpr unsigned kCopiedOctets = 192;  // IPv6, some extension headers, TCP
constexpr int kReceiveOctets = 4 << 20;
constexpr std::size_t kMaxInterfaces = 256;

struct CloseHandle {
  void operator()(nflog_handle* handle) const { nflog_close(handle); }
};
struct UnbindGroup {
  void operator()(nflog_g_handle* group) const { nflog_unbind_group(group); }
};

class Nflog final : public PacketLog {
 public:
  explicit Nflog(const Clock& clock) : clock_(clock) {}
  Result<> bind(std::uint16_t group);
  int fd() const override { return nflog_fd(handle_.get()); }
  Result<> receive(const std::function<void(const log::Item&)>& take) override;

 private:
  void packet(const LoggedPacket& logged, const std::function<void(const log::Item&)>& take);
  std::string_view interface_name(std::uint32_t index);

  const Clock& clock_;
  std::unique_ptr<nflog_handle, CloseHandle> handle_;
  std::unique_ptr<nflog_g_handle, UnbindGroup> group_;  // before its handle is closed
  std::map<std::uint32_t, std::string> interfaces_;
  log::Scratch scratch_;
  log::Item item_;
};

Result<> Nflog::bind(std::uint16_t group) {
  const auto failed = [](const char* what) {
    if (errno == EPERM || errno == EACCES || errno == EBUSY) {
      return fail(Errc::denied, fmt::format("{}: it takes CAP_NET_ADMIN, and a group that nobody else reads", what));
    }
    return fail(Errc::unavailable, fmt::format("{}: {}", what, std::strerror(errno)));
  };
  handle_.reset(nflog_open());
  if (!handle_) return failed("NFLOG");
  group_.reset(nflog_bind_group(handle_.get(), group));
  if (!group_) return failed("NFLOG group");
  if (nflog_set_mode(group_.get(), NFULNL_COPY_PACKET, kCopiedOctets) < 0) return failed("NFLOG mode");
  // Without these an event waits up to a second for others to share its message.
  nflog_set_timeout(group_.get(), 5);
  nflog_set_qthresh(group_.get(), 32);
  const int octets = kReceiveOctets;
  if (setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) != 0) {
    setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
  }
  return {};
}

std::string_view Nflog::interface_name(std::uint32_t index) {
  if (index == 0) return {};
  if (const auto known = interfaces_.find(index); known != interfaces_.end()) return known->second;
  char name[IF_NAMESIZE];
  if (if_indextoname(index, name) == nullptr) return {};
  if (interfaces_.size() == kMaxInterfaces) interfaces_.clear();
  return interfaces_.emplace(index, name).first->second;
}

void Nflog::packet(const LoggedPacket& logged, const std::function<void(const log::Item&)>& take) {
  ++item_.line;
  item_.event = {};
  scratch_.clear();
  log::LogEvent& event = item_.event;
  if (!log::read_packet(logged.payload, event)) {
    item_.kind = log::Kind::skip;
    item_.why = "not an IP packet";
    return take(item_);
  }
  item_.kind = log::Kind::event;
  item_.why = {};
  event.time.known = event.time.has_fraction = true;
  event.time.at = logged.at != TimePoint{} ? logged.at : clock_.now();
  event.in_interface = interface_name(logged.in_interface);
  event.out_interface = interface_name(logged.out_interface);
  if (!event.in_interface.empty()) {
    event.direction = event.out_interface.empty() ? log::Direction::in : log::Direction::forward;
  } else if (!event.out_interface.empty()) {
    event.direction = log::Direction::out;
  }
  if (!logged.prefix.empty()) log::read_prefix(logged.prefix, scratch_, event);
  take(item_);
}

Result<> Nflog::receive(const std::function<void(const log::Item&)>& take) {
  char message[64 << 10];
  for (;;) {
    const ssize_t got = recv(fd(), message, sizeof message, MSG_DONTWAIT);
    if (got > 0) {
      read_logged_packets({message, static_cast<std::size_t>(got)},
                          [&](const LoggedPacket& logged) { packet(logged, take); });
      continue;
    }
    if (got == 0 || errno == EAGAIN || errno == EWOULDBLOCK) return {};
    if (errno == EINTR) continue;
    if (errno != ENOBUFS) return fail(Errc::unavailable, fmt::format("NFLOG: {}", std::strerror(errno)));
    log::Item gap;
    gap.kind = log::Kind::gap;
    gap.why = "packets came faster than they were read";
    take(gap);
  }
}

}  // namespace

Result<std::unique_ptr<PacketLog>> open_packet_log(std::uint16_t group, const Clock& clock) {
  auto log = std::make_unique<Nflog>(clock);
  GP_CHECK(log->bind(group));
  return std::unique_ptr<PacketLog>(std::move(log));
}

}  // namespace gatepost::gate::watch
