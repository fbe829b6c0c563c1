#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/dot_stuffing.hpp"

namespace gatepost::pop3 {

inline constexpr std::size_t kMaxReplyOctets = 512;  // RFC 2449 4, first line with CRLF

// "+OK text": control characters become spaces, longer text is cut at a character.
void write_ok(std::string& out, std::string_view text = {});
// "-ERR [CODE] text"; `code` is a response code without brackets (RFC 2449 8, RFC 3206): "IN-USE", "AUTH", "SYS/TEMP";
// or "".
void write_err(std::string& out, std::string_view code, std::string_view text);
// A SASL challenge (RFC 5034 4): "+ " and `octets` in base64.
void write_challenge(std::string& out, std::string_view octets);

// A multi-line reply: write_ok, then this. Lines of our own:
//   write_line(out, "1 120"); ... write_end(out);
// A message: DotStuffer stuffer; stuffer.append(out, piece) ...; stuffer.finish(out);
void write_line(std::string& out, std::string_view line);  // dot-stuffed, with CRLF; no CR or LF in `line`
void write_end(std::string& out);                          // ".CRLF"

using gatepost::DotStuffer;  // RFC 1939 3

}  // namespace gatepost::pop3
