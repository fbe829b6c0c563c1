#include "config/keys.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "config/fields.hpp"

namespace gatepost::config {
namespace {

using namespace fields;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;
constexpr std::uint64_t kTiB = 1024 * kGiB;
constexpr std::int64_t kMany = 1'000'000;

using Refusal = std::optional<Complaint>;

Refusal any_text(std::string_view) { return std::nullopt; }

Refusal not_empty(std::string_view text) {
  if (!text.empty()) return std::nullopt;
  return Complaint{"is empty", "", "Write a text."};
}

Refusal host_name(std::string_view text) {
  if (is_host_name(text)) return std::nullopt;
  return Complaint{
      fmt::format("{} is not a host name", in_quotes(text)), "",
      "Write a fully qualified name such as \"mail.example.org\"; names outside ASCII as A-labels (xn--...)."};
}

Refusal host_or_address(std::string_view text) {
  if (IpAddress::parse(text)) return std::nullopt;
  return host_name(text);
}

Refusal mail_address(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos && at > 0 && is_host_name(text.substr(at + 1)) &&
      text.find_first_of(" <>") == std::string_view::npos) {
    return std::nullopt;
  }
  return Complaint{fmt::format("{} is not a mail address", in_quotes(text)), "",
                   "Write an address such as \"postmaster@example.org\"."};
}

Refusal user_name(std::string_view text) {
  const bool good = std::all_of(text.begin(), text.end(),
                                [](char c) { return ascii::is_alnum(c) || c == '_' || c == '-' || c == '.'; });
  if (good) return std::nullopt;
  return Complaint{fmt::format("{} is not a user name", in_quotes(text)), "",
                   "Write the name of a system user such as \"gatepost\"."};
}

// RFC 5321 4.2: greeting = 220 SP Domain [ SP textstring ]; textstring = 1*(%d09 / %d32-126)
Refusal greeting_text(std::string_view text) {
  if (utf8::is_ascii(text)) return std::nullopt;
  return Complaint{"has characters outside ASCII", "A greeting is ASCII (RFC 5321 4.2).", "Write ASCII only."};
}

Refusal delimiter(std::string_view text) {
  static constexpr std::string_view kGood = "+-_=#~!$%&*^|";
  if (text.empty() || (text.size() == 1 && kGood.find(text[0]) != std::string_view::npos)) return std::nullopt;
  return Complaint{fmt::format("{} cannot part a name", in_quotes(text)), "",
                   "Write one of + - _ = # ~, or \"\" to switch it off."};
}

Refusal log_target(std::string_view text) {
  if (text == "stderr" || text.starts_with('/')) return std::nullopt;
  return Complaint{fmt::format("{} is no target", in_quotes(text)), "",
                   "Write \"stderr\" or the absolute path of a file."};
}

Refusal sign_in_phrase(Auth& auth, std::string_view text) {
  if (text == "no" || text == kSignInWithoutTls) {
    auth.allow_sign_in_without_tls = text != "no";
    return std::nullopt;
  }
  return Complaint{fmt::format("{} is not the sentence", in_quotes(text)),
                   "It lets everybody on the path read passwords, so it has to be said in full.",
                   fmt::format("Write \"no\", or \"{}\".", kSignInWithoutTls)};
}

bool take_network(std::string_view text, std::vector<Network>& out) {
  const auto network = Network::parse(text);
  if (network) out.push_back(*network);
  return network.has_value();
}

bool take_address(std::string_view text, std::vector<IpAddress>& out) {
  if (text == "*") {
    out.push_back(*IpAddress::parse("0.0.0.0"));
    out.push_back(*IpAddress::parse("::"));
    return true;
  }
  const auto address = IpAddress::parse(text);
  if (address) out.push_back(*address);
  return address.has_value();
}

bool take_source(std::string_view text, std::vector<IpAddress>& out) { return text != "*" && take_address(text, out); }

bool take_name_server(std::string_view text, std::vector<Endpoint>& out) {
  const auto endpoint = parse_endpoint(text, 53);
  if (endpoint) out.push_back(*endpoint);
  return endpoint.has_value();
}

bool take_wait(std::string_view text, std::vector<seconds>& out) {
  const auto wait = parse_duration(text);
  if (!wait || *wait < seconds(1) || *wait > days(7) || out.size() >= 100) return false;
  out.push_back(*wait);
  return true;
}

bool take_mechanism(std::string_view text, std::vector<std::string>& out) {
  const std::vector<std::string> known = Config::defaults().auth.mechanisms;
  const std::string name = ascii::to_upper(text);
  if (std::find(known.begin(), known.end(), name) == known.end()) return false;
  out.push_back(name);
  return true;
}

// A host name, or "*." and a host name.
bool take_served_name(std::string_view text, std::vector<std::string>& out) {
  if (!is_host_name(text.starts_with("*.") ? text.substr(2) : text)) return false;
  out.push_back(ascii::to_lower(text));
  return true;
}

bool take_capability(std::string_view text, std::vector<std::string>& out) {
  const bool good = !text.empty() && std::ranges::all_of(text, [](char c) {
    return ascii::is_alnum(c) || std::string_view("-+=_.").find(c) != std::string_view::npos;
  });
  if (good) out.push_back(ascii::to_upper(text));
  return good;
}

bool take_quirk(std::string_view text, std::vector<std::string>& out) {
  if (text != kDelayNewMail) return false;
  out.emplace_back(text);
  return true;
}

std::string write_network(const Network& n) { return n.to_string(); }
std::string write_address(const IpAddress& a) { return a.to_string(); }
std::string write_endpoint(const Endpoint& e) { return e.to_string(); }
std::string write_wait(const seconds& s) { return format_duration(s); }
std::string write_text(const std::string& s) { return s; }

template <class O>
Key<O> networks(std::string_view section, std::string_view name, At<O, std::vector<Network>> field,
                std::string_view meaning) {
  return list<O, Network>(section, name, field, take_network, write_network, 0, "\"192.0.2.0/24\", \"2001:db8::/32\"",
                          "list of networks", meaning);
}

template <class O>
Key<O> addresses(std::string_view section, std::string_view name, At<O, std::vector<IpAddress>> field,
                 std::string_view meaning) {
  return list<O, IpAddress>(section, name, field, take_address, write_address, 1, "\"192.0.2.1\", \"*\"",
                            "list of addresses, \"*\" for all", meaning);
}

bool take_port(std::string_view text, std::vector<std::uint16_t>& out) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || out.size() >= 1000) return false;
  out.push_back(port);
  return true;
}
std::string write_port(const std::uint16_t& port) { return std::to_string(port); }

