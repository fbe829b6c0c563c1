#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "account/types.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace gatepost::store {
class Store;
}

namespace gatepost::account {

// Streams a body in; bounded memory. One thread at a time; destroyed unfinished = discarded. Blocks on the disk.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  virtual Result<> append(std::string_view octets) = 0;
  virtual Result<Body> finish() = 0;  // durable with the first commit that uses it
};

// Destroying it ends the watch; the callback does not run afterwards.
class Watch {
 public:
  virtual ~Watch() = default;
};

enum class FlagChange { add, remove, replace };

struct StoreOutcome {
  std::vector<Row> changed;    // as they are now, by UID; rows that already were so are left out
  std::vector<Modseq> before;  // the modseq each of `changed` had
  NumberSet modified;          // refused: changed since `unchanged_since` (RFC 7162 3.1.3)
  Modseq modseq = 0;
};
struct Appended {
  std::uint32_t uid_validity = 0;
  std::vector<Uid> uids;  // in the order given
  Modseq modseq = 0;
};
struct Copied {
  std::uint32_t uid_validity = 0;  // of the destination
  std::vector<Uid> from, to;       // pairs, ascending `from`
  Modseq modseq = 0;
};

struct BroughtBack {
  std::uint32_t messages = 0;
  std::uint32_t elsewhere = 0;       // bring_back_folder(): that were not lost, they are in another folder
  std::vector<std::string> folders;  // where they are now; paths, each once
};

// A folder as opened: what SELECT answers, at cost independent of its size.
struct Opened {
  Folder folder;
  std::shared_ptr<const NumberSet> uids;  // all UIDs at `folder.highest_modseq`; loaded once per process, shared
  Uid first_recent = 0;                   // UIDs from here on were new to every session before (RFC 3501 2.3.2)
  std::optional<Uid> first_unseen;
  Modseq at = 0;  // the account's version that all of this is of
};

// One account: folders, items, flags and the change log that every protocol's delta sync is a view of. Thread-safe;
// calls may block on the disk (run them on workers). Each successful change is durable when the call returns and makes
// one new modseq. Errors: not_found (folder, uid sets never: missing UIDs are skipped), already_exists, denied (e.g.
// renaming into its own child, deleting the inbox), over_quota, disk_full, limit (too many folders, keywords),
// unavailable.
class Account {
 public:
  virtual ~Account() = default;
  virtual AccountId id() const = 0;
  virtual Modseq modseq() = 0;

  // Folders.
  virtual Result<std::shared_ptr<const std::vector<Folder>>> folders() = 0;  // sorted by path; an immutable snapshot
  virtual Result<Folder> folder(FolderId) = 0;
  virtual Result<Folder> find_folder(std::string_view path) = 0;                            // "INBOX" in any case
  virtual Result<Folder> create_folder(std::string_view path, Role role = Role::none) = 0;  // creates missing parents
  virtual Result<> delete_folder(FolderId) = 0;  // with children: its messages go, it stays as not selectable
  virtual Result<> rename_folder(FolderId,
                                 std::string_view new_path) = 0;  // INBOX: moves its messages (RFC 9051 6.3.6)
  virtual Result<> set_subscribed(std::string_view path, bool subscribed) = 0;  // also of names that do not exist
  virtual Result<std::vector<std::string>> subscriptions() = 0;
  virtual Result<> set_role(FolderId, Role) = 0;
  // The UIDVALIDITY and with it the UIDs of another server's folder are kept. Errc::conflict: UIDs were given out here
  // already; Errc::invalid: 0, or so large that little is left above it.
  virtual Result<> adopt_uid_validity(FolderId, std::uint32_t uid_validity) = 0;

  // Rights of others (kRoot: of the account's top, which what is created there gets). A new folder gets those of its
  // parent. `change` may run more than once; its error is passed on. Errc::limit: too many. From memory: grants().
  virtual Result<std::shared_ptr<const Grants>> grants(FolderId) = 0;  // null: none
  virtual Result<> change_grants(FolderId, const std::function<Result<>(Grants&)>& change) = 0;

  // Whether each other user has \Seen of his own (Accounts::open_for()), or all have the owner's. Setting it makes all
  // messages unread for others, or as the owner has them; what others had seen on their own is forgotten. Off unless
  // set.
  virtual Result<bool> own_seen() { return false; }
  virtual Result<> set_own_seen(bool) { return fail(Errc::unsupported, "whose seen flags"); }
  virtual Result<> forget_reader(Reader) { return {}; }  // what somebody had who does not come back
  // Whose \Seen this shows: kEverybody is the owner's, which all see who have none of their own.
  virtual Reader reader() { return kEverybody; }

