#include "runtime/waited_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

namespace gatepost::runtime {

namespace asio = boost::asio;
namespace intrusive = boost::intrusive;

namespace {

constexpr int kBatch = 64;  // then others of the loop have their turn
constexpr std::uint32_t kInput = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
constexpr std::uint32_t kRoom = EPOLLOUT | EPOLLHUP | EPOLLERR;
constexpr std::uint32_t kFailure = EPOLLHUP | EPOLLERR;
constexpr std::uint32_t kRegistered = EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET;

bool ends(WaitFor what, std::uint32_t events) {
  const std::uint32_t of_interest = what == WaitFor::input ? kInput : what == WaitFor::room ? kRoom : kFailure;
  return (events & of_interest) != 0;
}

int make_epoll() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return fd;
}

}  // namespace

// The epoll set of one loop's sockets, and their deadlines. The loop sees one descriptor, which it waits for while a
// socket is waited for, and one timer.
//
// Sockets are registered edge-triggered, and for EPOLLRDHUP, which Asio's own are not: what epoll_wait(2) reports of a
// socket is all that holds by then, and what changes later is reported again. So a receive() that was given less than
// it had room for has emptied the socket, unless that report told of an end behind the octets.
class SocketWaits final : public asio::execution_context::service {
 public:
  using key_type = SocketWaits;
  inline static asio::execution_context::id id;

  explicit SocketWaits(asio::execution_context& context)
      : asio::execution_context::service(context),
        context_(static_cast<asio::io_context&>(context)),
        descriptor_(context_, make_epoll()),
        timer_(context_) {}

  static SocketWaits& of(const asio::any_io_executor& executor) {
    return asio::use_service<SocketWaits>(
        static_cast<asio::io_context&>(asio::query(executor, asio::execution::context)));
  }

  Result<> add(WaitedSocket& socket);
  void ask_for_room(WaitedSocket& socket);
  void remove(WaitedSocket& socket);
  void watch(WaitedSocket& socket);
  void began() {
    if (waits_++ == 0 && !draining_) arm();
  }
  void ended() {
    if (--waits_ == 0 && armed_) descriptor_.cancel();
  }
  void post(WaitedSocket::Handler handler, WaitEnd how) {
    asio::post(context_, [handler = std::move(handler), how]() mutable { handler(how); });
  }

 private:
  // With the loop's own executor type: a type-erased one would be copied, and compared, with each wait.
  using Loop = asio::io_context::executor_type;
  struct Sooner {
    bool operator()(const WaitedSocket& a, const WaitedSocket& b) const { return a.watched_until_ < b.watched_until_; }
  };
  using Registered =
      intrusive::list<WaitedSocket,
                      intrusive::member_hook<WaitedSocket, WaitedSocket::InList, &WaitedSocket::registered_>>;
  using Watched =
      intrusive::multiset<WaitedSocket,
                          intrusive::member_hook<WaitedSocket, WaitedSocket::InOrder, &WaitedSocket::watched_>,
                          intrusive::compare<Sooner>>;

  void shutdown() noexcept override;
  void arm();
  void drain();
  void start_timer();
  void timer_fired();
  int fd() { return descriptor_.native_handle(); }

  asio::io_context& context_;
  asio::posix::basic_stream_descriptor<Loop> descriptor_;
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Loop> timer_;
  SteadyPoint timer_at_ = SteadyPoint::max();
  Registered registered_;
  Watched watched_;
  std::size_t waits_ = 0;
  bool armed_ = false, draining_ = false;
  epoll_event events_[kBatch];
  int at_ = 0, end_ = 0;  // of events_: those that are still to be told
};

Result<> SocketWaits::add(WaitedSocket& socket) {
  epoll_event event{.events = kRegistered, .data = {.ptr = &socket}};
  if (::epoll_ctl(fd(), EPOLL_CTL_ADD, socket.fd_, &event) != 0) return fail(Errc::closed, std::strerror(errno));
  registered_.push_back(socket);
  return {};
}

// Reports again what holds already, too.
void SocketWaits::ask_for_room(WaitedSocket& socket) {
  epoll_event event{.events = kRegistered | EPOLLOUT, .data = {.ptr = &socket}};
  ::epoll_ctl(fd(), EPOLL_CTL_MOD, socket.fd_, &event);
}

// Not left to close(2), which a child between fork(2) and exec(2) would put off.
void SocketWaits::remove(WaitedSocket& socket) {
  if (socket.watched_.is_linked()) watched_.erase(watched_.iterator_to(socket));
  if (!socket.registered_.is_linked()) return;
  ::epoll_ctl(fd(), EPOLL_CTL_DEL, socket.fd_, nullptr);
  registered_.erase(registered_.iterator_to(socket));
  for (int i = at_; i < end_; ++i) {
    if (events_[i].data.ptr == &socket) events_[i].data.ptr = nullptr;
  }
}

void SocketWaits::arm() {
  if (std::exchange(armed_, true)) return;
  descriptor_.async_wait(asio::posix::descriptor_base::wait_read, [this](const boost::system::error_code& error) {
    armed_ = false;
    if (!error) drain();
    if (waits_ != 0) arm();
  });
}

