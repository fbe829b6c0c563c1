#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "account/account.hpp"

namespace gatepost::jmap {

// Which messages of one account, whose numbers are next to each other, have attachments, so that each is looked at
// once: an item never changes. What many looks have found is kept as notes of the account, and read again after a
// restart (docs/formats/derived.md). Thread-safe.
class AttachmentMarks {
 public:
  static constexpr std::uint64_t kItems = 4'096;
  static constexpr std::uint64_t block_of(account::ItemId item) { return static_cast<std::uint64_t>(item) / kItems; }

  // Of items of one block of an account, always the same. nullopt: nobody has looked. Blocks, the first time.
  std::optional<bool> find(account::Account& account, account::ItemId item);
  void set(account::Account& account, account::ItemId item, bool has);

 private:
  static constexpr std::uint64_t kNotes = kItems / account::Account::kNotedItems;
  enum Mark : std::uint8_t { unknown, without, with };
  void read(account::Account& account, std::uint64_t block);
  std::string note(std::uint64_t part) const;

  std::once_flag read_;
  std::array<std::atomic<std::uint8_t>, kItems> marks_{};
  std::array<std::atomic<std::uint16_t>, kNotes> unnoted_{};  // marks that came since the note was written
};

}  // namespace gatepost::jmap
