#include "imap/server/sent_times.hpp"

#include <algorithm>

namespace gatepost::imap::server {

// Null: there is none, and none was to be made.
SentTimes::Times* SentTimes::block(const Key& key, bool make) {
  if (const auto found = young_.find(key); found != young_.end()) return found->second.get();
  auto old = old_.extract(key);
  if (old.empty() && !make) return nullptr;
  if (young_.size() >= kMostBlocks / 2) old_ = std::exchange(young_, {});
  auto& made = young_[key];
  if (old) {
    made = std::move(old.mapped());
  } else {
    made = std::make_unique<Times>();
    made->fill(kUnknown);
  }
  return made.get();
}

std::vector<std::int64_t> SentTimes::find(account::AccountId account, std::span<const account::Row> rows) {
  std::vector<std::int64_t> out(rows.size(), kUnknown);
  const std::scoped_lock lock(mutex_);
  Key at{.account = account, .block = UINT64_MAX};
  const Times* times = nullptr;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto item = static_cast<std::uint64_t>(rows[i].item);
    if (item / kBlock != at.block) {
      at.block = item / kBlock;
      times = block(at, false);
    }
    if (times != nullptr) out[i] = (*times)[item % kBlock];
  }
  return out;
}

void SentTimes::keep(account::AccountId account, std::span<const std::pair<account::ItemId, std::int64_t>> times) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, time] : times) {
    const auto item = static_cast<std::uint64_t>(id);
    (*block({.account = account, .block = item / kBlock}, true))[item % kBlock] = time;
  }
}

}  // namespace gatepost::imap::server
