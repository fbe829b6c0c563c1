#include "cli/certificate_hook.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>
#include <thread>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "cli/run_verb.hpp"
#include "daemon/control_socket.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::cli {
namespace {

namespace json = boost::json;
using runtime::UniqueFd;
using std::chrono::seconds;

constexpr seconds kProgramTime{300};
constexpr seconds kServerAway{5};
constexpr std::size_t kMaxWords = 1000;

struct Job {
  std::uint64_t id = 0;
  std::string action, record, value;
};

std::optional<Job> read_job(const std::string& text) {
  boost::system::error_code ec;
  const json::value value = json::parse(text, ec);
  if (ec || !value.is_object() || value.as_object().empty()) return std::nullopt;
  const json::object& object = value.as_object();
  const auto text_of = [&](const char* key) {
    const json::value* const one = object.if_contains(key);
    return one != nullptr && one->is_string() ? std::string(one->as_string()) : std::string();
  };
  const json::value* const id = object.if_contains("id");
  if (id == nullptr || !id->is_number()) return std::nullopt;
  return Job{id->to_number<std::uint64_t>(), text_of("action"), text_of("record"), text_of("value")};
}

// What the program prints, the beginning of it, until it ends; and how it ended.
struct Ran {
  bool ok = false;
  std::string words;
};

Ran run_hook(const std::string& program, const Job& job) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return {false, std::strerror(errno)};
  const UniqueFd reading(pipe[0]);
  UniqueFd writing(pipe[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, writing.get(), STDERR_FILENO);
  std::string words[] = {program, job.action, job.record, job.value};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  writing.reset();
  if (failed != 0) return {false, program + ": " + std::strerror(failed)};
  const auto until = std::chrono::steady_clock::now() + kProgramTime;
  Ran out;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd one{reading.get(), POLLIN, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      ::kill(child, SIGKILL);
      out.words = fmt::format("it did not end within {} s", kProgramTime.count());
      break;
    }
    char buffer[4096];
    const ssize_t got = ::read(reading.get(), buffer, sizeof buffer);
    if (got <= 0) break;
    out.words.append(buffer, std::min<std::size_t>(static_cast<std::size_t>(got),
                                                   kMaxWords - std::min(kMaxWords, out.words.size())));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  out.ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!out.ok && out.words.empty()) out.words = fmt::format("it ended with status {}", WEXITSTATUS(status));
  return out;
}

}  // namespace

int serve_hooks(Context& context, const std::string& program, bool once) {
  const auto config = load_config(context);
  if (!config) return 2;
  const auto socket = daemon::control_socket_path(config->server.data_dir);
  for (;;) {
    const auto reply = daemon::ask(socket, {"certificate hook-next", {}});
    if (!reply || reply->exit_code != 0) {
      std::cerr << (reply ? reply->text : reply.error().detail + "\n");
      if (once) return reply ? 1 : 3;
      std::this_thread::sleep_for(kServerAway);  // it restarts, perhaps
      continue;
    }
    const auto job = read_job(reply->json);
    if (!job) {
      if (once) return 0;
      continue;
    }
    const Ran ran = run_hook(program, *job);
    std::cout << fmt::format("{} {}: {}\n", job->action, job->record, ran.ok ? "done" : "failed: " + ran.words)
              << std::flush;
    Options options{{"id", {fmt::format("{}", job->id)}}, {"detail", {ran.words}}};
    if (ran.ok) options["ok"] = {"1"};
    (void)daemon::ask(socket, {"certificate hook-done", options});
  }
}

}  // namespace gatepost::cli
