#include "jmap/attachment_marks.hpp"

#include <string>

#include "account/attachment_notes.hpp"

namespace gatepost::jmap {
namespace {

namespace attachment_notes = account::attachment_notes;
using account::Account;
using account::ItemId;

// A note is written when so many marks have come: not for each message that somebody looks at.
constexpr std::uint16_t kWorthNoting = Account::kNotedItems / 4;

}  // namespace

AttachmentMarks::AttachmentMarks(Account& account, std::uint64_t block) {
  account.notes(attachment_notes::kKind, block * kNotes, kNotes,
                [&](std::uint64_t note, std::string_view value) { take(note % kNotes, value); });
}

void AttachmentMarks::take(std::uint64_t note, std::string_view value) {
  for (std::uint64_t i = 0; i < Account::kNotedItems; ++i) {
    const auto mark = static_cast<std::uint8_t>(attachment_notes::mark_of(value, ItemId{i}));
    if (mark != unknown) marks_[note * Account::kNotedItems + i].store(mark, std::memory_order_relaxed);
  }
}

// Messages that came after the notes were read have been noted since.
std::optional<bool> AttachmentMarks::find_again(Account& account, ItemId item) {
  const std::uint64_t at = static_cast<std::uint64_t>(item) % kItems;
  const std::uint64_t note = at / Account::kNotedItems;
  if (notes_[note].dry.load(std::memory_order_relaxed)) return std::nullopt;
  if (const auto value = account.notes(attachment_notes::kKind, block_of(item) * kNotes + note)) take(note, *value);
  const std::uint8_t mark = marks_[at].load(std::memory_order_relaxed);
  if (mark != unknown) return mark == with;
  notes_[note].dry.store(true, std::memory_order_relaxed);
  return std::nullopt;
}

void AttachmentMarks::set(Account& account, ItemId item, bool has) {
  const std::uint64_t at = static_cast<std::uint64_t>(item) % kItems;
  const std::uint8_t before = marks_[at].exchange(has ? with : without, std::memory_order_relaxed);
  const std::uint64_t note = at / Account::kNotedItems;
  auto& unnoted = notes_[note].unnoted;
  if (before != unknown || unnoted.fetch_add(1, std::memory_order_relaxed) + 1 < kWorthNoting) return;
  unnoted.store(0, std::memory_order_relaxed);
  account.change_notes(attachment_notes::kKind, block_of(item) * kNotes + note, [&](std::string& value) {
    for (std::uint64_t i = 0; i < Account::kNotedItems; ++i) {
      const std::uint8_t mark = marks_[note * Account::kNotedItems + i].load(std::memory_order_relaxed);
      if (mark != unknown) attachment_notes::set_mark(value, ItemId{i}, mark == with);
    }
  });
}

}  // namespace gatepost::jmap
