#include "runtime/tcp_stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runtime/await.hpp"
#include "runtime/tls_context.hpp"
#include "runtime/tls_session.hpp"

namespace gatepost::runtime {

namespace asio = boost::asio;

namespace {

// With the loop's own executor type: the type-erased one would cost every idle connection some 250 octets more.
using Socket = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;
using WaitFor = Socket::wait_type;

// With the loop's own executor here, too: what a wait ends with comes straight from the loop. The coroutine's
// type-erased one would be copied, compared and asked to run it, each time.
auto await_on(const asio::io_context::executor_type& loop) {
  return asio::bind_executor(loop, asio::as_tuple(asio::use_awaitable));
}

asio::io_context& loop_of(const asio::any_io_executor& executor) {
  return static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
}

// How long, and for how much, a closing connection listens on, so that unread input does not reset it before the peer
// has seen our last reply.
constexpr std::chrono::seconds kLinger{1};
constexpr std::size_t kMaxLingerOctets = 1 << 20;
constexpr std::size_t kTlsRecordOctets = 16 << 10;

// Drops what has arrived. false: that was the end, or enough.
bool drop_input(int fd, std::size_t& dropped) {
  while (dropped < kMaxLingerOctets) {
    char octets[4096];
    const ssize_t got = ::recv(fd, octets, sizeof octets, 0);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    dropped += static_cast<std::size_t>(got);
  }
  return false;
}

// The socket and its timer. Shared only with the timer's pending handler, which may outlive the stream by one turn of
// the loop.
class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(const asio::any_io_executor& executor, int fd) : socket_(loop_of(executor), fd), timer_(loop_of(executor)) {}

  int fd() { return socket_.native_handle(); }
  bool closed() const { return closed_; }

  void set_deadline(SteadyPoint at) {
    deadline_ = at;
    expired_ = false;
  }

  void wake() {
    woken_ = true;
    if (wakeable_) socket_.cancel();
  }
  // Whether wake() has to end a wait; a writer that waits meanwhile just waits again.
  void set_wakeable(bool on) { wakeable_ = on; }
  bool take_wake() { return std::exchange(woken_, false); }

  void close() {
    if (closed_) return;
    closed_ = true;
    timer_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  auto async_wait(WaitFor what) { return socket_.async_wait(what, await_on(socket_.get_executor())); }

  // The two halves of a wait. Before: nothing when one may wait. After, with what the wait ended with: true when ready,
  // false when something else happened, which the next before_wait() tells.
  Result<> before_wait() {
    if (closed_) return fail(Errc::closed, "the connection was closed");
    if (expired_ || !arm()) return fail(Errc::timed_out);
    return {};
  }
  Result<bool> after_wait(const boost::system::error_code& error) const {
    if (!error) return !closed_;
    if (error == asio::error::operation_aborted) return false;
    return fail(Errc::closed, error.message());
  }

  Task<Result<>> wait(WaitFor what) {
    for (;;) {
      GP_CO_CHECK(before_wait());
      auto [error] = co_await async_wait(what);
      GP_CO_TRY(const bool ready, after_wait(error));
      if (ready) co_return Result<>();
    }
  }

 private:
  // Makes sure the timer fires no later than the deadline. An earlier one is left alone: it arms itself again when it
  // fires early, so that moving the deadline forward, which every command does, costs nothing. false: the deadline has
  // passed.
  bool arm() {
    if (deadline_ == SteadyPoint::max()) return true;
    if (armed_ && armed_at_ <= deadline_) return true;
    if (deadline_ <= std::chrono::steady_clock::now()) return false;
    start_timer();
    return true;
  }

  void start_timer() {
    armed_ = true;
    armed_at_ = deadline_;
    timer_.expires_at(deadline_);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const std::shared_ptr<Core> self = weak.lock();
      if (self && !error) self->timer_fired();
    });
  }

