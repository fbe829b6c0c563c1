#pragma once

#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "account/head.hpp"
#include "account/records.hpp"
#include "account/row_cache.hpp"
#include "account/seen_marks.hpp"
#include "store/key_value.hpp"

namespace gatepost::account {

// Several changes on their way to one commit: what they have written so far, over the head they started from. A change
// must make all its checks before its first write, so that one that fails leaves nothing. Used by one thread.
class Transaction {
 public:
  struct Touched {
    records::FolderRecord record;
    bool is_new = false;
    bool gone = false;                                    // nothing is left of it
    Uid lowest_unseen = std::numeric_limits<Uid>::max();  // of those that lost, or came without, \Seen
    NumberSet added, removed;                             // UIDs
    NumberSet passed;                                     // that are not given out any more, and no message had
    NumberSet deleted, undeleted;                         // that got, or lost, \\Deleted
    bool was_all_seen = false;  // at some moment; messages without \\Seen are not below lowest_unseen then
    bool flags_changed = false;
    bool seen_changed = false;  // some message without \\Seen got it, or is gone
  };

  // The rows of a chunk as they are at `head`; null: not in memory.
  using ChunkAt = std::function<std::shared_ptr<const RowChunk>(FolderId folder, std::uint32_t chunk)>;
  // `head` does not change while this lives.
  Transaction(const Head& head, store::KeyValue& keys, store::Partition partition, TimePoint now, RowDamage damaged,
              ChunkAt in_memory);

  Modseq modseq() const { return head_.modseq + 1 + skip_; }  // of everything this writes
  void leap(Modseq to) { skip_ = to - head_.modseq - 1; }     // makes that modseq; before anything is written
  TimePoint now() const { return now_; }
  const Head& head() const { return head_; }
  bool empty() const { return !dirty_; }
  std::size_t octets() const { return octets_; }  // of the batch so far, about
  records::State& state() { return state_; }      // changing it alone commits nothing

  // Folders. Null: there is none. Dying ones are found only by find_any().
  const records::FolderRecord* find(FolderId id) const;
  const records::FolderRecord* find_any(FolderId id) const;
  std::optional<FolderId> child(FolderId parent, const std::string& name) const;
  std::vector<FolderId> children(FolderId id) const;
  std::optional<FolderId> with_role(Role role) const;
  std::size_t folder_count() const;
  records::FolderRecord& touch(FolderId id);  // must exist
  FolderId add_folder(FolderId parent, std::string name, Role role);
  void renew(FolderId id);          // fresh UIDVALIDITY for one that holds nothing
  void forget_folder(FolderId id);  // its record and indexes; the rows are gone already
  std::uint32_t new_uid_validity();

  // Rows as this transaction sees them: the first of `uids`, ascending, at most `at_most`.
  struct Page {
    std::vector<Row> rows;
    bool more = false;
    Uid next = 0;  // with `more`: where to go on
  };
  Result<Page> rows(FolderId folder, const NumberSet& uids, std::size_t at_most);
  Uid add_row(FolderId folder, Row row);      // gives UID and modseq
  void pass_over(FolderId folder, Uid next);  // UIDs below `next` are not given out any more
  const Row& change_row(FolderId folder, const Row& before, Flags flags);
  void remove_row(FolderId folder, const Row& before, bool vanished);
  void name_for_pop3(FolderId folder, Uid uid, std::string_view name);  // one that is there; gone with its row

  // Items.
  Result<std::vector<records::ItemRecord>> items(std::span<const Row> rows);
  ItemId add_item(const records::ItemRecord& item);
  void place_item(ItemId item, FolderId folder, Uid uid);
  void drop_item(const Row& row, const Body& body);
  // Takes an item out of the account without dropping it; it stays until drop_removed().
  void set_aside(FolderId folder, const Row& row);
  // Items that were set aside before this transaction and are not settled by it, those of `items` that are still there.
  Result<std::vector<records::Removed>> set_aside_among(std::span<const ItemId> items);
  Uid put_back(const records::Removed& removed, FolderId folder);  // \Deleted is taken off; its UID
  void drop_removed(const records::Removed& removed, const Body& body);
  const records::RemovedTotals& removed_totals() const { return removed_; }

