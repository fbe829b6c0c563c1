#include "daemon/serve.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <set>

#include <fmt/format.h>

#include "config/load.hpp"
#include "daemon/daemon.hpp"
#include "daemon/events.hpp"
#include "daemon/privileges.hpp"
#include "daemon/process.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/settings.hpp"
#include "daemon/succession.hpp"
#include "daemon/take_over.hpp"
#include "daemon/version.hpp"
#include "gate/helper/client.hpp"

namespace gatepost::daemon {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kStopTime{30};         // beside the sessions' drain_timeout: the store, the threads
constexpr seconds kPredecessorTime{60};  // for the server whose place we take, or that is just ending
constexpr milliseconds kHeirPulse{20};   // how often we look what became of the process that takes our place

// The number of this process beside its data, for scripts; taken away at the end unless a successor wrote its own.
class PidFile {
 public:
  explicit PidFile(const fs::path& data_dir) : path_(data_dir / "gatepost.pid") {
    // In the place of what is there, which may be somebody else's to write.
    const fs::path fresh = data_dir / "gatepost.pid.new";
    std::ofstream(fresh) << ::getpid() << "\n";
    std::error_code ignored;
    fs::rename(fresh, path_, ignored);
  }
  ~PidFile() {
    int there = 0;
    std::ifstream(path_) >> there;
    std::error_code ignored;
    if (there == ::getpid()) fs::remove(path_, ignored);
  }

 private:
  const fs::path path_;
};

// Everything of a start that goes from one step to the next.
class Start {
 public:
  explicit Start(ServeOptions options) : options_(std::move(options)) {
    options_.config_file = fs::absolute(options_.config_file);
  }

  int run() {
    if (!read_config()) return 2;
    prepare_process(io_threads(config_));
    block_signals();
    Result<> done = prepare();
    if (done) done = open_product();
    if (done) done = build();
    if (!done) {
      std::cerr << "gatepost: " << done.error().detail << "\n";
      return 1;
    }
    for (;;) {
      const std::optional<int> code = serve_until_told();
      if (code) return *code;
      // Whoever was to take our place is gone: everything is built again on the sockets that are still ours.
      log_.write(event::kTakeOverFailed, {});
      done = open_product();
      if (done) done = build();
      if (!done) {
        std::cerr << "gatepost: " << done.error().detail << "\n";
        return 1;
      }
    }
  }

 private:
  bool read_config() {
    config::LoadOutcome loaded = config::load_and_check(options_.config_file);
    for (const auto& problem : loaded.problems) std::cerr << problem.text() << "\n";
    config_ = std::move(loaded.config);
    return loaded.ok();
  }

  // What still has root's rights: the log, the sockets, the certificates. Then they are given up.
  Result<> prepare() {
    const config::Server& server = config_.server;
    GP_CHECK(prepare_data_directory(server.data_dir, server.user));
    inherited_ = runtime::InheritedSockets::from_environment();
    for (const auto& one : inherited_.rest()) {
      if (one.name.starts_with(kOwnSocket)) kept_.insert(one.name);
    }
    if (options_.take_over) {
      GP_CHECK(take_over());
    }
    GP_CHECK(log_target_.set(config_.log.target));
    log_.set_lowest(config_.log.level);
    log_.write(event::kStarting,
               {{"version", version()}, {"config", options_.config_file.string()}, {"pid", ::getpid()}});
    GP_TRY(sockets_, open_sockets(config_.listeners, inherited_, log_));
    for (const auto& unused : inherited_.rest()) log_.write(event::kSocketUnused, {{"at", unused.at.to_string()}});
    inherited_ = {};
    if (config_.has_certificate()) {
      GP_TRY(tls_, tls_settings(config_));
    }
    std::vector<fs::path> files;
    if (config_.log.target != LogTarget::kStderr) files.emplace_back(config_.log.target);
    // While there are rights to give, and no threads. Without one the server alone refuses who is banned.
    if (config_.bans.firewall) ban_helper_ = runtime::UniqueFd(gate::helper::start_helper().value_or(-1));
    GP_CHECK(become_user(server.user, files));
    confine(confinement(), log_);
    complain_of_unreadable_files();
    return {};
  }