  // Annotations (RFC 5464), kept with the folder: a copy of the name for each reader. All of `changes` or none.
  // Errc::limit: over kMaxAnnotations of one reader and folder, or kMaxAnnotationOctets of the account;
  // Errc::too_large: a value over kMaxAnnotationValue; Errc::invalid: a name. `by` is passed on to annotation_news().
  virtual Result<std::vector<Annotation>> annotations(FolderId, Reader) = 0;  // by name
  virtual Result<> set_annotations(FolderId, std::span<const AnnotationChange>, std::uint64_t by) = 0;
  virtual AnnotationsSince annotation_news(Modseq since) = 0;  // from memory; of the last ones

  // Keywords of the account, index = KeywordId. Grows only; a shared snapshot. Names are equal whatever their ASCII
  // case; the first spelling is kept. keyword_ids: sorted, each once; without `create`, unknown names are left out.
  virtual Result<std::shared_ptr<const std::vector<std::string>>> keywords() = 0;
  virtual Result<std::vector<KeywordId>> keyword_ids(const std::vector<std::string>& names, bool create) = 0;

  // Reading.
  virtual Result<Opened> open_folder(FolderId, bool take_recent) = 0;  // take_recent: SELECT, not EXAMINE
  // Rows of `uids` in ascending order, read in pages; visit returns false to stop. Cost follows the rows visited.
  virtual Result<> rows(FolderId, const NumberSet& uids, const std::function<bool(const Row&)>& visit) = 0;
  // Those of all messages, for who keeps what he makes of them: what was packed is not left in memory for the next one.
  virtual Result<> all_rows(FolderId id, const std::function<bool(const Row&)>& visit) {
    return rows(id, NumberSet::of(1, std::numeric_limits<Uid>::max()), visit);
  }
  // Also of messages that were removed, as long as they are kept.
  virtual Result<Item> item(ItemId) = 0;
  virtual Result<std::vector<Item>> items(std::span<const ItemId>) = 0;  // same order; Errc::not_found if one is gone
  virtual Result<> read_body(const Body&, std::uint64_t offset, std::span<char> out) = 0;
  // What somebody has found out about items and wants to find again after a restart: for each kind one value, of at
  // most 64 KiB, about the items of a block (kNotedItems numbers from block * kNotedItems on). Items never change, so a
  // note stays true for as long as its reader would find out the same, which is for him to see. It is written when
  // nothing waits, goes some time after all items of its block are gone, and may be missing at any time.
  virtual std::optional<std::string> notes(std::uint8_t, std::uint64_t) { return std::nullopt; }  // kind, block. Blocks
  // Those of `count` blocks from `first` on, as far as there are any, ascending. Blocks.
  virtual void notes(std::uint8_t kind, std::uint64_t first, std::uint64_t count,
                     const std::function<void(std::uint64_t block, std::string_view value)>& visit) {
    for (std::uint64_t block = first; block < first + count; ++block) {
      if (const auto value = notes(kind, block)) visit(block, *value);
    }
  }
  virtual void keep_notes(std::uint8_t, std::uint64_t, std::string) {}  // kind, block, value. Does not block
  // One after the other, each over what the one before it left; an empty text: there is none. Blocks.
  using ChangeNote = std::function<void(std::string& value)>;
  virtual void change_notes(std::uint8_t, std::uint64_t, const ChangeNote&) {}  // kind, block
  static constexpr std::uint64_t kNotedItems = 256;
  // Where emails are, in the order asked: each message that is in a folder, the first one first; none: it is in no
  // folder (any more). A message that was copied is the same email in several places (Row::email). Cost follows
  // `emails` and what is found.
  virtual Result<std::vector<std::vector<Placed>>> messages_of(std::span<const ItemId> emails) = 0;
  // How many messages in folders are copies; 0: each email is one message, or none. From memory.
  virtual std::uint64_t copies() = 0;
  // The emails of a conversation that are in folders, by id; none when there are none (RFC 8621 3).
  virtual Result<std::vector<ItemId>> thread(ItemId thread) = 0;
  // Of all folders, from the change log. Whole commits, no further ones once `at_most` things are known of. Cost
  // follows what happened. Errc::corrupt: the log is damaged.
  virtual Result<AccountChanges> account_changes(Modseq since, std::size_t at_most) = 0;
  // Cost follows the changes; recent ones of a folder that somebody watches are answered from memory.
  virtual Result<Delta> changes(FolderId, Modseq since) = 0;
  // Names that messages of the folder brought along from another server, by UID; others have none. Cost follows how
  // many there are.
  virtual Result<std::vector<Pop3Id>> pop3_ids(FolderId) = 0;
  // What a modseq that a client brings stands for: itself, or 0 when it is of a state that a restore of the store lost.
  // changes() and store_flags() look at that themselves: after a lost one everything counts as changed.
  virtual Modseq known_modseq(Modseq told) = 0;

