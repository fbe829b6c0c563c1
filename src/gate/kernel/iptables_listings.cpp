#include "gate/kernel/iptables_listings.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>

#include "gate/ruleset/iptables_reader.hpp"

namespace gatepost::gate {
namespace {

constexpr std::chrono::seconds kPatience{10};

// All it writes until `until`; false: it goes on, or it is too much.
bool read_all(int fd, std::string& out, std::chrono::steady_clock::time_point until) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd wait{fd, POLLIN, 0};
    const int ready = left.count() <= 0 ? 0 : ::poll(&wait, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    std::array<char, 16384> piece;
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    out.append(piece.data(), static_cast<std::size_t>(got));
    if (out.size() > iptables::kMaxOctets) return false;
  }
}

// What /usr/sbin/`name` writes; empty: it failed.
std::string output_of(const std::string& name, std::string option = {}) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  const std::string path = "/usr/sbin/" + name;
  std::string argument = name;
  char* const arguments[] = {argument.data(), option.empty() ? nullptr : option.data(), nullptr};
  std::string search = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* const environment[] = {search.data(), nullptr};
  pid_t child = 0;
  const int error = ::posix_spawn(&child, path.c_str(), &actions, nullptr, arguments, environment);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string out;
  if (error == 0) {
    const bool whole = read_all(ends[0], out, std::chrono::steady_clock::now() + kPatience);
    if (!whole) ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!whole || !WIFEXITED(status) || WEXITSTATUS(status) != 0) out.clear();
  }
  ::close(ends[0]);
  return out;
}

}  // namespace

Listings iptables_listings(std::string_view ruleset_json, const std::vector<std::string>& legacy_tables) {
  Listings out;
  if (ruleset_json.find("\"xt\"") != std::string_view::npos)
    out.nft = {output_of("iptables-nft-save"), output_of("ip6tables-nft-save"), ""};
  if (!legacy_tables.empty()) {
    const auto of_family = [](const char* loaded, const char* tool) -> std::string {
      std::ifstream in(loaded);
      return in.peek() == std::ifstream::traits_type::eof() ? "# none\n" : output_of(tool);
    };
    out.legacy = {of_family("/proc/net/ip_tables_names", "iptables-legacy-save"),
                  of_family("/proc/net/ip6_tables_names", "ip6tables-legacy-save"), ""};
  }
  const auto names_sets = [](const IptablesListings& l) {
    return l.v4.find("--match-set") != std::string::npos || l.v6.find("--match-set") != std::string::npos;
  };
  if (names_sets(out.nft) || names_sets(out.legacy)) out.nft.sets = out.legacy.sets = output_of("ipset", "save");
  return out;
}

}  // namespace gatepost::gate
