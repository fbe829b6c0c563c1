#include "config/check.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

namespace gatepost::config {
namespace {

constexpr std::size_t kMaxPemOctets = 1 << 20;

// Collects what is found.
class AllFindings {
 public:
  void error(std::string where, std::string what, std::string cause, std::string cure) {
    all.push_back({Severity::error, "", 0, std::move(where), std::move(what), std::move(cause), std::move(cure)});
  }
  void warning(std::string where, std::string what, std::string cause, std::string cure) {
    all.push_back({Severity::warning, "", 0, std::move(where), std::move(what), std::move(cause), std::move(cure)});
  }
  std::vector<Problem> all;
};

std::string listener_heading(const Listener& l) { return fmt::format("[listener.{}]", l.name); }

bool is_any(const IpAddress& a) { return a == *IpAddress::parse("0.0.0.0") || a == *IpAddress::parse("::"); }

bool is_everything(const Network& n) { return n.prefix == 0 || (n.address.is_v4() && n.prefix == 96); }

bool collide(const Endpoint& a, const Endpoint& b) {
  if (a.port != b.port || a.address.is_v4() != b.address.is_v4()) return false;
  return a.address == b.address || is_any(a.address) || is_any(b.address);
}

void check_collisions(const Config& c, AllFindings& out) {
  std::vector<std::pair<Endpoint, const Listener*>> bound;
  for (const Listener& listener : c.listeners) {
    for (const Endpoint& endpoint : listener.endpoints()) {
      for (const auto& [other, owner] : bound) {
        if (!collide(endpoint, other)) continue;
        out.error(listener_heading(listener) + " port",
                  fmt::format("{} is already taken by [listener.{}] at {}", endpoint.to_string(), owner->name,
                              other.to_string()),
                  "Only one listener can have a port of an address.",
                  "Change the port or the address of one, or give one audience = \"off\".");
      }
      bound.emplace_back(endpoint, &listener);
    }
  }
}

void check_client_certificates(const Config& c, const Listener& l, AllFindings& out) {
  const bool signs_in = l.service == Service::imap || l.service == Service::pop3 || l.service == Service::submission ||
                        l.service == Service::ldap;
  if (!signs_in || l.tls == TlsMode::none) {
    out.error(listener_heading(l) + " client_certificates", "nobody can sign in by one there", "",
              "It is for imap, pop3, submission and ldap with TLS.");
  } else if (c.tls.client_ca_file.empty()) {
    out.error(listener_heading(l) + " client_certificates", "nobody is named whose certificates are good", "",
              "Write [tls] client_ca_file = \"/path\".");
  } else if (std::ranges::find(c.auth.mechanisms, "EXTERNAL") == c.auth.mechanisms.end()) {
    out.warning(listener_heading(l) + " client_certificates", "is of no use without EXTERNAL",
                "[auth] mechanisms does not have it.", "Add it there.");
  }
}

void check_listener(const Config& c, const Listener& l, AllFindings& out) {
  if (l.audience == Audience::off) return;
  for (const std::string& group : l.groups) {
    const auto& all = c.networks.groups;
    if (std::ranges::any_of(all, [&](const NetworkGroup& one) { return one.name == group; })) continue;
    out.error(listener_heading(l) + " groups", fmt::format("there is no group \"{}\"", group), "",
              fmt::format("Write [[networks.group]] with name = \"{}\".", group));
  }
  if (l.audience == Audience::named && admitted_networks(l, c.networks).empty() && l.exceptions.empty()) {
    out.error(listener_heading(l) + " audience", "nobody could connect: the listener names no networks", "",
              "Write networks = [...] or groups = [...] of this listener.");
  } else if (l.audience != Audience::internet && l.audience != Audience::named && l.exceptions.empty() &&
             admitted_networks(l, c.networks).empty()) {
    out.error(listener_heading(l) + " audience",
              fmt::format("nobody could connect: \"{}\" has no networks", to_string(l.audience)), "",
              fmt::format("Write [networks] {} = [...], or networks = [...] of this listener.", to_string(l.audience)));
  }
  if (l.tls != TlsMode::none && !c.has_certificate()) {
    out.error(listener_heading(l) + " tls", "there is no certificate for it", "TLS needs a certificate and its key.",
              "Write [[tls.certificate]] with cert and key, or [acme], or [tls] self_signed = true.");
  }
  if (l.service == Service::metrics) {
    if (l.tls == TlsMode::starttls)
      out.error(listener_heading(l) + " tls", "metrics have no STARTTLS", "HTTP is spoken there.",
                "Write tls = \"none\" or \"implicit\".");
    if (l.audience == Audience::internet) {
      out.warning(listener_heading(l) + " audience", "everybody can read the numbers of this server", "",
                  "Write audience = \"admin\".");
    }
  } else if (l.service == Service::http) {
    if (l.tls != TlsMode::none)
      out.error(listener_heading(l) + " tls", "service http has no TLS", "It only sends browsers on to https.",
                "Write tls = \"none\", or service = \"https\".");
  } else if (l.service == Service::https) {
    if (l.tls != TlsMode::implicit)
      out.error(listener_heading(l) + " tls", "service https has TLS from the start", "", "Write tls = \"implicit\".");
  } else if (l.tls == TlsMode::none && l.service != Service::smtp && !c.auth.allow_sign_in_without_tls) {
    out.error(listener_heading(l) + " tls", "nobody could sign in there", "Without TLS no password is taken.",
              "Write tls = \"starttls\" or \"implicit\".");
  }
  if (l.client_certificates) check_client_certificates(c, l, out);
  if (l.proxy_protocol && c.proxy_protocol.trusted.empty()) {
    out.error(listener_heading(l) + " proxy_protocol", "no proxy is trusted, so every connection would be closed", "",
              "Write [proxy_protocol] trusted = [...].");
  }
  if (l.service == Service::smtp && l.audience == Audience::internet && c.smtp.require_tls) {
    out.warning("[smtp] require_tls", fmt::format("listener {} refuses servers that do not offer TLS", l.name),
                "RFC 3207 4 forbids it for a server the whole internet sends to.",
                "Give that listener an audience, or write require_tls = false.");
  }
  if (l.reason.empty())
    out.warning(listener_heading(l), "has no reason", "In a year somebody will ask why this port is open.",
                "Write reason = \"...\".");
}

void check_listeners(const Config& c, AllFindings& out) {
  const bool open = std::any_of(c.listeners.begin(), c.listeners.end(),
                                [](const Listener& l) { return l.audience != Audience::off; });
  if (!open) out.error("[server]", "no listener is open", "", "Write [listener.NAME], or default_listeners = true.");
  // One missing certificate is one problem, not one for each port.
  bool certificate_said = false;
  for (const Listener& l : c.listeners) {
    AllFindings one;
    check_listener(c, l, one);
    for (Problem& p : one.all) {
      const bool about_certificate = p.what == "there is no certificate for it";
      if (about_certificate && std::exchange(certificate_said, true)) continue;
      out.all.push_back(std::move(p));
    }
  }
  check_collisions(c, out);
}

void check_gate(const Config& c, AllFindings& out) {
  for (std::size_t i = 0; i < c.gate.exceptions.size(); ++i) {
    const Exception& e = c.gate.exceptions[i];
    const std::string where = fmt::format("[[gate.exception]] {}", i + 1);
    if (std::ranges::none_of(c.listeners, [&](const Listener& l) { return l.name == e.listener; })) {
      out.error(where + " listener", fmt::format("there is no listener \"{}\"", e.listener), "",
                "Write the name of a listener such as \"imaps\".");
    }
    if (e.networks.empty()) out.error(where + " networks", "the list is empty", "", "Write at least one network.");
  }
  for (std::size_t i = 0; i < c.networks.groups.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (c.networks.groups[i].name != c.networks.groups[j].name) continue;
      out.error(fmt::format("[[networks.group]] {} name", i + 1), "is taken by another group", "",
                "Give each its own name.");
    }
  }
}

void check_server(const Config& c, AllFindings& out) {
  if (c.server.hostname.find('.') == std::string::npos) {
    out.warning("[server] hostname", fmt::format("\"{}\" is not fully qualified", c.server.hostname),
                "Many servers refuse mail from such a name (RFC 5321 2.3.5).",
                "Write a name with its domain, such as \"mail.example.org\".");
  }
  if (c.server.user.empty())
    out.warning("[server] user", "the daemon stays root", "A defect would give away the machine.",
                "Write user = \"gatepost\".");
  if (c.auth.allow_sign_in_without_tls) {
    out.warning("[auth] allow_sign_in_without_tls", "passwords travel in clear", "Everybody on the path can read them.",
                "Take the line out once all clients speak TLS.");
  }
  if (c.store.engine == Store::Engine::memory) {
    out.warning("[store] engine", "all mail is forgotten when the daemon stops", "", "Write engine = \"rocksdb\".");
  }
}

void warn_everything(const std::vector<Network>& networks, std::string_view where, std::string_view what,
                     AllFindings& out) {
  if (std::none_of(networks.begin(), networks.end(), is_everything)) return;
  out.warning(std::string(where), std::string(what), "The list holds a network of all addresses.",
              "Name only the networks that need it.");
}

void check_values_together(const Config& c, AllFindings& out) {
  warn_everything(c.proxy_protocol.trusted, "[proxy_protocol] trusted", "anybody may pretend any address", out);
  warn_everything(c.bans.never, "[bans] never", "nobody is ever banned", out);
  warn_everything(c.bans.monitors, "[bans] monitors", "nobody is ever banned", out);
  warn_everything(c.limits.unlimited, "[limits] unlimited", "no address has limits", out);
  if (c.limits.connections_per_address > c.limits.connections) {
    out.warning("[limits] connections_per_address", "one address may use up all connections", "",
                "Make it smaller than connections.");
  }
  if (c.limits.header_octets > c.limits.message_octets) {
    out.error("[limits] header_size", "is larger than message_size", "A header is part of its message.",
              "Make it smaller.");
  }
  if (c.imap.literal_octets > c.imap.command_octets) {
    out.warning("[imap] literal_size", "is larger than command_size, which then counts", "",
                "Make command_size larger.");
  }
  if (c.imap.idle_timeout < std::chrono::minutes(30)) {
    out.warning("[imap] idle_timeout", "is below 30 minutes", "RFC 9051 5.4 promises clients that much.",
                "Write \"30 min\".");
  }
  if (c.pop3.idle_timeout < std::chrono::minutes(10)) {
    out.warning("[pop3] idle_timeout", "is below 10 minutes", "RFC 1939 3 promises clients that much.",
                "Write \"10 min\".");
  }
  if (c.mailflow.delay_warning >= c.mailflow.queue_lifetime) {
    out.warning("[mailflow] delay_warning", "comes after queue_lifetime, so never", "", "Make it shorter, or write 0.");
  }
  if (const auto& host = c.mailflow.smart_host) {
    const std::string where = "[mailflow.smart_host]";
    if (!host->username.empty() && host->password_file.empty()) {
      out.error(where + " password_file", "missing", "There is a username, but no password.",
                "Write password_file = \"/path\".");
    }
    if (!host->username.empty() && host->tls == TlsMode::none) {
      out.error(where + " tls", "the password would travel in clear", "", "Write tls = \"starttls\" or \"implicit\".");
    }
  }
}

// Why a file cannot be read, or empty; its beginning in `text`.
std::string read_start(const std::filesystem::path& file, std::string& text) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) return "there is no such file";
  if (status.type() != std::filesystem::file_type::regular) return error ? error.message() : "it is not a file";
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::strerror(errno);
  text.resize(kMaxPemOctets);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return {};
}

