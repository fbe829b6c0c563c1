#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "attachments/attachment_source.hpp"
#include "base/log.hpp"
#include "certificates/store.hpp"
#include "config/config.hpp"
#include "daemon/ban_keeper.hpp"
#include "daemon/certificate_keeper.hpp"
#include "daemon/control_socket.hpp"
#include "daemon/gate_notes.hpp"
#include "daemon/log_target.hpp"
#include "daemon/maintenance.hpp"
#include "daemon/product.hpp"
#include "daemon/protocols.hpp"
#include "daemon/served_certificates.hpp"
#include "daemon/sockets.hpp"
#include "daemon/status.hpp"
#include "daemon/succession.hpp"
#include "daemon/traffic_feed.hpp"
#include "directory/authenticate.hpp"
#include "directory/door.hpp"
#include "imap/server/index_text.hpp"
#include "kerberos/acceptor.hpp"
#include "mailflow/queue_runner.hpp"
#include "oauth/verifier.hpp"
#include "oauth/web.hpp"
#include "outside/directories.hpp"
#include "runtime/connections.hpp"
#include "runtime/listener.hpp"
#include "runtime/resolver.hpp"
#include "runtime/threads.hpp"
#include "runtime/tls_context.hpp"
#include "runtime/workers.hpp"
#include "sasl/mechanism.hpp"
#include "search/attachment_texts.hpp"
#include "search/indexes.hpp"
#include "smtp/client/delivery.hpp"

namespace gatepost::daemon {

// The running server: builds every service in order, passes references, and ends them in the reverse order. Everything
// it is given outlives it.
class Daemon {
 public:
  struct Parts {
    std::filesystem::path config_file;
    config::Config config;
    std::unique_ptr<Product> product;
    std::vector<BoundSocket> sockets;               // one for each address of the configuration's listeners
    std::optional<runtime::TlsServerSettings> tls;  // of the files; none: there is to be no certificate
    bool managed = false;                           // by systemd, which restarts us itself
    int ban_helper = -1;                            // of gate::helper::start_helper(), owned; -1: none was started
    std::optional<DrainFacts> predecessor = {};     // of the server whose place this one took
    LogTarget& log_target;
    Log& log;
    const Clock& clock;
  };
  // Nothing is served yet.
  static Result<std::unique_ptr<Daemon>> create(Parts parts);
  ~Daemon();

  // Accepts connections and administrators' commands, works the queue. Errc::already_exists: another server has the
  // control socket.
  Result<> start();

  // Reads the configuration and the certificates again. All of it takes effect, but for what needs_restart() names, or,
  // on an error, nothing. No session ends. Thread-safe.
  Result<> reload();
  // Opens the log file anew.
  void reopen_log();

  // Whether every I/O thread has done something since the call before.
  bool heartbeat();

  // Ends in good order: accepts nothing more (connections wait in the kernel, where a successor finds them), tells
  // sessions and gives them `grace`, lets the queue's attempts end, stops all threads. false: something would not end;
  // then this object must not be destroyed: flush and _exit(2). What was acknowledged is durable either way.
  bool stop(std::chrono::milliseconds grace);

  // What is left when a new process takes this one's place, and what is needed to go on when that fails.
  struct Estate {
    runtime::UniqueFd channel;  // to the new process (succession.hpp)
    config::Config config;
    std::vector<BoundSocket> sockets;
    std::optional<runtime::TlsServerSettings> tls;
  };
  // Before stop(). None: nobody takes over. Once.
  std::optional<Estate> estate();
  DrainFacts drained() const { return drained_; }  // after stop()

  // The listening sockets, by names that are good for systemd's FDNAME. Borrowed until the next reload or stop.
  struct OpenSocket {
    std::string name;
    int fd;
    bool ours;
  };
  std::vector<OpenSocket> open_sockets_now();

  std::shared_ptr<const config::Config> config() const;

 private:
  struct OpenListener {
    config::Listener config;
    Endpoint at;
    std::unique_ptr<runtime::Listener> listener;
    bool ours = false;  // as in BoundSocket
  };
  // What a reload prepares before it changes anything.
  struct Fresh {
    config::Config config;
    std::vector<std::string_view> needs_restart;
    std::optional<runtime::TlsServerSettings> tls_files, tls;  // as the files have it; as it is to be served
    smtp::client::Settings outgoing;
    std::vector<outside::Settings> outside;
    std::vector<oauth::Provider> oauth;
    std::string client_authorities;
    std::vector<BoundSocket> sockets;  // of listeners that were not there before
  };

  static constexpr std::chrono::milliseconds kGreetingTime{20};
  static constexpr std::chrono::seconds kQueueTime{1}, kSettleTime{1};
  static constexpr std::size_t kMaxHandovers = 4;

  explicit Daemon(Parts parts);
  Result<> build();
  // Those of an account, and what browsers keep for signing in again. Blocks on the disk.
  void end_sessions(directory::PrincipalId id);
  std::vector<directory::PrincipalId> everybody_signed_in() const;  // some of them several times
  void create_bans();
  // Makes them, or changes them to new settings; on an error nothing changes.
  Result<> set_tls(const runtime::TlsServerSettings&);
  Result<> set_asking_tls(runtime::TlsServerSettings settings);
  // The store's certificates and the files as they are now; the configuration stays. Thread-safe.
  Result<> refresh_certificates(std::vector<ServedCertificates::Refused>& refused);
  std::unique_ptr<CertificateKeeper> make_keeper();
  void add_metrics();
  runtime::Task<> work_queue();
  void settle();  // every I/O thread has done what was posted before
  std::vector<Chore> chores();
  Result<> look_at_certificates();

