#include <fmt/format.h>

#include "config/keys.hpp"
#include "config/load.hpp"

namespace gatepost::config {
namespace {

// Inside a table cell a bar would end the cell.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

template <class O>
std::string table_of(const std::vector<Key<O>>& keys, std::string_view section, O defaults) {
  std::string out = "| Key | Value | Default | Meaning |\n|---|---|---|---|\n";
  for (const Key<O>& key : keys) {
    if (key.section != section) continue;
    std::string shown = key.required                ? std::string("required")
                        : key.default_words.empty() ? key.show(defaults)
                                                    : std::string(key.default_words);
    const bool is_value =
        !key.required && (shown == "true" || shown == "false" || shown.find_first_of("\"[0123456789") == 0);
    if (is_value) shown = "`" + shown + "`";
    out += fmt::format("| `{}` | {} | {} | {} |\n", key.name, cell(key.type), cell(shown), cell(key.meaning));
  }
  return out;
}

std::string default_listener_table() {
  std::string out =
      "\nThe default listeners:\n\n| Name | Service | Port | TLS | Audience | Reason |\n|---|---|---|---|---|---|\n";
  for (const Listener& l : default_listeners()) {
    out += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", l.name, to_string(l.service), l.port, to_string(l.tls),
                       to_string(l.audience), l.reason);
  }
  return out;
}

constexpr std::string_view kIntroduction = R"(# Configuration

One file in TOML holds the whole configuration. It is read at start and at each reload (`gatepost reload`, SIGHUP); a file with an
error changes nothing. `gatepost config check` names every problem with its line, the cause and the cure.

This is a complete file:

```toml
[server]
hostname = "mail.example.org"
data_dir = "/var/lib/gatepost"

[[tls.certificate]]
cert = "/etc/gatepost/mail.example.org.pem"
key = "/etc/gatepost/mail.example.org.key"
```

In place of the last table `[acme]` lets the server get its certificate itself.

Sizes are octets or texts with a unit: `"512 KiB"`, `"50 MiB"`, `"10 GiB"`. Durations are seconds or texts with a unit: `"90 s"`,
`"5 min"`, `"2 h"`, `"5 days"`. Networks are `"192.0.2.0/24"`, `"2001:db8::/32"` or single addresses. Relative paths start at the
folder of the file. A list with one element may be written without brackets.

This page is made by `gatepost config manual` from the table that reads the file.
)";

}  // namespace

std::string manual() {
  std::string out(kIntroduction);
  for (const Section& section : sections()) {
    out += fmt::format("\n## {}\n\n{}\n\n", section.heading, section.meaning);
    if (section.name == "listener.NAME") {
      out += table_of(listener_keys(), section.name, Listener{}) + default_listener_table();
    } else if (section.name == "tls.certificate") {
      out += table_of(certificate_keys(), section.name, Certificate{});
    } else if (section.name == "acme.certificate") {
      out += table_of(acme_certificate_keys(), section.name, AcmeCertificate{});
    } else if (section.name == "outside_directory") {
      out += table_of(outside_directory_keys(), section.name, OutsideDirectory{});
    } else if (section.name == "oauth.provider") {
      out += table_of(oauth_provider_keys(), section.name, OauthProvider{});
    } else if (section.name == "kerberos.realm") {
      out += table_of(kerberos_realm_keys(), section.name, KerberosRealm{});
    } else if (section.name == "imap.client") {
      out += table_of(imap_client_keys(), section.name, ImapClient{});
    } else if (section.name == "networks.group") {
      out += table_of(network_group_keys(), section.name, NetworkGroup{});
    } else if (section.name == "gate.exception") {
      out += table_of(exception_keys(), section.name, Exception{});
    } else if (section.name == "mailflow.smart_host") {
      out += table_of(smart_host_keys(), section.name, SmartHost{});
    } else {
      out += table_of(config_keys(), section.name, Config::defaults());
    }
  }
  return out;
}

}  // namespace gatepost::config