  Result<> take_over() {
    auto handed = ask_for_sockets(config_.server.data_dir);
    if (!handed && handed.error().code == Errc::not_found) {
      options_.take_over = false;  // nobody is there: a start like any other
      return {};
    }
    if (!handed) return std::unexpected(std::move(handed).error());
    inherited_ = std::move(handed->sockets);
    channel_ = std::move(handed->channel);
    token_ = handed->token;
    if (config_.log.target == LogTarget::kStderr && handed->log) {
      ::dup2(handed->log.get(), STDOUT_FILENO);
      ::dup2(handed->log.get(), STDERR_FILENO);
    }
    log_.write(event::kTakingOver, {{"from_pid", handed->pid}});
    return {};
  }

  Confinement confinement() const {
    Confinement paths;
    paths.writable = {config_.server.data_dir};
    if (!config_.http.web_dir.empty()) paths.readable.push_back(config_.http.web_dir);
    if (config_.log.target != LogTarget::kStderr) paths.writable.push_back(fs::path(config_.log.target).parent_path());
    // Names, time zones, the processors' count, what the C library asks for; /etc as a whole because files there are
    // replaced, not rewritten.
    for (const char* path : {"/etc", "/usr/share", "/usr/lib", "/lib", "/proc", "/sys/devices/system",
                             "/run/systemd/resolve", "/dev/urandom", "/dev/null"}) {
      paths.readable.emplace_back(path);
    }
    // The folder of each file, and the folder of what it links to (certbot's live/ and archive/).
    const auto readable = [&](const fs::path& file) {
      std::error_code ec;
      paths.readable.push_back(file.parent_path());
      const fs::path real = fs::canonical(file, ec);
      if (!ec) paths.readable.push_back(real.parent_path());
    };
    readable(options_.config_file);
    for (const config::Certificate& one : config_.tls.certificates) {
      readable(one.cert);
      readable(one.key);
    }
    for (const config::OutsideDirectory& one : config_.outside_directories) {
      if (!one.ca_file.empty()) readable(one.ca_file);
      if (!one.password_file.empty()) readable(one.password_file);
    }
    if (config_.mailflow.smart_host) readable(config_.mailflow.smart_host->password_file);
    for (const fs::path& file : outside_files()) readable(file);
    if (!config_.jmap.push_ca_file.empty()) readable(config_.jmap.push_ca_file);
    return paths;
  }

  std::vector<fs::path> outside_files() const {
    std::vector<fs::path> files{config_.acme.ca_file, config_.acme.account_key_file, config_.acme.dns_key_file};
    files.push_back(config_.tls.client_ca_file);
    files.push_back(config_.kerberos.keytab);
    files.push_back(config_.auth.refused_passwords_file);
    for (const config::OauthProvider& one : config_.oauth.providers) {
      files.push_back(one.ca_file);
      files.push_back(one.client_secret_file);
    }
    std::erase(files, fs::path());
    return files;
  }

  void complain_of_unreadable_files() {
    std::vector<fs::path> files = outside_files();
    files.push_back(options_.config_file);
    for (const config::Certificate& one : config_.tls.certificates) {
      files.push_back(one.cert);
      files.push_back(one.key);
    }
    for (const fs::path& file : files) {
      if (::access(file.c_str(), R_OK) != 0) log_.write(event::kKeyUnreadable, {{"file", file.string()}});
    }
  }

  // The store has one user at a time: the predecessor is told to stop as late as possible, and waited for.
  Result<> open_product() {
    if (options_.take_over) {
      GP_CHECK(ask_to_stop(config_.server.data_dir, token_));
    }
    const auto until = std::chrono::steady_clock::now() + config_.maintenance.drain_timeout + kPredecessorTime;
    for (;;) {
      auto opened = Product::open(config_, clock_, log_);
      if (opened) {
        product_ = *std::move(opened);
        return {};
      }
      const bool busy = opened.error().code == Errc::unavailable && (options_.take_over || resuming_);
      if (!busy || std::chrono::steady_clock::now() > until) return std::unexpected(std::move(opened).error());
      manager_.extend_start(seconds(10));
      const int told = wait_for_signal(5);
      if (told == SIGTERM || told == SIGINT) return fail(Errc::closed, "told to stop before it could start");
    }
  }

  Result<> build() {
    GP_TRY(daemon_, Daemon::create({.config_file = options_.config_file,
                                    .config = config_,
                                    .product = std::move(product_),
                                    .sockets = std::move(sockets_),
                                    .tls = std::move(tls_),
                                    .managed = manager_.present(),
                                    .ban_helper = helper_for_daemon(),
                                    .predecessor = channel_ ? drained_before(channel_.get()) : std::nullopt,
                                    .log_target = log_target_,
                                    .log = log_,
                                    .clock = clock_}));
    return daemon_->start();
  }

