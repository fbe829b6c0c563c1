#include "config/key_values.hpp"

namespace gatepost::config {
namespace {

using namespace values;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

using Keys = std::vector<Key<Config>>;

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
  k.push_back(shown(path("tls", "client_ca_file", AT(Config, tls.client_ca_file),
                         "PEM file of the authorities whose certificates people may sign in by (EXTERNAL), with their "
                         "revocation lists if there are any; then all of them need one. Asked for on listeners with "
                         "`client_certificates`. Read again at each reload."),
                    "none"));
  k.push_back(flag("tls", "self_signed", AT(Config, tls.self_signed),
                   "Where no other certificate serves the host name, make one that a private authority of this server "
                   "signs: for closed networks and for trying things out. Clients have to be given that authority "
                   "(`gatepost certificate ca show`)."));
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
  k.push_back(number(
      s, "bad_commands", AT(Config, limits.bad_commands), 1, 10'000,
      "Commands that failed, of one connection, before it is closed; HTTP: requests in a row for what is not there."));
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
  k.push_back(flag("store", "people_purge_removed", AT(Config, store.people_purge_removed),
                   "Whether people may delete for good, in the webmail, what they could bring back. Otherwise it stays "
                   "for its time, whoever sits at their browser; `gatepost account removed purge` can always."));
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
  k.push_back(
      shown(path("search", "converter", AT(Config, search.converter),
                 "Socket of gatepost-text-agent, which turns attachments (PDF, office documents) into text, so that "
                 "searches find them by what is in them: /run/gatepost-text-agent/socket. Empty: attachments are not "
                 "searched, but for those that are text. docs/attachments.md."),
            "none"));
  k.push_back(number("search", "attachment_threads", AT(Config, search.attachment_threads), 1, 16,
                     "Threads that ask it, each for one attachment at a time."));
  k.push_back(octets("search", "attachment_octets", AT(Config, search.attachment_octets), 64 * kKiB, 64 * kMiB,
                     "Larger attachments are not looked into."));
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
                     "Memory of one argon2id hash, which is made when a password is set; applies from now on."));
  k.push_back(number(s, "argon2_iterations", AT(Config, auth.argon2_iterations), 1, 100,
                     "Rounds of one argon2id hash; applies to passwords set from now on."));
  k.push_back(number(s, "parallel_hashes", AT(Config, auth.parallel_hashes), 1, 256,
                     "Hashes made at one time; further ones wait. Each costs argon2_memory_kib."));
  k.push_back(
      number(s, "scram_iterations", AT(Config, auth.scram_iterations), 4096, 10'000'000,
             "Of SCRAM verifiers, which decide every sign-in by password; applies to passwords set from now on."));
  k.push_back(
      number(s, "failures", AT(Config, auth.failures), 1, 100'000,
             "Different wrong passwords for one account from one address before the pair is refused for a while."));
  k.push_back(number(s, "address_failures", AT(Config, auth.address_failures), 1, kMany,
                     "Wrong passwords of one address over all accounts."));
  k.push_back(duration(s, "failure_window", AT(Config, auth.failure_window), seconds(10), days(1),
                       "The time in which failures are counted."));
  k.push_back(duration(s, "ban", AT(Config, auth.ban), seconds(1), days(30), "How long sign-ins are refused then."));
  k.push_back(number(s, "min_password_characters", AT(Config, auth.min_password_characters), 8, 128,
                     "Of passwords set from now on."));
  k.push_back(flag(s, "refuse_common_passwords", AT(Config, auth.refuse_common_passwords),
                   "Whether new passwords that everybody tries first, or that are made of the own name, are refused."));
  k.push_back(shown(path(s, "refused_passwords_file", AT(Config, auth.refused_passwords_file),
                         "More that are refused, one a line, in any case and whatever digits and signs are put behind "
                         "them: names of the house, a list of stolen ones. A million at most."),
                    "none"));
  k.push_back(number(s, "password_history", AT(Config, auth.password_history), 0, 24,
                     "So many replaced passwords, and the present one, are not taken as new ones; 0: they are. "
                     "A change of `scram_iterations` forgets them."));
  k.push_back(shown(duration(s, "password_max_age", AT(Config, auth.password_max_age), seconds(0), days(3650),
                             "How long a password that is kept here is good since its last change; then it has to be "
                             "replaced before anything is let in by it. 0: for ever. App passwords, and accounts with "
                             "`password-never-expires`, are not meant."),
                    "never"));
  k.push_back(duration(s, "password_warning", AT(Config, auth.password_warning), seconds(0), days(365),
                       "So long before it expires people are told."));
  k.push_back(shown(
      list<Config, std::string>(s, "require_second_factor", AT(Config, auth.require_second_factor), take_factor_owner,
                                write_text, 0, "\"admin\", \"helpdesk\"", "list of roles, or \"everybody\"",
                                "Who has to have a second factor (codes of a phone): admin, helpdesk, auditor, or "
                                "everybody. Whoever has none may sign "
                                "in to the web alone, and do nothing there but set one up. Others may have one."),
      "nobody"));
  k.push_back(number(s, "remember_former_days", AT(Config, auth.remember_former_days), 0, 365,
                     "How long a device that still proves a replaced password by SCRAM is known for that and not "
                     "counted as guessing; 0: at once."));
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
  k.push_back(
      flag("smtp", "foreign_from", AT(Config, smtp.foreign_from),
           "Whether who signed in may write a From address of a domain that is not served here, or none, as some "
           "printers and programs do. `false`, as Exchange has it: only his own and those he has a right to send "
           "as. In a colleague's name nobody writes without such a right either way."));
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
  k.push_back(list<Config, std::string>(s, "forward_outside", AT(Config, mailflow.forward_outside), take_forward_domain,
                                        write_text, 0, "\"partner.example\"", "list of domains, \"*\" for all",
                                        "Where people's forwarding and filters may send mail on to outside of this "
                                        "server. Within it they always may; what "
                                        "an administrator sets up (`gatepost forwarding set`) may go anywhere."));
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
  k.push_back(
      text("imap", "recoverable_folder", AT(Config, imap.recoverable_folder), 200, folder_name, "text",
           "A mailbox of this name shows users what they removed and can still bring back (`[store] "
           "keep_removed`): they move it, or copy it, to another folder. `\"\"`: there is none. Exchange calls it "
           "\"Recoverable Items\"."));
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

