#include "daemon/web.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "admin/api_tokens.hpp"
#include "api/server.hpp"
#include "daemon/events.hpp"
#include "daemon/own_files.hpp"
#include "daemon/push_keeper.hpp"
#include "daemon/snooze_book.hpp"
#include "discovery/discovery.hpp"
#include "http/server/server.hpp"
#include "http/server/static_files.hpp"
#include "http/server/status_for.hpp"
#include "jmap/events.hpp"
#include "jmap/pusher.hpp"
#include "jmap/routes.hpp"
#include "jmap/snooze.hpp"

namespace gatepost::daemon {
namespace {

using http::server::Exchange;
using http::server::Response;

// RFC 9110 3.3 aside: pages load nothing from elsewhere, run no script of their own text, and stand in no frame.
// Frames of mail have the page's policy and one of their own, which lets no image in from elsewhere until the reader
// asks for them; so the page's has to allow it. blob: frames show PDF.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: https:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-src blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'";

http::server::Settings http_settings(const config::Config& c) {
  return {.hostname = c.server.hostname,
          .header_octets = static_cast<std::size_t>(c.http.header_octets),
          .header_fields = c.http.header_fields,
          .body_octets = c.http.body_octets,
          .streams = c.http.streams,
          .bad_requests = c.limits.bad_commands,
          .hsts = c.http.hsts,
          .proxies = c.proxy_protocol.trusted,
          .access_log = c.http.access_log};
}

// Scrapes come every few seconds and say nothing.
http::server::Settings metrics_settings(const config::Config& c) {
  http::server::Settings out = http_settings(c);
  out.access_log = false;
  out.hsts = {};
  return out;
}

http::server::Settings plain_settings(const config::Config& c) {
  http::server::Settings out = http_settings(c);
  out.hsts = {};  // RFC 6797 7.2
  return out;
}

jmap::Limits jmap_limits(const config::Config& c) {
  jmap::Limits out;
  out.upload_octets = c.limits.message_octets;
  return out;
}

// What the configuration offers to programs at one address; the listeners are looked at again for each.
discovery::Settings discovery_settings(const config::Config& c, const Clock& clock) {
  const auto offers = [listeners = c.listeners, networks = c.networks, host = c.server.hostname,
                       &clock](const IpAddress& client) {
    return mail_services(listeners, networks, host, client, clock.now());
  };
  const std::uint16_t port = https_port_of(c);
  const std::string webmail = c.http.web_dir.empty() || port == 0 ? ""
                              : port == 443                       ? fmt::format("https://{}/", c.server.hostname)
                                            : fmt::format("https://{}:{}/", c.server.hostname, port);
  return {.hostname = c.server.hostname,
          .https_port = port != 0 ? port : std::uint16_t{443},
          .services = offers,
          .for_strangers = services_for_strangers(c, clock.now()),
          .https_for_strangers = https_for_strangers(c),
          .webmail = webmail};
}

}  // namespace

std::uint16_t https_port_of(const config::Config& c) {
  const auto found = std::ranges::find_if(c.listeners, [](const config::Listener& l) {
    return l.service == config::Service::https && l.audience != config::Audience::off;
  });
  return found != c.listeners.end() ? found->port : 0;
}

discovery::MailServices services_for_strangers(const config::Config& c, TimePoint now) {
  // An address of TEST-NET-3 (RFC 5737) stands for the internet.
  return mail_services(c.listeners, c.networks, c.server.hostname, *IpAddress::parse("203.0.113.1"), now);
}

std::uint16_t https_for_strangers(const config::Config& c) {
  const auto found = std::ranges::find_if(c.listeners, [](const config::Listener& l) {
    return l.service == config::Service::https && l.audience == config::Audience::internet;
  });
  return found != c.listeners.end() ? found->port : 0;
}

discovery::MailServices mail_services(const std::vector<config::Listener>& listeners, const config::Networks& networks,
                                      const std::string& host, const IpAddress& client, TimePoint now) {
  using config::Service;
  discovery::MailServices out;
  for (const config::Listener& l : listeners) {
    const bool mail = l.service == Service::imap || l.service == Service::pop3 || l.service == Service::submission;
    if (!mail || l.tls == config::TlsMode::none || !admits(l, networks, client, now)) continue;
    out.push_back({.kind = l.service == Service::imap   ? discovery::Kind::imap
                           : l.service == Service::pop3 ? discovery::Kind::pop3
                                                        : discovery::Kind::submission,
                   .tls = l.tls == config::TlsMode::implicit ? discovery::Tls::implicit : discovery::Tls::starttls,
                   .host = host,
                   .port = l.port});
  }
  discovery::put_in_order(out);
  return out;
}

struct Web::State {
  State(const ProtocolParts& parts, const config::Config& c);
  void load_files(const config::Config& c);
  void begin_snoozing(const ProtocolParts& parts);
  void begin_push(const ProtocolParts& parts, const config::Config& c);

