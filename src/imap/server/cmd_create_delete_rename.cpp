// CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 6.3.4 to 6.3.8; RFC 6154 3).

#include <algorithm>
#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/list_entry.hpp"
#include "imap/server/object_id.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

bool has_children(account::Account& account, account::FolderId id) {
  const auto all = account.folders();
  return all && std::ranges::any_of(**all, [id](const account::Folder& f) { return f.parent == id; });
}

// RFC 9051 6.3.4, 6.3.6: in rev2 a client learns of a name that is not as it wrote it, and of the new one.
void tell_name(Session& session, account::FolderId id, std::string_view old_name) {
  const auto folder = session.account().folder(id);
  if (!folder || !session.rev2() || folder->path == old_name) return;
  const FolderFacts facts{.children = has_children(session.account(), id), .old_name = old_name};
  write_folder(session.out(), *folder, facts, session.utf8());
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
  auto job = [&]() { return session.account().create_folder(name, role); };
  const auto made = co_await session.workers().run(job);
  if (!made) {
    const auto there = session.account().find_folder(name);
    if (made.error().code == Errc::already_exists && (!there || !there->selectable)) {
      co_return no(code::kUseAttr, "Another mailbox has this use");
    }
    co_return session.failed(made.error());
  }
  tell_name(session, made->id, name);
  co_return ok(code::mailbox_id(mailbox_id(made->id)), "CREATE completed");
}

Task<Answer> run_delete(Session& session, Command& command) {
  const std::string_view name = std::get<Delete>(command.body).mailbox;
  const auto folder = session.account().find_folder(name);
  if (!folder) co_return session.failed(folder.error());
  auto job = [&]() { return session.account().delete_folder(folder->id); };
  const auto done = co_await session.workers().run(job);
  if (!done) {
    if (done.error().code == Errc::denied && folder->role != account::Role::inbox) {
      co_return no(code::kHasChildren, "It holds other mailboxes");
    }
    co_return session.failed(done.error());
  }
  if (session.has_selected() && session.selected().folder() == folder->id) session.close_selected();
  co_return ok();
}

Task<Answer> run_rename(Session& session, Command& command) {
  const auto& request = std::get<Rename>(command.body);
  const std::string_view from = without_trailing_delimiter(request.from);
  const std::string_view to = without_trailing_delimiter(request.to);
  const auto folder = session.account().find_folder(from);
  if (!folder) co_return session.failed(folder.error());
  auto job = [&]() { return session.account().rename_folder(folder->id, to); };
  const auto done = co_await session.workers().run(job);
  if (!done) co_return session.failed(done.error());
  if (folder->role != account::Role::inbox) tell_name(session, folder->id, folder->path);
  co_return ok();
}

namespace {

Task<Answer> subscribe(Session& session, std::string_view name, bool wanted) {
  auto job = [&session, name, wanted]() { return session.account().set_subscribed(name, wanted); };
  const auto done = co_await session.workers().run(job);
  if (!done) co_return session.failed(done.error());
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
