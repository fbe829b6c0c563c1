#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "account/account.hpp"
#include "account/head.hpp"
#include "account/item_notes.hpp"
#include "account/row_cache.hpp"
#include "account/row_packs.hpp"
#include "account/transaction.hpp"
#include "store/store.hpp"

namespace gatepost::account {

// What all accounts of a process share. Outlives them.
struct Environment {
  store::Store& store;
  const AccountsOptions options;
  const Accounts::QuotaOf quota_of;
  const Clock& clock;
  Log& log;
  Counter& commits;
  Counter& changes;
  RowCache row_cache;
  RowPacks row_packs;
  ItemNotes item_notes;
};

// An account over the store. Changes queue up; whoever finds nobody committing takes all that wait into one commit.
class StoredAccount final : public Account, public std::enable_shared_from_this<StoredAccount> {
 public:
  StoredAccount(AccountId id, Environment& environment);
  ~StoredAccount() override;

  // Reads the head, or makes a new account, unless that has been done. Errc::closed: it was removed.
  Result<> ensure_open();
  // Drops it from the store; every later call answers not_found.
  Result<> remove_all();
  Result<> prune();
  Result<> check(bool repair, const std::function<void(const Accounts::Finding&)>& finding);
  Result<> write_packs(FolderId);  // of its chunks that are not packed as they are
  bool idle();                     // nothing of it is lost when it leaves memory

  // As a reader sees it who may have \Seen of his own: each as in Account. kEverybody: as the account has it.
  std::shared_ptr<Account> view_for(Reader);
  Reader reader_of(Reader);  // kEverybody when he has none of his own
  Result<std::shared_ptr<const std::vector<Folder>>> folders(Reader);
  Result<Folder> folder(FolderId, Reader);
  Result<Folder> find_folder(std::string_view path, Reader);
  Result<Opened> open_folder(FolderId, bool take_recent, Reader);
  Result<> rows(FolderId, const NumberSet& uids, const std::function<bool(const Row&)>& visit, Reader);
  Result<std::vector<std::vector<Placed>>> messages_of(std::span<const ItemId> emails, Reader);
  Result<AccountChanges> account_changes(Modseq since, std::size_t at_most, Reader);
  Result<Delta> changes(FolderId, Modseq since, Reader);
  Result<FolderNews> folder_news(Modseq since, Reader);
  Result<Appended> append(FolderId, std::span<const NewItem>, Reader);
  Result<Appended> append_once(FolderId, const NewItem&, std::string_view delivery_id, Reader);
  Result<Appended> replace(FolderId from, Uid replaced, FolderId to, const NewItem& item, Reader);
  Result<StoreOutcome> store_flags(FolderId, const NumberSet& uids, FlagChange, const Flags&,
                                   std::optional<Modseq> unchanged_since, const FlagScope& scope, Reader);

  AccountId id() const override { return id_; }
  Modseq modseq() override;

  Result<std::shared_ptr<const std::vector<Folder>>> folders() override { return folders(kEverybody); }
  Result<Folder> folder(FolderId folder_id) override { return folder(folder_id, kEverybody); }
  Result<Folder> find_folder(std::string_view path) override { return find_folder(path, kEverybody); }
  Result<Folder> create_folder(std::string_view path, Role role) override;
  Result<> delete_folder(FolderId) override;
  Result<> rename_folder(FolderId, std::string_view new_path) override;
  Result<> set_subscribed(std::string_view path, bool subscribed) override;
  Result<std::vector<std::string>> subscriptions() override;
  Result<> set_role(FolderId, Role) override;
  Result<> adopt_uid_validity(FolderId, std::uint32_t uid_validity) override;