template <class O>
Key<O> ports(std::string_view section, std::string_view name, At<O, std::vector<std::uint16_t>> field,
             std::string_view meaning) {
  return list<O, std::uint16_t>(section, name, field, take_port, write_port, 0, "443", "list of ports", meaning);
}

bool take_group_name(std::string_view text, std::vector<std::string>& out) {
  const bool good = !text.empty() && text.size() <= 32 &&
                    std::ranges::all_of(text, [](char c) { return ascii::is_alnum(c) || c == '-' || c == '_'; });
  if (good) out.emplace_back(text);
  return good;
}

Refusal group_name(std::string_view text) {
  std::vector<std::string> one;
  if (take_group_name(text, one)) return std::nullopt;
  return Complaint{fmt::format("{} is no name", in_quotes(text)), "", "Take up to 32 letters, digits and hyphens."};
}

template <class O>
Key<O> day(std::string_view section, std::string_view name, At<O, TimePoint> field, std::string_view meaning) {
  return {section,
          name,
          "date, \"2026-12-04\"",
          meaning,
          false,
          [field](O& o, const Value& v, const std::filesystem::path&) -> std::optional<Complaint> {
            const auto* s = std::get_if<std::string>(&v.data);
            const auto parsed = s == nullptr ? std::nullopt : parse_day(*s);
            if (!parsed) return wrong_type("a date in quotes such as \"2026-12-04\"");
            field(o) = *parsed;
            return std::nullopt;
          },
          [field](O& o) { return field(o) == TimePoint{} ? "never" : in_quotes(date::format_rfc3339(field(o))); }};
}

template <class O>
Key<O> required(Key<O> key) {
  key.required = true;
  return key;
}

// A default that follows from other values, said in words.
template <class O>
Key<O> shown(Key<O> key, std::string_view words_for_default) {
  key.show = [words_for_default](O&) { return std::string(words_for_default); };
  return key;
}

constexpr std::array<std::pair<std::string_view, TlsVersion>, 2> kTlsVersions = {
    {{"1.2", TlsVersion::v1_2}, {"1.3", TlsVersion::v1_3}}};
constexpr std::array<std::pair<std::string_view, Store::Engine>, 2> kEngines = {
    {{"rocksdb", Store::Engine::rocksdb}, {"memory", Store::Engine::memory}}};
constexpr std::array<std::pair<std::string_view, Smtp::LineEnds>, 2> kLineEnds = {
    {{"refuse", Smtp::LineEnds::refuse}, {"normalise", Smtp::LineEnds::normalise}}};
constexpr std::array<std::pair<std::string_view, Mailflow::OutgoingTls>, 3> kOutgoingTls = {
    {{"none", Mailflow::OutgoingTls::none},
     {"opportunistic", Mailflow::OutgoingTls::opportunistic},
     {"required", Mailflow::OutgoingTls::required}}};
constexpr std::array<std::pair<std::string_view, Level>, 5> kLevels = {{{"debug", Level::debug},
                                                                        {"info", Level::info},
                                                                        {"notice", Level::notice},
                                                                        {"warning", Level::warning},
                                                                        {"error", Level::error}}};
constexpr std::array<std::pair<std::string_view, Service>, 5> kServices = {{{"smtp", Service::smtp},
                                                                            {"submission", Service::submission},
                                                                            {"imap", Service::imap},
                                                                            {"pop3", Service::pop3},
                                                                            {"metrics", Service::metrics}}};
constexpr std::array<std::pair<std::string_view, TlsMode>, 3> kTlsModes = {
    {{"none", TlsMode::none}, {"starttls", TlsMode::starttls}, {"implicit", TlsMode::implicit}}};
constexpr std::array<std::pair<std::string_view, Audience>, 6> kAudiences = {{{"internet", Audience::internet},
                                                                              {"trusted", Audience::trusted},
                                                                              {"vpn", Audience::vpn},
                                                                              {"admin", Audience::admin},
                                                                              {"named", Audience::named},
                                                                              {"off", Audience::off}}};