void add_http(Keys& k) {
  k.push_back(octets("http", "header_size", AT(Config, http.header_octets), 4 * kKiB, kMiB,
                     "The request line and all header fields of one request; more is answered 431."));
  k.push_back(number("http", "header_fields", AT(Config, http.header_fields), 16, 10'000,
                     "Header fields of one request; more is answered 431."));
  k.push_back(octets("http", "body_size", AT(Config, http.body_octets), 64 * kKiB, 16 * kGiB,
                     "The content of one request, where the service it is for has no limit of its own; more is "
                     "answered 413."));
  k.push_back(number("http", "streams", AT(Config, http.streams), 4, 1000,
                     "Requests that one HTTP/2 connection may have open at one time."));
  k.push_back(duration("http", "head_timeout", AT(Config, http.head_timeout), seconds(1), minutes(10),
                       "For a whole request header, from its first octet."));
  k.push_back(duration("http", "body_timeout", AT(Config, http.body_timeout), seconds(1), hours(1),
                       "Between two pieces of a request's content, and for a client to take 64 KiB of an answer."));
  k.push_back(duration("http", "idle_timeout", AT(Config, http.idle_timeout), seconds(1), hours(1),
                       "How long a connection without a request is kept open."));
  k.push_back(duration("http", "hsts", AT(Config, http.hsts), seconds(0), days(3650),
                       "For how long browsers use nothing but https for this host (RFC 6797); 0: they are not told."));
  k.push_back(flag("http", "access_log", AT(Config, http.access_log), "Whether each request gets a line in the log."));
  k.push_back(shown(path("http", "web_dir", AT(Config, http.web_dir),
                         "The files of the web application, served by https from memory: at most 64 MiB, read at start "
                         "and at each reload. Another directory takes effect at the next start."),
                    "none"));
  k.push_back(duration("http", "session_idle", AT(Config, http.session_idle), minutes(5), days(365),
                       "After how long without use a browser has to sign in to the web application again."));
  k.push_back(duration("http", "session_lasting", AT(Config, http.session_lasting), minutes(5), days(365),
                       "The same where somebody ticked that the browser stays signed in."));
  k.push_back(duration("http", "session_longest", AT(Config, http.session_longest), minutes(5), days(3650),
                       "After how long a browser has to sign in again in any case."));
}

