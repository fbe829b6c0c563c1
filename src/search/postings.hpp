#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "search/bits.hpp"
#include "search/terms.hpp"

namespace gatepost::search {

// One item that has a term, and where in it.
struct Posting {
  std::uint32_t item = 0;  // its place in the segment
  Fields fields = 0;       // never 0
  bool operator==(const Posting&) const = default;
};

// Appends the postings of one term, ascending, each item once; `items`: of the segment (docs/formats/search.md).
void put_postings(std::string& out, std::span<const Posting> postings, std::uint32_t items);
// Appends what put_postings() wrote, in no order. False: damaged.
bool read_postings(std::string_view in, std::uint32_t items, std::vector<Posting>& out);
// Adds the items that have the term in one of `fields`. False: damaged.
bool add_postings(std::string_view in, std::uint32_t items, Fields fields, Bits& out);

}  // namespace gatepost::search
