#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "imap/protocol/sequence_set.hpp"

namespace gatepost::imap {

inline constexpr std::size_t kMaxFetchSections = 200;  // BODY[...] and BINARY[...] items in one command
inline constexpr std::size_t kMaxSectionDepth = 100;   // numbers in "1.2.3"
inline constexpr std::size_t kMaxSectionFields = 500;  // names behind HEADER.FIELDS

// partial-range (RFC 9394 4): places in a list of results, from 1, as written: the first may be the larger. "-1:-10"
// counts from the end.
struct PartialRange {
  std::uint32_t first = 0, last = 0;
  bool from_end = false;
  bool operator==(const PartialRange&) const = default;
};
std::string to_string(const PartialRange& range);

// What FETCH can ask for that has no parameters. One bit each.
enum class FetchAttribute : std::uint32_t {
  flags = 1,
  internal_date = 2,
  rfc822_size = 4,
  uid = 8,
  envelope = 16,
  body = 32,            // BODY: the structure without extension data
  body_structure = 64,  // BODYSTRUCTURE
  modseq = 128,         // RFC 7162 3.1.4
  email_id = 256,       // RFC 8474
  thread_id = 512,
  save_date = 1024,     // RFC 8514
  preview = 2048,       // RFC 8970
  preview_lazy = 4096,  // with preview: NIL will do when there is none at hand
};

// section (RFC 9051 9): which octets of a message. "[]" is the default: all of it.
struct Section {
  enum class Text : std::uint8_t { whole, header, header_fields, header_fields_not, text, mime };
  std::vector<std::uint32_t> part;  // "1.2" before the text; empty: the message itself
  Text text = Text::whole;
  std::vector<std::string> fields;  // of header_fields and header_fields_not, as sent
  bool operator==(const Section&) const = default;
};

struct Partial {
  std::uint64_t offset = 0, octets = 0;  // octets > 0; both below 2^63
  bool operator==(const Partial&) const = default;
};

struct FetchSection {
  enum class Form : std::uint8_t {
    body,           // BODY[section]<partial>, BODY.PEEK
    binary,         // BINARY[part]<partial>, BINARY.PEEK: transfer encoding undone (RFC 9051 6.4.5)
    binary_size,    // BINARY.SIZE[part]
    rfc822,         // RFC822: as BODY[], answered under its own name (RFC 3501 6.4.5); the other two also
    rfc822_header,  // as BODY.PEEK[HEADER]
    rfc822_text,    // as BODY[TEXT]
  };
  Form form = Form::body;
  bool peek = false;               // rfc822_header and binary_size: true
  Section section;                 // of the rfc822 forms: what it stands for
  std::optional<Partial> partial;  // body, binary
  bool operator==(const FetchSection&) const = default;
};

// What is asked for, each once: macros are expanded (ALL, FAST, FULL), order is not kept.
struct FetchItems {
  std::uint32_t attributes = 0;  // bits of FetchAttribute
  std::vector<FetchSection> sections;

  bool has(FetchAttribute a) const { return (attributes & static_cast<std::uint32_t>(a)) != 0; }
  void add(FetchAttribute a) { attributes |= static_cast<std::uint32_t>(a); }
  bool empty() const { return attributes == 0 && sections.empty(); }
  bool sets_seen() const;  // some section is asked for without PEEK (RFC 9051 6.4.5)
  bool operator==(const FetchItems&) const = default;
};

// FETCH and UID FETCH. UID FETCH does not imply `uid` here: RFC 9051 6.4.8 is the session's.
struct Fetch {
  bool uid = false;
  SequenceSet set;
  FetchItems items;
  std::optional<std::uint64_t> changed_since;  // RFC 7162 3.1.4.1
  bool vanished = false;                       // RFC 7162 3.2.6: only with uid and changed_since
  std::optional<PartialRange> partial;         // RFC 9394 3.3: of the messages the set names
  bool operator==(const Fetch&) const = default;
};

}  // namespace gatepost::imap
