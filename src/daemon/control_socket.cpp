#include "daemon/control_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <span>
#include <thread>

#include <fmt/format.h>

#include "daemon/events.hpp"
#include "daemon/texts.hpp"

namespace gatepost::daemon {
namespace {

using runtime::UniqueFd;

constexpr std::size_t kMaxRequestOctets = 1 << 20;
constexpr std::ptrdiff_t kMaxAtOnce = 8;
constexpr std::size_t kMaxConversations = 64;
constexpr int kRequestTimeoutMs = 10'000;

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

Result<UniqueFd> connect_to(const std::filesystem::path& path) {
  GP_TRY(const sockaddr_un address, address_of(path));
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
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

// Descriptors travel beside blanks in front of the JSON (SCM_RIGHTS, unix(7)); the kernel takes 253 at a time.
constexpr std::size_t kDescriptorsAtOnce = 250;

bool send_descriptors(int fd, const std::vector<UniqueFd>& handed) {
  std::vector<int> numbers;
  for (const UniqueFd& one : handed) numbers.push_back(one.get());
  std::span<const int> descriptors(numbers);
  while (!descriptors.empty()) {
    const auto some = descriptors.first(std::min(descriptors.size(), kDescriptorsAtOnce));
    char blank = ' ';
    iovec data{&blank, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(kDescriptorsAtOnce * sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(some.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(some.size_bytes());
    std::memcpy(CMSG_DATA(header), some.data(), some.size_bytes());
    ssize_t sent = 0;
    do sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent <= 0) return false;
    descriptors = descriptors.subspan(some.size());
  }
  return true;
}

// recv(2), keeping what descriptors come along.
ssize_t receive_some(int fd, std::span<char> into, std::vector<UniqueFd>* descriptors) {
  iovec data{into.data(), into.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kDescriptorsAtOnce * sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = descriptors != nullptr ? control : nullptr;
  message.msg_controllen = descriptors != nullptr ? sizeof control : 0;
  const ssize_t n = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  if (n < 0 || descriptors == nullptr) return n;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int one = -1;
      std::memcpy(&one, CMSG_DATA(header) + i * sizeof(int), sizeof one);
      descriptors->emplace_back(one);
    }
  }
  return n;
}

// Everything up to the other side's end of sending. `timeout_ms` < 0: as long as it takes.
Result<std::string> receive_all(int fd, std::size_t at_most, int timeout_ms,
                                std::vector<UniqueFd>* descriptors = nullptr) {
  std::string text;
  char buffer[16 << 10];
  for (;;) {
    pollfd p{fd, POLLIN, 0};
    const int ready = ::poll(&p, 1, timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return fail(Errc::timed_out, "no answer");
    const ssize_t n = receive_some(fd, buffer, descriptors);
    if (n < 0 && errno == EINTR) continue;
    // Reset: the other side has closed without reading what we sent.
    if (n == 0 || (n < 0 && errno == ECONNRESET)) return text;
    if (n < 0) return fail(Errc::closed, errno_text());
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > at_most) return fail(Errc::too_large, "message on the control socket is too large");
  }
}

class Server final : public ControlSocket {
 public:
  Server(UniqueFd listener, UniqueFd stop_event, std::filesystem::path path, Handler handler, Log& log,
         std::optional<uid_t> user)
      : listener_(std::move(listener)),
        stop_event_(std::move(stop_event)),
        path_(std::move(path)),
        handler_(std::move(handler)),
        log_(log),
        user_(user) {
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
    bool refused = false;  // hears that too many commands are running
    std::jthread thread;
  };

  void accept_all() {
    while (!stop_.stop_requested()) {
      pollfd p[2] = {{listener_.get(), POLLIN, 0}, {stop_event_.get(), POLLIN, 0}};
      if (::poll(p, 2, -1) < 0 && errno != EINTR) return;
      if (stop_.stop_requested()) return;
      if ((p[0].revents & POLLIN) == 0) continue;
      UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) continue;
      std::erase_if(running_, [](const auto& job) { return job->done.load(); });
      if (!trusted(client.get())) continue;
      if (running_.size() >= kMaxConversations) continue;
      auto job = std::make_unique<Job>();
      job->refused =
          std::ranges::count(running_, false, [](const auto& other) { return other->refused; }) >= kMaxAtOnce;
      job->thread = std::jthread([this, raw = job.get(), fd = std::move(client)] {
        serve(fd.get(), raw->refused);
        raw->done = true;
      });
      running_.push_back(std::move(job));
    }
  }

  bool trusted(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    if (peer.uid == 0 || peer.uid == ::geteuid() || (user_ && peer.uid == *user_)) return true;
    log_.write(event::kControlRefused, {{"uid", peer.uid}, {"pid", peer.pid}});
    return false;
  }

  void serve(int fd, bool refuse) {
    // Read in any case: closing a socket that holds something unread would take the answer with it.
    std::vector<UniqueFd> descriptors;
    const auto text = receive_all(fd, kMaxRequestOctets, kRequestTimeoutMs, &descriptors);
    if (!text) return;
    if (refuse) {
      send_all(fd, to_json(admin::failure(Error{Errc::unavailable, "too many commands are running"}, "gatepost")));
      return;
    }
    auto request = admin::request_from_json(*text);
    if (request && !descriptors.empty()) request->stream = descriptors.front().get();
    const Answer answer =
        request ? handler_(*request, stop_.get_token()) : Answer{admin::failure(request.error(), "request"), {}};
    if (send_descriptors(fd, answer.descriptors)) send_all(fd, to_json(answer.reply));
  }

  UniqueFd listener_, stop_event_;
  const std::filesystem::path path_;
  const Handler handler_;
  Log& log_;
  const std::optional<uid_t> user_;
  std::stop_source stop_;
  std::list<std::unique_ptr<Job>> running_;  // accepting thread only, until it has ended
  std::jthread accepting_;
};

}  // namespace

std::filesystem::path control_socket_path(const std::filesystem::path& data_dir) { return data_dir / "control.sock"; }

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(const std::filesystem::path& path, Handler handler, Log& log,
                                                           std::optional<uid_t> user) {
  GP_TRY(const sockaddr_un address, address_of(path));
  if (connect_to(path)) return fail(Errc::already_exists, "a server is running on this data directory already");
  std::error_code ignored;
  std::filesystem::remove(path, ignored);  // left by a server that was killed
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail(Errc::internal, "socket: " + errno_text());
  const mode_t before = ::umask(0177);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(before);
  const bool given = !user || ::chown(path.c_str(), *user, static_cast<gid_t>(-1)) == 0;
  if (bound != 0 || !given || ::listen(fd.get(), 16) != 0)
    return fail(Errc::internal, fmt::format("{}: {}", path.string(), errno_text()));
  UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop) return fail(Errc::internal, "eventfd: " + errno_text());
  return std::make_unique<Server>(std::move(fd), std::move(stop), path, std::move(handler), log, user);
}

Result<admin::Reply> ask(const std::filesystem::path& path, const admin::Request& request,
                         std::vector<UniqueFd>* descriptors) {
  GP_TRY(const UniqueFd fd, connect_to(path));
  // When this fails there is no answer either.
  std::vector<UniqueFd> beside;
  if (request.stream >= 0) beside.emplace_back(::dup(request.stream));
  (void)(send_descriptors(fd.get(), beside) && send_all(fd.get(), to_json(request)));
  beside.clear();
  ::shutdown(fd.get(), SHUT_WR);
  GP_TRY(const std::string text, receive_all(fd.get(), SIZE_MAX, -1, descriptors));
  if (text.empty())
    return fail(Errc::denied, "the server does not take commands from this user: use its own user, or root");
  return admin::reply_from_json(text);
}

}  // namespace gatepost::daemon
