#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <boost/intrusive/options.hpp>
#include <boost/intrusive/set_hook.hpp>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace gatepost::runtime {

class SocketWaits;  // those of one I/O thread; waited_socket.cpp

// input: octets or their end; room: for what is to be sent; failure: it broke. The latter end the others, too.
enum class WaitFor : std::uint8_t { input, room, failure };
// interrupted: by wake(), close() or the deadline; before_wait() tells.
enum class WaitEnd : std::uint8_t { ready, interrupted };

// A connected, non-blocking stream socket that coroutines of one I/O thread wait for. Sockets are in an epoll set of
// their own, which is one descriptor for the thread's loop: they are registered once, for what changes, and a wait
// costs no system call when the last receive() told that nothing is left. All calls on that thread.
class WaitedSocket {
 public:
  using Handler = std::move_only_function<void(WaitEnd)>;

  // Owns `fd`. `executor`: of the I/O thread.
  WaitedSocket(const boost::asio::any_io_executor& executor, int fd);
  ~WaitedSocket() { close(); }
  WaitedSocket(const WaitedSocket&) = delete;
  WaitedSocket& operator=(const WaitedSocket&) = delete;

  int fd() const { return fd_; }
  bool closed() const { return fd_ < 0; }
  void close();

  // recv(2) and send(2).
  ssize_t receive(std::span<char> into);
  ssize_t send(std::string_view octets);

  void set_deadline(SteadyPoint at) {
    deadline_ = at;
    expired_ = false;
  }
  // Ends waits that are `wakeable`, or else is there for take_wake().
  void wake();
  bool take_wake() { return std::exchange(woken_, false); }

  // Whether one may wait: Errc::closed, Errc::timed_out.
  Result<> before_wait();
  // `handler` is called once, never from within this or another call but the loop's. At most two waits at a time.
  void wait(WaitFor what, bool wakeable, Handler handler);

 private:
  friend class SocketWaits;
  struct Wait {
    Handler handler;
    WaitFor what = WaitFor::input;
    bool wakeable = false;
  };

  void news(std::uint32_t events);  // of epoll_wait(2)
  void look_at_deadline(SteadyPoint now);
  bool holds_now(WaitFor what);
  Handler take(Wait& wait);
  void end_soon(Wait& wait, WaitEnd how);

  using InList = boost::intrusive::list_member_hook<>;
  using InOrder = boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>>;

  SocketWaits& loop_;
  InList registered_;  // while it is
  InOrder watched_;    // while a deadline is to be watched
  SteadyPoint watched_until_{};
  SteadyPoint deadline_ = SteadyPoint::max();
  std::array<Wait, 2> waits_;
  int fd_;
  bool expired_ = false, woken_ = false;
  bool input_ = false;        // there may be some: something came since there was none
  bool more_behind_ = false;  // of the octets: their end, or an urgent one, which receive() stops at
  bool failed_ = false;
  bool is_tcp_;  // others stop between octets for reasons of their own (unix(7), SCM_CREDENTIALS)
};

}  // namespace gatepost::runtime
