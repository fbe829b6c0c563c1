#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "account/account.hpp"

namespace gatepost::jmap {

// Which messages of one account, whose numbers are next to each other, have attachments: what the notes of the account
// say (account/attachment_notes.hpp), so that only messages that came without a note are looked at, each once: an item
// never changes. What many looks have found is noted. Thread-safe.
class AttachmentMarks {
 public:
  static constexpr std::uint64_t kItems = 4'096;
  static constexpr std::uint64_t block_of(account::ItemId item) { return static_cast<std::uint64_t>(item) / kItems; }

  // `block`: of all items that this is asked for. Reads the notes. Blocks.
  AttachmentMarks(account::Account& account, std::uint64_t block);

  // Of items of the block and account. nullopt: nobody has looked. Blocks where it reads a note again.
  std::optional<bool> find(account::Account& account, account::ItemId item) {
    const std::uint8_t mark = marks_[static_cast<std::uint64_t>(item) % kItems].load(std::memory_order_relaxed);
    return mark == unknown ? find_again(account, item) : std::optional(mark == with);
  }
  void set(account::Account& account, account::ItemId item, bool has);

 private:
  static constexpr std::uint64_t kNotes = kItems / account::Account::kNotedItems;
  enum Mark : std::uint8_t { unknown, without, with };
  void take(std::uint64_t note, std::string_view value);
  std::optional<bool> find_again(account::Account& account, account::ItemId item);

  std::array<std::atomic<std::uint8_t>, kItems> marks_{};
  struct Note {
    std::atomic<std::uint16_t> unnoted{0};  // marks that came since it was written
    std::atomic<bool> dry{false};           // had nothing new when it was read again
  };
  std::array<Note, kNotes> notes_{};
};

}  // namespace gatepost::jmap
