#include "daemon/sockets.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include <fmt/format.h>

#include "daemon/events.hpp"
#include "runtime/listener.hpp"

namespace gatepost::daemon {
namespace {

const IpAddress kAnyV4 = IpAddress::v4(0);
const IpAddress kAnyV6{};

bool machine_has_ipv6() {
  const runtime::UniqueFd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return static_cast<bool>(probe);
}

// Whether the socket at [::] takes IPv4 too, as systemd's ListenStream=25 makes them.
bool takes_ipv4(int fd) {
  int only = 1;
  socklen_t size = sizeof only;
  return ::getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size) == 0 && only == 0;
}

class Opening {
 public:
  Opening(runtime::InheritedSockets& inherited, Log& log) : inherited_(inherited), log_(log) {}

  Result<> open(const config::Listener& listener) {
    std::vector<Endpoint> endpoints = listener.endpoints();
    // "::" first: a socket there may make the one at 0.0.0.0 superfluous.
    std::ranges::partition(endpoints, [](const Endpoint& at) { return at.address == kAnyV6; });
    Result<> result;
    for (const Endpoint& at : endpoints) {
      if (Result<> one = open(listener, at); !one) result = std::move(one);
    }
    return result;
  }

  std::vector<BoundSocket> opened;

 private:
  Result<> open(const config::Listener& listener, const Endpoint& at) {
    runtime::UniqueFd fd = inherited_.take(at);
    if (!fd && at.address == kAnyV4 && both_at(at.port)) return {};
    if (!fd && at.address == kAnyV6 && !has_ipv6_) return {};
    const bool ours = !fd;
    if (ours) {
      auto bound = runtime::open_listening_socket(at);
      if (!bound) {
        log_.write(event::kBindFailed,
                   {{"listener", listener.name}, {"at", at.to_string()}, {"detail", bound.error().detail}});
        return std::unexpected(std::move(bound).error());
      }
      fd = *std::move(bound);
    }
    opened.push_back({listener, at, std::move(fd), ours});
    return {};
  }

  bool both_at(std::uint16_t port) const {
    return std::ranges::any_of(opened, [&](const BoundSocket& socket) {
      return socket.at == Endpoint{kAnyV6, port} && takes_ipv4(socket.fd.get());
    });
  }

  runtime::InheritedSockets& inherited_;
  Log& log_;
  const bool has_ipv6_ = machine_has_ipv6();
};

}  // namespace

Result<std::vector<BoundSocket>> open_sockets(const std::vector<config::Listener>& listeners,
                                              runtime::InheritedSockets& inherited, Log& log) {
  Opening opening(inherited, log);
  std::string failures;
  for (const config::Listener& listener : listeners) {
    if (listener.audience == config::Audience::off) continue;
    if (const Result<> opened = opening.open(listener); !opened) {
      failures += fmt::format("{}{}: {}", failures.empty() ? "" : "; ", listener.name, opened.error().detail);
    }
  }
  if (!failures.empty()) return fail(Errc::denied, failures);
  return std::move(opening.opened);
}

}  // namespace gatepost::daemon
