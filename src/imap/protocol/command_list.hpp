#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost::imap {

inline constexpr std::size_t kMaxListPatterns = 100;

// One bit each, in the order the answer has them.
enum class StatusItem : std::uint16_t {
  messages = 1,
  recent = 2,
  uid_next = 4,
  uid_validity = 8,
  unseen = 16,
  deleted = 32,            // RFC 9051 6.3.11
  size = 64,               // RFC 8438
  highest_modseq = 128,    // RFC 7162 3.1.7
  append_limit = 256,      // RFC 7889
  mailbox_id = 512,        // RFC 8474
  deleted_storage = 1024,  // RFC 9208 4.1.4
};
using StatusItems = std::uint16_t;                             // bits of StatusItem
std::string_view to_string(StatusItem item);                   // "MESSAGES"
std::optional<StatusItem> status_item(std::string_view name);  // in any case
constexpr bool has(StatusItems items, StatusItem item) { return (items & static_cast<StatusItems>(item)) != 0; }

// What a mailbox is for (RFC 6154, RFC 8457).
enum class SpecialUse : std::uint8_t { all, archive, drafts, flagged, junk, sent, trash, important, unknown };
std::string_view special_use_name(SpecialUse use);  // "\Drafts"; "" for unknown
SpecialUse special_use(std::string_view name);      // in any case

// LIST in all its forms (RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154). Reference and patterns are UTF-8.
struct List {
  std::string reference;
  std::vector<std::string> patterns;  // one or more
  // More than the basic command of RFC 3501: options or several patterns. RFC 5258 3: "" as pattern asks for the
  // delimiter only in the basic one.
  bool extended = false;
  struct Select {
    bool subscribed = false, remote = false, recursive_match = false, special_use = false;
    bool operator==(const Select&) const = default;
  } select;
  struct Return {
    bool subscribed = false, children = false, special_use = false;
    bool my_rights = false;  // RFC 8440
    std::optional<StatusItems> status;
    std::vector<std::string> metadata;  // entries (RFC 9590); none: not asked for
    bool operator==(const Return&) const = default;
  } returns;
  bool operator==(const List&) const = default;
};

struct Lsub {  // RFC 3501 6.3.9
  std::string reference, pattern;
  bool operator==(const Lsub&) const = default;
};

struct Status {
  std::string mailbox;
  StatusItems items = 0;
  bool operator==(const Status&) const = default;
};

}  // namespace gatepost::imap
