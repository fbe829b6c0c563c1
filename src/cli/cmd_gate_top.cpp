#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/gate_noun.hpp"
#include "cli/run_verb.hpp"
#include "daemon/control_socket.hpp"
#include "gate/log/print.hpp"
#include "gate/report/top.hpp"

namespace gatepost::cli {
namespace {

struct TopOptions {
  bool once = false;
  unsigned every = 2;
};

// One answer of the server; nothing: why is printed.
std::optional<std::string> ask_for_top(Context& context, const config::Config& config) {
  const auto reply = daemon::ask(daemon::control_socket_path(config.server.data_dir), {"gate top", {}});
  if (reply && reply->exit_code == 0) return reply->json;
  context.exit_code = !reply && reply.error().code == Errc::not_found ? 3 : 1;
  std::cerr << (!reply && reply.error().code == Errc::not_found ? std::string("No server is running.")
                : !reply                                        ? gate::log::for_terminal(reply.error().detail)
                                                                : gate::log::for_terminal(reply->text))
            << "\n";
  return std::nullopt;
}

// From the first place on, each line over the one before it and what is behind it away (CUP, EL and ED of ECMA-48, as
// every terminal has them): without an empty screen in between, which would flicker.
std::string placed(const std::string& screen) {
  std::string out = "\x1b[H";
  for (const char c : screen) {
    if (c == '\n') out += "\x1b[K";
    out += c;
  }
  return out + "\x1b[J";
}

void gate_top(Context& context, const TopOptions& options) {
  const auto config = load_config(context);
  if (!config) return;
  auto now = ask_for_top(context, *config);
  if (!now) return;
  if (context.json) {
    std::cout << *now << "\n";
    return;
  }
  const bool live = !options.once && ::isatty(STDOUT_FILENO) == 1;
  std::optional<std::string> before;
  for (;;) {
    winsize size{};
    if (live) ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    // One row stays free, or the terminal would scroll.
    const std::size_t rows = size.ws_row > 1 ? size.ws_row - 1U : 0;
    const auto screen =
        gate::render_top(*now, before ? std::optional<std::string_view>(*before) : std::nullopt, rows, size.ws_col);
    if (!screen) {
      std::cerr << screen.error().detail << "\n";
      context.exit_code = 1;
      return;
    }
    std::cout << (live ? placed(*screen) : *screen) << std::flush;
    if (!live || !std::cout.good()) return;
    pollfd key{STDIN_FILENO, POLLIN, 0};
    if (::poll(&key, ::isatty(STDIN_FILENO) == 1 ? 1 : 0, static_cast<int>(options.every) * 1000) > 0) return;
    before = std::move(now);
    now = ask_for_top(context, *config);
    if (!now) return;
  }
}

}  // namespace

void add_gate_top_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<TopOptions>();
  CLI::App* command = gate_noun(app).add_subcommand(
      "top", "Who is connected, who was refused and why, as it happens; Return ends it, --json and --once say it once");
  command->add_flag("--once", options->once, "Once, and no control sequences");
  command->add_option("--every", options->every, "Seconds between two looks")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command->callback([&context, options] { gate_top(context, *options); });
}

}  // namespace gatepost::cli