  // Conversations (transaction_threads.cpp). What marks lead to is read before the first write.
  struct Mark {
    std::uint64_t hash = 0;
    records::ThreadMark stored;  // thread 0: it leads nowhere yet
  };
  Result<std::vector<Mark>> look_up(std::span<const std::uint64_t> hashes);
  ItemId thread_of(std::span<const Mark> marks) const;     // 0: a new one
  void leave(std::span<const Mark> marks, ItemId thread);  // so that who has one of them is led there
  // A message comes into, or goes out of, its conversation and its email.
  void join(ItemId item, ItemId thread, ItemId email);
  void part(const Row& row);

  Result<bool> knows_delivery(const std::string& key);
  void remember_delivery(std::string key, std::uint64_t until_seconds);

  // Known or new keyword; checked by keyword_fits() before.
  std::optional<KeywordId> find_keyword(std::string_view name) const;
  Result<> keywords_fit(const std::vector<std::string>& names) const;
  KeywordId keyword(const std::string& name);
  void subscribe(std::string name, bool subscribed);

  // Rights and annotations. Null: none.
  std::shared_ptr<const Grants> grants(FolderId folder) const;
  void set_grants(FolderId folder, std::shared_ptr<const Grants> grants);
  std::uint64_t annotation_octets() const { return annotation_octets_; }
  // What stood there before, in octets of name and value: 0 for none.
  void annotate(FolderId folder, const AnnotationChange& change, std::uint64_t before, std::uint64_t by);
  // As this transaction leaves them: those of a reader by name, those of all readers by key.
  using Annotations = std::map<std::string, std::string>;
  Result<std::map<std::string, std::string>> annotations(FolderId folder, Reader reader);
  Result<Annotations> all_annotations(FolderId folder);
  void drop(const Annotations& all);
  void add(FolderId to, const Annotations& all);  // as far as a commit takes them

  // What readers have seen on their own (transaction_seen.cpp). Marks that are to be asked or changed are read before
  // the first write: those of one reader, or kEverybody: of each who has any.
  const records::OwnSeen& own_seen() const { return own_seen_; }
  void set_own_seen(bool on);  // whatever readers had is gone
  void forget_reader(Reader reader);
  Result<> load_seen(FolderId folder, Reader reader, const NumberSet& uids);
  // Those of its rows; cuts the page where that is more than a commit should hold.
  Result<> load_seen(FolderId folder, Reader reader, Page& page);
  // Those of `count` UIDs that are given next, of each reader of `from`, for carry_seen().
  Result<> load_seen_to_carry(FolderId from, FolderId to, std::size_t count);
  void show(Reader reader, FolderId folder, Row& row) const;  // as he sees it
  // Errc::limit: too many readers of one folder.
  Result<> may_have_seen(FolderId folder, Reader reader) const;
  void mark_seen(FolderId folder, Reader reader, const Row& row, bool seen);  // and says so in the change log
  void mark_new_seen(FolderId folder, Reader reader, Uid uid);                // one that this transaction adds
  // Messages that were put, or copied, elsewhere: whoever has seen one has seen it there.
  void carry_seen(FolderId from, std::span<const Uid> uids, FolderId to, std::span<const Uid> as);
  // Forgets those of messages that are gone, and writes the rest; after all changes. Errc::conflict as below.
  Result<> put_seen();
  struct SeenChange {
    records::SeenTotals totals;
    Uid lowest_lost = std::numeric_limits<Uid>::max();  // of those that he has not seen any more
    bool by_reader = false;                             // he changed something himself
  };
  using Whose = std::pair<FolderId, Reader>;
  const std::map<Whose, SeenChange>& seen_changes() const { return seen_changes_; }
  bool drops_seen() const { return seen_dropped_ || !readers_gone_.empty(); }
  bool seen_dropped(Reader reader) const {
    return seen_dropped_ || readers_gone_.contains(reader);
  }  // what stood before

  // A value that no other function here knows of, as this transaction sees it.
  Result<std::optional<std::string>> read(const std::string& key);
  void log(records::LogEntry::What what, std::uint64_t id);                 // of a folder
  void log(records::LogEntry::What what, const Row& row, FolderId folder);  // of an item
  void write(std::string key, std::optional<std::string> value);
  void erase_range(std::string begin, std::string end);

