#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "smtp/protocol/parameters.hpp"
#include "smtp/protocol/path.hpp"
#include "smtp/protocol/syntax.hpp"

namespace gatepost::smtp {

enum class Verb : std::uint8_t {
  helo,
  ehlo,
  mail,
  rcpt,
  data,
  bdat,
  rset,
  noop,
  quit,
  vrfy,
  expn,
  help,
  starttls,
  auth,
  unknown,
};
// In upper case, as it is on the wire; "" for unknown.
std::string_view to_string(Verb verb);
// What the line starts with, in any case. Also of lines that parse_command refuses.
Verb verb_of(std::string_view line);

struct Hello {           // HELO, EHLO (RFC 5321 4.1.1.1)
  bool extended = true;  // EHLO
  std::string name;      // printable, without spaces, brackets of comments or quotes: safe in a header
  bool operator==(const Hello&) const = default;
};
struct Mail {  // MAIL FROM:
  Path reverse_path;
  MailParameters parameters;
  bool operator==(const Mail&) const = default;
};
struct Rcpt {  // RCPT TO:
  Path forward_path;
  RcptParameters parameters;
  bool operator==(const Rcpt&) const = default;
};
struct Data {
  bool operator==(const Data&) const = default;
};
// RFC 3030 2. The chunk follows whatever the reply will be: expect_bdat() even to refuse it. When the line itself does
// not parse, nobody knows how much follows: close the connection.
struct Bdat {
  std::uint64_t octets = 0;
  bool last = false;
  bool operator==(const Bdat&) const = default;
};
struct Rset {
  bool operator==(const Rset&) const = default;
};
struct Noop {
  bool operator==(const Noop&) const = default;
};
struct Quit {
  bool operator==(const Quit&) const = default;
};
struct Vrfy {  // RFC 5321 4.1.1.6, RFC 6531 3.7.4.2
  std::string text;
  bool smtputf8 = false;
  bool operator==(const Vrfy&) const = default;
};
struct Expn {
  std::string text;
  bool smtputf8 = false;
  bool operator==(const Expn&) const = default;
};
struct Help {
  std::string topic;
  bool operator==(const Help&) const = default;
};
struct StartTls {
  bool operator==(const StartTls&) const = default;
};
struct Auth {                          // RFC 4954 4
  std::string mechanism;               // upper case
  std::optional<std::string> initial;  // decoded; "=" on the wire is an empty one
  bool operator==(const Auth&) const = default;
};

using Command = std::variant<Hello, Mail, Rcpt, Data, Bdat, Rset, Noop, Quit, Vrfy, Expn, Help, StartTls, Auth>;
Verb verb(const Command& command);

// `line` without CRLF, as Receiver gives it.
std::expected<Command, SyntaxError> parse_command(std::string_view line, const ParseOptions& options = {});

// Appends the line with CRLF. For the client; parse_command(write(c)) == c.
void write(std::string& out, const Command& command);

// An answer to a SASL challenge. nullopt: not base64 (501 5.5.2). "*" (cancelled) is to be checked for before.
inline constexpr std::string_view kSaslCancel = "*";
std::optional<std::string> parse_sasl_line(std::string_view line);

}  // namespace gatepost::smtp