void check_certificate(const Certificate& certificate, const std::string& where, AllFindings& out) {
  std::string text;
  if (const std::string why = read_start(certificate.cert, text); !why.empty()) {
    out.error(where + " cert", fmt::format("{} cannot be read: {}", certificate.cert.string(), why), "",
              "Check the path and the permissions.");
  } else if (text.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
    out.error(where + " cert", fmt::format("{} holds no certificate in PEM", certificate.cert.string()), "",
              "Give a PEM file: the certificate, then those of its issuers.");
  }
  text.clear();
  if (const std::string why = read_start(certificate.key, text); !why.empty()) {
    out.error(where + " key", fmt::format("{} cannot be read: {}", certificate.key.string(), why), "",
              "Check the path and the permissions.");
    return;
  }
  if (text.find("PRIVATE KEY-----") == std::string::npos) {
    out.error(where + " key", fmt::format("{} holds no private key in PEM", certificate.key.string()), "",
              "Give the PEM file of the certificate's key.");
  }
  std::error_code error;
  const auto others = std::filesystem::perms::others_read | std::filesystem::perms::others_write;
  if ((std::filesystem::status(certificate.key, error).permissions() & others) != std::filesystem::perms::none) {
    out.warning(where + " key", fmt::format("every user of the machine can read {}", certificate.key.string()), "",
                "Run: chmod o-rw on it.");
  }
}

