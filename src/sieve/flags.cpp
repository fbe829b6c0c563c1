#include "sieve/flags.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "sieve/limits.hpp"

namespace gatepost::sieve {
namespace {

// flag (RFC 9051 9), without those a client may not set. "" when it is none.
std::string as_flag(std::string_view word) {
  constexpr std::array<std::string_view, 5> kSystem = {"\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"};
  const auto system = std::ranges::find_if(kSystem, [&](auto name) { return ascii::iequals(name, word); });
  if (system != kSystem.end()) return std::string(*system);
  const bool is_atom = !word.empty() && word.size() <= kMaxFlagOctets && std::ranges::all_of(word, [](char c) {
    return !ascii::is_control(c) && !ascii::is_8bit(c) &&
           std::string_view(" (){%*\"\\]").find(c) == std::string_view::npos;
  });
  return is_atom ? std::string(word) : std::string();
}

auto find(Flags& flags, std::string_view flag) {
  return std::ranges::find_if(flags, [&](const std::string& have) { return ascii::iequals(have, flag); });
}

}  // namespace

void add_flags(Flags& flags, std::string_view list) {
  for (const std::string_view word : ascii::split(list, ' ')) {
    std::string flag = as_flag(word);
    if (flags.size() < kMaxFlags && !flag.empty() && find(flags, flag) == flags.end()) flags.push_back(std::move(flag));
  }
}

void remove_flags(Flags& flags, std::string_view list) {
  for (const std::string_view word : ascii::split(list, ' ')) {
    if (const auto found = find(flags, word); found != flags.end()) flags.erase(found);
  }
}

std::string join(const Flags& flags) {
  std::string out;
  for (const std::string& flag : flags) out += (out.empty() ? "" : " ") + flag;
  return out;
}

}  // namespace gatepost::sieve
