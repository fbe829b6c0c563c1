#include "imap/server/selected.hpp"

#include <algorithm>
#include <utility>

#include "imap/server/mailbox.hpp"
#include "imap/server/removed_account.hpp"

namespace gatepost::imap::server {

account::ObjectIds Mailbox::ids() const { return removed ? removed->ids() : place.ids(); }

account::ObjectIds Selected::ids() const { return removed ? removed->ids() : account::ObjectIds(account_->id()); }

Selected::Selected(std::shared_ptr<account::Account> account, account::Opened opened, bool read_only)
    : account_(std::move(account)),
      folder_(opened.folder.id),
      read_only_(read_only),
      uid_validity_(opened.folder.uid_validity),
      uids_(std::move(opened.uids)),
      modseq_(opened.folder.highest_modseq) {
  if (const auto last = uids_->max(); last && opened.first_recent <= *last) {
    recent_ = NumberSet::of(opened.first_recent, *last).intersect(*uids_);
  }
}

std::expected<NumberSet, Answer> Selected::resolve(const SequenceSet& set, bool uid) const {
  if (set.is_saved()) return saved_;
  if (uid) return set.resolve(uids_->max().value_or(0)).intersect(*uids_);
  // RFC 9051 9, seq-number: one beyond the last message is a BAD response; so is '*' in an empty mailbox.
  if (set.largest_number() > exists()) {
    return std::unexpected(bad("There is no message with this number", code::kClientBug));
  }
  if (exists() == 0) return NumberSet();
  NumberSet spans;
  for (const NumberSet::Range& range : set.resolve(exists()).ranges()) {
    spans.add(*uids_->select(range.first), *uids_->select(range.last));
  }
  return spans.intersect(*uids_);
}

NumberSet Selected::as_asked(const NumberSet& uids, bool uid) const {
  if (uid) return uids;
  NumberSet numbers;
  for (const NumberSet::Range& range : uids.intersect(*uids_).ranges()) {
    // Neighbours by UID that are both there are neighbours by number.
    numbers.add(uids_->rank(range.first), uids_->rank(range.last));
  }
  return numbers;
}

void Selected::told(const NumberSet& uids, account::Modseq modseq) {
  told_.add(uids);
  told_modseq_ = std::max(told_modseq_, modseq);
}

bool Selected::is_told(const account::Row& row) const {
  if (row.modseq <= told_modseq_ && told_.contains(row.uid)) return true;
  const auto known = std::ranges::lower_bound(told_rows_, row.uid, {}, &account::Row::uid);
  return known != told_rows_.end() && known->uid == row.uid && known->modseq == row.modseq && known->flags == row.flags;
}

// What one says changed is what is different in the other.
bool Selected::same_moment(const account::Delta& delta, const account::Opened& now) {
  return delta.vanished_known && now.at >= delta.to && now.folder.highest_modseq <= delta.to;
}

Result<News> Selected::read_news(bool vanished_allowed) {
  account::Account& account = *account_;
  GP_TRY(account::Delta delta, account.changes(folder_, modseq_));
  News news;
  const bool vanished = !delta.vanished_known || !delta.vanished.intersect(*uids_).empty();
  if (vanished && !vanished_allowed) {
    news.withheld = true;
    return news;
  }
  GP_TRY(account::Opened now, account.open_folder(folder_, !read_only_));
  if (now.folder.uid_validity != uid_validity_) return fail(Errc::not_found, "the folder was made anew");
  // The delta and these UIDs may be of different moments, either before the other. Who counts as told is the earlier
  // one: the next delta repeats something, which does no harm, since messages are told as arrived or vanished by
  // comparing UIDs.
  news.to = std::min(delta.to, now.folder.highest_modseq);
  news.folder = std::move(now.folder);
  news.uids = std::move(now.uids);
  news.first_recent = now.first_recent;
  if (news.uids != uids_ && same_moment(delta, now)) {
    // Cost follows the changes, however the UIDs are scattered.
    news.vanished = delta.vanished.intersect(*uids_);
    news.arrived = static_cast<std::uint32_t>(news.uids->size() + news.vanished.size() - uids_->size());
  } else if (news.uids != uids_) {
    news.vanished = uids_->minus(*news.uids);
    if (!news.vanished.empty() && !vanished_allowed) {
      News later;
      later.withheld = true;
      return later;
    }
    news.arrived = static_cast<std::uint32_t>(news.uids->size() + news.vanished.size() - uids_->size());
  }
  news.changed = delta.changed.intersect(*uids_).intersect(*news.uids);
  if (!contexts.empty()) news.touched = news.changed;
  if (!delta.has_rows() && !told_rows_.empty()) {
    // What this session has told itself, as long as nothing has happened to it since.
    NumberSet known;
    for (const account::Row& row : told_rows_) {
      if (row.modseq == delta.to) known.add(row.uid);
    }
    news.changed.remove(known);
  }
  if (delta.has_rows()) {
    std::erase_if(delta.rows, [&](const account::Row& row) { return !news.changed.contains(row.uid) || is_told(row); });
    news.rows = std::move(delta.rows);
    news.changed.clear();
    for (const account::Row& row : news.rows) news.changed.add(row.uid);
  }
  return news;
}

void Selected::take(const News& news) {
  const account::Uid last = uids_->max().value_or(0);
  const account::Uid now_last = news.uids->max().value_or(0);
  if (!news.vanished.empty()) {
    recent_.remove(news.vanished);
    saved_.remove(news.vanished);
  }
  const account::Uid from = std::max(news.first_recent, last == UINT32_MAX ? last : last + 1);
  if (news.arrived > 0 && from <= now_last) recent_.add(NumberSet::of(from, now_last).intersect(*news.uids));
  made_here.clear();
  uids_ = news.uids;
  modseq_ = news.to;
  withheld = false;
}

void Selected::forget_told() {
  told_.clear();
  told_modseq_ = 0;
  told_rows_ = {};
}

}  // namespace gatepost::imap::server
