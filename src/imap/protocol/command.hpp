#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/number_set.hpp"
#include "base/secret.hpp"
#include "imap/protocol/command_fetch.hpp"
#include "imap/protocol/command_list.hpp"
#include "imap/protocol/command_notify.hpp"
#include "imap/protocol/command_search.hpp"
#include "imap/protocol/command_sharing.hpp"
#include "imap/protocol/command_url.hpp"
#include "imap/protocol/flags.hpp"
#include "imap/protocol/sequence_set.hpp"
#include "imap/protocol/syntax.hpp"

namespace gatepost::imap {

inline constexpr std::size_t kMaxIdFields = 30;  // RFC 2971 3.3
inline constexpr std::size_t kMaxIdFieldOctets = 30;
inline constexpr std::size_t kMaxIdValueOctets = 1024;
inline constexpr std::size_t kMaxEnabled = 50;
inline constexpr std::size_t kMaxLanguages = 50;   // of one LANGUAGE
inline constexpr std::size_t kMaxCollations = 50;  // of one COMPARATOR
inline constexpr std::size_t kMaxQuotaResources = 20;
inline constexpr std::size_t kMaxSpecialUses = 20;

enum class Verb : std::uint8_t {
  capability,
  noop,
  logout,
  id,
  language,
  comparator,
  starttls,
  compress,
  unauthenticate,
  uidbatches,
  getjmapaccess,
  replace,
  authenticate,
  login,
  enable,
  select,
  examine,
  create,
  delete_,
  rename,
  subscribe,
  unsubscribe,
  list,
  lsub,
  namespace_,
  status,
  append,
  idle,
  check,
  close,
  unselect,
  expunge,
  search,
  fetch,
  store,
  copy,
  move,
  getquota,
  getquotaroot,
  setquota,
  getacl,
  setacl,
  deleteacl,
  listrights,
  myrights,
  getmetadata,
  setmetadata,
  sort,
  thread,
  esearch,
  cancelupdate,
  notify,
  resetkey,
  genurlauth,
  urlfetch,
  unknown,
};
inline constexpr Verb kLastVerb = Verb::urlfetch;
std::string_view to_string(Verb verb);  // in upper case; "" for unknown. "FETCH" also for UID FETCH
// Of a command's text, also one that is not complete or does not parse; "UID FETCH" is fetch.
Verb verb_of(std::string_view text);

// Mailbox names are UTF-8 without controls; the inbox is "INBOX".
struct Capability {
  bool operator==(const Capability&) const = default;
};
struct Noop {
  bool operator==(const Noop&) const = default;
};
struct Logout {
  bool operator==(const Logout&) const = default;
};
struct Id {  // RFC 2971. NIL is no fields
  std::vector<std::pair<std::string, std::optional<std::string>>> fields;
  bool operator==(const Id&) const = default;
};
struct Language {                   // RFC 5255 3.2
  std::vector<std::string> ranges;  // RFC 4647 language ranges, or "default"; none: which are there?
  bool operator==(const Language&) const = default;
};
struct Comparator {                 // RFC 5255 4.7
  std::vector<std::string> orders;  // collations with "*" for any part (RFC 4790 3.2), or "default"; none: which is it?
  bool operator==(const Comparator&) const = default;
};
struct StartTls {
  bool operator==(const StartTls&) const = default;
};
struct Authenticate {
  std::string mechanism;          // upper case
  std::optional<Secret> initial;  // decoded; "=" on the wire is an empty one (RFC 9051 6.2.2)
  bool operator==(const Authenticate&) const;
};
struct Login {
  std::string user;
  Secret password;
  bool operator==(const Login&) const;
};
struct Compress {         // RFC 4978
  std::string mechanism;  // upper case
  bool operator==(const Compress&) const = default;
};
struct Unauthenticate {  // RFC 8437
  bool operator==(const Unauthenticate&) const = default;
};
struct GetJmapAccess {  // RFC 9698 4
  bool operator==(const GetJmapAccess&) const = default;
};
struct UidBatches {  // RFC 10022 3.1
  std::uint32_t size = 0;
  std::uint32_t first = 0, last = 0;  // the batches asked for; 0: all of them
  bool operator==(const UidBatches&) const = default;
};
struct Enable {
  std::vector<std::string> capabilities;  // upper case
  bool operator==(const Enable&) const = default;
};

struct Qresync {  // RFC 7162 3.2.5
  std::uint32_t uid_validity = 0;
  std::uint64_t modseq = 0;
  std::optional<NumberSet> known_uids;
  // Seq-match-data: the i-th number of the one is the message with the i-th of the other. Same size.
  NumberSet known_sequence, known_sequence_uids;
  bool operator==(const Qresync&) const = default;
};
struct Select {  // SELECT, EXAMINE
  std::string mailbox;
  bool read_only = false;  // EXAMINE
  bool condstore = false;  // RFC 7162 3.1.8; implied by qresync, but not set by it
  std::optional<Qresync> qresync;
  bool operator==(const Select&) const = default;
};

struct Create {
  std::string mailbox;
  std::vector<SpecialUse> special_use;  // RFC 6154 3; unknown: NO [USEATTR]
  bool operator==(const Create&) const = default;
};
struct Delete {
  std::string mailbox;
  bool operator==(const Delete&) const = default;
};
struct Rename {
  std::string from, to;
  bool operator==(const Rename&) const = default;
};
struct Subscribe {
  std::string mailbox;
  bool operator==(const Subscribe&) const = default;
};
struct Unsubscribe {
  std::string mailbox;
  bool operator==(const Unsubscribe&) const = default;
};
struct Namespace {
  bool operator==(const Namespace&) const = default;
};
struct Idle {
  bool operator==(const Idle&) const = default;
};
struct Check {
  bool operator==(const Check&) const = default;
};
struct Close {
  bool operator==(const Close&) const = default;
};
struct Unselect {
  bool operator==(const Unselect&) const = default;
};
struct Expunge {
  std::optional<SequenceSet> uids;  // UID EXPUNGE
  bool operator==(const Expunge&) const = default;
};
struct Store {
  enum class Mode : std::uint8_t { replace, add, remove };
  bool uid = false;
  SequenceSet set;
  std::optional<std::uint64_t> unchanged_since;  // RFC 7162 3.1.3
  Mode mode = Mode::replace;
  bool silent = false;
  Flags flags;
  bool operator==(const Store&) const = default;
};
struct Copy {
  bool uid = false;
  SequenceSet set;
  std::string mailbox;
  bool operator==(const Copy&) const = default;
};
struct Move {  // RFC 9051 6.4.8 (RFC 6851)
  bool uid = false;
  SequenceSet set;
  std::string mailbox;
  bool operator==(const Move&) const = default;
};
struct GetQuota {  // RFC 9208 4.1
  std::string root;
  bool operator==(const GetQuota&) const = default;
};
struct GetQuotaRoot {
  std::string mailbox;
  bool operator==(const GetQuotaRoot&) const = default;
};

struct SetQuota {  // RFC 9208 4.1.3
  std::string root;
  std::vector<std::pair<std::string, std::uint64_t>> limits;  // names in upper case
  bool operator==(const SetQuota&) const = default;
};

// All but APPEND, whose message streams: see command_append.hpp.
using Body =
    std::variant<Capability, Noop, Logout, Id, Language, Comparator, StartTls, Authenticate, Login, Enable, Select,
                 Create, Delete, Rename, Subscribe, Unsubscribe, List, Lsub, Namespace, Status, Idle, Check, Close,
                 Unselect, Expunge, Search, Fetch, Store, Copy, Move, GetQuota, GetQuotaRoot, SetQuota, Sort, Thread,
                 Esearch, CancelUpdate, Compress, Unauthenticate, UidBatches, GetJmapAccess, Notify, ResetKey,
                 GenUrlAuth, UrlFetch, GetAcl, SetAcl, DeleteAcl, ListRights, MyRights, GetMetadata, SetMetadata>;
Verb verb(const Body& body);

// Owns everything: it may outlive the text it was read from.
struct Command {
  std::string tag;
  Body body;
  bool operator==(const Command&) const = default;
};

// `text`: a complete command without its line end, literals inline, as Receiver gives it. Time is linear in its length
// (times its logarithm for sets).
std::expected<Command, SyntaxError> parse_command(std::string_view text, const ParseOptions& options = {});

// An answer to a SASL challenge. nullopt: not base64. "*" (cancelled) is to be checked for before (RFC 9051 6.2.2).
inline constexpr std::string_view kSaslCancel = "*";
std::optional<Secret> parse_sasl_line(std::string_view line);
// The end of IDLE (RFC 9051 6.3.13), in any case; a trailing space is forgiven.
bool is_done(std::string_view line);

}  // namespace gatepost::imap
