#pragma once

#include <filesystem>
#include <string>
#include <vector>

// Kerberos V5 (RFC 4120): tickets that people sign in by.
namespace gatepost::kerberos {

// A realm whose word is taken, and for whose accounts.
struct Realm {
  std::string name;       // "CORP.EXAMPLE", letter by letter (RFC 4120 6.1: in capitals by custom, and case counts)
  std::string domain;     // anna@NAME is the account anna@domain; empty: it is not found so
  std::string directory;  // anna@NAME is whose entry this outside directory has; empty: likewise
  bool operator==(const Realm&) const = default;
};

struct Settings {
  std::filesystem::path keytab;   // empty: no tickets are taken
  std::filesystem::path replays;  // libkrb5's notes of tickets that were shown by HTTP, of a few minutes
  std::vector<Realm> realms;
};

}  // namespace gatepost::kerberos