  void timer_fired() {
    armed_ = false;
    if (closed_ || deadline_ == SteadyPoint::max()) return;
    if (deadline_ > std::chrono::steady_clock::now()) {
      start_timer();
      return;
    }
    expired_ = true;
    socket_.cancel();
  }

  Socket socket_;
  Timer timer_;
  SteadyPoint deadline_ = SteadyPoint::max();
  SteadyPoint armed_at_;
  bool armed_ = false, expired_ = false, closed_ = false, woken_ = false, wakeable_ = false;
};

class TcpStream final : public Stream {
 public:
  TcpStream(const asio::any_io_executor& executor, int fd) : core_(std::make_shared<Core>(executor, fd)) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // replies are coalesced before they are written
  }
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
    core_->close();
  }
  void set_deadline(SteadyPoint at) override { core_->set_deadline(at); }
  void wake() override { core_->wake(); }

 private:
  Task<Result<TlsFacts>> handshake(std::unique_ptr<TlsSession> session);
  Result<std::optional<std::size_t>> read_tls_now(std::span<char> into, TlsProgress& progress);
  Task<Result<std::size_t>> read_tls(std::span<char> into);
  Task<Result<>> write_tls(std::string_view octets);
  Task<Result<>> wait_for(TlsProgress progress);
  std::unexpected<Error> tls_broken(TlsProgress progress) const;
  void acknowledge();

  std::shared_ptr<Core> core_;
  std::unique_ptr<TlsSession> tls_;
  bool peer_ended_ = false;
  bool unanswered_ = false;  // something was read since the last write
};

// Where connections spend their lives: every octet of this frame is multiplied by their number, so it does not call
// wait(). What has come, an end and a failure of TLS too, is for read_now() to find out; only where that was not enough
// for it, the rest of a record is waited for.
Task<Result<bool>> TcpStream::wait_readable() {
  for (;;) {
    if (core_->take_wake()) co_return false;
    const TlsProgress progress = tls_ && tls_->holds_input() ? tls_->peek() : TlsProgress::want_read;
    if (progress != TlsProgress::want_read && progress != TlsProgress::want_write) co_return true;
    if (auto may = core_->before_wait(); !may) co_return std::unexpected(std::move(may).error());
    if (unanswered_) acknowledge();
    const auto want = progress == TlsProgress::want_write ? WaitFor::wait_write : WaitFor::wait_read;
    core_->set_wakeable(true);
    auto [error] = co_await core_->async_wait(want);
    core_->set_wakeable(false);
    auto ready = core_->after_wait(error);
    if (!ready) co_return std::unexpected(std::move(ready).error());
    if (*ready) co_return true;
  }
}

Task<Result<bool>> TcpStream::wait_woken() {
  for (;;) {
    if (core_->take_wake()) co_return false;
    if (auto may = core_->before_wait(); !may) co_return std::unexpected(std::move(may).error());
    core_->set_wakeable(true);
    auto [error] = co_await core_->async_wait(WaitFor::wait_error);
    core_->set_wakeable(false);
    auto broken = core_->after_wait(error);
    if (!broken) co_return std::unexpected(std::move(broken).error());
    if (*broken) co_return true;
  }
}