  Result<std::shared_ptr<const Grants>> grants(FolderId) override;
  Result<> change_grants(FolderId, const std::function<Result<>(Grants&)>& change) override;
  Result<std::vector<Annotation>> annotations(FolderId, Reader) override;
  Result<> set_annotations(FolderId, std::span<const AnnotationChange>, std::uint64_t by) override;
  AnnotationsSince annotation_news(Modseq since) override;
  Result<bool> own_seen() override;
  Result<> set_own_seen(bool on) override;
  Result<> forget_reader(Reader reader) override;

  Result<std::shared_ptr<const std::vector<std::string>>> keywords() override;
  Result<std::vector<KeywordId>> keyword_ids(const std::vector<std::string>& names, bool create) override;

  Result<Opened> open_folder(FolderId folder, bool take_recent) override {
    return open_folder(folder, take_recent, kEverybody);
  }
  Result<> rows(FolderId, const NumberSet& uids, const std::function<bool(const Row&)>& visit) override;
  Result<> all_rows(FolderId, const std::function<bool(const Row&)>& visit) override;
  Result<Item> item(ItemId) override;
  Result<std::vector<Item>> items(std::span<const ItemId>) override;
  std::optional<std::string> notes(std::uint8_t kind, std::uint64_t block) override;
  void notes(std::uint8_t kind, std::uint64_t first, std::uint64_t count,
             const std::function<void(std::uint64_t block, std::string_view value)>& visit) override;
  void keep_notes(std::uint8_t kind, std::uint64_t block, std::string value) override;
  void change_notes(std::uint8_t kind, std::uint64_t block, const ChangeNote& change) override;
  Result<> read_body(const Body&, std::uint64_t offset, std::span<char> out) override;
  std::uint64_t copies() override;
  Result<std::vector<std::vector<Placed>>> messages_of(std::span<const ItemId> emails) override;
  Result<std::vector<ItemId>> thread(ItemId thread) override;
  Result<AccountChanges> account_changes(Modseq since, std::size_t at_most) override {
    return account_changes(since, at_most, kEverybody);
  }
  Result<Delta> changes(FolderId folder, Modseq since) override { return changes(folder, since, kEverybody); }
  Result<std::vector<Pop3Id>> pop3_ids(FolderId) override;
  Modseq known_modseq(Modseq told) override;

  Result<FolderNews> folder_news(Modseq since) override { return folder_news(since, kEverybody); }

  Result<std::unique_ptr<BodyWriter>> new_body(std::uint64_t size_hint) override;
  Result<Appended> append(FolderId folder, std::span<const NewItem> items) override {
    return append(folder, items, kEverybody);
  }
  Result<Appended> append_once(FolderId folder, const NewItem& item, std::string_view delivery_id) override {
    return append_once(folder, item, delivery_id, kEverybody);
  }
  Result<Appended> replace(FolderId from, Uid replaced, FolderId to, const NewItem& item) override {
    return replace(from, replaced, to, item, kEverybody);
  }
  Result<StoreOutcome> store_flags(FolderId folder, const NumberSet& uids, FlagChange change, const Flags& flags,
                                   std::optional<Modseq> unchanged_since, const FlagScope& scope) override {
    return store_flags(folder, uids, change, flags, unchanged_since, scope, kEverybody);
  }
  Result<std::size_t> set_pop3_ids(FolderId, std::span<const Pop3Id>) override;
  Result<NumberSet> expunge(FolderId, const NumberSet& uids) override;
  Result<NumberSet> remove(FolderId, const NumberSet& uids) override;
  Result<Copied> copy(FolderId from, const NumberSet& uids, FolderId to, const FlagScope& scope) override;
  Result<Copied> move(FolderId from, const NumberSet& uids, FolderId to, const FlagScope& scope) override;
  Result<> undo_copy(FolderId to, const NumberSet& made) override;