  // The rows of a folder that this has written, as they are now, unless they are more than `at_most`.
  std::optional<std::vector<Row>> written_rows(FolderId folder, std::size_t at_most) const;
  std::size_t written_count(FolderId folder) const;  // with those that it has removed
  // The chunks of its UIDs (records::kChunkUids) that hold a row this has written or removed; ascending.
  std::vector<std::uint32_t> written_chunks(FolderId folder) const;
  // What this has done to the rows of one. Views of this transaction.
  std::vector<RowChunk::Change> written_in(FolderId folder, std::uint32_t chunk) const;
  // Brings the UID sets up to date; after all changes. Errc::conflict: the account has moved on.
  Result<> put_uid_sets();
  // The whole. Folder hints are to be set by then.
  store::Batch finish();
  std::map<FolderId, Touched>& touched() { return touched_; }
  const Touched& touched_folder(FolderId id) const { return touched_.at(id); }
  const std::vector<std::string>& new_keywords() const { return new_keywords_; }
  const std::map<std::string, bool, std::less<>>& subscription_changes() const { return subscriptions_; }
  const records::State& final_state() const { return state_; }
  const std::map<FolderId, std::shared_ptr<const Grants>>& grant_changes() const { return grants_; }
  std::vector<AnnotationNews>& annotation_news() { return annotation_news_; }

 private:
  struct Pending {
    std::optional<Row> row;  // none: removed
    Modseq indexed = 0;      // modseq of the stored row, 0 = there is none
  };
  Pending& pending(FolderId folder, const Row& before);
  Result<> stored_rows(FolderId folder, const NumberSet& uids, const RowVisit& visit);
  Touched& touched(FolderId id);
  void count(Touched& t, const Row& row, bool in);
  Result<> put_uid_set(FolderId folder, records::UidSet which, const NumberSet& add, const NumberSet& remove);
  Result<store::Snapshot*> snapshot();
  const std::string* written(std::string_view key) const;
  void settle(const records::Removed& removed);
  std::set<Reader> readers(FolderId folder) const;
  SeenChange& seen_change(const Whose& whose);
  SeenMarks& loaded_marks(const Whose& whose, Uid uid);
  void set_seen(const Whose& whose, Uid uid, bool seen);
  Result<> forget_seen(FolderId folder, const NumberSet& removed);
  Result<Annotations> annotations_below(const std::string& prefix);
  void put_rows();
  void put_changed_index();
  void put_log();

  const Head& head_;
  store::KeyValue& keys_;
  const store::Partition partition_;
  const TimePoint now_;
  const RowDamage damaged_;
  const ChunkAt in_memory_;
  std::unique_ptr<store::Snapshot> snapshot_;
  records::State state_;
  records::RemovedTotals removed_;
  std::set<ItemId> settled_;  // removed items that this has put back or dropped
  store::Batch batch_;
  std::map<FolderId, Touched> touched_;
  std::map<std::pair<FolderId, Uid>, Pending> rows_;
  std::vector<records::LogEntry> log_;
  std::vector<std::string> new_keywords_;
  std::map<std::string, KeywordId, ascii::ILess> new_keyword_ids_;
  std::map<std::string, bool, std::less<>> subscriptions_;
  std::set<std::string, std::less<>> deliveries_;
  std::unordered_map<std::uint64_t, ItemId> marks_;  // written
  Modseq skip_ = 0;                                  // modseqs that are left out
  std::map<FolderId, std::shared_ptr<const Grants>> grants_;
  std::map<std::string, std::optional<std::string>, std::less<>> annotations_;  // by key
  std::vector<AnnotationNews> annotation_news_;
  std::uint64_t annotation_octets_ = 0;
  records::OwnSeen own_seen_;
  struct LoadedMarks {
    SeenMarks marks;
    Modseq indexed = 0;  // of its entry among the changed ones, 0 = there is none
    bool changed = false;
  };
  std::map<std::pair<Whose, std::uint32_t>, LoadedMarks> marks_of_readers_;
  std::map<Whose, SeenChange> seen_changes_;
  bool seen_dropped_ = false;
  std::set<Reader> readers_gone_;
  std::size_t octets_ = 0;
  bool dirty_ = false;
};

}  // namespace gatepost::account
