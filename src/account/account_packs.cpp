#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "account/row_packs.hpp"
#include "account/store_access.hpp"
#include "account/stored_account.hpp"
#include "store/keys.hpp"

// Rows that lie together on disk: which of them are still true, reading them, and writing them when nobody waits.
namespace gatepost::account {
namespace {

constexpr std::uint32_t kWorthPacking = 2 * records::kChunkUids;  // messages: what has fewer is read in a millisecond
constexpr std::size_t kPackedAtOnce = 64;                         // chunks, in memory
constexpr std::uint32_t kNewPart = 8;  // a folder is packed when one in so many of its chunks was read row by row

// The last change of each chunk that has changed after `since`, and of which UIDs: rows that came, went or have other
// flags. Nullopt: that are more than `at_most` entries, or one cannot be read.
struct ChunkChange {
  Modseq last = 0;
  NumberSet uids;
};
using ChunkChanges = std::unordered_map<std::uint32_t, ChunkChange>;
Result<std::optional<ChunkChanges>> chunk_changes(store::Snapshot& snap, FolderId id, Modseq since,
                                                  std::size_t at_most) {
  ChunkChanges changes;
  bool all = true;
  const auto note = [&](std::uint32_t chunk, Modseq modseq, const NumberSet::Range& uids) {
    ChunkChange& change = changes[chunk];
    change.last = std::max(change.last, modseq);
    change.uids.add(uids.first, uids.last);
  };
  const auto look = [&](std::string from, char kind, auto take) -> Result<> {
    if (!all) return {};
    return snap.scan(from, store::prefix_end(records::index_prefix(kind, id)), false, kLongScanPage,
                     [&](store::Entry e) { return all = at_most-- > 0 && take(e); });
  };
  const auto one = [&](store::Entry e) {
    FolderId folder{};
    Modseq modseq = 0;
    Uid uid = 0;
    if (!records::parse_index_key(e.key, folder, modseq, uid)) return false;
    note(uid / records::kChunkUids, modseq, {uid, uid});
    return true;
  };
  const auto many = [&](store::Entry e) {
    FolderId folder{};
    Modseq modseq = 0;
    NumberSet uids;
    if (!records::parse_changed_set_key(e.key, folder, modseq) || !records::decode_uids(e.value, uids)) return false;
    for (const NumberSet::Range& r : uids.ranges()) {
      const std::uint32_t first = r.first / records::kChunkUids, last = r.last / records::kChunkUids;
      if (last - first > at_most) return false;
      at_most -= last - first;
      for (std::uint32_t chunk = first; chunk <= last; ++chunk) {
        const NumberSet::Range all_of_it = chunk_uids(chunk).ranges().front();
        note(chunk, modseq, {std::max(r.first, all_of_it.first), std::min(r.last, all_of_it.last)});
      }
    }
    return true;
  };
  GP_CHECK(look(records::changed_key(id, since + 1, 0), records::kind::kChanged, one));
  GP_CHECK(look(records::vanished_key(id, since + 1, 0), records::kind::kVanished, one));
  GP_CHECK(look(records::changed_set_key(id, since + 1, 0), records::kind::kChangedSet, many));
  if (!all) return std::nullopt;
  return changes;
}

// Whether a catalogue can say anything of the folder as it is at `version`.
bool describes(const RowPacks::Catalogue& catalogue, const records::FolderRecord& folder, Modseq version) {
  return folder.uid_validity == catalogue.uid_validity && folder.oldest_kept <= catalogue.as_of &&
         catalogue.as_of <= version;
}

// More changes than this are not worth going through: rows are read then.
std::size_t most_changes(const records::FolderRecord& folder) {
  return std::max<std::size_t>(4 * records::kChunkUids, folder.total / 8);
}

// So many rows that are not as they were packed are read one by one at the next start, in a millisecond or two: they
// are worth packing again.
std::size_t many_changes(const records::FolderRecord& folder) {
  return std::max<std::size_t>(records::kChunkUids / 2, folder.total / 128);
}

}  // namespace

// Into view(id).packs, once. What cannot be read is as if it were not there.
void StoredAccount::load_packs(FolderId id) {
  std::uint64_t generation = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (removed_ || record(id) == nullptr || view(id).packs.known) return;
    generation = generation_;
  }
  RowPacks::Catalogue there;
  ChunkChanges changes;
  Modseq changes_until = 0;
  const auto look = [&]() -> Result<> {
    GP_TRY(const auto packs, environment_.row_packs.snapshot());  // first: so nothing in it is newer than the other
    GP_TRY(auto catalogue, RowPacks::catalogue(*packs, id_, id));
    if (!catalogue) return {};
    GP_TRY(const auto snap, snapshot());
    GP_TRY(const auto value, snap->get(records::folder_key(id)));
    if (!value) return {};
    GP_TRY(const auto folder, records::decode_folder(id, *value));
    if (!describes(*catalogue, folder, snap->version())) return {};
    GP_TRY(auto changed, chunk_changes(*snap, id, catalogue->as_of, most_changes(folder)));
    if (!changed) return {};
    there = std::move(*catalogue);
    changes = std::move(*changed);
    changes_until = snap->version();
    return {};
  };
  const bool read = look().has_value();
  const std::scoped_lock lock(mutex_);
  if (generation != generation_ || removed_ || record(id) == nullptr) return;
  View& v = view(id);
  if (v.packs.known) return;
  v.packs.known = true;
  if (!read || is_lost(there.as_of)) return;
  // What changed since this view began is noted already.
  for (auto& [chunk, change] : changes) {
    Modseq& last = v.rows_changed[chunk];
    last = std::max(last, change.last);
    v.packs.changed += change.uids.size();
    v.packs.stale.emplace(chunk, std::move(change.uids));
  }
  v.packs.stale_until = changes_until;
  v.packs.there = std::move(there);
  note_changed_rows(id, 0);
}