constexpr std::array<std::pair<std::string_view, GateLog>, 3> kGateLogs = {
    {{"drops", GateLog::drops}, {"all", GateLog::all}, {"none", GateLog::none}}};
constexpr std::array<std::pair<std::string_view, Gate::Scope>, 2> kScopes = {
    {{"own-ports", Gate::Scope::own_ports}, {"host", Gate::Scope::host}}};

using Keys = std::vector<Key<Config>>;

// The place of a value: AT(Config, smtp.banner).
#define AT(owner, member) (+[](owner& o) -> decltype(o.member)& { return o.member; })

void add_server(Keys& k) {
  k.push_back(required(
      text("server", "hostname", AT(Config, server.hostname), 253, host_name, "host name",
           "The name of this server: in greetings, Received fields and certificates. Other servers look it up, so it "
           "should resolve to this machine, and the address back to it.")));
  k.push_back(required(
      path("server", "data_dir", AT(Config, server.data_dir), "Everything that is kept lies in this directory.")));
  k.push_back(
      text("server", "user", AT(Config, server.user), 32, user_name, "user name",
           "What the daemon becomes once its ports are open, when it was started as root. `\"\"` stays root: do not."));
  k.push_back(shown(text("server", "postmaster", AT(Config, server.postmaster), 320, mail_address, "mail address",
                         "The sender's contact in bounces; should reach a person."),
                    "postmaster@ and the host name"));
  k.push_back(number("server", "io_threads", AT(Config, server.io_threads), 0, 256,
                     "Threads that serve connections; 0: one for each processor."));
  k.push_back(number("server", "worker_threads", AT(Config, server.worker_threads), 0, 1024,
                     "Threads for what has to wait (disk, passwords); 0: four for each processor, at least 64."));
  k.push_back(shown(
      addresses("server", "bind", AT(Config, server.bind), "Addresses of the listeners that name none of their own."),
      "all addresses"));
  k.push_back(number("server", "port_offset", AT(Config, server.port_offset), 0, 60000,
                     "Added to the port of every listener: a second or a demonstration server beside the real one."));
  k.push_back(flag(
      "server", "default_listeners", AT(Config, server.default_listeners),
      "Whether the listeners of the table below are opened. One of them alone is closed by `audience = \"off\"`."));
}

void add_networks(Keys& k) {
  k.push_back(networks("networks", "trusted", AT(Config, networks.trusted),
                       "Networks of the audience `trusted`: offices, devices."));
  k.push_back(networks("networks", "vpn", AT(Config, networks.vpn), "Networks of the audience `vpn`."));
  k.push_back(networks("networks", "admin", AT(Config, networks.admin),
                       "Networks of the audience `admin`: monitoring, administrators."));
}

void add_tls(Keys& k) {
  k.push_back(
      words("tls", "min_version", AT(Config, tls.min_version), kTlsVersions, "The oldest TLS version that is spoken."));
  k.push_back(shown(text("tls", "ciphers", AT(Config, tls.ciphers), 1000, any_text, "OpenSSL cipher list",
                         "Ciphers of TLS 1.2. Needed only for very old or very strict surroundings."),
                    "forward secrecy with AES-GCM or ChaCha20"));
  k.push_back(duration("tls", "handshake_timeout", AT(Config, tls.handshake_timeout), seconds(1), minutes(5),
                       "A handshake that takes longer is dropped."));
}

void add_limits(Keys& k) {
  constexpr std::string_view s = "limits";
  k.push_back(number(s, "connections", AT(Config, limits.connections), 1, kMany,
                     "Connections of the whole daemon at one time."));
  k.push_back(number(s, "connections_per_address", AT(Config, limits.connections_per_address), 1, kMany,
                     "Connections of one address at one time; of one /64 for IPv6."));
  k.push_back(number(s, "connections_per_account", AT(Config, limits.connections_per_account), 1, kMany,
                     "Connections signed in to one account at one time, counted for each service."));
  k.push_back(number(s, "connections_per_minute", AT(Config, limits.connections_per_minute), 0, kMany,
                     "New connections of one address in a minute; 0: no limit. A listener may have its own."));
  k.push_back(networks(s, "unlimited", AT(Config, limits.unlimited),
                       "Networks the limits by address do not count: relays, monitoring, web mail."));
  k.push_back(octets(s, "message_size", AT(Config, limits.message_octets), 64 * kKiB, 2 * kGiB,
                     "The largest message that is taken, by SMTP or IMAP."));
  k.push_back(octets(s, "header_size", AT(Config, limits.header_octets), 16 * kKiB, 16 * kMiB,
                     "The largest header of a message."));
  k.push_back(number(s, "recipients", AT(Config, limits.recipients), 100, 100'000,
                     "Recipients of one message (RFC 5321 4.5.3.1.8 asks for 100 at least)."));
  k.push_back(number(s, "bad_commands", AT(Config, limits.bad_commands), 1, 10'000,
                     "Commands that failed, of one connection, before it is closed."));
  k.push_back(number(s, "messages_per_connection", AT(Config, limits.messages_per_connection), 1, kMany,
                     "Messages of one SMTP connection."));
  k.push_back(number(s, "messages_per_minute_per_address", AT(Config, limits.messages_per_minute_per_address), 0, kMany,
                     "Messages of one address without sign-in; 0: no limit."));
  k.push_back(number(s, "messages_per_minute_per_account", AT(Config, limits.messages_per_minute_per_account), 0, kMany,
                     "Messages one account submits; 0: no limit. Bounds the harm of a stolen password."));
  k.push_back(number(s, "recipients_per_hour_per_account", AT(Config, limits.recipients_per_hour_per_account), 0, kMany,
                     "Recipients of the messages one account submits; 0: no limit."));
  k.push_back(duration(s, "greeting_timeout", AT(Config, limits.greeting_timeout), seconds(5), minutes(10),
                       "From the greeting to the first command."));
  k.push_back(duration(s, "sign_in_timeout", AT(Config, limits.sign_in_timeout), seconds(10), minutes(30),
                       "IMAP and POP3: until the client has signed in."));
  k.push_back(duration(s, "command_timeout", AT(Config, limits.command_timeout), seconds(30), hours(1),
                       "SMTP: between two commands (RFC 5321 4.5.3.2.7 asks for 5 minutes)."));
  k.push_back(duration(s, "data_timeout", AT(Config, limits.data_timeout), seconds(30), hours(1),
                       "While a message or literal is on its way: between two pieces of it, in either direction."));
}

