#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "search/segment.hpp"

// Words that are written nearly like others.
namespace gatepost::search {

// How many characters have to be put in, left out, replaced, or swapped with the next one, to make the one of the other
// (optimal string alignment); `most` + 1 when it is more than `most`. Linear in the one's length times `most`.
std::size_t edit_distance(std::u32string_view one, std::u32string_view other, std::size_t most);

// How far words may be from this one to count as nearly like it: short ones not at all, others 1, long ones 2.
std::size_t tolerance(std::u32string_view word);

// Asks segments, in any order, for words that are nearly like some folded ones, but not those themselves. One thread.
class SimilarWords {
 public:
  explicit SimilarWords(std::span<const std::string> words);
  // Blocks. Errc::corrupt: it is damaged.
  Result<> ask(const GetBlock& segment);
  // Of each: the nearest first, of these the most frequent; at most `at_most`.
  std::vector<std::vector<std::string>> finish(std::size_t at_most);

 private:
  struct Near {
    std::size_t distance = 0;
    std::uint64_t octets = 0;  // of postings
  };
  struct Wanted {
    std::u32string word;
    std::size_t most = 0;
    std::map<std::string, Near, std::less<>> found;
  };
  static void consider(Wanted& wanted, std::string_view word, std::uint64_t octets);
  std::vector<Wanted> wanted_;
};

}  // namespace gatepost::search
