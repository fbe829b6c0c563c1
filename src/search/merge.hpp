#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "search/segment.hpp"

namespace gatepost::search {

// A segment that is to become part of another.
struct MergeInput {
  const SegmentContents& contents;
  const GetBlock& get;
};

struct Merged {
  std::uint64_t items = 0, octets = 0;
};

// Makes one segment of several, whose items ascend from each to the next; those for which `keep` says no are left out.
// Memory for the items, one block of each, and the postings of one term. `go_on` is asked now and then: false ends it
// with Errc::closed.
Result<Merged> merge(std::span<const MergeInput> inputs, const std::function<bool(std::uint64_t item)>& keep,
                     const PutBlock& put, const std::function<bool()>& go_on);

}  // namespace gatepost::search
