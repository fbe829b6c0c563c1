#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imap/protocol/command_fetch.hpp"
#include "imap/protocol/sequence_set.hpp"
#include "imap/protocol/syntax.hpp"

namespace gatepost::imap {

inline constexpr std::size_t kMaxSearchDepth = 100;
inline constexpr std::size_t kMaxSearchKeys = 10'000;
inline constexpr std::size_t kMaxFilterName = 200;  // octets

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
  sequence,   // `set`
  uid,        // `set`
  uid_after,  // `number` (RFC 9738 3.2)
  uid_before,
  larger,  // `number` octets
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
  filter,  // RFC 5466: `text` is the name, in lower case; replace_filter() puts its criteria there
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
  bool fuzzy = false;  // FUZZY stands before it, and is meant for all in it (RFC 6203 3)
  bool operator==(const SearchKey&) const = default;
};

// RETURN ( ... ) (RFC 9051 6.4.4, RFC 4731, RFC 5182). An empty list is `all`.
struct SearchReturn {
  bool min = false, max = false, all = false, count = false, save = false;
  std::optional<PartialRange> partial;  // RFC 9394 3.1; not with `all`
  bool update = false;                  // RFC 5267 4.3: tell of changes of the result
  FetchItems update_items;              // RFC 5465 7: of new messages that come into it
  bool context = false;                 // RFC 5267 4.2: the result will be asked for again
  bool relevancy = false;               // RFC 6203 4: how well each message fits. Only with FUZZY
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

// search-criteria as they are kept under a name (RFC 5466 3.2): keys as Search has them.
std::expected<std::vector<SearchKey>, SyntaxError> parse_criteria(std::string_view text);
// filter-name (RFC 5466 4)
bool is_filter_name(std::string_view name);
// Puts `criteria` in the place of keys[at], a filter. False: the keys become too many or too deep; nothing is changed.
bool replace_filter(std::vector<SearchKey>& keys, std::size_t at, const std::vector<SearchKey>& criteria);

enum class SortKey : std::uint8_t {  // RFC 5256 3, RFC 5957 2
  arrival,
  cc,
  date,
  from,
  size,
  subject,
  to,
  display_from,
  display_to,
  relevancy,  // RFC 6203 5. Only with FUZZY
};
struct SortCriterion {
  SortKey key = SortKey::arrival;
  bool reverse = false;
  bool operator==(const SortCriterion&) const = default;
};
std::string_view to_string(SortKey key);

inline constexpr std::size_t kMaxSortCriteria = 20;

// SORT and UID SORT (RFC 5256 3, RFC 5267 3). `search.charset` is never "".
struct Sort {
  std::vector<SortCriterion> criteria;  // at least one
  Search search;
  bool operator==(const Sort&) const = default;
};

// THREAD and UID THREAD (RFC 5256 3). `search.charset` is never "", `search.returns` never there.
struct Thread {
  enum class Algorithm : std::uint8_t { ordered_subject, references, refs };
  Algorithm algorithm = Algorithm::references;
  Search search;
  bool operator==(const Thread&) const = default;
};

inline constexpr std::size_t kMaxCancelled = 100;

struct CancelUpdate {  // RFC 5267 4.3.5
  std::vector<std::string> tags;
  bool operator==(const CancelUpdate&) const = default;
};

inline constexpr std::size_t kMaxSearchedNames = 1'000;  // in one ESEARCH

// filter-mailboxes (RFC 7377 2.2, RFC 5465 6): where to search.
struct MailboxFilter {
  // subtree_one: of ESEARCH alone; selected_delayed: of NOTIFY alone.
  enum class Kind : std::uint8_t {
    selected,
    selected_delayed,
    inboxes,
    personal,
    subscribed,
    subtree,
    subtree_one,
    mailboxes,
  };
  Kind kind = Kind::selected;
  std::vector<std::string> mailboxes;  // of the last three: at least one
  bool operator==(const MailboxFilter&) const = default;
};

std::string_view to_string(MailboxFilter::Kind kind);

// ESEARCH, which searches many mailboxes (RFC 7377). `search.uid` is true: results are UIDs.
struct Esearch {
  std::vector<MailboxFilter> in;  // at least one
  Search search;
  bool operator==(const Esearch&) const = default;
};

}  // namespace gatepost::imap