  // What happened to folders after `since`, at cost of what happened. From memory, where it is kept while somebody
  // watches: ask for what happened after modseq() as it was when the watch began. Does not block.
  virtual Result<FolderNews> folder_news(Modseq since) = 0;

  // Changing. UIDs that do not exist (any more) are skipped.
  virtual Result<std::unique_ptr<BodyWriter>> new_body(std::uint64_t size_hint) = 0;
  // All or none. Errc::conflict: an item's own UID is not above those that were given out.
  virtual Result<Appended> append(FolderId, std::span<const NewItem>) = 0;
  // The same for one message, unless `delivery_id` was stored here within 7 days: then nothing happens and `uids` is
  // empty.
  virtual Result<Appended> append_once(FolderId, const NewItem&, std::string_view delivery_id) = 0;
  // `item` takes the place of the message `replaced`, in one step; only what it has more of counts against the quota.
  // Nothing happens and `uids` is empty when that message is gone.
  virtual Result<Appended> replace(FolderId from, Uid replaced, FolderId to, const NewItem& item) = 0;
  virtual Result<StoreOutcome> store_flags(FolderId, const NumberSet& uids, FlagChange, const Flags&,
                                           std::optional<Modseq> unchanged_since, const FlagScope& scope) = 0;
  Result<StoreOutcome> store_flags(FolderId folder, const NumberSet& uids, FlagChange change, const Flags& flags,
                                   std::optional<Modseq> unchanged_since) {
    return store_flags(folder, uids, change, flags, unchanged_since, FlagScope());
  }
  // Names for messages that are there; others are skipped. Errc::invalid: a name that POP3 has no room for.
  // Value: how many were named.
  virtual Result<std::size_t> set_pop3_ids(FolderId, std::span<const Pop3Id>) = 0;
  virtual Result<NumberSet> expunge(FolderId, const NumberSet& uids) = 0;  // those of `uids` with \Deleted
  virtual Result<NumberSet> remove(FolderId, const NumberSet& uids) = 0;   // whatever their flags (POP3 DELE)
  // Flags outside of `scope` are left behind.
  virtual Result<Copied> copy(FolderId from, const NumberSet& uids, FolderId to, const FlagScope& scope) = 0;
  virtual Result<Copied> move(FolderId from, const NumberSet& uids, FolderId to, const FlagScope& scope) = 0;
  Result<Copied> copy(FolderId from, const NumberSet& uids, FolderId to) { return copy(from, uids, to, FlagScope()); }
  Result<Copied> move(FolderId from, const NumberSet& uids, FolderId to) { return move(from, uids, to, FlagScope()); }
  // Of a copy that was made in parts and cannot be completed: these go for good, nobody wants them back.
  virtual Result<> undo_copy(FolderId to, const NumberSet& made) = 0;

  // What expunge(), remove() and delete_folder() took away is kept for AccountsOptions::keep_removed.
  // By the time of removal, oldest first, from `since` on; visit returns false to stop. Cost follows what is visited.
  virtual Result<> removed(TimePoint since, const std::function<bool(const Removed&)>& visit) = 0;
  // The same from the newest on.
  virtual Result<> removed_lately(const std::function<bool(const Removed&)>& visit) = 0;
  // Those of `items` that are kept, in the order asked; others are left out.
  virtual Result<std::vector<Removed>> removed_among(std::span<const ItemId> items) = 0;
  // Puts them back with their flags (but not \Deleted) and dates, under new UIDs: into `folder`, or when that is empty
  // to where they were; missing folders are created. Those that are not kept any more are skipped. Errc::over_quota.
  virtual Result<BroughtBack> bring_back(std::span<const ItemId>, std::string_view folder) = 0;
  // What was in the folder at that moment and was removed since, also by way of the trash; deleted folders too. What is
  // still in another folder stays there. Errc::not_found: there was no such folder, or nobody knows any more.
  virtual Result<BroughtBack> bring_back_folder(std::string_view path, TimePoint at) = 0;
  virtual Result<std::uint64_t> purge_removed() = 0;  // at once and for good; value = how many
  // The same for some of them; others are skipped.
  virtual Result<std::uint64_t> forget_removed(std::span<const ItemId> items) = 0;

  // A secret of the folder, for proofs that somebody may read from it (RFC 4467 2.2): the one that is kept, or `fresh`,
  // which is kept from then on. Gone with the folder. At most 255 octets.
  virtual Result<std::string> access_key(FolderId, std::string_view fresh) = 0;
  virtual Result<std::optional<std::string>> kept_access_key(FolderId) = 0;  // changes nothing
  virtual Result<> set_access_key(FolderId, std::string_view key) = 0;
  virtual Result<> drop_access_keys() = 0;  // of all folders

