#include <algorithm>
#include <limits>
#include <optional>

#include "account/row_cache.hpp"
#include "account/store_access.hpp"
#include "account/stored_account.hpp"

// Rows, from memory where somebody has read their whole chunk before.
namespace gatepost::account {
namespace {

// So many rows of one chunk are worth reading all of it.
constexpr std::uint64_t kWorthTheChunk = records::kChunkUids / 4;

// Whether the folder, as `head` has it, had nothing of a chunk before these rows came.
bool begins(const Head& head, const RowCache::Key& key, const std::vector<RowChunk::Change>& written) {
  const auto folder = head.folders.find(key.folder);
  return folder != head.folders.end() && folder->second.uid_next <= std::max(key.chunk * records::kChunkUids, 1U) &&
         std::ranges::all_of(written, [](const RowChunk::Change& one) { return one.row != nullptr; });
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

}  // namespace

std::optional<Modseq> StoredAccount::rows_changed(FolderId id, std::uint32_t chunk) {
  const std::scoped_lock lock(mutex_);
  if (removed_ || record(id) == nullptr) return std::nullopt;
  const View& v = view(id);
  const auto changed = v.rows_changed.find(chunk);
  return changed == v.rows_changed.end() ? 0 : changed->second;
}

// The rows of a chunk as they are now, when they are in memory.
std::shared_ptr<const RowChunk> StoredAccount::fresh_chunk(FolderId id, std::uint32_t chunk) {
  if (!environment_.row_cache.enabled()) return nullptr;
  std::uint64_t owner = 0;
  Modseq changed = 0;
  {
    const std::scoped_lock lock(mutex_);
    const auto v = views_.find(id);
    if (removed_ || v == views_.end()) return nullptr;
    owner = rows_owner_;
    if (const auto last = v->second.rows_changed.find(chunk); last != v->second.rows_changed.end())
      changed = last->second;
  }
  return environment_.row_cache.find({owner, id, chunk}, changed);
}

// With the lock, before the commit is noted in `view`: a chunk that is in memory stays true, and is not read again.
// Many messages that come at once are kept from their first row on, so that nobody has to read them to pack them.
void StoredAccount::keep_fresh(const Transaction& transaction, const View& view, const RowCache::Key& key,
                               Modseq version) {
  if (!environment_.row_cache.enabled()) return;
  const auto last = view.rows_changed.find(key.chunk);
  const auto rows = environment_.row_cache.find(key, last == view.rows_changed.end() ? 0 : last->second);
  if (rows && rows->at() >= version) return;
  const auto written = transaction.written_in(key.folder, key.chunk);
  std::shared_ptr<const RowChunk> changed;
  if (rows) {
    changed = rows->changed(written, version);
  } else if (transaction.touched_folder(key.folder).added.size() >= kManyAtOnce && begins(head_, key, written)) {
    RowChunk::Packer packer;
    for (const RowChunk::Change& one : written) packer.add(*one.row);
    changed = packer.finish(version);
  }
  if (changed) environment_.row_cache.put(key, std::move(changed));
}

// All of it, also when `visit` has had enough.
Result<std::shared_ptr<const RowChunk>> StoredAccount::read_rows(const RowCache::Key& key,
                                                                 const std::function<void(const Row&)>& visit) {
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
  return damaged ? nullptr : packer.finish(snap->version());
}

Result<> StoredAccount::read_chunk(const RowCache::Key& key, const std::function<void(const Row&)>& visit) {
  GP_TRY(auto chunk, read_rows(key, visit));
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
    auto chunk = chunk_in_memory(key);
    // What goes on from a chunk that was taken whole is the beginning of a page whose rest is asked for next.
    const bool whole = chunk || goes_on || wanted.size() >= kWorthTheChunk;
    if (whole && !chunk) {
      chunk = packed_chunk(key);
      if (chunk) environment_.row_cache.put(key, chunk);
    }
    if (!whole) {
      stored.add(wanted);
    } else {
      GP_CHECK(visit_stored());
      if (chunk) {
        more = more && chunk->visit(wanted, visit);
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

std::shared_ptr<const RowChunk> StoredAccount::chunk_in_memory(const RowCache::Key& key) {
  const auto changed = rows_changed(key.folder, key.chunk);
  return changed ? environment_.row_cache.find(key, *changed) : nullptr;
}

// Packs are read in one go, each into what the one before it leaves behind; in between, what rows() finds by itself.
Result<> StoredAccount::all_rows(FolderId id, const std::function<bool(const Row&)>& visit) {
  GP_CHECK(need_uids(id));
  load_packs(id);
  NumberSet uids;
  RowCache::Key key{0, id, 0};
  Modseq as_of = 0;
  bool packed = false;
  {
    const std::scoped_lock lock(mutex_);
    GP_CHECK(usable());
    if (record(id) == nullptr) return fail(Errc::not_found, "no such folder");
    key.owner = rows_owner_;
    uids = view(id).uids;
    const RowPacks::Catalogue* const there = packs_of(key);
    packed = there != nullptr && environment_.row_cache.enabled();
    if (packed) as_of = there->as_of;
  }
  bool more = true;
  const auto visit_some = [&](const Row& row) { return more = visit(row); };
  std::optional<Uid> next = uids.min();  // not visited yet, with all behind it
  // Those before `chunk` as rows() reads them.
  const auto catch_up = [&](std::uint64_t chunk) -> Result<> {
    if (!more || !next || *next / records::kChunkUids >= chunk) return {};
    const auto last =
        static_cast<Uid>(std::min(chunk * records::kChunkUids - 1, std::uint64_t{std::numeric_limits<Uid>::max()}));
    GP_CHECK(rows(id, uids.intersect(NumberSet::of(*next, last)), visit_some));
    next = first_behind(uids, last / records::kChunkUids);
    return {};
  };
  // Mostly all is in memory, or nothing.
  for (auto first = next; packed && first; first = first_behind(uids, key.chunk)) {
    key.chunk = *first / records::kChunkUids;
    if (!chunk_in_memory(key)) break;
    GP_CHECK(catch_up(std::uint64_t{key.chunk} + 1));
    packed = more && next;
  }
  if (packed) {
    GP_TRY(const auto packs, environment_.row_packs.snapshot());
    packs->pass_by();
    Result<> done;
    const auto take = [&](std::uint32_t chunk, std::string_view value) {
      done = catch_up(chunk);
      if (!done || !more || !next) return false;
      key.chunk = chunk;
      if (*next / records::kChunkUids != chunk || chunk_in_memory(key)) return true;
      const auto rows = unpack(key, as_of, value);
      if (!rows) return true;
      (void)rows->visit(uids.intersect(chunk_uids(chunk)), visit_some);
      next = first_behind(uids, chunk);
      return more;
    };
    GP_CHECK(RowPacks::scan(*packs, id_, id, next.value_or(0) / records::kChunkUids, take));
    GP_CHECK(std::move(done));
  }
  return catch_up(std::uint64_t{std::numeric_limits<Uid>::max()} / records::kChunkUids + 1);
}

}  // namespace gatepost::account
