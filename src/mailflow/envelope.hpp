#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.hpp"
#include "directory/directory.hpp"

namespace gatepost::mailflow {

// Where a message came from, as far as policy, the Received field and the log care.
struct Source {
  std::string connection_id;
  std::string service;  // "smtp" or "submission"
  Endpoint remote;
  std::string hello;  // what HELO/EHLO named
  bool esmtp = false;
  bool smtputf8 = false;
  std::string tls_version, tls_cipher;            // empty = no TLS
  std::optional<directory::Principal> submitter;  // signed in
};

enum class BodyType : std::uint8_t { seven_bit, eight_bit, binary };

// One accepted RCPT and where it leads.
struct Recipient {
  std::string address;  // as the client named it, canonical
  std::vector<directory::Destination> destinations;
};

struct Envelope {
  std::string reverse_path;  // empty = null sender
  std::vector<Recipient> recipients;
  BodyType body_type = BodyType::eight_bit;
  bool smtputf8 = false;
};

}  // namespace gatepost::mailflow
