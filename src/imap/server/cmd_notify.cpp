// NOTIFY (RFC 5465), and what it makes a session tell.

#include <algorithm>
#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/cmd_status.hpp"
#include "imap/server/fetch_run.hpp"
#include "imap/server/list_entry.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

constexpr NotifyEvents kSupported =
    static_cast<NotifyEvents>(NotifyEvent::message_new) | static_cast<NotifyEvents>(NotifyEvent::message_expunge) |
    static_cast<NotifyEvents>(NotifyEvent::flag_change) | static_cast<NotifyEvents>(NotifyEvent::mailbox_name) |
    static_cast<NotifyEvents>(NotifyEvent::subscription_change) |
    static_cast<NotifyEvents>(NotifyEvent::mailbox_metadata_change) |
    static_cast<NotifyEvents>(NotifyEvent::server_metadata_change);

// A name as it is now.
struct Named {
  std::optional<Mailbox> mailbox;  // none: there is none to be seen
  bool children = false, subscribed = false;
};

// Names of others' block.
Named look_up(const Session& session, const std::string& name) {
  Named out;
  const auto names = session.own_account().subscriptions();
  out.subscribed = names && std::ranges::find(*names, name) != names->end();
  if (auto mailbox = session.mailbox_of(name)) {
    out.children = session.sees_children(mailbox->place, mailbox->folder);
    if (mailbox->place.own()) out.subscribed = mailbox->folder.subscribed;
    out.mailbox = *std::move(mailbox);
  } else if (const auto place = session.place_of(name)) {
    account::Folder gone;
    gone.path = place->path;
    out.children = session.sees_children(*place, gone);
  }
  return out;
}

// RFC 5465 5.4, 5.5: as it is now, whatever it was when it was news.
void write_name(Session& session, const Notifications::News::Name& name, const Named& now) {
  if (now.mailbox) {
    FolderFacts facts{.children = now.children, .subscribed = now.subscribed};
    if (name.old_name) facts.old_name = *name.old_name;
    if (!now.mailbox->place.own()) facts.name = name.name;
    return write_folder(session.out(), now.mailbox->folder, facts, session.utf8());
  }
  namespace attribute = list_attribute;
  ListEntry line{.name = name.name};
  line.attributes = attribute::kNonExistent | (now.children ? attribute::kHasChildren : attribute::kHasNoChildren);
  if (now.subscribed) line.attributes |= attribute::kSubscribed;
  write_list(session.out(), line, session.utf8());
}

// What NOTIFY SET tells of the mailboxes it names. False: the peer is gone.
Task<Result<bool>> write_standing(Session& session, const Notifications& wanted, bool status) {
  const auto standing = wanted.standing(session);
  if (!standing) co_return std::unexpected(standing.error());
  for (const Mailbox& mailbox : standing->refused) {
    // RFC 5465 3.1: that it is there is no secret, but nothing is told of it.
    const std::string name = mailbox.name();
    namespace attribute = list_attribute;
    write_list(session.out(), {.name = name, .attributes = attribute::kNoAccess}, session.utf8());
    const bool goes_on = co_await session.drain_if_full();
    if (!goes_on) co_return false;
  }
  if (!status) co_return true;
  for (const auto& [mailbox, events] : standing->heard) {
    if (session.has_selected() && session.selected().account().id() == mailbox.account().id() &&
        session.selected().folder() == mailbox.folder.id) {
      continue;
    }
    const auto written = write_folder_status(session.out(), mailbox, first_status(events),
                                             session.settings().max_message_octets, session.utf8());
    if (!written) co_return std::unexpected(written.error());
    const bool goes_on = co_await session.drain_if_full();
    if (!goes_on) co_return false;
  }
  co_return true;
}

}  // namespace

Task<Answer> run_notify(Session& session, Command& command) {
  auto& request = std::get<Notify>(command.body);
  NotifyEvents events = 0;
  for (const NotifyGroup& group : request.groups) events |= group.events;
  if ((events & ~kSupported) != 0) {
    co_return no(code::bad_event(event_names(kSupported)), "Of some of these events nothing is told here");
  }
  for (const NotifyGroup& group : request.groups) {
    if (group.new_items.has(FetchAttribute::modseq)) session.enable_condstore();
  }
  // RFC 5465 3.1: what has gathered is told at once.
  session.notify(nullptr);
  if (session.has_selected()) {
    const bool goes_on = co_await session.tell_news(true);
    if (!goes_on) co_return peer_gone();
  }
  if (request.groups.empty()) {
    session.notify(std::make_unique<Notifications>());
    co_return ok();
  }
  const bool status = request.status;
  auto wanted = std::make_unique<Notifications>(std::move(request));
  auto job = [&] { return wanted->listen(session, false); };
  const Result<> listens = co_await session.workers().run(job);
  if (!listens && listens.error().code == Errc::limit) {
    co_return no(code::kNotificationOverflow, "Those are mailboxes of too many others");
  }
  if (!listens) co_return session.failed(listens.error());
  const Result<bool> written = co_await write_standing(session, *wanted, status);
  if (!written) co_return session.failed(written.error());
  if (!*written) co_return peer_gone();
  session.notify(std::move(wanted));
  co_return ok();
}

