#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/secret.hpp"

namespace gatepost::pop3 {

enum class Verb : std::uint8_t {
  user,
  pass,
  stat,
  list,
  uidl,
  retr,
  dele,
  noop,
  rset,
  top,
  quit,
  capa,
  stls,
  auth,
  utf8,
  lang,
  unknown,
};
std::string_view to_string(Verb verb);  // in upper case; "" for unknown
// What the line starts with, in any case. Also of lines that parse_command refuses.
Verb verb_of(std::string_view line);

// Messages are numbered from 1 (RFC 1939 3). APOP is not known: it needs the password in the clear at the server.
struct User {
  std::string name;  // one word, UTF-8 maybe (RFC 6856 2.2)
  bool operator==(const User&) const = default;
};
struct Pass {
  Secret password;  // spaces belong to it (RFC 1939 7)
  bool operator==(const Pass& o) const { return password.reveal() == o.password.reveal(); }
};
struct Stat {
  bool operator==(const Stat&) const = default;
};
struct List {
  std::optional<std::uint32_t> message;
  bool operator==(const List&) const = default;
};
struct Uidl {
  std::optional<std::uint32_t> message;
  bool operator==(const Uidl&) const = default;
};
struct Retr {
  std::uint32_t message = 0;
  bool operator==(const Retr&) const = default;
};
struct Dele {
  std::uint32_t message = 0;
  bool operator==(const Dele&) const = default;
};
struct Noop {
  bool operator==(const Noop&) const = default;
};
struct Rset {
  bool operator==(const Rset&) const = default;
};
struct Top {
  std::uint32_t message = 0;
  std::uint32_t lines = 0;
  bool operator==(const Top&) const = default;
};
struct Quit {
  bool operator==(const Quit&) const = default;
};
struct Capa {  // RFC 2449 5
  bool operator==(const Capa&) const = default;
};
struct Stls {  // RFC 2595 4
  bool operator==(const Stls&) const = default;
};
struct Auth {                          // RFC 5034 4
  std::string mechanism;               // upper case; "" asks for the list of them (RFC 1734 as practised)
  std::optional<std::string> initial;  // decoded; "=" on the wire is an empty one
  bool operator==(const Auth&) const = default;
};
struct Utf8 {  // RFC 6856 2
  bool operator==(const Utf8&) const = default;
};
struct Lang {
  std::string tag;  // "" asks for the list (RFC 6856 3)
  bool operator==(const Lang&) const = default;
};

using Command =
    std::variant<User, Pass, Stat, List, Uidl, Retr, Dele, Noop, Rset, Top, Quit, Capa, Stls, Auth, Utf8, Lang>;
Verb verb(const Command& command);

struct SyntaxError {
  bool unknown_command = false;
  std::string detail;  // constant English of ours: may go behind -ERR
};

// `line` without its end. Trailing spaces are accepted except in PASS. A number too large for 32 bits names no message:
// it gives the largest number.
std::expected<Command, SyntaxError> parse_command(std::string_view line);

// Appends the line with CRLF; parse_command(write(c)) == c.
void write(std::string& out, const Command& command);

// An answer to a SASL challenge. nullopt: not base64. "*" (cancelled) is to be checked for before.
inline constexpr std::string_view kSaslCancel = "*";
std::optional<std::string> parse_sasl_line(std::string_view line);

}  // namespace gatepost::pop3
