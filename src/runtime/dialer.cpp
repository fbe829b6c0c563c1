#include "runtime/dialer.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "runtime/await.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/tcp_stream.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::runtime {

namespace asio = boost::asio;

namespace {

// The socket with its connect(2) under way.
Result<UniqueFd> begin_connect(const Endpoint& to, const std::optional<IpAddress>& source) {
  const SocketAddress address = to_socket_address(to);
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  bool ok = static_cast<bool>(fd);
  if (ok && source) {
    const SocketAddress from = to_socket_address({*source, 0});
    const int on = 1;
    // The port is chosen at connect(2): many connections may share the address.
    setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    ok = ::bind(fd.get(), from.raw(), from.size) == 0;
  }
  ok = ok && (::connect(fd.get(), address.raw(), address.size) == 0 || errno == EINPROGRESS);
  if (!ok) return fail(Errc::unavailable, fmt::format("{}: {}", to.to_string(), std::strerror(errno)));
  return fd;
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> dial(Endpoint to, std::chrono::steady_clock::duration timeout,
                                           std::optional<IpAddress> source) {
  auto executor = co_await asio::this_coro::executor;
  GP_CO_TRY(UniqueFd fd, begin_connect(to, source));
  // Shared with the timer's handler, which may run one turn of the loop after this task has ended.
  const auto socket = std::make_shared<asio::posix::stream_descriptor>(executor, fd.release());
  const auto late = std::make_shared<bool>(false);
  asio::steady_timer timer(executor, timeout);
  timer.async_wait([socket, late](const boost::system::error_code& error) {
    if (error || !socket->is_open()) return;
    *late = true;
    socket->cancel();
  });
  auto [error] = co_await socket->async_wait(asio::posix::stream_descriptor::wait_write, kAwait);
  timer.cancel();
  if (*late) co_return fail(Errc::timed_out, fmt::format("{}: no answer", to.to_string()));
  int why = 0;
  socklen_t size = sizeof why;
  if (error || getsockopt(socket->native_handle(), SOL_SOCKET, SO_ERROR, &why, &size) != 0) {
    co_return fail(Errc::unavailable, fmt::format("{}: {}", to.to_string(), error.message()));
  }
  if (why != 0) co_return fail(Errc::unavailable, fmt::format("{}: {}", to.to_string(), std::strerror(why)));
  co_return make_tcp_stream(executor, socket->release());
}

}  // namespace gatepost::runtime
