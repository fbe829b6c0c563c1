#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/gate_noun.hpp"
#include "cli/local_log_context.hpp"
#include "gate/log/print.hpp"
#include "gate/log/reader.hpp"
#include "gate/watch/file_follower.hpp"
#include "gate/watch/kernel_log.hpp"
#include "gate/watch/packet_log.hpp"

namespace gatepost::cli {

namespace {

using gate::log::Item;
using gate::log::Kind;

struct GateLogOptions {
  std::string file, format = "auto", from;
  bool kernel = false, follow = false, denied = false;
  std::optional<std::uint16_t> group, port;
};

// Prints what passes the filter and counts everything.
class Printer {
 public:
  Printer(const GateLogOptions& options, const std::optional<Network>& from, bool json)
      : options_(options), from_(from), json_(json) {}

  void take(const Item& item) {
    ++lines_;
    if (item.kind == Kind::skip) return;
    if (item.kind == Kind::event) {
      ++events_;
      if (!passes(item.event)) return;
      ++shown_;
    } else {
      ++(item.kind == Kind::gap ? gaps_ : damaged_);
    }
    out_ += json_ ? gate::log::format_json(item) : gate::log::format_text(item);
    out_ += '\n';
    if (out_.size() > 64 << 10) flush();
  }
  void flush() {
    std::cout.write(out_.data(), static_cast<std::streamsize>(out_.size()));
    std::cout.flush();
    out_.clear();
  }
  // To the error output, so that what is printed can be given to another program.
  void summary(std::string_view format) {
    flush();
    std::cerr << lines_ << " lines (" << format << "): " << events_ << " events, " << shown_ << " shown; " << damaged_
              << " damaged, " << gaps_ << " gaps, " << lines_ - events_ - damaged_ - gaps_ << " about other things\n";
  }
  bool nothing_known() const { return events_ == 0 && lines_ != 0; }
  bool gone() const { return !std::cout.good(); }

 private:
  bool passes(const gate::log::LogEvent& event) const {
    if (from_ && !from_->contains(event.source.ip)) return false;
    if (options_.port && event.destination_port != options_.port) return false;
    return !options_.denied || event.verdict == gate::log::Verdict::deny;
  }
  const GateLogOptions& options_;
  const std::optional<Network>& from_;
  bool json_;
  std::string out_;
  std::uint64_t lines_ = 0, events_ = 0, shown_ = 0, damaged_ = 0, gaps_ = 0;
};

Result<> read_input(gate::log::Reader& reader, Printer& printer) {
  const auto take = [&](const Item& item) { printer.take(item); };
  char piece[64 << 10];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Errc::unavailable, std::strerror(errno));
    if (got == 0) break;
    reader.push({piece, static_cast<std::size_t>(got)}, take);
    printer.flush();
    if (printer.gone()) return {};
  }
  reader.finish(take);
  return {};
}

Result<> read_file(const GateLogOptions& options, gate::log::Reader& reader, Printer& printer, const Clock& clock) {
  GP_TRY(auto follower, gate::watch::FileFollower::open(options.file));
  const auto take = [&](const Item& item) { printer.take(item); };
  while (!printer.gone()) {
    GP_TRY(const auto piece, follower.next());
    if (piece.replaced) {
      reader.finish(take);
      reader.restart();
    }
    reader.push(piece.octets, take);
    if (!piece.octets.empty()) continue;
    if (!options.follow) break;
    printer.flush();
    ::poll(nullptr, 0, 250);
    reader.set_context(local_log_context(clock));
  }
  if (!options.follow) reader.finish(take);
  return {};
}

// The kernel's log and a log group are read alike.
Result<> read_live(auto& source, bool follow, Printer& printer) {
  while (!printer.gone()) {
    GP_CHECK(source.receive([&](const Item& item) { printer.take(item); }));
    if (!follow) return {};
    printer.flush();
    pollfd wait{source.fd(), POLLIN, 0};
    ::poll(&wait, 1, -1);
  }
  return {};
}

Result<std::string_view> read_all(const GateLogOptions& options, Printer& printer) {
  SystemClock clock;
  if (options.kernel) {
    GP_TRY(auto source, gate::watch::KernelLog::open(clock));
    GP_CHECK(read_live(source, options.follow, printer));
    return "kernel log";
  }
  if (options.group) {
    GP_TRY(const auto source, gate::watch::open_packet_log(*options.group, clock));
    GP_CHECK(read_live(*source, true, printer));
    return "log group";
  }
  const auto format = gate::log::parse_format(options.format);
  if (!format) return fail(Errc::invalid, "there is no format \"" + options.format + "\"");
  gate::log::Reader reader(*format, local_log_context(clock));
  GP_CHECK(options.file == "-" ? read_input(reader, printer) : read_file(options, reader, printer, clock));
  return reader.format() == gate::log::Format::automatic ? "no known format" : gate::log::to_string(reader.format());
}

void gate_log(Context& context, const GateLogOptions& options) {
  context.exit_code = 2;
  if (static_cast<int>(options.kernel) + static_cast<int>(options.group.has_value()) +
          static_cast<int>(!options.file.empty()) !=
      1) {
    std::cerr << "Name one of: a file (- for the standard input), --kernel, --group N.\n";
    return;
  }
  std::optional<Network> from;
  if (!options.from.empty()) {
    from = Network::parse(options.from);
    if (!from) {
      std::cerr << "\"" << gate::log::for_terminal(options.from) << "\" is no address and no network.\n";
      return;
    }
  }
  Printer printer(options, from, context.json);
  const auto done = read_all(options, printer);
  if (!done) {
    printer.flush();
    std::cerr << gate::log::for_terminal(done.error().detail) << "\n";
    context.exit_code = done.error().code == Errc::invalid ? 2 : 1;
    return;
  }
  printer.summary(*done);
  context.exit_code = printer.nothing_known() && !options.kernel ? 1 : 0;
}

}  // namespace

void add_gate_log_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<GateLogOptions>();
  CLI::App* command = gate_noun(app).add_subcommand("log", "What firewalls wrote, of whichever make, in one form");
  command->add_option("file", options->file, "A log; - reads the standard input");
  command->add_flag("--kernel", options->kernel, "The kernel's own log of this machine");
  command->add_option("--group", options->group, "Packets of rules with \"log group N\" (NFLOG), as they come");
  command->add_flag("-f,--follow", options->follow, "Go on as it grows, also when it is rotated");
  command
      ->add_option(
          "--format", options->format,
          "auto, netfilter (also ufw, firewalld, ulogd), ulogd-json, windows, pf, aws, asa, fortigate, paloalto")
      ->capture_default_str();
  command->add_option("--from", options->from, "Only of this source address or network");
  command->add_option("--port", options->port, "Only to this port");
  command->add_flag("--denied", options->denied, "Only what was refused");
  command->footer("Exit codes: 0 read, 1 nothing in it was a firewall's or it cannot be read, 2 wrong usage.");
  command->callback([&context, options] { gate_log(context, *options); });
}

}  // namespace gatepost::cli
