#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "config/config.hpp"
#include "daemon/paths.hpp"
#include "directory/credentials.hpp"
#include "directory/door.hpp"
#include "directory/password_age.hpp"
#include "directory/second_factor.hpp"
#include "directory/web_sessions.hpp"
#include "gate/bans/ban_list.hpp"
#include "kerberos/settings.hpp"
#include "mailflow/queue_runner.hpp"
#include "mailflow/reception.hpp"
#include "oauth/provider.hpp"
#include "runtime/connection_limits.hpp"
#include "runtime/listener.hpp"
#include "runtime/resolver.hpp"
#include "runtime/tls_context.hpp"
#include "search/indexes.hpp"
#include "store/store.hpp"

// What the configuration means to each layer, in that layer's own values. No layer but this one knows the
// configuration.
namespace gatepost::daemon {

store::Options store_options(const config::Config&);
search::Options search_options(const config::Config&);
search::Options attachment_search_options(const config::Config&);
directory::Options directory_options(const config::Config&);
directory::SignInLimits sign_in_limits(const config::Config&);
// `own`: the host's addresses, which are never banned.
gate::BanRules ban_rules(const config::Config&, std::vector<Network> own);
std::vector<Network> own_addresses();  // as they are now
directory::PasswordHasher::Options hashing_of_verifiers(const config::Config&);
// Reads their secrets. Errc::invalid: one cannot be read.
Result<std::vector<oauth::Provider>> oauth_providers(const config::Config&);
kerberos::Settings kerberos_settings(const config::Config&);
directory::DoorPolicy door_policy(const config::Config&);
directory::SecondFactorPolicy second_factor_policy(const config::Config&);
directory::PasswordAgePolicy password_age_policy(const config::Config&);
directory::WebSessionSettings web_session_settings(const config::Config&);
account::AccountsOptions accounts_options(const config::Config&);
mailflow::ReceptionOptions reception_options(const config::Config&);
mailflow::RunnerOptions runner_options(const config::Config&);
runtime::ResolverSettings resolver_settings(const config::Config&);
runtime::LimitSettings daemon_limits(const config::Config&);
runtime::LimitSettings listener_limits(const config::Config&, const config::Listener&);
runtime::Deadlines deadlines(const config::Config&, config::Service);
// [tls] without certificates.
runtime::TlsServerSettings tls_terms(const config::Config&);
// Reads the certificates' files.
// The content of [tls] client_ca_file; empty: there is none. Errc::invalid: it cannot be read.
Result<std::string> client_authorities(const config::Config&);
Result<runtime::TlsServerSettings> tls_settings(const config::Config&);

std::size_t io_threads(const config::Config&);
std::size_t worker_threads(const config::Config&);
std::size_t sign_in_threads(const config::Config&);

// The settings of `fresh` that differ from `running` and are read at the start only, as "[store] engine".
std::vector<std::string_view> needs_restart(const config::Config& running, const config::Config& fresh);
// Whether a change of the key waits for a restart; `table`: as config::Setting has it.
bool needs_restart(std::string_view table, std::string_view key);
// `fresh`, with those settings as they are in `running`: what a server is like after a reload.
config::Config after_reload(const config::Config& running, config::Config fresh);

}  // namespace gatepost::daemon
