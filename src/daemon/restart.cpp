#include "daemon/restart.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <thread>

#include <boost/json.hpp>

#include "daemon/control_socket.hpp"

namespace gatepost::daemon {
namespace {

constexpr std::chrono::seconds kPatience{90};

// The number of the process that serves; none when there is none at the moment.
Result<int> serving_pid(const std::filesystem::path& data_dir) {
  GP_TRY(const admin::Reply reply, ask(control_socket_path(data_dir), admin::Request{"status", {}}));
  boost::system::error_code ec;
  const boost::json::value facts = boost::json::parse(reply.json, ec);
  const auto* object = ec ? nullptr : facts.if_object();
  const auto* pid = object != nullptr ? object->if_contains("pid") : nullptr;
  if (pid == nullptr || !pid->is_int64()) return fail(Errc::invalid, reply.text);
  return static_cast<int>(pid->as_int64());
}

// In the child: a session of its own, and the server. What goes wrong before it takes over is still seen here.
[[noreturn]] void become_server(const std::string& config_file) {
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  ::execl("/proc/self/exe", "gatepost", "--config", config_file.c_str(), "serve", "--take-over", nullptr);
  ::_exit(127);
}

}  // namespace

int restart(const std::filesystem::path& config_file, const std::filesystem::path& data_dir) {
  const auto before = serving_pid(data_dir);
  if (!before) {
    std::cerr << (before.error().code == Errc::not_found
                      ? "No server is running: gatepost serve, or systemctl start gatepost."
                      : before.error().detail)
              << "\n";
    return before.error().code == Errc::not_found ? 3 : 1;
  }
  const pid_t child = ::fork();
  if (child < 0) {
    std::cerr << "fork: " << std::strerror(errno) << "\n";
    return 1;
  }
  if (child == 0) become_server(std::filesystem::absolute(config_file).string());
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) {
      const auto still = serving_pid(data_dir);
      std::cerr << "The new server ended during its start; "
                << (still ? "the old one goes on.\n" : "NO SERVER IS RUNNING: see the log.\n");
      return 1;
    }
    const auto now = serving_pid(data_dir);
    if (now && *now == child) {
      std::cout << "Process " << child << " serves in the place of " << *before << ".\n";
      return 0;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::cerr << "The new server (pid " << child << ") is not ready yet: see the log.\n";
  return 1;
}

}  // namespace gatepost::daemon
