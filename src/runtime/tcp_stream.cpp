#include "runtime/tcp_stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/deferred.hpp>

#include "runtime/tls_context.hpp"
#include "runtime/tls_session.hpp"
#include "runtime/waited_socket.hpp"

namespace gatepost::runtime {

namespace {

// To be awaited. Without a coroutine of its own, whose frame each idle connection would have.
auto wait_once(WaitedSocket& socket, WaitFor what, bool wakeable) {
  const auto begin = [&socket, what, wakeable](auto handler) { socket.wait(what, wakeable, std::move(handler)); };
  return boost::asio::async_initiate<const boost::asio::deferred_t&, void(WaitEnd)>(begin, boost::asio::deferred);
}

Task<Result<>> wait_until(WaitedSocket& socket, WaitFor what) {
  for (;;) {
    GP_CO_CHECK(socket.before_wait());
    const WaitEnd end = co_await wait_once(socket, what, false);
    if (end == WaitEnd::ready && !socket.closed()) co_return Result<>();
  }
}

WaitFor needed(TlsProgress progress) { return progress == TlsProgress::want_write ? WaitFor::room : WaitFor::input; }

// How long, and for how much, a closing connection listens on, so that unread input does not reset it before the peer
// has seen our last reply.
constexpr std::chrono::seconds kLinger{1};
constexpr std::size_t kMaxLingerOctets = 1 << 20;
constexpr std::size_t kTlsRecordOctets = 16 << 10;

// Drops what has arrived. false: that was the end, or enough.
bool drop_input(WaitedSocket& socket, std::size_t& dropped) {
  while (dropped < kMaxLingerOctets) {
    char octets[4096];
    const ssize_t got = socket.receive(octets);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    dropped += static_cast<std::size_t>(got);
  }
  return false;
}

class TcpStream final : public Stream {
 public:
  TcpStream(const boost::asio::any_io_executor& executor, int fd) : socket_(executor, fd) {}
  ~TcpStream() override { close(); }

  Task<Result<bool>> wait_readable() override;
  Task<Result<bool>> wait_woken() override;
  Task<Result<std::size_t>> read_some(std::span<char> into) override;
  Task<Result<>> write_all(std::string_view octets) override;
  Result<std::optional<std::size_t>> read_now(std::span<char> into) override;
  std::size_t write_now(std::string_view octets) override;
  Task<Result<TlsFacts>> start_tls_server(TlsServer& server) override;
  Task<Result<TlsFacts>> start_tls_client(TlsClient& client, std::string_view server_name) override;
  Task<> shutdown() override;
  void close() override {
    tls_.reset();
    socket_.close();
  }
  void set_deadline(SteadyPoint at) override { socket_.set_deadline(at); }
  void wake() override { socket_.wake(); }

 private:
  Task<Result<TlsFacts>> handshake(std::unique_ptr<TlsSession> session);
  Result<std::optional<std::size_t>> read_tls_now(std::span<char> into, TlsProgress& progress);
  Task<Result<std::size_t>> read_tls(std::span<char> into);
  Task<Result<>> write_tls(std::string_view octets);
  std::unexpected<Error> tls_broken(TlsProgress progress) const;
  void acknowledge();

