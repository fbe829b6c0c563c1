#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "account/types.hpp"

namespace gatepost::account {

// What clients call the things of an account, by IMAP and by JMAP alike (RFC 8474, RFC 9698 1): a letter, the account's
// number and that by which we know the thing, "F7-3": numbers of things are unique within an account alone, and whoever
// sees several must not find one name twice. Names never change, and none is used again. Pure; a value.
class ObjectIds {
 public:
  explicit ObjectIds(AccountId account) : account_(account) {}

  std::string mailbox(FolderId id) const;   // RFC 8474 4
  std::string email(ItemId email) const;    // RFC 8474 5.1; of Row::email
  std::string thread(ItemId thread) const;  // RFC 8474 5.2

  // Nullopt: no name of such a thing here. That there is one is not said.
  std::optional<FolderId> find_mailbox(std::string_view name) const;
  std::optional<ItemId> find_email(std::string_view name) const;
  std::optional<ItemId> find_thread(std::string_view name) const;

 private:
  std::string name(char letter, std::uint64_t number) const;
  std::optional<std::uint64_t> find(char letter, std::string_view name) const;

  AccountId account_;
};

// The number behind a letter, "B17", as it is written: from 1, without zeros in front.
std::optional<std::uint64_t> number_behind(char letter, std::string_view name);

}  // namespace gatepost::account