void add_jmap(Keys& k) {
  k.push_back(
      networks("jmap", "push_networks", AT(Config, jmap.push_networks),
               "Networks, beside the public Internet, that push messages may be sent into: where a push service "
               "of one's own is. Clients name the addresses, so nothing else inside is reached."));
  k.push_back(shown(path("jmap", "push_ca_file", AT(Config, jmap.push_ca_file),
                         "PEM file of the authorities that push services' certificates may come from."),
                    "the system's"));
}

void add_ldap(Keys& k) {
  const char* const s = "ldap";
  k.push_back(words(
      s, "people_see", AT(Config, ldap.people_see), kSees,
      "Whom those who have no role find, in JMAP too: everyone, or people, groups and rooms of their own domain."));
  k.push_back(flag(s, "changes", AT(Config, ldap.changes),
                   "Whether people may change their own phone numbers and password by LDAP, and those with a role what "
                   "the role allows."));
  k.push_back(number(s, "size_limit", AT(Config, ldap.size_limit), 0, kMany,
                     "Entries that one search returns at most, over all its pages; 0: no limit."));
  k.push_back(
      duration(s, "time_limit", AT(Config, ldap.time_limit), seconds(0), hours(1), "For one search; 0: no limit."));
  k.push_back(duration(s, "idle_timeout", AT(Config, ldap.idle_timeout), minutes(1), days(1),
                       "Signed in and silent for so long."));
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
                       "Networks that are never banned, and whose wrong passwords are never counted: the offices. "
                       "Loopback, this host's own addresses, [proxy_protocol] trusted and the networks of [networks] "
                       "are never banned either."));
  k.push_back(networks("bans", "monitors", AT(Config, bans.monitors),
                       "Monitoring, which connects without a word and means no harm: never banned."));
  k.push_back(flag("bans", "automatic", AT(Config, bans.automatic),
                   "Whether the server bans by itself; bans of administrators work either way."));
  k.push_back(number("bans", "points", AT(Config, bans.points), 10, 100'000,
                     "Held against one address that are a ban; docs/bans.md says what counts how many."));
  k.push_back(duration("bans", "half_life", AT(Config, bans.half_life), minutes(1), days(30),
                       "After this half of the points are forgotten."));
  k.push_back(list<Config, seconds>("bans", "lengths", AT(Config, bans.lengths), take_wait, write_wait, 1,
                                    "\"15 min\", \"1 h\"", "list of durations, 1 s to 7 days",
                                    "Of the first ban of an address, the second, ...; the last one repeats."));
  k.push_back(duration("bans", "calm", AT(Config, bans.calm), minutes(1), days(30),
                       "So long after a ban without a new one, the next is one step shorter."));
  k.push_back(number("bans", "neighbours", AT(Config, bans.neighbours), 0, 256,
                     "So many banned addresses in one /24 (IPv6: /48) at one time ban all of it; 0: never."));
  k.push_back(flag("bans", "firewall", AT(Config, bans.firewall),
                   "Whether bans go into the firewall, too, by gatepost-gate-helper, once `gatepost gate apply` made "
                   "sets for them."));
  k.push_back(path("bans", "helper", AT(Config, bans.helper),
                   "Where gatepost-gate-helper listens. A server started by root starts its own instead."));
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
  k.push_back(path("gate", "agent", AT(Config, gate.agent),
                   "Where `gatepost gate agent` listens, by which administrators in a browser see and change the rules "
                   "of the firewall. Where it does not run, they cannot."));
}

void add_maintenance(Keys& k) {
  k.push_back(duration("maintenance", "drain_timeout", AT(Config, maintenance.drain_timeout), seconds(1), minutes(10),
                       "At a stop or restart: how long what is under way (a message on its way in, a transaction) may "
                       "take to its end. New connections wait meanwhile."));
  k.push_back(shown(text("maintenance", "time_zone", AT(Config, maintenance.time_zone), 64, zone_name, "time zone",
                         "Whose nights are quiet: the zone of the people served, as \"Europe/Berlin\"."),
                    "the machine's"));
}

}  // namespace

