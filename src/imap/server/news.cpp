// What a session tells of the selected mailbox without being asked (RFC 9051 7.4, 7.5).

#include <utility>

#include "imap/protocol/response.hpp"
#include "imap/server/row_writer.hpp"

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

std::shared_ptr<const std::vector<std::string>> Session::keywords() {
  auto all = account().keywords();
  if (!all) return std::make_shared<const std::vector<std::string>>();
  if (selected_ && selected_->keywords_told < (*all)->size()) {
    selected_->keywords_told = (*all)->size();
    const imap::Flags flags = all_flags(**all);
    imap::write_flags(out(), flags);
    if (!selected_->read_only()) write_permanent_flags(**all);
  }
  return *all;
}

Task<bool> Session::tell_news(bool vanished_allowed) {
  Selected& view = *selected_;
  tell_rights();
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
  NumberSet looked_at = std::move(news.touched);
  const account::Uid last = selected_->uids().max().value_or(0);
  if (const auto newest = news.uids->max(); !selected_->contexts.empty() && newest && *newest > last) {
    looked_at.add(NumberSet::of(last + 1, *newest).intersect(*news.uids));
  }
  selected_->take(news);
  if (news.arrived > 0) {
    write_exists(out(), selected_->exists());
    if (!rev2()) write_recent(out(), selected_->recent());
  }
  const bool all = co_await write_changed_news(std::move(news));
  selected_->forget_told();
  if (!all || looked_at.empty() || selected_->contexts.empty()) co_return all;
  co_return co_await write_context_news(std::move(looked_at));
}

void Session::write_context_changes(const SearchContext& context, const ContextChange& change) {
  write_context_change(out(), context.tag, context.search.uid, false, change.removed);
  write_context_change(out(), context.tag, context.search.uid, true, change.added);
}

// RFC 5267 4.3: what these messages are to the results that are kept up to date.
Task<bool> Session::write_context_news(NumberSet messages) {
  auto& contexts = selected_->contexts;
  std::vector<bool> lost;
  for (SearchContext& context : contexts) {
    auto look = [&] { return look_again(context, account(), *selected_, messages, services().clock); };
    const ContextChange change = co_await workers().run(look);
    lost.push_back(change.lost);
    if (change.lost) {
      write_untagged(out(), Condition::no, code::no_update(context.tag), "This result is not kept up to date any more");
    } else {
      write_context_changes(context, change);
    }
    const bool goes_on = co_await drain_if_full();
    if (!goes_on) co_return false;
  }
  std::size_t at = 0;
  std::erase_if(contexts, [&](const SearchContext&) { return lost[at++]; });
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
  const auto names = keywords();
  for (const account::Row& row : news.rows) {
    write_row(*this, row, *names, what);
    if (!output_.full()) continue;
    const bool goes_on = co_await drain_if_full();
    if (!goes_on) co_return false;
  }
  co_return true;
}

}  // namespace gatepost::imap::server