void add_store(Keys& k) {
  k.push_back(words("store", "engine", AT(Config, store.engine), kEngines,
                    "`memory` forgets everything when the daemon stops: tests only."));
  k.push_back(octets("store", "cache", AT(Config, store.cache_octets), kMiB, kTiB, "Memory for what is read often."));
  k.push_back(number("store", "compression_level", AT(Config, store.compression_level), 0, 19,
                     "zstd level of stored messages; 0: none."));
  k.push_back(
      number("store", "disk_reserve_percent", AT(Config, store.disk_reserve_percent), 0, 50,
             "With less of the disk free, new mail is refused for the time being; reading and deleting go on."));
  k.push_back(octets("store", "disk_reserve", AT(Config, store.disk_reserve_octets), 0, kTiB,
                     "The same as a size; the smaller of the two counts."));
  k.push_back(duration("store", "collect_after", AT(Config, store.collect_after), hours(1), days(365),
                       "A message that no account holds any more is removed from the disk after this time."));
  k.push_back(duration("store", "keep_vanished", AT(Config, store.keep_vanished), days(1), days(3650),
                       "How long the daemon remembers what was expunged, so that clients that were away learn it "
                       "without reading all (QRESYNC)."));
  k.push_back(duration("store", "keep_removed", AT(Config, store.keep_removed), seconds(0), days(3650),
                       "How long messages that users removed can be brought back (`gatepost account removed`, `account "
                       "restore`); 0: not at all."));
  k.push_back(octets("store", "recoverable_quota", AT(Config, store.recoverable_quota), 0, kTiB * 1024,
                     "What an account may have of them, beside its quota; beyond, the oldest go. 0: no limit."));
}

void add_search(Keys& k) {
  k.push_back(flag("search", "index", AT(Config, search.index),
                   "Whether an index of all words is kept beside the mail, in the directory `search` of the data "
                   "directory. Without it every search reads the messages; what is found is the same."));
  k.push_back(number("search", "threads", AT(Config, search.threads), 1, 16,
                     "Threads that index, of the lowest priority. One keeps up with the deliveries of a server; more "
                     "make the first indexing of many accounts faster."));
  k.push_back(octets("search", "memory", AT(Config, search.memory_octets), kMiB, 4 * kGiB,
                     "Of each such thread, while it indexes. More makes fewer and larger steps of a first indexing."));
  k.push_back(number("search", "messages_per_second", AT(Config, search.messages_per_second), 0, kMany,
                     "At most so many messages are indexed a second by each thread, to spare a slow disk; 0: no "
                     "limit."));
}

void add_auth(Keys& k) {
  constexpr std::string_view s = "auth";
  Key<Config> phrase;
  phrase.section = s;
  phrase.name = "allow_sign_in_without_tls";
  phrase.type = fmt::format("\"no\", or the sentence \"{}\"", kSignInWithoutTls);
  phrase.meaning = "Passwords travel readable for everybody on the path. Off whatever the address of the client.";
  phrase.set = [](Config& c, const Value& v, const std::filesystem::path&) -> Refusal {
    if (const auto* off = std::get_if<bool>(&v.data); off != nullptr && !*off) return sign_in_phrase(c.auth, "no");
    const auto* text = std::get_if<std::string>(&v.data);
    return sign_in_phrase(c.auth, text == nullptr ? "true" : *text);
  };
  phrase.show = [](Config& c) { return in_quotes(c.auth.allow_sign_in_without_tls ? kSignInWithoutTls : "no"); };
  k.push_back(std::move(phrase));
  k.push_back(list<Config, std::string>(s, "mechanisms", AT(Config, auth.mechanisms), take_mechanism, write_text, 1,
                                        "\"PLAIN\", \"SCRAM-SHA-256\"", "list of SASL mechanisms",
                                        "What clients may sign in with, in the order it is offered."));
  k.push_back(number(s, "argon2_memory_kib", AT(Config, auth.argon2_memory_kib), 8192, 4 << 20,
                     "Memory of one password check; applies to passwords set from now on."));
  k.push_back(number(s, "argon2_iterations", AT(Config, auth.argon2_iterations), 1, 100,
                     "Rounds of one password check; applies to passwords set from now on."));
  k.push_back(number(s, "parallel_hashes", AT(Config, auth.parallel_hashes), 1, 256,
                     "Password checks at one time; further ones wait. Each costs argon2_memory_kib."));
  k.push_back(number(s, "scram_iterations", AT(Config, auth.scram_iterations), 4096, 10'000'000,
                     "Of SCRAM verifiers; applies to passwords set from now on."));
  k.push_back(
      number(s, "failures", AT(Config, auth.failures), 1, 100'000,
             "Different wrong passwords for one account from one address before the pair is refused for a while."));
  k.push_back(number(s, "address_failures", AT(Config, auth.address_failures), 1, kMany,
                     "Wrong passwords of one address over all accounts."));
  k.push_back(duration(s, "failure_window", AT(Config, auth.failure_window), seconds(10), days(1),
                       "The time in which failures are counted."));
  k.push_back(duration(s, "ban", AT(Config, auth.ban), seconds(1), days(30), "How long sign-ins are refused then."));
}

