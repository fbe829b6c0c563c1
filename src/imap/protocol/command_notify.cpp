#include "imap/protocol/command_notify.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "imap/protocol/parsers.hpp"

namespace gatepost::imap {
namespace {

using Kind = MailboxFilter::Kind;

struct EventRow {
  std::string_view name;
  NotifyEvent event;
};
constexpr EventRow kEvents[] = {{"MessageNew", NotifyEvent::message_new},
                                {"MessageExpunge", NotifyEvent::message_expunge},
                                {"FlagChange", NotifyEvent::flag_change},
                                {"AnnotationChange", NotifyEvent::annotation_change},
                                {"MailboxName", NotifyEvent::mailbox_name},
                                {"SubscriptionChange", NotifyEvent::subscription_change},
                                {"MailboxMetadataChange", NotifyEvent::mailbox_metadata_change},
                                {"ServerMetadataChange", NotifyEvent::server_metadata_change}};

bool is_selected(const MailboxFilter& filter) {
  return filter.kind == Kind::selected || filter.kind == Kind::selected_delayed;
}

// RFC 5465 5, 6.1, 8: which events need each other, and which do not go with the selected mailbox.
void check(Tokens& t, const NotifyGroup& group) {
  const auto events = group.events;
  const bool both = has(events, NotifyEvent::message_new) && has(events, NotifyEvent::message_expunge);
  if ((events & kMessageEvents) != 0 && !both) t.fail("MessageNew and MessageExpunge need each other");
  constexpr auto kOthers = static_cast<NotifyEvents>(~(kMessageEvents | 256));
  if (is_selected(group.filter) && (events & kOthers) != 0) t.fail("Of the selected mailbox there is news of messages");
  if (!is_selected(group.filter) && !group.new_items.empty())
    t.fail("Items of new messages are for the selected mailbox");
}

// events = ( "(" event *(SP event) ")" ) / "NONE"
void read_events(Tokens& t, NotifyGroup& group) {
  if (t.skip_atom("NONE")) return;
  // Some clients, and an example of the document, leave the parentheses out around a single one.
  const bool list = t.skip('(');
  std::size_t count = 0;
  do {
    if (++count > kMaxNotifyEvents) t.fail("Too many events", Fault::limit);
    const std::string_view name = t.atom();
    const auto* row = std::ranges::find_if(kEvents, [name](const EventRow& r) { return ascii::iequals(r.name, name); });
    const NotifyEvent event = row == std::end(kEvents) ? NotifyEvent::unknown : row->event;
    group.events = static_cast<NotifyEvents>(group.events | static_cast<NotifyEvents>(event));
    if (event != NotifyEvent::message_new || !t.peek_text(" (")) continue;
    t.space();
    group.new_items = read_fetch_items(t);
  } while (t.skip(' '));
  if (list) t.expect(')', "The list of events has no end");
}

}  // namespace

std::string event_names(NotifyEvents events) {
  std::string out;
  for (const EventRow& row : kEvents) {
    if (!has(events, row.event)) continue;
    if (!out.empty()) out += ' ';
    out += row.name;
  }
  return out;
}

// notify = "NOTIFY" SP ("SET" [SP "STATUS"] SP event-groups / "NONE")
// event-group = "(" filter-mailboxes SP events ")"
Body parse_notify(Tokens& t, bool) {
  Notify out;
  t.space();
  if (t.skip_atom("NONE")) return out;
  if (!t.skip_atom("SET")) t.fail("NOTIFY is SET or NONE");
  t.space();
  if (t.skip_atom("STATUS")) {
    out.status = true;
    t.space();
  }
  std::size_t names = 0;
  bool selected = false;
  do {
    if (out.groups.size() == kMaxNotifyGroups) t.fail("Too many groups of events", Fault::limit);
    NotifyGroup& group = out.groups.emplace_back();
    t.expect('(', "A group of events is missing");
    group.filter = read_mailbox_filter(t, names);
    if (group.filter.kind == Kind::subtree_one) t.fail("SUBTREE-ONE is of ESEARCH alone");
    if (is_selected(group.filter) && std::exchange(selected, true)) t.fail("The selected mailbox stands there twice");
    t.space();
    read_events(t, group);
    t.expect(')', "The group of events has no end");
    check(t, group);
  } while (t.skip(' '));
  return out;
}

}  // namespace gatepost::imap
