#include "imap/server/mailbox_filter.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "mime/normal_form.hpp"

namespace gatepost::imap::server {
namespace {

using Kind = MailboxFilter::Kind;
constexpr std::string_view kInbox = "INBOX";

}  // namespace

void make_canonical(MailboxFilter& filter) {
  for (std::string& name : filter.mailboxes) {
    const std::string_view first = std::string_view(name).substr(0, name.find('/'));
    if (ascii::iequals(first, kInbox)) name.replace(0, kInbox.size(), kInbox);
    name = mime::to_nfc(name);
  }
}

bool is_meant(const Candidate& mailbox, const MailboxFilter& filter) {
  switch (filter.kind) {
    case Kind::selected:
    case Kind::selected_delayed:
      return false;
    case Kind::inboxes:
      return mailbox.is_inbox;
    case Kind::personal:
      return mailbox.personal;
    case Kind::subscribed:
      return mailbox.subscribed;
    case Kind::subtree:
    case Kind::subtree_one:
      return std::ranges::any_of(filter.mailboxes, [&](const std::string& top) {
        return is_below(mailbox.name, top, filter.kind == Kind::subtree_one);
      });
    case Kind::mailboxes:
      return std::ranges::find(filter.mailboxes, mailbox.name) != filter.mailboxes.end();
  }
  return false;
}

bool reaches_below(const MailboxFilter& filter, std::string_view top) {
  if (filter.kind != Kind::subtree && filter.kind != Kind::subtree_one && filter.kind != Kind::mailboxes) return false;
  return std::ranges::any_of(filter.mailboxes, [&](const std::string& name) {
    return is_below(name, top, false) || (filter.kind != Kind::mailboxes && is_below(top, name, false));
  });
}

bool is_below(std::string_view path, std::string_view top, bool only_next) {
  if (path == top) return true;
  if (path.size() <= top.size() || !path.starts_with(top) || path[top.size()] != '/') return false;
  return !only_next || path.find('/', top.size() + 1) == std::string_view::npos;
}

}  // namespace gatepost::imap::server
