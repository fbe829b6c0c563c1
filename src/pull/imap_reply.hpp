#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

// What an IMAP server says, as far as somebody who fetches mail needs it. Pure, tolerant: what is not understood says
// nothing. Literals stand inline, as "{5}\r\nhello".
namespace gatepost::pull {

// The end of a line that announces a literal, "... {12}" or "{12+}": its octets.
std::optional<std::uint64_t> literal_at_end(std::string_view line);

enum class Status : std::uint8_t { ok, no, bad, bye, preauth };
// "A1 OK [CODE args] text" without tag, or "* BYE ...".
struct StatusLine {
  Status status = Status::ok;
  std::string code, arguments, text;  // code in upper case
};
std::optional<StatusLine> parse_status(std::string_view text);

struct Listed {
  std::string name;  // UTF-8
  char delimiter = '\0';
  std::vector<std::string> attributes;  // in lower case, with the backslash
  bool has(std::string_view attribute) const;
};
// "LIST (...) "/" name" or XLIST, behind "* ".
std::optional<Listed> parse_list(std::string_view text, bool utf8);

// The first personal namespace: its prefix (RFC 2342 5). "* NAMESPACE ((...)) ...", behind "* ".
struct Namespace {
  std::string prefix;
  char delimiter = '\0';
};
std::optional<Namespace> parse_namespace(std::string_view text, bool utf8);

// One FETCH response, behind "* ". A literal at its very end is not part of it: `literal` is its size.
struct Fetched {
  std::uint32_t number = 0, uid = 0;
  std::optional<std::uint64_t> size;  // RFC822.SIZE; some servers guess
  std::optional<TimePoint> received;  // INTERNALDATE
  bool has_flags = false;
  std::vector<std::string> flags;        // as they stand there
  std::optional<std::uint64_t> literal;  // of BODY[]
  bool empty_body = false;               // BODY[] is NIL or ""
};
std::optional<Fetched> parse_fetch(std::string_view text);

// "* 12 EXISTS": 12.
std::optional<std::uint32_t> parse_exists(std::string_view text);
// Capabilities of "CAPABILITY ..." or of a response code, in upper case.
std::vector<std::string> parse_capabilities(std::string_view words);

// How long a server that is too busy asks to wait: "Suggested Backoff Time: 45000 milliseconds" (Exchange). None: it
// does not say.
std::optional<std::chrono::milliseconds> backoff_of(std::string_view text);
// Whether a refusal is for now only: THROTTLED, UNAVAILABLE, INUSE, LIMIT, and what servers say in words.
bool is_temporary(const StatusLine& line);

}  // namespace gatepost::pull
