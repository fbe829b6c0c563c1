#include "cli/run_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "runtime/unique_fd.hpp"

namespace gatepost::cli {
namespace {

using runtime::UniqueFd;

// What is read, and where it goes.
struct Stream {
  UniqueFd from;
  std::string* to;
};

bool make_pipe(UniqueFd& reading, UniqueFd& writing) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return false;
  reading = UniqueFd(pipe[0]);
  writing = UniqueFd(pipe[1]);
  return true;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

// false: the time was over before all ends were reached.
bool read_to_the_ends(std::array<Stream, 2>& streams, const ProgramLimits& limits) {
  const auto until = std::chrono::steady_clock::now() + limits.time;
  for (;;) {
    std::array<pollfd, 2> waiting{};
    for (std::size_t i = 0; i < streams.size(); ++i)
      waiting[i] = {streams[i].from ? streams[i].from.get() : -1, POLLIN, 0};
    if (!streams[0].from && !streams[1].from) return true;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const int ready = ::poll(waiting.data(), waiting.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      char buffer[16 << 10];
      const ssize_t got = ::read(streams[i].from.get(), buffer, sizeof buffer);
      if (got <= 0) {
        streams[i].from.reset();
        continue;
      }
      std::string& to = *streams[i].to;
      to.append(buffer, std::min(static_cast<std::size_t>(got), limits.octets - std::min(limits.octets, to.size())));
    }
  }
}

}  // namespace

Ran run_program(const std::vector<std::string>& arguments, const std::optional<std::vector<std::string>>& environment,
                const ProgramLimits& limits) {
  Ran out;
  std::array<Stream, 2> streams{Stream{{}, &out.out}, Stream{{}, &out.errors}};
  UniqueFd its_out, its_errors;
  if (!make_pipe(streams[0].from, its_out) || !make_pipe(streams[1].from, its_errors)) {
    out.why = std::strerror(errno);
    return out;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, its_out.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, its_errors.get(), STDERR_FILENO);
  std::vector<std::string> words = arguments, variables = environment.value_or(std::vector<std::string>());
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, words.front().c_str(), &actions, nullptr, pointers_to(words).data(),
                                    environment ? pointers_to(variables).data() : environ);
  posix_spawn_file_actions_destroy(&actions);
  its_out.reset();
  its_errors.reset();
  if (failed != 0) {
    out.why = fmt::format("{}: {}", arguments.front(), std::strerror(failed));
    return out;
  }
  if (!read_to_the_ends(streams, limits)) {
    ::kill(child, SIGKILL);
    out.why = fmt::format("it did not end within {} s", limits.time.count());
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && out.why.empty()) {
    out.status = WEXITSTATUS(status);
  } else if (out.why.empty()) {
    out.why = "it was killed";
  }
  return out;
}

}  // namespace gatepost::cli
