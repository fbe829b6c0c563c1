#include "imap/protocol/command_search.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "base/date.hpp"
#include "imap/protocol/characters.hpp"
#include "imap/protocol/flags.hpp"
#include "imap/protocol/parsers.hpp"

namespace gatepost::imap {
namespace {

// What stands behind a key's name.
enum class Argument : std::uint8_t {
  none,
  text,
  keyword,
  date,
  octets,
  seconds,
  set,
  uid,
  field,
  modseq,
  object_id,
  filter
};

struct KeyRow {
  std::string_view name;
  SearchOp op;
  Argument argument = Argument::none;
  bool wanted = true;
  std::uint8_t flag = 0;
};
// search-key (RFC 9051 9) and who added what.
constexpr KeyRow kKeys[] = {
    {"ALL", SearchOp::all},
    {"ANSWERED", SearchOp::flag, Argument::none, true, flag::kAnswered},
    {"DELETED", SearchOp::flag, Argument::none, true, flag::kDeleted},
    {"DRAFT", SearchOp::flag, Argument::none, true, flag::kDraft},
    {"FLAGGED", SearchOp::flag, Argument::none, true, flag::kFlagged},
    {"SEEN", SearchOp::flag, Argument::none, true, flag::kSeen},
    {"UNANSWERED", SearchOp::flag, Argument::none, false, flag::kAnswered},
    {"UNDELETED", SearchOp::flag, Argument::none, false, flag::kDeleted},
    {"UNDRAFT", SearchOp::flag, Argument::none, false, flag::kDraft},
    {"UNFLAGGED", SearchOp::flag, Argument::none, false, flag::kFlagged},
    {"UNSEEN", SearchOp::flag, Argument::none, false, flag::kSeen},
    {"KEYWORD", SearchOp::keyword, Argument::keyword},
    {"UNKEYWORD", SearchOp::keyword, Argument::keyword, false},
    {"NEW", SearchOp::new_},  // RFC 3501 6.4.4, with OLD and RECENT
    {"OLD", SearchOp::recent, Argument::none, false},
    {"RECENT", SearchOp::recent},
    {"UID", SearchOp::uid, Argument::set},
    {"UIDAFTER", SearchOp::uid_after, Argument::uid},  // RFC 9738 3.2
    {"UIDBEFORE", SearchOp::uid_before, Argument::uid},
    {"LARGER", SearchOp::larger, Argument::octets},
    {"SMALLER", SearchOp::smaller, Argument::octets},
    {"BEFORE", SearchOp::before, Argument::date},
    {"ON", SearchOp::on, Argument::date},
    {"SINCE", SearchOp::since, Argument::date},
    {"SENTBEFORE", SearchOp::sent_before, Argument::date},
    {"SENTON", SearchOp::sent_on, Argument::date},
    {"SENTSINCE", SearchOp::sent_since, Argument::date},
    {"BCC", SearchOp::bcc, Argument::text},
    {"CC", SearchOp::cc, Argument::text},
    {"FROM", SearchOp::from, Argument::text},
    {"TO", SearchOp::to, Argument::text},
    {"SUBJECT", SearchOp::subject, Argument::text},
    {"HEADER", SearchOp::header, Argument::field},
    {"BODY", SearchOp::body, Argument::text},
    {"TEXT", SearchOp::text, Argument::text},
    {"MODSEQ", SearchOp::modseq, Argument::modseq},  // RFC 7162 3.1.5
    {"OLDER", SearchOp::older, Argument::seconds},   // RFC 5032
    {"YOUNGER", SearchOp::younger, Argument::seconds},
    {"SAVEDBEFORE", SearchOp::saved_before, Argument::date},  // RFC 8514
    {"SAVEDON", SearchOp::saved_on, Argument::date},
    {"SAVEDSINCE", SearchOp::saved_since, Argument::date},
    {"SAVEDATESUPPORTED", SearchOp::save_date_supported},
    {"EMAILID", SearchOp::email_id, Argument::object_id},  // RFC 8474
    {"THREADID", SearchOp::thread_id, Argument::object_id},
    {"FILTER", SearchOp::filter, Argument::filter},  // RFC 5466 3.1
};

// date = date-text / DQUOTE date-text DQUOTE
std::chrono::sys_days read_date(Tokens& t) {
  const std::string text = t.peek() == '"' ? t.string() : std::string(t.atom());
  const auto date = date::parse_imap_date(text);
  if (!date) t.fail("A date is malformed");
  return date ? std::chrono::floor<std::chrono::days>(*date) : std::chrono::sys_days();
}

// "MODSEQ" [search-modseq-ext] SP mod-sequence-valzer      search-modseq-ext = SP entry-name SP entry-type-req
std::uint64_t read_modseq(Tokens& t) {
  if (t.peek() == '"') {
    t.string();
    t.space();
    if (!t.skip_atom("ALL") && !t.skip_atom("PRIV") && !t.skip_atom("SHARED"))
      t.fail("Unknown entry type behind MODSEQ");
    t.space();
  }
  return t.number64();
}

// RFC 8474 7: objectid = 1*255(ALPHA / DIGIT / "_" / "-")
std::string read_object_id(Tokens& t) {
  const std::string_view text = t.name();
  if (text.size() > 255 || text.find('.') != std::string_view::npos) t.fail("An object identifier is malformed");
  return std::string(text);
}

std::string read_keyword(Tokens& t) {
  const std::string_view text = t.atom();
  if (t.ok() && !is_keyword(text)) t.fail("A keyword is too long", Fault::limit);
  return std::string(text);
}

void read_argument(Tokens& t, Argument argument, SearchKey& key) {
  if (argument == Argument::none) return;
  t.space();
  switch (argument) {
    case Argument::none:
      return;
    case Argument::text:
      key.text = t.astring();
      return;
    case Argument::keyword:
      key.text = read_keyword(t);
      return;
    case Argument::date:
      key.day = read_date(t);
      return;
    case Argument::octets:
      key.number = t.number64();
      return;
    case Argument::seconds:
    case Argument::uid:
      key.number = t.nz_number();
      return;
    case Argument::set:
      key.set = t.sequence_set();
      return;
    case Argument::field:
      key.field = t.astring();
      t.space();
      key.text = t.astring();
      return;
    case Argument::modseq:
      key.number = read_modseq(t);
      return;
    case Argument::object_id:
      key.text = read_object_id(t);
      return;
    case Argument::filter:
      key.text = ascii::to_lower(t.atom());
      if (t.ok() && !is_filter_name(key.text)) t.fail("The name of a filter is malformed");
      return;
  }
}

// Reads the keys into a flat vector. What is open is on a stack of our own, not on the program's.
class KeysReader {
 public:
  explicit KeysReader(Tokens& t) : t_(t) {}

