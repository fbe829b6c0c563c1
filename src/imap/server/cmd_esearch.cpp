// ESEARCH: one search in many mailboxes (RFC 7377).

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "base/ascii.hpp"
#include "imap/protocol/response.hpp"
#include "imap/server/catalogue.hpp"
#include "imap/server/fuzzy.hpp"
#include "imap/server/mailbox_filter.hpp"
#include "imap/server/search_filters.hpp"
#include "imap/server/search_task.hpp"
#include "mime/normal_form.hpp"

namespace gatepost::imap::server {
namespace {

using Kind = MailboxFilter::Kind;

bool is_meant(const Listed& one, const MailboxFilter& filter, const std::vector<std::string>& names,
              const std::vector<std::string>& subscriptions) {
  switch (filter.kind) {
    case Kind::selected:
    case Kind::selected_delayed:
      return false;
    case Kind::inboxes:
      return one.own() && one.folder->role == account::Role::inbox;
    case Kind::personal:
      return one.own();
    case Kind::subscribed:
      return std::ranges::binary_search(subscriptions, one.name);
    case Kind::subtree:
    case Kind::subtree_one:
      return std::ranges::any_of(
          names, [&](const std::string& name) { return is_below(one.name, name, filter.kind == Kind::subtree_one); });
    case Kind::mailboxes:
      return std::ranges::find(names, one.name) != names.end();
  }
  return false;
}

// "inbox" in any case is one's own, also as the first level.
std::string canonical(std::string_view name) {
  constexpr std::string_view kInbox = "INBOX";
  const bool inbox = ascii::istarts_with(name, kInbox) && (name.size() == kInbox.size() || name[kInbox.size()] == '/');
  return mime::to_nfc(inbox ? std::string(kInbox).append(name.substr(kInbox.size())) : std::string(name));
}

// Each once, by name. Names of nothing mean nothing, and neither do mailboxes that may not be read (RFC 7377 2.2).
// Blocks.
Result<std::vector<Mailbox>> mailboxes_of(const Session& session, const Esearch& request) {
  const bool own_only = std::ranges::all_of(request.in, [](const MailboxFilter& filter) {
    return filter.kind == Kind::selected || filter.kind == Kind::inboxes || filter.kind == Kind::personal;
  });
  const bool selected_is_foreign =
      session.has_selected() && session.selected().account().id() != session.own_account().id();
  GP_TRY(const auto all, Catalogue::make(session, !own_only || selected_is_foreign));
  GP_TRY(const auto subscriptions, session.own_account().subscriptions());
  std::set<std::string_view> meant;
  for (const MailboxFilter& filter : request.in) {
    std::vector<std::string> names;
    for (const std::string& name : filter.mailboxes) names.push_back(canonical(name));
    for (const Listed& one : all->all()) {
      if (one.folder == nullptr || !one.folder->selectable || !one.rights.has(sharing::Right::read)) continue;
      const bool selected = filter.kind == Kind::selected && session.has_selected() &&
                            one.place->account->id() == session.selected().account().id() &&
                            one.folder->id == session.selected().folder();
      if (selected || is_meant(one, filter, names, subscriptions)) meant.insert(one.name);
    }
  }
  std::vector<Mailbox> out;
  for (const Listed& one : all->all()) {
    if (meant.contains(one.name)) out.push_back(one.mailbox());
  }
  return out;
}

std::optional<Answer> check(const Session& session, const std::string& tag, const Esearch& request) {
  const Search& search = request.search;
  if (session.enabled().utf8_accept && !search.charset.empty()) return bad("CHARSET makes no sense with UTF8=ACCEPT");
  const bool asks_selected = std::ranges::find(request.in, Kind::selected, &MailboxFilter::kind) != request.in.end();
  if (asks_selected && !session.has_selected()) return bad("Select a mailbox first");
  const bool only_selected = asks_selected && request.in.size() == 1;
  // What was saved is of the selected mailbox.
  const bool asks_saved = std::ranges::any_of(search.keys, [](const SearchKey& key) { return key.set.is_saved(); });
  if (asks_saved && !only_selected) return bad("What was saved is of the selected mailbox alone", code::kClientBug);
  if (!search.returns) return std::nullopt;
  // RFC 7377 2.2
  if (search.returns->update && !only_selected)
    return bad("UPDATE is for the selected mailbox alone", code::kClientBug);
  if (search.returns->save && !only_selected) return bad("SAVE is for the selected mailbox alone", code::kClientBug);
  return only_selected ? refuse_update(session, tag, search) : std::nullopt;
}

}  // namespace

Task<Answer> run_esearch(Session& session, Command& command) {
  Esearch& request = std::get<Esearch>(command.body);
  const Search& search = request.search;
  auto unknown = co_await expand_filters(session, request.search);
  if (unknown) co_return std::move(*unknown);
  if (auto refused = check(session, command.tag, request)) co_return std::move(*refused);
  const auto fuzzy = co_await expand_fuzzy(session, request.search);
  auto choose = [&] { return mailboxes_of(session, request); };
  const auto mailboxes = co_await session.workers().run(choose);
  if (!mailboxes) co_return session.failed(mailboxes.error());

  const SearchReturn returns = returns_of(search);
  const std::uint32_t most = session.settings().message_limit;
  bool missing = false, limited = false;
  account::Uid lowest = 0;
  // Of the account at hand: mailboxes of one follow each other.
  std::optional<search::Answers> index;
  std::optional<account::AccountId> index_of;
  for (const Mailbox& mailbox : *mailboxes) {
    if (index_of != mailbox.account().id()) index.reset();
    index_of = mailbox.account().id();
    std::optional<Selected> opened;
    const bool selected = session.has_selected() && session.selected().account().id() == mailbox.account().id() &&
                          session.selected().folder() == mailbox.folder.id;
    Selected* view = selected ? &session.selected() : nullptr;
    if (view == nullptr) {
      auto open = [&] { return mailbox.account().open_folder(mailbox.folder.id, false); };
      Result<account::Opened> found = co_await session.workers().run(open);
      if (!found && found.error().code == Errc::not_found) continue;  // deleted a moment ago
      if (!found) co_return session.failed(found.error());
      view = &opened.emplace(mailbox.place.account, std::move(*found), true);
    }
    std::expected<SearchFound, Answer> found =
        co_await find_messages(session, *view, search, wanted_of(returns), most, &index);
    if (!found) co_return std::move(found.error());
    missing = missing || found->missing;
    limited = limited || found->lowest != 0;
    lowest = found->lowest;
    auto look = [&] { return answer_of(view->account(), *view, returns, *found); };
    Result<SearchAnswer> answer = co_await session.workers().run(look);
    if (!answer) {
      if (returns.save) view->save({});
      co_return session.failed(answer.error());
    }
    if (returns.save) view->save(to_save(returns, found->uids, answer->partial));
    if (!found->uids.empty()) {  // RFC 7377 2.1: nothing is said of where nothing is found
      const std::string name = mailbox.name();
      std::vector<std::uint8_t> scores;
      if (returns.relevancy && fuzzy) {
        auto scored = co_await scores_of(session, *view, *fuzzy, returns.partial ? answer->partial : found->uids);
        if (!scored) co_return std::move(scored.error());
        scores = std::move(*scored);
      }
      const EsearchResult into{.uid = true,
                               .mailbox = name,
                               .uid_validity = view->uid_validity(),
                               .utf8 = session.utf8(),
                               .relevancy = scores};
      write_found(session.out(), *view, command.tag, into, returns, *found, *answer);
    }
    if (returns.update) {
      keep_updated(session,
                   {.tag = command.tag, .search = search, .criteria = {}, .found = std::move(found->uids), .order = {}},
                   found->lowest != 0);
    }
    const bool goes_on = co_await session.drain_if_full();
    if (!goes_on) co_return peer_gone();
  }
  if (!limited || mailboxes->size() == 1) co_return end_within_limit(session, lowest, missing);
  // RFC 9738 3.1: of each mailbox only the newest were looked at; which UID that came to in one of them says nothing.
  co_return ok(code::message_limit(most), "Of each mailbox only the newest messages");
}

}  // namespace gatepost::imap::server
