#include "imap/server/head_walk.hpp"

#include <algorithm>
#include <chrono>
#include <span>

#include "mime/summary.hpp"

namespace gatepost::imap::server {
namespace {

constexpr std::size_t kHeadsAtOnce = 256;

}  // namespace

HeadWalk::HeadWalk(account::Account& account, account::FolderId folder, const NumberSet& uids, NeedsHead needs_head,
                   const Clock& clock, Visit visit)
    : account_(account),
      folder_(folder),
      needs_head_(std::move(needs_head)),
      clock_(clock),
      visit_(std::move(visit)),
      pages_(uids),
      reader_(account) {}

Result<bool> HeadWalk::next() {
  const SteadyPoint until = clock_.steady() + kJob;
  do {
    if (at_ < rows_.size()) {
      GP_CHECK(read_some());
    } else if (pages_.at_end()) {
      return false;
    } else {
      GP_CHECK(read_rows());
    }
  } while (clock_.steady() < until);
  return true;
}

Result<> HeadWalk::read_rows() {
  const NumberSet page = pages_.take(kRowsAtOnce);
  rows_.clear();
  at_ = 0;
  std::size_t visited = 0;
  Result<> done;
  // In order: behind one that has to be looked into all wait.
  GP_CHECK(account_.rows(folder_, page, [&](const account::Row& row) {
    ++visited;
    if (rows_.empty() && !needs_head_(row)) {
      done = visit_(row, nullptr);
    } else {
      rows_.push_back(row);
    }
    return done.has_value();
  }));
  GP_CHECK(std::move(done));
  missing_ = missing_ || visited < page.size();
  return {};
}

Result<> HeadWalk::read_some() {
  for (; at_ < rows_.size() && !needs_head_(rows_[at_]); ++at_) GP_CHECK(visit_(rows_[at_], nullptr));
  if (at_ == rows_.size()) return {};
  std::vector<account::ItemId> ids;
  for (std::size_t i = at_; i < rows_.size() && ids.size() < kHeadsAtOnce && (i == at_ || needs_head_(rows_[i])); ++i)
    ids.push_back(rows_[i].item);
  const std::span rows = std::span(rows_).subspan(at_, ids.size());
  auto items = account_.items(ids);
  for (std::size_t i = 0; i < rows.size(); ++i, ++at_) {
    auto done = [&]() -> Result<> {
      if (items) return look_at(rows[i], (*items)[i]);
      GP_TRY(const account::Item item, account_.item(rows[i].item));
      return look_at(rows[i], item);
    }();
    if (done) continue;
    // A message that is gone is left out; one that is damaged has an empty head; what may pass ends the walk.
    if (done.error().code == Errc::not_found) {
      missing_ = true;
    } else if (done.error().code == Errc::corrupt) {
      if (!damage_) damage_ = std::move(done.error());
      GP_CHECK(visit_(rows[i], &nothing_));
    } else {
      return done;
    }
  }
  return {};
}

Result<> HeadWalk::look_at(const account::Row& row, const account::Item& item) {
  if (mime::decode_envelope(item.summary, head_)) return visit_(row, &head_);
  reader_.open(item.body);
  GP_TRY(const mime::Structure whole, structure_of(reader_, item.summary));
  return visit_(row, &whole);
}

}  // namespace gatepost::imap::server
