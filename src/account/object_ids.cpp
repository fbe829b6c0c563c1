#include "account/object_ids.hpp"

#include <charconv>
#include <limits>

namespace gatepost::account {
namespace {

std::optional<std::uint64_t> read_number(std::string_view digits) {
  std::uint64_t n = 0;
  if (digits.empty() || digits[0] < '1' || digits[0] > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  return error == std::errc() && end == digits.data() + digits.size() ? std::optional(n) : std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> number_behind(char letter, std::string_view name) {
  if (name.empty() || name[0] != letter) return std::nullopt;
  return read_number(name.substr(1));
}

std::string ObjectIds::name(char letter, std::uint64_t number) const {
  return letter + std::to_string(static_cast<std::uint64_t>(account_)) + "-" + std::to_string(number);
}

std::optional<std::uint64_t> ObjectIds::find(char letter, std::string_view name) const {
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos ||
      number_behind(letter, name.substr(0, dash)) != static_cast<std::uint64_t>(account_)) {
    return std::nullopt;
  }
  return read_number(name.substr(dash + 1));
}

std::string ObjectIds::mailbox(FolderId id) const { return name('F', static_cast<std::uint32_t>(id)); }
std::string ObjectIds::email(ItemId email) const { return name('M', static_cast<std::uint64_t>(email)); }
std::string ObjectIds::thread(ItemId thread) const { return name('T', static_cast<std::uint64_t>(thread)); }

std::optional<FolderId> ObjectIds::find_mailbox(std::string_view name) const {
  const auto n = find('F', name);
  if (!n || *n > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return FolderId{static_cast<std::uint32_t>(*n)};
}

std::optional<ItemId> ObjectIds::find_email(std::string_view name) const {
  const auto n = find('M', name);
  return n ? std::optional(ItemId{*n}) : std::nullopt;
}

std::optional<ItemId> ObjectIds::find_thread(std::string_view name) const {
  const auto n = find('T', name);
  return n ? std::optional(ItemId{*n}) : std::nullopt;
}

}  // namespace gatepost::account