  Result<> removed(TimePoint since, const std::function<bool(const Removed&)>& visit) override;
  Result<> removed_lately(const std::function<bool(const Removed&)>& visit) override;
  Result<std::vector<Removed>> removed_among(std::span<const ItemId> items) override;
  Result<BroughtBack> bring_back(std::span<const ItemId>, std::string_view folder) override;
  Result<BroughtBack> bring_back_folder(std::string_view path, TimePoint at) override;
  Result<std::uint64_t> purge_removed() override;
  Result<std::uint64_t> forget_removed(std::span<const ItemId> items) override;

  Result<std::string> access_key(FolderId, std::string_view fresh) override;
  Result<std::optional<std::string>> kept_access_key(FolderId) override;
  Result<> set_access_key(FolderId, std::string_view key) override;
  Result<> drop_access_keys() override;

  Result<Quota> quota() override;
  std::unique_ptr<Watch> watch(std::function<void()> changed) override;
  Result<std::unique_ptr<Watch>> lock_maildrop() override;

 private:
  class Subscriber;
  class WatchHandle;
  class MaildropHandle;

  // Memory of a folder beyond its record.
  struct View {
    bool loaded = false;
    NumberSet uids;                           // of the published head, once loaded
    std::shared_ptr<const NumberSet> shared;  // a copy of `uids`; empty after a change
    int loading = 0;                          // threads that read the UIDs; changes meanwhile:
    struct Step {
      Modseq modseq;
      NumberSet added, removed;
    };
    std::vector<Step> steps;
    Uid unseen_from = 1;
    std::uint64_t unseen_lowered = 0;  // counts how often a commit may have lowered unseen_from
    std::optional<Uid> first_unseen;   // when it is known
    std::uint64_t seen_changes = 0;    // counts commits that may have changed it
    // What the last commits did, complete after `recent_since`, while the account is watched.
    struct Recent {
      Modseq modseq;
      std::vector<Row> rows;
      NumberSet removed;
    };
    std::deque<Recent> recent;
    std::size_t recent_size = 0;  // rows and ranges
    std::optional<Modseq> recent_since;
    Uid recent_from = 1;
    // Chunk -> last change; none: not since this view began, nor after packs.there.as_of.
    std::unordered_map<std::uint32_t, Modseq> rows_changed;
    struct {
      bool known = false;  // somebody has looked
      RowPacks::Catalogue there;
      // Of chunks that changed after there.as_of and until then: the UIDs that did.
      std::unordered_map<std::uint32_t, NumberSet> stale;
      Modseq stale_until = 0;
      // Since some were written last:
      std::uint32_t read_by_row = 0;  // chunks
      std::size_t changed = 0;        // rows
    } packs;
  };

  static constexpr std::size_t kManyAtOnce = 16;  // messages of one commit

  struct Change {
    explicit Change(const std::function<Result<>(Transaction&)>& f) : apply(f) {}
    const std::function<Result<>(Transaction&)>& apply;
    Result<> result;
    Modseq modseq = 0;
    bool done = false;
    std::condition_variable wake;
  };

  // Commits what `change` writes, together with what others want. It may run more than once; value = the modseq.
  Result<Modseq> run(const std::function<Result<>(Transaction&)>& change);
  // Runs `work` while nothing is being committed; head_ may be read without the lock meanwhile.
  Result<> exclusively(const std::function<Result<>()>& work);
  void lead(std::unique_lock<std::mutex>& lock);
  void hand_on();  // with the lock: the next in the queue leads
  std::size_t process(const std::vector<Change*>& taken);
  Result<Modseq> commit(Transaction& transaction);
  Result<> reload();
  void publish(Transaction& transaction, Modseq version);  // with the lock
  void publish_folder(const Transaction& transaction, FolderId id, Transaction::Touched& touched, Modseq version);
  // folder_news.cpp, with the lock: what `transaction` is about to do, and what it has done.
  std::vector<FolderEvent> foresee(Transaction& transaction, Modseq version) const;
  void keep_news(std::vector<FolderEvent> events, Modseq version);
  void remember(View& view, const Transaction& transaction, FolderId id, Modseq version);
  std::optional<Delta> recent_changes(FolderId id, Modseq since);
  void notify();

