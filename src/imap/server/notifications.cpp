#include "imap/server/notifications.hpp"

#include <algorithm>
#include <utility>

#include "imap/server/metadata.hpp"
#include "imap/server/namespaces.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

using Kind = MailboxFilter::Kind;
using What = account::FolderEvent::What;
using sharing::Right;

constexpr std::size_t kMaxOwn = 1'000;

constexpr StatusItems status_bits(std::initializer_list<StatusItem> items) {
  StatusItems all = 0;
  for (const StatusItem item : items) all = static_cast<StatusItems>(all | static_cast<StatusItems>(item));
  return all;
}

// RFC 5465 5.1, 5.2, 5.3. 0: nothing that is told.
StatusItems changed(const account::FolderEvent& event, NotifyEvents wanted, bool condstore) {
  StatusItems items = 0;
  if (has(wanted, NotifyEvent::message_new) && event.added + event.removed > 0) {
    items |= status_bits({StatusItem::messages, StatusItem::uid_next});
    if (condstore) items |= status_bits({StatusItem::highest_modseq});
  }
  if (!has(wanted, NotifyEvent::flag_change)) return items;
  if (event.unseen) items |= status_bits({StatusItem::unseen});
  if (event.flags && condstore) items |= status_bits({StatusItem::highest_modseq});
  if (items != 0) items |= status_bits({StatusItem::uid_validity});
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

using Paths = std::map<account::FolderId, std::string>;

// Another's folders that the client may look up.
Paths visible(const Session& session, account::Account& account) {
  Paths out;
  const auto all = account.folders();
  if (!all) return out;
  for (const account::Folder& folder : **all) {
    if (session.rights_in(account, folder.grants.get()).has(Right::lookup)) out.emplace(folder.id, folder.path);
  }
  return out;
}

void add_name(Notifications::News& news, const std::string& name, std::optional<std::string> old_name) {
  const auto known = std::ranges::find(news.names, name, &Notifications::News::Name::name);
  if (known == news.names.end()) {
    news.names.push_back({name, std::move(old_name)});
  } else if (old_name) {
    known->old_name = std::move(old_name);
  }
}

}  // namespace

StatusItems first_status(NotifyEvents events) {
  StatusItems items = status_bits({StatusItem::messages, StatusItem::uid_next, StatusItem::uid_validity});
  if (has(events, NotifyEvent::flag_change)) items |= status_bits({StatusItem::highest_modseq, StatusItem::unseen});
  return items;
}

