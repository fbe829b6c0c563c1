#include "outside/timed_io.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace gatepost::outside {
namespace {

TimedIo& io_of(Sockbuf_IO_Desc* d) { return *static_cast<TimedIo*>(d->sbiod_pvt); }

// Until the socket is ready; false: errno is ETIMEDOUT, which is no call to try again.
bool wait_for(const TimedIo& io, short events) {
  using std::chrono::milliseconds;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(io.deadline - std::chrono::steady_clock::now()).count();
    pollfd one{.fd = io.fd, .events = events, .revents = 0};
    const int ready = left > 0 ? ::poll(&one, 1, static_cast<int>(left)) : 0;
    if (ready > 0) return true;
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) errno = ETIMEDOUT;
    return false;
  }
}

template <class Try>
ber_slen_t repeat(const TimedIo& io, short events, Try attempt) {
  for (;;) {
    const ssize_t done = attempt();
    if (done >= 0) return done;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return -1;
    if (!wait_for(io, events)) return -1;
  }
}

int set_up(Sockbuf_IO_Desc* d, void* argument) {
  d->sbiod_pvt = argument;
  return 0;
}
int remove(Sockbuf_IO_Desc*) { return 0; }
int control(Sockbuf_IO_Desc*, int, void*) { return 0; }
ber_slen_t read(Sockbuf_IO_Desc* d, void* into, ber_len_t size) {
  const TimedIo& io = io_of(d);
  return repeat(io, POLLIN, [&] { return ::recv(io.fd, into, size, 0); });
}
ber_slen_t write(Sockbuf_IO_Desc* d, void* from, ber_len_t size) {
  const TimedIo& io = io_of(d);
  return repeat(io, POLLOUT, [&] { return ::send(io.fd, from, size, MSG_NOSIGNAL); });
}
int close_it(Sockbuf_IO_Desc* d) {
  ::close(io_of(d).fd);
  io_of(d).fd = -1;
  return 0;
}

}  // namespace

Sockbuf_IO TimedIo::functions() {
  return {.sbi_setup = set_up,
          .sbi_remove = remove,
          .sbi_ctrl = control,
          .sbi_read = read,
          .sbi_write = write,
          .sbi_close = close_it};
}

}  // namespace gatepost::outside