Notifications::OfSelected Session::wanted_of_selected() const {
  return notifications_ ? notifications_->of_selected() : Notifications::OfSelected();
}

std::unique_ptr<account::Watch> Session::watch(account::Account& account) {
  return account.watch([waker = waker_] { waker->wake(); });
}

std::unique_ptr<directory::ShareWatch> Session::watch_shares(std::shared_ptr<std::atomic<bool>> changed) {
  return services().door.directory().watch_shares([waker = waker_, changed = std::move(changed)] {
    changed->store(true, std::memory_order_release);
    waker->wake();
  });
}

void Session::notify(std::unique_ptr<Notifications> wanted) {
  notifications_ = std::move(wanted);
  watch_selected();
}

void Session::select(std::unique_ptr<Selected> view) {
  selected_ = std::move(view);
  watch_selected();
}

// With NOTIFY, news of the selected mailbox does not wait for a command, whoever's it is.
void Session::watch_selected() {
  selected_watch_.reset();
  if (!notifications_ || !selected_ || &selected_->account() == own_account_.get()) return;
  if (!notifications_->of_selected().messages) return;
  selected_watch_ = watch(selected_->account());
  waker_->wake();  // something may have happened before the watch began
}

Task<bool> Session::tell_other_news() {
  if (!notifications_) co_return true;
  Result<> listens;
  if (notifications_->is_stale()) {
    auto job = [this] { return notifications_->listen(*this, true); };
    listens = co_await workers().run(job);
  }
  auto news = notifications_->collect(*this);
  if (!news) {
    (void)failed(news.error());
    co_return true;
  }
  if (news->overflow || (!listens && listens.error().code == Errc::limit)) {
    // RFC 5465 5.8
    write_untagged(out(), Condition::ok, code::kNotificationOverflow, "Too much happened; nothing is told any more");
    notify(std::make_unique<Notifications>());
    co_return true;
  }
  for (const auto& name : news->names) {
    auto look = [&] { return look_up(*this, name.name); };
    const Named now = co_await workers().run(look);
    write_name(*this, name, now);
    const bool goes_on = co_await drain_if_full();
    if (!goes_on) co_return false;
  }
  for (const auto& [mailbox, items] : news->mailboxes) {
    (void)write_folder_status(out(), mailbox, items, settings_->max_message_octets, utf8());
    const bool goes_on = co_await drain_if_full();
    if (!goes_on) co_return false;
  }
  for (const auto& [name, entries] : news->entries) {
    write_metadata_changed(out(), name, entries, utf8());
    const bool goes_on = co_await drain_if_full();
    if (!goes_on) co_return false;
  }
  if (notifications_->is_stale()) waker_->wake();
  co_return true;
}

// RFC 5465 5.2, 7. \\Seen is not set by what nobody asked for now.
Task<bool> Session::write_new_messages(NumberSet uids, FetchItems items) {
  FetchPlan plan;
  plan.items = std::move(items);
  if (!enabled_.uid_only) plan.items.add(FetchAttribute::uid);
  plan.uids = std::move(uids);
  plan.utf8 = utf8();
  plan.uid_only = enabled_.uid_only;
  plan.recent = !rev2();
  plan.previews = &previews();
  const bool flags = plan.items.has(FetchAttribute::flags);
  FetchRun run(selected_->account(), *selected_, std::move(plan));
  KeywordNames names;
  for (bool more = true; more;) {
    if (flags && !run.within_message()) names = keywords(run.unheard());
    auto page = [&run, &names] { return run.next(names); };
    Result<bool> read = co_await workers().run(page);
    if (!read) {
      // Within a literal: only the end of the connection tells that this is not all.
      (void)failed(read.error());
      co_return false;
    }
    more = *read;
    out() += run.page();
    const bool sent = co_await drain_if_full();
    if (!sent) co_return false;
  }
  if (run.failure()) (void)failed(*run.failure());
  co_return true;
}

}  // namespace gatepost::imap::server
