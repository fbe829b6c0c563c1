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

using Wanted = SearchRun::Wanted;

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

// Puts those into the order of which it is known when they were sent; what is left has to be looked at. Blocks.
Result<NumberSet> add_known(const Session& session, const Selected& view, const NumberSet& uids, SortOrder& order,
                            bool& missing) {
  constexpr std::size_t kRowsAtOnce = 4'096;
  NumberSet left;
  std::vector<account::Row> rows;
  const auto add = [&]() -> Result<> {
    const auto times = session.sent_times().find(view.account().id(), rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (times[i] == SentTimes::kUnknown) {
        left.add(rows[i].uid);
      } else {
        GP_CHECK(order.add_sent(rows[i], times[i]));
      }
    }
    rows.clear();
    return {};
  };
  Result<> added;
  std::uint64_t visited = 0;
  GP_CHECK(view.account().rows(view.folder(), uids, [&](const account::Row& row) {
    ++visited;
    if (row.sent) {
      added = order.add_sent(row, *row.sent);
    } else {
      rows.push_back(row);
      if (rows.size() == kRowsAtOnce) added = add();
    }
    return added.has_value();
  }));
  GP_CHECK(std::move(added));
  GP_CHECK(add());
  missing = missing || visited < uids.size();
  return left;
}

}  // namespace

Task<Answer> run_sort(Session& session, Command& command) {
  Sort& sort = std::get<Sort>(command.body);
  Selected& view = session.selected();
  if (auto refused = refuse_update(session, command.tag, sort.search)) co_return std::move(*refused);
  auto unknown = co_await expand_filters(session, sort.search);
  if (unknown) co_return std::move(*unknown);
  const auto fuzzy = co_await expand_fuzzy(session, sort.search);
  std::expected<SearchFound, Answer> found =
      co_await find_messages(session, session.selected(), sort.search, Wanted::all, session.settings().message_limit);
  if (!found) co_return std::move(found.error());
  if (auto refused = refuse_order(session, *found)) {
    if (sort.search.returns && sort.search.returns->save) view.save({});
    co_return std::move(*refused);
  }

  SortOrder order(sort.criteria);
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
  // What can be brought back belongs to no account of its own, so that its numbers are nobody's.
  const bool by_sent = order.needs_sent_only() && !view.removed;
  NumberSet to_look_at = found->uids;
  if (by_sent) {
    auto known = [&] { return add_known(session, view, found->uids, order, found->missing); };
    Result<NumberSet> left = co_await session.workers().run(known);
    if (!left) {
      if (sort.search.returns && sort.search.returns->save) view.save({});
      co_return session.failed(left.error());
    }
    to_look_at = std::move(*left);
  }
  std::vector<std::pair<account::ItemId, std::int64_t>> sent;
  const auto visit = [&](const account::Row& row, const mime::Structure* head) -> Result<> {
    if (by_sent) sent.emplace_back(row.item, sent_seconds(*head, row));
    return order.add(row, head);
  };
  HeadWalk walk(view.account(), view.folder(), to_look_at, order.needs_heads(), session.services().clock, visit);
  const SearchReturn returns = returns_of(sort.search);
  for (bool more = true; more;) {
    auto go_on = [&]() {
      Result<bool> looked = walk.next();
      session.sent_times().keep(view.account().id(), sent);
      sent.clear();
      return looked;
    };
    Result<bool> done = co_await session.workers().run(go_on);
    if (!done) {
      if (returns.save) view.save({});
      co_return session.failed(done.error());
    }
    more = *done;
    const bool goes_on = co_await session.tell_progress(to_look_at.size() - walk.left(), to_look_at.size());
    if (!goes_on) co_return peer_gone();
  }
  if (walk.damage()) (void)session.failed(*walk.damage());

  std::size_t begin = 0, end = 0;
  account::Modseq modseq = found->highest;
  std::vector<account::Uid> uids;
  SearchContext context{.tag = command.tag, .search = sort.search, .criteria = sort.criteria, .found = {}, .order = {}};
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
