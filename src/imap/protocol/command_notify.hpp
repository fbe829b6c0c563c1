#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "imap/protocol/command_fetch.hpp"
#include "imap/protocol/command_search.hpp"

namespace gatepost::imap {

inline constexpr std::size_t kMaxNotifyGroups = 100;
inline constexpr std::size_t kMaxNotifyEvents = 100;  // of one group

// event (RFC 5465 8). One bit each; unknown stands for those that are not listed there.
enum class NotifyEvent : std::uint16_t {
  message_new = 1,
  message_expunge = 2,
  flag_change = 4,
  annotation_change = 8,
  mailbox_name = 16,
  subscription_change = 32,
  mailbox_metadata_change = 64,
  server_metadata_change = 128,
  unknown = 256,
};
using NotifyEvents = std::uint16_t;  // bits of NotifyEvent
constexpr bool has(NotifyEvents events, NotifyEvent event) { return (events & static_cast<NotifyEvents>(event)) != 0; }
inline constexpr NotifyEvents kMessageEvents = 1 | 2 | 4 | 8;
// "MessageNew ...", in this order.
std::string event_names(NotifyEvents events);

// event-group. Which events may stand together has been checked (RFC 5465 5, 6.1).
struct NotifyGroup {
  MailboxFilter filter;
  NotifyEvents events = 0;  // none: "NONE"
  FetchItems new_items;     // of MessageNew, with the selected mailbox only
  bool operator==(const NotifyGroup&) const = default;
};

// NOTIFY (RFC 5465 3.1). Without groups: NONE.
struct Notify {
  bool status = false;
  std::vector<NotifyGroup> groups;
  bool operator==(const Notify&) const = default;
};

}  // namespace gatepost::imap