  Result<> create();  // the default folders
  Result<> begin_anew();
  bool is_lost(Modseq told) const;  // with the lock
  bool had_copies(Modseq since);
  Result<> prune_log(std::uint64_t before);
  Result<> prune_deliveries(std::uint64_t now);
  Result<> finish_deletions();
  Result<> drop_rows(FolderId dying);

  // With the lock.
  Result<> usable() const;
  const records::FolderRecord* record(FolderId id) const;  // null: missing or dying
  Folder describe(const records::FolderRecord& record) const;
  // account_seen.cpp, with the lock: how a reader sees it.
  Folder describe(const records::FolderRecord& record, Reader reader) const;
  void show(Folder& folder, Reader reader) const;
  Modseq highest_modseq(const records::FolderRecord& record, Reader reader) const;
  void publish_seen(Transaction& transaction);
  View& view(FolderId id);

  Result<std::unique_ptr<store::Snapshot>> snapshot();
  Result<> load_uids(FolderId id);
  Result<> need_uids(FolderId id);                                       // view(id) is loaded then
  std::optional<Modseq> rows_changed(FolderId id, std::uint32_t chunk);  // nullopt: no such folder
  std::shared_ptr<const RowChunk> chunk_in_memory(const RowCache::Key& key);
  std::shared_ptr<const RowChunk> fresh_chunk(FolderId id, std::uint32_t chunk);
  void keep_fresh(const Transaction& transaction, const View& view, const RowCache::Key& key, Modseq version);
  // Row by row. Null: they cannot be kept together. read_chunk() leaves them in memory, too.
  Result<std::shared_ptr<const RowChunk>> read_rows(const RowCache::Key& key,
                                                    const std::function<void(const Row&)>& visit);
  Result<> read_chunk(const RowCache::Key& key, const std::function<void(const Row&)>& visit);
  // account_packs.cpp
  void load_packs(FolderId id);
  const RowPacks::Catalogue* packs_of(const RowCache::Key& key) const;
  std::shared_ptr<const RowChunk> unpack(const RowCache::Key& key, Modseq as_of, std::string_view value);
  std::shared_ptr<const RowChunk> packed_chunk(const RowCache::Key& key);
  std::shared_ptr<const RowChunk> chunk_to_pack(const RowCache::Key& key, Modseq changed);
  void note_read_by_row(FolderId id);
  void note_changed_rows(FolderId id, std::size_t count);
  Result<> prune_packs();
  Result<> prune_notes();
  Result<bool> check_packs(store::Snapshot& snap, store::Snapshot& packs,
                           const std::function<void(FolderId, std::string_view)>& finding) const;
  Result<std::vector<Item>> neighbours(std::span<const ItemId> ids);
  Result<std::optional<Uid>> first_unseen(FolderId id, Uid end);
  // account_seen.cpp
  records::OwnSeen own_seen_now();
  Result<std::optional<Uid>> first_unseen(FolderId id, const NumberSet& uids, Reader reader);
  Result<NumberSet> uids_among(FolderId id, const NumberSet& uids);
  Result<SeenPage> marks_of(FolderId id, const NumberSet& uids, Reader reader);
  Result<NumberSet> seen_changes(FolderId id, Modseq since, Modseq upto, Reader reader);
  Result<Delta> stored_changes(FolderId id, Modseq since, Reader reader);
  Result<> add_seen(Delta& delta, FolderId id, Modseq since, Reader reader);
  // `freed`: octets that go in the same transaction.
  Result<> may_add(const Transaction& transaction, FolderId folder, std::uint64_t octets, std::size_t messages,
                   std::uint64_t freed = 0) const;
  struct Adding {  // what append_some() does beside
    const std::string* delivery_key = nullptr;
    FolderId from{};  // with `replaced`
    Uid replaced = 0;
    Reader reader = kEverybody;  // whose \Seen the items bring
  };
  Result<Appended> append_some(FolderId folder, std::span<const NewItem> items, const Adding& adding);
  // `marks`: of each item.
  Result<> add_items(Transaction& tx, FolderId folder, std::span<const NewItem> items,
                     std::span<const std::vector<Transaction::Mark>> marks, Reader reader, std::vector<Uid>& uids,
                     std::vector<ItemId>& made) const;
  Result<NumberSet> deleted_among(FolderId folder, const NumberSet& uids);
  enum class Fate { keep, drop };  // of what is removed
  Result<NumberSet> remove_some(FolderId folder, const NumberSet& uids, bool only_deleted, Fate fate);
  Result<> take_out(Transaction& tx, FolderId folder, const std::vector<Row>& rows, bool vanished, Fate fate) const;
  bool keeps_removed() const { return environment_.options.keep_removed.count() > 0; }
  Result<> prune_removed(std::uint64_t now);
  Result<> prune_marks(std::uint64_t now, std::uint64_t before);
  Result<std::uint64_t> drop_removed_until(std::uint64_t before, std::uint64_t keep_octets);
  void trim_removed();
  Result<> prune_former(std::uint64_t before);
  Result<std::vector<std::pair<FolderId, records::Former>>> former_folders();
  Result<std::map<FolderId, std::string>> all_paths();
  Result<FolderId> folder_for(std::string_view path);
  Result<std::uint32_t> put_back_into(FolderId to, std::span<const ItemId> items);
  struct Gone;
  Result<Gone> gone_from(FolderId folder, std::uint64_t at);
  Result<Uid> uid_end(FolderId id);
  // `attached`: whether what was copied has attachments, as far as its summary tells.
  Result<> copy_page(Transaction& tx, FolderId to, const std::vector<Row>& rows, Copied& done, Uid& next,
                     std::vector<std::pair<ItemId, bool>>& attached);
  Result<> create_path(Transaction& tx, const std::vector<std::string>& names, Role role, FolderId& made) const;
  Result<> rename_one(Transaction& tx, FolderId id, const std::vector<std::string>& names) const;
  RowDamage damage_report();

