#include "account/attachment_notes.hpp"

#include "mime/body_lists.hpp"
#include "mime/summary.hpp"

namespace gatepost::account::attachment_notes {
namespace {

// Raised when mime::has_attachment() judges otherwise.
constexpr char kNoteFormat = 1;
constexpr std::size_t kPerOctet = 4;  // marks, the first in the lowest two bits
constexpr std::size_t kNoteOctets = 1 + Account::kNotedItems / kPerOctet;

bool is_note(std::string_view note) { return note.size() == kNoteOctets && note.front() == kNoteFormat; }

std::uint64_t block_of(ItemId item) { return static_cast<std::uint64_t>(item) / Account::kNotedItems; }
std::size_t place_of(ItemId item) { return static_cast<std::uint64_t>(item) % Account::kNotedItems; }

}  // namespace

Mark mark_of(std::string_view note, ItemId item) {
  if (!is_note(note)) return Mark::unknown;
  const std::size_t at = place_of(item);
  const unsigned mark = static_cast<unsigned char>(note[1 + at / kPerOctet]) >> (2 * (at % kPerOctet)) & 3;
  return mark > static_cast<unsigned>(Mark::with) ? Mark::unknown : Mark{static_cast<std::uint8_t>(mark)};
}

void set_mark(std::string& note, ItemId item, bool has) {
  if (!is_note(note)) {
    note.assign(kNoteOctets, '\0');
    note[0] = kNoteFormat;
  }
  const std::size_t at = place_of(item);
  const unsigned shift = 2 * (at % kPerOctet);
  char& octet = note[1 + at / kPerOctet];
  const auto mark = static_cast<unsigned>(has ? Mark::with : Mark::without);
  octet = static_cast<char>((static_cast<unsigned char>(octet) & ~(3U << shift)) | mark << shift);
}

void add(Account& account, std::span<const Finding> findings) {
  while (!findings.empty()) {
    const std::uint64_t block = block_of(findings.front().first);
    std::size_t count = 1;
    while (count < findings.size() && block_of(findings[count].first) == block) ++count;
    account.change_notes(kKind, block, [&](std::string& note) {
      for (const auto& [item, has] : findings.first(count)) set_mark(note, item, has);
    });
    findings = findings.subspan(count);
  }
}

std::optional<bool> has_attachment(std::string_view summary, std::uint64_t octets) {
  mime::Structure structure;
  if (summary.empty() || !mime::decode(summary, structure) || structure.octets() != octets) return std::nullopt;
  return mime::has_attachment(structure);
}

}  // namespace gatepost::account::attachment_notes
