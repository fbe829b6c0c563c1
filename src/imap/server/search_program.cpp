#include "imap/server/search_program.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "base/ascii.hpp"
#include "imap/protocol/response.hpp"
#include "imap/server/index_text.hpp"
#include "imap/server/uid_pages.hpp"
#include "mime/charset.hpp"
#include "mime/fold.hpp"

namespace gatepost::imap::server {
namespace {

using Field = SummaryField;
using Bounds = SearchProgram::Bounds;

constexpr std::array<std::string_view, kSummaryFields> kFieldNames = {
    "Date", "Subject", "In-Reply-To", "Message-ID", "References", "From", "Sender", "Reply-To", "To", "Cc", "Bcc"};
// A program with more keys is not bounded beforehand: sets have to be kept for each.
constexpr std::size_t kMaxBoundedKeys = 64;
constexpr std::size_t kMaxBoundedRanges = 4'000'000;  // of all those sets
constexpr std::uint64_t kMaxSeconds = std::uint64_t{10'000} * 366 * 86'400;

bool is_composed(SearchOp op) {
  return op == SearchOp::conjunction || op == SearchOp::disjunction || op == SearchOp::negation;
}

std::optional<Field> field_of(SearchOp op) {
  switch (op) {
    case SearchOp::bcc:
      return Field::bcc;
    case SearchOp::cc:
      return Field::cc;
    case SearchOp::from:
      return Field::from;
    case SearchOp::to:
      return Field::to;
    case SearchOp::subject:
      return Field::subject;
    default:
      return std::nullopt;
  }
}

std::optional<Field> field_of(std::string_view name) {
  for (std::size_t i = 0; i < kFieldNames.size(); ++i) {
    if (ascii::iequals(kFieldNames[i], name)) return static_cast<Field>(i);
  }
  return std::nullopt;
}

// nullopt: nobody knows the charset.
std::optional<std::string> folded(const std::string& text, const std::string& charset, mime::Casemap casemap) {
  const auto utf8 = mime::to_utf8(text, charset.empty() ? "us-ascii" : charset);
  if (!utf8) return std::nullopt;
  return mime::fold(*utf8, casemap);
}

void prepare_field(SearchTest& test, const SearchKey& key) {
  if (const auto named = field_of(key.op)) {
    test.field = kFieldNames[static_cast<std::size_t>(*named)];
  } else {
    test.field = key.field;
  }
  test.op = SearchOp::header;
  test.summary_field = field_of(std::string_view(test.field));
  // A summary does not tell an address field without addresses from none.
  if (test.needle.empty() && test.summary_field && *test.summary_field >= Field::from) test.summary_field.reset();
  test.depth = test.summary_field ? Depth::summary : Depth::header;
}

// A number that no message has matches none: there is nothing to be done wrong in a question.
void prepare_set(SearchTest& test, const SearchKey& key, const Selected& view) {
  if (key.set.is_saved()) {
    test.saved = true;
  } else {
    test.numbers = key.set.resolve(key.op == SearchOp::uid ? view.uids().max().value_or(0) : view.exists());
  }
}

// RFC 9738 3.2
void prepare_uids(SearchTest& test, const SearchKey& key) {
  test.op = SearchOp::uid;
  const auto uid = static_cast<account::Uid>(key.number);
  if (key.op == SearchOp::uid_after && uid < UINT32_MAX) test.numbers = NumberSet::of(uid + 1, UINT32_MAX);
  if (key.op == SearchOp::uid_before && uid > 1) test.numbers = NumberSet::of(1, uid - 1);
}

void prepare_keyword(SearchTest& test, const SearchKey& key, const std::vector<std::string>& keywords) {
  const auto found = std::ranges::find_if(keywords, [&](const auto& name) { return ascii::iequals(name, key.text); });
  if (found != keywords.end()) test.keyword = static_cast<account::KeywordId>(found - keywords.begin());
}

// What is not mentioned here is answered by the row.
void prepare(SearchTest& test, const SearchKey& key, const Selected& view, const std::vector<std::string>& keywords,
             TimePoint now) {
  switch (key.op) {
    case SearchOp::sequence:
    case SearchOp::uid:
      return prepare_set(test, key, view);
    case SearchOp::uid_after:
    case SearchOp::uid_before:
      return prepare_uids(test, key);
    case SearchOp::keyword:
      return prepare_keyword(test, key, keywords);
    case SearchOp::modseq: {
      // One of a state that a restore of the store lost says nothing: all may be new to that client.
      const std::uint64_t since = key.number == 0 ? 0 : key.number - 1;
      if (view.account().known_modseq(since) != since) test.number = 0;
      return;
    }
    case SearchOp::older:
    case SearchOp::younger:
      // RFC 5032 2: to a second, as messages have it.
      test.time =
          std::chrono::floor<std::chrono::seconds>(now) - std::chrono::seconds(std::min(key.number, kMaxSeconds));
      return;
    case SearchOp::sent_before:
    case SearchOp::sent_on:
    case SearchOp::sent_since:
      test.depth = Depth::summary;
      return;
    case SearchOp::email_id:
    case SearchOp::thread_id:
      test.needle = key.text;  // case matters
      return;
    case SearchOp::bcc:
    case SearchOp::cc:
    case SearchOp::from:
    case SearchOp::to:
    case SearchOp::subject:
    case SearchOp::header:
      return prepare_field(test, key);
    case SearchOp::body:
    case SearchOp::text:
      if (test.needle.empty()) {
        test.op = SearchOp::all;  // found in everything
      } else {
        test.depth = Depth::text;
      }
      return;
    default:
      return;
  }
}

}  // namespace

std::expected<SearchProgram, Answer> SearchProgram::make(const Search& search, const Selected& view,
                                                         const std::vector<std::string>& keywords, TimePoint now,
                                                         mime::Casemap casemap) {
  SearchProgram program;
  program.casemap_ = casemap;
  program.tests_.resize(search.keys.size());
  for (std::uint32_t i = 0; i < search.keys.size(); ++i) {
    const SearchKey& key = search.keys[i];
    SearchTest& test = program.tests_[i];
    test.op = key.op;
    test.wanted = key.wanted;
    test.flag = key.flag;
    test.end = key.end;
    test.number = key.number;
    test.day = key.day;
    for (std::uint32_t c = i + 1; is_composed(key.op) && c < key.end; c = search.keys[c].end) {
      program.tests_[c].parent = i;
    }
    auto needle = folded(key.text, search.charset, casemap);
    if (!needle) return std::unexpected(no(code::bad_charset(kCharsets), "This charset is not known here"));
    test.needle = std::move(*needle);
    prepare(test, key, view, keywords, now);
    program.ask_index(test);
    program.asks_modseq_ = program.asks_modseq_ || key.op == SearchOp::modseq;
    program.asks_position_ = program.asks_position_ || (key.op == SearchOp::sequence && !test.saved);
  }
  return program;
}

// What the index holds of a summary field is what test_summary() compares; of the header, each field with its name. It
// is folded by i;unicode-casemap, in which everything is found that is by another one.
void SearchProgram::ask_index(SearchTest& test) {
  if (queries_.size() == search::kMaxQueries) return;
  search::Query query{.needle = casemap_ == mime::Casemap::unicode ? test.needle : mime::fold(test.needle)};
  query.only_narrows = casemap_ != mime::Casemap::unicode;
  switch (test.op) {
    case SearchOp::body:
      query.fields = search::field::kBody;
      break;
    case SearchOp::text:
      query.fields = search::field::kHeader | search::field::kBody;
      break;
    case SearchOp::header:
      if (test.depth == Depth::summary) {
        if (test.needle.empty()) return;
        query.fields = index_field(*test.summary_field);
        query.only_narrows = query.only_narrows || query.fields == search::field::kOther;  // several fields share it
      } else {
        query.fields = search::field::kHeader;
        query.only_narrows = true;  // another field may have it
        if (test.needle.empty()) query.needle = mime::fold(mime::to_utf8(test.field));
      }
      break;
    default:
      return;
  }
  test.query = queries_.size();
  queries_.push_back(std::move(query));
}

Bounds SearchProgram::bounds_of(const SearchTest& test, const Selected& view) const {
  const NumberSet& all = view.uids();
  const Bounds each{all, all}, none, any{{}, all};
  switch (test.op) {
    case SearchOp::all:
    case SearchOp::save_date_supported:
      return each;
    case SearchOp::sequence:
    case SearchOp::uid: {
      NumberSet uids = test.saved                      ? view.saved().intersect(all)
                       : test.op == SearchOp::sequence ? at_positions(all, test.numbers)
                                                       : test.numbers.intersect(all);
      return {uids, uids};
    }
    case SearchOp::keyword:
      if (test.keyword) return any;
      return test.wanted ? none : each;
    case SearchOp::recent:
      if (view.recent() > 0) return any;
      return test.wanted ? none : each;
    case SearchOp::new_:
      return view.recent() > 0 ? any : none;
    default:
      return any;
  }
}

SearchProgram::Bounds SearchProgram::bounds(const Selected& view) const {
  const NumberSet& all = view.uids();
  if (tests_.size() > kMaxBoundedKeys || tests_.size() * all.ranges().size() > kMaxBoundedRanges) return {{}, all};
  std::vector<Bounds> of(tests_.size());
  for (std::uint32_t i = static_cast<std::uint32_t>(tests_.size()); i-- > 0;) {
    const SearchTest& test = tests_[i];
    if (!is_composed(test.op)) {
      of[i] = bounds_of(test, view);
      continue;
    }
    Bounds sum = std::move(of[i + 1]);
    for (std::uint32_t c = tests_[i + 1].end; c < test.end; c = tests_[c].end) {
      if (test.op == SearchOp::disjunction) {
        sum.certain.add(of[c].certain);
        sum.possible.add(of[c].possible);
      } else {
        sum.certain = sum.certain.intersect(of[c].certain);
        sum.possible = sum.possible.intersect(of[c].possible);
      }
      of[c] = {};
    }
    if (test.op == SearchOp::negation) sum = {all.minus(sum.possible), all.minus(sum.certain)};
    of[i] = std::move(sum);
  }
  return std::move(of[0]);
}

}  // namespace gatepost::imap::server
