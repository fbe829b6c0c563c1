#include <algorithm>

#include "account/store_access.hpp"
#include "account/stored_account.hpp"
#include "base/bytes.hpp"
#include "store/keys.hpp"

// Forgetting what is old: expunge records, change log entries, delivery ids.
namespace gatepost::account {
namespace {

constexpr std::uint64_t kEntriesPerCommit = 50'000;  // erased by one range, so only the scan is bounded
constexpr std::size_t kDeliveriesPerCommit = 10'000;
constexpr std::size_t kMarksPerCommit = 10'000;

struct VanishedCut {
  std::uint64_t entries = 0;  // that may go
  Modseq upto = 0;            // up to and with this modseq
};

// The oldest vanished entries that may go: whole modseqs, older than `before`, at most `at_most`.
Result<VanishedCut> find_cut(store::Snapshot& snap, FolderId folder, std::uint64_t before, std::uint64_t at_most) {
  VanishedCut cut, open;
  bool at_end = true;
  const std::string begin = records::index_prefix(records::kind::kVanished, folder);
  GP_CHECK(snap.scan(begin, store::prefix_end(begin), false, kLongScanPage, [&](store::Entry e) {
    FolderId id{};
    Modseq modseq = 0;
    Uid uid = 0;
    if (!records::parse_index_key(e.key, id, modseq, uid)) return true;
    if (modseq != open.upto) cut = open;  // the one before is complete
    open.upto = modseq;
    const auto entry = records::decode_vanished(e.value);
    // One that cannot be read is as old as its neighbours.
    if ((entry && entry->seconds >= before) || open.entries >= at_most) return at_end = false;
    ++open.entries;
    return true;
  }));
  return at_end ? open : cut;  // at the end the last modseq is complete as well
}

}  // namespace

Result<> StoredAccount::prune() {
  const std::uint64_t now = records::to_seconds(environment_.clock.now());
  const auto age = static_cast<std::uint64_t>(std::chrono::seconds(environment_.options.keep_vanished).count());
  const std::uint64_t before = now > age ? now - age : 0;
  std::vector<FolderId> rich;
  {
    const std::scoped_lock lock(mutex_);
    GP_CHECK(usable());
    for (const auto& [id, f] : head_.folders) {
      if (!f.dying && f.vanished > environment_.options.keep_vanished_at_least) rich.push_back(id);
    }
  }
  for (const FolderId id : rich) {
    for (bool more = true; more;) {
      more = false;
      std::uint64_t spare = 0;
      {
        const std::scoped_lock lock(mutex_);
        const records::FolderRecord* f = record(id);
        if (f == nullptr || f->vanished <= environment_.options.keep_vanished_at_least) break;
        spare = f->vanished - environment_.options.keep_vanished_at_least;
      }
      GP_TRY(auto snap, snapshot());
      GP_TRY(const VanishedCut cut, find_cut(*snap, id, before, std::min(spare, kEntriesPerCommit)));
      snap.reset();
      if (cut.entries == 0) break;
      // Entries are only ever added at newer modseqs, so that what the snapshot showed still holds.
      GP_CHECK(run([&](Transaction& tx) -> Result<> {
        if (tx.find(id) == nullptr) return {};
        records::FolderRecord& f = tx.touch(id);
        f.vanished -= std::min(f.vanished, cut.entries);
        f.oldest_kept = cut.upto;
        tx.erase_range(records::index_prefix(records::kind::kVanished, id), records::vanished_key(id, cut.upto + 1, 0));
        return {};
      }));
      more = cut.entries < spare;
    }
  }
  GP_CHECK(prune_log(before));
  GP_CHECK(prune_removed(now));
  GP_CHECK(prune_marks(now, before));
  GP_CHECK(prune_packs());
  GP_CHECK(prune_notes());
  return prune_deliveries(now);
}

// The change log stays as long as expunge records do, but at least its newest entries.
Result<> StoredAccount::prune_log(std::uint64_t before) {
  const std::uint64_t at_least = environment_.options.keep_log_at_least;
  Modseq floor = 0;
  Modseq newest = 0;
  {
    const std::scoped_lock lock(mutex_);
    floor = head_.state.log_floor;
    newest = head_.modseq;
  }
  if (newest < floor + 2 * at_least) return {};  // seldom, and then much at once
  Modseq upto = floor;
  {
    GP_TRY(auto snap, snapshot());
    GP_CHECK(snap->scan(records::log_key(floor + 1, 0), records::log_key(newest - at_least, 0), false, kLongScanPage,
                        [&](store::Entry e) {
                          const auto log = records::decode_log(e.value);
                          if (log && log->seconds >= before) return false;
                          ByteReader key(e.key.substr(1));
                          upto = key.u64();
                          return true;
                        }));
  }
  if (upto == floor) return {};
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    tx.state().log_floor = upto;
    tx.erase_range(records::log_key(0, 0), records::log_key(upto + 1, 0));
    return {};
  }));
  return {};
}

Result<> StoredAccount::prune_deliveries(std::uint64_t now) {
  for (;;) {
    std::vector<std::string> old;
    {
      GP_TRY(auto snap, snapshot());
      const std::string begin(1, records::kind::kDelivery);
      GP_CHECK(snap->scan(begin, store::prefix_end(begin), false, kLongScanPage, [&](store::Entry e) {
        const auto until = records::decode_expiry(e.value);
        if (!until || *until <= now) old.emplace_back(e.key);
        return old.size() < kDeliveriesPerCommit;
      }));
    }
    if (old.empty()) return {};
    GP_CHECK(run([&](Transaction& tx) -> Result<> {
      for (const std::string& key : old) tx.write(key, std::nullopt);
      return {};
    }));
    if (old.size() < kDeliveriesPerCommit) return {};
  }
}

// What leads to conversations that nothing is left of. One that is asked about and stays is not asked about again soon.
Result<> StoredAccount::prune_marks(std::uint64_t now, std::uint64_t before) {
  std::string from(1, records::kind::kThreadMark);
  const std::string end = store::prefix_end(from);
  while (!from.empty()) {
    std::vector<std::pair<std::string, ItemId>> old;
    std::size_t seen = 0;
    GP_TRY(auto snap, snapshot());
    std::string next;
    GP_CHECK(snap->scan(from, end, false, kLongScanPage, [&](store::Entry e) {
      if (++seen > kMarksPerCommit) {
        next = e.key;
        return false;
      }
      const auto mark = records::decode_thread_mark(e.value);
      if (!mark || mark->seconds < before) old.emplace_back(e.key, mark ? mark->thread : ItemId{});
      return true;
    }));
    from = next;
    std::vector<std::pair<std::string, ItemId>> keep, drop;
    for (auto& [key, to] : old) {
      GP_TRY(const auto messages, thread(to));
      (messages.empty() ? drop : keep).emplace_back(std::move(key), to);
    }
    snap.reset();
    if (old.empty()) continue;
    // A message that came meanwhile and used one of them joined a conversation of which it is all there is.
    GP_CHECK(run([&](Transaction& tx) -> Result<> {
      for (const auto& [key, to] : drop) tx.write(key, std::nullopt);
      for (const auto& [key, to] : keep) tx.write(key, records::encode(records::ThreadMark{to, now}));
      return {};
    }));
  }
  return {};
}

}  // namespace gatepost::account
