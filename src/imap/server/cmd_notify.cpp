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
    static_cast<NotifyEvents>(NotifyEvent::subscription_change);

bool has_children(account::Account& account, std::string_view path) {
  const auto all = account.folders();
  const std::string below = std::string(path) + '/';
  if (!all) return false;
  const auto at = std::ranges::lower_bound(**all, below, {}, &account::Folder::path);
  return at != (*all)->end() && at->path.starts_with(below);
}

// RFC 5465 5.4, 5.5: as it is now, whatever it was when it was news.
void write_name(Session& session, const Notifications::News::Name& name) {
  account::Account& account = session.own_account();
  FolderFacts facts{.children = has_children(account, name.path)};
  if (name.old_path) facts.old_name = *name.old_path;
  if (const auto folder = account.find_folder(name.path)) {
    facts.subscribed = folder->subscribed;
    return write_folder(session.out(), *folder, facts, session.utf8());
  }
  namespace attribute = list_attribute;
  ListEntry line{.name = name.path};
  line.attributes = attribute::kNonExistent | (facts.children ? attribute::kHasChildren : attribute::kHasNoChildren);
  const auto names = account.subscriptions();
  if (names && std::ranges::find(*names, name.path) != names->end()) line.attributes |= attribute::kSubscribed;
  write_list(session.out(), line, session.utf8());
}

// The STATUS responses of NOTIFY SET STATUS. False: the peer is gone.
Task<Result<bool>> write_first_status(Session& session, const Notifications& wanted) {
  const auto folders = session.own_account().folders();
  if (!folders) co_return std::unexpected(folders.error());
  for (const account::Folder& folder : **folders) {
    if (session.has_selected() && &session.selected().account() == &session.own_account() &&
        session.selected().folder() == folder.id) {
      continue;
    }
    const NotifyEvents events = wanted.of_messages(folder);
    if (events == 0) continue;
    const auto mailbox = session.mailbox_of(folder.path);
    if (!mailbox) continue;  // deleted a moment ago
    const auto written = write_folder_status(session.out(), *mailbox, first_status(events),
                                             session.settings().max_message_octets, session.utf8());
    if (!written) co_return std::unexpected(written.error());
    if (!session.output().full()) continue;
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
  // First the watch, then the look at what there is: nothing falls between.
  auto watch = session.watch(session.own_account());
  const account::Modseq since = session.own_account().modseq();
  const bool status = request.status;
  auto wanted = std::make_unique<Notifications>(std::move(request), std::move(watch), since);
  if (status) {
    const Result<bool> written = co_await write_first_status(session, *wanted);
    if (!written) co_return session.failed(written.error());
    if (!*written) co_return peer_gone();
  }
  session.notify(std::move(wanted));
  co_return ok();
}

Notifications::OfSelected Session::wanted_of_selected() const {
  return notifications_ ? notifications_->of_selected() : Notifications::OfSelected();
}

std::unique_ptr<account::Watch> Session::watch(account::Account& account) {
  return account.watch([waker = waker_] { waker->wake(); });
}

Task<bool> Session::tell_other_news() {
  if (!notifications_) co_return true;
  std::optional<account::FolderId> selected;
  if (selected_ && &selected_->account() == own_account_.get()) selected = selected_->folder();
  auto news = notifications_->collect(*own_account_, selected, enabled_.condstore);
  if (!news) {
    (void)failed(news.error());
    co_return true;
  }
  if (news->overflow) {
    // RFC 5465 5.8
    write_untagged(out(), Condition::ok, code::kNotificationOverflow, "Too much happened; nothing is told any more");
    notify(std::make_unique<Notifications>());
    co_return true;
  }
  for (const auto& name : news->names) {
    write_name(*this, name);
    const bool goes_on = co_await drain_if_full();
    if (!goes_on) co_return false;
  }
  for (const auto& [folder, items] : news->mailboxes) {
    const auto mailbox = mailbox_of(folder.path);
    if (!mailbox) continue;  // gone since
    (void)write_folder_status(out(), *mailbox, items, settings_->max_message_octets, utf8());
    const bool goes_on = co_await drain_if_full();
    if (!goes_on) co_return false;
  }
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
    if (flags && !run.within_message()) names = keywords();
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