  // A descriptor of its own: should another process not take our place after all, the next daemon in here wants the
  // helper, too, and nobody could start another one any more.
  int helper_for_daemon() const { return ban_helper_ ? ::fcntl(ban_helper_.get(), F_DUPFD_CLOEXEC, 0) : -1; }

  // The exit code; none: another process was to take over, and did not.
  std::optional<int> serve_until_told() {
    const PidFile pid_file(config_.server.data_dir);
    log_.write(event::kReady, {{"hostname", config_.server.hostname}, {"start_ms", milliseconds_since_begin()}});
    manager_.ready("Serving " + config_.server.hostname);
    leave_sockets();
    if (channel_) tell_serving(channel_.get());
    channel_.reset();
    for (bool stop = false; !stop;) {
      switch (wait_for_signal(manager_.pulse().value_or(std::chrono::hours(1)).count())) {
        case SIGTERM:
        case SIGINT:
          stop = true;
          break;
        case SIGHUP:
          manager_.reloading();
          (void)daemon_->reload();  // it says in the log how that went
          manager_.ready("Serving " + config_.server.hostname);
          leave_sockets();
          break;
        case SIGUSR1:
          daemon_->reopen_log();
          break;
        default:
          pulse();
          leave_sockets();  // after a reload that came by the control socket
      }
    }
    return stop();
  }

  // What no socket unit holds is left with systemd, so that its port stays open over a restart, too.
  void leave_sockets() {
    if (!manager_.present()) return;
    std::set<std::string> open;
    for (const Daemon::OpenSocket& one : daemon_->open_sockets_now()) {
      if (!one.ours && !kept_.contains(one.name)) continue;
      if (!kept_.contains(one.name)) manager_.keep(one.name, one.fd);
      open.insert(one.name);
    }
    for (const std::string& name : kept_) {
      if (!open.contains(name)) manager_.forget(name);
    }
    kept_ = std::move(open);
  }

  void pulse() {
    if (!manager_.pulse()) return;
    if (daemon_->heartbeat() || std::exchange(first_pulse_, false)) {
      manager_.alive();
    } else {
      log_.write(event::kUnresponsive, {});
    }
  }

  std::optional<int> stop() {
    const auto limit = daemon_->config()->maintenance.drain_timeout;
    log_.write(event::kStopping, {});
    manager_.stopping(limit + kStopTime);
    std::optional<Daemon::Estate> estate = daemon_->estate();
    const bool ended = daemon_->stop(limit);
    if (estate) tell_drained(estate->channel.get(), daemon_->drained());
    if (ended) daemon_.reset();
    log_.write(ended ? event::kStopped : event::kStopForced, {});
    if (!ended) ::_exit(0);  // something still runs in there
    if (!estate || heir_serves(estate->channel.get())) return 0;
    config_ = std::move(estate->config);
    sockets_ = std::move(estate->sockets);
    tls_ = std::move(estate->tls);
    resuming_ = true;
    options_.take_over = false;
    return std::nullopt;
  }

  // The store is closed and the sockets are open: whichever of the two serves next, nobody is refused. true also when
  // we are told to end meanwhile.
  static bool heir_serves(int channel) {
    for (;;) {
      const Heir heir = look_at_heir(channel);
      if (heir != Heir::working) return heir == Heir::serves;
      const int told = wait_for_signal(kHeirPulse.count());
      if (told == SIGTERM || told == SIGINT) return true;
    }
  }

  std::int64_t milliseconds_since_begin() const {
    return std::chrono::duration_cast<milliseconds>(clock_.steady() - begin_).count();
  }

  ServeOptions options_;
  const ServiceManager manager_;
  const SystemClock clock_;
  const SteadyPoint begin_ = clock_.steady();
  LogTarget log_target_;
  Log log_{log_target_, clock_};
  config::Config config_;
  runtime::InheritedSockets inherited_;
  std::vector<BoundSocket> sockets_;
  std::optional<runtime::TlsServerSettings> tls_;
  runtime::UniqueFd ban_helper_;  // the helper ends with us
  std::unique_ptr<Product> product_;
  std::unique_ptr<Daemon> daemon_;
  runtime::UniqueFd channel_;  // to the server whose place we take
  std::int64_t token_ = 0;
  std::set<std::string> kept_;  // sockets that systemd has from us, by name
  bool resuming_ = false;       // after another process failed to take our place
  bool first_pulse_ = true;
};

}  // namespace

int serve(const ServeOptions& options) { return Start(options).run(); }

}  // namespace gatepost::daemon
