#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "converter/agent/agent.hpp"

namespace gatepost::converter {
namespace {

// Of a daemon that has nothing to convert; it connects again.
constexpr int kIdleMilliseconds = 10 * 60 * 1000;

class Conversation {
 public:
  Conversation(int socket, const AgentOptions& options)
      : socket_(socket), options_(options), kinds_(kinds_of(options.ways)) {}

  bool send(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t sent = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  bool greet() { return send(write(Greeting{version_of(options_.ways), kinds_})); }

  // False: this conversation is over. Who says what was not asked for has no business here.
  bool serve_one() {
    std::string_view frame;
    if (!receive(frame)) return false;
    const auto request = parse_request(frame);
    if (!request) return false;
    const int file = ::memfd_create("attachment", MFD_CLOEXEC);
    if (file < 0) return false;
    std::uint64_t octets = 0;
    bool good = true;
    while (good) {
      const auto data = receive(frame) ? parse_data(frame) : std::nullopt;
      good = data.has_value();
      if (!good || data->empty()) break;
      octets += data->size();
      if (octets <= options_.max_octets) good = ::write(file, data->data(), data->size()) == std::ssize(*data);
    }
    good = good && send(write(answer(*request, file, octets)));
    ::close(file);
    return good;
  }

 private:
  bool receive(std::string_view& frame) {
    std::array<char, 64 << 10> buffer;
    while (true) {
      const auto found = frames_.next(frame);
      if (found != FrameReader::Found::need_more) return found == FrameReader::Found::frame;
      pollfd waiting{socket_, POLLIN, 0};
      const int ready = ::poll(&waiting, 1, kIdleMilliseconds);
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) return false;
      const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      frames_.feed({buffer.data(), static_cast<std::size_t>(got)});
    }
  }

  Answer answer(const Request& request, int file, std::uint64_t octets) {
    const auto kind = match(kinds_, request.type, request.name);
    if (!kind) return {.outcome = Outcome::unsupported};
    if (octets > options_.max_octets) return {.outcome = Outcome::too_large};
    if (octets == 0) return {.outcome = Outcome::nothing};
    return convert(file, options_.ways[*kind], options_.limits);
  }

  const int socket_;
  const AgentOptions& options_;
  const std::vector<Kind> kinds_;
  FrameReader frames_{kMaxRequestFrame};
};

}  // namespace

void serve(int socket, const AgentOptions& options) {
  Conversation conversation(socket, options);
  if (!conversation.greet()) return;
  while (conversation.serve_one()) {
  }
}

}  // namespace gatepost::converter
