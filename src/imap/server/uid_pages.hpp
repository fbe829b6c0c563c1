#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/number_set.hpp"
#include "imap/protocol/command_search.hpp"

namespace gatepost::imap::server {

inline constexpr std::size_t kRowsAtOnce = 2'048;     // read of the store by those who walk a mailbox
inline constexpr std::chrono::milliseconds kJob{50};  // of a worker, before others have their turn

// Cuts a set into pages, from its beginning or its end. The set outlives it and does not change.
class UidPages {
 public:
  explicit UidPages(const NumberSet& uids, bool from_end = false);
  bool at_end() const { return left_ == 0; }
  std::uint64_t left() const { return left_; }
  // The next `count` numbers, fewer at the end.
  NumberSet take(std::size_t count);
  // Nothing up to, or nothing from `number` on is still to come.
  bool passed_all_up_to(std::uint32_t number) const;
  bool passed_all_from(std::uint32_t number) const;

 private:
  const NumberSet::Range& current() const;

  const NumberSet& uids_;
  bool from_end_;
  std::uint64_t left_;
  std::size_t range_ = 0;   // the range that comes next, counted from where we began
  std::uint32_t used_ = 0;  // numbers of it that are taken
};

// Positions in a set of numbers asked for in ascending order, each in constant time on the average. The set outlives it
// and does not change.
class Ranks {
 public:
  explicit Ranks(const NumberSet& numbers) : numbers_(numbers) {}
  std::uint32_t of(std::uint32_t number);  // from 1; 0: not in the set

 private:
  const NumberSet& numbers_;
  std::size_t range_ = 0;
  std::uint32_t before_ = 0;  // numbers in the ranges before range_
};

// The numbers at these positions (from 1); positions behind the end mean nothing. Linear in the ranges of both.
NumberSet at_positions(const NumberSet& numbers, const NumberSet& positions);
// The places of a list of `count` results that a range means (RFC 9394 3.1); empty when it lies behind the end.
NumberSet places_of(const PartialRange& range, std::uint64_t count);
// What a limit leaves of a set: the `most` highest (RFC 9738 3.1). The lowest of these; 0: there were no more, or
// `most` is 0, which is no limit.
std::uint32_t keep_highest(NumberSet& numbers, std::uint32_t most);
// The positions of those of `chosen` that are in `numbers`.
NumberSet positions_of(const NumberSet& numbers, const NumberSet& chosen);

}  // namespace gatepost::imap::server