void SocketWaits::drain() {
  draining_ = true;
  at_ = 0;
  end_ = ::epoll_wait(fd(), events_, kBatch, 0);
  while (at_ < end_) {
    const epoll_event& event = events_[at_++];
    // What is told may end any of the others.
    if (event.data.ptr != nullptr) static_cast<WaitedSocket*>(event.data.ptr)->news(event.events);
  }
  draining_ = false;
}

void SocketWaits::watch(WaitedSocket& socket) {
  if (socket.watched_.is_linked()) {
    if (socket.watched_until_ <= socket.deadline_) return;
    watched_.erase(watched_.iterator_to(socket));
  }
  socket.watched_until_ = socket.deadline_;
  watched_.insert(socket);
  if (socket.watched_until_ < timer_at_) start_timer();
}

void SocketWaits::start_timer() {
  timer_at_ = watched_.begin()->watched_until_;
  timer_.expires_at(timer_at_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) timer_fired();
  });
}

void SocketWaits::timer_fired() {
  timer_at_ = SteadyPoint::max();
  const SteadyPoint now = std::chrono::steady_clock::now();
  while (!watched_.empty() && watched_.begin()->watched_until_ <= now) {
    WaitedSocket& socket = *watched_.begin();
    watched_.erase(watched_.begin());
    socket.look_at_deadline(now);
  }
  if (!watched_.empty()) start_timer();
}

// With what waits, the coroutines end, and their sockets.
void SocketWaits::shutdown() noexcept {
  for (WaitedSocket& socket : registered_) {
    for (WaitedSocket::Wait& wait : socket.waits_) wait.handler = nullptr;
  }
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  timer_.cancel();
}

WaitedSocket::WaitedSocket(const asio::any_io_executor& executor, int fd) : loop_(SocketWaits::of(executor)), fd_(fd) {
  const int on = 1;
  // What is written was put together before.
  is_tcp_ = setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;
}

void WaitedSocket::close() {
  if (closed()) return;
  loop_.remove(*this);
  ::close(std::exchange(fd_, -1));
  for (Wait& wait : waits_) end_soon(wait, WaitEnd::interrupted);
}

ssize_t WaitedSocket::receive(std::span<char> into) {
  const ssize_t got = ::recv(fd_, into.data(), into.size(), 0);
  if (got > 0) {
    if (is_tcp_ && !more_behind_ && static_cast<std::size_t>(got) < into.size()) input_ = false;
  } else {
    input_ = got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
  return got;
}

ssize_t WaitedSocket::send(std::string_view octets) { return ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL); }

void WaitedSocket::wake() {
  woken_ = true;
  for (Wait& wait : waits_) {
    if (wait.wakeable) end_soon(wait, WaitEnd::interrupted);
  }
}

// A deadline that is watched too early is looked at then, and watched anew: moving it forward, which every command
// does, costs nothing.
Result<> WaitedSocket::before_wait() {
  if (closed()) return fail(Errc::closed, "the connection was closed");
  if (!expired_ && deadline_ != SteadyPoint::max()) {
    if (!watched_.is_linked() || deadline_ < watched_until_) {
      expired_ = deadline_ <= std::chrono::steady_clock::now();
      if (!expired_) loop_.watch(*this);
    }
  }
  if (expired_) return fail(Errc::timed_out);
  if (!registered_.is_linked()) return loop_.add(*this);
  return {};
}

void WaitedSocket::look_at_deadline(SteadyPoint now) {
  if (deadline_ == SteadyPoint::max()) return;
  if (deadline_ > now) return loop_.watch(*this);
  expired_ = true;
  for (Wait& wait : waits_) end_soon(wait, WaitEnd::interrupted);
}

bool WaitedSocket::holds_now(WaitFor what) {
  if (what == WaitFor::failure) return failed_;
  if (what == WaitFor::room || !input_) return false;
  char octet = 0;
  const ssize_t got = ::recv(fd_, &octet, 1, MSG_PEEK);
  input_ = got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  return input_;
}

void WaitedSocket::wait(WaitFor what, bool wakeable, Handler handler) {
  Wait& wait = waits_[0].handler ? waits_[1] : waits_[0];
  GP_ASSERT(!wait.handler);
  wait = {std::move(handler), what, wakeable};
  loop_.began();
  if (what == WaitFor::room) loop_.ask_for_room(*this);
  if (holds_now(what)) end_soon(wait, WaitEnd::ready);
}

WaitedSocket::Handler WaitedSocket::take(Wait& wait) {
  loop_.ended();
  wait.wakeable = false;
  return std::exchange(wait.handler, nullptr);
}

void WaitedSocket::end_soon(Wait& wait, WaitEnd how) {
  if (wait.handler) loop_.post(take(wait), how);
}

void WaitedSocket::news(std::uint32_t events) {
  input_ = input_ || (events & kInput) != 0;
  failed_ = failed_ || (events & kFailure) != 0;
  more_behind_ = (events & ((kInput & ~EPOLLIN) | EPOLLPRI)) != 0;
  Handler first;
  for (Wait& wait : waits_) {
    if (!wait.handler || !ends(wait.what, events)) continue;
    if (first) {
      end_soon(wait, WaitEnd::ready);
    } else {
      first = take(wait);
    }
  }
  if (first) first(WaitEnd::ready);  // which may be the end of this object
}

}  // namespace gatepost::runtime
