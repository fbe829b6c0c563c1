#include "imap/server/notifications.hpp"

#include <algorithm>
#include <utility>

#include "imap/server/mailbox_filter.hpp"

namespace gatepost::imap::server {
namespace {

using Kind = MailboxFilter::Kind;
using What = account::FolderEvent::What;

constexpr std::size_t kMaxOwn = 1'000;

constexpr StatusItems bits(std::initializer_list<StatusItem> items) {
  StatusItems all = 0;
  for (const StatusItem item : items) all = static_cast<StatusItems>(all | static_cast<StatusItems>(item));
  return all;
}

// RFC 5465 5.1, 5.2, 5.3. 0: nothing that is told.
StatusItems changed(const account::FolderEvent& event, NotifyEvents wanted, bool condstore) {
  StatusItems items = 0;
  if (has(wanted, NotifyEvent::message_new) && event.added + event.removed > 0) {
    items |= bits({StatusItem::messages, StatusItem::uid_next});
    if (condstore) items |= bits({StatusItem::highest_modseq});
  }
  if (!has(wanted, NotifyEvent::flag_change)) return items;
  if (event.unseen) items |= bits({StatusItem::unseen});
  if (event.flags && condstore) items |= bits({StatusItem::highest_modseq});
  if (items != 0) items |= bits({StatusItem::uid_validity});
  return items;
}

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

bool is_subscribed(account::Account& account, const std::string& path) {
  if (const auto folder = account.find_folder(path)) return folder->subscribed;
  const auto names = account.subscriptions();
  return names && std::ranges::find(*names, path) != names->end();
}

}  // namespace

StatusItems first_status(NotifyEvents events) {
  StatusItems items = bits({StatusItem::messages, StatusItem::uid_next, StatusItem::uid_validity});
  if (has(events, NotifyEvent::flag_change)) items |= bits({StatusItem::highest_modseq, StatusItem::unseen});
  return items;
}

Notifications::Notifications(Notify wanted, std::unique_ptr<account::Watch> watch, account::Modseq since)
    : groups_(std::move(wanted.groups)), watch_(std::move(watch)), since_(since) {
  for (NotifyGroup& group : groups_) {
    make_canonical(group.filter);
    const bool delayed = group.filter.kind == Kind::selected_delayed;
    if (!delayed && group.filter.kind != Kind::selected) continue;
    of_selected_.messages = has(group.events, NotifyEvent::message_new);
    of_selected_.flags = has(group.events, NotifyEvent::flag_change);
    of_selected_.delayed = delayed;
    new_items_ = std::move(group.new_items);
  }
  if (!new_items_.empty()) of_selected_.new_items = &new_items_;
  std::erase_if(groups_, [](const NotifyGroup& group) {
    return group.filter.kind == Kind::selected || group.filter.kind == Kind::selected_delayed;
  });
}

NotifyEvents Notifications::of_messages(const account::Folder& folder) const {
  NotifyEvents events = 0;
  if (!folder.selectable) return events;
  for (const NotifyGroup& group : groups_) {
    if ((group.events & kMessageEvents) != 0 && is_meant(candidate(folder), group.filter)) events |= group.events;
  }
  return events & kMessageEvents;
}

bool Notifications::wants_names() const {
  return std::ranges::any_of(groups_, [](const NotifyGroup& group) {
    return has(group.events, NotifyEvent::mailbox_name) || has(group.events, NotifyEvent::subscription_change);
  });
}

bool Notifications::wants(NotifyEvent event, std::string_view path, bool subscribed) const {
  return std::ranges::any_of(groups_, [&](const NotifyGroup& group) {
    return has(group.events, event) && is_meant({path, path == "INBOX", subscribed}, group.filter);
  });
}

void Notifications::did(account::FolderEvent event) {
  if (own_.size() < kMaxOwn) own_.push_back(std::move(event));
}

// Messages of others may have come in the same commit: then the numbers are not the same.
bool Notifications::is_own(const account::FolderEvent& event) const {
  return std::ranges::any_of(own_, [&](const account::FolderEvent& own) {
    if (own.what != event.what) return false;
    if (event.what != What::messages) return own.path == event.path;
    return own.id == event.id && own.modseq == event.modseq && own.added == event.added && event.removed == 0;
  });
}

void Notifications::add_name(account::Account& account, const account::FolderEvent& event, News& news) const {
  const auto add = [&](const std::string& path, std::optional<std::string> old_path) {
    const auto known = std::ranges::find(news.names, path, &News::Name::path);
    if (known == news.names.end()) {
      news.names.push_back({path, std::move(old_path)});
    } else if (old_path) {
      known->old_path = std::move(old_path);
    }
  };
  if (event.what == What::subscription) {
    // Whoever wants to hear of what is subscribed wants to hear when it is not any more.
    if (wants(NotifyEvent::subscription_change, event.path, true)) add(event.path, std::nullopt);
    return;
  }
  const auto meant = [&](const std::string& path) {
    return wants(NotifyEvent::mailbox_name, path, is_subscribed(account, path));
  };
  if (event.what == What::renamed) {
    if (meant(event.path) || meant(event.old_path)) add(event.path, event.old_path);
    return;
  }
  if (meant(event.path)) add(event.path, std::nullopt);
  // RFC 5465 5.4: its direct parent is affected too.
  if (const std::string parent = parent_of(event.path); !parent.empty() && meant(parent)) add(parent, std::nullopt);
}

Result<Notifications::News> Notifications::collect(account::Account& account, std::optional<account::FolderId> selected,
                                                   bool condstore) {
  News out;
  if (groups_.empty()) return out;
  GP_TRY(account::FolderNews news, account.folder_news(since_));
  const bool names = wants_names();
  if (!news.complete) {
    out.overflow = names;
    if (names) return out;
    // Any of them may have changed in any way.
    GP_TRY(const auto all, account.folders());
    news.events.clear();
    for (const account::Folder& folder : *all) {
      if (folder.highest_modseq <= since_) continue;
      news.events.push_back(
          {.what = What::messages, .id = folder.id, .added = 1, .removed = 1, .flags = true, .unseen = true});
    }
  }
  since_ = news.to;
  std::map<account::FolderId, std::pair<account::Folder, StatusItems>> mailboxes;
  for (const account::FolderEvent& event : news.events) {
    if (is_own(event)) continue;
    if (event.what != What::messages) {
      if (names) add_name(account, event, out);
      continue;
    }
    if (event.id == selected) continue;
    auto known = mailboxes.find(event.id);
    if (known == mailboxes.end()) {
      auto folder = account.folder(event.id);
      if (!folder) continue;  // gone since
      known = mailboxes.emplace(event.id, std::pair(std::move(*folder), StatusItems(0))).first;
    }
    auto& [folder, items] = known->second;
    items |= changed(event, of_messages(folder), condstore);
  }
  own_.clear();
  for (auto& [id, mailbox] : mailboxes) {
    if (mailbox.second != 0) out.mailboxes.push_back(std::move(mailbox));
  }
  return out;
}

}  // namespace gatepost::imap::server
