#include <algorithm>
#include <limits>

#include "account/events.hpp"
#include "account/stored_account.hpp"

// After a restore. Between the making of the backup and its restore this account gave out numbers that clients keep:
// UIDs, modseqs, UIDVALIDITY values, numbers of folders and items. Which, nobody knows any more; so all of them go on
// far enough away (docs/decisions/0005-restore-epoch.md has the reckoning).
namespace gatepost::account {
namespace {

using std::chrono::days;
using std::chrono::seconds;

// No account makes more commits or items a second than this, so that numbers which grow faster than that with the clock
// were never given out before: not in the lost time, and not after another restore of the same backup.
constexpr int kNumbersASecond = 16;  // as a power of two
constexpr std::uint64_t kLeastLeap = 1 << 20;
// UIDs have 32 bits, so these are counted from the last one known: a bulk copy, then so many a second, fewer for the
// time before the last days.
constexpr std::uint64_t kUidsAtOnce = 1 << 22;
constexpr std::uint64_t kUidsASecond = 1 << 10, kUidsASecondLater = 1 << 6;
constexpr seconds kBusy = days(3);
constexpr Uid kLastGoodUid = std::numeric_limits<std::int32_t>::max();  // there are clients that count with a sign
// Folders made in the lost time: numbers, and UIDVALIDITY values that may have run ahead of the clock.
constexpr std::uint32_t kFoldersAtOnce = 1 << 16;

std::uint64_t leap(std::uint64_t from, std::uint64_t restored_at) {
  return std::max(from + kLeastLeap, restored_at << kNumbersASecond);
}

std::uint64_t lost_uids(seconds lost) {
  const auto busy = static_cast<std::uint64_t>(std::min(lost, kBusy).count());
  const auto later = static_cast<std::uint64_t>(std::max(lost - kBusy, seconds(0)).count());
  return kUidsAtOnce + busy * kUidsASecond + later * kUidsASecondLater;
}

void pass_over(Transaction& tx, FolderId id, std::uint64_t uids) {
  records::FolderRecord& f = tx.touch(id);
  const std::uint64_t next = f.uid_next + uids;
  if (next > kLastGoodUid) {
    // No room for that: clients read this folder anew.
    f.uid_validity = tx.new_uid_validity();
    return;
  }
  f.gaps.add(f.uid_next, static_cast<Uid>(next - 1));
  f.uid_next = static_cast<Uid>(next);
}

}  // namespace

Result<> StoredAccount::begin_anew() {
  seconds lost{0};
  std::uint64_t last = 0;
  const auto restores = environment_.store.restores();
  if (restores.empty()) return {};
  {
    const std::scoped_lock lock(mutex_);
    if (records::to_seconds(restores.back().at) <= head_.state.restored) return {};
  }
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    lost = seconds(0);
    last = 0;
    for (const store::Restore& r : restores) {
      if (records::to_seconds(r.at) <= tx.head().state.restored) continue;
      lost += r.lost;
      last = records::to_seconds(r.at);
    }
    if (last == 0) return {};
    const Modseq before = tx.head().modseq;
    tx.leap(leap(before, last));
    records::State& state = tx.state();
    state.restored = last;
    state.lost.push_back({before + 1, tx.modseq() - 1});
    if (state.lost.size() > records::kMaxLost) {
      // What was known in between counts as lost: that costs those clients a longer answer.
      state.lost[1].first = state.lost[0].first;
      state.lost.erase(state.lost.begin());
    }
    state.next_item = leap(state.next_item, last);
    state.next_folder += kFoldersAtOnce + static_cast<std::uint32_t>(std::min<seconds>(lost, days(365)).count());
    state.next_uid_validity = std::max(state.next_uid_validity, static_cast<std::uint32_t>(last)) + kFoldersAtOnce;
    for (const auto& [id, f] : tx.head().folders) {
      if (!f.dying) pass_over(tx, id, lost_uids(lost));
    }
    return {};
  }));
  if (last == 0) return {};
  environment_.log.write(event::kBegunAnew, {{"account", static_cast<std::uint64_t>(id_)},
                                             {"lost", static_cast<std::uint64_t>(lost.count())}});
  return {};
}

}  // namespace gatepost::account
