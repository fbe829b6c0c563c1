#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// How text becomes IMAP's strings. All functions append to `out`. `utf8`: the client enabled UTF8=ACCEPT or IMAP4rev2,
// so that quoted strings may hold UTF-8 (RFC 9051 4.3, RFC 6855 3).
namespace gatepost::imap {

inline constexpr std::size_t kMaxQuotedOctets = 1000;  // longer text is sent as a literal

// Absent is NIL, which is not the empty string.
using NString = std::optional<std::string_view>;

// 1*ATOM-CHAR (RFC 9051 9), and without what makes other software stumble: it is not "NIL" and no number's start
// matters.
bool is_atom(std::string_view text);

// Quoted when all of it may be, else a literal. NUL, which no string may hold, becomes 0x80.
void write_string(std::string& out, std::string_view text, bool utf8);
void write_nstring(std::string& out, NString text, bool utf8);
// An atom when it is one, else as write_string.
void write_astring(std::string& out, std::string_view text, bool utf8);
// `name` is UTF-8; modified UTF-7 on the wire unless `utf8`. A name that is not valid UTF-8 has its bad octets
// replaced.
void write_mailbox(std::string& out, std::string_view name, bool utf8);
// "{12}\r\n": the caller appends exactly so many octets. `binary`: literal8, "~{12}\r\n".
void write_literal_header(std::string& out, std::uint64_t octets, bool binary = false);
void write_number(std::string& out, std::uint64_t number);

}  // namespace gatepost::imap
