#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include "base/base64.hpp"
#include "cli/commands.hpp"
#include "cli/gate_noun.hpp"
#include "cli/local_log_context.hpp"
#include "cli/run_verb.hpp"
#include "daemon/control_socket.hpp"
#include "gate/log/print.hpp"
#include "gate/log/reader.hpp"
#include "gate/watch/event_file.hpp"
#include "gate/watch/file_follower.hpp"
#include "gate/watch/kernel_log.hpp"
#include "gate/watch/packet_log.hpp"

namespace gatepost::cli {
namespace {

using gate::log::Item;
using gate::log::Kind;

struct WatchOptions {
  std::vector<std::string> files;
  bool no_kernel = false;
};

// Reads what firewalls say, with the rights the server has given up, and hands on events alone: into a file of fixed
// size, and to the server when one runs.
class Watcher {
 public:
  Watcher(const config::Config& config, gate::watch::EventFile file, TimePoint heard_until)
      : server_(daemon::control_socket_path(config.server.data_dir)),
        file_(std::move(file)),
        heard_until_(heard_until) {}

  bool open(const config::Config& config, const WatchOptions& options) {
    if (config.gate.log_group != 0) {
      auto opened = gate::watch::open_packet_log(config.gate.log_group, clock_);
      if (opened) {
        packets_ = *std::move(opened);
      } else {
        std::cerr << fmt::format("Log group {}: {}\n", config.gate.log_group, opened.error().detail);
      }
    }
    if (!options.no_kernel) {
      auto opened = gate::watch::KernelLog::open(clock_);
      if (opened) {
        kernel_.emplace(*std::move(opened));
      } else {
        std::cerr << "Kernel log: " << opened.error().detail << "\n";
      }
    }
    for (const std::string& path : options.files) {
      auto opened = gate::watch::FileFollower::open(path, true);
      if (opened) {
        logs_.push_back(
            {path, *std::move(opened), gate::log::Reader(gate::log::Format::automatic, local_log_context(clock_))});
      } else {
        std::cerr << gate::log::for_terminal(opened.error().detail) << "\n";
      }
    }
    return packets_ || kernel_ || !logs_.empty();
  }

  // Until a signal says so.
  Result<> run(int signals) {
    for (;;) {
      std::vector<pollfd> waits{{signals, POLLIN, 0}};
      if (packets_) waits.push_back({packets_->fd(), POLLIN, 0});
      if (kernel_) waits.push_back({kernel_->fd(), POLLIN, 0});
      ::poll(waits.data(), waits.size(), logs_.empty() ? kTellEveryMs : kLookEveryMs);
      const bool end = (waits.front().revents & POLLIN) != 0;
      GP_CHECK(receive());
      const SteadyPoint now = clock_.steady();
      if (end || now - told_ >= std::chrono::milliseconds(kTellEveryMs)) {
        tell();
        told_ = now;
        GP_CHECK(file_.alive(clock_.now(), gaps_));
      }
      if (end) return {};
    }
  }

 private:
  static constexpr int kTellEveryMs = 1000, kLookEveryMs = 250;
  static constexpr std::size_t kMostAtOnce = 1'000;  // of a second, to the server; the file has all

  Result<> receive() {
    Result<> kept;
    const auto take = [&](const Item& item) {
      if (kept) kept = this->take(item);
    };
    // The kernel's log still has what was heard before a restart.
    const auto fresh = [&](const Item& item) {
      if (item.kind != Kind::event || !item.event.time.known || item.event.time.at > heard_until_) take(item);
    };
    if (packets_) {
      GP_CHECK(packets_->receive(take));
    }
    if (kernel_) {
      GP_CHECK(kernel_->receive(fresh));
    }
    for (Log& log : logs_) {
      log.reader.set_context(local_log_context(clock_));
      for (;;) {
        GP_TRY(const auto piece, log.follower.next());
        if (piece.replaced) {
          log.reader.finish(take);
          log.reader.restart();
        }
        log.reader.push(piece.octets, take);
        if (piece.octets.empty()) break;
      }
    }
    return kept;
  }

  Result<> take(const Item& item) {
    if (item.kind == Kind::gap) {
      ++gaps_;
      gap_ = true;
    }
    if (item.kind != Kind::event) return {};
    gate::watch::KeptEvent event = gate::watch::kept_of(item.event, 1, clock_.now());
    if (batch_.size() < kMostAtOnce) {
      const auto record = gate::watch::encode(event);
      batch_.push_back(base64::encode({record.data(), record.size()}));
    } else {
      gap_ = true;
    }
    return file_.add(std::move(event));
  }

  // A server that does not run or does not answer is no failure of ours.
  void tell() {
    if (batch_.empty() && !gap_ && server_knows_) return;
    admin::Request request{"gate events", {}};
    if (!batch_.empty()) request.options["record"] = std::exchange(batch_, {});
    if (std::exchange(gap_, false)) request.options["gap"] = {"yes"};
    server_knows_ = daemon::ask(server_, request).has_value();
  }

  struct Log {
    std::string path;
    gate::watch::FileFollower follower;
    gate::log::Reader reader;
  };
  const SystemClock clock_;
  const std::filesystem::path server_;
  gate::watch::EventFile file_;
  const TimePoint heard_until_;
  std::unique_ptr<gate::watch::PacketLog> packets_;
  std::optional<gate::watch::KernelLog> kernel_;
  std::vector<Log> logs_;
  std::vector<std::string> batch_;
  std::uint64_t gaps_ = 0;
  bool gap_ = false, server_knows_ = false;
  SteadyPoint told_{};
};

void gate_watch(Context& context, const WatchOptions& options) {
  const auto config = load_config(context);
  if (!config) return;
  context.exit_code = 1;
  std::error_code made;
  std::filesystem::create_directories(config->gate.state_dir, made);
  const auto path = gate::watch::event_file_path(config->gate.state_dir);
  const auto before = gate::watch::read_event_file(path);
  const SystemClock clock;
  auto file = gate::watch::EventFile::open(path, clock.now());
  if (!file) {
    std::cerr << file.error().detail << "\n";
    return;
  }
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
  const runtime::UniqueFd signals(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  Watcher watcher(*config, *std::move(file), before ? before->alive : TimePoint{});
  if (!watcher.open(*config, options)) {
    std::cerr << "There is nothing to watch: run this as root.\n";
    return;
  }
  std::cerr << "Watching; the last " << gate::watch::EventFile::kEvents << " events are kept in " << path.string()
            << ".\n";
  const auto done = watcher.run(signals.get());
  if (!done) std::cerr << gate::log::for_terminal(done.error().detail) << "\n";
  context.exit_code = done ? 0 : 1;
}

}  // namespace

void add_gate_watch_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* command = gate_noun(app).add_subcommand(
      "watch",
      "Keep the last events of this host's firewall, for explain and top; gatepost-gate-watch.service runs it");
  command->add_option("--file", options->files, "Also follow this log, of whichever firewall");
  command->add_flag("--no-kernel", options->no_kernel, "Leave the kernel's log alone");
  command->callback([&context, options] { gate_watch(context, *options); });
}

}  // namespace gatepost::cli
