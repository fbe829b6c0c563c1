#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "account/types.hpp"

// Names of things, as clients see them: a letter and the number by which we know it. IMAP says the same of folders and
// conversations (RFC 8474).
namespace gatepost::jmap {

// RFC 8621 8: the id of what there is one of.
inline constexpr std::string_view kSingleton = "singleton";

inline std::optional<std::uint64_t> number_behind(char letter, std::string_view id) {
  std::uint64_t n = 0;
  if (id.size() < 2 || id[0] != letter || id[1] < '1' || id[1] > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(id.data() + 1, id.data() + id.size(), n);
  if (error != std::errc() || end != id.data() + id.size()) return std::nullopt;
  return n;
}

inline std::string account_name(account::AccountId id) { return "a" + std::to_string(static_cast<std::uint64_t>(id)); }
inline std::optional<account::AccountId> read_account(std::string_view id) {
  const auto n = number_behind('a', id);
  return n ? std::optional(account::AccountId{*n}) : std::nullopt;
}

inline std::string email_name(account::ItemId id) { return "M" + std::to_string(static_cast<std::uint64_t>(id)); }
inline std::optional<account::ItemId> read_email(std::string_view id) {
  const auto n = number_behind('M', id);
  return n ? std::optional(account::ItemId{*n}) : std::nullopt;
}

inline std::string mailbox_name(account::FolderId id) { return "F" + std::to_string(static_cast<std::uint32_t>(id)); }
inline std::optional<account::FolderId> read_mailbox(std::string_view id) {
  const auto n = number_behind('F', id);
  if (!n || *n > 0xffffffff) return std::nullopt;
  return account::FolderId{static_cast<std::uint32_t>(*n)};
}

inline std::string thread_name(account::AccountId account, account::ItemId thread) {
  return "T" + std::to_string(static_cast<std::uint64_t>(account)) + "-" +
         std::to_string(static_cast<std::uint64_t>(thread));
}
inline std::optional<account::ItemId> read_thread(account::AccountId account, std::string_view id) {
  const std::size_t dash = id.find('-');
  if (dash == std::string_view::npos || number_behind('T', id.substr(0, dash)) != static_cast<std::uint64_t>(account)) {
    return std::nullopt;
  }
  const auto n = number_behind('T', "T" + std::string(id.substr(dash + 1)));
  return n ? std::optional(account::ItemId{*n}) : std::nullopt;
}

// A state is the modseq (DESIGN: one change log): of an account, whatever the type.
inline std::string state_name(account::Modseq modseq) { return std::to_string(modseq); }
inline std::optional<account::Modseq> read_state(std::string_view state) {
  account::Modseq n = 0;
  const auto [end, error] = std::from_chars(state.data(), state.data() + state.size(), n);
  if (state.empty() || error != std::errc() || end != state.data() + state.size()) return std::nullopt;
  return n;
}

}  // namespace gatepost::jmap