// What came needs more to be answered. A client that sends it in small pieces (Nagle) holds the next one back until
// this one is acknowledged, and the kernel would wait 40 ms for an answer to send that along with.
void TcpStream::acknowledge() {
  const int on = 1;
  setsockopt(core_->fd(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  unanswered_ = false;
}

Result<std::optional<std::size_t>> TcpStream::read_now(std::span<char> into) {
  unanswered_ = true;
  if (core_->closed()) return fail(Errc::closed, "the connection was closed");
  if (tls_) {
    TlsProgress progress{};
    return read_tls_now(into, progress);
  }
  for (;;) {
    const ssize_t got = ::recv(core_->fd(), into.data(), into.size(), 0);
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
    GP_CO_CHECK(co_await core_->wait(WaitFor::wait_read));
  }
}

std::size_t TcpStream::write_now(std::string_view octets) {
  unanswered_ = false;
  std::size_t sent = 0;
  while (sent < octets.size() && !core_->closed()) {
    if (tls_) {
      std::size_t put = 0;
      const TlsProgress progress = tls_->write(octets.substr(sent), put);
      sent += put;
      if (progress != TlsProgress::done) break;
    } else {
      const ssize_t put = ::send(core_->fd(), octets.data() + sent, octets.size() - sent, MSG_NOSIGNAL);
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
    if (core_->closed()) co_return fail(Errc::closed, "the connection was closed");
    const ssize_t put = ::send(core_->fd(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (put >= 0) {
      octets.remove_prefix(static_cast<std::size_t>(put));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) co_return fail(Errc::closed, std::strerror(errno));
    GP_CO_CHECK(co_await core_->wait(WaitFor::wait_write));
  }
  co_return Result<>();
}

Task<Result<>> TcpStream::wait_for(TlsProgress progress) {
  const auto want = progress == TlsProgress::want_write ? WaitFor::wait_write : WaitFor::wait_read;
  GP_CO_CHECK(co_await core_->wait(want));
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
  while (!core_->closed() && tls_) {
    TlsProgress progress{};
    GP_CO_TRY(const auto got, read_tls_now(into, progress));
    if (got) co_return *got;
    GP_CO_CHECK(co_await wait_for(progress));
  }
  co_return fail(Errc::closed, "the connection was closed");
}

Task<Result<>> TcpStream::write_tls(std::string_view octets) {
  while (!octets.empty()) {
    if (core_->closed() || !tls_) co_return fail(Errc::closed, "the connection was closed");
    std::size_t put = 0;
    const TlsProgress progress = tls_->write(octets, put);
    octets.remove_prefix(put);
    if (progress == TlsProgress::done) continue;
    if (progress == TlsProgress::failed || progress == TlsProgress::ended) co_return tls_broken(progress);
    GP_CO_CHECK(co_await wait_for(progress));
  }
  co_return Result<>();
}

Task<Result<TlsFacts>> TcpStream::handshake(std::unique_ptr<TlsSession> session) {
  for (;;) {
    if (core_->closed()) co_return fail(Errc::closed, "the connection was closed");
    const TlsProgress progress = session->handshake();
    if (progress == TlsProgress::done) break;
    if (progress == TlsProgress::failed || progress == TlsProgress::ended)
      co_return fail(session->failure_code(), session->failure());
    const auto want = progress == TlsProgress::want_write ? WaitFor::wait_write : WaitFor::wait_read;
    auto ready = co_await core_->wait(want);
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
  GP_CO_TRY(auto session, server.session(core_->fd()));
  co_return co_await handshake(std::move(session));
}

Task<Result<TlsFacts>> TcpStream::start_tls_client(TlsClient& client, std::string_view server_name) {
  if (tls_) co_return fail(Errc::conflict, "TLS is already on");
  GP_CO_TRY(auto session, client.session(core_->fd(), server_name));
  auto facts = co_await handshake(std::move(session));
  if (facts && client.verifies()) facts->peer_verified = true;
  // Whatever a server did wrong, to a client the connection is gone.
  if (!facts && facts.error().code != Errc::timed_out) facts.error().code = Errc::closed;
  co_return facts;
}

Task<> TcpStream::shutdown() {
  if (core_->closed()) co_return;
  if (tls_) tls_->send_close_notify();
  if (!peer_ended_ && ::shutdown(core_->fd(), SHUT_WR) == 0) {
    core_->set_deadline(std::chrono::steady_clock::now() + kLinger);
    std::size_t dropped = 0;
    while (!core_->closed() && drop_input(core_->fd(), dropped)) {
      auto ready = co_await core_->wait(WaitFor::wait_read);
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