  const Clock& clock;
  Metrics& metrics;
  Log& log;
  discovery::Discovery discovery;
  http::server::Challenges challenges;
  http::server::StaticFiles files;
  std::atomic<std::uint16_t> https_port{0};
  std::atomic<bool> own_domain_only{false};
  jmap::Server jmap;
  std::unique_ptr<jmap::SnoozeBook> snooze_book;
  std::unique_ptr<jmap::Snoozer> snoozer;  // null: it could not be begun
  std::unique_ptr<jmap::PushGateway> push_gateway;
  std::unique_ptr<jmap::Pusher> pusher;  // null: it could not be begun
  http::server::Router plain_routes, routes, metrics_routes;
  // After the routes, which they borrow.
  std::unique_ptr<http::server::Server> plain, secure, numbers;
};

Web::State::State(const ProtocolParts& parts, const config::Config& c)
    : clock(parts.product.clock),
      metrics(parts.product.metrics),
      log(parts.log),
      discovery(*parts.product.directory, discovery_settings(c, clock)),
      https_port(https_port_of(c)),
      jmap({*parts.product.accounts, *parts.product.directory, parts.reception, *parts.product.queue, parts.search,
            clock, parts.product.random, log, metrics},
           jmap_limits(c)) {
  own_domain_only = c.ldap.people_see == config::Ldap::Sees::own_domain;
  jmap.set_removed({c.store.keep_removed, c.store.people_purge_removed});
  jmap.set_own_domain_only(c.ldap.people_see == config::Ldap::Sees::own_domain);
  begin_snoozing(parts);
  begin_push(parts, c);
  load_files(c);
  http::server::add_plain_routes(plain_routes, challenges, c.server.hostname, [this] { return https_port.load(); });
  routes.add(files.route("/*", std::string(kPolicy)));
  discovery.add_routes(routes);
  jmap::add_routes(routes, jmap);
  api::add_routes(
      routes, {*parts.product.directory, parts.door, parts.web_sessions, parts.workers, parts.sign_in_workers, clock,
               log, parts.administer,
               [this, &keys = parts.product.store->keys()](std::string_view token) {
                 return admin::check_api_token(keys, clock, token);
               },
               [this] { return own_domain_only.load(); }, parts.product.accounts.get(),
               [this, &reception = parts.reception, &accounts = *parts.product.accounts](
                   const directory::Principal& owner) { return own_files(jmap, reception, accounts, owner); }});
  metrics_routes.add({.path = "/metrics",
                      .methods = {"GET"},
                      // Prometheus' text exposition format.
                      .handler = [this](Exchange& exchange) -> runtime::Task<> {
                        Response answer(200, "text/plain; version=0.0.4; charset=utf-8", metrics.text());
                        answer.set("cache-control", "no-store");
                        exchange.respond(std::move(answer));
                        co_return;
                      }});
  http::server::Services services{.door = parts.door,
                                  .workers = parts.workers,
                                  .clock = parts.product.clock,
                                  .log = parts.log,
                                  .metrics = metrics,
                                  .sign_in_workers = &parts.sign_in_workers,
                                  .web_sessions = &parts.web_sessions};
  numbers = std::make_unique<http::server::Server>(services, metrics_settings(c), "metrics", metrics_routes);
  services.away = parts.away;
  services.refuses = parts.refuses;
  plain = std::make_unique<http::server::Server>(services, plain_settings(c), "http", plain_routes);
  secure = std::make_unique<http::server::Server>(services, http_settings(c), "https", routes);
}

// Without it all else goes on.
void Web::State::begin_snoozing(const ProtocolParts& parts) {
  snooze_book = open_snooze_book(parts.product.store->keys());
  snoozer = std::make_unique<jmap::Snoozer>(jmap.services(), *snooze_book);
  if (const auto begun = snoozer->start(); !begun) {
    log.write(jmap::event::kSnoozeProblem, {{"account", 0}, {"detail", begun.error().detail}});
    snoozer.reset();
    return;
  }
  jmap.set_snoozer(snoozer.get());
}

// Without it all else goes on.
void Web::State::begin_push(const ProtocolParts& parts, const config::Config& c) {
  auto gateway = open_push_gateway({.keys = parts.product.store->keys(),
                                    .contact = "mailto:" + c.server.postmaster,
                                    .sender = {.ca_file = c.jmap.push_ca_file, .networks = c.jmap.push_networks},
                                    .clock = clock,
                                    .random = parts.product.random,
                                    .log = log});
  if (!gateway) {
    log.write(jmap::event::kPushProblem, {{"account", 0}, {"detail", gateway.error().detail}});
    return;
  }
  push_gateway = *std::move(gateway);
  pusher = std::make_unique<jmap::Pusher>(jmap, jmap.services(), *push_gateway);
  if (const auto begun = pusher->start(); !begun) {
    log.write(jmap::event::kPushProblem, {{"account", 0}, {"detail", begun.error().detail}});
    pusher.reset();
    return;
  }
  jmap.set_pusher(pusher.get());
}

void Web::State::load_files(const config::Config& c) {
  if (c.http.web_dir.empty()) {
    files.clear();
    return;
  }
  if (const Result<> loaded = files.load(c.http.web_dir); !loaded) {
    log.write(event::kWebFiles, {{"directory", c.http.web_dir.string()}, {"detail", loaded.error().detail}});
  }
}

Web::Web(const ProtocolParts& parts, const config::Config& config) : state_(std::make_unique<State>(parts, config)) {}
Web::~Web() = default;

void Web::reload(const config::Config& config) {
  state_->https_port = https_port_of(config);
  state_->load_files(config);
  state_->own_domain_only = config.ldap.people_see == config::Ldap::Sees::own_domain;
  state_->jmap.set_removed({config.store.keep_removed, config.store.people_purge_removed});
  state_->jmap.set_own_domain_only(config.ldap.people_see == config::Ldap::Sees::own_domain);
  state_->discovery.reload(discovery_settings(config, state_->clock));
  state_->plain->reload(plain_settings(config));
  state_->secure->reload(http_settings(config));
  state_->numbers->reload(metrics_settings(config));
}

void Web::set_certificates(const runtime::TlsServerSettings& tls) {
  const runtime::TlsCertificate& first = tls.certificates.front();
  state_->discovery.set_certificate(first.chain_pem, first.key_pem);
}

http::server::Challenges& Web::challenges() { return state_->challenges; }

runtime::SessionFactory Web::factory(config::Service service) {
  http::server::Server& server = service == config::Service::https  ? *state_->secure
                                 : service == config::Service::http ? *state_->plain
                                                                    : *state_->numbers;
  return [&server](runtime::Peer& peer, runtime::Output& output, std::shared_ptr<runtime::Waker> waker) {
    return server.session(peer, output, std::move(waker));
  };
}

}  // namespace gatepost::daemon