  const AccountId id_;
  Environment& environment_;
  const store::Partition partition_;

  std::mutex open_mutex_;   // one thread opens
  std::mutex packs_mutex_;  // one thread writes or drops packed rows; taken before the next one
  std::mutex mutex_;        // guards what follows
  Head head_;               // changed only by the leader, with the lock
  bool open_ = false;
  bool removed_ = false;
  bool leading_ = false;  // somebody commits; head_ will not change before that ends
  std::deque<Change*> queue_;
  std::unordered_map<FolderId, View> views_;
  std::shared_ptr<const std::vector<Folder>> folder_list_;  // empty after a change
  std::uint64_t generation_ = 0;                            // counts reloads
  std::uint64_t rows_owner_;                                // in the row cache, of this generation
  std::shared_ptr<const std::vector<std::shared_ptr<Subscriber>>> subscribers_;
  bool maildrop_locked_ = false;
  std::map<Reader, std::weak_ptr<Account>> reader_views_;
  struct SeenHint {
    Uid from = 1;               // no message below this UID is unseen by the reader
    std::uint64_t lowered = 0;  // counts commits that may have lowered it
  };
  std::map<Transaction::Whose, SeenHint> seen_hints_;
  std::set<Reader> without_annotations_;        // who has none of the account itself, as far as somebody has looked
  std::uint64_t annotation_changes_ = 0;        // counts commits that may have changed that
  std::deque<AnnotationNews> annotation_news_;  // the last ones of this process
  Modseq annotation_news_since_ = 0;            // those after it are all there
  std::deque<FolderEvent> news_;                // since news_since_, while there are subscribers
  Modseq news_since_ = 0;
};

}  // namespace gatepost::account
