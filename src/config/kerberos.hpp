#pragma once

#include <filesystem>
#include <string>
#include <vector>

// Kerberos tickets that people sign in by (RFC 4752).
namespace gatepost::config {

// [[kerberos.realm]]
struct KerberosRealm {
  std::string name;
  std::string domain;
  std::string directory;  // the name of an [[outside_directory]]
  bool operator==(const KerberosRealm&) const = default;
};

// [kerberos]
struct Kerberos {
  std::filesystem::path keytab;
  std::vector<KerberosRealm> realms;
  bool operator==(const Kerberos&) const = default;
};

}  // namespace gatepost::config
