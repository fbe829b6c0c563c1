#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "account/types.hpp"
#include "base/result.hpp"

// The keys and values of one account's partition; docs/formats/account.md is the same in prose. Pure.
namespace gatepost::account::records {

// First octet of a key.
namespace kind {
inline constexpr char kState = 'S';          // S                      -> State
inline constexpr char kFolder = 'f';         // f folder               -> FolderRecord
inline constexpr char kRow = 'm';            // m folder uid           -> Row
inline constexpr char kItem = 'i';           // i item                 -> ItemRecord
inline constexpr char kPlace = 'j';          // j item                 -> Place
inline constexpr char kChanged = 'k';        // k folder modseq uid    -> (format only)
inline constexpr char kChangedSet = 'K';     // K folder modseq part   -> UIDs: of many rows changed in one commit
inline constexpr char kVanished = 'v';       // v folder modseq uid    -> Vanished
inline constexpr char kLog = 'c';            // c modseq part          -> seconds, LogEntry...
inline constexpr char kKeyword = 'w';        // w keyword              -> its name
inline constexpr char kSubscription = 'u';   // u name                 -> (format only)
inline constexpr char kDelivery = 'l';       // l delivery id          -> when to forget it
inline constexpr char kUidSet = 'h';         // h folder which chunk   -> some of 1,024 UIDs
inline constexpr char kRemoved = 'r';        // r item                 -> Removed
inline constexpr char kExpiry = 'q';         // q seconds item         -> (format only)
inline constexpr char kRemovedTotals = 'R';  // R                      -> RemovedTotals
inline constexpr char kFormer = 'd';         // d folder               -> Former
inline constexpr char kGrants = 'a';         // a folder               -> Grants
inline constexpr char kAnnotation = 'n';     // n folder reader name   -> its value
inline constexpr char kAnnotated = 'N';      // N                      -> octets of all annotations
inline constexpr char kAccessKey = 'b';      // b folder               -> a secret
inline constexpr char kPop3Id = 'p';         // p folder uid           -> what POP3 calls the message
inline constexpr char kThreadMark = 't';     // t hash                 -> ThreadMark
inline constexpr char kInThread = 'T';       // T thread item          -> which email it is
inline constexpr char kCopy = 'C';           // C email item           -> (format only)
inline constexpr char kOwnSeen = 'O';        // O                      -> OwnSeen
inline constexpr char kSeen = 's';           // s folder reader        -> SeenTotals
inline constexpr char kSeenMarks = 'e';      // e folder reader chunk  -> SeenMarks (seen_marks.hpp)
inline constexpr char kSeenChanged = 'E';    // E folder reader modseq chunk -> (format only)
inline constexpr char kQuarantine = 'x';     // x key                  -> a value that could not be read
}  // namespace kind

struct State {
  std::uint64_t next_item = 1;
  std::uint32_t next_folder = 1;
  std::uint32_t next_uid_validity = 1;  // never given out twice within the account
  std::uint64_t used_octets = 0, messages = 0;
  Modseq log_floor = 0;      // the change log is complete for changes after this
  std::uint64_t copies = 0;  // messages that are the same email as another one, or as one that is gone
  Modseq copies_until = 0;   // when the last of them went that is not there any more
  // Restores of the store up to this second of 1970 have been taken notice of; what they made unknown: versions that
  // were given out once, of states that are lost. Ascending.
  std::uint64_t restored = 0;
  struct Lost {
    Modseq first = 0, last = 0;
  };
  std::vector<Lost> lost;
};
inline constexpr std::size_t kMaxLost = 32;

struct FolderRecord {
  FolderId id{};
  FolderId parent = kRoot;
  std::string name;
  Role role = Role::none;
  bool selectable = true;
  bool dying = false;         // deleted; its rows are being removed
  bool has_sets = false;      // its UID sets are kept
  bool has_pop3_ids = false;  // messages of it have, or had, a Pop3Id
  std::uint32_t uid_validity = 0;
  Uid uid_next = 1;
  std::uint32_t total = 0, unseen = 0, deleted = 0;
  std::uint64_t octets = 0;
  Modseq highest_modseq = 0, oldest_kept = 0;
  std::uint64_t vanished = 0;  // entries in the vanished index
  // Hints, written along when something else changes: no message below this UID lacks \Seen; UIDs from here on are
  // recent.
  Uid unseen_from = 1, recent_from = 1;
  NumberSet gaps;  // long runs of UIDs that no message has or will have; they are in no UID set
};

struct ItemRecord {
  Body body;
  TimePoint received{};  // also in the row; here so that the row can be rebuilt
  std::string summary;
  ItemId thread{};  // 0: the item is the first of its conversation
  ItemId email{};   // what it is a copy of; 0: nothing
};

// What leads to a conversation: the hash of a message id and a subject (threading.hpp).
struct ThreadMark {
  ItemId thread{};
  std::uint64_t seconds = 0;  // since 1970; of a message that mentioned it, at most kMarkAge too early
};
inline constexpr std::uint64_t kMarkAge = 30 * 86'400;

struct Place {
  FolderId folder{};
  Uid uid = 0;
};

struct Vanished {
  ItemId item{};
  std::uint64_t seconds = 0;  // since 1970
};

// A message that is in no folder any more; its item is kept.
struct Removed {
  std::uint64_t seconds = 0;  // since 1970
  FolderId folder{};
  Row row;  // as it was
};
struct RemovedTotals {
  std::uint64_t octets = 0, messages = 0;
  bool operator==(const RemovedTotals&) const = default;
};

// A folder that was deleted.
struct Former {
  std::uint64_t seconds = 0;  // since 1970
  std::string path;
};

// Sets of a folder's UIDs that can be read without reading its rows, in chunks: what is not there is empty.
enum class UidSet : std::uint8_t {
  holes,    // UIDs given out that no message has any more, but for those in gaps
  deleted,  // messages with \\Deleted
};
inline constexpr Uid kChunkUids = 1'024;
// So many rows of a folder that one commit changes have one entry in the changed index, in place of one each.
inline constexpr std::size_t kManyRows = 32;
inline constexpr std::size_t kChangedSetRanges = 4'096;  // of one part
// So many UIDs without a message between two of them are in FolderRecord::gaps: in UID sets they would be many records.
inline constexpr Uid kWideGap = 64 * kChunkUids;

// Whether each reader but the owner has \\Seen of his own.
struct OwnSeen {
  bool on = false;
  Modseq since = 0;  // when it last became so, or ceased to be; 0: it never was
  bool operator==(const OwnSeen&) const = default;
};

// What one reader has of his own in one folder.
struct SeenTotals {
  std::uint32_t seen = 0;  // messages that he has seen
  Modseq modseq = 0;       // of his last change
  bool operator==(const SeenTotals&) const = default;
};

// One thing that a commit did; for protocols that ask "what changed in the whole account".
struct LogEntry {
  enum class What : std::uint8_t {
    item_created = 1,
    item_updated,
    item_destroyed,
    item_moved,
    folder_created,
    folder_updated,
    folder_destroyed,
    folder_annotated,  // an annotation of it, or of the account (folder 0), is another one
    item_seen,         // `reader` has seen it, or has not any more; nothing to anybody else
  };
  What what{};
  std::uint64_t id = 0;  // of the item or folder
  FolderId folder{};     // items: where it is now (destroyed: was)
  ItemId thread{};       // items: their conversation
  ItemId email{};        // items: which email they are
  Reader reader = kEverybody;
};
inline constexpr auto kLastWhat = LogEntry::What::item_seen;
inline bool is_of_item(LogEntry::What what) {
  return what < LogEntry::What::folder_created || what == LogEntry::What::item_seen;
}

std::string state_key();
std::string folder_key(FolderId folder);
std::string row_key(FolderId folder, Uid uid);
std::string row_prefix(FolderId folder);
std::string item_key(ItemId item);
std::string place_key(ItemId item);
std::string thread_mark_key(std::uint64_t hash);
std::string in_thread_key(ItemId thread, ItemId item);
std::string in_thread_prefix(ItemId thread);
std::string copy_key(ItemId email, ItemId item);
std::string copy_prefix(ItemId email);
std::string changed_key(FolderId folder, Modseq modseq, Uid uid);
std::string vanished_key(FolderId folder, Modseq modseq, Uid uid);
std::string index_prefix(char kind, FolderId folder);  // k or v of one folder
std::string log_key(Modseq modseq, std::uint16_t part);
std::string keyword_key(KeywordId keyword);
std::string subscription_key(std::string_view name);
std::string delivery_key(std::string_view delivery_id);  // any length: long ids are hashed
std::string grants_key(FolderId folder);
std::string annotation_key(FolderId folder, Reader reader, std::string_view name);
std::string annotation_prefix(FolderId folder, Reader reader);
std::string pop3_id_key(FolderId folder, Uid uid);
std::string annotated_key();
std::string quarantine_key(std::string_view key);
std::string removed_key(ItemId item);
std::string expiry_key(std::uint64_t seconds, ItemId item);
std::string removed_totals_key();
std::string former_key(FolderId folder);
std::string access_key(FolderId folder);
std::string own_seen_key();
std::string seen_totals_key(FolderId folder, Reader reader);
std::string seen_marks_prefix(FolderId folder, Reader reader);
std::string seen_marks_key(FolderId folder, Reader reader, std::uint32_t chunk);  // chunk = UID / kChunkUids
std::string seen_changed_key(FolderId folder, Reader reader, Modseq modseq, std::uint32_t chunk);
std::string seen_changed_prefix(FolderId folder, Reader reader);
std::string changed_set_key(FolderId folder, Modseq modseq, std::uint32_t part);
bool parse_changed_set_key(std::string_view key, FolderId& folder, Modseq& modseq);
std::string encode_uids(std::span<const NumberSet::Range> uids);
Result<> decode_uids(std::string_view value, NumberSet& into);
std::string uid_set_key(FolderId folder, UidSet which, std::uint32_t chunk);  // chunk = UID / kChunkUids
std::string uid_set_prefix(FolderId folder, UidSet which);

// The numbers in a key of the given kind; false when it is not such a key.
bool parse_folder_key(std::string_view key, FolderId& folder);  // f and d
bool parse_row_key(std::string_view key, FolderId& folder, Uid& uid);
bool parse_pop3_id_key(std::string_view key, FolderId& folder, Uid& uid);
bool parse_item_key(std::string_view key, ItemId& item);  // i, j and r
bool parse_expiry_key(std::string_view key, std::uint64_t& seconds, ItemId& item);
bool parse_index_key(std::string_view key, FolderId& folder, Modseq& modseq, Uid& uid);  // k and v
bool parse_pair_key(std::string_view key, ItemId& of, ItemId& item);                     // T and C
bool parse_grants_key(std::string_view key, FolderId& folder);
bool parse_annotation_key(std::string_view key, FolderId& folder, Reader& reader, std::string_view& name);
bool parse_uid_set_key(std::string_view key, FolderId& folder, UidSet& which, std::uint32_t& chunk);
bool parse_seen_totals_key(std::string_view key, FolderId& folder, Reader& reader);
bool parse_seen_marks_key(std::string_view key, FolderId& folder, Reader& reader, std::uint32_t& chunk);
bool parse_seen_changed_key(std::string_view key, FolderId& folder, Reader& reader, Modseq& modseq,
                            std::uint32_t& chunk);

std::string encode(const State& state);
std::string encode(const FolderRecord& folder);
std::string encode(const Row& row);  // without the UID, which the key has
std::string encode(const ItemRecord& item);
std::string encode(const Place& place);
std::string encode(const ThreadMark& mark);
std::string encode(const Vanished& vanished);
std::string encode(const Removed& removed);
std::string encode(const RemovedTotals& totals);
std::string encode(const Former& former);
std::string encode(const OwnSeen& own);
std::string encode(const SeenTotals& totals);
std::string encode_text(std::string_view text);  // w, b, n
std::string encode_empty();                      // k, u, q, E, C
std::string encode_in_thread(ItemId item, ItemId email);
std::string encode_expiry(std::uint64_t seconds);  // l
std::string encode(const Grants& grants);
std::string encode_octets(std::uint64_t octets);  // N
// The part of `uids` that is in the chunk; nullopt: there is none.
std::optional<std::string> encode_uid_set(const NumberSet& uids, std::uint32_t chunk);
void begin_log(std::string& out, std::uint64_t seconds);
void put(std::string& out, const LogEntry& entry);

// Errc::corrupt; Errc::unsupported for a later format.
Result<State> decode_state(std::string_view value);
Result<FolderRecord> decode_folder(FolderId id, std::string_view value);
Result<Row> decode_row(Uid uid, std::string_view value);
Result<> decode_row(Uid uid, std::string_view value, Row& into);  // over whatever it held, whose memory is used again
Result<ItemRecord> decode_item(std::string_view value);
Result<ThreadMark> decode_thread_mark(std::string_view value);
Result<ItemId> decode_in_thread(ItemId item, std::string_view value);  // which email it is
Result<Place> decode_place(std::string_view value);
Result<Vanished> decode_vanished(std::string_view value);
Result<Removed> decode_removed(std::string_view value);
Result<RemovedTotals> decode_removed_totals(std::string_view value);
Result<Former> decode_former(std::string_view value);
Result<OwnSeen> decode_own_seen(std::string_view value);
Result<SeenTotals> decode_seen_totals(std::string_view value);
Result<std::string> decode_text(std::string_view value);
Result<std::uint64_t> decode_expiry(std::string_view value);
Result<Grants> decode_grants(std::string_view value);
Result<std::uint64_t> decode_octets(std::string_view value);
Result<> decode_uid_set(std::uint32_t chunk, std::string_view value, NumberSet& uids);  // adds; ascending is cheap
struct LogRecord {
  std::uint64_t seconds = 0;
  std::vector<LogEntry> entries;
};
Result<LogRecord> decode_log(std::string_view value);

// In the server's own partition, not in an account's: accounts that are being deleted.
inline constexpr char kRemoval = 'a';
std::string removal_key(AccountId account);
std::optional<AccountId> parse_removal_key(std::string_view key);

std::uint64_t to_seconds(TimePoint t);  // since 1970; 0 before

}  // namespace gatepost::account::records
