// What a session tells of the selected mailbox without being asked (RFC 9051 7.4, 7.5).

#include <algorithm>
#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/row_writer.hpp"
#include "imap/server/search_match.hpp"

namespace gatepost::imap::server {

imap::Flags wire_flags(const account::Flags& flags, const std::vector<std::string>& keywords) {
  static_assert(account::flag::kSeen == imap::flag::kSeen && account::flag::kAnswered == imap::flag::kAnswered &&
                account::flag::kFlagged == imap::flag::kFlagged && account::flag::kDeleted == imap::flag::kDeleted &&
                account::flag::kDraft == imap::flag::kDraft);
  imap::Flags out{.system = flags.system, .keywords = {}};
  out.keywords.reserve(flags.keywords.size());
  for (const account::KeywordId id : flags.keywords) {
    if (id < keywords.size()) out.keywords.push_back(keywords[id]);
  }
  return out;
}

imap::Flags all_flags(const std::vector<std::string>& keywords) {
  return {.system = imap::flag::kAll, .keywords = keywords};
}

std::shared_ptr<const std::vector<std::string>> Session::keywords(const account::Flags& about) {
  auto all = account().keywords();
  if (!all) return std::make_shared<const std::vector<std::string>>();
  if (!selected_) return *all;
  KeywordsTold& told = selected_->keywords_told;
  const std::size_t before = told.first + told.some.size();
  if (told.only_some) {
    told.some.insert(about.keywords.begin(), about.keywords.end());
  } else {
    told.first = std::max(told.first, (*all)->size());
  }
  if (told.first + told.some.size() > before) {
    imap::write_flags(out(), known_flags(**all));
    if (!selected_->read_only()) write_permanent_flags(**all);
  }
  return *all;
}

imap::Flags Session::known_flags(const std::vector<std::string>& all) const {
  const KeywordsTold& told = selected_->keywords_told;
  if (!told.only_some) return all_flags(all);
  imap::Flags flags{.system = imap::flag::kAll, .keywords = {}};
  for (const account::KeywordId id : told.some) {
    if (id < all.size()) flags.keywords.push_back(all[id]);
  }
  return flags;
}

Task<bool> Session::tell_news(bool vanished_allowed, bool whole) {
  if (lost_selected()) co_return farewell_lost() == Next::more;
  Selected& view = *selected_;
  tell_rights();
  const Notifications::OfSelected wanted = wanted_of_selected();
  if (!whole && !wanted.messages) {
    // RFC 5465 3.1: the client sees the mailbox as it was.
    view.forget_told();
    co_return true;
  }
  const auto folder = view.account().folder(view.folder());
  if (folder && folder->highest_modseq <= view.modseq() && folder->uid_validity == view.uid_validity()) {
    view.forget_told();
    co_return true;
  }
  if (!vanished_allowed && view.withheld) {
    view.forget_told();
    co_return true;
  }
  auto read = [&view, vanished_allowed] { return view.read_news(vanished_allowed); };
  Result<News> news = co_await workers().run(read);
  if (!news) {
    view.forget_told();
    // RFC 2180 3.3: nobody can go on with a mailbox that is gone.
    if (news.error().code == Errc::not_found) co_return bye("", "The mailbox was deleted") == Next::more;
    (void)failed(news.error());
    co_return true;  // they come with the next command
  }
  if (news->withheld) {
    view.withheld = true;
    view.forget_told();
    co_return true;
  }
  if (!wanted.flags) {
    news->changed.clear();
    news->rows.clear();
  }
  co_return co_await write_news(std::move(*news));
}

// Sequence numbers of EXPUNGE go by the old numbering, those of FETCH by the new one.
Task<bool> Session::write_news(News news) {
  // Before EXPUNGE, so that the numbers mean what they did.
  for (SearchContext& context : selected_->contexts) {
    write_context_changes(context, drop_vanished(context, *selected_, news.vanished));
  }
  const bool told = co_await write_vanished_news(news.vanished);
  if (!told) co_return false;
  NumberSet looked_at = std::move(news.touched), arrived;
  const account::Uid last = selected_->uids().max().value_or(0);
  const bool asked = !selected_->contexts.empty() || wanted_of_selected().new_items != nullptr;
  if (const auto newest = news.uids->max(); asked && newest && *newest > last) {
    arrived = NumberSet::of(last + 1, *newest).intersect(*news.uids);
    looked_at.add(arrived);
    arrived.remove(selected_->made_here);
  }
  selected_->take(news);
  if (news.arrived > 0) {
    write_exists(out(), selected_->exists());
    if (!rev2()) write_recent(out(), selected_->recent());
  }
  const bool all = co_await write_changed_news(std::move(news));
  selected_->forget_told();
  if (!all) co_return false;
  std::vector<ContextChange> changes;
  if (!looked_at.empty() && !selected_->contexts.empty()) changes = co_await look_at_contexts(std::move(looked_at));
  if (!arrived.empty()) {
    const bool goes_on = co_await write_arrived(arrived, changes);
    if (!goes_on) co_return false;
  }
  std::size_t at = 0;
  for (const ContextChange& change : changes) write_context_changes(selected_->contexts[at++], change);
  at = 0;
  if (!changes.empty()) std::erase_if(selected_->contexts, [&](const SearchContext&) { return changes[at++].lost; });
  co_return co_await drain_if_full();
}

void Session::write_context_changes(const SearchContext& context, const ContextChange& change) {
  if (change.lost) {
    write_untagged(out(), Condition::no, code::no_update(context.tag), "This result is not kept up to date any more");
    return;
  }
  write_context_change(out(), context.tag, context.search.uid, false, change.removed);
  write_context_change(out(), context.tag, context.search.uid, true, change.added);
}

// RFC 5267 4.3: what these messages are to the results that are kept up to date, one of each.
Task<std::vector<ContextChange>> Session::look_at_contexts(NumberSet messages) {
  std::vector<ContextChange> changes;
  for (SearchContext& context : selected_->contexts) {
    auto look = [&] {
      return look_again(context, account(), *selected_, messages, services().clock, attachment_texts(services()));
    };
    ContextChange change = co_await workers().run(look);
    changes.push_back(std::move(change));
  }
  co_return changes;
}

// What NOTIFY and UPDATE want to know of new messages, in one response for each (RFC 5465 5.2, 7).
Task<bool> Session::write_arrived(const NumberSet& arrived, const std::vector<ContextChange>& changes) {
  std::vector<std::pair<NumberSet, FetchItems>> parts;
  const auto ask = [&parts](NumberSet uids, const FetchItems& items) {
    for (std::size_t i = parts.size(); i-- > 0;) {
      NumberSet both = parts[i].first.intersect(uids);
      if (both.empty()) continue;
      FetchItems sum = parts[i].second;
      sum.attributes |= items.attributes;
      for (const FetchSection& section : items.sections) {
        if (std::ranges::find(sum.sections, section) == sum.sections.end()) sum.sections.push_back(section);
      }
      parts[i].first.remove(both);
      uids.remove(both);
      parts.emplace_back(std::move(both), std::move(sum));
    }
    if (!uids.empty()) parts.emplace_back(std::move(uids), items);
  };
  if (const FetchItems* const items = wanted_of_selected().new_items) ask(arrived, *items);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const FetchItems& items = selected_->contexts[i].search.returns->update_items;
    if (!items.empty()) ask(changes[i].entered.intersect(arrived), items);
  }
  for (auto& [uids, items] : parts) {
    if (uids.empty()) continue;
    const bool goes_on = co_await write_new_messages(std::move(uids), std::move(items));
    if (!goes_on) co_return false;
  }
  co_return true;
}

