#include "gate/helper/client.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace gatepost::gate::helper {
namespace {

constexpr int kPatienceMilliseconds = 5000;
constexpr int kHelperFd = 3;

Result<> result_of(const Reply& reply) {
  switch (reply.error) {
    case 0:
      return {};
    case ENOENT:
      return fail(Errc::not_found, "the firewall has no sets for bans: gatepost gate apply");
    case EPERM:
    case EACCES:
      return fail(Errc::denied, "the helper has no right to the firewall");
    default:
      return fail(Errc::unavailable,
                  fmt::format("the kernel refused it: {}", std::strerror(static_cast<int>(reply.error))));
  }
}

}  // namespace

Result<int> start_helper() {
  if (::geteuid() != 0) return fail(Errc::denied, "not started by root");
  std::error_code ec;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", ec);
  const std::string program = (own.parent_path() / "gatepost-gate-helper").string();
  if (ec || ::access(program.c_str(), X_OK) != 0) return fail(Errc::not_found, program + " is not there");
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return fail(Errc::unavailable, std::strerror(errno));
  }
  const pid_t middle = ::fork();
  if (middle == 0) {
    // A child of nobody: the daemon has nothing to wait for.
    if (::fork() != 0) ::_exit(0);
    ::setsid();
    // A descriptor that is where it belongs already would keep its close-on-exec.
    if (pair[1] == kHelperFd) ::fcntl(kHelperFd, F_SETFD, 0);
    if (::dup2(pair[1], kHelperFd) < 0 || ::close_range(kHelperFd + 1, ~0U, 0) != 0 || ::chdir("/") != 0) ::_exit(1);
    ::execl(program.c_str(), program.c_str(), "--connected", "3", nullptr);
    ::_exit(1);
  }
  ::close(pair[1]);
  if (middle < 0) {
    ::close(pair[0]);
    return fail(Errc::unavailable, "no process could be started");
  }
  int status = 0;
  while (::waitpid(middle, &status, 0) < 0 && errno == EINTR) {
  }
  return pair[0];
}

HelperClient::~HelperClient() { hang_up(); }

void HelperClient::hang_up() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool HelperClient::connect() {
  if (fd_ >= 0) return true;
  const std::string path = path_.string();
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof at.sun_path) return false;
  std::memcpy(at.sun_path, path.c_str(), path.size() + 1);
  fd_ = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd_ >= 0 && ::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) return true;
  hang_up();
  return false;
}

Result<Reply> HelperClient::ask(Request request) {
  if (!connect()) return fail(Errc::unavailable, "no helper runs (gatepost-gate-helper)");
  request.id = ++last_id_;
  const auto out = write(request);
  if (::send(fd_, out.data(), out.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(out.size())) {
    pollfd waiting{fd_, POLLIN, 0};
    while (::poll(&waiting, 1, kPatienceMilliseconds) == 1) {
      std::array<char, kReplyOctets + 1> in;
      const ssize_t got = ::recv(fd_, in.data(), in.size(), 0);
      const auto reply = parse_reply({in.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))});
      if (!reply) break;
      if (reply->id == request.id) return *reply;
    }
  }
  hang_up();
  return fail(Errc::unavailable, "the helper does not answer");
}

Result<> HelperClient::put(const Network& network, std::chrono::seconds length) {
  const auto bounded = std::clamp(length, std::chrono::seconds(1), kMaxBan);
  GP_TRY(const Reply reply, ask({Request::What::put, network, bounded}));
  return result_of(reply);
}

Result<> HelperClient::remove(const Network& network) {
  GP_TRY(const Reply reply, ask({Request::What::remove, network}));
  return result_of(reply);
}

Result<std::uint64_t> HelperClient::which() {
  GP_TRY(const Reply reply, ask({Request::What::which}));
  GP_CHECK(result_of(reply));
  return reply.value;
}

}  // namespace gatepost::gate::helper
