#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "account/types.hpp"
#include "base/random.hpp"
#include "base/siphash.hpp"

namespace gatepost::imap::server {

// What SORT and THREAD compare of messages, of those that somebody has put in order: it never changes of a message, so
// it need not be read from its header each time. In blocks of neighbours; what was not asked for in the longest time
// goes first. Thread-safe.
class HeadKeys {
 public:
  enum class Kind : std::uint8_t { sent, subject, from, to, cc, display_from, display_to, thread };
  static constexpr std::size_t kMaxOctets = 64 << 20;    // of all
  static constexpr std::size_t kMaxKeyOctets = 4 << 10;  // a longer one is not kept

  // Some of the items from kItems times its number on. Immutable.
  class Block {
   public:
    static constexpr std::size_t kItems = 1'024;
    Block() { begin_.fill(kNone); }
    std::optional<std::string_view> find(account::ItemId item) const;
    void add(account::ItemId item, std::string_view key);  // what is there stays
    std::size_t octets() const { return sizeof(Block) + keys_.capacity(); }

   private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    std::array<std::uint32_t, kItems> begin_;  // in keys_: the length in two octets, then the key
    std::string keys_;
  };
  static std::uint64_t block_of(account::ItemId item) { return static_cast<std::uint64_t>(item) / Block::kItems; }

  HeadKeys() = default;
  explicit HeadKeys(std::size_t max_octets) : max_octets_(max_octets) {}

  // For the hashes in keys of Kind::thread.
  const SipKey& secret() const { return secret_; }
  std::shared_ptr<const Block> find(account::AccountId account, Kind kind, std::uint64_t block);  // may be null

  // Keys that were found out, until they are kept. Its owner's alone.
  class Fresh {
   public:
    void add(account::ItemId item, std::string_view key);

   private:
    friend class HeadKeys;
    struct Entry {
      account::ItemId item{};
      std::size_t begin = 0, octets = 0;
    };
    std::vector<Entry> entries_;
    std::string keys_;
  };
  void keep(account::AccountId account, Kind kind, Fresh& fresh);  // which is empty then
  std::size_t octets() const;

 private:
  struct Key {
    account::AccountId account{};
    Kind kind{};
    std::uint64_t block = 0;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  struct Held {
    Key key;
    std::shared_ptr<const Block> block;
  };
  void put(const Key& key, std::shared_ptr<const Block> block);

  const std::size_t max_octets_ = kMaxOctets;
  const SipKey secret_ = [] {
    SystemRandom random;
    return SipKey{random.u64(), random.u64()};
  }();
  mutable std::mutex mutex_;  // guards what follows
  std::size_t octets_ = 0;
  std::list<Held> held_;  // the most recently used first
  std::unordered_map<Key, std::list<Held>::iterator, Hash> index_;
};

// The keys of one kind and account. One thread at a time.
class KeyColumn {
 public:
  KeyColumn(HeadKeys& keys, account::AccountId account, HeadKeys::Kind kind)
      : keys_(keys), account_(account), kind_(kind) {}
  // The view lives until the next call.
  std::optional<std::string_view> find(account::ItemId item);
  void add(account::ItemId item, std::string_view key) { fresh_.add(item, key); }
  void keep() { keys_.keep(account_, kind_, fresh_); }  // what was added

 private:
  HeadKeys& keys_;
  const account::AccountId account_;
  const HeadKeys::Kind kind_;
  std::uint64_t number_ = UINT64_MAX;  // of the block at hand
  std::shared_ptr<const HeadKeys::Block> block_;
  HeadKeys::Fresh fresh_;
};

}  // namespace gatepost::imap::server