Task<bool> Session::write_vanished_news(const NumberSet& vanished) {
  if (enabled_.qresync || enabled_.uid_only) {
    // RFC 7162 3.2.10, RFC 9586 3.4
    write_vanished(out(), vanished, false);
    co_return true;
  }
  const NumberSet& uids = selected_->uids();
  const auto& ranges = vanished.ranges();
  // From the last to the first, so that no number changes before it is told.
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    const std::uint32_t first = uids.rank(range->first);
    for (std::uint32_t n = uids.rank(range->last); n >= first && n > 0; --n) {
      write_expunge(out(), n);
      if (!output_.full()) continue;
      const bool goes_on = co_await drain_if_full();
      if (!goes_on) co_return false;
    }
  }
  co_return true;
}

Task<bool> Session::write_changed_news(News news) {
  if (news.changed.empty()) co_return true;
  const RowItems what{.uid = news_with_uid(), .flags = true, .modseq = enabled_.condstore};
  if (news.rows.empty()) {
    const auto written = co_await write_rows(*this, std::move(news.changed), what, true);
    if (!written) (void)failed(written.error());  // the next look at them tells
    co_return !written || *written;
  }
  for (const account::Row& row : news.rows) {
    const auto names = keywords(row.flags);
    write_row(*this, row, *names, what);
    if (!output_.full()) continue;
    const bool goes_on = co_await drain_if_full();
    if (!goes_on) co_return false;
  }
  co_return true;
}

}  // namespace gatepost::imap::server
