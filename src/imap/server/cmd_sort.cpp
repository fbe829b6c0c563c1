// SORT and UID SORT (RFC 5256 3, RFC 5957; with RETURN: RFC 5267 3, RFC 9394).

#include <algorithm>
#include <utility>
#include <variant>

#include "imap/protocol/response.hpp"
#include "imap/server/fuzzy.hpp"
#include "imap/server/head_walk.hpp"
#include "imap/server/search_filters.hpp"
#include "imap/server/search_task.hpp"
#include "imap/server/sort_order.hpp"

namespace gatepost::imap::server {
namespace {

// What the answer names of the order, when it is not all.
std::vector<account::Uid> named(const SearchReturn& r, const std::vector<account::Uid>& order, std::size_t begin,
                                std::size_t end) {
  std::vector<account::Uid> out(order.begin() + static_cast<std::ptrdiff_t>(begin),
                                order.begin() + static_cast<std::ptrdiff_t>(end));
  if (r.min && !order.empty()) out.push_back(order.front());
  if (r.max && !order.empty()) out.push_back(order.back());
  return out;
}

NumberSet set_of(std::vector<account::Uid> uids) {
  std::ranges::sort(uids);
  NumberSet out;
  for (const account::Uid uid : uids) out.add(uid);
  return out;
}

// RFC 5267 3.2: MIN and MAX are the first and the last in the order, and ALL and PARTIAL keep it.
void write_result(Session& session, const std::string& tag, const Sort& sort, const SortOrder& order,
                  std::vector<std::uint32_t> numbers, std::size_t begin, std::size_t end, account::Modseq modseq) {
  std::vector<std::uint8_t> scores;
  if (const SearchReturn r = returns_of(sort.search); r.relevancy) {
    const auto named = r.partial ? std::span(numbers).subspan(begin, end - begin) : std::span(numbers);
    for (const account::Uid uid : named) scores.push_back(order.score_of(uid));
  }
  if (!sort.search.uid) {
    for (std::uint32_t& n : numbers) n = session.selected().uids().rank(n);
  }
  if (!sort.search.returns) return write_sort(session.out(), numbers, modseq);
  const SearchReturn r = returns_of(sort.search);
  if (!r.min && !r.max && !r.all && !r.count && !r.partial) return;  // SAVE alone answers nothing
  EsearchResult result{.relevancy = scores};
  result.uid = sort.search.uid;
  if (r.min && !numbers.empty()) result.min = numbers.front();
  if (r.max && !numbers.empty()) result.max = numbers.back();
  if (r.count) result.count = static_cast<std::uint32_t>(numbers.size());
  std::string all, range, partial;
  if (r.all) result.ordered = all = ordered_set(numbers);
  if (r.partial) {
    result.partial_range = range = to_string(*r.partial);
    result.partial = partial = ordered_set(std::span(numbers).subspan(begin, end - begin));
  }
  result.modseq = modseq;
  write_esearch(session.out(), tag, result);
}

}  // namespace

Task<Answer> run_sort(Session& session, Command& command) {
  Sort& sort = std::get<Sort>(command.body);
  Selected& view = session.selected();
  if (auto refused = refuse_update(session, command.tag, sort.search)) co_return std::move(*refused);
  auto unknown = co_await expand_filters(session, sort.search);
  if (unknown) co_return std::move(*unknown);
  const auto fuzzy = co_await expand_fuzzy(session, sort.search);
  std::expected<SearchFound, Answer> found = co_await find_messages(
      session, session.selected(), sort.search, SearchRun::Wanted::all, session.settings().message_limit);
  if (!found) co_return std::move(found.error());
  if (auto refused = refuse_order(session, *found)) {
    if (sort.search.returns && sort.search.returns->save) view.save({});
    co_return std::move(*refused);
  }

  const Collation collation = session.collation();
  SortOrder order(sort.criteria, collation);
  const bool by_score =
      std::ranges::find(sort.criteria, SortKey::relevancy, &SortCriterion::key) != sort.criteria.end();
  if (fuzzy && (by_score || returns_of(sort.search).relevancy)) {
    auto scores = co_await scores_of(session, view, *fuzzy, found->uids);
    if (!scores) {
      if (sort.search.returns && sort.search.returns->save) view.save({});
      co_return std::move(scores.error());
    }
    order.set_scores(found->uids, std::move(*scores));
  }
  // What can be brought back belongs to no account of its own, so that its numbers are nobody's. Keys of other
  // collations than the default are not kept.
  if (!view.removed && collation.casemap == mime::Casemap::unicode) order.remember(session.head_keys(), view.account());
  order.expect(found->uids.size());
  HeadWalk walk(
      view.account(), view.folder(), found->uids, [&order](const account::Row& row) { return order.needs_head(row); },
      session.services().clock,
      [&order](const account::Row& row, const mime::Structure* head) { return order.add(row, head); });
  const SearchReturn returns = returns_of(sort.search);
  for (bool more = true; more;) {
    auto go_on = [&]() {
      Result<bool> looked = walk.next();
      order.keep_found();
      return looked;
    };
    Result<bool> done = co_await session.workers().run(go_on);
    if (!done) {
      if (returns.save) view.save({});
      co_return session.failed(done.error());
    }
    more = *done;
    const bool goes_on = co_await session.tell_progress(found->uids.size() - walk.left(), found->uids.size());
    if (!goes_on) co_return peer_gone();
  }
  if (walk.damage()) (void)session.failed(*walk.damage());

  std::size_t begin = 0, end = 0;
  account::Modseq modseq = found->highest;
  std::vector<account::Uid> uids;
  SearchContext context{.tag = command.tag,
                        .search = sort.search,
                        .criteria = sort.criteria,
                        .collation = collation,
                        .found = {},
                        .order = {}};
  auto put_in_order = [&]() -> Result<> {
    uids = order.finish();
    const NumberSet places = returns.partial ? places_of(*returns.partial, uids.size()) : NumberSet();
    if (!places.empty()) {
      begin = *places.min() - 1;
      end = *places.max();
    }
    if (returns.update) {
      context.found = set_of(uids);
      context.order = uids;
    }
    if (names_all(returns)) return {};
    found->uids = set_of(named(returns, uids, begin, end));
    if (!found->tells_modseq) return {};
    GP_TRY(modseq, highest_modseq(view.account(), view.folder(), found->uids));
    return {};
  };
  Result<> ordered = co_await session.workers().run(put_in_order);
  if (!ordered) {
    if (returns.save) view.save({});
    co_return session.failed(ordered.error());
  }
  if (returns.save) view.save(found->uids);
  write_result(session, command.tag, sort, order, std::move(uids), begin, end, modseq);
  // Who fits how well is found out for all of a result at once.
  if (returns.update) keep_updated(session, std::move(context), by_score);
  found->missing = found->missing || walk.missing();
  co_return end_of_search(session, *found);
}

}  // namespace gatepost::imap::server
