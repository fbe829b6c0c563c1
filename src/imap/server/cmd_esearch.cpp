// ESEARCH: one search in many mailboxes (RFC 7377).

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "base/ascii.hpp"
#include "imap/protocol/response.hpp"
#include "imap/server/search_task.hpp"

namespace gatepost::imap::server {
namespace {

using Kind = MailboxFilter::Kind;

bool is_below(const account::Folder& folder, const std::string& path, bool only_next) {
  if (folder.path == path) return true;
  if (folder.path.size() <= path.size() || !folder.path.starts_with(path) || folder.path[path.size()] != '/')
    return false;
  return !only_next || folder.path.find('/', path.size() + 1) == std::string::npos;
}

bool is_meant(const account::Folder& folder, const MailboxFilter& filter, const std::vector<std::string>& paths) {
  switch (filter.kind) {
    case Kind::selected:
      return false;
    case Kind::inboxes:
      return folder.role == account::Role::inbox;
    case Kind::personal:
      return true;
    case Kind::subscribed:
      return folder.subscribed;
    case Kind::subtree:
    case Kind::subtree_one:
      return std::ranges::any_of(
          paths, [&](const std::string& path) { return is_below(folder, path, filter.kind == Kind::subtree_one); });
    case Kind::mailboxes:
      return std::ranges::find(paths, folder.path) != paths.end();
  }
  return false;
}

// Each once, by path. Names of nothing mean nothing (RFC 7377 2.2). Blocks, if briefly.
Result<std::vector<account::Folder>> folders_of(account::Account& account, const Esearch& request,
                                                std::optional<account::FolderId> selected) {
  GP_TRY(const auto all, account.folders());
  std::set<account::FolderId> meant;
  for (const MailboxFilter& filter : request.in) {
    if (filter.kind == Kind::selected && selected) meant.insert(*selected);
    std::vector<std::string> paths;
    for (const std::string& name : filter.mailboxes) {
      const auto folder = account.find_folder(name);  // which knows INBOX in any case
      if (folder) paths.push_back(folder->path);
    }
    for (const account::Folder& folder : *all) {
      if (folder.selectable && is_meant(folder, filter, paths)) meant.insert(folder.id);
    }
  }
  std::vector<account::Folder> out;
  for (const account::Folder& folder : *all) {
    if (meant.contains(folder.id)) out.push_back(folder);
  }
  return out;
}

std::optional<Answer> check(const Session& session, const Esearch& request) {
  const Search& search = request.search;
  if (session.enabled().utf8_accept && !search.charset.empty()) return bad("CHARSET makes no sense with UTF8=ACCEPT");
  const bool asks_selected = std::ranges::find(request.in, Kind::selected, &MailboxFilter::kind) != request.in.end();
  if (asks_selected && !session.has_selected()) return bad("Select a mailbox first");
  // RFC 7377 2.1: numbers of messages mean nothing in mailboxes that are not selected, nor does what was saved.
  if (std::ranges::any_of(search.keys, [](const SearchKey& key) {
        return key.op == SearchOp::sequence || (key.op == SearchOp::uid && key.set.is_saved());
      })) {
    return bad("Numbers of messages do not go over mailboxes", code::kClientBug);
  }
  if (search.returns && search.returns->update) return bad("UPDATE is for SEARCH and SORT", code::kClientBug);
  // RFC 7377 2.3
  if (search.returns && search.returns->save && (request.in.size() != 1 || !asks_selected))
    return bad("SAVE is for the selected mailbox alone", code::kClientBug);
  return std::nullopt;
}

}  // namespace

Task<Answer> run_esearch(Session& session, Command& command) {
  const Esearch& request = std::get<Esearch>(command.body);
  const Search& search = request.search;
  if (auto refused = check(session, request)) co_return std::move(*refused);
  std::optional<account::FolderId> selected;
  if (session.has_selected()) selected = session.selected().folder();
  const auto folders = folders_of(session.account(), request, selected);
  if (!folders) co_return session.failed(folders.error());

  const SearchReturn returns = returns_of(search);
  bool missing = false;
  for (const account::Folder& folder : *folders) {
    std::optional<Selected> opened;
    Selected* view = selected == folder.id ? &session.selected() : nullptr;
    if (view == nullptr) {
      auto open = [&] { return session.account().open_folder(folder.id, false); };
      Result<account::Opened> found = co_await session.workers().run(open);
      if (!found && found.error().code == Errc::not_found) continue;  // deleted a moment ago
      if (!found) co_return session.failed(found.error());
      view = &opened.emplace(std::move(*found), true);
    }
    std::expected<SearchFound, Answer> found = co_await find_messages(session, *view, search, wanted_of(returns));
    if (!found) co_return std::move(found.error());
    missing = missing || found->missing;
    auto look = [&] { return answer_of(session.account(), *view, returns, *found); };
    Result<SearchAnswer> answer = co_await session.workers().run(look);
    if (!answer) co_return session.failed(answer.error());
    if (returns.save) view->save(to_save(returns, found->uids, answer->partial));
    if (found->uids.empty()) continue;  // RFC 7377 2.1: nothing is said of where nothing is found
    const EsearchResult into{
        .uid = true, .mailbox = folder.path, .uid_validity = view->uid_validity(), .utf8 = session.utf8()};
    write_found(session.out(), *view, command.tag, into, returns, *found, *answer);
    const bool goes_on = co_await session.drain_if_full();
    if (!goes_on) co_return peer_gone();
  }
  co_return end_of_search(missing);
}

}  // namespace gatepost::imap::server
