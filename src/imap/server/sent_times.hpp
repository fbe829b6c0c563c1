#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "account/types.hpp"

namespace gatepost::imap::server {

// When messages were sent, of those that somebody has sorted by it: what never changes of a message need not be read
// from its header each time. Eight octets a message, in blocks of neighbours; what was not asked for in a long time
// goes first, and all of it is 32 MiB at most. Thread-safe.
class SentTimes {
 public:
  static constexpr std::int64_t kUnknown = INT64_MIN;
  // Of these, in their order; kUnknown where it is not known.
  std::vector<std::int64_t> find(account::AccountId account, std::span<const account::Row> rows);
  // Seconds of 1970.
  void keep(account::AccountId account, std::span<const std::pair<account::ItemId, std::int64_t>> times);

 private:
  static constexpr std::size_t kBlock = 1'024, kMostBlocks = 4'096;  // both generations together
  struct Key {
    account::AccountId account{};
    std::uint64_t block = 0;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return static_cast<std::size_t>(static_cast<std::uint64_t>(key.account) * 0x9e37'79b9'7f4a'7c15 ^ key.block);
    }
  };
  using Times = std::array<std::int64_t, kBlock>;
  using Blocks = std::unordered_map<Key, std::unique_ptr<Times>, Hash>;
  Times* block(const Key& key, bool make);

  std::mutex mutex_;  // guards both
  Blocks young_, old_;
};

}  // namespace gatepost::imap::server
