#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "account/types.hpp"
#include "search/bits.hpp"
#include "search/index_file.hpp"
#include "search/segment.hpp"

namespace gatepost::search {

// A text to look for, folded (mime/fold.hpp), and where.
struct Query {
  std::string needle;
  Fields fields = 0;
  bool only_narrows = false;  // what has the text need not match: never says yes
};

enum class Says : std::uint8_t { no, yes, unknown };

// What an index knows of some queries, for every message of the account. It is never wrong: what it does not know for
// sure, because a message came later, has too much text, or the text is in several words, is unknown and to be looked
// at. One thread.
class Answers {
 public:
  Answers() = default;  // knows nothing
  Says of(std::size_t query, const account::Row& row);
  bool empty() const { return found_.empty(); }
  // Of further text of the same messages, by the same queries: what has it there has it. Of which it knows nothing has
  // none.
  void add(Answers further) { further_.push_back(std::move(further)); }

 private:
  friend class Gatherer;
  struct Item {
    std::uint64_t id;
    std::uint32_t check;
  };
  struct Found {
    bool answerable = false;
    Bits yes, unknown;
  };
  // `otherwise`: of what it does not know.
  Says own(std::size_t query, const account::Row& row, Says otherwise);

  std::vector<Answers> further_;
  std::vector<Item> items_;  // ascending
  std::vector<Found> found_;
  std::size_t near_ = 0;  // rows often come in the order of items
};

inline constexpr std::size_t kMaxQueries = 32;  // of one search; further ones are unknown

// Asks the segments of an index, one after the other, in the order of their items. Borrows the queries.
class Gatherer {
 public:
  // `items`: of all segments.
  Gatherer(std::span<const Query> queries, std::uint64_t items);
  // Blocks. Errc::corrupt: it is damaged, or has not so many items.
  Result<> ask(const GetBlock& segment, std::uint64_t items);
  Answers finish() { return std::move(answers_); }

 private:
  // Queries that differ in fields alone share the work.
  struct Text {
    std::vector<Piece> pieces;
    std::vector<std::size_t> queries;
    std::vector<Fields> fields;  // of each
  };
  std::span<const Query> queries_;
  std::vector<Text> texts_;
  std::uint64_t room_;
  Answers answers_;
};

// Asks all of a file. Blocks. Errc::corrupt: it is damaged.
Result<Answers> look_up(IndexFile& file, std::span<const Query> queries);

}  // namespace gatepost::search
