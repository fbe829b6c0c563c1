#include "imap/server/head_keys.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "mime/fold.hpp"

namespace gatepost::imap::server {
namespace {

// Raised when keys of any kind become others: how texts are folded, what a base subject is, what threads are made of.
constexpr std::uint8_t kNoteFormat = 1;

// thread_key(): a time, whether it replies, its subject, its id, and those it mentions.
bool is_thread_key(std::string_view key) { return key.size() >= 25 && key.size() % 8 == 1; }

}  // namespace

SipKey HeadKeys::random_secret() {
  SystemRandom random;
  return {random.u64(), random.u64()};
}

HeadKeys::HeadKeys(std::size_t max_octets, const SipKey& secret)
    : max_octets_(max_octets),
      secret_(secret),
      stamp_(mime::unicode_version() + ' ' + std::to_string(siphash(secret, "stamp"))) {}

std::string HeadKeys::Block::encode(std::string_view stamp) const {
  std::string out;
  out.reserve(keys_.size() + kItems + 64);
  put_u8(out, kNoteFormat);
  put_text(out, stamp);
  std::size_t before = 0;
  for (std::size_t i = 0; i < kItems; ++i) {
    if (begin_[i] == kNone) continue;
    put_varint(out, i - before);
    put_text(out, *find(account::ItemId{i}));
    before = i;
  }
  return out;
}

std::shared_ptr<HeadKeys::Block> HeadKeys::Block::decode(std::string_view note, Kind kind, std::string_view stamp) {
  ByteReader in(note);
  if (in.u8() != kNoteFormat || in.text() != stamp) return nullptr;
  auto block = std::make_shared<Block>();
  block->keys_.reserve(in.rest().size() + kItems);
  for (std::uint64_t at = 0; in.ok() && !in.at_end();) {
    at += in.varint();
    const std::string_view key = in.text();
    if (!in.ok() || at >= kItems || (kind == Kind::thread && !is_thread_key(key))) return nullptr;
    block->add(account::ItemId{at}, key);
  }
  if (!in.ok()) return nullptr;
  block->noted();
  return block;
}

std::optional<std::string_view> HeadKeys::Block::find(account::ItemId item) const {
  const std::uint32_t begin = begin_[static_cast<std::uint64_t>(item) % kItems];
  if (begin == kNone) return std::nullopt;
  const auto octet = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(keys_[i])); };
  return std::string_view(keys_).substr(begin + 2, octet(begin) << 8 | octet(begin + 1));
}

void HeadKeys::Block::add(account::ItemId item, std::string_view key) {
  std::uint32_t& begin = begin_[static_cast<std::uint64_t>(item) % kItems];
  if (begin != kNone || key.size() > kMaxKeyOctets) return;
  ++unnoted_;
  begin = static_cast<std::uint32_t>(keys_.size());
  keys_ += static_cast<char>(key.size() >> 8);
  keys_ += static_cast<char>(key.size() & 0xff);
  keys_ += key;
}

void HeadKeys::Fresh::add(account::ItemId item, std::string_view key) {
  entries_.push_back({item, keys_.size(), key.size()});
  keys_ += key;
}

std::size_t HeadKeys::Hash::operator()(const Key& key) const {
  // The odd constant is that of Fibonacci hashing: all of these are small numbers.
  constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15;
  std::uint64_t h = static_cast<std::uint64_t>(key.account) * kSpread;
  h = (h ^ static_cast<std::uint64_t>(key.kind)) * kSpread;
  h = (h ^ key.block) * kSpread;
  return static_cast<std::size_t>(h ^ (h >> 32));
}

std::shared_ptr<const HeadKeys::Block> HeadKeys::find(account::AccountId account, Kind kind, std::uint64_t block) {
  const std::scoped_lock lock(mutex_);
  const auto found = index_.find({account, kind, block});
  if (found == index_.end()) return nullptr;
  held_.splice(held_.begin(), held_, found->second);
  return found->second->block;
}

std::shared_ptr<const HeadKeys::Block> HeadKeys::load(account::Account& account, Kind kind, std::uint64_t block) {
  const auto note = account.notes(static_cast<std::uint8_t>(kind), block);
  if (!note) return nullptr;
  std::shared_ptr<const Block> read = Block::decode(*note, kind, stamp_);
  if (read) put({account.id(), kind, block}, read);
  return read;
}

void HeadKeys::keep(account::AccountId account, Kind kind, Fresh& fresh, account::Account* notes) {
  const auto& entries = fresh.entries_;
  const std::string_view keys = fresh.keys_;
  for (std::size_t i = 0; i < entries.size();) {
    const Key key{account, kind, block_of(entries[i].item)};
    const auto before = find(account, kind, key.block);
    auto block = before ? std::make_shared<Block>(*before) : std::make_shared<Block>();
    for (; i < entries.size() && block_of(entries[i].item) == key.block; ++i) {
      block->add(entries[i].item, keys.substr(entries[i].begin, entries[i].octets));
    }
    if (notes != nullptr && block->unnoted() >= kWorthNoting) {
      notes->keep_notes(static_cast<std::uint8_t>(kind), key.block, block->encode(stamp_));
      block->noted();
    }
    // Somebody else may have put one here meanwhile: what only that one had is found out again.
    put(key, std::move(block));
  }
  fresh.entries_.clear();
  fresh.keys_.clear();
}

void HeadKeys::put(const Key& key, std::shared_ptr<const Block> block) {
  const std::size_t octets = block->octets();
  const std::scoped_lock lock(mutex_);
  const auto drop = [&](std::list<Held>::iterator held) {
    octets_ -= held->block->octets();
    index_.erase(held->key);
    held_.erase(held);
  };
  if (const auto found = index_.find(key); found != index_.end()) drop(found->second);
  if (octets > max_octets_) return;
  while (octets_ + octets > max_octets_) drop(std::prev(held_.end()));
  octets_ += octets;
  held_.push_front({key, std::move(block)});
  index_.emplace(key, held_.begin());
}

std::size_t HeadKeys::octets() const {
  const std::scoped_lock lock(mutex_);
  return octets_;
}

std::optional<std::string_view> KeyColumn::find(account::ItemId item) {
  if (const std::uint64_t number = HeadKeys::block_of(item); number != number_) {
    number_ = number;
    block_ = keys_.find(account_, kind_, number);
    if (!block_ && notes_ != nullptr) block_ = keys_.load(*notes_, kind_, number);
  }
  return block_ ? block_->find(item) : std::nullopt;
}

}  // namespace gatepost::imap::server
