#include "converter/protocol/client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace gatepost::converter {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How soon stop() is seen.
constexpr milliseconds kLook{200};

}  // namespace

Client::~Client() { hang_up(); }

void Client::hang_up() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  frames_ = FrameReader(kMaxAnswerFrame);
}

Result<> Client::wait(short events, steady_clock::time_point until) {
  while (!stopped_) {
    pollfd waiting{fd_, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(kLook.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail(Errc::unavailable, std::strerror(errno));
    if (steady_clock::now() >= until) return fail(Errc::timed_out, "the converter does not answer");
  }
  return fail(Errc::closed, "the server is stopping");
}

Result<> Client::send(std::string_view octets) {
  const auto until = steady_clock::now() + patience_;
  while (!octets.empty()) {
    const ssize_t sent = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      octets.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      GP_CHECK(wait(POLLOUT, until));
    } else if (errno != EINTR) {
      return fail(Errc::unavailable, "the converter went away");
    }
  }
  return {};
}

Result<std::string> Client::receive() {
  const auto until = steady_clock::now() + patience_;
  std::array<char, 16 << 10> buffer;
  while (true) {
    std::string_view frame;
    const auto found = frames_.next(frame);
    if (found == FrameReader::Found::frame) return std::string(frame);
    if (found == FrameReader::Found::bad) return fail(Errc::unavailable, "the converter speaks something else");
    GP_CHECK(wait(POLLIN, until));
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0) {
      frames_.feed({buffer.data(), static_cast<std::size_t>(got)});
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      return fail(Errc::unavailable, "the converter went away");
    }
  }
}

Result<> Client::connect() {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  const std::string path = path_.string();
  if (path.size() >= sizeof at.sun_path) return fail(Errc::unavailable, "the converter's socket has too long a name");
  std::memcpy(at.sun_path, path.c_str(), path.size() + 1);
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0 || ::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    return fail(Errc::unavailable, path + ": " + std::strerror(errno));
  GP_TRY(const std::string frame, receive());
  auto greeting = parse_greeting(frame);
  if (!greeting) return fail(Errc::unavailable, path + ": that is no converter");
  greeting_ = *std::move(greeting);
  return {};
}

Result<Greeting> Client::hello() {
  if (stopped_) return fail(Errc::closed, "the server is stopping");
  // Nothing comes unasked: what is readable is the end.
  if (pollfd waiting{fd_, POLLIN, 0}; fd_ >= 0 && ::poll(&waiting, 1, 0) != 0) hang_up();
  if (fd_ < 0) {
    if (auto done = connect(); !done) {
      hang_up();
      return std::unexpected(done.error());
    }
  }
  return greeting_;
}

Result<Answer> Client::convert(const Request& request, const std::function<Result<bool>(std::string&)>& next) {
  GP_CHECK(hello());
  auto answer = [&]() -> Result<Answer> {
    GP_CHECK(send(write(request)));
    std::string piece;
    for (bool more = true; more;) {
      piece.clear();
      GP_TRY(more, next(piece));
      for (std::size_t at = 0; at < piece.size(); at += kMaxDataOctets) {
        GP_CHECK(send(write_data(std::string_view(piece).substr(at, kMaxDataOctets))));
      }
    }
    GP_CHECK(send(write_data({})));
    GP_TRY(const std::string frame, receive());
    auto parsed = parse_answer(frame);
    if (!parsed) return fail(Errc::unavailable, "the converter speaks something else");
    return *std::move(parsed);
  }();
  // What was half said cannot be taken back.
  if (!answer) hang_up();
  return answer;
}

}  // namespace gatepost::converter