  // Quota: octets used and messages kept; limit 0 = unlimited. What was removed counts apart.
  struct Quota {
    std::uint64_t used_octets = 0, messages = 0, limit_octets = 0, limit_messages = 0;
    std::uint64_t removed_octets = 0, removed_messages = 0;
    bool has_room_for(std::uint64_t octets, std::uint64_t count) const {
      return (limit_octets == 0 || used_octets + octets <= limit_octets) &&
             (limit_messages == 0 || messages + count <= limit_messages);
    }
  };
  virtual Result<Quota> quota() = 0;

  // Runs `changed` soon after each commit to this account, from any thread; must not block or call back into the
  // account.
  virtual std::unique_ptr<Watch> watch(std::function<void()> changed) = 0;
  // POP3's exclusive maildrop (RFC 1939 3). Errc::conflict while another session holds it; IMAP is not affected.
  virtual Result<std::unique_ptr<Watch>> lock_maildrop() = 0;
};

inline constexpr std::size_t kMaxAnnotations = 200;              // of one reader and folder
inline constexpr std::size_t kMaxAnnotationName = 255;           // octets
inline constexpr std::size_t kMaxAnnotationValue = 32 << 10;     // octets
inline constexpr std::uint64_t kMaxAnnotationOctets = 32 << 20;  // names and values of an account

// Limits of an account, 0 = unlimited.
struct QuotaLimits {
  QuotaLimits(std::uint64_t most_octets = 0, std::uint64_t most_messages = 0)  // NOLINT: a number is one of octets
      : octets(most_octets), messages(most_messages) {}
  std::uint64_t octets, messages;
};

struct AccountsOptions {
  std::chrono::hours keep_vanished{24 * 90};    // expunge records older than this may be dropped
  std::size_t keep_vanished_at_least = 10'000;  // but so many per folder are always kept
  std::size_t keep_log_at_least = 100'000;      // change log entries as old go too, but not those of the newest modseqs
  std::chrono::hours keep_removed{24 * 14};     // messages can be brought back so long; 0 = not at all
  std::uint64_t recoverable_octets = 0;         // of an account; beyond, the oldest go; 0 = no limit
  std::size_t cached_accounts = 10'000;         // idle ones beyond are dropped from memory
  std::size_t row_cache_octets = 48 << 20;      // for the rows of folders that clients list whole; 0 = none
};

// All accounts of the store. Thread-safe. Accounts, watches and body writers are to be let go before it.
class Accounts {
 public:
  // Limits (quota) come from outside because the directory owns them.
  using QuotaOf = std::function<QuotaLimits(AccountId)>;
  static std::unique_ptr<Accounts> create(store::Store&, AccountsOptions, QuotaOf, const Clock&, Random&, Log&,
                                          Metrics&);
  virtual ~Accounts() = default;
  // Opens it; an account that does not exist yet is created with INBOX, Drafts, Sent, Trash, Junk and Archive.
  // The caller makes sure that the id belongs to a principal.
  virtual Result<std::shared_ptr<Account>> open(AccountId) = 0;
  // The account of somebody else, as `reader` sees it: with \Seen of his own where the account is so (own_seen()). The
  // same object for the same reader as long as somebody has it. Whoever is the owner gets what open() gives.
  virtual Result<std::shared_ptr<Account>> open_for(AccountId, Reader reader) = 0;
  virtual Result<> remove(AccountId) = 0;  // everything in it
  // Deleting an account is more than this layer's part of it: begin_removal() first, remove() at last, and what a crash
  // cuts short in between is completed by finish_removals(), unless the account is still `wanted` then.
  virtual Result<> begin_removal(AccountId) = 0;
  virtual Result<> finish_removals(const std::function<bool(AccountId)>& wanted, std::stop_token) = 0;
  // A body that several accounts will reference; see deliver.hpp.
  virtual Result<std::unique_ptr<BodyWriter>> new_body(std::uint64_t size_hint) = 0;
  virtual Result<> read_body(const Body&, std::uint64_t offset, std::span<char> out) = 0;
  // Walks one account and reports what does not fit together; with `repair`, rebuilds what can be derived.
  struct Finding {
    std::string where, what;
    bool repaired = false;
  };
  virtual Result<> check(AccountId, bool repair, const std::function<void(const Finding&)>&) = 0;
  // Drops expunge records and removed messages that are old enough, in all accounts; called now and then.
  virtual Result<> prune(std::stop_token) = 0;
  // Writes down what makes the next look cheap, also after a restart: rows that were read one by one, packed together,
  // and notes about items. Called now and then, and never waited for.
  virtual Result<> write_derived(std::stop_token) = 0;
  // For hashes in notes (Account::notes()): the same whenever this store is used.
  virtual Result<std::array<std::uint64_t, 2>> note_secret(Random&) = 0;
};

}  // namespace gatepost::account
