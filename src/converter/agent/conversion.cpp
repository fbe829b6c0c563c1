#include "converter/agent/conversion.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "converter/agent/confinement.hpp"
#include "converter/agent/document.hpp"

namespace gatepost::converter {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How the process that reads a document ends; programs have codes of their own.
constexpr int kCannot = 120, kTooLarge = 121, kNotConfined = 126, kNotStarted = 127;
// White space is thrown away afterwards.
constexpr std::size_t kMaxRead = 4 * kMaxTextOctets;
// After its output ended, or it was told to.
constexpr milliseconds kLook{10};

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

[[noreturn]] void read_document() {
  struct stat status{};
  if (::fstat(STDIN_FILENO, &status) != 0 || status.st_size <= 0) ::_exit(kCannot);
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
  if (at == MAP_FAILED || !limit_calls_of_reader()) ::_exit(kNotConfined);
  int code = 0;
  try {
    const auto text = document_text({static_cast<const char*>(at), size});
    if (text) {
      write_all(*text);
    } else {
      code = text.error().code == Errc::too_large ? kTooLarge : kCannot;
    }
  } catch (const std::exception&) {
    code = kTooLarge;  // no memory for it
  }
  ::_exit(code);
}

[[noreturn]] void run_program(const Way& way) {
  std::vector<char*> arguments;
  for (const std::string& word : way.command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  static const char* const kEnvironment[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
                                             "HOME=/nonexistent", nullptr};
  if (!limit_files(way.command[0]) || !limit_calls_of_program()) ::_exit(kNotConfined);
  ::execve(arguments[0], arguments.data(), const_cast<char* const*>(kEnvironment));
  ::_exit(kNotStarted);
}

// In the new process.
[[noreturn]] void begin(int file, int out, const Way& way, const ConversionLimits& limits, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kNotConfined);
  for (const int signal : {SIGCHLD, SIGPIPE, SIGTERM, SIGINT}) ::signal(signal, SIG_DFL);
  const int null = ::open("/dev/null", O_WRONLY);
  // None of them is one of the first three: those were open when the process began.
  if (::dup2(file, STDIN_FILENO) < 0 || ::dup2(out, STDOUT_FILENO) < 0 || ::dup2(null, STDERR_FILENO) < 0 ||
      ::close_range(3, ~0U, 0) != 0 || ::lseek(STDIN_FILENO, 0, SEEK_SET) != 0 || ::chdir("/") != 0 ||
      !limit_resources(limits)) {
    ::_exit(kNotConfined);
  }
  if (way.command.empty()) read_document();
  run_program(way);
}

struct Ended {
  int status = 0;
  bool timed_out = false, cut = false;
  std::string output;
};

Ended watch(pid_t child, int in, steady_clock::time_point until) {
  Ended out;
  const auto left = [&] {
    const auto ms = std::chrono::duration_cast<milliseconds>(until - steady_clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(ms, 0));
  };
  std::array<char, 16 << 10> buffer;
  while (true) {
    pollfd waiting{in, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, left());
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      out.timed_out = true;
      break;
    }
    const ssize_t got = ::read(in, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    out.output.append(buffer.data(), static_cast<std::size_t>(got));
    if (out.output.size() < kMaxRead) continue;
    out.cut = true;
    break;
  }
  // It may go on without output.
  bool killed = out.timed_out || out.cut;
  if (killed) ::kill(-child, SIGKILL);
  while (::waitpid(child, &out.status, killed ? 0 : WNOHANG) == 0) {
    if (left() == 0) {
      out.timed_out = killed = true;
      ::kill(-child, SIGKILL);
    } else {
      ::poll(nullptr, 0, static_cast<int>(kLook.count()));
    }
  }
  ::kill(-child, SIGKILL);  // what it may have started
  return out;
}

Answer failed(std::string why) { return {.outcome = Outcome::failed, .reason = std::move(why)}; }

}  // namespace

Answer convert(int file, const Way& way, const ConversionLimits& limits) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return failed(std::strerror(errno));
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) begin(file, pipe[1], way, limits, parent);
  ::close(pipe[1]);
  if (child < 0) {
    ::close(pipe[0]);
    return failed("no process could be started");
  }
  ::setpgid(child, child);
  Ended ended = watch(child, pipe[0], steady_clock::now() + limits.time);
  ::close(pipe[0]);
  if (ended.timed_out) return {.outcome = Outcome::timed_out, .reason = fmt::format("{} s", limits.time.count())};
  if (!ended.cut && WIFSIGNALED(ended.status)) {
    const int signal = WTERMSIG(ended.status);
    if (signal == SIGXCPU || signal == SIGKILL) return {.outcome = Outcome::timed_out, .reason = "processor time"};
    return failed(fmt::format("signal {}", signal));
  }
  const int code = ended.cut ? 0 : WEXITSTATUS(ended.status);
  if (way.command.empty() && code != 0) {
    if (code == kTooLarge) return {.outcome = Outcome::too_large, .reason = "when unpacked"};
    return failed(code == kCannot ? "damaged, encrypted, or no such document" : fmt::format("code {}", code));
  }
  Answer out{.outcome = Outcome::text, .cut = ended.cut};
  out.text = tidy_text(ended.output, way.command.empty());
  if (!out.text.empty()) return out;
  if (code != 0) return failed(fmt::format("exit code {}", code));
  return {.outcome = Outcome::nothing};
}

}  // namespace gatepost::converter
