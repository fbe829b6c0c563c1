#pragma once

#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "account/account.hpp"
#include "account/head.hpp"
#include "account/records.hpp"
#include "account/seen_marks.hpp"
#include "store/store.hpp"

namespace gatepost::account {

// Walks one account at one version, reports what does not fit together, and gathers what would repair it. Holds 8
// octets for each message, and the repairs. What cannot be read is set aside under a quarantine key, never thrown away.
class Checker {
 public:
  using Report = std::function<void(const Accounts::Finding&)>;
  Checker(store::Snapshot& snapshot, store::Store& store, TimePoint now, bool repair, Report report);

  Result<> run();
  // Commits the repairs in pieces; nobody else commits meanwhile.
  Result<> commit_fixes(store::Partition partition);
  std::size_t findings() const { return findings_; }

 private:
  struct Seen {
    records::FolderRecord record;
    bool rewrite = false;  // the record itself is repaired
    bool touched = false;  // its messages are
    std::uint32_t total = 0, unseen = 0, deleted = 0;
    std::uint64_t octets = 0, vanished = 0, more_vanished = 0;
    Uid last_uid = 0;
    Uid first_unseen = std::numeric_limits<Uid>::max();
    NumberSet lost;          // UIDs whose rows cannot be read
    NumberSet uids, marked;  // of all messages; of those with \\Deleted
  };
  struct IndexEntry {
    std::string key;
    FolderId folder{};
    Modseq modseq = 0;
    Uid uid = 0;
  };

  Modseq modseq() const { return snapshot_.version() + 1; }  // of repairs
  void found(std::string where, std::string what, bool repairable);
  void put(std::string key, std::optional<std::string> value);
  void quarantine(std::string_view key, std::string_view value);
  Result<> scan(char kind, const std::function<Result<>(store::Entry)>& visit);
  Result<std::vector<std::optional<std::string>>> get(const std::vector<std::string>& keys);

  Result<> check_state();
  Result<> check_folders();
  void found_no_inbox();
  Result<> check_rows();
  Result<> check_page(const std::vector<std::pair<FolderId, Row>>& page);
  static std::string description_of(const records::ItemRecord& item);
  Result<> check_body(const std::string& where, ItemId id, const records::ItemRecord& item);
  Result<> check_removed();
  Result<> check_removed_page(const std::vector<records::Removed>& page);
  Result<> check_expiries();
  Result<> check_items();
  Result<> restore(ItemId id, const records::ItemRecord& item);
  Result<> check_pairs(char kind, std::string_view of, std::vector<std::pair<ItemId, ItemId>>& right);
  Result<> check_places();
  Result<> check_index(char kind,
                       const std::function<void(const IndexEntry&, const std::optional<std::string>&)>& visit);
  Result<> check_changed();
  Result<> check_vanished();
  bool in_changed_set(FolderId id, const Row& row);
  void check_totals();
  Result<> check_uid_sets();
  Result<> check_own_seen();
  Result<> check_seen();
  Result<> check_seen_totals(std::map<std::pair<FolderId, Reader>, records::SeenTotals>& right);
  bool mend_marks(FolderId id, SeenMarks& marks);
  Result<> check_uid_set(FolderId id, records::UidSet which, const NumberSet& right);

  bool is_removed(ItemId id) const;
  Seen& folder(FolderId id);
  void invent(FolderId id, Seen& seen);
  void count(Seen& seen, const Row& row);
  static NumberSet wide_gaps(const Seen& seen);
  void lose_row(FolderId id, const Row& row);

  store::Snapshot& snapshot_;
  store::Store& store_;
  const TimePoint now_;
  const bool repair_;
  const Report report_;
  std::size_t findings_ = 0;
  store::Batch fixes_;
  std::optional<records::State> stored_state_;
  records::State state_;
  bool rewrite_state_ = false;
  records::OwnSeen own_seen_;
  std::map<FolderId, Seen> folders_;
  static constexpr std::size_t kKeptSets = 64;
  std::map<std::pair<FolderId, Modseq>, NumberSet> changed_sets_;  // read last
  std::vector<std::uint64_t> items_;                               // that have a row; sorted once the rows are read
  std::vector<std::pair<std::uint64_t, std::uint64_t>> removed_;   // item, second of removal; sorted once read
  records::RemovedTotals removed_totals_;
  std::vector<std::pair<ItemId, ItemId>> in_threads_;  // of rows that are not the first of their conversation
  std::vector<std::pair<ItemId, ItemId>> copies_;      // the emails of rows that are copies, and those
  std::set<std::string> dropped_expiries_;             // of removed messages that were found wrong
  std::uint64_t last_item_ = 0;
  std::uint64_t used_octets_ = 0;
};

}  // namespace gatepost::account
