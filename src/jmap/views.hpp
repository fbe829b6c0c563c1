#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "account/account.hpp"

namespace gatepost::jmap {

// One message of a folder, as far as lists of messages look.
struct Line {
  std::int64_t received = 0;  // seconds of 1970
  account::ItemId item{}, thread{};
  std::uint64_t octets = 0;
  account::Uid uid = 0;
  std::uint16_t keywords = 0;  // index into FolderView::keywords
  std::uint8_t flags = 0;
};

// The messages of a folder, newest first, as they were at one version. Immutable, so shared between threads. Messages
// with \Deleted are not there (RFC 8621 4.1.1).
struct FolderView {
  account::FolderId folder{};
  account::Modseq at = 0;
  std::vector<Line> lines;
  std::vector<std::vector<account::KeywordId>> keywords;  // [0] is empty
  std::uint32_t unread = 0;                               // without $seen and $draft
  std::uint32_t threads = 0, unread_threads = 0;

  std::size_t octets() const { return lines.capacity() * sizeof(Line) + keywords.size() * 32 + 256; }
};

// Views of the folders that somebody looked at lately, and what queries found. Following a folder costs what changed in
// it, and a copy of its lines. Thread-safe.
class Views {
 public:
  explicit Views(std::size_t max_octets) : max_octets_(max_octets) {}

  // As of now. Blocks. Errors as Account::rows().
  Result<std::shared_ptr<const FolderView>> folder(account::Account& account, account::FolderId id);

  // Ids that a query found at a version of the account, by what it asked for.
  using Found = std::shared_ptr<const std::vector<account::ItemId>>;
  Found found(account::AccountId account, const std::string& query, account::Modseq at);
  void keep(account::AccountId account, const std::string& query, account::Modseq at, Found ids);

 private:
  struct Key {
    account::AccountId account{};
    account::FolderId folder{};
    std::string query;
    auto operator<=>(const Key&) const = default;
  };
  struct Entry {
    Key key;
    std::shared_ptr<const FolderView> view;
    Found ids;
    account::Modseq at = 0;
    std::size_t octets = 0;
  };
  using Entries = std::list<Entry>;
  void put(Entry entry);
  std::optional<Entry> get(const Key& key);

  const std::size_t max_octets_;
  std::mutex mutex_;
  std::size_t octets_ = 0;
  Entries entries_;  // the most recently used first
  std::map<Key, Entries::iterator> index_;
};

}  // namespace gatepost::jmap