const std::vector<Section>& sections() {
  static const std::vector<Section> all = {
      {"server", "[server]", "Who and where the server is. The first two keys are the only ones without a default."},
      {"networks", "[networks]", "The audiences a listener can name."},
      {"networks.group", "[[networks.group]]", "Networks that belong together, to be named in `groups` of a listener."},
      {"tls", "[tls]", "TLS on all listeners."},
      {"tls.certificate", "[[tls.certificate]]",
       "One table for each certificate; the first one serves clients that name no host. Read again at each reload."},
      {"acme", "[acme]", "Certificates that the server gets and renews by itself (docs/certificates.md)."},
      {"acme.certificate", "[[acme.certificate]]",
       "One table for each certificate to be got; without any, there is one for `hostname` of [server]. Those of "
       "[[tls.certificate]] come first."},
      {"listener.NAME", "[listener.NAME]",
       "One table for each port. NAME is yours: small letters, digits, hyphens. A table with the name of a default "
       "listener changes only what it says."},
      {"limits", "[limits]",
       "What one client, one account and all of them together may use. Temporary refusals, never lost mail."},
      {"store", "[store]", "Where mail is kept."},
      {"search", "[search]", "The index that makes searches fast."},
      {"auth", "[auth]", "Passwords and sign-in."},
      {"outside_directory", "[[outside_directory]]",
       "One table for each directory of others, Active Directory or OpenLDAP, in which people are looked for "
       "(docs/directory.md). The first that has an entry decides."},
      {"oauth.provider", "[[oauth.provider]]",
       "One table for each identity provider whose tokens people may sign in by (docs/sign-in.md): OAUTHBEARER and "
       "XOAUTH2 in IMAP, POP3, submission and LDAP, `Authorization: Bearer` on the web. Offered under TLS alone."},
      {"kerberos", "[kerberos]",
       "Sign-in by Kerberos tickets (GSSAPI, docs/directory.md) in IMAP, POP3, submission, LDAP "
       "and the web, under TLS alone."},
      {"kerberos.realm", "[[kerberos.realm]]",
       "One table for each realm whose word is taken of who somebody is. Tickets of others let nobody in."},
      {"smtp", "[smtp]", "Mail that comes in by SMTP, from other servers and from users."},
      {"mailflow", "[mailflow]", "The queue and mail that goes out."},
      {"mailflow.smart_host", "[mailflow.smart_host]",
       "When this table is there, all outgoing mail goes to that one server."},
      {"imap", "[imap]", "IMAP."},
      {"imap.client", "[[imap.client]]",
       "One table for each mail program that needs something else than all others; it is known by what it says of "
       "itself (ID, RFC 2971), which `gatepost status` lists. The first table that fits counts."},
      {"pop3", "[pop3]", "POP3."},
      {"http", "[http]", "The web: services http and https."},
      {"jmap", "[jmap]", "JMAP (docs/jmap.md)."},
      {"ldap", "[ldap]", "The directory, as printers, phones and address books read it (docs/ldap.md)."},
      {"quota", "[quota]", "For accounts that have no limit of their own."},
      {"proxy_protocol", "[proxy_protocol]", "Behind a load balancer."},
      {"bans", "[bans]", "Who may not connect for a while (docs/bans.md)."},
      {"gate", "[gate]", "What `gatepost gate` puts into the firewall (docs/gate.md)."},
      {"gate.exception", "[[gate.exception]]",
       "Networks that may connect to one listener until a day; daemon and firewall forget them then."},
      {"dns", "[dns]", "Name look-ups."},
      {"log", "[log]", "The log."},
      {"maintenance", "[maintenance]", "Stopping, restarting, and when."},
  };
  return all;
}

const std::vector<Key<Config>>& config_keys() {
  static const Keys all = [] {
    Keys k;
    add_server(k);
    add_networks(k);
    add_tls(k);
    add_acme_keys(k);
    add_kerberos_keys(k);
    add_limits(k);
    add_store(k);
    add_search(k);
    add_auth(k);
    add_smtp(k);
    add_mailflow(k);
    add_imap_pop3(k);
    add_http(k);
    add_jmap(k);
    add_ldap(k);
    add_rest(k);
    add_gate(k);
    add_maintenance(k);
    return k;
  }();
  return all;
}

}  // namespace gatepost::config
