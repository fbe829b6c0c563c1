#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <iostream>
#include <memory>
#include <mutex>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "cli/commands.hpp"
#include "cli/gate_noun.hpp"
#include "cli/run_program.hpp"
#include "cli/run_verb.hpp"
#include "daemon/control_socket.hpp"
#include "gate/kernel/host.hpp"

// The root's side of the firewall for administrators in a browser. The server itself has no right to the rules and gets
// none: it may ask for these verbs, each of which does what the configuration file says, and no other.
namespace gatepost::cli {
namespace {

constexpr ProgramLimits kAgentLimits{.time = std::chrono::seconds(90), .octets = 8 << 20};
constexpr std::size_t kMaxName = 200;
constexpr std::uint64_t kMaxWait = 24 * 60 * 60;

struct AgentVerb {
  std::string_view name;  // of the server's request
  bool looks;             // findings are an answer, not a failure
};
constexpr std::array<AgentVerb, 8> kVerbs{{{"gate apply", false},
                                           {"gate audit", true},
                                           {"gate confirm", false},
                                           {"gate history", true},
                                           {"gate plan", true},
                                           {"gate rollback", false},
                                           {"gate show", true},
                                           {"gate who", true}}};

// Whole numbers alone ever become an argument.
std::optional<std::uint64_t> number_in(const admin::Request& request, std::string_view name, std::uint64_t most) {
  const std::string text = request.option(name);
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out == 0 || out > most) return std::nullopt;
  return out;
}

// The command line's words behind "gate"; nothing: the request is none of ours.
std::optional<std::vector<std::string>> command_words(const admin::Request& request) {
  std::vector<std::string> out{request.verb.substr(request.verb.find(' ') + 1)};
  if (request.verb == "gate who") {
    const auto port = number_in(request, "port", 65535);
    if (!port) return std::nullopt;
    out.push_back(fmt::format("{}", *port));
  }
  if (request.verb == "gate rollback" && request.has("revision")) {
    const auto revision = number_in(request, "revision", UINT32_MAX);
    if (!revision) return std::nullopt;
    out.push_back(fmt::format("{}", *revision));
  }
  if (request.verb != "gate apply" && request.verb != "gate rollback") return out;
  // Never for good at once: who changes the rules from a browser has to show that he can come back.
  if (request.has("confirm")) {
    const auto wait = number_in(request, "confirm", kMaxWait);
    if (!wait) return std::nullopt;
    out.push_back(fmt::format("--confirm={}s", *wait));
  }
  if (request.verb == "gate apply" && request.has("cut-me-off")) out.emplace_back("--cut-me-off");
  return out;
}

std::string printable(std::string text) {
  std::erase_if(text, [](char c) { return ascii::is_control(c); });
  return text.substr(0, kMaxName);
}

std::vector<std::string> environment_for(const admin::Request& request) {
  const std::string over = request.option("over");
  return {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
          "GATEPOST_ASKED_BY=" + printable(request.option("by", "somebody")) + " (administration page)",
          // The way that must stay open; none rather than the agent's own.
          "SSH_CONNECTION=" + (gate::parse_ssh_connection(over) ? over : "")};
}

class Agent {
 public:
  Agent(std::string program, std::string config_file)
      : program_(std::move(program)), config_file_(std::move(config_file)) {}

  admin::Reply answer(const admin::Request& request) {
    const auto verb = std::ranges::find(kVerbs, std::string_view(request.verb), &AgentVerb::name);
    if (verb == kVerbs.end()) return {2, "the agent does not do that\n", {}};
    const auto words = command_words(request);
    if (!words) return {2, request.verb + ": a number that is none\n", {}};
    const std::unique_lock alone(mutex_, std::try_to_lock);
    if (!alone) return {1, "somebody else looks at the firewall or changes it: try again\n", {}};
    std::vector<std::string> arguments{program_, "--config", config_file_, "--json", "gate"};
    arguments.insert(arguments.end(), words->begin(), words->end());
    const Ran ran = run_program(arguments, environment_for(request), kAgentLimits);
    if (!ran.status) return {1, "gatepost gate: " + ran.why + "\n", {}};
    const bool done = *ran.status == 0 || (verb->looks && *ran.status == 1 && !ran.out.empty());
    return {done ? 0 : *ran.status, ran.errors, done ? ran.out : std::string()};
  }

 private:
  const std::string program_, config_file_;
  std::mutex mutex_;  // one at a time
};

std::optional<uid_t> user_named(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const passwd* const entry = ::getpwnam(name.c_str());
  return entry != nullptr ? std::optional(entry->pw_uid) : std::nullopt;
}

int serve(Context& context) {
  const auto config = load_config(context);
  if (!config) return 2;
  if (::geteuid() != 0) {
    std::cerr << "The firewall is root's: run this as root.\n";
    return 1;
  }
  const auto user = user_named(config->server.user);
  if (!config->server.user.empty() && !user) {
    std::cerr << fmt::format("There is no user '{}' ([server] user).\n", config->server.user);
    return 1;
  }
  std::error_code error;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string file = std::filesystem::absolute(context.config_file, error);
  if (error) {
    std::cerr << error.message() << "\n";
    return 1;
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // of the threads to come, too
  StderrSink sink;
  const SystemClock clock;
  Log log(sink, clock);
  Agent agent(program, file);
  const auto handler = [&agent](const admin::Request& request, std::stop_token) {
    return daemon::ControlSocket::Answer{agent.answer(request), {}};
  };
  const auto socket = daemon::ControlSocket::open(config->gate.agent, handler, log, user);
  if (!socket) {
    std::cerr << socket.error().detail << "\n";
    return 1;
  }
  int signal = 0;
  ::sigwait(&ends, &signal);
  return 0;
}

}  // namespace

void add_gate_agent_command(CLI::App& app, Context& context) {
  CLI::App* command = gate_noun(app).add_subcommand(
      "agent", "Root's side of the firewall for administrators in a browser; runs until it is ended");
  command->callback([&context] { context.exit_code = serve(context); });
}

}  // namespace gatepost::cli
