#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.hpp"

// The one table of all keys of the configuration file: it drives reading, the search for unknown keys, and the manual.
namespace gatepost::config {

// A value of the file, free of the TOML library. monostate: something that no key takes (a table, a date, a fraction).
struct Value {
  std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<Value>> data;
};

// What is wrong with a value.
struct Complaint {
  std::string what, cause, cure;
};

template <class Owner>
struct Key {
  std::string_view section;  // "limits"; the same for all keys of a listener or certificate
  std::string_view name;
  std::string type;  // for the manual: "size, 1 KiB to 2 GiB"
  std::string_view meaning;
  bool required = false;
  // Checks `value` and puts it into the owner. Relative paths start at `folder`.
  std::function<std::optional<Complaint>(Owner&, const Value& value, const std::filesystem::path& folder)> set;
  std::function<std::string(Owner&)> show;  // the present value as the file would spell it
  std::string_view default_words = {};      // in place of a default that follows from other values
};

struct Section {
  std::string_view name;     // "limits", "listener.NAME", "tls.certificate"
  std::string_view heading;  // "[limits]"
  std::string_view meaning;
};

const std::vector<Section>& sections();
const std::vector<Key<Config>>& config_keys();
const std::vector<Key<Listener>>& listener_keys();
const std::vector<Key<Certificate>>& certificate_keys();
const std::vector<Key<AcmeCertificate>>& acme_certificate_keys();
void add_acme_keys(std::vector<Key<Config>>& keys);  // those of [acme], a part of config_keys()
const std::vector<Key<OauthProvider>>& oauth_provider_keys();
void add_kerberos_keys(std::vector<Key<Config>>& keys);  // those of [kerberos], a part of config_keys()
const std::vector<Key<KerberosRealm>>& kerberos_realm_keys();
const std::vector<Key<SmartHost>>& smart_host_keys();
const std::vector<Key<ImapClient>>& imap_client_keys();
const std::vector<Key<OutsideDirectory>>& outside_directory_keys();
const std::vector<Key<NetworkGroup>>& network_group_keys();
const std::vector<Key<Exception>>& exception_keys();

// "2026-12-04": the end of that day (UTC), or a moment as RFC 3339 has it.
std::optional<TimePoint> parse_day(std::string_view text);
// What [[networks.group]] file holds, added to `out`: one network a line. The complaint names the line.
std::optional<Complaint> read_networks(std::string_view text, std::vector<Network>& out);

// RFC 1123 2.1: letters, digits and hyphens in labels of 1 to 63 octets, 253 in all.
bool is_host_name(std::string_view name);

}  // namespace gatepost::config
