#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"

// Certificates that the server gets by itself (RFC 8555).
namespace gatepost::config {

// How the authority is shown that a name is ours.
enum class Challenge : std::uint8_t {
  unset,        // of a certificate: that of [acme]
  http_01,      // RFC 8555 8.3: a file on port 80
  tls_alpn_01,  // RFC 8737: a special certificate on port 443
  dns_01,       // RFC 8555 8.4: a TXT record
};
enum class KeyKind : std::uint8_t { p256, p384, rsa2048, rsa3072, rsa4096 };

// [[acme.certificate]]
struct AcmeCertificate {
  std::vector<std::string> names;  // the first is what `gatepost certificate` calls it
  Challenge challenge = Challenge::unset;
  bool operator==(const AcmeCertificate&) const = default;
};

// [acme]
struct Acme {
  std::string directory;  // https URL of the authority; empty: no certificate is got
  bool agree_to_terms = false;
  std::vector<std::string> contact;  // mail addresses
  Challenge challenge = Challenge::http_01;
  KeyKind key = KeyKind::p256;
  bool reuse_key = false;                     // renewals keep the key, and TLSA records stay as they are
  bool revoke_replaced = false;               // ask for the revocation of a certificate whose key was replaced
  std::filesystem::path ca_file;              // who signed the authority's own web server; empty: the system's store
  std::string account_key_id;                 // external account binding (RFC 8555 7.3.4)
  std::filesystem::path account_key_file;     // its key in base64url
  std::optional<Endpoint> dns_server;         // takes updates (RFC 2136); none: records are made by a hook program
  std::filesystem::path dns_key_file;         // TSIG key as tsig-keygen(8) writes it
  std::string dns_zone;                       // the zone to be updated; empty: found by asking
  std::vector<Endpoint> dns_check;            // must show the record before the authority is told; empty: dns_server
  std::chrono::seconds dns_wait{10};          // after that, for other servers of the zone
  std::chrono::seconds hook_timeout{600};     // for the hook program to make a record
  std::vector<AcmeCertificate> certificates;  // complete(): one for the host name, when the file has none
  bool operator==(const Acme&) const = default;

  bool on() const { return !directory.empty(); }
  Challenge challenge_of(const AcmeCertificate& one) const {
    return one.challenge == Challenge::unset ? challenge : one.challenge;
  }
};

}  // namespace gatepost::config
