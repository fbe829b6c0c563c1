#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "account/account.hpp"

// Which messages have attachments (mime::has_attachment()), as notes of an account (docs/formats/derived.md): noted as
// messages come, and by whoever has looked at one that is not noted. Notes are of Account::kNotedItems items each.
namespace gatepost::account::attachment_notes {

inline constexpr std::uint8_t kKind = 8;

enum class Mark : std::uint8_t { unknown, without, with };

// Of any of a note's items. What is no such note knows nothing.
Mark mark_of(std::string_view note, ItemId item);
// Makes a note of what is none.
void set_mark(std::string& note, ItemId item, bool has);

using Finding = std::pair<ItemId, bool>;
// Blocks.
void add(Account& account, std::span<const Finding> findings);

// What a summary says of a body of so many octets; nullopt: nothing.
std::optional<bool> has_attachment(std::string_view summary, std::uint64_t octets);

}  // namespace gatepost::account::attachment_notes