// With the lock. Null: there are none.
const RowPacks::Catalogue* StoredAccount::packs_of(const RowCache::Key& key) const {
  if (removed_ || key.owner != rows_owner_ || record(key.folder) == nullptr) return nullptr;
  const auto v = views_.find(key.folder);
  return v == views_.end() || !v->second.loaded || v->second.packs.there.chunks.empty() ? nullptr
                                                                                        : &v->second.packs.there;
}

// What a pack says, and what has changed since: a few rows, which are read one by one. `as_of`: of the catalogue, from
// before the pack was read. Null: it is not true any more.
std::shared_ptr<const RowChunk> StoredAccount::unpack(const RowCache::Key& key, Modseq as_of, std::string_view value) {
  std::uint64_t count = 0;
  NumberSet stale;
  Modseq at = as_of;
  {
    const std::scoped_lock lock(mutex_);
    const RowPacks::Catalogue* const there = packs_of(key);
    if (there == nullptr || there->as_of != as_of || !there->has(key.chunk)) return nullptr;
    const View& v = views_.at(key.folder);
    if (const auto changed = v.rows_changed.find(key.chunk);
        changed != v.rows_changed.end() && changed->second > as_of) {
      at = changed->second;
      const auto known = v.packs.stale.find(key.chunk);
      if (known == v.packs.stale.end() || at > v.packs.stale_until) return nullptr;
      stale = known->second;
    }
    count = v.uids.intersect(chunk_uids(key.chunk)).size();
  }
  auto read = RowChunk::decode(value, as_of);
  if (!read) return nullptr;
  std::shared_ptr<const RowChunk> chunk = std::move(*read);
  if (!stale.empty()) {
    std::map<Uid, Row> rows;
    const auto scan = [&]() -> Result<> {
      GP_TRY(const auto snap, snapshot());
      return scan_rows(
          *snap, key.folder, stale,
          [&](Row& row) {
            const Uid uid = row.uid;
            rows.emplace(uid, std::move(row));
            return true;
          },
          damage_report());
    };
    if (!scan()) return nullptr;
    std::vector<RowChunk::Change> changes;
    stale.for_each([&](Uid uid) {
      const auto row = rows.find(uid);
      changes.push_back({uid, row == rows.end() ? nullptr : &row->second});
    });
    chunk = chunk->changed(changes, at);
  }
  if (!chunk || chunk->size() != count || chunk->uid(0) / records::kChunkUids != key.chunk ||
      chunk->uid(count - 1) / records::kChunkUids != key.chunk) {
    return nullptr;
  }
  return chunk;
}

// Null: it is not there, or not true any more.
std::shared_ptr<const RowChunk> StoredAccount::packed_chunk(const RowCache::Key& key) {
  load_packs(key.folder);
  Modseq as_of = 0;
  {
    const std::scoped_lock lock(mutex_);
    const RowPacks::Catalogue* const there = packs_of(key);
    if (there == nullptr || !there->has(key.chunk)) return nullptr;
    as_of = there->as_of;
  }
  // Begun behind the look above: what it shows is what the catalogue says, or is newer because it has changed since.
  const auto snap = environment_.row_packs.snapshot();
  if (!snap) return nullptr;
  const auto value = RowPacks::read(**snap, id_, key.folder, key.chunk);
  return value && *value ? unpack(key, as_of, **value) : nullptr;
}

