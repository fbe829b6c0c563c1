#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/number_set.hpp"

namespace gatepost::imap {

// sequence-set (RFC 9051 9) of sequence numbers or UIDs as the client wrote it: '*' and '$' mean something only to a
// mailbox.
class SequenceSet {
 public:
  static constexpr std::uint32_t kStar = 0;
  struct Range {
    std::uint32_t first, last;  // as written, also "5:3"; kStar for '*'; equal for a single number
    bool operator==(const Range&) const = default;
  };

  SequenceSet() = default;  // names nothing
  static SequenceSet of(const NumberSet& numbers);
  static SequenceSet all();    // 1:*
  static SequenceSet saved();  // "$": the result of the last SEARCH RETURN (SAVE) (RFC 9051 6.4.4.1, RFC 5182)
  // nullopt when `text` is not exactly one set.
  static std::optional<SequenceSet> parse(std::string_view text);

  bool is_saved() const { return saved_; }
  bool has_star() const;
  bool empty() const { return !saved_ && ranges_.empty(); }
  const std::vector<Range>& ranges() const { return ranges_; }
  // The largest number written, 0 when there is none. For the check of sequence numbers against EXISTS.
  std::uint32_t largest_number() const;

  // '*' is `largest`, the largest number in use; with 0 (an empty mailbox) a range with '*' names nothing. O(n log n)
  // in ranges. Not for "$", which gives the empty set.
  NumberSet resolve(std::uint32_t largest) const;

  std::string to_string() const;  // parse(to_string()) == *this
  bool operator==(const SequenceSet&) const = default;

 private:
  std::vector<Range> ranges_;
  bool saved_ = false;
};

}  // namespace gatepost::imap
