#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/date.hpp"
#include "smtp/protocol/syntax.hpp"

namespace gatepost::smtp {

inline constexpr std::size_t kMaxEnvidOctets = 100;          // RFC 3461 5.4
inline constexpr std::size_t kMaxOrcptOctets = 500;          // RFC 3461 5.4; here of the decoded address
inline constexpr std::size_t kMaxAuthParameterOctets = 500;  // RFC 4954 3

enum class Body : std::uint8_t { seven_bit, eight_bit_mime, binary_mime };  // RFC 6152, RFC 3030
enum class Ret : std::uint8_t { full, headers };                            // RFC 3461 4.3

struct MailParameters {
  std::optional<std::uint64_t> size;  // SIZE= (RFC 1870); larger than 64 bits gives the largest number
  std::optional<Body> body;           // BODY=
  bool smtputf8 = false;              // SMTPUTF8 (RFC 6531 3.4)
  std::optional<std::string> auth;    // AUTH= (RFC 4954 5), decoded; "" for <>
  std::optional<Ret> ret;             // RET=
  std::optional<std::string> envid;   // ENVID=, decoded: printable ASCII
  // HOLDFOR=, HOLDUNTIL= (RFC 4865): at most one of them.
  std::optional<std::chrono::seconds> hold_for;
  std::optional<TimePoint> hold_until;  // to the millisecond
  bool operator==(const MailParameters&) const = default;
};

// NOTIFY= (RFC 3461 4.1). All false is NEVER.
struct Notify {
  bool success = false, failure = false, delay = false;
  bool operator==(const Notify&) const = default;
};

// ORCPT= (RFC 3461 4.2, RFC 6533 3 for type utf-8)
struct OriginalRecipient {
  std::string type;     // "rfc822" or "utf-8", in lower case; others pass
  std::string address;  // decoded from xtext; for utf-8 real UTF-8
  bool operator==(const OriginalRecipient&) const = default;
};

struct RcptParameters {
  std::optional<Notify> notify;
  std::optional<OriginalRecipient> orcpt;
  bool operator==(const RcptParameters&) const = default;
};

// esmtp-param *(SP esmtp-param): what follows the path, spaces around it allowed. A parameter given twice is
// bad_parameter.
std::expected<MailParameters, SyntaxError> parse_mail_parameters(std::string_view text, const ParseOptions& options);
std::expected<RcptParameters, SyntaxError> parse_rcpt_parameters(std::string_view text, const ParseOptions& options);

// Appends " KEY=value" for each that is set.
void write(std::string& out, const MailParameters& parameters);
void write(std::string& out, const RcptParameters& parameters);

// xtext (RFC 3461 4): printable ASCII without + and =, other octets as +HH with upper-case hex.
std::string to_xtext(std::string_view octets);
std::optional<std::string> from_xtext(std::string_view text);

}  // namespace gatepost::smtp