// With the lock: rows came, went or have other flags.
void StoredAccount::note_changed_rows(FolderId id, std::size_t count) {
  const records::FolderRecord* r = removed_ ? nullptr : record(id);
  if (r == nullptr) return;
  View& v = view(id);
  v.packs.changed += count;
  if (r->total >= kWorthPacking && v.packs.changed >= many_changes(*r)) environment_.row_packs.want({id_, id});
}

// Somebody has read a chunk row by row.
void StoredAccount::note_read_by_row(FolderId id) {
  const std::scoped_lock lock(mutex_);
  const records::FolderRecord* r = removed_ ? nullptr : record(id);
  if (r == nullptr || r->total < kWorthPacking) return;
  if (++view(id).packs.read_by_row * kNewPart >= r->total / records::kChunkUids) environment_.row_packs.want({id_, id});
}

// For packing. Null: they cannot be packed.
std::shared_ptr<const RowChunk> StoredAccount::chunk_to_pack(const RowCache::Key& key, Modseq changed) {
  if (auto rows = environment_.row_cache.find(key, changed)) return rows;
  if (auto rows = packed_chunk(key)) return rows;
  auto rows = read_rows(key, [](const Row&) {});
  return rows ? *std::move(rows) : nullptr;
}

Result<> StoredAccount::write_packs(FolderId id) {
  const std::scoped_lock writing(packs_mutex_);
  GP_CHECK(need_uids(id));
  load_packs(id);
  RowPacks::Catalogue kept;
  NumberSet dropped;
  std::vector<std::pair<std::uint32_t, Modseq>> missing;  // and when it changed last
  std::uint64_t generation = 0, owner = 0;
  bool afresh = false;
  {
    const std::scoped_lock lock(mutex_);
    const records::FolderRecord* r = removed_ ? nullptr : record(id);
    if (r == nullptr) return {};
    View& v = view(id);
    if (!v.loaded || !v.packs.known) return {};
    generation = generation_;
    owner = rows_owner_;
    v.packs.read_by_row = 0;
    v.packs.changed = 0;
    kept = v.packs.there;
    afresh = kept.chunks.empty();
    for (const auto& [chunk, modseq] : v.rows_changed) {
      if (modseq > kept.as_of && kept.has(chunk)) dropped.add(chunk + 1);
    }
    kept.chunks.remove(dropped);
    kept.as_of = head_.modseq;
    kept.uid_validity = r->uid_validity;
    std::optional<std::uint32_t> last;
    for (const NumberSet::Range& range : v.uids.ranges()) {
      for (std::uint32_t chunk = range.first / records::kChunkUids; chunk <= range.last / records::kChunkUids;
           ++chunk) {
        if (chunk == last || kept.has(chunk)) continue;
        last = chunk;
        const auto changed = v.rows_changed.find(chunk);
        missing.emplace_back(chunk, changed == v.rows_changed.end() ? 0 : changed->second);
      }
    }
  }
  std::vector<RowPacks::Pack> packs;
  bool written = false;
  const auto write = [&]() -> Result<> {
    if (packs.empty()) return {};
    GP_TRY(kept, environment_.row_packs.write(id_, id, std::move(kept), packs, dropped, afresh));
    packs.clear();
    dropped.clear();
    afresh = false;
    written = true;
    return {};
  };
  for (const auto& [chunk, changed] : missing) {
    auto rows = chunk_to_pack({owner, id, chunk}, changed);
    if (!rows || rows->size() == 0) continue;
    dropped.remove(chunk + 1);  // it is written over
    packs.push_back({chunk, std::move(rows)});
    if (packs.size() >= kPackedAtOnce) GP_CHECK(write());
  }
  GP_CHECK(write());
  const std::scoped_lock lock(mutex_);
  const auto v = views_.find(id);
  if (!written || generation != generation_ || v == views_.end()) return {};
  v->second.packs.there = std::move(kept);
  v->second.packs.stale.clear();
  return {};
}

// Of folders that are no more: a crash came between the two.
Result<> StoredAccount::prune_packs() {
  const std::scoped_lock writing(packs_mutex_);
  std::vector<FolderId> folders;
  {
    GP_TRY(const auto packs, environment_.row_packs.snapshot());
    GP_TRY(folders, RowPacks::folders(*packs, id_));
  }
  for (const FolderId id : folders) {
    {
      const std::scoped_lock lock(mutex_);
      GP_CHECK(usable());
      if (record(id) != nullptr) continue;
    }
    GP_CHECK(environment_.row_packs.erase(id_, id));
  }
  return {};
}

