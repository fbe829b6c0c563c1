#include "daemon/program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "runtime/unique_fd.hpp"

namespace gatepost::daemon {
namespace {

constexpr int kNotStarted = 127;

[[noreturn]] void become(const std::string& program, const std::string& name, const std::vector<std::string>& arguments,
                         int output) {
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  std::vector<char*> argv;
  argv.push_back(const_cast<char*>(name.c_str()));
  for (const std::string& one : arguments) argv.push_back(const_cast<char*>(one.c_str()));
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  ::_exit(kNotStarted);
}

}  // namespace

Result<ProgramRun> run_program(const std::filesystem::path& program, const std::string& name,
                               const std::vector<std::string>& arguments, std::chrono::seconds limit,
                               std::size_t most) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Errc::limit, std::string("pipe: ") + std::strerror(errno));
  const runtime::UniqueFd reading(ends[0]);
  runtime::UniqueFd writing(ends[1]);
  const std::string path = program.string();
  const pid_t child = ::fork();
  if (child < 0) return fail(Errc::limit, std::string("fork: ") + std::strerror(errno));
  if (child == 0) become(path, name, arguments, writing.get());
  writing.reset();

  ProgramRun out;
  const auto until = std::chrono::steady_clock::now() + limit;
  bool late = false;
  for (bool more = true; more;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd p{reading.get(), POLLIN, 0};
    const int ready = left.count() > 0 ? ::poll(&p, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    late = ready == 0;
    if (ready <= 0) break;
    char buffer[4096];
    const ssize_t n = ::read(reading.get(), buffer, sizeof buffer);
    more = n > 0 || (n < 0 && errno == EINTR);
    if (n > 0) out.output.append(buffer, std::min(static_cast<std::size_t>(n), most - out.output.size()));
  }
  if (late) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (late) return fail(Errc::timed_out, fmt::format("{} does not come to an end", path));
  out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (out.exit_code == kNotStarted) return fail(Errc::denied, fmt::format("{} cannot be started", path));
  return out;
}

}  // namespace gatepost::daemon