  // 1*(SP search-key), from behind the first space.
  std::vector<SearchKey> read() {
    open(SearchOp::conjunction, kUntilClosed);
    while (t_.ok() && !open_.empty()) {
      if (!begin_key()) end_keys();
    }
    return std::move(keys_);
  }

 private:
  static constexpr std::uint8_t kUntilClosed = 0;
  struct Open {
    std::size_t key;
    std::uint8_t missing;  // operands; kUntilClosed: any number, up to ')' or the end
  };

  SearchKey& add(SearchOp op) {
    if (keys_.size() == kMaxSearchKeys) t_.fail("Too many search keys", Fault::limit);
    auto& key = keys_.emplace_back();
    key.op = op;
    key.fuzzy = std::exchange(fuzzy_, false);
    key.end = static_cast<std::uint32_t>(keys_.size());
    return key;
  }

  void open(SearchOp op, std::uint8_t operands) {
    if (open_.size() > kMaxSearchDepth) t_.fail("The search is too deep", Fault::limit);
    open_.push_back({keys_.size(), operands});
    add(op);
  }

  // True when it was the beginning of a composed key, so that another key follows at once.
  bool begin_key() {
    if (t_.skip('(')) {
      open(SearchOp::conjunction, kUntilClosed);
      return true;
    }
    if (ascii::is_digit(t_.peek()) || t_.peek() == '*' || t_.peek() == '$') {
      add(SearchOp::sequence).set = t_.sequence_set();
      return false;
    }
    const std::string_view name = t_.name();
    // search-key =/ "FUZZY" SP search-key      (RFC 6203 6)
    if (ascii::iequals(name, "FUZZY")) {
      fuzzy_ = true;
      t_.space();
      return true;
    }
    const bool negation = ascii::iequals(name, "NOT");
    if (negation || ascii::iequals(name, "OR")) {
      open(negation ? SearchOp::negation : SearchOp::disjunction, negation ? 1 : 2);
      t_.space();
      return true;
    }
    const auto* row = std::ranges::find_if(kKeys, [name](const KeyRow& r) { return ascii::iequals(r.name, name); });
    if (row == std::end(kKeys)) {
      t_.fail("Unknown search key");
      return false;
    }
    SearchKey& key = add(row->op);
    key.wanted = row->wanted;
    key.flag = row->flag;
    read_argument(t_, row->argument, key);
    return false;
  }