void check_files(const Config& c, AllFindings& out) {
  for (std::size_t i = 0; i < c.tls.certificates.size(); ++i) {
    check_certificate(c.tls.certificates[i], fmt::format("[[tls.certificate]] {}", i + 1), out);
  }
  if (!c.auth.refused_passwords_file.empty()) {
    std::string text;
    if (const std::string why = read_start(c.auth.refused_passwords_file, text); !why.empty()) {
      out.error("[auth] refused_passwords_file",
                fmt::format("{} cannot be read: {}", c.auth.refused_passwords_file.string(), why), "",
                "Check the path and the permissions.");
    }
  }
  if (!c.tls.client_ca_file.empty()) {
    std::string text;
    if (const std::string why = read_start(c.tls.client_ca_file, text); !why.empty()) {
      out.error("[tls] client_ca_file", fmt::format("{} cannot be read: {}", c.tls.client_ca_file.string(), why), "",
                "Check the path and the permissions.");
    } else if (text.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
      out.error("[tls] client_ca_file", fmt::format("{} holds no certificate in PEM", c.tls.client_ca_file.string()),
                "", "Give a PEM file of the authorities that sign clients' certificates.");
    }
  }
  std::error_code error;
  const auto status = std::filesystem::status(c.server.data_dir, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_directory(status)) {
    out.error("[server] data_dir", fmt::format("{} is not a directory", c.server.data_dir.string()), "",
              "Give a directory; it is made when it is missing.");
  } else if (!std::filesystem::exists(status) &&
             !std::filesystem::is_directory(c.server.data_dir.parent_path(), error)) {
    out.error("[server] data_dir", fmt::format("{} cannot be made: its parent is missing", c.server.data_dir.string()),
              "", "Make the parent directory, or correct the path.");
  }
  if (const auto& host = c.mailflow.smart_host; host && !host->password_file.empty()) {
    std::string text;
    if (const std::string why = read_start(host->password_file, text); !why.empty()) {
      out.error("[mailflow.smart_host] password_file",
                fmt::format("{} cannot be read: {}", host->password_file.string(), why), "",
                "Check the path and the permissions.");
    }
  }
  if (::geteuid() == 0 && !c.server.user.empty()) {
    std::string buffer(16 << 10, '\0');
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(c.server.user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
      out.error("[server] user", fmt::format("there is no user \"{}\"", c.server.user),
                "Started as root, the daemon becomes this user.",
                fmt::format("Run: adduser --system --group {}", c.server.user));
    }
  }
}

}  // namespace

std::vector<Problem> check_values(const Config& config) {
  AllFindings out;
  check_server(config, out);
  check_listeners(config, out);
  check_gate(config, out);
  check_values_together(config, out);
  check_acme_values(config, out.all);
  check_outside_values(config, out.all);
  check_oauth_values(config, out.all);
  check_kerberos_values(config, out.all);
  return std::move(out.all);
}

std::vector<Problem> check(const Config& config) {
  AllFindings out;
  out.all = check_values(config);
  check_files(config, out);
  check_acme_files(config, out.all);
  check_outside_files(config, out.all);
  check_oauth_files(config, out.all);
  check_kerberos_files(config, out.all);
  return std::move(out.all);
}

}  // namespace gatepost::config
