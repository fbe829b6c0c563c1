#include "daemon/protocols.hpp"

#include <fmt/format.h>

#include "admin/command.hpp"
#include "daemon/version.hpp"
#include "daemon/web.hpp"
#include "imap/server/server.hpp"
#include "ldap/server/server.hpp"
#include "pop3/server/server.hpp"
#include "smtp/server/server.hpp"

namespace gatepost::daemon {
namespace {

smtp::server::Settings smtp_settings(const config::Config& c) {
  return {.hostname = c.server.hostname,
          .banner = c.smtp.banner,
          .max_message_octets = c.limits.message_octets,
          .max_recipients = c.limits.recipients,
          .max_bad_commands = c.limits.bad_commands,
          .max_messages_per_connection = c.limits.messages_per_connection,
          .messages_per_minute_per_address = c.limits.messages_per_minute_per_address,
          .messages_per_minute_per_account = c.limits.messages_per_minute_per_account,
          .recipients_per_hour_per_account = c.limits.recipients_per_hour_per_account,
          .unlimited = c.limits.unlimited,
          .bare_line_ends = c.smtp.bare_line_ends == config::Smtp::LineEnds::normalise ? smtp::BareLineEnds::normalise
                                                                                       : smtp::BareLineEnds::refuse,
          .require_tls = c.smtp.require_tls};
}

imap::server::Settings imap_settings(const config::Config& c) {
  imap::server::Settings out{.hostname = c.server.hostname,
                             .version = std::string(version()),
                             .admin = c.server.postmaster.empty() ? "" : "mailto:" + c.server.postmaster,
                             .max_message_octets = c.limits.message_octets,
                             .command_octets = c.imap.command_octets,
                             .literal_octets = c.imap.literal_octets,
                             .bad_commands = c.limits.bad_commands,
                             .small_literals = c.imap.small_literals,
                             .message_limit = c.imap.message_limit,
                             .recoverable_folder = c.imap.recoverable_folder};
  if (const std::uint16_t port = https_port_of(c); port != 0) {
    out.jmap_session = fmt::format("https://{}{}/.well-known/jmap", c.server.hostname,
                                   port == 443 ? std::string() : fmt::format(":{}", port));
  }
  for (const config::ImapClient& client : c.imap.clients) {
    out.clients.push_back({.name = client.name,
                           .version = client.version,
                           .hidden = client.hide,
                           .delay_new_mail = !client.quirks.empty()});  // there is one
  }
  return out;
}

pop3::server::Settings pop3_settings(const config::Config& c) {
  return {.hostname = c.server.hostname,
          .login_delay = c.pop3.login_delay,
          .expire_days = c.pop3.expire_days,
          .bad_commands = c.limits.bad_commands};
}

ldap::server::Settings ldap_settings(const config::Config& c) {
  return {.hostname = c.server.hostname,
          .version = std::string(version()),
          .size_limit = c.ldap.size_limit,
          .time_limit = c.ldap.time_limit,
          .own_domain_only = c.ldap.people_see == config::Ldap::Sees::own_domain,
          .writable = c.ldap.changes,
          .bad_messages = c.limits.bad_commands};
}

ldap::server::Services ldap_services(const ProtocolParts& p) {
  ldap::server::Services out{p.door, p.workers,         p.product.clock, p.product.random,
                             p.log,  p.product.metrics, p.ldap_identity, &p.sign_in_workers};
  // As the administrator's command does it: an account goes with its mail.
  out.remove_account = [&product = p.product, &door = p.door](const directory::Principal& principal) -> Result<> {
    admin::Services services = product.admin_services();
    services.server.end_sessions = [&door](account::AccountId id) {
      door.revoke(static_cast<directory::PrincipalId>(id));
    };
    const admin::Reply reply = admin::run(
        services, {.verb = "account delete", .options = {{"address", {principal.address}}}, .asked_by = "LDAP"});
    if (reply.exit_code != 0) return fail(Errc::internal, reply.text);
    return {};
  };
  return out;
}

}  // namespace

struct Protocols::State {
  State(ProtocolParts p, const config::Config& c)
      : metrics(p.product.metrics),
        smtp({p.reception, p.door, p.workers, p.product.clock, p.log, metrics, &p.sign_in_workers}, smtp_settings(c)),
        imap({*p.product.accounts, p.door, p.workers, p.product.clock, p.log, metrics, &p.sign_in_workers, p.search},
             imap_settings(c)),
        pop3({*p.product.accounts, p.door, p.workers, p.product.clock, p.log, metrics, &p.sign_in_workers},
             pop3_settings(c)),
        ldap(ldap_services(p), ldap_settings(c)),
        web(p, c) {}

  Metrics& metrics;
  smtp::server::Server smtp;
  imap::server::Server imap;
  pop3::server::Server pop3;
  ldap::server::Server ldap;
  Web web;
};

Protocols::Protocols(ProtocolParts parts, const config::Config& config)
    : state_(std::make_unique<State>(parts, config)) {}

Protocols::~Protocols() = default;

void Protocols::reload(const config::Config& config) {
  state_->smtp.reload(smtp_settings(config));
  state_->imap.reload(imap_settings(config));
  state_->pop3.reload(pop3_settings(config));
  state_->web.reload(config);
  state_->ldap.reload(ldap_settings(config));
}

void Protocols::warm_up() { state_->ldap.warm_up(); }

std::vector<std::pair<std::string, std::size_t>> Protocols::imap_clients() const { return state_->imap.clients(); }

void Protocols::set_certificates(const runtime::TlsServerSettings& tls) { state_->web.set_certificates(tls); }

http::server::Challenges& Protocols::challenges() { return state_->web.challenges(); }

runtime::SessionFactory Protocols::factory(const config::Listener& listener) {
  State& state = *state_;
  const bool upgrades = listener.tls == config::TlsMode::starttls;
  switch (listener.service) {
    case config::Service::smtp:
      return [&state, upgrades](runtime::Peer& peer, runtime::Output& output, std::shared_ptr<runtime::Waker> waker) {
        return state.smtp.session(smtp::server::Service::smtp, upgrades, peer, output, std::move(waker));
      };
    case config::Service::submission:
      return [&state, upgrades](runtime::Peer& peer, runtime::Output& output, std::shared_ptr<runtime::Waker> waker) {
        return state.smtp.session(smtp::server::Service::submission, upgrades, peer, output, std::move(waker));
      };
    case config::Service::pop3:
      return [&state, upgrades](runtime::Peer& peer, runtime::Output& output, std::shared_ptr<runtime::Waker> waker) {
        return state.pop3.session(peer, output, std::move(waker), upgrades);
      };
    case config::Service::imap:
      return [&state, upgrades](runtime::Peer& peer, runtime::Output& output, std::shared_ptr<runtime::Waker> waker) {
        return state.imap.session(peer, output, std::move(waker), upgrades);
      };
    case config::Service::ldap:
      return [&state, upgrades](runtime::Peer& peer, runtime::Output& output, std::shared_ptr<runtime::Waker> waker) {
        return state.ldap.session(peer, output, std::move(waker), upgrades);
      };
    case config::Service::http:
    case config::Service::https:
    case config::Service::metrics:
      return state.web.factory(listener.service);
  }
  return {};
}

}  // namespace gatepost::daemon
