#include <algorithm>
#include <optional>

#include "account/row_cache.hpp"
#include "account/stored_account.hpp"

// Rows, from memory where somebody has read their whole chunk before.
namespace gatepost::account {
namespace {

// So many rows of one chunk are worth reading all of it.
constexpr std::uint64_t kWorthTheChunk = records::kChunkUids / 4;

NumberSet chunk_uids(std::uint32_t chunk) {
  return NumberSet::of(chunk * records::kChunkUids, chunk * records::kChunkUids + (records::kChunkUids - 1));
}

// The first of `uids` behind the chunk.
std::optional<Uid> first_behind(const NumberSet& uids, std::uint32_t chunk) {
  const Uid last = chunk * records::kChunkUids + (records::kChunkUids - 1);
  const auto& ranges = uids.ranges();
  const auto next =
      std::ranges::upper_bound(ranges, last, {}, &NumberSet::Range::last);  // the first that reaches beyond it
  if (next == ranges.end()) return std::nullopt;
  return std::max(next->first, last + 1);
}

// False: `visit` has had enough.
bool visit_some(const RowChunk& chunk, const NumberSet& wanted, const std::function<bool(const Row&)>& visit) {
  Row row;
  const auto& ranges = wanted.ranges();
  auto range = ranges.begin();
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    const Uid uid = chunk.uid(i);
    while (range != ranges.end() && range->last < uid) ++range;
    if (range == ranges.end()) break;
    if (uid < range->first) continue;
    chunk.unpack(i, row);
    if (!visit(row)) return false;
  }
  return true;
}

}  // namespace

std::optional<Modseq> StoredAccount::rows_changed(FolderId id, std::uint32_t chunk) {
  const std::scoped_lock lock(mutex_);
  if (removed_ || record(id) == nullptr) return std::nullopt;
  const View& v = view(id);
  const auto changed = v.rows_changed.find(chunk);
  return changed == v.rows_changed.end() ? 0 : changed->second;
}

// All of it, also when `visit` has had enough.
Result<> StoredAccount::read_chunk(const RowCache::Key& key, const std::function<void(const Row&)>& visit) {
  GP_TRY(auto snap, snapshot());
  RowChunk::Packer packer;
  bool damaged = false;
  const RowDamage report = damage_report();
  GP_CHECK(scan_rows(
      *snap, key.folder, chunk_uids(key.chunk),
      [&](Row& row) {
        packer.add(row);
        visit(row);
        return true;
      },
      [&](FolderId folder, Uid uid, const Error& error) {
        damaged = true;
        report(folder, uid, error);
      }));
  // Damage is to be met again, by whoever comes next.
  auto chunk = damaged ? nullptr : packer.finish(snap->version());
  if (!chunk) return {};
  environment_.row_cache.put(key, std::move(chunk));
  note_read_by_row(key.folder);
  return {};
}

Result<> StoredAccount::rows(FolderId id, const NumberSet& uids, const std::function<bool(const Row&)>& visit) {
  std::uint64_t owner = 0;
  NumberSet there;  // those of `uids` that may be in memory: a set that reaches to the last UID has four million chunks
  bool cached = environment_.row_cache.enabled();
  {
    const std::scoped_lock lock(mutex_);
    GP_CHECK(usable());
    if (record(id) == nullptr) return fail(Errc::not_found, "no such folder");
    owner = rows_owner_;
    const View& v = view(id);
    cached = cached && v.loaded;
    if (cached) there = uids.intersect(v.uids);
  }
  bool more = true;
  NumberSet stored;  // of the chunks so far, to be read from the store
  const auto visit_stored = [&]() -> Result<> {
    if (stored.empty() || !more) return {};
    GP_TRY(auto snap, snapshot());
    GP_CHECK(scan_rows(*snap, id, stored, [&](Row& row) { return more = visit(row); }, damage_report()));
    stored.clear();
    return {};
  };
  if (!cached) {
    stored = uids;
    return visit_stored();
  }
  bool goes_on = false;
  for (auto next = there.min(); next && more;) {
    const RowCache::Key key{owner, id, *next / records::kChunkUids};
    const NumberSet wanted = there.intersect(chunk_uids(key.chunk));
    const auto changed = rows_changed(id, key.chunk);
    auto chunk = changed ? environment_.row_cache.find(key, *changed) : nullptr;
    // What goes on from a chunk that was taken whole is the beginning of a page whose rest is asked for next.
    const bool whole = chunk || (changed && (goes_on || wanted.size() >= kWorthTheChunk));
    if (whole && !chunk) chunk = packed_chunk(key);
    if (!whole) {
      stored.add(wanted);
    } else {
      GP_CHECK(visit_stored());
      if (chunk) {
        more = more && visit_some(*chunk, wanted, visit);
      } else if (more) {
        GP_CHECK(read_chunk(key, [&](const Row& row) {
          if (more && wanted.contains(row.uid)) more = visit(row);
        }));
      }
    }
    goes_on = whole;
    next = first_behind(there, key.chunk);
  }
  return visit_stored();
}

}  // namespace gatepost::account
