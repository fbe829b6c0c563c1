// SEARCH and UID SEARCH (RFC 9051 6.4.4; RFC 4731, RFC 5182, RFC 7162 3.1.5, RFC 9394), CANCELUPDATE (RFC 5267 4.3.5).

#include <algorithm>
#include <utility>
#include <variant>

#include "imap/protocol/response.hpp"
#include "imap/server/fuzzy.hpp"
#include "imap/server/search_filters.hpp"
#include "imap/server/search_task.hpp"

namespace gatepost::imap::server {

Task<Answer> run_cancel_update(Session& session, Command& command) {
  auto& contexts = session.selected().contexts;
  const auto& tags = std::get<CancelUpdate>(command.body).tags;
  const auto dropped =
      std::erase_if(contexts, [&](const SearchContext& c) { return std::ranges::find(tags, c.tag) != tags.end(); });
  if (dropped == 0) co_return no("", "No such result is kept up to date");
  co_return ok();
}

Task<Answer> run_search(Session& session, Command& command) {
  Search& search = std::get<Search>(command.body);
  Selected& view = session.selected();
  // RFC 6855 3, RFC 9755 3: with UTF8=ACCEPT all is UTF-8.
  if (session.enabled().utf8_accept && !search.charset.empty())
    co_return bad("CHARSET makes no sense with UTF8=ACCEPT");
  if (auto refused = refuse_update(session, command.tag, search)) co_return std::move(*refused);
  auto unknown = co_await expand_filters(session, search);
  if (unknown) co_return std::move(*unknown);
  const auto fuzzy = co_await expand_fuzzy(session, search);
  const SearchReturn returns = returns_of(search);
  std::expected<SearchFound, Answer> found =
      co_await find_messages(session, view, search, wanted_of(returns), session.settings().message_limit);
  if (!found) co_return std::move(found.error());
  auto look = [&] { return answer_of(view.account(), view, returns, *found); };
  Result<SearchAnswer> answer;
  if (found->tells_modseq && returns.partial) {
    answer = co_await session.workers().run(look);
  } else {
    answer = look();
  }
  if (!answer) {
    if (returns.save) view.save({});  // RFC 5182 2.1
    co_return session.failed(answer.error());
  }
  std::vector<std::uint8_t> scores;
  if (returns.relevancy && fuzzy) {
    auto scored = co_await scores_of(session, view, *fuzzy, returns.partial ? answer->partial : found->uids);
    if (!scored) {
      if (returns.save) view.save({});
      co_return std::move(scored.error());
    }
    scores = std::move(*scored);
  }
  if (returns.save) view.save(to_save(returns, found->uids, answer->partial));
  if (!search.returns && !session.rev2()) {
    write_search(session.out(), view.as_asked(found->uids, search.uid), answer->modseq);
  } else {
    write_found(session.out(), view, command.tag, {.uid = search.uid, .relevancy = scores}, returns, *found, *answer);
  }
  if (returns.update) {
    keep_updated(session,
                 {.tag = command.tag, .search = search, .criteria = {}, .found = std::move(found->uids), .order = {}},
                 found->lowest != 0);
  }
  co_return end_of_search(session, *found);
}

}  // namespace gatepost::imap::server
