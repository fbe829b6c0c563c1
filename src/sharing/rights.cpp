#include "sharing/rights.hpp"

#include <array>

namespace gatepost::sharing {
namespace {

constexpr std::string_view kLetters = "lrswipkxtea";  // by bit
constexpr Rights kOldCreate = Right::create | Right::remove, kOldDelete = Right::expunge | Right::mark;

}  // namespace

std::optional<Rights> parse_rights(std::string_view letters) {
  Rights out;
  for (const char c : letters) {
    const std::size_t bit = kLetters.find(c);
    if (c == 'c') {
      out = out | kOldCreate;
    } else if (c == 'd') {
      out = out | kOldDelete;
    } else if (bit != std::string_view::npos) {
      out = out | Rights::of_bits(static_cast<std::uint16_t>(1U << bit));
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::string to_string(Rights rights) {
  std::string out;
  for (std::size_t bit = 0; bit < kLetters.size(); ++bit) {
    if ((rights.bits() >> bit & 1) != 0) out += kLetters[bit];
  }
  if (rights.has_any(kOldCreate)) out += 'c';
  if (rights.has_any(kOldDelete)) out += 'd';
  return out;
}

account::FlagScope flag_scope(Rights rights) {
  using namespace account::flag;
  account::FlagScope scope{.system = 0, .keywords = rights.has(Right::write)};
  if (rights.has(Right::write)) scope.system = static_cast<std::uint8_t>(~(kSeen | kDeleted));
  if (rights.has(Right::seen)) scope.system |= kSeen;
  if (rights.has(Right::mark)) scope.system |= kDeleted;
  return scope;
}

}  // namespace gatepost::sharing
