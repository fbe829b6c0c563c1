// CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 6.3.4 to 6.3.8; RFC 6154 3).

#include <algorithm>
#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/list_entry.hpp"
#include "imap/server/namespaces.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

// RFC 9051 6.3.4, 6.3.6: in rev2 a client learns of a name that is not as it wrote it, and of the new one.
void tell_name(Session& session, const Location& place, account::FolderId id, std::string_view old_name) {
  const auto folder = place.account->folder(id);
  if (!folder || !session.rev2()) return;
  const std::string name = place.prefix + folder->path;
  if (name == old_name) return;
  FolderFacts facts{.children = session.sees_children(place, *folder), .old_name = old_name};
  if (!place.own()) facts.name = name;
  write_folder(session.out(), *folder, facts, session.utf8());
}

// Where something is to be made, if the client may.
Result<Location> new_place(const Session& session, std::string_view name) {
  if (const auto foreign = parse_foreign(name); foreign && foreign->address.empty()) {
    return fail(Errc::denied, "the root of a namespace");
  }
  GP_TRY(Location place, session.place_of(name));
  GP_CHECK(session.may_create(place));
  return place;
}

}  // namespace

Task<Answer> run_create(Session& session, Command& command) {
  const auto& request = std::get<Create>(command.body);
  const std::string_view name = without_trailing_delimiter(request.mailbox);
  account::Role role = account::Role::none;
  if (!request.special_use.empty()) {
    // RFC 6154 3. A folder has one use here.
    role = role_of(request.special_use.front());
    if (role == account::Role::none || request.special_use.size() > 1) {
      co_return no(code::kUseAttr, "A mailbox cannot have this use here");
    }
  }
  Location place;
  auto job = [&]() -> Result<account::Folder> {
    GP_TRY(place, new_place(session, name));
    if (role != account::Role::none && !place.own()) return fail(Errc::denied, "what it is for, it is for its owner");
    return place.account->create_folder(place.path, role);
  };
  const auto made = co_await session.workers().run(job);
  if (!made) {
    if (made.error().code == Errc::already_exists && place.account) {
      const auto there = place.account->find_folder(place.path);
      if (!there || !there->selectable) co_return no(code::kUseAttr, "Another mailbox has this use");
    }
    co_return session.failed(made.error());
  }
  session.did(*place.account, {.what = account::FolderEvent::What::created, .path = made->path});
  tell_name(session, place, made->id, name);
  co_return ok(code::mailbox_id(place.ids().mailbox(made->id)), "CREATE completed");
}

Task<Answer> run_delete(Session& session, Command& command) {
  const std::string& name = std::get<Delete>(command.body).mailbox;
  const auto mailbox = co_await session.find_mailbox(name, sharing::Right::remove);
  if (!mailbox) co_return session.failed(mailbox.error());
  const account::Folder& folder = mailbox->folder;
  auto job = [&]() { return mailbox->account().delete_folder(folder.id); };
  const auto done = co_await session.workers().run(job);
  if (!done) {
    if (done.error().code == Errc::denied && folder.role != account::Role::inbox) {
      co_return no(code::kHasChildren, "It holds other mailboxes");
    }
    co_return session.failed(done.error());
  }
  session.did(mailbox->account(), {.what = account::FolderEvent::What::deleted, .path = folder.path});
  if (session.has_selected() && &session.selected().account() == &mailbox->account() &&
      session.selected().folder() == folder.id) {
    session.close_selected();
  }
  co_return ok();
}

Task<Answer> run_rename(Session& session, Command& command) {
  const auto& request = std::get<Rename>(command.body);
  const std::string_view from = without_trailing_delimiter(request.from);
  const std::string_view to = without_trailing_delimiter(request.to);
  Mailbox mailbox;
  auto job = [&]() -> Result<> {
    GP_TRY(mailbox, session.mailbox_of(from, sharing::Right::remove));
    const bool inbox = mailbox.folder.role == account::Role::inbox;
    // Its messages leave it (RFC 9051 6.3.6), as MOVE takes them.
    const sharing::Rights of_move = sharing::Right::read | sharing::Right::mark | sharing::Right::expunge;
    if (inbox && !mailbox.rights.has(of_move)) return fail(Errc::forbidden, "the messages may not go");
    GP_TRY(const Location place, new_place(session, to));
    if (place.account->id() != mailbox.account().id()) return fail(Errc::denied, "from one account to another");
    return mailbox.account().rename_folder(mailbox.folder.id, place.path);
  };
  const auto done = co_await session.workers().run(job);
  if (!done) co_return session.failed(done.error());
  if (const auto now = mailbox.account().folder(mailbox.folder.id); now) {
    session.did(mailbox.account(), {.what = account::FolderEvent::What::renamed, .path = now->path});
  }
  if (mailbox.folder.role != account::Role::inbox) {
    const std::string old_name = mailbox.name();
    tell_name(session, mailbox.place, mailbox.folder.id, old_name);
  }
  co_return ok();
}

namespace {

Task<Answer> subscribe(Session& session, std::string_view name, bool wanted) {
  auto job = [&session, name, wanted]() { return session.own_account().set_subscribed(name, wanted); };
  const auto done = co_await session.workers().run(job);
  if (!done) co_return session.failed(done.error());
  session.did(session.own_account(), {.what = account::FolderEvent::What::subscription, .path = std::string(name)});
  co_return ok();
}

}  // namespace

Task<Answer> run_subscribe(Session& session, Command& command) {
  return subscribe(session, without_trailing_delimiter(std::get<Subscribe>(command.body).mailbox), true);
}

Task<Answer> run_unsubscribe(Session& session, Command& command) {
  return subscribe(session, without_trailing_delimiter(std::get<Unsubscribe>(command.body).mailbox), false);
}

}  // namespace gatepost::imap::server
