#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "jmap/attachment_marks.hpp"
#include "jmap/copied_emails.hpp"
#include "jmap/folder_view.hpp"
#include "jmap/sort_order.hpp"

namespace gatepost::jmap {

// Views of the folders that somebody looked at lately, and what queries found. Following a folder costs what changed in
// it. Thread-safe.
class Views {
 public:
  explicit Views(std::size_t max_octets) : max_octets_(max_octets) {}

  // As of now. Blocks. Errors as Account::rows().
  Result<std::shared_ptr<const FolderView>> folder(account::Account& account, account::FolderId id);

  // Ids that a query found at a version of the account, by what it asked for.
  using Found = std::shared_ptr<const std::vector<account::ItemId>>;
  Found found(account::Account& account, const std::string& query, account::Modseq at);
  void keep(account::Account& account, const std::string& query, account::Modseq at, Found ids);

  // What copies are together with what they are copies of, in the folders that somebody sees. `for_whom`: a name of
  // him. Null: there are none. Blocks.
  Result<std::shared_ptr<const CopiedEmails>> copied(account::Account& account, const std::string& for_whom,
                                                     const std::vector<account::Folder>& visible);

  SortOrders& sort_orders() { return sort_orders_; }

  // Of the items of AttachmentMarks::block_of(). Blocks.
  std::shared_ptr<AttachmentMarks> marks(account::Account& account, std::uint64_t block);

 private:
  struct Followed;  // a folder, and what following it needs
  struct Key {
    account::AccountId account{};
    account::FolderId folder{};
    std::string query;
    account::Reader reader = account::kEverybody;  // whose \\Seen it is of
    auto operator<=>(const Key&) const = default;
  };
  // One of the four.
  struct Entry {
    Key key;
    std::shared_ptr<Followed> followed;  // shared with those that follow it just now
    Found ids;
    std::shared_ptr<AttachmentMarks> marks;
    std::shared_ptr<const CopiedEmails> copied;
    account::Modseq at = 0;
    std::size_t octets = 0;
  };
  using Entries = std::list<Entry>;
  static Result<> read_all(account::Account& account, account::FolderId id, Followed& into);
  static Result<bool> follow(account::Account& account, Followed& followed);
  Entry& entry(const Key& key);  // the first one then; mutex_ is held
  void resize(Entry& entry, std::size_t octets);

  SortOrders sort_orders_;
  const std::size_t max_octets_;
  std::mutex mutex_;
  std::size_t octets_ = 0;
  Entries entries_;  // the most recently used first
  std::map<Key, Entries::iterator> index_;
};

}  // namespace gatepost::jmap
