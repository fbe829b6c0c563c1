#include "daemon/settings.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "base/ascii.hpp"

namespace gatepost::daemon {
namespace {

using config::Config;

std::size_t processors() { return std::max(1U, std::thread::hardware_concurrency()); }

// Of a list of passwords, one a line: in lower case, sorted. What cannot be read is no password; the check of the
// configuration has said so.
std::vector<std::string> refused_passwords(const std::filesystem::path& file) {
  constexpr std::size_t kMost = 1'000'000;
  std::vector<std::string> out;
  if (file.empty()) return out;
  std::ifstream in(file, std::ios::binary);
  for (std::string line; out.size() < kMost && std::getline(in, line);) {
    const std::string_view text = ascii::trim(line);
    if (!text.empty() && text.size() <= directory::kMaxPasswordOctets) out.push_back(ascii::to_lower(text));
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// A setting that is read at the start only.
struct Fixed {
  std::string_view name;
  bool (*same)(const Config&, const Config&);
  void (*keep)(Config& fresh, const Config& running);
};

template <auto member>
constexpr Fixed fixed(std::string_view name) {
  return {name, [](const Config& a, const Config& b) { return member(a) == member(b); },
          [](Config& fresh, const Config& running) { member(fresh) = member(running); }};
}

constexpr Fixed kFixed[] = {
    fixed<[](auto& c) -> auto& { return c.server.data_dir; }>("[server] data_dir"),
    fixed<[](auto& c) -> auto& { return c.server.user; }>("[server] user"),
    fixed<[](auto& c) -> auto& { return c.server.postmaster; }>("[server] postmaster"),
    fixed<[](auto& c) -> auto& { return c.server.io_threads; }>("[server] io_threads"),
    fixed<[](auto& c) -> auto& { return c.server.worker_threads; }>("[server] worker_threads"),
    // But what is only asked for by the web.
    {"[store]",
     [](const Config& a, const Config& b) {
       config::Store other = b.store;
       other.people_purge_removed = a.store.people_purge_removed;
       return a.store == other;
     },
     [](Config& fresh, const Config& running) {
       const bool purge = fresh.store.people_purge_removed;
       fresh.store = running.store;
       fresh.store.people_purge_removed = purge;
     }},
    fixed<[](auto& c) -> auto& { return c.search; }>("[search]"),
    fixed<[](auto& c) -> auto& { return c.auth.argon2_memory_kib; }>("[auth] argon2_memory_kib"),
    fixed<[](auto& c) -> auto& { return c.auth.argon2_iterations; }>("[auth] argon2_iterations"),
    fixed<[](auto& c) -> auto& { return c.auth.parallel_hashes; }>("[auth] parallel_hashes"),
    fixed<[](auto& c) -> auto& { return c.auth.scram_iterations; }>("[auth] scram_iterations"),
    fixed<[](auto& c) -> auto& { return c.auth.min_password_characters; }>("[auth] min_password_characters"),
    fixed<[](auto& c) -> auto& { return c.auth.refuse_common_passwords; }>("[auth] refuse_common_passwords"),
    fixed<[](auto& c) -> auto& { return c.auth.refused_passwords_file; }>("[auth] refused_passwords_file"),
    fixed<[](auto& c) -> auto& { return c.auth.password_history; }>("[auth] password_history"),
    fixed<[](auto& c) -> auto& { return c.auth.remember_former_days; }>("[auth] remember_former_days"),
    fixed<[](auto& c) -> auto& { return c.bans.firewall; }>("[bans] firewall"),
    fixed<[](auto& c) -> auto& { return c.bans.helper; }>("[bans] helper"),
    fixed<[](auto& c) -> auto& { return c.smtp.recipient_delimiter; }>("[smtp] recipient_delimiter"),
    fixed<[](auto& c) -> auto& { return c.mailflow.retry_schedule; }>("[mailflow] retry_schedule"),
    fixed<[](auto& c) -> auto& { return c.mailflow.queue_lifetime; }>("[mailflow] queue_lifetime"),
    fixed<[](auto& c) -> auto& { return c.mailflow.bounce_lifetime; }>("[mailflow] bounce_lifetime"),
    fixed<[](auto& c) -> auto& { return c.mailflow.delay_warning; }>("[mailflow] delay_warning"),
    fixed<[](auto& c) -> auto& { return c.mailflow.max_concurrent; }>("[mailflow] max_concurrent"),
    fixed<[](auto& c) -> auto& { return c.mailflow.max_concurrent_per_destination; }>(
        "[mailflow] max_concurrent_per_destination"),
    fixed<[](auto& c) -> auto& { return c.dns; }>("[dns]"),
};

}  // namespace

std::filesystem::path store_directory(const Config& c) { return c.server.data_dir / "store"; }

std::filesystem::path certificates_directory(const Config& c) { return c.server.data_dir / "certificates"; }

std::filesystem::path search_directory(const Config& c) { return c.server.data_dir / "search"; }

std::filesystem::path attachments_directory(const Config& c) { return search_directory(c) / "attachments"; }

search::Options attachment_search_options(const Config& c) {
  using namespace std::chrono_literals;
  // Later than the messages themselves, and found soon though one takes long.
  return {.directory = attachments_directory(c),
          .threads = c.search.attachment_threads,
          .settle = 3s,
          .memory_octets = c.search.memory_octets,
          .step = 5s,
          .labels = "of=\"attachments\""};
}

search::Options search_options(const Config& c) {
  return {.directory = search_directory(c),
          .threads = c.search.threads,
          .memory_octets = c.search.memory_octets,
          .messages_per_second = c.search.messages_per_second};
}

store::Options store_options(const Config& c) {
  return {.engine = c.store.engine == config::Store::Engine::memory ? "memory" : "rocksdb",
          .directory = store_directory(c),
          .cache_octets = c.store.cache_octets,
          .compression_level = static_cast<int>(c.store.compression_level),
          .reserve_octets = c.store.disk_reserve_octets,
          .reserve_percent = static_cast<int>(c.store.disk_reserve_percent),
          .collect_after = c.store.collect_after};
}

directory::Options directory_options(const Config& c) {
  // The default names this host, whose postmaster is whoever reads mail here; only what the file says leads elsewhere.
  const bool said = c.server.postmaster != "postmaster@" + c.server.hostname;
  return {.recipient_delimiter = c.smtp.recipient_delimiter,
          .argon2_memory_kib = c.auth.argon2_memory_kib,
          .argon2_iterations = c.auth.argon2_iterations,
          .scram_iterations = c.auth.scram_iterations,
          .parallel_hashes = c.auth.parallel_hashes,
          // Waiting costs a thread that does nothing else.
          .waiting_hashes = sign_in_threads(c),
          .postmaster = said ? c.server.postmaster : std::string(),
          .password_policy = {.min_characters = c.auth.min_password_characters,
                              .refuse_common = c.auth.refuse_common_passwords,
                              .remember_former = std::chrono::days(c.auth.remember_former_days),
                              .history = c.auth.password_history,
                              .refused = refused_passwords(c.auth.refused_passwords_file)}};
}

directory::SignInLimits sign_in_limits(const Config& c) {
  return {.distinct_failures = c.auth.failures,
          .window = c.auth.failure_window,
          .ban = c.auth.ban,
          .address_failures = c.auth.address_failures,
          .never_banned = c.bans.never};
}

gate::BanRules ban_rules(const Config& c, std::vector<Network> own) {
  gate::BanRules rules;
  rules.automatic = c.bans.automatic;
  rules.points = c.bans.points;
  rules.half_life = c.bans.half_life;
  rules.steps = c.bans.lengths;
  rules.calm = c.bans.calm;
  rules.neighbours = c.bans.neighbours;
  rules.exempt = {{"[bans] never", c.bans.never},
                  {"[bans] monitors", c.bans.monitors},
                  {"[proxy_protocol] trusted", c.proxy_protocol.trusted},
                  {"[networks] trusted", c.networks.trusted},
                  {"[networks] vpn", c.networks.vpn},
                  {"[networks] admin", c.networks.admin},
                  {"an address of this host", std::move(own)}};
  return rules;
}

std::vector<Network> own_addresses() {
  std::vector<Network> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> held(list, &::freeifaddrs);
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    if (at->ifa_addr->sa_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
      out.push_back({IpAddress::v4(ntohl(v4->sin_addr.s_addr))});
    } else if (at->ifa_addr->sa_family == AF_INET6) {
      IpAddress v6;
      std::memcpy(v6.octets.data(), &reinterpret_cast<const sockaddr_in6*>(at->ifa_addr)->sin6_addr, 16);
      out.push_back({v6});
    }
  }
  return out;
}

directory::SecondFactorPolicy second_factor_policy(const Config& c) {
  directory::SecondFactorPolicy out;
  for (const std::string& word : c.auth.require_second_factor) {
    if (word == "everybody") out.everybody = true;
    if (const auto role = directory::role_named(word)) out.roles.push_back(*role);
  }
  return out;
}

directory::PasswordAgePolicy password_age_policy(const Config& c) {
  return {.longest = c.auth.password_max_age, .warning = c.auth.password_warning};
}

directory::WebSessionSettings web_session_settings(const Config& c) {
  return {.idle = c.http.session_idle, .lasting = c.http.session_lasting, .longest = c.http.session_longest};
}

directory::PasswordHasher::Options hashing_of_verifiers(const Config& c) {
  return {.memory_kib = c.auth.argon2_memory_kib, .iterations = c.auth.argon2_iterations};
}

Result<std::vector<oauth::Provider>> oauth_providers(const Config& c) {
  std::vector<oauth::Provider> out;
  for (const config::OauthProvider& one : c.oauth.providers) {
    std::string secret;
    if (!one.client_secret_file.empty()) {
      std::ifstream in(one.client_secret_file);
      if (!std::getline(in, secret) || secret.empty()) {
        return fail(Errc::invalid, fmt::format("[[oauth.provider]] client_secret_file: {} cannot be read, or is empty",
                                               one.client_secret_file.string()));
      }
      if (secret.ends_with('\r')) secret.pop_back();
    }
    out.push_back({.name = one.name,
                   .check = one.check == config::OauthProvider::Check::jwt ? oauth::Provider::Check::jwt
                                                                           : oauth::Provider::Check::introspection,
                   .issuer = one.issuer,
                   .discovery = one.discovery,
                   .jwks = one.jwks,
                   .introspection = one.introspection,
                   .client_id = one.client_id,
                   .client_secret = std::move(secret),
                   .ca_file = one.ca_file,
                   .audiences = one.audiences,
                   .scopes = one.scopes,
                   .account_claim = one.account_claim,
                   .default_domain = one.default_domain,
                   .domains = one.domains,
                   .leeway = one.leeway,
                   .remember = one.remember,
                   .beyond_token = one.beyond_token,
                   .end_sessions = one.end_sessions,
                   .timeout = one.timeout,
                   .keys_lifetime = one.keys_lifetime,
                   .refetch_after = one.refetch_after});
  }
  return out;
}

kerberos::Settings kerberos_settings(const Config& c) {
  kerberos::Settings out{.keytab = c.kerberos.keytab, .replays = c.server.data_dir / "kerberos-replays", .realms = {}};
  for (const config::KerberosRealm& one : c.kerberos.realms)
    out.realms.push_back({.name = one.name, .domain = one.domain, .directory = one.directory});
  return out;
}

// SCRAM needs what is derived from a password, which nobody outside gives away; and which mechanism it is has to be
// said before the name.
directory::DoorPolicy door_policy(const Config& c) {
  std::vector<std::string> mechanisms = c.auth.mechanisms;
  if (std::ranges::any_of(c.outside_directories, &config::OutsideDirectory::sign_in)) {
    std::erase_if(mechanisms, [](const std::string& name) { return ascii::istarts_with(name, "SCRAM-"); });
  }
  return {.without_tls = c.auth.allow_sign_in_without_tls,
          .mechanisms = std::move(mechanisms),
          .sessions_per_account = c.limits.connections_per_account};
}

account::AccountsOptions accounts_options(const Config& c) {
  return {.keep_vanished = c.store.keep_vanished,
          .keep_removed = c.store.keep_removed,
          .recoverable_octets = c.store.recoverable_quota};
}

mailflow::ReceptionOptions reception_options(const Config& c) {
  return {.hostname = c.server.hostname,
          .max_message_octets = c.limits.message_octets,
          .max_recipients = c.limits.recipients,
          .max_received = c.smtp.max_received,
          .max_header_octets = c.limits.header_octets,
          .foreign_from = c.smtp.foreign_from,
          .forward_outside = c.mailflow.forward_outside};
}

mailflow::RunnerOptions runner_options(const Config& c) {
  mailflow::RunnerOptions options;
  options.hostname = c.server.hostname;
  if (!c.mailflow.retry_schedule.empty()) options.retry_after = c.mailflow.retry_schedule;
  options.lifetime = c.mailflow.queue_lifetime;
  options.bounce_lifetime = c.mailflow.bounce_lifetime;
  options.delay_notice = c.mailflow.delay_warning;
  options.concurrent_per_domain = c.mailflow.max_concurrent_per_destination;
  options.concurrent = c.mailflow.max_concurrent;
  return options;
}

runtime::ResolverSettings resolver_settings(const Config& c) {
  return {.servers = c.dns.servers, .timeout = c.dns.timeout, .cache_entries = c.dns.cache_entries};
}

runtime::LimitSettings daemon_limits(const Config& c) {
  return {.total = c.limits.connections,
          .per_address = c.limits.connections_per_address,
          .per_minute = c.limits.connections_per_minute,
          .unlimited = c.limits.unlimited};
}

runtime::LimitSettings listener_limits(const Config& c, const config::Listener& l) {
  return {.total = l.max_connections, .per_minute = l.connections_per_minute, .unlimited = c.limits.unlimited};
}

runtime::Deadlines deadlines(const Config& c, config::Service service) {
  runtime::Deadlines out{.greeting = c.limits.greeting_timeout,
                         .command = c.limits.command_timeout,
                         .data = c.limits.data_timeout,
                         .sign_in = c.limits.sign_in_timeout};
  if (service == config::Service::imap) {
    out.idle = c.imap.idle_timeout;
    out.refresh = c.imap.idle_refresh.count() > 0 ? c.imap.idle_refresh : c.imap.idle_timeout;
  }
  if (service == config::Service::pop3) out.idle = c.pop3.idle_timeout;
  if (service == config::Service::http || service == config::Service::https || service == config::Service::metrics) {
    out.greeting = out.idle = c.http.idle_timeout;
    out.command = c.http.head_timeout;
    out.data = c.http.body_timeout;
  }
  if (service == config::Service::ldap) out.idle = c.ldap.idle_timeout;
  return out;
}

runtime::TlsServerSettings tls_terms(const Config& c) {
  runtime::TlsServerSettings settings;
  settings.minimum =
      c.tls.min_version == config::TlsVersion::v1_3 ? runtime::TlsMinimum::v1_3 : runtime::TlsMinimum::v1_2;
  settings.ciphers = c.tls.ciphers;
  return settings;
}

Result<std::string> client_authorities(const Config& c) {
  if (c.tls.client_ca_file.empty()) return std::string();
  constexpr std::streamsize kMaxOctets = 16 << 20;  // revocation lists can be long
  std::ifstream in(c.tls.client_ca_file, std::ios::binary);
  std::string text(kMaxOctets, '\0');
  in.read(text.data(), kMaxOctets);
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.empty()) {
    return fail(Errc::invalid,
                fmt::format("[tls] client_ca_file: {} cannot be read, or is empty", c.tls.client_ca_file.string()));
  }
  return text;
}

Result<runtime::TlsServerSettings> tls_settings(const Config& c) {
  runtime::TlsServerSettings settings = tls_terms(c);
  for (const config::Certificate& certificate : c.tls.certificates) {
    GP_TRY(runtime::TlsCertificate read,
           runtime::read_tls_certificate(certificate.cert, certificate.key, certificate.names));
    settings.certificates.push_back(std::move(read));
  }
  return settings;
}

std::size_t io_threads(const Config& c) { return c.server.io_threads != 0 ? c.server.io_threads : processors(); }

// Those that hash, and enough beside them for sign-ins that need no hash; those that wait for an outside directory, or
// for their turn with it, are more of them.
std::size_t sign_in_threads(const Config& c) {
  std::size_t outside = 0;
  for (const auto& one : c.outside_directories) outside += one.sign_in ? 2 * one.connections : 0;
  return 2 * c.auth.parallel_hashes + 12 + outside;
}

std::size_t worker_threads(const Config& c) {
  // Most of them wait for a commit, and those that wait together share its syncs.
  constexpr std::size_t kLeast = 64;
  return c.server.worker_threads != 0 ? c.server.worker_threads : std::max(kLeast, 4 * processors());
}

std::vector<std::string_view> needs_restart(const Config& running, const Config& fresh) {
  std::vector<std::string_view> names;
  for (const Fixed& setting : kFixed) {
    if (!setting.same(running, fresh)) names.push_back(setting.name);
  }
  return names;
}

bool needs_restart(std::string_view table, std::string_view key) {
  const std::string name = fmt::format("{} {}", table, key);
  if (name == "[store] people_purge_removed") return false;
  return std::ranges::any_of(kFixed,
                             [&](const Fixed& setting) { return setting.name == table || setting.name == name; });
}

Config after_reload(const Config& running, Config fresh) {
  for (const Fixed& setting : kFixed) setting.keep(fresh, running);
  return fresh;
}

}  // namespace gatepost::daemon