Notifications::Notifications(Notify wanted) : groups_(std::move(wanted.groups)) {
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

// ---- what was asked for

bool Notifications::wants_names() const {
  return std::ranges::any_of(groups_, [](const NotifyGroup& group) {
    return has(group.events, NotifyEvent::mailbox_name) || has(group.events, NotifyEvent::subscription_change);
  });
}

bool Notifications::wants_metadata() const {
  return std::ranges::any_of(groups_, [](const NotifyGroup& group) {
    return has(group.events, NotifyEvent::mailbox_metadata_change) ||
           has(group.events, NotifyEvent::server_metadata_change);
  });
}

NotifyEvents Notifications::events_of(const Candidate& mailbox) const {
  NotifyEvents events = 0;
  for (const NotifyGroup& group : groups_) {
    if (is_meant(mailbox, group.filter)) events |= group.events;
  }
  return events;
}

NotifyEvents Notifications::events_of_name(const View& view, const std::string& name, bool subscribed) const {
  const bool personal = !parse_foreign(name) || view.session.own_account().find_folder(name);
  return events_of({name, name == "INBOX", subscribed, personal});
}

// RFC 5465 5: nothing is told of messages and annotations without the rights to look it up and to read it.
NotifyEvents Notifications::events_of(const View& view, const Source& source, const account::Folder& folder) const {
  const Location& place = source.place;
  if (place.own()) return events_of({folder.path, folder.role == account::Role::inbox, folder.subscribed});
  const sharing::Rights rights = view.session.rights_in(*place.account, folder.grants.get());
  if (!rights.has(Right::lookup | Right::read)) return 0;
  const std::string name = place.prefix + folder.path;
  return events_of({name, false, std::ranges::binary_search(view.subscriptions, name), false});
}

// Whether mailboxes of another's account are among what was chosen.
bool Notifications::reaches(std::string_view root, const std::vector<std::string>& subscriptions) const {
  const std::string below = std::string(root) + '/';
  return std::ranges::any_of(groups_, [&](const NotifyGroup& group) {
    if (group.filter.kind != Kind::subscribed) return reaches_below(group.filter, root);
    const auto at = std::ranges::lower_bound(subscriptions, below);
    return at != subscriptions.end() && at->starts_with(below);
  });
}

Result<Notifications::View> Notifications::view(const Session& session) const {
  View out{session, {}};
  const bool needed = sources_.size() != 1 || std::ranges::any_of(groups_, [](const NotifyGroup& group) {
                        return group.filter.kind == Kind::subscribed;
                      });
  if (needed) {
    GP_TRY(out.subscriptions, session.own_account().subscriptions());
  }
  return out;
}

// ---- whom to listen to

// First the watch, then the look at what there is: nothing falls between.
void Notifications::begin(Session& session, Location place) {
  Source source{.place = std::move(place)};
  account::Account& account = *source.place.account;
  source.watch = session.watch(account);
  source.since = source.entries_since = account.modseq();
  sources_.push_back(std::move(source));
}

Result<> Notifications::listen(Session& session, bool tell) {
  if (groups_.empty() && !of_selected_.messages) return {};
  if (sources_.empty()) {
    GP_TRY(Location own, session.place_of("INBOX"));
    own.path.clear();
    begin(session, std::move(own));
  }
  const auto may_reach = [](const NotifyGroup& group) {
    return group.filter.kind == Kind::subscribed || reaches_below(group.filter, kOtherUsers) ||
           reaches_below(group.filter, kShared);
  };
  if (std::ranges::none_of(groups_, may_reach)) return {};
  if (!stale_) {
    stale_ = std::make_shared<std::atomic<bool>>(false);
    shares_ = session.watch_shares(stale_);
  }
  compare_all_ = compare_all_ || (tell && stale_->load(std::memory_order_acquire));
  stale_->store(false, std::memory_order_release);
  GP_TRY(const auto subscriptions, session.own_account().subscriptions());
  const auto sharers = session.sharing().sharers(session.principal().id);
  for (Source& source : sources_) {
    source.gone = !source.place.own() && std::ranges::none_of(sharers, [&](const directory::Principal& sharer) {
      return static_cast<std::uint64_t>(sharer.id) == static_cast<std::uint64_t>(source.place.account->id());
    });
  }
  for (const directory::Principal& sharer : sharers) {
    const std::string root = root_of(sharer);
    const std::string prefix = root + '/';
    const auto same = [&](const Source& source) { return source.place.prefix == prefix; };
    if (!reaches(root, subscriptions) || std::ranges::any_of(sources_, same)) continue;
    if (sources_.size() > kMaxAccountsHeard) return fail(Errc::limit, "too many accounts to listen to");
    auto shared = session.sharing().open(session.principal().id, sharer.address);
    if (!shared) continue;  // one that cannot be read now hides no other
    begin(session, Location{std::move(shared->account), {}, prefix});
    if (!tell) sources_.back().seen = visible(session, *sources_.back().place.account);
  }
  return {};
}

Result<Notifications::Standing> Notifications::standing(const Session& session) const {
  GP_TRY(const View view, this->view(session));
  Standing out;
  for (const Source& source : sources_) {
    const Location& top = source.place;
    GP_TRY(const auto folders, top.account->folders());
    for (const account::Folder& folder : *folders) {
      const sharing::Rights rights = session.rights_in(*top.account, folder.grants.get());
      Mailbox mailbox{{top.account, folder.path, top.prefix}, folder, rights};
      const NotifyEvents events = events_of(view, source, folder) & kMessageEvents;
      if (events != 0 && folder.selectable) {
        out.heard.emplace_back(std::move(mailbox), events);
      } else if (rights.has(Right::lookup) && !rights.has(Right::read)) {
        const std::string name = mailbox.name();
        const bool subscribed = std::ranges::binary_search(view.subscriptions, name);
        constexpr auto kNames = static_cast<NotifyEvents>(NotifyEvent::mailbox_name) |
                                static_cast<NotifyEvents>(NotifyEvent::subscription_change);
        if ((events_of({name, false, subscribed, false}) & ~kNames) != 0) out.refused.push_back(std::move(mailbox));
      }
    }
  }
  return out;
}

// ---- what one did oneself

void Notifications::did(const account::Account& account, account::FolderEvent event) {
  if (own_.size() < kMaxOwn) own_.push_back({account.id(), std::move(event)});
}

// Messages of others may have come in the same commit: then the numbers are not the same.
bool Notifications::is_own(const Source& source, const account::FolderEvent& event) const {
  if (event.what != What::messages) return is_own_name(source, event.what, event.path);
  return std::ranges::any_of(own_, [&](const Own& own) {
    return own.account == source.place.account->id() && own.event.what == event.what && own.event.id == event.id &&
           own.event.modseq == event.modseq && own.event.added == event.added && event.removed == 0;
  });
}

bool Notifications::is_own_name(const Source& source, What what, const std::string& path) const {
  return std::ranges::any_of(own_, [&](const Own& own) {
    return own.account == source.place.account->id() && own.event.what == what && own.event.path == path;
  });
}

// ---- news

void Notifications::add_own_name(const Source& source, const View& view, const account::FolderEvent& event,
                                 News& news) {
  if (event.what == What::rights) return;  // those of others
  if (event.what == What::subscription) {
    // Whoever wants to hear of what is subscribed wants to hear when it is not any more.
    if (has(events_of_name(view, event.path, true), NotifyEvent::subscription_change))
      add_name(news, event.path, std::nullopt);
    return;
  }
  account::Account& account = *source.place.account;
  const auto meant = [&](const std::string& path) {
    return has(events_of({path, path == "INBOX", is_subscribed(account, path)}), NotifyEvent::mailbox_name);
  };
  if (event.what == What::renamed) {
    if (meant(event.path) || meant(event.old_path)) add_name(news, event.path, event.old_path);
    return;
  }
  if (meant(event.path)) add_name(news, event.path, std::nullopt);
  // RFC 5465 5.4: its direct parent is affected too.
  if (const std::string parent = parent_of(event.path); !parent.empty() && meant(parent))
    add_name(news, parent, std::nullopt);
}

// Another's mailboxes come and go with the rights as well (RFC 5465 5.4), so what may be looked up now is held against
// what the client has heard of.
void Notifications::compare(Source& source, const View& view, News& news) const {
  const std::string& prefix = source.place.prefix;
  Paths now = source.gone ? Paths() : visible(view.session, *source.place.account);
  const auto meant = [&](const std::string& name) {
    const bool subscribed = std::ranges::binary_search(view.subscriptions, name);
    return has(events_of({name, false, subscribed, false}), NotifyEvent::mailbox_name);
  };
  const auto came_or_went = [&](What what, const std::string& path) {
    if (is_own_name(source, what, path)) return;
    if (meant(prefix + path)) add_name(news, prefix + path, std::nullopt);
    const std::string parent = parent_of(path);
    const auto is_parent = [&](const auto& one) { return one.second == parent; };
    if (!parent.empty() && std::ranges::any_of(now, is_parent) && meant(prefix + parent))
      add_name(news, prefix + parent, std::nullopt);
  };
  std::vector<std::pair<std::string, std::string>> renamed;
  for (const auto& [id, path] : source.seen) {
    const auto at = now.find(id);
    if (at == now.end()) {
      came_or_went(What::deleted, path);
    } else if (at->second != path) {
      renamed.emplace_back(path, at->second);
    }
  }
  // RFC 5465 5.4: of what lies below a renamed one nothing more is said.
  std::ranges::sort(renamed);
  for (const auto& [old_path, path] : renamed) {
    const bool with_parent = std::ranges::any_of(renamed, [&](const auto& one) {
      return old_path.starts_with(one.first + '/') && path == one.second + old_path.substr(one.first.size());
    });
    if (with_parent || is_own_name(source, What::renamed, path)) continue;
    if (meant(prefix + path) || meant(prefix + old_path)) add_name(news, prefix + path, prefix + old_path);
  }
  for (const auto& [id, path] : now) {
    if (!source.seen.contains(id)) came_or_went(What::created, path);
  }
  source.seen = std::move(now);
}

void Notifications::add_mailbox(const Source& source, const View& view, const account::FolderEvent& event,
                                Mailboxes& out) const {
  const Session& session = view.session;
  account::Account& account = *source.place.account;
  if (session.has_selected() && session.selected().account().id() == account.id() &&
      session.selected().folder() == event.id) {
    return;
  }
  auto known = out.find(event.id);
  if (known == out.end()) {
    auto folder = account.folder(event.id);
    if (!folder) return;  // gone since
    const sharing::Rights rights = session.rights_in(account, folder->grants.get());
    Mailbox mailbox{{source.place.account, folder->path, source.place.prefix}, *std::move(folder), rights};
    known = out.emplace(event.id, std::pair(std::move(mailbox), StatusItems(0))).first;
  }
  auto& [mailbox, items] = known->second;
  if (!mailbox.folder.selectable) return;
  items |= changed(event, events_of(view, source, mailbox.folder), session.enabled().condstore);
}

// RFC 5465 5.6, 5.7. What ENABLE METADATA makes the session tell anyway is not told twice.
void Notifications::add_entries(Source& source, const View& view, News& news) const {
  const Session& session = view.session;
  account::Account& account = *source.place.account;
  const bool told_anyway =
      session.enabled().metadata &&
      (source.place.own() || (session.has_selected() && session.selected().account().id() == account.id()));
  const auto meant = [&](const account::Folder* folder) {
    if (told_anyway) return false;
    if (folder != nullptr) return has(events_of(view, source, *folder), NotifyEvent::mailbox_metadata_change);
    return std::ranges::any_of(
        groups_, [](const NotifyGroup& group) { return has(group.events, NotifyEvent::server_metadata_change); });
  };
  const bool complete = add_changed_entries(session, source.place, meant, source.entries_since, news.entries);
  news.overflow = news.overflow || (!complete && !told_anyway);
}

Result<> Notifications::collect_from(Source& source, const View& view, News& news) {
  account::Account& account = *source.place.account;
  GP_TRY(account::FolderNews folders, account.folder_news(source.since));
  const bool names = wants_names();
  if (!folders.complete) {
    if (names && source.place.own()) {
      news.overflow = true;
      return {};
    }
    // Any of them may have changed in any way.
    GP_TRY(const auto all, account.folders());
    folders.events.clear();
    for (const account::Folder& folder : *all) {
      if (folder.highest_modseq <= source.since) continue;
      folders.events.push_back(
          {.what = What::messages, .id = folder.id, .added = 1, .removed = 1, .flags = true, .unseen = true});
    }
  }
  source.since = folders.to;
  Mailboxes mailboxes;
  bool others_names = !source.place.own() && (compare_all_ || source.gone || !folders.complete || source.seen.empty());
  for (const account::FolderEvent& event : folders.events) {
    if (event.what == What::messages) {
      if (!is_own(source, event)) add_mailbox(source, view, event, mailboxes);
      continue;
    }
    if (!source.place.own()) {
      others_names = true;
      continue;
    }
    // Who subscribes to another's mailbox may want to hear of it from now on.
    if (event.what == What::subscription && stale_ && parse_foreign(event.path)) stale_->store(true);
    if (names && !is_own(source, event)) {
      add_own_name(source, view, event, news);
    }
  }
  if (others_names) compare(source, view, news);
  for (auto& [id, mailbox] : mailboxes) {
    if (mailbox.second != 0) news.mailboxes.push_back(std::move(mailbox));
  }
  if (wants_metadata()) add_entries(source, view, news);
  return {};
}

Result<Notifications::News> Notifications::collect(const Session& session) {
  News out;
  if (groups_.empty()) return out;
  GP_TRY(const View view, this->view(session));
  for (Source& source : sources_) GP_CHECK(collect_from(source, view, out));
  std::erase_if(sources_, [](const Source& source) { return source.gone; });
  compare_all_ = false;
  own_.clear();
  return out;
}

}  // namespace gatepost::imap::server
