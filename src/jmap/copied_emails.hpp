#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "account/account.hpp"
#include "jmap/folder_view.hpp"

namespace gatepost::jmap {

// Emails of which the folders that somebody sees hold several messages, an original and its copies or some of these:
// what they are together. Each message has flags of its own, which IMAP clients set apart; to JMAP the email has the
// keywords that one of them has, and is in the mailboxes of all (RFC 8621 4.1.1). Immutable, so shared between threads.
class CopiedEmails {
 public:
  struct Together {
    account::ItemId first{}, thread{};  // the first of its messages
    std::uint32_t messages = 0;
    std::uint8_t flags = 0;
    std::vector<account::KeywordId> keywords;  // sorted, each once
    std::vector<account::FolderId> folders;    // each once
  };
  using Views = std::span<const std::shared_ptr<const FolderView>>;
  // In the folders of these views. Of few emails the account is asked, for many of them the views are gone through.
  // Blocks.
  static Result<CopiedEmails> of(account::Account& account, Views views);
  // The same of these views alone, from memory.
  explicit CopiedEmails(Views views);

  // Null: it is one message.
  const Together* find(account::ItemId email) const {
    if (email < lowest_ || email > highest_) return nullptr;
    const auto found = emails_.find(email);
    return found == emails_.end() ? nullptr : &found->second;
  }
  // How many fewer emails of a folder are unread than its messages are: those that are read elsewhere, or here twice.
  std::uint32_t unread_less(account::FolderId folder) const {
    const auto found = unread_less_.find(folder);
    return found == unread_less_.end() ? 0 : found->second;
  }
  // The same of conversations.
  std::uint32_t unread_threads_less(account::FolderId folder) const {
    const auto found = unread_threads_less_.find(folder);
    return found == unread_threads_less_.end() ? 0 : found->second;
  }
  std::size_t octets() const { return octets_; }  // of memory, about

 private:
  CopiedEmails() = default;
  bool gather(Views views);  // which emails may be some; false: none
  void add(account::FolderId folder, account::ItemId item, account::ItemId thread, std::uint8_t flags,
           const std::vector<account::KeywordId>& keywords, Together& email);
  void finish(Views views);  // when all are added

  boost::unordered_flat_map<account::ItemId, Together> emails_;
  std::map<std::pair<account::ItemId, account::FolderId>, std::uint32_t> unread_;  // messages, until it is finished
  account::ItemId lowest_{~std::uint64_t{0}}, highest_{};
  std::map<account::FolderId, std::uint32_t> unread_less_, unread_threads_less_;
  std::size_t octets_ = 0;
};

// To be asked of one line after the other: whether its email is there for the first time. Every email that is no copied
// one is.
class EmailsOnce {
 public:
  explicit EmailsOnce(const CopiedEmails* copied) : copied_(copied) {}
  bool shows(const Line& line) {
    return copied_ == nullptr || copied_->find(line.email) == nullptr || shown_.try_emplace(line.email, true).second;
  }

 private:
  const CopiedEmails* copied_;
  boost::unordered_flat_map<account::ItemId, bool> shown_;
};

}  // namespace gatepost::jmap
