#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "imap/protocol/command_search.hpp"
#include "imap/server/collation.hpp"
#include "imap/server/head_keys.hpp"
#include "mime/structure.hpp"

namespace gatepost::imap::server {

// When a message was sent; without a Date that can be read, when it came (RFC 5256 2.2). Seconds since 1970.
std::int64_t sent_seconds(const mime::Structure& head, const account::Row& row);

// Puts messages into the order that SORT asks for (RFC 5256 3, RFC 5957 2). Of each it keeps a few octets that compare
// as the messages do, of a text no more than kMaxSortText.
inline constexpr std::size_t kMaxSortText = 500;
inline constexpr std::size_t kMaxSortOctets = 256 << 20;  // of all

class SortOrder {
 public:
  // `criteria` outlive it.
  explicit SortOrder(std::span<const SortCriterion> criteria, const Collation& collation = {})
      : criteria_(criteria), collation_(collation) {}

  // How well messages fit, as many as there are `uids` and in their order; for RELEVANCY (RFC 6203 5).
  void set_scores(const NumberSet& uids, std::vector<std::uint8_t> scores);
  std::uint8_t score_of(account::Uid uid) const;  // 1 when nothing is known

  // From here on what is known of this account's heads is taken from `keys`, and what is found out is put there.
  // `account` outlives this; needs_head() and add() block then. Not for other collations than the default.
  void remember(HeadKeys& keys, account::Account& account);
  void expect(std::size_t messages);  // so many come, about
  // Whether the message has to be looked into.
  bool needs_head(const account::Row& row);
  // What compares as the message does; equal ones are as in the mailbox.
  std::string key_of(const account::Row& row, const mime::Structure* head);
  // `head`: may be null unless needs_head(). Errc::limit: too many, or of too long keys.
  Result<> add(const account::Row& row, const mime::Structure* head);
  void keep_found();  // lets others know what was found out
  // UIDs in order; equal ones as they are in the mailbox (RFC 5256 3). Once, at the end.
  std::vector<account::Uid> finish();

 private:
  struct Entry {
    std::array<std::uint64_t, 2> front{};  // the key's first octets, so that most comparisons end here
    std::uint32_t begin = 0, octets = 0;
    account::Uid uid = 0;
  };
  // Entries with equal keys, under a number each.
  struct Groups {
    std::vector<std::uint32_t> of;     // the group of each entry
    std::vector<std::uint32_t> first;  // the first entry of each group
    std::vector<std::uint32_t> size;
  };
  std::optional<Groups> grouped() const;
  std::vector<account::Uid> in_order(const Groups& groups) const;
  bool is_before(const Entry& a, const Entry& b) const;
  bool is_equal(const Entry& a, const Entry& b) const;
  std::uint64_t hash_of(const Entry& entry) const;
  void put_keys(const account::Row& row, const mime::Structure* head);
  void put_key(std::size_t criterion, const account::Row& row, const mime::Structure* head);
  void put_of_head(std::size_t criterion, const account::Row& row, const mime::Structure* head);

  const std::span<const SortCriterion> criteria_;
  const Collation collation_;
  std::deque<KeyColumn> columns_;      // of those criteria that are in the head
  std::vector<KeyColumn*> column_of_;  // of each criterion, null for others; empty: nothing is remembered
  std::string keys_, text_;
  NumberSet scored_;
  std::vector<std::uint8_t> scores_;
  std::vector<Entry> entries_;
  const SipKey secret_ = HeadKeys::random_secret();  // of hash_of()
};

}  // namespace gatepost::imap::server
