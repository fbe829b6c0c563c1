#include "daemon/daemon.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "daemon/audience_gate.hpp"
#include "daemon/domain_check.hpp"
#include "daemon/events.hpp"
#include "daemon/outgoing.hpp"
#include "daemon/outside.hpp"
#include "daemon/process.hpp"
#include "daemon/secret_file.hpp"
#include "daemon/settings.hpp"
#include "daemon/settings_view.hpp"
#include "directory/addresses.hpp"
#include "gate/helper/client.hpp"
#include "runtime/foreign_protocol.hpp"

namespace gatepost::daemon {
namespace {

// How late a session hears that the token it began by has ended.
constexpr std::chrono::seconds kTokensEvery{5}, kKeytabEvery{5};

bool speaks_first(config::Service service) {
  switch (service) {
    case config::Service::smtp:
    case config::Service::submission:
    case config::Service::imap:
    case config::Service::pop3:
      return true;
    default:
      return false;
  }
}

bool speaks_http(config::Service service) {
  return service == config::Service::http || service == config::Service::https || service == config::Service::metrics;
}

}  // namespace

Daemon::Daemon(Parts parts)
    : config_file_(std::move(parts.config_file)),
      managed_(parts.managed),
      ban_helper_(parts.ban_helper),
      log_target_(parts.log_target),
      log_(parts.log),
      clock_(parts.clock),
      started_(parts.clock.now()),
      config_(std::make_shared<const config::Config>(std::move(parts.config))),
      tls_settings_(std::move(parts.tls)),
      predecessor_(parts.predecessor),
      threads_(io_threads(*config_)),
      product_(std::move(parts.product)),
      window_(config_->server.data_dir / "maintenance.json", clock_, log_, product_->metrics),
      certificate_store_(certificates_directory(*config_)),
      served_(certificate_store_, clock_),
      gate_notes_(log_target_.last_lines(), config_->server.data_dir / "gate-uses.json", clock_, product_->random),
      connections_(threads_, clock_, log_, &gate_notes_),
      limits_(daemon_limits(*config_), clock_),
      sockets_(std::move(parts.sockets)) {}

Daemon::~Daemon() {
  threads_.stop();
  if (bans_) bans_->stop();
  if (ban_helper_ >= 0) ::close(ban_helper_);
}

Result<std::unique_ptr<Daemon>> Daemon::create(Parts parts) {
  std::unique_ptr<Daemon> out(new Daemon(std::move(parts)));
  GP_CHECK(out->build());
  return out;
}

void Daemon::end_sessions(directory::PrincipalId id) {
  (void)web_sessions_->end_all(id);  // first: nobody comes back by one
  door_->revoke(id);
}

std::vector<directory::PrincipalId> Daemon::everybody_signed_in() const {
  std::vector<directory::PrincipalId> out = web_sessions_->principals();
  door_->each_signed_in([&](std::string_view, directory::PrincipalId id) { out.push_back(id); });
  return out;
}

Result<> Daemon::build() {
  const config::Config& c = *config_;
  Product& product = *product_;
  create_bans();
  GP_TRY(const Secret decoy_key, secret_in_file(c.server.data_dir / "decoy.key", product.random));
  GP_TRY(sasl_, sasl::Library::create(decoy_key.reveal()));
  authenticator_ =
      std::make_unique<directory::Authenticator>(*product.directory, sign_in_limits(c), clock_, log_, product.metrics);
  authenticator_->set_witness([this](const directory::SignInNews& news) { bans_->heard(news); });
  connector_ = outside::make_ldap_connector();
  GP_TRY(outside_, outside::Directories::open({.directory = *product.directory,
                                               .keys = product.store->keys(),
                                               .connector = *connector_,
                                               .clock = clock_,
                                               .random = product.random,
                                               .log = log_,
                                               .metrics = product.metrics,
                                               .end_sessions = [this](directory::PrincipalId id) { end_sessions(id); },
                                               .signed_in = [this] { return everybody_signed_in(); }},
                                              hashing_of_verifiers(c)));
  GP_TRY(std::vector<outside::Settings> outside, outside_settings(c));
  outside_->set(std::move(outside));
  directory::set_outside(*product.directory, outside_.get());
  directory::second_factors(*product.directory).set_policy(second_factor_policy(c));
  directory::password_ages(*product.directory).set_age_policy(password_age_policy(c));
  door_ = std::make_unique<directory::Door>(*sasl_, *authenticator_, door_policy(c), log_, product.metrics);
  GP_TRY(web_sessions_, directory::WebSessions::open(product.store->keys(), *product.directory, web_session_settings(c),
                                                     clock_, product.random));
  GP_TRY(auto providers, oauth_providers(c));
  tokens_ = std::make_unique<oauth::Verifier>(std::move(providers), oauth_web_, clock_, product.random, log_,
                                              product.metrics);
  door_->set_tokens(*tokens_);
  tickets_ = std::make_unique<kerberos::Acceptor>(
      log_, [this](std::string_view directory, std::string_view user, std::string_view realm) {
        return outside_->vouched(directory, user, realm);
      });
  tickets_->set(kerberos_settings(c));
  door_->set_tickets(*tickets_);
  workers_ = std::make_unique<runtime::Workers>(worker_threads(c));
  sign_in_workers_ = std::make_unique<runtime::Workers>(sign_in_threads(c));
  if (c.search.index && c.store.engine != config::Store::Engine::memory) {
    indexes_ = std::make_unique<search::Indexes>(search_options(c), *product.store, *product.accounts, index_text_,
                                                 product.random, clock_, log_, product.metrics);
    if (!c.search.converter.empty()) {
      attachment_texts_ = std::make_unique<search::AttachmentTexts>(attachments_directory(c) / "texts.sqlite");
      attachment_source_ = std::make_unique<attachments::AttachmentSource>(
          attachments::Options{.socket = c.search.converter, .max_octets = c.search.attachment_octets},
          *attachment_texts_, log_, product.metrics);
      attachment_indexes_ =
          std::make_unique<search::Indexes>(attachment_search_options(c), *product.store, *product.accounts,
                                            *attachment_source_, product.random, clock_, log_, product.metrics);
      indexes_->add_attachments(*attachment_indexes_, *attachment_texts_);
    }
  }
  GP_TRY(resolver_, runtime::UnboundResolver::create(resolver_settings(c), clock_));
  reception_ = mailflow::Reception::create(reception_options(c), *product.directory, *product.accounts, *product.queue,
                                           *workers_, clock_, product.random, log_, product.metrics);
  reception_->set_outside(*outside_);
  GP_TRY(smtp::client::Settings outgoing, outgoing_settings(c));
  GP_TRY(delivery_, smtp::client::Delivery::create({*product.accounts, *resolver_, *workers_, *sasl_, clock_,
                                                    product.random, log_, product.metrics},
                                                   std::move(outgoing)));
  runner_ = mailflow::QueueRunner::create(runner_options(c), *product.queue, *product.accounts, *reception_, *delivery_,
                                          *workers_, clock_, log_, product.metrics);
  std::optional<runtime::TlsServerSettings> tls;
  if (tls_settings_) {
    GP_TRY(tls, served_.complete(*tls_settings_, c));
    GP_TRY(client_authorities_, client_authorities(c));
    GP_CHECK(set_tls(*tls));
  }
  const auto administer = [this](const admin::Request& request) {
    admin::Services services = admin_services();
    return admin::run(services, request);
  };
  protocols_ = std::make_unique<Protocols>(
      ProtocolParts{product, *door_, *web_sessions_, *reception_, *resolver_, *workers_, *sign_in_workers_,
                    indexes_.get(), log_, administer, hmac_sha256(decoy_key.reveal(), "directory entries"),
                    [this](const IpAddress& client) { return turned_away(client); },
                    [this](const IpAddress& client) { return bans_->refuses(client); }},
      c);
  if (tls) protocols_->set_certificates(*tls);
  GP_TRY(traffic_, traffic::Recorder::open(product.store->keys(), clock_));
  traffic_feed_ = std::make_unique<TrafficFeed>(*traffic_, product.metrics, *door_, *product.queue);
  add_metrics();
  return {};
}

void Daemon::create_bans() {
  const config::Bans& c = config_->bans;
  BanKeeper::Parts parts{.keys = product_->store->keys(),
                         .clock = clock_,
                         .log = log_,
                         .metrics = product_->metrics,
                         .end_connections = [this](const Network& network) { connections_.abort_from(network); }};
  if (c.firewall) {
    parts.helper = std::make_unique<gate::helper::HelperClient>(std::exchange(ban_helper_, -1), c.helper);
  } else {
    parts.why_no_helper = "[bans] firewall = false";
  }
  bans_ = std::make_unique<BanKeeper>(std::move(parts), ban_rules(*config_, own_addresses()));
  gate_notes_.set_banned([this](const IpAddress& address) { return bans_->list().refuses(address); });
}

Result<> Daemon::set_tls(const runtime::TlsServerSettings& settings) {
  runtime::TlsServerSettings web = settings;
  web.alpn = {"h2", "http/1.1", "http/1.0"};  // RFC 7301 6, RFC 9113 3.2
  GP_CHECK(set_asking_tls(settings));
  if (tls_ != nullptr) {
    // The same certificates: where one takes them the other does.
    GP_CHECK(web_tls_.load()->reload(web));
    return tls_.load()->reload(settings);
  }
  GP_TRY(auto for_mail, runtime::TlsServer::create(settings, clock_));
  GP_TRY(auto for_web, runtime::TlsServer::create(web, clock_));
  tls_owner_ = std::move(for_mail);
  web_tls_owner_ = std::move(for_web);
  tls_ = tls_owner_.get();
  web_tls_ = web_tls_owner_.get();
  return {};
}

// First of the three, as it has more that may not be right.
Result<> Daemon::set_asking_tls(runtime::TlsServerSettings settings) {
  if (client_authorities_.empty()) return {};
  settings.client_authorities = client_authorities_;
  if (asking_tls_ != nullptr) return asking_tls_.load()->reload(settings);
  GP_TRY(asking_tls_owner_, runtime::TlsServer::create(settings, clock_));
  asking_tls_ = asking_tls_owner_.get();
  return {};
}

Result<> Daemon::refresh_certificates(std::vector<ServedCertificates::Refused>& refused) {
  const std::lock_guard one(reload_mutex_);
  const auto config = this->config();
  if (stopping_ || !config->has_certificate()) return {};
  GP_TRY(const runtime::TlsServerSettings all, served_.refresh(tls_terms(*config), *config, refused));
  GP_CHECK(set_tls(all));
  protocols_->set_certificates(all);
  return {};
}

std::unique_ptr<CertificateKeeper> Daemon::make_keeper() {
  return std::make_unique<CertificateKeeper>(CertificateKeeper::Parts{
      .store = certificate_store_,
      .config = [this] { return config(); },
      .refresh = [this](std::vector<ServedCertificates::Refused>& refused) { return refresh_certificates(refused); },
      .served =
          [this] {
            return tls_ != nullptr ? tls_.load()->certificates() : std::vector<runtime::TlsCertificateFacts>();
          },
      .served_by =
          [this](config::Service service) {
            const runtime::TlsServer* const tls = service == config::Service::https ? web_tls_.load() : tls_.load();
            return tls != nullptr ? tls->certificates() : std::vector<runtime::TlsCertificateFacts>();
          },
      .ports =
          [this] {
            std::vector<OpenPort> out;
            const std::lock_guard lock(mutex_);
            for (const OpenListener& open : listeners_) out.emplace_back(open.config, open.at);
            return out;
          },
      .validation = served_.validation(),
      .challenges = protocols_->challenges(),
      .clock = clock_,
      .random = product_->random,
      .log = log_,
      .metrics = product_->metrics});
}

Result<> Daemon::start() {
  const auto config = this->config();
  keeper_ = make_keeper();  // administrators may ask it as soon as there is a control socket
  const auto handler = [this](const admin::Request& request, std::stop_token stop) { return command(request, stop); };
  GP_TRY(control_, ControlSocket::open(control_socket_path(config->server.data_dir), handler, log_));
  GP_CHECK(bans_->start());
  threads_.start();
  threads_.spawn(0, [this] { return work_queue(); });
  for (BoundSocket& socket : std::exchange(sockets_, {})) open_listener(*config, std::move(socket));
  maintenance_ = std::make_unique<Maintenance>(chores(), clock_, log_);
  // On a thread of its own: other chores take long.
  std::vector<Chore> count;
  count.push_back({"traffic counts", std::chrono::minutes(1), std::chrono::minutes(1), [this](std::stop_token) {
                     (void)window_.now();  // one that is over says so in the log
                     return traffic_feed_->tick();
                   }});
  count.push_back({"tokens that ended", kTokensEvery, kTokensEvery, [this](std::stop_token) -> Result<> {
                     (void)door_->end_expired();
                     return {};
                   }});
  count.push_back({"keys of tickets", kKeytabEvery, kKeytabEvery, [this](std::stop_token) -> Result<> {
                     tickets_->refresh();
                     return {};
                   }});
  traffic_clock_ = std::make_unique<Maintenance>(std::move(count), clock_, log_);
  std::vector<Chore> look;
  look.push_back({"outside directories", std::chrono::seconds(1), std::chrono::seconds(1),
                  [this](std::stop_token stop) -> Result<> {
                    outside_->refresh_due(std::move(stop));
                    return {};
                  }});
  outside_clock_ = std::make_unique<Maintenance>(std::move(look), clock_, log_);
  if (indexes_) indexes_->start();
  if (attachment_indexes_) attachment_indexes_->start();
  keeper_->start();
  const bool serves_directory = std::ranges::any_of(config->listeners, [](const config::Listener& l) {
    return l.service == config::Service::ldap && l.audience != config::Audience::off;
  });
  if (serves_directory) warm_up_ = std::jthread([this] { protocols_->warm_up(); });
  return {};
}

runtime::Task<> Daemon::work_queue() {
  co_await runner_->run();
  queue_ended_.set_value();
}

runtime::Witness Daemon::witness() {
  return [this](const runtime::Peer& peer, runtime::Conduct what, std::string_view detail) {
    bans_->saw(peer, what, detail);
  };
}

runtime::ListenerSettings Daemon::listener_settings(const config::Config& c, const config::Listener& l) {
  const auto gate = std::make_shared<AudienceGate>(l, c.networks, clock_, log_, product_->metrics);
  return {.name = l.name,
          .deadlines = deadlines(c, l.service),
          .tls = l.tls == config::TlsMode::none        ? nullptr
                 : l.service == config::Service::https ? web_tls_.load()
                 : l.client_certificates               ? asking_tls_.load()
                                                       : tls_.load(),
          .implicit_tls = l.tls == config::TlsMode::implicit,
          .handshake = c.tls.handshake_timeout,
          .admits = [this, gate](const IpAddress& peer) { return !bans_->refuses(peer) && gate->admits(peer); },
          .proxies = l.proxy_protocol ? c.proxy_protocol.trusted : std::vector<Network>(),
          .make =
              [counter = &TrafficFeed::sessions(product_->metrics, config::to_string(l.service)),
               make = guarded(l.service, protocols_->factory(l))](runtime::Peer& peer, runtime::Output& output,
                                                                  std::shared_ptr<runtime::Waker> waker) {
                counter->add();
                return make(peer, output, std::move(waker));
              },
          .witness = witness(),
          .speaks_first = speaks_first(l.service),
          .own_protocol = speaks_http(l.service) ? runtime::kHttp : std::string_view()};
}

void Daemon::open_listener(const config::Config& c, BoundSocket socket) {
  const config::Listener& l = socket.listener;
  log_.write(event::kListening, {{"listener", l.name},
                                 {"at", socket.at.to_string()},
                                 {"service", config::to_string(l.service)},
                                 {"tls", config::to_string(l.tls)},
                                 {"audience", config::to_string(l.audience)},
                                 {"reason", l.reason}});
  auto listener = std::make_unique<runtime::Listener>(connections_, limits_, std::move(socket.fd),
                                                      listener_settings(c, l), listener_limits(c, l));
  listener->start();
  const std::lock_guard lock(mutex_);
  listeners_.push_back({l, socket.at, std::move(listener), socket.ours});
}

ControlSocket::Answer Daemon::command(const admin::Request& request, std::stop_token stop) {
  if (request.verb == kHandOver) return hand_over();
  if (GateNotes::answers(request.verb)) return {gate_notes_.answer(request, [this] { return status(); }), {}};
  if (request.verb == "stop" && request.has(kInFavourOf)) return stop_for_heir(request.option(kInFavourOf));
  admin::Services services = admin_services();
  const bool backup = request.verb == "store backup";
  if (backup) traffic_feed_->backup_begins();
  ControlSocket::Answer answer{admin::run(services, request, stop), {}};
  if (backup) traffic_feed_->backup_ends();
  return answer;
}

admin::Services Daemon::admin_services() {
  admin::Services services = product_->admin_services();
  services.authenticator = authenticator_.get();
  services.time_zone = config()->maintenance.time_zone;
  services.own_domain_only = config()->ldap.people_see == config::Ldap::Sees::own_domain;
  services.search = indexes_.get();
  services.bans = bans_.get();
  services.server.status = [this](const admin::Request&) { return to_reply(status()); };
  services.server.reload = [this] {
    if (const Result<> reloaded = reload(); !reloaded) return admin::failure(reloaded.error(), "reload");
    admin::Reply reply = to_reply(status());
    reply.text = "The configuration and the certificates were read again; no session ended.\n";
    const std::lock_guard lock(mutex_);
    for (const std::string& setting : needs_restart_)
      reply.text += fmt::format("{} takes effect at the next start.\n", setting);
    return reply;
  };
  services.door = door_.get();
  services.web_sessions = web_sessions_.get();
  services.server.stop = [] { send_signal(SIGTERM); };
  services.server.certificate = [this](const admin::Request& request, std::stop_token stop) {
    return keeper_->command(request, stop);
  };
  services.server.outside = [this](const admin::Request& request, std::stop_token stop) {
    return outside_command(*outside_, request, std::move(stop));
  };
  services.server.gate = [this](const admin::Request& request) { return gate_command(request); };
  services.server.drain = [this] { return drain_state(); };
  services.server.check_domain = [this](const admin::Request& request, std::stop_token) {
    const DomainToCheck domain =
        domain_to_check(*config(), *directory::canonical_domain(request.option("name")), clock_);
    return domain_reply(domain, check_domain(*resolver_, domain));
  };
  services.server.settings = [this](const admin::Request&) { return settings_view(config_file_, config().get()); };
  services.server.begin_maintenance = [this](std::chrono::seconds length, const std::string& message) {
    return begin_window(length, message);
  };
  services.server.end_maintenance = [this] { return end_window(); };
  services.server.announce = [this](const std::string& text) {
    connections_.announce(text);
    return connections_.count();
  };
  services.server.queue_changed = [this] { runner_->wake(); };
  services.server.end_sessions = [this](account::AccountId id) {
    door_->revoke(static_cast<directory::PrincipalId>(id));
  };
  return services;
}

std::shared_ptr<const config::Config> Daemon::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

Status Daemon::status() {
  Status s;
  const auto config = this->config();
  s.hostname = config->server.hostname;
  s.config_file = config_file_.string();
  s.data_dir = config->server.data_dir.string();
  s.engine = store_options(*config).engine;
  s.pid = ::getpid();
  s.started = started_;
  s.now = clock_.now();
  s.connections = connections_.count();
  for (const std::string_view service : {"imap", "ldap", "pop3", "submission", "http"}) {
    s.signed_in.emplace_back(service, door_->signed_in(service));
  }
  s.imap_clients = protocols_->imap_clients();
  s.queue = product_->queue->size();
  if (const auto principals = product_->directory->principals()) {
    s.accounts = static_cast<std::size_t>(
        std::ranges::count_if(*principals, [](const auto& p) { return directory::has_mailbox(p.kind); }));
  }
  s.refused_sign_ins = authenticator_->bans().size();
  s.bans = bans_->list().size();
  s.ban_enforcement = bans_->enforcement();
  s.disk_low = product_->store->disk_low();
  if (indexes_) s.search = indexes_->lag();
  if (attachment_indexes_) s.attachments = attachment_indexes_->lag();
  if (tls_ != nullptr) s.certificates = tls_.load()->certificates();
  auto window = window_.now();
  const std::lock_guard lock(mutex_);
  s.drain_limit = config->maintenance.drain_timeout;
  s.managed = managed_;
  s.draining = draining_since_.has_value();
  s.window = std::move(window);
  s.predecessor = predecessor_;
  s.reloaded = reloaded_;
  s.needs_restart = needs_restart_;
  for (const OpenListener& open : listeners_) {
    s.listeners.push_back({open.config.name, std::string(config::to_string(open.config.service)),
                           std::string(config::to_string(open.config.tls)),
                           std::string(config::to_string(open.config.audience)), open.at,
                           open.listener->connections()});
  }
  return s;
}

void Daemon::reopen_log() {
  const std::lock_guard one(reload_mutex_);
  if (const Result<> opened = log_target_.set(log_target_.target()); !opened) {
    log_.write(event::kReloadFailed, {{"detail", opened.error().detail}});
  }
}

bool Daemon::heartbeat() {
  const bool all = beats_.exchange(0) >= threads_.size();
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    threads_.post(i, [this] { ++beats_; });
  }
  return all;
}

}  // namespace gatepost::daemon
