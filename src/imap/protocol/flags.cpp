#include "imap/protocol/flags.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "imap/protocol/characters.hpp"

namespace gatepost::imap {
namespace {

struct Name {
  std::uint8_t bit;
  std::string_view name;
};
constexpr Name kNames[] = {{flag::kSeen, "\\Seen"},
                           {flag::kAnswered, "\\Answered"},
                           {flag::kFlagged, "\\Flagged"},
                           {flag::kDeleted, "\\Deleted"},
                           {flag::kDraft, "\\Draft"}};

}  // namespace

std::string_view system_flag_name(std::uint8_t bit) {
  for (const Name& row : kNames) {
    if (row.bit == bit) return row.name;
  }
  return {};
}

std::uint8_t system_flag(std::string_view name) {
  for (const Name& row : kNames) {
    if (ascii::iequals(row.name, name)) return row.bit;
  }
  return 0;
}

bool is_keyword(std::string_view text) {
  return !text.empty() && text.size() <= kMaxKeywordOctets && std::ranges::all_of(text, is_atom_char);
}

}  // namespace gatepost::imap