  runtime::Witness witness();
  runtime::ListenerSettings listener_settings(const config::Config&, const config::Listener&);
  void open_listener(const config::Config&, BoundSocket socket);

  Result<Fresh> prepare_reload();
  Result<> apply(Fresh fresh);
  void apply_listeners(Fresh& fresh);

  ControlSocket::Answer command(const admin::Request& request, std::stop_token stop);
  ControlSocket::Answer hand_over();
  ControlSocket::Answer stop_for_heir(const std::string& token);
  admin::Services admin_services();
  admin::Reply ask_gate_agent(const admin::Request&);
  admin::Reply gate_command(const admin::Request&);  // of the nouns "gate" and "mail"
  admin::Reply explain_mail(const admin::Request&);
  Status status();
  admin::Reply drain_state();
  // Maintenance windows (maintenance_window.hpp).
  std::optional<std::chrono::seconds> turned_away(const IpAddress& client);
  runtime::SessionFactory guarded(config::Service service, runtime::SessionFactory make);
  admin::Reply begin_window(std::chrono::seconds length, const std::string& message);
  admin::Reply end_window();

  const std::filesystem::path config_file_;
  const bool managed_;
  int ban_helper_;  // until create_bans()
  LogTarget& log_target_;
  Log& log_;
  const Clock& clock_;
  const TimePoint started_;

  std::mutex reload_mutex_;  // one reload at a time; guards stopping_
  bool stopping_ = false;
  mutable std::mutex mutex_;                      // guards those below, to heir_
  std::shared_ptr<const config::Config> config_;  // shared by readers during a reload
  std::vector<OpenListener> listeners_;
  std::vector<std::string> needs_restart_;
  TimePoint reloaded_{};
  std::optional<runtime::TlsServerSettings> tls_settings_;  // of the files
  struct Handover {
    std::int64_t token;
    runtime::UniqueFd channel;
  };
  std::vector<Handover> handovers_;  // processes that asked for the sockets, the last few
  std::int64_t next_token_ = 1;
  std::optional<TimePoint> draining_since_;
  std::size_t draining_told_ = 0;
  runtime::UniqueFd heir_;  // the channel to the process that takes over

  const std::optional<DrainFacts> predecessor_;
  DrainFacts drained_;

  // In the order in which they are built; destroyed from the last to the first.
  runtime::IoThreads threads_;
  std::unique_ptr<Product> product_;
  std::unique_ptr<BanKeeper> bans_;
  MaintenanceWindow window_;
  const certificates::Store certificate_store_;
  ServedCertificates served_;
  std::unique_ptr<sasl::Library> sasl_;
  oauth::CurlWeb oauth_web_;
  std::unique_ptr<oauth::Verifier> tokens_;
  std::unique_ptr<kerberos::Acceptor> tickets_;
  std::unique_ptr<directory::Authenticator> authenticator_;
  std::unique_ptr<outside::Connector> connector_;
  std::unique_ptr<outside::Directories> outside_;
  std::unique_ptr<directory::Door> door_;
  std::unique_ptr<directory::WebSessions> web_sessions_;
  std::unique_ptr<runtime::Workers> workers_, sign_in_workers_;
  imap::server::IndexText index_text_;
  // Of attachments; null: they are not searched.
  std::unique_ptr<search::AttachmentTexts> attachment_texts_;
  std::unique_ptr<attachments::AttachmentSource> attachment_source_;
  std::unique_ptr<search::Indexes> attachment_indexes_;
  std::unique_ptr<search::Indexes> indexes_;  // none: switched off, or nothing is kept either
  std::unique_ptr<runtime::Resolver> resolver_;
  std::unique_ptr<mailflow::Reception> reception_;
  std::unique_ptr<smtp::client::Delivery> delivery_;
  std::unique_ptr<mailflow::QueueRunner> runner_;
  std::unique_ptr<runtime::TlsServer> tls_owner_, web_tls_owner_, asking_tls_owner_;
  // Once there, they stay. Only the web's speaks ALPN; the last asks clients for certificates.
  std::atomic<runtime::TlsServer*> tls_{nullptr}, web_tls_{nullptr}, asking_tls_{nullptr};
  std::string client_authorities_;  // what it asks by; empty: nobody is asked. Changed with the certificates alone
  std::unique_ptr<Protocols> protocols_;
  GateNotes gate_notes_;
  std::unique_ptr<traffic::Recorder> traffic_;
  std::unique_ptr<TrafficFeed> traffic_feed_;
  runtime::Connections connections_;
  runtime::ConnectionLimits limits_;
  std::vector<BoundSocket> sockets_;  // until start()
  std::promise<void> queue_ended_;
  std::atomic<std::size_t> beats_{0};
  std::unique_ptr<Maintenance> maintenance_, traffic_clock_, outside_clock_;
  std::unique_ptr<CertificateKeeper> keeper_;
  std::unique_ptr<ControlSocket> control_;
  std::jthread warm_up_;  // of what the protocols keep in memory; ends by itself
};

// The verb by which a new process asks for the listening sockets (take_over.hpp).
inline constexpr std::string_view kHandOver = "hand over";
// What names of sockets that we leave with systemd begin with.
inline constexpr std::string_view kOwnSocket = "own-";
// The option of "stop" with the token that came with them.
inline constexpr std::string_view kInFavourOf = "in_favour_of";

}  // namespace gatepost::daemon
