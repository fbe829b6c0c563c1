#include "config/domain_values.hpp"
#include "config/key_values.hpp"

#include "base/ascii.hpp"

// The keys of [kerberos] and [[kerberos.realm]].
namespace gatepost::config {
namespace {

using namespace values;

// RFC 4120 6.1: realms are strings without "/" and NUL; those that are named by a domain are in capitals by custom, and
// case counts.
Refusal realm_name(std::string_view text) {
  const bool good = !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < '\x7f' && std::string_view("/\\@\"").find(c) == std::string_view::npos;
  });
  if (good) return std::nullopt;
  return Complaint{"is no name of a realm", "", "Write it as tickets have it, such as \"CORP.EXAMPLE\"."};
}

}  // namespace

void add_kerberos_keys(std::vector<Key<Config>>& k) {
  k.push_back(shown(path("kerberos", "keytab", AT(Config, kerberos.keytab),
                         "The keys of imap/HOST, smtp/HOST, pop/HOST and ldap/HOST, as `ktpass` or `samba-tool` write "
                         "them; each protocol that has one takes tickets. Read again as soon as it changes."),
                    "none"));
}

const std::vector<Key<KerberosRealm>>& kerberos_realm_keys() {
  static const std::vector<Key<KerberosRealm>> all = [] {
    constexpr std::string_view s = "kerberos.realm";
    std::vector<Key<KerberosRealm>> k;
    k.push_back(required(text(s, "name", AT(KerberosRealm, name), 253, realm_name, "text",
                              "Its name in tickets, letter by letter: \"CORP.EXAMPLE\".")));
    k.push_back(text(s, "directory", AT(KerberosRealm, directory), 32, any_text, "text",
                     "Whose account it is, is looked up in the [[outside_directory]] of this name: by the name in the "
                     "ticket (sAMAccountName), or else as name@realm (userPrincipalName)."));
    k.push_back(text(s, "domain", AT(KerberosRealm, domain), 253, domain_or_nothing, "domain name",
                     "Or by its address: anna of the realm is anna@ this domain."));
    return k;
  }();
  return all;
}

}  // namespace gatepost::config
