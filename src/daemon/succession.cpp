#include "daemon/succession.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

namespace gatepost::daemon {
namespace {

constexpr std::string_view kServes = "serves\n";
constexpr std::size_t kMaxLine = 128;

void send_line(int channel, std::string_view line) {
  (void)!::send(channel, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

// What is there; none: nothing yet. Empty: the other side has closed.
std::optional<std::string_view> receive(int channel, char (&buffer)[kMaxLine]) {
  ssize_t n = 0;
  do n = ::recv(channel, buffer, sizeof buffer, MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
  return std::string_view(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
}

bool take_number(std::string_view& text, std::size_t& out) {
  if (text.starts_with(' ')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

Result<std::pair<runtime::UniqueFd, runtime::UniqueFd>> make_succession_channel() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(Errc::limit, std::string("socketpair: ") + std::strerror(errno));
  return std::pair(runtime::UniqueFd(ends[0]), runtime::UniqueFd(ends[1]));
}

void tell_drained(int channel, const DrainFacts& facts) {
  send_line(channel, fmt::format("drained {} {} {}\n", facts.told, facts.cut, facts.took.count()));
}

Heir look_at_heir(int channel) {
  char buffer[kMaxLine];
  const auto said = receive(channel, buffer);
  if (!said) return Heir::working;
  return *said == kServes ? Heir::serves : Heir::gone;
}

std::optional<DrainFacts> drained_before(int channel) {
  char buffer[kMaxLine];
  auto said = receive(channel, buffer);
  constexpr std::string_view kWord = "drained";
  if (!said || !said->starts_with(kWord)) return std::nullopt;
  said->remove_prefix(kWord.size());
  DrainFacts facts;
  std::size_t milliseconds = 0;
  if (!take_number(*said, facts.told) || !take_number(*said, facts.cut) || !take_number(*said, milliseconds))
    return std::nullopt;
  facts.took = std::chrono::milliseconds(milliseconds);
  return facts;
}

void tell_serving(int channel) { send_line(channel, kServes); }

}  // namespace gatepost::daemon
