#include "transfer/uid_list.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/ascii.hpp"

namespace gatepost::transfer {
namespace {

constexpr std::size_t kMaxUidlOctets = 70;  // RFC 1939 7

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t n = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

}  // namespace

UidList parse_uid_list(std::string_view file) {
  UidList list;
  bool first = true;
  while (!file.empty()) {
    const std::size_t lf = std::min(file.find('\n'), file.size());
    std::string_view line = file.substr(0, lf);
    file.remove_prefix(std::min(lf + 1, file.size()));
    if (std::exchange(first, false)) {
      if (!line.starts_with("3 ")) return list;
      for (const std::string_view word : ascii::split(line, ' ')) {
        if (word.starts_with('V')) list.uid_validity = number(word.substr(1)).value_or(0);
      }
      continue;
    }
    const std::size_t colon = line.find(" :");
    if (colon == std::string_view::npos) continue;
    UidList::Entry entry;
    entry.name = line.substr(colon + 2);
    const auto words = ascii::split(line.substr(0, colon), ' ');
    entry.uid = number(words.front()).value_or(0);
    // UIDs only grow in that file; anything else is damage.
    if (entry.uid == 0 || entry.name.empty() || (!list.entries.empty() && entry.uid <= list.entries.back().uid))
      continue;
    for (const std::string_view word : words) {
      if (word.starts_with('P') && word.size() <= kMaxUidlOctets + 1) entry.uidl = word.substr(1);
    }
    list.entries.push_back(std::move(entry));
  }
  return list;
}

}  // namespace gatepost::transfer
