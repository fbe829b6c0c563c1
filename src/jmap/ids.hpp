#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "account/object_ids.hpp"

// Names of things, as clients see them: a letter and the number by which we know it. Those of mailboxes, emails and
// threads are account::ObjectIds.
namespace gatepost::jmap {

// RFC 8621 8: the id of what there is one of.
inline constexpr std::string_view kSingleton = "singleton";

using account::number_behind;

inline std::string account_name(account::AccountId id) { return "a" + std::to_string(static_cast<std::uint64_t>(id)); }
inline std::optional<account::AccountId> read_account(std::string_view id) {
  const auto n = number_behind('a', id);
  return n ? std::optional(account::AccountId{*n}) : std::nullopt;
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
