#include "daemon/control_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <list>
#include <thread>

#include <fmt/format.h>

#include "daemon/events.hpp"

namespace gatepost::daemon {
namespace {

constexpr std::size_t kMaxRequestOctets = 1 << 20;
constexpr std::size_t kMaxAtOnce = 8;
constexpr int kRequestTimeoutMs = 10'000;

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::string errno_text() { return std::strerror(errno); }

Result<sockaddr_un> address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    return fail(Errc::invalid,
                fmt::format("{} is too long for a socket's name: use a data directory with a shorter path", text));
  }
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  return address;
}

Result<Fd> connect_to(const std::filesystem::path& path) {
  GP_TRY(const sockaddr_un address, address_of(path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail(Errc::internal, "socket: " + errno_text());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const bool nobody = errno == ENOENT || errno == ECONNREFUSED;
    return fail(nobody ? Errc::not_found : Errc::denied, fmt::format("{}: {}", path.string(), errno_text()));
  }
  return fd;
}

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// Everything up to the other side's end of sending. `timeout_ms` < 0: as long as it takes.
Result<std::string> receive_all(int fd, std::size_t at_most, int timeout_ms) {
  std::string text;
  char buffer[16 << 10];
  for (;;) {
    pollfd p{fd, POLLIN, 0};
    const int ready = ::poll(&p, 1, timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return fail(Errc::timed_out, "no answer");
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(Errc::closed, errno_text());
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > at_most) return fail(Errc::too_large, "message on the control socket is too large");
  }
}

class Server final : public ControlSocket {
 public:
  Server(Fd listener, Fd stop_event, std::filesystem::path path, Handler handler, Log& log)
      : listener_(std::move(listener)),
        stop_event_(std::move(stop_event)),
        path_(std::move(path)),
        handler_(std::move(handler)),
        log_(log) {
    accepting_ = std::jthread([this] { accept_all(); });
  }

  ~Server() override {
    stop_.request_stop();
    const std::uint64_t one = 1;
    (void)!::write(stop_event_.get(), &one, sizeof one);
    accepting_.join();
    running_.clear();  // joins
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }

 private:
  struct Job {
    std::atomic<bool> done{false};
    std::jthread thread;
  };

  void accept_all() {
    while (!stop_.stop_requested()) {
      pollfd p[2] = {{listener_.get(), POLLIN, 0}, {stop_event_.get(), POLLIN, 0}};
      if (::poll(p, 2, -1) < 0 && errno != EINTR) return;
      if (stop_.stop_requested()) return;
      if ((p[0].revents & POLLIN) == 0) continue;
      Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) continue;
      std::erase_if(running_, [](const auto& job) { return job->done.load(); });
      if (!trusted(client.get())) continue;
      if (running_.size() >= kMaxAtOnce) {
        send_all(client.get(),
                 to_json(admin::failure(Error{Errc::unavailable, "too many commands are running"}, "gatepost")));
        continue;
      }
      auto job = std::make_unique<Job>();
      job->thread = std::jthread([this, raw = job.get(), fd = std::move(client)] {
        serve(fd.get());
        raw->done = true;
      });
      running_.push_back(std::move(job));
    }
  }

  bool trusted(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    if (peer.uid == 0 || peer.uid == ::geteuid()) return true;
    log_.write(event::kControlRefused, {{"uid", peer.uid}, {"pid", peer.pid}});
    return false;
  }

  void serve(int fd) {
    const auto text = receive_all(fd, kMaxRequestOctets, kRequestTimeoutMs);
    if (!text) return;
    const auto request = admin::request_from_json(*text);
    const admin::Reply reply =
        request ? handler_(*request, stop_.get_token()) : admin::failure(request.error(), "request");
    send_all(fd, to_json(reply));
  }

  Fd listener_, stop_event_;
  const std::filesystem::path path_;
  const Handler handler_;
  Log& log_;
  std::stop_source stop_;
  std::list<std::unique_ptr<Job>> running_;  // accepting thread only, until it has ended
  std::jthread accepting_;
};

}  // namespace

std::filesystem::path control_socket_path(const std::filesystem::path& data_dir) { return data_dir / "control.sock"; }

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(const std::filesystem::path& path, Handler handler,
                                                           Log& log) {
  GP_TRY(const sockaddr_un address, address_of(path));
  if (connect_to(path)) return fail(Errc::already_exists, "a server is running on this data directory already");
  std::error_code ignored;
  std::filesystem::remove(path, ignored);  // left by a server that was killed
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail(Errc::internal, "socket: " + errno_text());
  const mode_t before = ::umask(0177);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0 || ::listen(fd.get(), 16) != 0)
    return fail(Errc::internal, fmt::format("{}: {}", path.string(), errno_text()));
  Fd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop) return fail(Errc::internal, "eventfd: " + errno_text());
  return std::make_unique<Server>(std::move(fd), std::move(stop), path, std::move(handler), log);
}

Result<admin::Reply> ask(const std::filesystem::path& path, const admin::Request& request) {
  GP_TRY(const Fd fd, connect_to(path));
  if (!send_all(fd.get(), to_json(request))) return fail(Errc::closed, "the server ended the conversation");
  ::shutdown(fd.get(), SHUT_WR);
  GP_TRY(const std::string text, receive_all(fd.get(), SIZE_MAX, -1));
  if (text.empty())
    return fail(Errc::denied, "the server does not take commands from this user: use its own user, or root");
  return admin::reply_from_json(text);
}

}  // namespace gatepost::daemon