void add_smtp(Keys& k) {
  k.push_back(text("smtp", "banner", AT(Config, smtp.banner), 200, greeting_text, "text",
                   "Follows the host name in the greeting."));
  k.push_back(words("smtp", "bare_line_ends", AT(Config, smtp.bare_line_ends), kLineEnds,
                    "What happens to a message with CR or LF alone: refused, or stored with CRLF. It is never passed "
                    "on as it is, and never ends the message."));
  k.push_back(flag("smtp", "require_tls", AT(Config, smtp.require_tls),
                   "Service `smtp` takes mail only after STARTTLS. RFC 3207 4 forbids that for a server the whole "
                   "internet sends to."));
  k.push_back(text("smtp", "recipient_delimiter", AT(Config, smtp.recipient_delimiter), 1, delimiter, "one character",
                   "anna+lists@ is delivered to anna@; `\"\"` switches it off."));
  k.push_back(number("smtp", "max_received", AT(Config, smtp.max_received), 10, 1000,
                     "A message with more Received fields runs in a circle and is refused."));
}

void add_mailflow(Keys& k) {
  constexpr std::string_view s = "mailflow";
  k.push_back(shown(text(s, "helo_name", AT(Config, mailflow.helo_name), 253, host_name, "host name",
                         "The name outgoing connections give."),
                    "the host name"));
  k.push_back(
      number(s, "port", AT(Config, mailflow.port), 1, 65535, "The port of the mail exchangers of other domains."));
  k.push_back(
      words(s, "tls", AT(Config, mailflow.tls), kOutgoingTls,
            "To mail exchangers: TLS never, when offered, or always (mail that cannot have it waits and bounces)."));
  k.push_back(
      shown(list<Config, IpAddress>(s, "source_addresses", AT(Config, mailflow.source_addresses), take_source,
                                    write_address, 0, "\"192.0.2.1\"", "list of addresses",
                                    "Where outgoing connections leave from; the one of the right family is taken."),
            "the system's choice"));
  k.push_back(list<Config, seconds>(s, "retry_schedule", AT(Config, mailflow.retry_schedule), take_wait, write_wait, 1,
                                    "\"5 min\", \"1 h\"", "list of durations, 1 s to 7 days",
                                    "Waits after the first, second, ... failed try; the last one repeats."));
  k.push_back(duration(s, "queue_lifetime", AT(Config, mailflow.queue_lifetime), hours(1), days(30),
                       "Then the sender gets the message back (RFC 5321 4.5.4.1: 4 to 5 days)."));
  k.push_back(duration(s, "bounce_lifetime", AT(Config, mailflow.bounce_lifetime), hours(1), days(30),
                       "The same for bounces, which have nobody to go back to."));
  k.push_back(duration(s, "delay_warning", AT(Config, mailflow.delay_warning), seconds(0), days(30),
                       "After this the sender is told that the message is late; 0: never."));
  k.push_back(
      number(s, "max_concurrent", AT(Config, mailflow.max_concurrent), 1, 10'000, "Outgoing connections at one time."));
  k.push_back(number(s, "max_concurrent_per_destination", AT(Config, mailflow.max_concurrent_per_destination), 1, 1000,
                     "Outgoing connections to one domain at one time."));
  k.push_back(number(s, "messages_per_connection", AT(Config, mailflow.messages_per_connection), 1, 10'000,
                     "Messages sent over one outgoing connection."));
  k.push_back(duration(s, "connect_timeout", AT(Config, mailflow.connect_timeout), seconds(1), minutes(10),
                       "For reaching one address of the other side."));
  k.push_back(duration(s, "command_timeout", AT(Config, mailflow.command_timeout), seconds(10), hours(1),
                       "For the reply to a command (RFC 5321 4.5.3.2: 5 minutes)."));
  k.push_back(duration(s, "data_timeout", AT(Config, mailflow.data_timeout), seconds(10), hours(1),
                       "For the reply after the message (RFC 5321 4.5.3.2.6: 10 minutes). Shorter means duplicates."));
}

void add_imap_pop3(Keys& k) {
  k.push_back(duration("imap", "idle_timeout", AT(Config, imap.idle_timeout), minutes(1), days(1),
                       "Signed in and silent (RFC 9051 5.4 asks for 30 minutes at least)."));
  k.push_back(duration("imap", "idle_refresh", AT(Config, imap.idle_refresh), seconds(0), hours(1),
                       "A sign of life during IDLE, which keeps routers from forgetting the connection; 0: none."));
  k.push_back(octets("imap", "command_size", AT(Config, imap.command_octets), 8 * kKiB, 16 * kMiB,
                     "The longest command, message data aside."));
  k.push_back(octets("imap", "literal_size", AT(Config, imap.literal_octets), 4 * kKiB, 16 * kMiB,
                     "The longest literal that is no message: folder names, search texts."));
  k.push_back(
      flag("imap", "small_literals", AT(Config, imap.small_literals),
           "Clients ask before they send a literal above 4 KiB: LITERAL- is announced in place of LITERAL+ (RFC "
           "7888), and one that comes unasked is refused."));
  k.push_back(
      number("imap", "message_limit", AT(Config, imap.message_limit), 0, kMany,
             "Messages that one command works on at most (RFC 9738, MESSAGELIMIT); 0: any number. Programs that do "
             "not know of it see no more than so many of a large folder's newest messages."));
  k.push_back(duration("pop3", "idle_timeout", AT(Config, pop3.idle_timeout), minutes(1), days(1),
                       "Silent for so long (RFC 1939 3 asks for 10 minutes at least)."));
  k.push_back(duration("pop3", "login_delay", AT(Config, pop3.login_delay), seconds(0), days(1),
                       "Between two sign-ins of one account; 0: none (RFC 2449 6.5)."));
  Key<Config> expire;
  expire.section = "pop3";
  expire.name = "expire_days";
  expire.type = "\"never\", or a number, 0 to 3650";
  expire.meaning = "What EXPIRE announces (RFC 2449 6.7): for how many days the site keeps mail on the server.";
  expire.set = [](Config& c, const Value& v, const std::filesystem::path&) -> Refusal {
    const auto* n = std::get_if<std::int64_t>(&v.data);
    const auto* text = std::get_if<std::string>(&v.data);
    if (text != nullptr && *text == "never") {
      c.pop3.expire_days.reset();
    } else if (n != nullptr && *n >= 0 && *n <= 3650) {
      c.pop3.expire_days = static_cast<std::uint32_t>(*n);
    } else {
      return wrong_type("\"never\" or a number of days from 0 to 3650");
    }
    return std::nullopt;
  };
  expire.show = [](Config& c) { return c.pop3.expire_days ? std::to_string(*c.pop3.expire_days) : in_quotes("never"); };
  k.push_back(std::move(expire));
}

void add_rest(Keys& k) {
  k.push_back(octets("quota", "storage", AT(Config, quota.storage_octets), 0, kTiB * 1024,
                     "What an account may hold; 0: no limit."));
  k.push_back(number("quota", "messages", AT(Config, quota.messages), 0, 1'000'000'000'000,
                     "How many messages an account may hold; 0: no limit."));
  k.push_back(networks("proxy_protocol", "trusted", AT(Config, proxy_protocol.trusted),
                       "Proxies and load balancers that may say for whom they connect. Needed for listeners with "
                       "`proxy_protocol = true`."));
  k.push_back(networks("bans", "never", AT(Config, bans.never),
                       "Networks that are never banned after wrong passwords: the offices, the monitoring."));
  k.push_back(shown(list<Config, Endpoint>("dns", "servers", AT(Config, dns.servers), take_name_server, write_endpoint,
                                           0, "\"192.0.2.53\", \"[2001:db8::53]:5353\"", "list of addresses",
                                           "Name servers that are asked."),
                    "those of /etc/resolv.conf"));
  k.push_back(
      duration("dns", "timeout", AT(Config, dns.timeout), seconds(1), minutes(5), "Of one look-up, retries included."));
  k.push_back(
      number("dns", "cache_entries", AT(Config, dns.cache_entries), 100, kMany * 10, "Answers that are remembered."));
  k.push_back(words("log", "level", AT(Config, log.level), kLevels, "The lowest level that is written."));
  k.push_back(text("log", "target", AT(Config, log.target), 4095, log_target, "\"stderr\" or a path",
                   "Under systemd stderr goes to the journal. A file is opened anew at each reload, for logrotate."));
}

}  // namespace

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (std::string_view label : ascii::split(name, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    for (char c : label) {
      if (!ascii::is_alnum(c) && c != '-') return false;
    }
  }
  return true;
}

void add_gate(Keys& k) {
  k.push_back(words("gate", "scope", AT(Config, gate.scope), kScopes,
                    "`own-ports`: the rules judge the listeners' ports and leave all others alone. `host`: what is not "
                    "allowed is dropped, on every port."));
  k.push_back(ports("gate", "management_ports", AT(Config, gate.management_ports),
                    "TCP ports that stay open to `admin` of [networks] with the scope `host`."));
  k.push_back(flag("gate", "egress", AT(Config, gate.egress),
                   "Whether processes of `user` may connect only to what the configuration needs: DNS, other mail "
                   "servers, and `egress_ports`."));
  k.push_back(ports("gate", "egress_ports", AT(Config, gate.egress_ports), "More TCP ports they may connect to."));
  k.push_back(number("gate", "log_group", AT(Config, gate.log_group), 0, 65535,
                     "Refused packets are copied to this NFLOG group; 0: to the kernel log."));
  k.push_back(path("gate", "state_dir", AT(Config, gate.state_dir),
                   "Where the last 20 revisions of the rules are kept. Nobody but root may write there."));
}

const std::vector<Section>& sections() {
  static const std::vector<Section> all = {
      {"server", "[server]", "Who and where the server is. The first two keys are the only ones without a default."},
      {"networks", "[networks]", "The audiences a listener can name."},
      {"networks.group", "[[networks.group]]", "Networks that belong together, to be named in `groups` of a listener."},
      {"tls", "[tls]", "TLS on all listeners."},
      {"tls.certificate", "[[tls.certificate]]",
       "One table for each certificate; the first one serves clients that name no host. Read again at each reload."},
      {"listener.NAME", "[listener.NAME]",
       "One table for each port. NAME is yours: small letters, digits, hyphens. A table with the name of a default "
       "listener changes only what it says."},
      {"limits", "[limits]",
       "What one client, one account and all of them together may use. Temporary refusals, never lost mail."},
      {"store", "[store]", "Where mail is kept."},
      {"search", "[search]", "The index that makes searches fast."},
      {"auth", "[auth]", "Passwords and sign-in."},
      {"smtp", "[smtp]", "Mail that comes in by SMTP, from other servers and from users."},
      {"mailflow", "[mailflow]", "The queue and mail that goes out."},
      {"mailflow.smart_host", "[mailflow.smart_host]",
       "When this table is there, all outgoing mail goes to that one server."},
      {"imap", "[imap]", "IMAP."},
      {"imap.client", "[[imap.client]]",
       "One table for each mail program that needs something else than all others; it is known by what it says of "
       "itself (ID, RFC 2971), which `gatepost status` lists. The first table that fits counts."},
      {"pop3", "[pop3]", "POP3."},
      {"quota", "[quota]", "For accounts that have no limit of their own."},
      {"proxy_protocol", "[proxy_protocol]", "Behind a load balancer."},
      {"bans", "[bans]", "Exceptions from bans."},
      {"gate", "[gate]", "What `gatepost gate` puts into the firewall (docs/gate.md)."},
      {"gate.exception", "[[gate.exception]]",
       "Networks that may connect to one listener until a day; daemon and firewall forget them then."},
      {"dns", "[dns]", "Name look-ups."},
      {"log", "[log]", "The log."},
  };
  return all;
}

const std::vector<Key<Config>>& config_keys() {
  static const Keys all = [] {
    Keys k;
    add_server(k);
    add_networks(k);
    add_tls(k);
    add_limits(k);
    add_store(k);
    add_search(k);
    add_auth(k);
    add_smtp(k);
    add_mailflow(k);
    add_imap_pop3(k);
    add_rest(k);
    add_gate(k);
    return k;
  }();
  return all;
}

const std::vector<Key<Listener>>& listener_keys() {
  static const std::vector<Key<Listener>> all = [] {
    constexpr std::string_view s = "listener.NAME";
    std::vector<Key<Listener>> k;
    k.push_back(required(words(s, "service", AT(Listener, service), kServices, "What is spoken there.")));
    k.push_back(required(number(s, "port", AT(Listener, port), 1, 65535, "The TCP port, before `port_offset`.")));
    k.push_back(shown(addresses(s, "address", AT(Listener, addresses), "Where it listens."), "`bind` of [server]"));
    k.push_back(words(s, "tls", AT(Listener, tls), kTlsModes,
                      "None, by STARTTLS (STLS in POP3), or from the first octet. Nobody signs in before it."));
    k.push_back(words(s, "audience", AT(Listener, audience), kAudiences,
                      "Who may connect; others are closed without a greeting. `trusted`, `vpn` and `admin` stand for "
                      "the lists in [networks], `named` for what this listener itself names."));
    k.push_back(networks(s, "networks", AT(Listener, networks), "More networks that may connect."));
    k.push_back(flag(s, "proxy_protocol", AT(Listener, proxy_protocol),
                     "Connections start with the PROXY protocol, version 1 or 2, and come only from the proxies in "
                     "[proxy_protocol]."));
    k.push_back(number(s, "max_connections", AT(Listener, max_connections), 0, kMany,
                       "Connections at one time; 0: only those of [limits]."));
    k.push_back(number(s, "connections_per_minute", AT(Listener, connections_per_minute), 0, kMany,
                       "New connections of one address in a minute; 0: that of [limits]."));
    k.push_back(list<Listener, std::string>(s, "groups", AT(Listener, groups), take_group_name, write_text, 0,
                                            "\"filter-service\"", "list of names",
                                            "[[networks.group]]s that may connect, too."));
    k.push_back(words(s, "log", AT(Listener, log), kGateLogs,
                      "What the firewall logs there: refused packets, also new connections, or nothing."));
    k.push_back(text(s, "reason", AT(Listener, reason), 300, any_text, "text", "Why it is open, in one sentence."));
    k.push_back(text(s, "owner", AT(Listener, owner), 100, any_text, "text", "Who answers for it being open."));
    k.push_back(day(s, "review_by", AT(Listener, review_by),
                    "When somebody should ask again whether it is needed; `gatepost gate audit` reminds."));
    return k;
  }();
  return all;
}

const std::vector<Key<Certificate>>& certificate_keys() {
  static const std::vector<Key<Certificate>> all = [] {
    constexpr std::string_view s = "tls.certificate";
    std::vector<Key<Certificate>> k;
    k.push_back(
        required(path(s, "cert", AT(Certificate, cert), "PEM file: the certificate, then those of its issuers.")));
    k.push_back(required(
        path(s, "key", AT(Certificate, key), "PEM file: the private key. It should be readable for root alone.")));
    k.push_back(shown(list<Certificate, std::string>(s, "names", AT(Certificate, names), take_served_name, write_text,
                                                     0, "\"mail.example.org\", \"*.example.net\"", "list of host names",
                                                     "Clients that ask for these names get it."),
                      "those in the certificate"));
    return k;
  }();
  return all;
}

const std::vector<Key<SmartHost>>& smart_host_keys() {
  static const std::vector<Key<SmartHost>> all = [] {
    constexpr std::string_view s = "mailflow.smart_host";
    std::vector<Key<SmartHost>> k;
    k.push_back(
        required(text(s, "host", AT(SmartHost, host), 253, host_or_address, "host name or address", "The server.")));
    k.push_back(number(s, "port", AT(SmartHost, port), 1, 65535, "Its port."));
    k.push_back(words(s, "tls", AT(SmartHost, tls), kTlsModes,
                      "STARTTLS (587, 25) or from the first octet (465); its certificate is verified."));
    k.push_back(text(s, "username", AT(SmartHost, username), 320, any_text, "text", "For sign-in; `\"\"`: none."));
    k.push_back(
        shown(path(s, "password_file", AT(SmartHost, password_file), "The first line of this file is the password."),
              "none"));
    return k;
  }();
  return all;
}

const std::vector<Key<ImapClient>>& imap_client_keys() {
  static const std::vector<Key<ImapClient>> all = [] {
    constexpr std::string_view s = "imap.client";
    std::vector<Key<ImapClient>> k;
    k.push_back(required(
        text(s, "name", AT(ImapClient, name), 100, not_empty, "text", "Part of the name it says, in any case.")));
    k.push_back(text(s, "version", AT(ImapClient, version), 100, any_text, "text",
                     "What its version begins with; `\"\"`: any."));
    k.push_back(list<ImapClient, std::string>(s, "hide", AT(ImapClient, hide), take_capability, write_text, 0,
                                              "\"QRESYNC\", \"COMPRESS=DEFLATE\"", "list of capabilities",
                                              "These are not announced to it."));
    k.push_back(list<ImapClient, std::string>(
        s, "quirks", AT(ImapClient, quirks), take_quirk, write_text, 0, "\"delay_new_mail\"", "list of names",
        "`delay_new_mail`: new mail is told in answer to NOOP, CHECK and IDLE alone, for programs that stumble over it "
        "elsewhere (Outlook Express, Outlook 2003)."));
    k.push_back(required(text(s, "reason", AT(ImapClient, reason), 300, not_empty, "text", "Why, in one sentence.")));
    return k;
  }();
  return all;
}

const std::vector<Key<NetworkGroup>>& network_group_keys() {
  static const std::vector<Key<NetworkGroup>> all = [] {
    constexpr std::string_view s = "networks.group";
    std::vector<Key<NetworkGroup>> k;
    k.push_back(required(text(s, "name", AT(NetworkGroup, name), 32, group_name, "text", "What listeners call it.")));
    k.push_back(networks(s, "networks", AT(NetworkGroup, networks), "Its networks."));
    k.push_back(text(s, "file", AT(NetworkGroup, file), 4095, any_text, "absolute path",
                     "More of them, one a line; read again at each reload."));
    k.push_back(text(s, "source", AT(NetworkGroup, source), 300, any_text, "text", "Where the list comes from."));
    return k;
  }();
  return all;
}

const std::vector<Key<Exception>>& exception_keys() {
  static const std::vector<Key<Exception>> all = [] {
    constexpr std::string_view s = "gate.exception";
    std::vector<Key<Exception>> k;
    k.push_back(required(text(s, "listener", AT(Exception, listener), 32, not_empty, "text", "The listener's name.")));
    k.push_back(required(networks(s, "networks", AT(Exception, networks), "Who may connect.")));
    k.push_back(required(day(s, "until", AT(Exception, until), "The last day (UTC).")));
    k.push_back(required(text(s, "reason", AT(Exception, reason), 300, not_empty, "text", "Why, in one sentence.")));
    k.push_back(text(s, "owner", AT(Exception, owner), 100, any_text, "text", "Who asked for it."));
    return k;
  }();
  return all;
}

std::optional<TimePoint> parse_day(std::string_view text) {
  if (text.size() != 10) return date::parse_rfc3339(text);
  const auto midnight = date::parse_rfc3339(std::string(text) + "T00:00:00Z");
  if (!midnight) return std::nullopt;
  return *midnight + std::chrono::days(1);
}

std::optional<Complaint> read_networks(std::string_view text, std::vector<Network>& out) {
  constexpr std::size_t kMaxNetworks = 100'000;
  std::size_t number = 0;
  for (std::string_view line : ascii::split(text, '\n')) {
    ++number;
    line = ascii::trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const auto network = Network::parse(line);
    if (!network) {
      return Complaint{fmt::format("line {}: {} is no network", number, in_quotes(line)), "",
                       "Write one network a line, such as 192.0.2.0/24."};
    }
    if (out.size() >= kMaxNetworks) return Complaint{"holds more than 100,000 networks", "", "Take a shorter list."};
    out.push_back(*network);
  }
  return std::nullopt;
}

#undef AT

}  // namespace gatepost::config
