#pragma once

#include "account/account.hpp"
#include "base/result.hpp"
#include "search/builder.hpp"

namespace gatepost::search {

// Reads messages for an index: exactly those texts that whoever scans a message compares. Thread-safe.
class TextSource {
 public:
  virtual ~TextSource() = default;
  // Gives the builder the texts of an item that was begun there. Blocks.
  virtual Result<> read(account::Account& owner, const account::Item& item, SegmentBuilder& into) = 0;
};

}  // namespace gatepost::search
