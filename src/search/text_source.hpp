#pragma once

#include <cstdint>

#include "account/account.hpp"
#include "base/result.hpp"
#include "search/builder.hpp"

namespace gatepost::search {

// Reads messages for an index: exactly those texts that whoever scans a message compares. Thread-safe.
class TextSource {
 public:
  virtual ~TextSource() = default;
  // Another number: it finds other texts in the same messages than before, and all indexes are to be made again.
  // Errc::closed: it can find none now; what is to be done is left until later. Blocks.
  virtual Result<std::uint64_t> version() { return 0; }
  // Gives the builder the texts of an item that was begun there. Errc::closed: as above; then it has given none.
  // Blocks.
  virtual Result<> read(account::Account& owner, const account::Item& item, SegmentBuilder& into) = 0;
};

}  // namespace gatepost::search
