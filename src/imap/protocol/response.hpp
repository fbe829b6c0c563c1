#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/number_set.hpp"
#include "imap/protocol/command_list.hpp"
#include "imap/protocol/flags.hpp"
#include "imap/protocol/strings.hpp"

// What a server says, each function one or more complete lines appended to `out`. Nothing here looks at the session's
// state: whether a response may be sent now (EXPUNGE during FETCH, RFC 9051 7.5.1) is the caller's. FETCH:
// fetch_response.hpp.
namespace gatepost::imap {

inline constexpr std::size_t kMaxSetLineOctets = 8000;  // VANISHED is split into lines of about so many

enum class Condition : std::uint8_t { ok, no, bad, bye, preauth };

// resp-text-code (RFC 9051 7.1, RFC 5530) without brackets; "" is none. Those without arguments:
namespace code {
inline constexpr std::string_view kAlert = "ALERT", kAlreadyExists = "ALREADYEXISTS",
                                  kAuthenticationFailed = "AUTHENTICATIONFAILED",
                                  kAuthorizationFailed = "AUTHORIZATIONFAILED", kCannot = "CANNOT",
                                  kClientBug = "CLIENTBUG", kClosed = "CLOSED", kContactAdmin = "CONTACTADMIN",
                                  kCorruption = "CORRUPTION", kExpired = "EXPIRED", kExpungeIssued = "EXPUNGEISSUED",
                                  kHasChildren = "HASCHILDREN", kInUse = "INUSE", kLimit = "LIMIT",
                                  kNoModseq = "NOMODSEQ", kNotificationOverflow = "NOTIFICATIONOVERFLOW",
                                  kNonExistent = "NONEXISTENT", kNoPerm = "NOPERM", kNotSaved = "NOTSAVED",
                                  kOverQuota = "OVERQUOTA", kParse = "PARSE", kPrivacyRequired = "PRIVACYREQUIRED",
                                  kReadOnly = "READ-ONLY", kReadWrite = "READ-WRITE", kServerBug = "SERVERBUG",
                                  kTooBig = "TOOBIG", kTryCreate = "TRYCREATE", kUidNotSticky = "UIDNOTSTICKY",
                                  kUnavailable = "UNAVAILABLE", kUnknownCte = "UNKNOWN-CTE", kUseAttr = "USEATTR",
                                  kBadCharset = "BADCHARSET", kBadComparator = "BADCOMPARATOR",
                                  kCompressionActive = "COMPRESSIONACTIVE", kTooFew = "TOOFEW", kTooMany = "TOOMANY",
                                  kUidRequired = "UIDREQUIRED", kMetadataTooMany = "METADATA TOOMANY",
                                  kMetadataNoPrivate = "METADATA NOPRIVATE";
std::string metadata_max_size(std::uint64_t octets);                        // RFC 5464 4.3
std::string metadata_long_entries(std::uint64_t octets);                    // RFC 5464 4.2.1
std::string append_uid(std::uint32_t uid_validity, const NumberSet& uids);  // RFC 9051 7.1
// `from` and `to` in the order of copying: the i-th became the i-th. Same size, at least one.
std::string copy_uid(std::uint32_t uid_validity, const NumberSet& from, const NumberSet& to);
std::string bad_charset(std::span<const std::string_view> supported);
std::string no_update(std::string_view tag);          // RFC 5267 4.3.1
std::string bad_event(std::string_view supported);    // RFC 5465 3.1; event_names()
std::string undefined_filter(std::string_view name);  // RFC 5466 3.1
std::string capability(std::span<const std::string_view> capabilities);
std::string highest_modseq(std::uint64_t modseq);  // RFC 7162 3.1.2.1
std::string mailbox_id(std::string_view id);       // RFC 8474 4
// RFC 9585 5. A tag with ']' is not told. `goal` above `done`.
std::string in_progress(std::string_view tag, std::uint64_t done, std::uint64_t goal);
// RFC 9738 5; lowest: of the messages that were worked on, 0: not told.
std::string message_limit(std::uint32_t limit, std::uint32_t lowest = 0);
inline constexpr std::string_view kUrlMech = "URLMECH INTERNAL";   // RFC 4467 8: all there are
std::string modified(const NumberSet& numbers);                    // RFC 7162 3.1.3
std::string permanent_flags(const Flags& flags, bool may_create);  // may_create: \*
std::string uid_next(std::uint32_t uid);
std::string uid_validity(std::uint32_t value);
std::string unseen(std::uint32_t sequence_number);  // rev1 only
}  // namespace code

// "A1 OK [CODE] text". Line ends and controls in `text` become spaces; empty text becomes one word, as the grammar asks
// for. 8-bit octets pass only as UTF-8 (RFC 9051 7.1).
void write_tagged(std::string& out, std::string_view tag, Condition condition, std::string_view code,
                  std::string_view text);
// "* OK [CODE] text"
void write_untagged(std::string& out, Condition condition, std::string_view code, std::string_view text);
// For a command whose tag was not readable: `tag` "" gives "* BAD ...".
void write_bad(std::string& out, std::string_view tag, std::string_view text);
void write_continuation(std::string& out, std::string_view text);
void write_challenge(std::string& out, std::string_view octets);  // "+ " and base64

void write_capability(std::string& out, std::span<const std::string_view> capabilities);
void write_enabled(std::string& out, std::span<const std::string_view> capabilities);
// Fields in order; no fields is NIL (RFC 2971 3.2).
void write_id(std::string& out, std::span<const std::pair<std::string_view, std::string_view>> fields);

// "(\Answered \Seen $Forwarded)", also with \Recent: for FETCH, FLAGS, PERMANENTFLAGS.
void write_flag_list(std::string& out, const Flags& flags, bool recent = false);
void write_flags(std::string& out, const Flags& flags);  // * FLAGS (...)
void write_exists(std::string& out, std::uint32_t count);
void write_recent(std::string& out, std::uint32_t count);  // rev1
void write_expunge(std::string& out, std::uint32_t sequence_number);
// RFC 7162 3.2.10. Several lines when the set is long; none when it is empty.
void write_vanished(std::string& out, const NumberSet& uids, bool earlier);

// LIST's mailbox attributes, one bit each (RFC 9051 7.3.1).
namespace list_attribute {
inline constexpr std::uint16_t kNoInferiors = 1, kNonExistent = 2, kNoSelect = 4, kHasChildren = 8, kHasNoChildren = 16,
                               kMarked = 32, kUnmarked = 64, kSubscribed = 128, kRemote = 256,
                               kNoAccess = 512;  // RFC 5465 3.1
}

struct ListEntry {
  std::string_view name;                // UTF-8
  std::optional<char> delimiter = '/';  // none: NIL
  std::uint16_t attributes = 0;         // bits of list_attribute
  std::span<const SpecialUse> special_use = {};
  std::optional<std::string_view> old_name = {};  // RFC 9051 6.3.9.7: after RENAME, CREATE with another name
  bool child_subscribed = false;                  // ("CHILDINFO" ("SUBSCRIBED")), RFC 5258 4
};
void write_list(std::string& out, const ListEntry& entry, bool utf8);
void write_lsub(std::string& out, const ListEntry& entry, bool utf8);  // without extended data

// Values for the items asked for; those not asked for are not looked at.
struct StatusData {
  std::uint32_t messages = 0, recent = 0, uid_next = 0, uid_validity = 0, unseen = 0, deleted = 0;
  std::uint64_t size = 0, highest_modseq = 0, deleted_storage = 0;
  std::optional<std::uint64_t> append_limit;  // none: NIL
  std::string_view mailbox_id;
};
void write_status(std::string& out, std::string_view mailbox, StatusItems items, const StatusData& data, bool utf8);

struct NamespaceEntry {
  std::string_view prefix;
  std::optional<char> delimiter = '/';
  std::string_view translation = {};  // of the prefix into the client's language (RFC 5255 3.4)
};
// "* LANGUAGE (de)" (RFC 5255 3.3): the one that is spoken from now on, or those that there are.
void write_language(std::string& out, std::span<const std::string_view> tags);
// "* COMPARATOR i;octet (i;octet i;ascii-casemap)" (RFC 5255 4.8): the one that counts, and all that were meant when
// they are more than one.
void write_comparator(std::string& out, std::string_view active, std::span<const std::string> matching);
void write_namespace(std::string& out, std::span<const NamespaceEntry> personal, std::span<const NamespaceEntry> others,
                     std::span<const NamespaceEntry> shared, bool utf8);

// "* SEARCH 2 3 6 (MODSEQ 917)" (RFC 3501 7.2.5, RFC 7162 3.1.5); modseq 0: without.
void write_search(std::string& out, const NumberSet& numbers, std::uint64_t modseq = 0);
struct EsearchResult {  // RFC 9051 7.3.4
  bool uid = false;
  // RFC 7377 2.1: the mailbox of the result; without one it is the selected one.
  std::optional<std::string_view> mailbox = {};
  std::uint32_t uid_validity = 0;
  bool utf8 = false;  // of its name
  std::optional<std::uint32_t> min, max, count;
  const NumberSet* all = nullptr;  // not sent when it is empty
  std::string_view ordered = {};   // instead, in an order of its own: as ordered_set() writes it; "": not sent
  std::string_view partial_range = {}, partial = {};  // RFC 9394 3.1: the range as asked for, and a set; "" is NIL
  std::uint64_t modseq = 0;                           // 0: without
  // RFC 6203 4: 1 to 100, of each message in the order in which they are named. Empty: without.
  std::span<const std::uint8_t> relevancy = {};
};
void write_esearch(std::string& out, std::string_view tag, const EsearchResult& result);
// RFC 5267 4.3.3, 4.3.4: what came into the result of the search `tag`, or left it. Positions are from 1, each as the
// steps before it have left the result; a result without order has one step, position 0.
struct ContextStep {
  std::uint32_t position = 0;
  std::string set;
};
void write_context_change(std::string& out, std::string_view tag, bool uid, bool added,
                          std::span<const ContextStep> steps);
// "5,3:4,1": a sequence-set that keeps the order of `numbers` (RFC 5267 3.2).
std::string ordered_set(std::span<const std::uint32_t> numbers);
// "* SORT 5 3 4 1" (RFC 5256 4); modseq as in write_search.
void write_sort(std::string& out, std::span<const std::uint32_t> numbers, std::uint64_t modseq = 0);

struct ThreadNode {
  static constexpr std::uint32_t kNone = 0xffffffff;
  std::uint32_t number = 0;                   // 0: a message that is not there, a root whose children are siblings
  std::uint32_t child = kNone, next = kNone;  // index of the first child, of the next sibling
};
// "* THREAD (2)(3 6 (4 23)(44 7 96))" (RFC 5256 4). `root`: the first of the roots.
void write_thread(std::string& out, std::span<const ThreadNode> nodes, std::uint32_t root);

// Where JMAP's session resource is.
void write_jmap_access(std::string& out, std::string_view session_url);

// UIDBATCHES; ranges are written from the high end to the low one.
void write_uid_batches(std::string& out, std::string_view tag, std::span<const NumberSet::Range> ranges);

// Lists of rights (RFC 4314 3.6 to 3.8); `pairs`: identifiers and what they have.
void write_acl(std::string& out, std::string_view mailbox, std::span<const std::pair<std::string, std::string>> pairs,
               bool utf8);
void write_list_rights(std::string& out, std::string_view mailbox, std::string_view identifier, std::string_view always,
                       std::span<const std::string> optional, bool utf8);
void write_my_rights(std::string& out, std::string_view mailbox, std::string_view rights, bool utf8);

// METADATA (RFC 5464 4.4): entries with their values, or, unasked, the names of those that changed. Mailbox "": of the
// server.
struct MetadataValue {
  std::string entry;
  std::optional<std::string> value;  // none: NIL
};
void write_metadata(std::string& out, std::string_view mailbox, std::span<const MetadataValue> values, bool utf8);
void write_metadata_changed(std::string& out, std::string_view mailbox, std::span<const std::string> entries,
                            bool utf8);
// RFC 4467 8
void write_gen_url_auth(std::string& out, std::span<const std::string> urls, bool utf8);
// "* URLFETCH url" without its end: what follows is the caller's.
void begin_url_fetch(std::string& out, std::string_view url, bool utf8);

struct QuotaResource {    // RFC 9208 5
  std::string_view name;  // "STORAGE" (in 1024 octets), "MESSAGE"
  std::uint64_t usage = 0, limit = 0;
};
void write_quota(std::string& out, std::string_view root, std::span<const QuotaResource> resources, bool utf8);
void write_quota_root(std::string& out, std::string_view mailbox, std::span<const std::string_view> roots, bool utf8);

}  // namespace gatepost::imap