  WaitedSocket socket_;
  std::unique_ptr<TlsSession> tls_;
  bool peer_ended_ = false;
  bool unanswered_ = false;  // something was read since the last write
};

// Where connections spend their lives: every octet of this frame is multiplied by their number, so it does not call
// wait(). What has come, an end and a failure of TLS too, is for read_now() to find out; only where that was not enough
// for it, the rest of a record is waited for.
Task<Result<bool>> TcpStream::wait_readable() {
  for (;;) {
    if (socket_.take_wake()) co_return false;
    const TlsProgress progress = tls_ && tls_->holds_input() ? tls_->peek() : TlsProgress::want_read;
    if (progress != TlsProgress::want_read && progress != TlsProgress::want_write) co_return true;
    if (auto may = socket_.before_wait(); !may) co_return std::unexpected(std::move(may).error());
    if (unanswered_) acknowledge();
    const WaitEnd end = co_await wait_once(socket_, needed(progress), true);
    if (end == WaitEnd::ready && !socket_.closed()) co_return true;
  }
}

Task<Result<bool>> TcpStream::wait_woken() {
  for (;;) {
    if (socket_.take_wake()) co_return false;
    if (auto may = socket_.before_wait(); !may) co_return std::unexpected(std::move(may).error());
    const WaitEnd end = co_await wait_once(socket_, WaitFor::failure, true);
    if (end == WaitEnd::ready && !socket_.closed()) co_return true;
  }
}

// What came needs more to be answered. A client that sends it in small pieces (Nagle) holds the next one back until
// this one is acknowledged, and the kernel would wait 40 ms for an answer to send that along with.
void TcpStream::acknowledge() {
  const int on = 1;
  setsockopt(socket_.fd(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  unanswered_ = false;
}

Result<std::optional<std::size_t>> TcpStream::read_now(std::span<char> into) {
  unanswered_ = true;
  if (socket_.closed()) return fail(Errc::closed, "the connection was closed");
  if (tls_) {
    TlsProgress progress{};
    return read_tls_now(into, progress);
  }
  for (;;) {
    const ssize_t got = socket_.receive(into);
    if (got == 0) peer_ended_ = true;
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) return fail(Errc::closed, std::strerror(errno));
  }
}

Task<Result<std::size_t>> TcpStream::read_some(std::span<char> into) {
  if (tls_) co_return co_await read_tls(into);
  for (;;) {
    GP_CO_TRY(const auto got, read_now(into));
    if (got) co_return *got;
    GP_CO_CHECK(co_await wait_until(socket_, WaitFor::input));
  }
}

std::size_t TcpStream::write_now(std::string_view octets) {
  unanswered_ = false;
  std::size_t sent = 0;
  while (sent < octets.size() && !socket_.closed()) {
    if (tls_) {
      std::size_t put = 0;
      const TlsProgress progress = tls_->write(octets.substr(sent), put);
      sent += put;
      if (progress != TlsProgress::done) break;
    } else {
      const ssize_t put = socket_.send(octets.substr(sent));
      if (put < 0) break;
      sent += static_cast<std::size_t>(put);
    }
  }
  return sent;
}

Task<Result<>> TcpStream::write_all(std::string_view octets) {
  unanswered_ = false;
  if (tls_) co_return co_await write_tls(octets);
  while (!octets.empty()) {
    if (socket_.closed()) co_return fail(Errc::closed, "the connection was closed");
    const ssize_t put = socket_.send(octets);
    if (put >= 0) {
      octets.remove_prefix(static_cast<std::size_t>(put));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return fail(Errc::closed, std::strerror(errno));
    GP_CO_CHECK(co_await wait_until(socket_, WaitFor::room));
  }
  co_return Result<>();
}

std::unexpected<Error> TcpStream::tls_broken(TlsProgress progress) const {
  return fail(Errc::closed, progress == TlsProgress::ended ? "the peer ended TLS" : tls_->failure());
}

// nullopt: `progress` says what to wait for.
Result<std::optional<std::size_t>> TcpStream::read_tls_now(std::span<char> into, TlsProgress& progress) {
  std::size_t total = 0;
  for (;;) {
    std::size_t got = 0;
    progress = tls_->read(into.subspan(total), got);
    total += got;
    // A full record is usually followed by another.
    if (got != kTlsRecordOctets || into.size() - total < kTlsRecordOctets) break;
  }
  if (total != 0) return total;
  if (progress == TlsProgress::ended) {
    peer_ended_ = true;
    return std::size_t{0};
  }
  if (progress == TlsProgress::failed) return tls_broken(progress);
  return std::nullopt;
}

Task<Result<std::size_t>> TcpStream::read_tls(std::span<char> into) {
  unanswered_ = true;
  while (!socket_.closed() && tls_) {
    TlsProgress progress{};
    GP_CO_TRY(const auto got, read_tls_now(into, progress));
    if (got) co_return *got;
    GP_CO_CHECK(co_await wait_until(socket_, needed(progress)));
  }
  co_return fail(Errc::closed, "the connection was closed");
}

Task<Result<>> TcpStream::write_tls(std::string_view octets) {
  while (!octets.empty()) {
    if (socket_.closed() || !tls_) co_return fail(Errc::closed, "the connection was closed");
    std::size_t put = 0;
    const TlsProgress progress = tls_->write(octets, put);
    octets.remove_prefix(put);
    if (progress == TlsProgress::done) continue;
    if (progress == TlsProgress::failed || progress == TlsProgress::ended) co_return tls_broken(progress);
    GP_CO_CHECK(co_await wait_until(socket_, needed(progress)));
  }
  co_return Result<>();
}

Task<Result<TlsFacts>> TcpStream::handshake(std::unique_ptr<TlsSession> session) {
  for (;;) {
    if (socket_.closed()) co_return fail(Errc::closed, "the connection was closed");
    const TlsProgress progress = session->handshake();
    if (progress == TlsProgress::done) break;
    if (progress == TlsProgress::failed || progress == TlsProgress::ended)
      co_return fail(session->failure_code(), session->failure());
    auto ready = co_await wait_until(socket_, needed(progress));
    if (!ready && ready.error().code == Errc::timed_out) {
      co_return fail(Errc::timed_out, "the peer did not finish the handshake in time");
    }
    if (!ready) co_return std::unexpected(std::move(ready).error());
  }
  TlsFacts facts = session->facts();
  tls_ = std::move(session);
  co_return facts;
}

Task<Result<TlsFacts>> TcpStream::start_tls_server(TlsServer& server) {
  if (tls_) co_return fail(Errc::conflict, "TLS is already on");
  GP_CO_TRY(auto session, server.session(socket_));
  co_return co_await handshake(std::move(session));
}

Task<Result<TlsFacts>> TcpStream::start_tls_client(TlsClient& client, std::string_view server_name) {
  if (tls_) co_return fail(Errc::conflict, "TLS is already on");
  GP_CO_TRY(auto session, client.session(socket_, server_name));
  auto facts = co_await handshake(std::move(session));
  if (facts && client.verifies()) facts->peer_verified = true;
  // Whatever a server did wrong, to a client the connection is gone.
  if (!facts && facts.error().code != Errc::timed_out) facts.error().code = Errc::closed;
  co_return facts;
}

Task<> TcpStream::shutdown() {
  if (socket_.closed()) co_return;
  if (tls_) tls_->send_close_notify();
  if (!peer_ended_ && ::shutdown(socket_.fd(), SHUT_WR) == 0) {
    socket_.set_deadline(std::chrono::steady_clock::now() + kLinger);
    std::size_t dropped = 0;
    while (!socket_.closed() && drop_input(socket_, dropped)) {
      auto ready = co_await wait_until(socket_, WaitFor::input);
      if (!ready) break;
    }
  }
  close();
}

}  // namespace

std::unique_ptr<Stream> make_tcp_stream(boost::asio::any_io_executor executor, int fd) {
  return std::make_unique<TcpStream>(executor, fd);
}

}  // namespace gatepost::runtime
