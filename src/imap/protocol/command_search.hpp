#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "imap/protocol/sequence_set.hpp"

namespace gatepost::imap {

inline constexpr std::size_t kMaxSearchDepth = 100;
inline constexpr std::size_t kMaxSearchKeys = 10'000;

enum class SearchOp : std::uint8_t {
  all,
  // Composed.
  conjunction,  // all children: the program itself, and "( ... )". At least one
  disjunction,  // OR: two children
  negation,     // NOT: one child
  // State.
  flag,     // `flag`, `wanted`: SEEN, UNSEEN, ...
  keyword,  // `text`, `wanted`
  recent,   // `wanted`: RECENT, OLD
  new_,     // RECENT UNSEEN
  modseq,   // `number` or more (RFC 7162 3.1.5); entry name and type are read and forgotten
  // Numbers.
  sequence,  // `set`
  uid,       // `set`
  larger,    // `number` octets
  smaller,
  // Days, without regard to time and zone (RFC 9051 6.4.4): `day`.
  before,
  on,
  since,
  sent_before,
  sent_on,
  sent_since,
  saved_before,  // RFC 8514
  saved_on,
  saved_since,
  save_date_supported,
  older,  // `number` seconds (RFC 5032)
  younger,
  // Text: `text` in the command's charset.
  bcc,
  cc,
  from,
  to,
  subject,
  header,  // `field`, `text` (maybe empty: the field exists)
  body,
  text,
  email_id,  // RFC 8474: `text`
  thread_id,
};

// One key. All keys of a command are one flat vector in the order they are written; a composed key is followed by its
// children's keys, and `end` is the index behind the last of them. Children of keys[i]:
//   for (auto c = i + 1; c < keys[i].end; c = keys[c].end)
struct SearchKey {
  SearchOp op = SearchOp::all;
  bool wanted = true;     // flag, keyword, recent: false for UNSEEN, UNKEYWORD, OLD
  std::uint8_t flag = 0;  // bit of imap::flag
  std::uint32_t end = 0;
  std::uint64_t number = 0;
  std::chrono::sys_days day{};
  std::string text, field;
  SequenceSet set;
  bool operator==(const SearchKey&) const = default;
};

// RETURN ( ... ) (RFC 9051 6.4.4, RFC 4731, RFC 5182). An empty list is `all`.
struct SearchReturn {
  bool min = false, max = false, all = false, count = false, save = false;
  bool operator==(const SearchReturn&) const = default;
};

// SEARCH and UID SEARCH. keys[0] is a conjunction over the whole program, children at most kMaxSearchDepth deep.
struct Search {
  bool uid = false;
  std::optional<SearchReturn> returns;  // none: answered by SEARCH in rev1, ESEARCH in rev2
  // Upper case, "" when none was named: US-ASCII in rev1, UTF-8 in rev2. With UTF8=ACCEPT it must be "" (RFC 9755 3).
  std::string charset;
  std::vector<SearchKey> keys;
  bool operator==(const Search&) const = default;
};

}  // namespace gatepost::imap
