#include "daemon/restart.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>
#include <thread>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "daemon/control_socket.hpp"
#include "daemon/formats.hpp"
#include "daemon/program.hpp"

namespace gatepost::daemon {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Steady = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr seconds kPatience{90};  // beside drain_timeout, until the new server serves
constexpr seconds kReturn{90};    // until the old one serves again
constexpr seconds kCheckTime{60};
constexpr seconds kSystemctlTime{900};  // the unit's own limits come first

struct Running {
  int pid = 0;
  bool managed = false;
  bool draining = false;
  seconds drain{10};
  ProgramFacts program;  // no formats: a release that does not tell
  std::string drained;   // how the sessions of the one before ended; empty: it did not take over
};

std::int64_t number_or_zero(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->as_int64() : 0;
}

bool flag(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->as_bool();
}

// Who serves; an error when nobody does at the moment.
Result<Running> running(const fs::path& data_dir) {
  GP_TRY(const admin::Reply reply, ask(control_socket_path(data_dir), admin::Request{"status", {}}));
  boost::system::error_code ec;
  const json::value facts = json::parse(reply.json, ec);
  const auto* object = ec ? nullptr : facts.if_object();
  if (object == nullptr || number_or_zero(*object, "pid") == 0) return fail(Errc::invalid, reply.text);
  Running out;
  out.pid = static_cast<int>(number_or_zero(*object, "pid"));
  out.managed = flag(*object, "managed");
  out.draining = flag(*object, "draining");
  if (const auto limit = number_or_zero(*object, "drain_limit_s"); limit > 0) out.drain = seconds(limit);
  if (auto program = program_facts_from_json(reply.json)) out.program = *std::move(program);
  if (const auto* took = object->if_contains("took_over"); took != nullptr && took->is_object()) {
    const auto& t = took->get_object();
    out.drained = fmt::format("{} connection(s) told, drained in {:.2f} s, {} cut off.", number_or_zero(t, "told"),
                              static_cast<double>(number_or_zero(t, "drain_ms")) / 1000, number_or_zero(t, "cut"));
  }
  return out;
}

int nobody(const Error& error) {
  const bool none = error.code == Errc::not_found;
  std::cerr << (none ? "No server is running: gatepost serve, or systemctl start gatepost." : error.detail) << "\n";
  return none ? 3 : 1;
}

// In the child: a session of its own, and the server. What goes wrong before it takes over is still seen here.
[[noreturn]] void become_server(const std::string& program, const std::string& config_file) {
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  ::execl(program.c_str(), "gatepost", "--config", config_file.c_str(), "serve", "--take-over", nullptr);
  ::_exit(127);
}

// The new server is gone. Whether the old one serves, now or as soon as it has opened its data again.
int report_return(const fs::path& data_dir, const Running& before, std::string_view what) {
  const auto until = Steady::now() + kReturn;
  while (Steady::now() < until) {
    const auto still = running(data_dir);
    // One that drains for the new server does not know yet that it has to go on.
    if (still && !still->draining) {
      std::cerr << what << (still->pid == before.pid ? "; the old one goes on.\n" : "; another one serves.\n");
      return 1;
    }
    if (::kill(before.pid, 0) != 0 && errno == ESRCH) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  std::cerr << what << "; NO SERVER IS RUNNING: see the log.\n";
  return 1;
}

int start_successor(const RestartOptions& options, const Running& before) {
  const std::string program = options.program.empty() ? "/proc/self/exe" : fs::absolute(options.program).string();
  const std::string config_file = fs::absolute(options.config_file).string();
  const pid_t child = ::fork();
  if (child < 0) {
    std::cerr << "fork: " << std::strerror(errno) << "\n";
    return 1;
  }
  if (child == 0) become_server(program, config_file);
  const auto until = Steady::now() + before.drain + kPatience;
  while (Steady::now() < until) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) {
      return report_return(options.data_dir, before, "The new server ended during its start");
    }
    const auto now = running(options.data_dir);
    if (now && now->pid == child) {
      std::cout << "Process " << child << " serves in the place of " << before.pid << ". " << now->drained << "\n";
      return 0;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  // One that hangs has the sockets and perhaps the store: only without it the old one can go on.
  ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return report_return(options.data_dir, before, "The new server was not ready in time and was killed");
}

// The unit a process belongs to; empty: none (systemd.unit(5), cgroups(7)).
std::string unit_of(int pid) {
  std::ifstream file(fmt::format("/proc/{}/cgroup", pid));
  for (std::string line; std::getline(file, line);) {
    const auto slash = line.rfind('/');
    if (slash == std::string::npos || !line.ends_with(".service")) continue;
    return line.substr(slash + 1);
  }
  return {};
}

int restart_unit(const RestartOptions& options, const Running& before) {
  const std::string unit = unit_of(before.pid);
  if (unit.empty()) {
    std::cerr << "systemd runs this server: systemctl restart gatepost\n";
    return 1;
  }
  for (const char* systemctl : {"/usr/bin/systemctl", "/bin/systemctl"}) {
    const auto done = run_program(systemctl, "systemctl", {"restart", "--", unit}, kSystemctlTime);
    if (!done && done.error().code == Errc::denied) continue;
    if (!done || done->exit_code != 0) {
      std::cerr << (done ? done->output : done.error().detail + "\n") << "systemctl status " << unit << "\n";
      return 1;
    }
    const auto now = running(options.data_dir);
    if (!now) return nobody(now.error());
    std::cout << "Process " << now->pid << " serves in the place of " << before.pid << " (" << unit << ").\n";
    return 0;
  }
  std::cerr << "systemctl is not here; " << unit << " was not restarted.\n";
  return 1;
}

int refuse(std::string_view why) {
  std::cerr << "Refused: " << why << "\n";
  return 2;
}

// Root is about to run it: nobody else may have been able to write it.
std::string complaint_about_file(const fs::path& program) {
  struct stat status{};
  if (::stat(program.c_str(), &status) != 0) return fmt::format("{}: {}", program.string(), std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return program.string() + " is not a file";
  const bool root = ::geteuid() == 0;
  if ((status.st_mode & (root ? S_IWGRP | S_IWOTH : S_IWOTH)) != 0)
    return program.string() + " may be written by others than its owner";
  if (root && status.st_uid != 0) return program.string() + " does not belong to root";
  return {};
}

// What the new program says of itself, and whether it takes the configuration.
Result<ProgramFacts> examine(const fs::path& program, const std::string& config_file) {
  GP_TRY(const ProgramRun version, run_program(program, "gatepost", {"--version"}, kCheckTime));
  if (version.exit_code != 0 || !version.output.starts_with("gatepost "))
    return fail(Errc::invalid, program.string() + " is not Gatepost");
  GP_TRY(const ProgramRun said,
         run_program(program, "gatepost", {"--config", config_file, "formats", "--json"}, kCheckTime));
  if (said.exit_code != 0) return fail(Errc::invalid, program.string() + " does not say which formats it reads");
  GP_TRY(ProgramFacts facts, program_facts_from_json(said.output));
  GP_TRY(const ProgramRun check,
         run_program(program, "gatepost", {"--config", config_file, "config", "check", "--quiet"}, kCheckTime));
  if (check.exit_code != 0) return fail(Errc::invalid, "it does not take the configuration:\n" + check.output);
  return facts;
}

}  // namespace

int restart(const RestartOptions& options) {
  const auto before = running(options.data_dir);
  if (!before) return nobody(before.error());
  return before->managed ? restart_unit(options, *before) : start_successor(options, *before);
}

int upgrade(const UpgradeOptions& options) {
  const auto before = running(options.restart.data_dir);
  if (!before) return nobody(before.error());
  std::error_code ec;
  const fs::path own = fs::read_symlink("/proc/self/exe", ec);
  const fs::path program = options.restart.program.empty() ? own : fs::absolute(options.restart.program);
  if (const std::string wrong = complaint_about_file(program); !wrong.empty()) return refuse(wrong);
  const auto facts = examine(program, fs::absolute(options.restart.config_file).string());
  if (!facts) return refuse(facts.error().detail);
  const UpgradeVerdict verdict = judge_upgrade(before->program, *facts);
  if (verdict.kind == UpgradeVerdict::Kind::unreadable) {
    return refuse(fmt::format("{} cannot read what is on disk ({}).", program.string(), verdict.detail));
  }
  if (verdict.kind == UpgradeVerdict::Kind::downgrade && !options.allow_downgrade) {
    return refuse(
        fmt::format("{} is older than {}, which runs. It reads what is on disk; --allow-downgrade if you mean it.",
                    facts->version, before->program.version));
  }
  if (!verdict.way_back && !options.allow_one_way) {
    return refuse(fmt::format(
        "there is no way back ({}). Make a backup first (gatepost store backup), then say --one-way.", verdict.detail));
  }
  std::cout << fmt::format(
      "{}: version {} in the place of {}; it takes the configuration and reads what is on disk; {}.\n",
      program.string(), facts->version,
      before->program.version.empty() ? "one that does not say" : before->program.version,
      verdict.way_back ? "the way back is open" : "THERE IS NO WAY BACK");
  if (options.check_only) return 0;
  if (before->managed) {
    std::string unit_program = fs::read_symlink(fmt::format("/proc/{}/exe", before->pid), ec).string();
    constexpr std::string_view kReplaced = " (deleted)";
    if (unit_program.ends_with(kReplaced)) unit_program.resize(unit_program.size() - kReplaced.size());
    if (!ec && unit_program != program.string())
      return refuse(fmt::format("systemd starts {}: install the new program there first.", unit_program));
    return restart_unit(options.restart, *before);
  }
  RestartOptions with = options.restart;
  with.program = program;
  return start_successor(with, *before);
}

}  // namespace gatepost::daemon