  // A key is complete: ends what ends with it, up to where another key is due.
  void end_keys() {
    while (t_.ok() && !open_.empty()) {
      Open& top = open_.back();
      const bool group = top.missing == kUntilClosed;
      const bool ended = group ? (open_.size() == 1 ? t_.at_last() : t_.skip(')')) : --top.missing == 0;
      if (!ended) return t_.space();
      keys_[top.key].end = static_cast<std::uint32_t>(keys_.size());
      open_.pop_back();
    }
  }

  Tokens& t_;
  std::vector<SearchKey> keys_;
  std::vector<Open> open_;
  bool fuzzy_ = false;  // the next key is
};

std::uint32_t read_place(Tokens& t, bool from_end) {
  if (from_end) t.expect('-', "A range from the end has two negative numbers");
  return t.nz_number();
}

// search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"
SearchReturn read_search_returns(Tokens& t) {
  SearchReturn out;
  t.space();
  t.expect('(', "A list of return options is missing");
  if (t.skip(')')) {
    out.all = true;
    return out;
  }
  do {
    if (t.skip_atom("MIN")) {
      out.min = true;
    } else if (t.skip_atom("MAX")) {
      out.max = true;
    } else if (t.skip_atom("ALL")) {
      out.all = true;
    } else if (t.skip_atom("COUNT")) {
      out.count = true;
    } else if (t.skip_atom("SAVE")) {
      out.save = true;
    } else if (t.skip_atom("UPDATE")) {
      out.update = true;
      // modifier-update = "UPDATE" [ "(" fetch-att *(SP fetch-att) ")" ]      (RFC 5465 8; its example has a space)
      if (t.peek_text(" (")) t.space();
      if (t.peek() == '(') out.update_items = read_fetch_items(t);
    } else if (t.skip_atom("CONTEXT")) {
      out.context = true;
    } else if (t.skip_atom("RELEVANCY")) {
      out.relevancy = true;
    } else if (t.skip_atom("PARTIAL")) {
      if (out.partial) t.fail("PARTIAL twice");
      out.partial = read_partial_range(t);
    } else {
      t.fail("Unknown return option of SEARCH");
    }
  } while (t.skip(' '));
  t.expect(')', "The list of return options has no end");
  // RFC 9394 3.1
  if (out.partial && out.all) t.fail("PARTIAL and ALL exclude each other");
  return out;
}

struct SortRow {
  std::string_view name;
  SortKey key;
};
constexpr SortRow kSortKeys[] = {{"ARRIVAL", SortKey::arrival},
                                 {"CC", SortKey::cc},
                                 {"DATE", SortKey::date},
                                 {"FROM", SortKey::from},
                                 {"SIZE", SortKey::size},
                                 {"SUBJECT", SortKey::subject},
                                 {"TO", SortKey::to},
                                 {"DISPLAYFROM", SortKey::display_from},
                                 {"DISPLAYTO", SortKey::display_to},
                                 {"RELEVANCY", SortKey::relevancy}};

// sort-criteria = "(" sort-criterion *(SP sort-criterion) ")"      sort-criterion = ["REVERSE" SP] sort-key
std::vector<SortCriterion> read_criteria(Tokens& t) {
  std::vector<SortCriterion> out;
  t.expect('(', "A list of sort criteria is missing");
  do {
    SortCriterion criterion;
    std::string_view name = t.name();
    if (ascii::iequals(name, "REVERSE")) {
      criterion.reverse = true;
      t.space();
      name = t.name();
    }
    const auto* row =
        std::ranges::find_if(kSortKeys, [name](const SortRow& r) { return ascii::iequals(r.name, name); });
    if (row == std::end(kSortKeys)) {
      t.fail("Unknown sort criterion");
      break;
    }
    criterion.key = row->key;
    if (out.size() == kMaxSortCriteria) t.fail("Too many sort criteria", Fault::limit);
    out.push_back(criterion);
  } while (t.skip(' '));
  t.expect(')', "The list of sort criteria has no end");
  return out;
}

struct FilterRow {
  std::string_view name;
  MailboxFilter::Kind kind;
  bool names = false;
};
constexpr FilterRow kFilters[] = {{"SELECTED", MailboxFilter::Kind::selected},
                                  {"SELECTED-DELAYED", MailboxFilter::Kind::selected_delayed},
                                  {"INBOXES", MailboxFilter::Kind::inboxes},
                                  {"PERSONAL", MailboxFilter::Kind::personal},
                                  {"SUBSCRIBED", MailboxFilter::Kind::subscribed},
                                  {"SUBTREE", MailboxFilter::Kind::subtree, true},
                                  {"SUBTREE-ONE", MailboxFilter::Kind::subtree_one, true},
                                  {"MAILBOXES", MailboxFilter::Kind::mailboxes, true}};

// source-mbox = filter-mailboxes *(SP filter-mailboxes)
std::vector<MailboxFilter> read_filters(Tokens& t) {
  std::vector<MailboxFilter> out;
  std::size_t names = 0;
  do {
    out.push_back(read_mailbox_filter(t, names));
    // RFC 7377 2.2
    if (out.back().kind == MailboxFilter::Kind::selected_delayed) t.fail("SELECTED-DELAYED is of NOTIFY alone");
  } while (t.skip(' '));
  return out;
}

// RFC 6203 4, 5: without FUZZY there are no scores. A filter may bring it along.
void check_relevancy(Tokens& t, const Search& search, bool asked) {
  const auto may_be_fuzzy = [](const SearchKey& key) { return key.fuzzy || key.op == SearchOp::filter; };
  if (asked && std::ranges::none_of(search.keys, may_be_fuzzy)) t.fail("RELEVANCY is of searches with FUZZY alone");
}

// search-criteria = charset 1*(SP search-key)
void read_criteria_of_search(Tokens& t, Search& search) {
  t.space();
  search.charset = ascii::to_upper(t.astring());
  if (search.charset.empty()) t.fail("The charset has no name");
  t.space();
  search.keys = KeysReader(t).read();
}

// [search-return-opts SP] search-program, from behind the first space.
Search read_search(Tokens& t, bool uid) {
  Search out;
  out.uid = uid;
  if (t.skip_atom("RETURN")) {
    out.returns = read_search_returns(t);
    t.space();
  }
  if (t.skip_atom("CHARSET")) {
    t.space();
    out.charset = ascii::to_upper(t.astring());
    if (out.charset.empty()) t.fail("The charset has no name");
    t.space();
  }
  out.keys = KeysReader(t).read();
  check_relevancy(t, out, out.returns && out.returns->relevancy);
  return out;
}

}  // namespace

std::expected<std::vector<SearchKey>, SyntaxError> parse_criteria(std::string_view text) {
  const ParseOptions options{.utf8 = true};
  Tokens t(text, options);
  std::vector<SearchKey> keys = KeysReader(t).read();
  t.end();
  if (!t.ok()) return std::unexpected(t.error(""));
  return keys;
}

bool is_filter_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxFilterName &&
         std::ranges::all_of(name, [](char c) { return is_atom_char(c) && c != '/'; });
}

