#include "imap/server/search_run.hpp"

#include <algorithm>
#include <chrono>
#include <span>

namespace gatepost::imap::server {
namespace {

constexpr std::size_t kSearchedAtOnce = 64;

}  // namespace

SearchRun::SearchRun(const SearchProgram& program, account::Account& account, const Selected& view, const Clock& clock,
                     Wanted wanted, const NumberSet* among, search::Answers* index, std::uint32_t most,
                     const search::AttachmentTexts* attachments)
    : account_(account),
      view_(view),
      clock_(clock),
      wanted_(wanted),
      undecided_([&] {
        auto bounds = program.bounds(view);
        if (among != nullptr) {
          bounds.certain = bounds.certain.intersect(*among);
          bounds.possible = bounds.possible.intersect(*among);
        }
        // The answer tells a modseq: then all that match must be looked at.
        if (!program.asks_modseq()) found_ = std::move(bounds.certain);
        NumberSet undecided = bounds.possible.minus(found_);
        lowest_ = keep_highest(undecided, most);
        if (lowest_ > 1) found_.remove(1, lowest_ - 1);
        return undecided;
      }()),
      pages_(undecided_, wanted == Wanted::last),
      match_(program, account, view, index, attachments) {}

Result<bool> SearchRun::next() {
  const SteadyPoint until = clock_.steady() + kJob;
  do {
    if (at_ < pending_.size()) {
      GP_CHECK(look_into_some());
      continue;
    }
    end_page();
    if (pages_.at_end() || decided()) return false;
    GP_CHECK(read_page());
  } while (clock_.steady() < until);
  return true;
}

// Pages come from one end to the other: what is behind the first or before the last does not matter.
bool SearchRun::decided() const {
  if (wanted_ == Wanted::all || found_.empty()) return false;
  return wanted_ == Wanted::first ? pages_.passed_all_up_to(*found_.min()) : pages_.passed_all_from(*found_.max());
}

Result<> SearchRun::read_page() {
  const NumberSet page = pages_.take(kRowsAtOnce);
  std::uint64_t visited = 0;
  GP_CHECK(account_.rows(view_.folder(), page, [&](const account::Row& row) {
    ++visited;
    const Truth truth = match_.by_row(row);
    if (truth == Truth::yes) hits_.push_back({row.uid, row.modseq});
    if (truth == Truth::unknown) pending_.push_back(row);
    return true;
  }));
  missing_ = missing_ || visited < page.size();
  return {};
}

// A message that is gone, or damaged for good, does not match; what may pass ends the search.
Result<> SearchRun::look_into_some() {
  const std::span rows = std::span(pending_).subspan(at_, std::min(kSearchedAtOnce, pending_.size() - at_));
  std::vector<account::ItemId> ids;
  ids.reserve(rows.size());
  for (const account::Row& row : rows) ids.push_back(row.item);
  auto items = account_.items(ids);
  const SteadyPoint until = clock_.steady() + kJob;
  for (std::size_t i = 0; i < rows.size() && (i == 0 || clock_.steady() < until); ++i) {
    ++at_;
    const account::Row& row = rows[i];
    auto matches = [&]() -> Result<bool> {
      if (items) return match_.by_message(row, (*items)[i]);
      GP_TRY(const account::Item item, account_.item(row.item));
      return match_.by_message(row, item);
    }();
    if (matches) {
      if (*matches) hits_.push_back({row.uid, row.modseq});
    } else if (matches.error().code == Errc::not_found) {
      missing_ = true;
    } else if (matches.error().code == Errc::corrupt) {
      if (!damage_) damage_ = std::move(matches.error());
    } else {
      return std::unexpected(std::move(matches.error()));
    }
  }
  return {};
}

void SearchRun::end_page() {
  std::ranges::sort(hits_, {}, &Hit::uid);
  NumberSet uids;
  for (const Hit& hit : hits_) {
    uids.add(hit.uid);
    if (first_.uid == 0 || hit.uid < first_.uid) first_ = hit;
    if (hit.uid > last_.uid) last_ = hit;
    highest_ = std::max(highest_, hit.modseq);
  }
  found_.add(uids);
  hits_.clear();
  pending_.clear();
  at_ = 0;
}

}  // namespace gatepost::imap::server
