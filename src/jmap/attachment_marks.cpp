#include "jmap/attachment_marks.hpp"

#include <string>

#include "base/bytes.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::uint8_t kNoteKind = 8;
// Raised when has_attachment() (email_parts.hpp) judges otherwise.
constexpr std::uint8_t kNoteFormat = 1;
constexpr std::size_t kPerOctet = 4;  // marks, the first in the lowest two bits
constexpr std::size_t kNoteOctets = 1 + account::Account::kNotedItems / kPerOctet;
// A note is written when so many marks have come: not for each message that somebody looks at.
constexpr std::uint16_t kWorthNoting = account::Account::kNotedItems / 4;

}  // namespace

std::optional<bool> AttachmentMarks::find(account::Account& account, account::ItemId item) {
  std::call_once(read_, [&] { read(account, block_of(item)); });
  const std::uint8_t mark = marks_[static_cast<std::uint64_t>(item) % kItems].load(std::memory_order_relaxed);
  if (mark == unknown) return std::nullopt;
  return mark == with;
}

void AttachmentMarks::set(account::Account& account, account::ItemId item, bool has) {
  const std::uint64_t at = static_cast<std::uint64_t>(item) % kItems;
  const std::uint8_t before = marks_[at].exchange(has ? with : without, std::memory_order_relaxed);
  const std::uint64_t part = at / account::Account::kNotedItems;
  if (before != unknown || unnoted_[part].fetch_add(1, std::memory_order_relaxed) + 1 < kWorthNoting) return;
  unnoted_[part].store(0, std::memory_order_relaxed);
  account.keep_notes(kNoteKind, block_of(item) * kNotes + part, note(part));
}

std::string AttachmentMarks::note(std::uint64_t part) const {
  std::string out(kNoteOctets, '\0');
  out[0] = static_cast<char>(kNoteFormat);
  for (std::size_t i = 0; i < account::Account::kNotedItems; ++i) {
    const unsigned mark = marks_[part * account::Account::kNotedItems + i].load(std::memory_order_relaxed);
    char& octet = out[1 + i / kPerOctet];
    octet = static_cast<char>(static_cast<unsigned char>(octet) | mark << (2 * (i % kPerOctet)));
  }
  return out;
}

void AttachmentMarks::read(account::Account& account, std::uint64_t block) {
  for (std::uint64_t part = 0; part < kNotes; ++part) {
    const auto note = account.notes(kNoteKind, block * kNotes + part);
    if (!note || note->size() != kNoteOctets || note->front() != static_cast<char>(kNoteFormat)) continue;
    for (std::size_t i = 0; i < account::Account::kNotedItems; ++i) {
      const unsigned mark = static_cast<unsigned char>((*note)[1 + i / kPerOctet]) >> (2 * (i % kPerOctet)) & 3;
      if (mark > with) continue;
      marks_[part * account::Account::kNotedItems + i].store(static_cast<std::uint8_t>(mark),
                                                             std::memory_order_relaxed);
    }
  }
}

}  // namespace gatepost::jmap
