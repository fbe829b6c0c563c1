#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "directory/directory.hpp"
#include "smtp/protocol/parameters.hpp"

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

// What the sender wants to hear of one recipient (RFC 3461 4.1, 4.2).
struct DsnRequest {
  std::optional<smtp::Notify> notify;               // none: failures and delays, as ever
  std::optional<smtp::OriginalRecipient> original;  // ORCPT, as it came
  bool success() const { return notify && notify->success; }
  bool failure() const { return !notify || notify->failure; }
  bool delay() const { return !notify || notify->delay; }
  bool never() const { return notify && *notify == smtp::Notify{}; }
  bool operator==(const DsnRequest&) const = default;
};

// One accepted RCPT and where it leads.
struct Recipient {
  std::string address;  // as the client named it, canonical
  std::vector<directory::Destination> destinations;
  DsnRequest dsn = {};
};

// RFC 4865 4: how far ahead a release may be asked for.
inline constexpr std::chrono::seconds kLongestHold = std::chrono::days(30);

struct Envelope {
  std::string reverse_path;  // empty = null sender
  std::vector<Recipient> recipients;
  BodyType body_type = BodyType::eight_bit;
  bool smtputf8 = false;
  std::optional<smtp::Ret> ret = {};      // what of the message comes back with a failure (RFC 3461 4.3)
  std::optional<std::string> envid = {};  // what the sender knows it by (4.4)
  // Nobody gets it before (RFC 4865). A time that has come, or none: at once.
  std::optional<TimePoint> not_before = {};
  // Who hands the message over reads Accepted::refusal and tells the sender.
  bool may_refuse = false;
};

}  // namespace gatepost::mailflow