namespace {

// How many composed keys are open at once, at most.
std::size_t depth_of(const std::vector<SearchKey>& keys) {
  std::vector<std::uint32_t> open;
  std::size_t depth = 0;
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    while (!open.empty() && open.back() <= i) open.pop_back();
    if (keys[i].end > i + 1) open.push_back(keys[i].end);
    depth = std::max(depth, open.size());
  }
  return depth;
}

}  // namespace

bool replace_filter(std::vector<SearchKey>& keys, std::size_t at, const std::vector<SearchKey>& criteria) {
  if (keys.size() + criteria.size() > kMaxSearchKeys) return false;
  const auto more = static_cast<std::uint32_t>(criteria.size()) - 1;
  std::vector<SearchKey> out;
  out.reserve(keys.size() + more);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i == at) {
      for (const SearchKey& key : criteria) {
        out.push_back(key);
        out.back().end += static_cast<std::uint32_t>(at);
      }
      out[at].fuzzy = out[at].fuzzy || keys[i].fuzzy;
    } else {
      out.push_back(keys[i]);
      if (keys[i].end > at) out.back().end += more;
    }
  }
  if (depth_of(out) > kMaxSearchDepth) return false;
  keys = std::move(out);
  return true;
}

// one-or-more-mailbox = mailbox / "(" mailbox *(SP mailbox) ")"      (RFC 5465 8)
MailboxFilter read_mailbox_filter(Tokens& t, std::size_t& names) {
  MailboxFilter out;
  const auto count = [&] {
    if (++names > kMaxSearchedNames) t.fail("Too many mailboxes", Fault::limit);
  };
  count();
  const std::string_view name = t.name();
  const auto* row = std::ranges::find_if(kFilters, [name](const FilterRow& r) { return ascii::iequals(r.name, name); });
  if (row == std::end(kFilters)) {
    t.fail("Unknown choice of mailboxes");
    return out;
  }
  out.kind = row->kind;
  if (!row->names) return out;
  t.space();
  if (!t.skip('(')) {
    out.mailboxes.push_back(t.mailbox());
    return out;
  }
  do {
    count();
    out.mailboxes.push_back(t.mailbox());
  } while (t.skip(' '));
  t.expect(')', "The list of mailboxes has no end");
  return out;
}

