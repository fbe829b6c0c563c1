#pragma once

#include <cstdint>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "jmap/attachment_marks.hpp"
#include "jmap/lines.hpp"
#include "jmap/sort_order.hpp"

namespace gatepost::jmap {

// The messages of a folder, newest first, as they were at one version. Immutable, so shared between threads. Messages
// with \Deleted are not there (RFC 8621 4.1.1).
struct FolderView {
  account::FolderId folder{};
  account::Modseq at = 0;
  Lines lines;
  std::vector<std::vector<account::KeywordId>> keywords;  // [0] is empty
  std::uint32_t unread = 0;                               // without $seen and $draft
  std::uint32_t threads = 0, unread_threads = 0;
  // No conversation in it is beyond them.
  std::uint64_t lowest_thread = std::numeric_limits<std::uint64_t>::max(), highest_thread = 0;
};

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
  // One of the three.
  struct Entry {
    Key key;
    std::shared_ptr<Followed> followed;  // shared with those that follow it just now
    Found ids;
    std::shared_ptr<AttachmentMarks> marks;
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
