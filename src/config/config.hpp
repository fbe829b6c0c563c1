#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "base/log.hpp"
#include "config/acme.hpp"
#include "config/kerberos.hpp"
#include "config/listeners.hpp"
#include "config/oauth.hpp"
#include "config/outside.hpp"

// The whole configuration of the daemon, as plain values: parsed and checked once (load.hpp), then swapped whole.
// Defaults are those of a file that names only the host name and the data directory. Every key is described in
// keys.cpp, which also makes docs/configuration.md.
namespace gatepost::config {

using std::chrono::seconds;

// [server]
struct Server {
  std::string hostname;  // fully qualified: greetings, Received, certificates
  std::filesystem::path data_dir;
  std::string user = "gatepost";     // what root becomes after binding; not used when not started as root
  std::string postmaster;            // address in bounces; default "postmaster@" + hostname
  std::uint32_t io_threads = 0;      // 0: one for each processor
  std::uint32_t worker_threads = 0;  // 0: four for each processor
  std::vector<IpAddress> bind;       // of listeners without `address`; default 0.0.0.0 and ::
  std::uint16_t port_offset = 0;     // added to the port of every listener
  bool default_listeners = true;     // the listeners of listeners.hpp, unless a file names its own of that name
  bool operator==(const Server&) const = default;
};

// [[tls.certificate]]
struct Certificate {
  std::filesystem::path cert;      // PEM, leaf first, then the chain
  std::filesystem::path key;       // PEM
  std::vector<std::string> names;  // served for these SNI names ("*.example.org" allowed); default: those in it
  bool operator==(const Certificate&) const = default;
};

// [tls]
enum class TlsVersion : std::uint8_t { v1_2, v1_3 };
struct Tls {
  TlsVersion min_version = TlsVersion::v1_2;
  std::string ciphers;  // OpenSSL cipher list for TLS 1.2; empty: the built-in list
  seconds handshake_timeout{30};
  std::vector<Certificate> certificates;  // the first serves clients that name no known host
  std::filesystem::path client_ca_file;   // who signs certificates of clients (PEM, with CRLs); empty: nobody
  bool self_signed = false;               // where nothing else serves the host name: by an authority of our own
  bool operator==(const Tls&) const = default;
};

// [limits]
struct Limits {
  std::uint32_t connections = 20'000;           // of the whole daemon
  std::uint32_t connections_per_address = 200;  // at one time; IPv6: per /64
  std::uint32_t connections_per_account = 100;  // signed in, at one time, per service
  std::uint32_t connections_per_minute = 0;     // new ones per address; 0: no limit
  std::vector<Network> unlimited;               // addresses the three address limits do not count
  std::uint64_t message_octets = 50ULL << 20;   // SIZE, APPENDLIMIT
  std::uint64_t header_octets = 1ULL << 20;     // of one message
  std::uint32_t recipients = 1000;              // of one message (RFC 5321 4.5.3.1.8 asks for at least 100)
  std::uint32_t bad_commands = 20;              // of one connection, before it is closed
  std::uint32_t messages_per_connection = 1000;
  std::uint32_t messages_per_minute_per_address = 300;   // from strangers; 0: no limit
  std::uint32_t messages_per_minute_per_account = 120;   // submitted; 0: no limit
  std::uint32_t recipients_per_hour_per_account = 5000;  // submitted; 0: no limit
  seconds greeting_timeout{60};                          // until the first command
  seconds sign_in_timeout{180};                          // IMAP, POP3: until signed in
  seconds command_timeout{300};                          // SMTP: between commands (RFC 5321 4.5.3.2.7)
  seconds data_timeout{300};  // message data or a literal: between two reads or writes (4.5.3.2.5)
  bool operator==(const Limits&) const = default;
};

// [store]
struct Store {
  enum class Engine : std::uint8_t { rocksdb, memory };
  Engine engine = Engine::rocksdb;
  std::uint64_t cache_octets = 64ULL << 20;
  std::uint32_t compression_level = 1;     // zstd; 0: bodies are stored as they are
  std::uint32_t disk_reserve_percent = 5;  // below the smaller of the two reserves new mail is refused
  std::uint64_t disk_reserve_octets = 1ULL << 30;
  std::chrono::hours collect_after{24};           // unreferenced bodies are removed after this
  std::chrono::hours keep_vanished{24 * 90};      // expunge records (QRESYNC) are kept at least so long
  std::chrono::hours keep_removed{24 * 14};       // removed messages can be brought back so long; 0: not at all
  std::uint64_t recoverable_quota = 30ULL << 30;  // what an account may have of them; 0: no limit
  bool people_purge_removed = false;              // whether its owner may drop them for good
  bool operator==(const Store&) const = default;
};

// [search]
struct Search {
  bool index = true;
  std::uint32_t threads = 1;
  std::uint64_t memory_octets = 64ULL << 20;      // of each thread
  std::uint32_t messages_per_second = 0;          // of each thread; 0: no limit
  std::filesystem::path converter;                // socket of gatepost-text-agent; "": attachments are not searched
  std::uint32_t attachment_threads = 1;           // that ask it
  std::uint64_t attachment_octets = 32ULL << 20;  // larger ones are left
  bool operator==(const Search&) const = default;
};

// [auth]
struct Auth {
  bool allow_sign_in_without_tls = false;      // in the file only by the sentence kSignInWithoutTls
  std::vector<std::string> mechanisms;         // SASL, as advertised; default: all of keys.cpp's list
  std::uint32_t argon2_memory_kib = 64 << 10;  // of one password check
  std::uint32_t argon2_iterations = 3;
  std::uint32_t parallel_hashes = 2;      // password checks at one time; further ones wait
  std::uint32_t scram_iterations = 4096;  // RFC 7677 4: at least 4096
  std::uint32_t failures = 10;            // distinct wrong passwords of one account from one address ...
  seconds failure_window{600};            // ... within this time ...
  seconds ban{900};                       // ... refuse that pair for so long
  std::uint32_t address_failures = 100;   // failures of one address over all accounts
  std::uint32_t min_password_characters = 8;
  bool refuse_common_passwords = true;
  std::filesystem::path refused_passwords_file;     // more that are refused, one a line
  std::uint32_t password_history = 0;               // so many replaced ones are not taken again
  seconds password_max_age{0};                      // 0: passwords do not expire
  seconds password_warning{std::chrono::days(14)};  // before they do
  std::vector<std::string> require_second_factor;   // roles, or "everybody"; empty: nobody has to have one
  std::uint32_t remember_former_days = 30;          // how long a replaced password is told from a guess; 0: not
  bool operator==(const Auth&) const = default;
};
inline constexpr std::string_view kSignInWithoutTls = "yes, send passwords in clear";

// [smtp]: the server side
struct Smtp {
  enum class LineEnds : std::uint8_t { refuse, normalise };
  std::string banner = "ESMTP Gatepost";       // after the host name, in the greeting
  LineEnds bare_line_ends = LineEnds::refuse;  // a CR or LF alone in message data
  bool require_tls = false;               // service smtp: no MAIL before STARTTLS (RFC 3207 4 forbids it for public MX)
  std::string recipient_delimiter = "+";  // empty: off
  std::uint32_t max_received = 50;        // Received fields; more is a loop (RFC 5321 6.3)
  bool foreign_from = true;               // who signed in may write From addresses of domains that are not served here
  bool operator==(const Smtp&) const = default;
};

// [mailflow.smart_host]
struct SmartHost {
  std::string host;
  std::uint16_t port = 587;
  TlsMode tls = TlsMode::starttls;      // starttls and implicit verify the certificate
  std::string username;                 // empty: no sign-in
  std::filesystem::path password_file;  // first line
  bool operator==(const SmartHost&) const = default;
};

// [mailflow]: the queue and outgoing mail
struct Mailflow {
  enum class OutgoingTls : std::uint8_t { none, opportunistic, required };
  std::optional<SmartHost> smart_host;           // all outgoing mail goes there; else to the MX of each domain
  std::string helo_name;                         // default: server.hostname
  std::uint16_t port = 25;                       // of MX hosts
  OutgoingTls tls = OutgoingTls::opportunistic;  // to MX hosts
  std::vector<IpAddress> source_addresses;  // outgoing connections leave from the one of the right family; default: any
  std::vector<seconds> retry_schedule;      // waits after each failed try; the last one repeats
  std::chrono::hours queue_lifetime{24 * 5};   // then the sender gets a bounce (RFC 5321 4.5.4.1: 4 to 5 days)
  std::chrono::hours bounce_lifetime{24 * 2};  // of messages with an empty return path
  std::chrono::hours delay_warning{4};         // the sender is told of a delay after this; 0: never
  std::uint32_t max_concurrent = 100;          // outgoing connections
  std::uint32_t max_concurrent_per_destination = 10;
  std::uint32_t messages_per_connection = 100;
  seconds connect_timeout{30};
  seconds command_timeout{300};  // waiting for a reply
  seconds data_timeout{600};     // waiting for the reply to the final dot (RFC 5321 4.5.3.2.6)
  // Where people's forwarding and filters may send mail on to outside of this server: domains, or "*".
  std::vector<std::string> forward_outside = {"*"};
  bool operator==(const Mailflow&) const = default;
};

// [[imap.client]]: what is different for programs that say by ID (RFC 2971) to be of this name
struct ImapClient {
  std::string name;                 // part of the name they say, in any case
  std::string version;              // what the version begins with; empty: any
  std::vector<std::string> hide;    // capabilities
  std::vector<std::string> quirks;  // names of keys.cpp
  std::string reason;
  bool operator==(const ImapClient&) const = default;
};
inline constexpr std::string_view kDelayNewMail = "delay_new_mail";

// [imap]
struct Imap {
  seconds idle_timeout{1800};  // signed in and silent (RFC 9051 5.4: at least 30 minutes)
  seconds idle_refresh{120};   // "* OK" while IDLE, so that address translation keeps the path open; 0: never
  std::uint64_t command_octets = 64 << 10;  // of one command line, literals included, message data not
  std::uint64_t literal_octets = 64 << 10;  // of one literal that is not message data
  bool small_literals = false;              // LITERAL- (RFC 7888) in place of LITERAL+
  std::uint32_t message_limit = 0;          // messages that one command takes (RFC 9738); 0: any number
  std::vector<ImapClient> clients;          // the first that matches counts
  std::string recoverable_folder;           // where users find what they removed; empty: nowhere
  bool operator==(const Imap&) const = default;
};

// [pop3]
struct Pop3 {
  seconds idle_timeout{600};                 // RFC 1939 3: at least 10 minutes
  seconds login_delay{0};                    // between two sign-ins of one account (RFC 2449 6.5)
  std::optional<std::uint32_t> expire_days;  // EXPIRE (RFC 2449 6.7); none: NEVER
  bool operator==(const Pop3&) const = default;
};

// [http]: the listeners of the services http and https
struct Http {
  std::uint64_t header_octets = 32 << 10;   // request line and header fields of one request
  std::uint32_t header_fields = 100;        // of one request
  std::uint64_t body_octets = 64ULL << 20;  // content of one request, where the service behind it sets no other limit
  std::uint32_t streams = 100;              // requests of one HTTP/2 connection at one time
  seconds head_timeout{20};                 // for a request's header, once it has begun
  seconds body_timeout{60};                 // between two reads of its content, or two writes of the answer
  seconds idle_timeout{75};                 // a connection without a request
  seconds hsts{365 * 24 * 3600};            // Strict-Transport-Security (RFC 6797 6.1.1); 0: not sent
  bool access_log = true;                   // one line for each request
  std::filesystem::path web_dir;            // files of the web application; empty: none
  seconds session_idle{12 * 3600};          // a browser that is signed in and not used
  seconds session_lasting{30 * 24 * 3600};  // likewise, where somebody asked to stay signed in
  seconds session_longest{90 * 24 * 3600};  // whatever its use
  bool operator==(const Http&) const = default;
};

// [ldap]
struct Ldap {
  // Whom people find: everyone, or those of their own domain. Whoever has a role finds all.
  enum class Sees : std::uint8_t { everyone, own_domain };
  Sees people_see = Sees::everyone;
  bool changes = true;                // people and administrators may change what is theirs to change
  std::uint32_t size_limit = 50'000;  // entries of one search, over all its pages; 0: no limit
  seconds time_limit{60};             // of one search; 0: no limit
  seconds idle_timeout{900};          // signed in and silent
  bool operator==(const Ldap&) const = default;
};

// [quota]: of accounts that have none of their own; 0: no limit
struct Quota {
  std::uint64_t storage_octets = 0;
  std::uint64_t messages = 0;
  bool operator==(const Quota&) const = default;
};

// [proxy_protocol]
struct ProxyProtocol {
  std::vector<Network> trusted;  // only these may name another client address
  bool operator==(const ProxyProtocol&) const = default;
};

// [bans]
struct Bans {
  std::vector<Network> never;     // never banned, never slowed down after failed sign-ins
  std::vector<Network> monitors;  // never banned either: they connect without a word, and mean no harm
  bool automatic = true;          // false: administrators' bans alone
  std::uint32_t points = 100;     // held against an address that are a ban
  seconds half_life{3600};        // after which half of them are forgotten
  std::vector<seconds> lengths = {seconds(900), seconds(3600), seconds(6 * 3600),
                                  seconds(24 * 3600)};  // of the first ban, the second, ...; the last one repeats
  seconds calm{24 * 3600};                              // after a ban; each takes one step back
  std::uint32_t neighbours = 0;                         // so many banned at once in a /24 (IPv6: /48) ban it; 0: never
  bool firewall = true;                                 // put them into the kernel's sets, too, where that is possible
  std::filesystem::path helper = "/run/gatepost-gate-helper/socket";  // of gatepost-gate-helper
  bool operator==(const Bans&) const = default;
};

// [dns]
struct Dns {
  std::vector<Endpoint> servers;  // default: those of /etc/resolv.conf
  seconds timeout{10};            // of one look-up, retries included
  std::uint32_t cache_entries = 10'000;
  bool operator==(const Dns&) const = default;
};

// [maintenance]
struct Maintenance {
  seconds drain_timeout{10};  // for what sessions are in the middle of, when the server stops
  std::string time_zone;      // of the people served, by its name ("Europe/Berlin"); empty: the machine's
  bool operator==(const Maintenance&) const = default;
};

// [log]
struct Logging {
  Level level = Level::info;      // the lowest that is written
  std::string target = "stderr";  // or the absolute path of a file (opened anew at reload)
  bool operator==(const Logging&) const = default;
};

// [gate]: what `gatepost gate` puts into the firewall.
struct Gate {
  // own_ports: rules judge the ports of the listeners alone. host: everything else that comes in is dropped.
  enum class Scope : std::uint8_t { own_ports, host };
  Scope scope = Scope::own_ports;
  std::vector<std::uint16_t> management_ports = {
      22};              // host scope: open to [networks] admin, so that nobody locks himself out
  bool egress = false;  // also limit where processes of [server] user may connect to
  std::vector<std::uint16_t>
      egress_ports;             // TCP ports it may connect to beside those that follow from the rest (25, 53)
  std::uint16_t log_group = 0;  // NFLOG group refused packets are copied to; 0: the kernel log
  std::vector<Exception> exceptions;
  std::filesystem::path state_dir =
      "/var/lib/gatepost-gate";  // revisions and what waits for a confirmation; root's alone
  std::filesystem::path agent = "/run/gatepost-gate-agent/socket";  // of `gatepost gate agent`
  bool operator==(const Gate&) const = default;
};

// [jmap]
struct Jmap {
  std::vector<Network> push_networks;  // beside the public Internet, where push services may be
  std::filesystem::path push_ca_file;  // who may have signed their certificates; empty: the system's
  bool operator==(const Jmap&) const = default;
};

struct Config {
  Server server;
  Networks networks;
  Tls tls;
  Acme acme;
  std::vector<Listener> listeners;
  Limits limits;
  Store store;
  Search search;
  Auth auth;
  std::vector<OutsideDirectory> outside_directories;  // in order: the first that has an entry decides
  Oauth oauth;
  Kerberos kerberos;
  Smtp smtp;
  Mailflow mailflow;
  Imap imap;
  Pop3 pop3;
  Http http;
  Jmap jmap;
  Ldap ldap;
  Quota quota;
  ProxyProtocol proxy_protocol;
  Bans bans;
  Gate gate;
  Dns dns;
  Maintenance maintenance;
  Logging log;
  bool operator==(const Config&) const = default;

  // Every default in place but `hostname` and `data_dir`, which have none: also what load() starts from.
  static Config defaults();
  // Fills in what follows from other values (postmaster, helo_name, addresses of listeners). load() calls it.
  void complete();

  // Whether there is, or will be, a certificate for listeners with TLS.
  bool has_certificate() const { return !tls.certificates.empty() || tls.self_signed || acme.on(); }
};

}  // namespace gatepost::config