std::optional<std::string> StoredAccount::notes(std::uint8_t kind, std::uint64_t block) {
  auto value = environment_.item_notes.read(id_, kind, block);
  return value ? *std::move(value) : std::nullopt;
}

void StoredAccount::notes(std::uint8_t kind, std::uint64_t first, std::uint64_t count,
                          const std::function<void(std::uint64_t block, std::string_view value)>& visit) {
  // What cannot be read is as if it were not there.
  (void)environment_.item_notes.read(id_, kind, first, count, visit);
}

void StoredAccount::keep_notes(std::uint8_t kind, std::uint64_t block, std::string value) {
  environment_.item_notes.keep(id_, kind, block, std::move(value));
}

void StoredAccount::change_notes(std::uint8_t kind, std::uint64_t block, const ChangeNote& change) {
  environment_.item_notes.change(id_, kind, block, change);
}

// Of items that are all gone.
Result<> StoredAccount::prune_notes() {
  GP_TRY(const auto names, environment_.item_notes.names(id_));
  if (names.empty()) return {};
  std::vector<ItemNotes::Name> gone;
  GP_TRY(const auto snap, snapshot());
  for (const ItemNotes::Name& name : names) {
    bool any = false;
    GP_CHECK(snap->scan(records::item_key(ItemId{name.block * kNotedItems}),
                        records::item_key(ItemId{(name.block + 1) * kNotedItems}), false, 1,
                        [&](store::Entry) { return !(any = true); }));
    if (!any) gone.push_back(name);
  }
  return environment_.item_notes.erase(id_, gone);
}

// Compares what counts as true with the rows. `packs` was begun before `snap`. Value: whether all is right.
Result<bool> StoredAccount::check_packs(store::Snapshot& snap, store::Snapshot& packs,
                                        const std::function<void(FolderId, std::string_view)>& finding) const {
  std::vector<records::State::Lost> lost;
  GP_TRY(const auto state, snap.get(records::state_key()));
  if (state) {
    if (auto read = records::decode_state(*state)) lost = std::move(read->lost);
  }
  bool right = true;
  const auto wrong = [&](FolderId id, std::string_view what) {
    right = false;
    finding(id, what);
  };
  GP_TRY(const auto folders, RowPacks::folders(packs, id_));
  for (const FolderId id : folders) {
    GP_TRY(const auto value, snap.get(records::folder_key(id)));
    const auto folder = value ? records::decode_folder(id, *value) : Result<records::FolderRecord>(fail(Errc::corrupt));
    if (!folder || folder->dying) continue;  // the first is reported elsewhere
    GP_TRY(const auto catalogue, RowPacks::catalogue(packs, id_, id));
    if (!catalogue || catalogue->as_of > snap.version()) {
      wrong(id, "list of packed rows is wrong");
      continue;
    }
    const auto is_lost = [&](const auto& l) { return catalogue->as_of >= l.first && catalogue->as_of <= l.last; };
    if (!describes(*catalogue, *folder, snap.version()) || std::ranges::any_of(lost, is_lost)) continue;
    GP_TRY(const auto changed, chunk_changes(snap, id, catalogue->as_of, most_changes(*folder)));
    if (!changed) continue;
    for (const NumberSet::Range& range : catalogue->chunks.ranges()) {
      for (std::uint32_t chunk = range.first - 1; chunk < range.last; ++chunk) {
        if (changed->contains(chunk)) continue;
        GP_TRY(const auto packed, RowPacks::read(packs, id_, id, chunk));
        RowChunk::Packer packer;
        bool any = false;
        GP_CHECK(scan_rows(
            snap, id, chunk_uids(chunk),
            [&](Row& row) {
              packer.add(row);
              return any = true;
            },
            [](FolderId, Uid, const Error&) {}));
        const auto rows = packer.finish(0);
        const auto read = packed ? RowChunk::decode(*packed, 0) : Result<std::shared_ptr<const RowChunk>>(nullptr);
        if (!any || !rows || !read || !*read || !rows->has_same_rows(**read)) {
          wrong(id, fmt::format("packed rows from UID {} on are not what the rows are", chunk * records::kChunkUids));
        }
      }
    }
  }
  return right;
}

}  // namespace gatepost::account
