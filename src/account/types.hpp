#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/number_set.hpp"

namespace gatepost::account {

// Owner; the same number as the principal that owns it and as its store partition.
enum class AccountId : std::uint64_t {};
enum class FolderId : std::uint32_t {};  // 0 = the root, which holds no items
enum class ItemId : std::uint64_t {};    // unique within the account, kept by a move, never used again
using Uid = std::uint32_t;               // a message's number within one folder, from 1
using Modseq = std::uint64_t;            // the account's version at which something last changed

inline constexpr FolderId kRoot{0};

// What a folder is for (RFC 6154). A role belongs to at most one folder of an account.
enum class Role : std::uint8_t { none, inbox, drafts, sent, trash, junk, archive, all, flagged, important };
inline constexpr Role kLastRole = Role::important;

// System flags, one bit each.
namespace flag {
inline constexpr std::uint8_t kSeen = 1, kAnswered = 2, kFlagged = 4, kDeleted = 8, kDraft = 16;
}

// An account-wide keyword ("$Forwarded") is a small number in rows; Account translates.
using KeywordId = std::uint16_t;

// System flags and keywords of one message. Keyword ids sorted, each once.
struct Flags {
  std::uint8_t system = 0;
  std::vector<KeywordId> keywords;
  bool operator==(const Flags&) const = default;
};

// Which flags a change may touch; the others stay as they are, or are not set.
struct FlagScope {
  std::uint8_t system = 0xff;
  bool keywords = true;
  bool everything() const { return system == 0xff && keywords; }
};

inline void narrow(Flags& flags, const FlagScope& scope) {
  flags.system &= scope.system;
  if (!scope.keywords) flags.keywords.clear();
}

// Somebody's rights in a folder, as they are kept. What `who` and the bits mean is the sharing layer's.
struct Grant {
  std::string who;
  std::uint16_t rights = 0;
  bool negative = false;  // takes away
  bool operator==(const Grant&) const = default;
};
using Grants = std::vector<Grant>;  // each (who, negative) once

// The octets of an item: content hash and length (the account layer's view of a stored body).
struct Body {
  std::array<std::uint8_t, 32> sha256{};
  std::uint64_t size = 0;
  bool operator==(const Body&) const = default;
};

struct Folder {
  FolderId id{};
  FolderId parent = kRoot;
  std::string name;  // leaf, UTF-8 NFC, no '/'
  std::string path;  // "Projects/2026"; derived. The inbox is "INBOX"
  Role role = Role::none;
  bool subscribed = false;
  bool selectable = true;  // false: only holds others (deleted with children, \NoSelect)
  std::uint32_t uid_validity = 0;
  Uid uid_next = 1;
  std::uint32_t total = 0, unseen = 0, deleted = 0;  // messages; without \Seen; with \Deleted
  std::uint64_t octets = 0;
  Modseq highest_modseq = 0;             // of anything in it (RFC 7162 HIGHESTMODSEQ)
  Modseq oldest_kept = 0;                // changes() knows what vanished when asked since this or later
  std::shared_ptr<const Grants> grants;  // null: none; an immutable snapshot shared with the account
};

// One line of a folder: all that listing flags needs, without touching the item record.
struct Row {
  Uid uid = 0;
  ItemId item{};
  Flags flags;
  Modseq modseq = 0;
  std::uint64_t octets = 0;  // RFC822.SIZE
  TimePoint received{};      // INTERNALDATE, whole seconds
  TimePoint saved{};         // when it came into this folder (RFC 8514)
  ItemId thread{};           // the conversation: named by the first message of it (RFC 8474 5.2)
  ItemId email{};            // itself, or what it is a copy of: the same email in another place (RFC 8474 5.1)
  // When it was sent, by its Date; `received` when it has none that can be read (RFC 5256 2.2). Seconds since 1970;
  // none: was not noted, as of messages that came to older builds.
  std::optional<std::int64_t> sent{};
};

struct Item {
  Body body;
  std::string summary;  // mime::encode() of its structure; empty when it was too large to keep
  ItemId thread{};      // as in Row
};

// A message that was removed and can still be brought back.
struct Removed {
  ItemId item{};
  FolderId folder{};    // it was in
  std::string path;     // of the folder, as it is or was called
  Row row;              // as it was
  TimePoint removed{};  // whole seconds
};

// By what name POP3 calls a message: one that a server before this one gave (RFC 1939 7). 1 to 70 printable octets.
struct Pop3Id {
  Uid uid = 0;
  std::string id;
  bool operator==(const Pop3Id&) const = default;
};
inline constexpr std::size_t kMaxPop3Id = 70;
bool is_pop3_id(std::string_view id);

// A message to be added. The body was written through a BodyWriter and is referenced by the commit that adds the item.
struct NewItem {
  Body body;
  std::string summary;  // as in Item
  std::uint8_t system_flags = 0;
  std::vector<std::string> keywords;  // names; new ones are created
  TimePoint received{};
  Uid uid = 0;          // 0: the folder's next one
  std::string pop3_id;  // as in Pop3Id; empty: none of its own
};

// What changed in a folder after a modseq. However much that is, a delta is small: rows come with it when they are few,
// and are to be read in pages by rows() when they are many.
struct Delta {
  static constexpr std::size_t kFewRows = 256;
  NumberSet changed;      // added or flags changed
  std::vector<Row> rows;  // those of `changed`, by UID; empty when there are more than kFewRows
  bool has_rows() const { return changed.size() <= kFewRows; }
  NumberSet vanished;
  Modseq to = 0;               // use as `since` next time
  bool vanished_known = true;  // false: `since` is older than the index; compare UIDs instead
};

// An item that is in a folder.
struct Placed {
  FolderId folder{};
  Row row;
};

// What happened in the whole account after a modseq, each email and folder once: what came and went in between is not
// there at all. An email that was moved, or is in more or fewer folders now, is updated.
struct AccountChanges {
  enum class What : std::uint8_t { created, updated, destroyed };
  struct OfEmail {
    ItemId email{}, thread{};
    What what{};
    bool copied = false;  // it has, or had, more than one message, perhaps
  };
  struct OfFolder {
    FolderId folder{};
    What what{};
  };
  std::vector<OfEmail> emails;    // by id
  std::vector<OfFolder> folders;  // by id
  Modseq to = 0;                  // use as `since` next time
  bool more = false;              // there is more after `to`
  bool known = true;              // false: `since` is older than the change log, or of a state that a restore lost
};

// A text that somebody keeps beside a folder, or beside the account itself (folder kRoot) (RFC 5464).
struct Annotation {
  std::string name;  // in lower case, without the scope: "/comment"
  std::string value;
};
// Whose annotation it is: everybody's, or one reader's (the number of a principal).
using Reader = std::uint64_t;
inline constexpr Reader kEverybody = 0;
struct AnnotationChange {
  Reader reader = kEverybody;
  std::string name;
  std::optional<std::string> value;  // none: it goes
};
// For those who watch: what changed, and who did it.
struct AnnotationNews {
  Modseq modseq = 0;
  FolderId folder{};
  Reader reader = kEverybody;
  std::string name;
  std::uint64_t by = 0;  // as given to set_annotations()
};

struct AnnotationsSince {
  std::vector<AnnotationNews> news;  // oldest first
  bool complete = true;              // false: so much changed since that not all of it is known any more
};

// What happened to a folder, or to a name.
struct FolderEvent {
  enum class What : std::uint8_t { messages, created, deleted, renamed, subscription, rights };
  What what{};
  FolderId id{};                   // not of a subscription, which is a name alone
  Modseq modseq = 0;               // of the commit
  std::string path{}, old_path{};  // of all but messages; deleted: where it was; old_path: of renamed
  // Of messages: how many came and went, and whether flags or the number without \\Seen are others now.
  std::uint32_t added = 0, removed = 0;
  bool flags = false, unseen = false;
  Reader reader = kEverybody;  // who alone sees another \\Seen; nothing to anybody else
};
struct FolderNews {
  std::vector<FolderEvent> events;  // in their order
  Modseq to = 0;                    // use as `since` next time
  bool complete = true;             // false: so much happened since that not all of it is known any more
};

}  // namespace gatepost::account
