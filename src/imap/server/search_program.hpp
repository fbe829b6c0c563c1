#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "base/number_set.hpp"
#include "imap/protocol/command_search.hpp"
#include "imap/server/answer.hpp"
#include "imap/server/selected.hpp"
#include "reading/text_walk.hpp"
#include "search/query.hpp"

namespace gatepost::imap::server {

// RFC 9051 6.4.4: what texts of a search may be in.
inline constexpr std::string_view kCharsets[] = {"US-ASCII", "UTF-8"};

// What has to be read of a message to answer a key; each costs much more than the one before.
enum class Depth : std::uint8_t { row, summary, header, text };

using reading::kSummaryFields;
using reading::SummaryField;

// A key made ready: '*' is a number, text is folded UTF-8, names are resolved. No larger than the key was in the
// command.
struct SearchTest {
  SearchOp op = SearchOp::all;  // of text in fields: header
  Depth depth = Depth::row;
  bool wanted = true;
  std::uint8_t flag = 0;
  std::optional<account::KeywordId> keyword;  // none: no message has it
  std::optional<SummaryField> summary_field;  // of header, when the summary can tell
  std::uint32_t parent = 0, end = 0;          // as SearchKey's end
  std::uint64_t number = 0;
  TimePoint time{};  // older, younger
  std::chrono::sys_days day{};
  NumberSet numbers;   // sequence: positions in the view; uid
  bool saved = false;  // sequence, uid: instead, the view's saved result
  std::string needle;  // empty: the field exists
  std::string field;
  std::optional<std::size_t> query;  // of program.queries(): an index may know
};

// A search as it reads in one mailbox at one moment.
class SearchProgram {
 public:
  // An Answer: NO [BADCHARSET]. `keywords`: names by id.
  static std::expected<SearchProgram, Answer> make(const Search& search, const Selected& view,
                                                   const std::vector<std::string>& keywords, TimePoint now,
                                                   mime::Casemap casemap = mime::Casemap::unicode);

  // tests()[0] is the conjunction of all.
  const std::vector<SearchTest>& tests() const { return tests_; }
  mime::Casemap casemap() const { return casemap_; }  // of the texts that are compared
  // What can be asked of an index. The same for every mailbox.
  const std::vector<search::Query>& queries() const { return queries_; }
  bool asks_modseq() const { return asks_modseq_; }      // the answer tells a MODSEQ (RFC 7162 3.1.5)
  bool asks_position() const { return asks_position_; }  // there are keys with sequence numbers

  // What can be said without looking at any message: `certain` match, and what is not `possible` does not.
  struct Bounds {
    NumberSet certain, possible;
  };
  Bounds bounds(const Selected& view) const;

 private:
  Bounds bounds_of(const SearchTest& test, const Selected& view) const;

  void ask_index(SearchTest& test);

  mime::Casemap casemap_ = mime::Casemap::unicode;

  std::vector<SearchTest> tests_;
  std::vector<search::Query> queries_;
  bool asks_modseq_ = false, asks_position_ = false;
};

}  // namespace gatepost::imap::server
