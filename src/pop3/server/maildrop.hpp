#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "base/result.hpp"

namespace gatepost::pop3::server {

// The inbox as it was at sign-in (RFC 1939 3), numbered from 1; what happens to it meanwhile does not renumber it.
// Holds the account's POP3 lock for its life. Twelve octets a message. Belongs to one session; calls marked so block.
class Maildrop {
 public:
  // Blocks. Errc::conflict: another session has it; others as account::Account.
  static Result<std::unique_ptr<Maildrop>> open(account::Accounts& accounts, account::AccountId id);

  std::uint32_t size() const { return static_cast<std::uint32_t>(messages_.size()); }
  // There is such a number, and it is not marked as deleted.
  bool has(std::uint32_t number) const;
  std::uint64_t octets(std::uint32_t number) const;
  // Stable over sessions and restarts: UIDVALIDITY and UID of the inbox, "1767225600.17" (RFC 1939 7, UIDL).
  std::string unique_id(std::uint32_t number) const;
  // Without what is marked.
  std::uint32_t count() const { return count_; }
  std::uint64_t total_octets() const { return total_octets_; }

  void mark_deleted(std::uint32_t number);
  void unmark_all();

  // Blocks. Errc::not_found: somebody else removed the message meanwhile.
  Result<account::Body> body(std::uint32_t number);
  // Blocks.
  Result<> read(const account::Body& body, std::uint64_t offset, std::span<char> out);
  // Blocks. Removes what is marked, durable on return; those that are gone already do not matter. How many there were.
  // After an error, much or little may have been removed, but nothing that is not marked.
  Result<std::uint32_t> remove_marked();

 private:
  struct Message {
    account::Uid uid;
    std::uint32_t octets_low;
    std::uint32_t octets_high : 31;
    std::uint32_t deleted : 1;
  };
  static_assert(sizeof(Message) == 12);

  Maildrop() = default;
  const Message& at(std::uint32_t number) const { return messages_[number - 1]; }

  std::shared_ptr<account::Account> account_;  // shared with whoever else has it open
  std::unique_ptr<account::Watch> lock_;
  account::FolderId inbox_{};
  std::uint32_t uid_validity_ = 0;
  std::vector<Message> messages_;
  std::uint32_t count_ = 0;
  std::uint64_t total_octets_ = 0;
};

}  // namespace gatepost::pop3::server
