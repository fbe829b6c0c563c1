#include "config/key_values.hpp"

// The keys of [acme] and [[acme.certificate]].
namespace gatepost::config {
namespace {

using namespace values;

constexpr std::size_t kMaxAcmeUrlOctets = 1000;

constexpr std::array<std::pair<std::string_view, Challenge>, 3> kChallenges = {
    {{"http-01", Challenge::http_01}, {"tls-alpn-01", Challenge::tls_alpn_01}, {"dns-01", Challenge::dns_01}}};
constexpr std::array<std::pair<std::string_view, KeyKind>, 5> kKeyKinds = {{{"p256", KeyKind::p256},
                                                                            {"p384", KeyKind::p384},
                                                                            {"rsa2048", KeyKind::rsa2048},
                                                                            {"rsa3072", KeyKind::rsa3072},
                                                                            {"rsa4096", KeyKind::rsa4096}}};

// RFC 8555 6.1: ACME is spoken over HTTPS alone.
Refusal acme_directory_url(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text.starts_with("https://") && text.size() > 8 && text.find(' ') == std::string_view::npos) return std::nullopt;
  return Complaint{"is no https:// address", "ACME is spoken over HTTPS alone.",
                   "Write what the authority gives as its ACME directory, such as "
                   "\"https://acme-v02.api.letsencrypt.org/directory\"."};
}

Refusal dns_zone_name(std::string_view text) { return text.empty() ? std::nullopt : host_name(text); }

bool take_contact(std::string_view text, std::vector<std::string>& out) {
  if (mail_address(text)) return false;
  out.emplace_back(text);
  return true;
}

Key<Config> server_address() {
  Key<Config> key;
  key.section = "acme";
  key.name = "dns_server";
  key.type = "address, port 53 unless it says another";
  key.meaning =
      "dns-01: the name server that takes updates (RFC 2136) of the TXT records. Without it they are made by the "
      "program that `gatepost certificate hook` runs.";
  key.set = [](Config& c, const Value& v, const std::filesystem::path&) -> std::optional<Complaint> {
    const auto* s = std::get_if<std::string>(&v.data);
    c.acme.dns_server = s == nullptr ? std::nullopt : parse_endpoint(*s, 53);
    if (!c.acme.dns_server) return wrong_type("an address such as \"192.0.2.53\" or \"192.0.2.53:5353\"");
    return std::nullopt;
  };
  key.show = [](Config&) { return std::string("none"); };
  return key;
}

}  // namespace

void add_acme_keys(std::vector<Key<Config>>& k) {
  constexpr std::string_view s = "acme";
  k.push_back(text(s, "directory", AT(Config, acme.directory), kMaxAcmeUrlOctets, acme_directory_url, "https address",
                   "The authority's ACME directory. `\"\"`: certificates are not got from anybody."));
  k.push_back(flag(s, "agree_to_terms", AT(Config, acme.agree_to_terms),
                   "You agree to the authority's terms of service; without that it gives no certificate."));
  k.push_back(list<Config, std::string>(s, "contact", AT(Config, acme.contact), take_contact, write_text, 0,
                                        "\"postmaster@example.org\"", "list of mail addresses",
                                        "Whom the authority may write to."));
  k.push_back(words(s, "challenge", AT(Config, acme.challenge), kChallenges,
                    "How the authority is shown that the names are yours: by a file on port 80, a special certificate "
                    "on port 443, or a TXT record."));
  k.push_back(words(s, "key", AT(Config, acme.key), kKeyKinds, "What keys are made."));
  k.push_back(flag(s, "reuse_key", AT(Config, acme.reuse_key),
                   "A renewed certificate has the key of the one before, so that TLSA records (DANE) stay right. "
                   "Otherwise the next key is made in advance: `gatepost certificate tlsa` shows both."));
  k.push_back(flag(s, "revoke_replaced", AT(Config, acme.revoke_replaced),
                   "Have a certificate revoked once another one with another key has taken its place."));
  k.push_back(shown(path(s, "ca_file", AT(Config, acme.ca_file),
                         "PEM file of the authorities the ACME server's own certificate may come from."),
                    "the system's"));
  k.push_back(text(s, "account_key_id", AT(Config, acme.account_key_id), 500, any_text, "text",
                   "External account binding: the key identifier the authority gave you."));
  k.push_back(shown(path(s, "account_key_file", AT(Config, acme.account_key_file),
                         "Its key, base64url in the first line of this file."),
                    "none"));
  k.push_back(server_address());
  k.push_back(shown(path(s, "dns_key_file", AT(Config, acme.dns_key_file),
                         "The TSIG key the updates are signed with, as `tsig-keygen` writes it."),
                    "none"));
  k.push_back(shown(text(s, "dns_zone", AT(Config, acme.dns_zone), 253, dns_zone_name, "domain name",
                         "The zone the names are in; needed only where the server does not say it."),
                    "found by asking `dns_server`"));
  k.push_back(shown(list<Config, Endpoint>(s, "dns_check", AT(Config, acme.dns_check), take_name_server, write_endpoint,
                                           0, "\"192.0.2.53\"", "list of addresses",
                                           "Name servers that have to show the record before the authority is told."),
                    "`dns_server`"));
  k.push_back(duration(s, "dns_wait", AT(Config, acme.dns_wait), seconds(0), std::chrono::minutes(30),
                       "Waited after they show it, for other servers of the zone."));
  k.push_back(duration(s, "hook_timeout", AT(Config, acme.hook_timeout), seconds(1), std::chrono::hours(1),
                       "How long the hook program may take to make a record."));
}

const std::vector<Key<AcmeCertificate>>& acme_certificate_keys() {
  static const std::vector<Key<AcmeCertificate>> all = [] {
    constexpr std::string_view s = "acme.certificate";
    std::vector<Key<AcmeCertificate>> k;
    k.push_back(required(list<AcmeCertificate, std::string>(
        s, "names", AT(AcmeCertificate, names), take_served_name, write_text, 1,
        "\"mail.example.org\", \"*.example.net\"", "list of host names",
        "The names in it. The first one is what `gatepost certificate` calls it. `*.` needs dns-01.")));
    k.push_back(shown(words(s, "challenge", AT(AcmeCertificate, challenge), kChallenges,
                            "How the authority is shown that the names are yours."),
                      "that of [acme]"));
    return k;
  }();
  return all;
}

}  // namespace gatepost::config
