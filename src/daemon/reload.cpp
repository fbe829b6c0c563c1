// Reading the configuration again while the server runs. First all that can fail, into `Fresh`; then what cannot.
#include <algorithm>

#include <fmt/format.h>

#include "config/load.hpp"
#include "daemon/daemon.hpp"
#include "daemon/events.hpp"
#include "daemon/outgoing.hpp"
#include "daemon/outside.hpp"
#include "daemon/settings.hpp"

namespace gatepost::daemon {
namespace {

// Every error of the file, one a line.
Result<config::Config> read_config(const std::filesystem::path& file) {
  config::LoadOutcome loaded = config::load_and_check(file);
  if (loaded.ok()) return std::move(loaded.config);
  std::string text;
  for (const config::Problem& problem : loaded.problems) {
    if (problem.severity == config::Severity::error) text += (text.empty() ? "" : "\n") + problem.text();
  }
  return fail(Errc::invalid, text);
}

bool has(const std::vector<Endpoint>& endpoints, const Endpoint& at) {
  return std::ranges::find(endpoints, at) != endpoints.end();
}

}  // namespace

Result<> Daemon::reload() {
  const std::lock_guard one(reload_mutex_);
  if (stopping_) return fail(Errc::closed, "the server is stopping");
  auto fresh = prepare_reload();
  const Result<> done = fresh ? apply(*std::move(fresh)) : Result<>(std::unexpected(fresh.error()));
  if (!done) {
    log_.write(event::kReloadFailed, {{"detail", done.error().detail}});
    return done;
  }
  log_.write(event::kReloaded, {{"config", config_file_.string()}});
  return look_at_certificates();
}

Result<Daemon::Fresh> Daemon::prepare_reload() {
  const auto running = config();
  Fresh fresh;
  GP_TRY(config::Config read, read_config(config_file_));
  fresh.needs_restart = needs_restart(*running, read);
  fresh.config = after_reload(*running, std::move(read));
  if (fresh.config.has_certificate()) {
    GP_TRY(fresh.tls_files, tls_settings(fresh.config));
    GP_TRY(fresh.tls, served_.complete(*fresh.tls_files, fresh.config));
    GP_TRY(fresh.client_authorities, client_authorities(fresh.config));
  }
  GP_TRY(fresh.outgoing, outgoing_settings(fresh.config));
  GP_TRY(fresh.outside, outside_settings(fresh.config));
  GP_TRY(fresh.oauth, oauth_providers(fresh.config));
  // Addresses that no listener has yet. A root that became somebody else can no longer bind ports below 1024.
  std::vector<config::Listener> wanted;
  for (const config::Listener& listener : fresh.config.listeners) {
    config::Listener missing = listener;
    std::erase_if(missing.addresses, [&](const IpAddress& address) {
      return std::ranges::any_of(listeners_,
                                 [&](const OpenListener& open) { return open.at == Endpoint{address, listener.port}; });
    });
    if (!missing.addresses.empty()) wanted.push_back(std::move(missing));
  }
  runtime::InheritedSockets none;
  GP_TRY(fresh.sockets, open_sockets(wanted, none, log_));
  return fresh;
}

Result<> Daemon::apply(Fresh fresh) {
  const auto running = config();
  // The two that can still fail, the second undoing the first.
  GP_CHECK(log_target_.set(fresh.config.log.target));
  if (fresh.tls) {
    std::swap(client_authorities_, fresh.client_authorities);
    const Result<> tls = set_tls(*fresh.tls);
    if (!tls) {
      std::swap(client_authorities_, fresh.client_authorities);
      (void)log_target_.set(running->log.target);
      return tls;
    }
  }
  if (fresh.tls) protocols_->set_certificates(*fresh.tls);
  // Its one failure would be an unreadable ca_file, which the configuration does not have.
  (void)delivery_->reload(std::move(fresh.outgoing));
  const config::Config& c = fresh.config;
  log_.set_lowest(c.log.level);
  limits_.reload(daemon_limits(c));
  product_->default_quota_octets = c.quota.storage_octets;
  product_->default_quota_messages = c.quota.messages;
  authenticator_->set_limits(sign_in_limits(c));
  outside_->set(std::move(fresh.outside));
  bans_->set_rules(ban_rules(c, own_addresses()));
  tokens_->set_providers(std::move(fresh.oauth));
  tickets_->set(kerberos_settings(c));
  door_->set_policy(door_policy(c));
  directory::second_factors(*product_->directory).set_policy(second_factor_policy(c));
  directory::password_ages(*product_->directory).set_age_policy(password_age_policy(c));
  web_sessions_->set_settings(web_session_settings(c));
  reception_->set_options(reception_options(c));
  protocols_->reload(c);
  apply_listeners(fresh);
  for (const std::string_view setting : fresh.needs_restart) {
    log_.write(event::kNeedsRestart, {{"setting", setting}});
  }
  const std::lock_guard lock(mutex_);
  if (fresh.tls_files) tls_settings_ = std::move(fresh.tls_files);
  needs_restart_.assign(fresh.needs_restart.begin(), fresh.needs_restart.end());
  config_ = std::make_shared<const config::Config>(std::move(fresh.config));
  reloaded_ = clock_.now();
  return {};
}

void Daemon::apply_listeners(Fresh& fresh) {
  const config::Config& c = fresh.config;
  {
    const std::lock_guard lock(mutex_);
    std::vector<OpenListener> kept;
    for (OpenListener& open : listeners_) {
      const auto wanted = std::ranges::find_if(c.listeners, [&](const config::Listener& l) {
        return l.audience != config::Audience::off && has(l.endpoints(), open.at);
      });
      if (wanted == c.listeners.end()) {
        log_.write(event::kListenerClosed, {{"listener", open.config.name}, {"at", open.at.to_string()}});
        continue;  // its connections go on
      }
      open.config = *wanted;
      open.listener->reload(listener_settings(c, *wanted), listener_limits(c, *wanted));
      kept.push_back(std::move(open));
    }
    listeners_ = std::move(kept);
  }
  for (BoundSocket& socket : fresh.sockets) open_listener(c, std::move(socket));
}

}  // namespace gatepost::daemon