// partial-range = nz-number ":" nz-number / MINUS nz-number ":" MINUS nz-number      (RFC 9394 4)
PartialRange read_partial_range(Tokens& t) {
  PartialRange out;
  t.space();
  out.from_end = t.peek() == '-';
  out.first = read_place(t, out.from_end);
  t.expect(':', "A range is two numbers");
  out.last = read_place(t, out.from_end);
  return out;
}

std::string to_string(const PartialRange& range) {
  const std::string_view sign = range.from_end ? "-" : "";
  std::string out(sign);
  return out.append(std::to_string(range.first)).append(":").append(sign).append(std::to_string(range.last));
}

std::string_view to_string(SortKey key) { return std::ranges::find(kSortKeys, key, &SortRow::key)->name; }

// sort = "SORT" [search-return-opts] SP sort-criteria SP search-criteria      (RFC 5256 5, RFC 5267 3.1)
Body parse_sort(Tokens& t, bool uid) {
  Sort out;
  out.search.uid = uid;
  t.space();
  if (t.skip_atom("RETURN")) {
    out.search.returns = read_search_returns(t);
    t.space();
  }
  out.criteria = read_criteria(t);
  read_criteria_of_search(t, out.search);
  const bool by_score = std::ranges::find(out.criteria, SortKey::relevancy, &SortCriterion::key) != out.criteria.end();
  check_relevancy(t, out.search, by_score || (out.search.returns && out.search.returns->relevancy));
  return out;
}

// thread = "THREAD" SP thread-alg SP search-criteria
Body parse_thread(Tokens& t, bool uid) {
  Thread out;
  out.search.uid = uid;
  t.space();
  if (t.skip_atom("ORDEREDSUBJECT")) {
    out.algorithm = Thread::Algorithm::ordered_subject;
  } else if (t.skip_atom("REFERENCES")) {
    out.algorithm = Thread::Algorithm::references;
  } else if (t.skip_atom("REFS")) {
    out.algorithm = Thread::Algorithm::refs;
  } else {
    t.fail("Unknown threading algorithm");
  }
  read_criteria_of_search(t, out.search);
  return out;
}

std::string_view to_string(MailboxFilter::Kind kind) {
  return std::ranges::find(kFilters, kind, &FilterRow::kind)->name;
}

// cancelupdate = "CANCELUPDATE" 1*(SP quoted)      (RFC 5267 5)
Body parse_cancel_update(Tokens& t, bool) {
  CancelUpdate out;
  do {
    t.space();
    if (out.tags.size() == kMaxCancelled) t.fail("Too many tags", Fault::limit);
    out.tags.push_back(t.string());
  } while (!t.at_last());
  return out;
}

// search = "SEARCH" [search-return-opts] SP search-program
// search-program = ["CHARSET" SP charset SP] search-key *(SP search-key)
Body parse_search(Tokens& t, bool uid) {
  t.space();
  return read_search(t, uid);
}

// esearch = "ESEARCH" [SP "IN" SP "(" source-mbox [SP "(" scope-options ")"] ")"] [search-return-opts] SP
// search-program No scope options are known (RFC 7377 4).
Body parse_esearch(Tokens& t, bool) {
  Esearch out;
  t.space();
  if (t.skip_atom("IN")) {
    t.space();
    t.expect('(', "A choice of mailboxes is missing");
    out.in = read_filters(t);
    t.expect(')', "The choice of mailboxes has no end");
    t.space();
  } else {
    out.in.emplace_back();
  }
  out.search = read_search(t, true);
  return out;
}

}  // namespace gatepost::imap
