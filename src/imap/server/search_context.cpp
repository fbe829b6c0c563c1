#include "imap/server/search_context.hpp"

#include <algorithm>
#include <utility>

#include "imap/server/head_walk.hpp"
#include "imap/server/search_run.hpp"
#include "imap/server/selected.hpp"
#include "imap/server/sort_order.hpp"

namespace gatepost::imap::server {
namespace {

std::string number_of(const SearchContext& context, const Selected& view, account::Uid uid) {
  return std::to_string(context.search.uid ? uid : view.uids().rank(uid));
}

void remove(SearchContext& context, const Selected& view, const NumberSet& uids, std::vector<ContextStep>& steps) {
  if (uids.empty()) return;
  context.found.remove(uids);
  if (context.criteria.empty()) {
    steps.push_back({0, view.as_asked(uids, context.search.uid).to_string()});
    return;
  }
  std::uint32_t position = 0;
  std::erase_if(context.order, [&](account::Uid uid) {
    if (!uids.contains(uid)) {
      ++position;
      return false;
    }
    steps.push_back({position + 1, number_of(context, view, uid)});
    return true;
  });
}

// The places of messages in the order of a context, found by looking at a few of those that are in it.
class Placer {
 public:
  Placer(SearchContext& context, account::Account& account, const Selected& view, const Clock& clock)
      : context_(context), account_(account), view_(view), clock_(clock), order_(context.criteria, context.collation) {}

  Result<> add(account::Uid uid, std::vector<ContextStep>& steps) {
    GP_TRY(const auto key, key_of(uid));
    if (!key) return {};  // gone
    std::size_t low = 0, high = context_.order.size();
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      GP_TRY(const auto other, key_of(context_.order[middle]));
      // One that is gone has no place: what is told of it comes soon.
      const bool before = !other || *other < *key || (*other == *key && context_.order[middle] < uid);
      (before ? low : high) = before ? middle + 1 : middle;
    }
    context_.order.insert(context_.order.begin() + static_cast<std::ptrdiff_t>(low), uid);
    steps.push_back({static_cast<std::uint32_t>(low + 1), number_of(context_, view_, uid)});
    return {};
  }

 private:
  Result<std::optional<std::string>> key_of(account::Uid uid) {
    const NumberSet one = NumberSet::of(uid, uid);
    std::optional<std::string> key;
    HeadWalk walk(
        account_, view_.folder(), one, [&](const account::Row& row) { return order_.needs_head(row); }, clock_,
        [&](const account::Row& row, const mime::Structure* head) -> Result<> {
          key = order_.key_of(row, head);
          return {};
        });
    for (bool more = true; more;) {
      GP_TRY(more, walk.next());
    }
    return key;
  }

  SearchContext& context_;
  account::Account& account_;
  const Selected& view_;
  const Clock& clock_;
  SortOrder order_;
};

Result<> look(SearchContext& context, account::Account& account, const Selected& view, const NumberSet& messages,
              const Clock& clock, const search::AttachmentTexts* attachments, ContextChange& change) {
  GP_TRY(const auto keywords, account.keywords());
  auto program = SearchProgram::make(context.search, view, *keywords, clock.now(), context.collation.casemap);
  if (!program) return fail(Errc::invalid, "the charset was known before");
  SearchRun run(*program, account, view, clock, SearchRun::Wanted::all, &messages, nullptr, 0, attachments);
  for (bool more = true; more;) {
    GP_TRY(more, run.next());
  }
  remove(context, view, messages.intersect(context.found).minus(run.found()), change.removed);
  const NumberSet added = run.found().minus(context.found);
  if (added.empty()) return {};
  context.found.add(added);
  change.entered = added;
  if (context.criteria.empty()) {
    change.added.push_back({0, view.as_asked(added, context.search.uid).to_string()});
    return {};
  }
  if (added.size() > kMaxContextNews) return fail(Errc::limit, "too many news of a result in order");
  Placer placer(context, account, view, clock);
  for (const NumberSet::Range& range : added.ranges()) {
    for (std::uint64_t uid = range.first; uid <= range.last; ++uid) {
      GP_CHECK(placer.add(static_cast<account::Uid>(uid), change.added));
    }
  }
  return {};
}

}  // namespace

bool can_update(const Search& search) {
  return std::ranges::none_of(search.keys, [](const SearchKey& key) {
    const bool by_number = key.op == SearchOp::sequence && key.set != SequenceSet::all();
    const bool by_saved = key.op == SearchOp::uid && (key.set.is_saved() || key.set.has_star());
    return by_number || by_saved || key.op == SearchOp::older || key.op == SearchOp::younger;
  });
}

bool has_room(const SearchContext& context) {
  return context.found.ranges().size() <= kMaxContextRanges && context.order.size() <= kMaxContextMessages;
}

ContextChange drop_vanished(SearchContext& context, const Selected& view, const NumberSet& vanished) {
  ContextChange change;
  remove(context, view, vanished.intersect(context.found), change.removed);
  return change;
}

ContextChange look_again(SearchContext& context, account::Account& account, const Selected& view,
                         const NumberSet& messages, const Clock& clock, const search::AttachmentTexts* attachments) {
  ContextChange change;
  const auto done = look(context, account, view, messages, clock, attachments, change);
  change.lost = !done || !has_room(context);
  return change;
}

}  // namespace gatepost::imap::server
