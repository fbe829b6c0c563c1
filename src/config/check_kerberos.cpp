#include <algorithm>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "config/check.hpp"

namespace gatepost::config {
namespace {

void add(std::vector<Problem>& out, Severity severity, std::string where, std::string what, std::string cause,
         std::string cure) {
  out.push_back({severity, "", 0, std::move(where), std::move(what), std::move(cause), std::move(cure)});
}

}  // namespace

void check_kerberos_values(const Config& config, std::vector<Problem>& problems) {
  const Kerberos& kerberos = config.kerberos;
  std::set<std::string> names;
  for (std::size_t i = 0; i < kerberos.realms.size(); ++i) {
    const KerberosRealm& one = kerberos.realms[i];
    const std::string where = fmt::format("[[kerberos.realm]] {}", i + 1);
    if (!names.insert(one.name).second)
      add(problems, Severity::error, where + " name", "is there twice", "", "Take one out.");
    if (one.domain.empty() == one.directory.empty()) {
      add(problems, Severity::error, where, "needs either directory or domain",
          "One of them says whose account somebody of the realm is.", "Write one of the two.");
    }
    const bool known = std::ranges::any_of(
        config.outside_directories, [&](const OutsideDirectory& directory) { return directory.name == one.directory; });
    if (!one.directory.empty() && !known) {
      add(problems, Severity::error, where + " directory",
          fmt::format("no [[outside_directory]] is called {}", one.directory), "", "Write the name of one.");
    }
  }
  if (kerberos.keytab.empty() && kerberos.realms.empty()) return;
  if (kerberos.keytab.empty() || kerberos.realms.empty()) {
    add(problems, Severity::error, "[kerberos] keytab", "goes with [[kerberos.realm]]",
        "Tickets are taken by its keys, and of these realms.", "Write both, or none.");
  }
  if (std::ranges::find(config.auth.mechanisms, "GSSAPI") == config.auth.mechanisms.end()) {
    add(problems, Severity::warning, "[auth] mechanisms", "has no GSSAPI", "No ticket is taken.",
        "Add it, or take [kerberos] out.");
  }
}

void check_kerberos_files(const Config& config, std::vector<Problem>& problems) {
  const std::filesystem::path& keytab = config.kerberos.keytab;
  if (keytab.empty() || std::ifstream(keytab)) return;
  add(problems, Severity::error, "[kerberos] keytab", fmt::format("{} cannot be read", keytab.string()), "",
      "Check the path and the permissions.");
}

}  // namespace gatepost::config
