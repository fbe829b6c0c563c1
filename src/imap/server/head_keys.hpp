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

#include "account/account.hpp"
#include "base/random.hpp"
#include "base/siphash.hpp"

namespace gatepost::imap::server {

// What SORT and THREAD compare of messages, of those that somebody has put in order: it never changes of a message, so
// it need not be read from its header each time. In blocks of neighbours; what was not asked for in the longest time
// goes first. Blocks of which much is known are kept as notes of the account, too, and found again after a restart.
// Thread-safe.
class HeadKeys {
 public:
  enum class Kind : std::uint8_t { sent, subject, from, to, cc, display_from, display_to, thread };
  static constexpr std::size_t kMaxOctets = 64 << 20;    // of all
  static constexpr std::size_t kMaxKeyOctets = 4 << 10;  // a longer one is not kept

  // Some of the items from kItems times its number on. Immutable.
  class Block {
   public:
    static constexpr std::size_t kItems = account::Account::kNotedItems;
    Block() { begin_.fill(kNone); }
    std::optional<std::string_view> find(account::ItemId item) const;
    void add(account::ItemId item, std::string_view key);  // what is there stays
    std::size_t octets() const { return sizeof(Block) + keys_.capacity(); }

    // As a note, and back; null: it is of another `stamp`, or damaged.
    std::string encode(std::string_view stamp) const;
    static std::shared_ptr<Block> decode(std::string_view note, Kind kind, std::string_view stamp);
    std::size_t unnoted() const { return unnoted_; }  // keys that came since it was a note
    void noted() { unnoted_ = 0; }

   private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    std::array<std::uint32_t, kItems> begin_;  // in keys_: the length in two octets, then the key
    std::string keys_;
    std::size_t unnoted_ = 0;
  };
  static std::uint64_t block_of(account::ItemId item) { return static_cast<std::uint64_t>(item) / Block::kItems; }

  HeadKeys() : HeadKeys(kMaxOctets, random_secret()) {}
  explicit HeadKeys(std::size_t max_octets) : HeadKeys(max_octets, random_secret()) {}
  // `secret`: Accounts::note_secret(), so that notes of other processes can be used.
  HeadKeys(std::size_t max_octets, const SipKey& secret);
  static SipKey random_secret();

  // For the hashes in keys of Kind::thread. No peer ever sees one.
  const SipKey& secret() const { return secret_; }
  std::shared_ptr<const Block> find(account::AccountId account, Kind kind, std::uint64_t block);  // may be null
  // From the notes; null: there is none. Blocks.
  std::shared_ptr<const Block> load(account::Account& account, Kind kind, std::uint64_t block);

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
  // `fresh` is empty then. `notes`: where blocks are noted, too; may be null.
  void keep(account::AccountId account, Kind kind, Fresh& fresh, account::Account* notes = nullptr);
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

  static constexpr std::size_t kWorthNoting = Block::kItems / 4;  // keys that came since
  const std::size_t max_octets_;
  const SipKey secret_;
  const std::string stamp_;
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
  // With its notes; `account` outlives this.
  KeyColumn(HeadKeys& keys, account::Account& account, HeadKeys::Kind kind)
      : keys_(keys), account_(account.id()), kind_(kind), notes_(&account) {}
  // The view lives until the next call. With notes it blocks.
  std::optional<std::string_view> find(account::ItemId item);
  void add(account::ItemId item, std::string_view key) { fresh_.add(item, key); }
  void keep() { keys_.keep(account_, kind_, fresh_, notes_); }  // what was added

 private:
  HeadKeys& keys_;
  const account::AccountId account_;
  const HeadKeys::Kind kind_;
  account::Account* const notes_ = nullptr;
  std::uint64_t number_ = UINT64_MAX;  // of the block at hand
  std::shared_ptr<const HeadKeys::Block> block_;
  HeadKeys::Fresh fresh_;
};

}  // namespace gatepost::imap::server
