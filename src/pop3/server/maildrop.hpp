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
// Holds the account's POP3 lock for its life. Opening it, STAT and UIDL read no message's row; sizes are read when they
// are asked for, eight octets a message from then on. Belongs to one session; calls marked so block.
class Maildrop {
 public:
  // Blocks. Errc::conflict: another session has it; others as account::Account.
  static Result<std::unique_ptr<Maildrop>> open(account::Accounts& accounts, account::AccountId id);

  std::uint32_t size() const { return static_cast<std::uint32_t>(uids_->size()); }
  // There is such a number, and it is not marked as deleted.
  bool has(std::uint32_t number) const;
  // Stable over sessions and restarts (RFC 1939 7, UIDL): what the message was called on the server it came from, if it
  // brought that along; else UIDVALIDITY and UID of the inbox, "1767225600.17".
  std::string unique_id(std::uint32_t number) const;
  // Without what is marked.
  std::uint32_t count() const { return size() - static_cast<std::uint32_t>(marked_.size()); }
  std::uint64_t total_octets() const { return total_octets_ - marked_octets_; }

  // Octets of one message; 0 when somebody else removed it meanwhile. Blocks, unless all sizes have been read.
  Result<std::uint64_t> octets(std::uint32_t number);
  // Reads the sizes of all messages. Blocks.
  Result<> read_sizes();

  Result<> mark_deleted(std::uint32_t number);  // blocks as octets() does
  void unmark_all();
  bool any_marked() const { return !marked_.empty(); }

  // Blocks. Errc::not_found: somebody else removed the message meanwhile.
  Result<account::Body> body(std::uint32_t number);
  // Blocks.
  Result<> read(const account::Body& body, std::uint64_t offset, std::span<char> out);
  // Blocks. Removes what is marked, durable on return; those that are gone already do not matter. How many there were.
  // After an error, much or little may have been removed, but nothing that is not marked.
  Result<std::uint32_t> remove_marked();

 private:
  Maildrop() = default;
  account::Uid uid(std::uint32_t number) const { return *uids_->select(number); }
  Result<std::optional<account::Row>> row(std::uint32_t number);

  std::shared_ptr<account::Account> account_;  // shared with whoever else has it open
  std::unique_ptr<account::Watch> lock_;
  account::FolderId inbox_{};
  std::uint32_t uid_validity_ = 0;
  std::vector<account::Pop3Id> brought_;   // names, by UID
  std::shared_ptr<const NumberSet> uids_;  // shared with the account and other sessions
  std::vector<std::uint64_t> sizes_;       // by number; empty before read_sizes()
  NumberSet marked_;                       // numbers
  std::uint64_t total_octets_ = 0, marked_octets_ = 0;
};

}  // namespace gatepost::pop3::server
