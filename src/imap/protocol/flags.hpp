#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost::imap {

inline constexpr std::size_t kMaxKeywords = 500;  // in one command
inline constexpr std::size_t kMaxKeywordOctets = 255;

// System flags, one bit each, in the order of RFC 9051 2.3.2's list as clients like to see it.
namespace flag {
inline constexpr std::uint8_t kSeen = 1, kAnswered = 2, kFlagged = 4, kDeleted = 8, kDraft = 16;
inline constexpr std::uint8_t kAll = 31;
}  // namespace flag

// flag-list as a client sends it (RFC 9051 9). \Recent is not among them: no client may set it.
struct Flags {
  std::uint8_t system = 0;
  std::vector<std::string> keywords;  // atoms as sent, each once without regard to case
  bool operator==(const Flags&) const = default;
};

// "\Seen" for one bit, "" for none or several.
std::string_view system_flag_name(std::uint8_t bit);
// The bit for "\seen" in any case, 0 for anything else.
std::uint8_t system_flag(std::string_view name);
// RFC 9051 9: flag-keyword is an atom; within kMaxKeywordOctets.
bool is_keyword(std::string_view text);

}  // namespace gatepost::imap
