#include <algorithm>
#include <map>

#include "account/store_access.hpp"
#include "account/stored_account.hpp"
#include "account/stored_body.hpp"
#include "store/keys.hpp"

// Reading: nothing here waits for commits.
namespace gatepost::account {
namespace {

constexpr Uid kLastUid = std::numeric_limits<Uid>::max();

Item item_of(ItemId id, records::ItemRecord&& record) {
  return {record.body, std::move(record.summary), record.thread == ItemId{} ? id : record.thread};
}

// Ascending, and with little between them.
bool are_neighbours(std::span<const ItemId> ids) {
  if (ids.size() < 4) return false;
  const auto by_size = [](ItemId a, ItemId b) { return a >= b; };
  if (std::ranges::adjacent_find(ids, by_size) != ids.end()) return false;
  const std::uint64_t spread = static_cast<std::uint64_t>(ids.back()) - static_cast<std::uint64_t>(ids.front());
  return spread < ids.size() * 3;
}

class StoredBodyWriter final : public BodyWriter {
 public:
  explicit StoredBodyWriter(std::unique_ptr<store::BlobWriter> writer) : writer_(std::move(writer)) {}
  Result<> append(std::string_view octets) override { return writer_->append(octets); }
  Result<Body> finish() override {
    GP_TRY(const store::BlobId id, writer_->finish());
    return Body{id.sha256, id.size};
  }

 private:
  std::unique_ptr<store::BlobWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<BodyWriter>> new_stored_body(store::Store& store, std::uint64_t size_hint) {
  GP_TRY(auto writer, store.bodies().create(size_hint));
  return std::make_unique<StoredBodyWriter>(std::move(writer));
}

const records::FolderRecord* StoredAccount::record(FolderId id) const {
  const auto f = head_.folders.find(id);
  return f == head_.folders.end() || f->second.dying ? nullptr : &f->second;
}

StoredAccount::View& StoredAccount::view(FolderId id) {
  const auto [v, fresh] = views_.try_emplace(id);
  if (fresh) {
    const records::FolderRecord& f = head_.folders.at(id);
    v->second.unseen_from = f.unseen_from;
    v->second.recent_from = f.recent_from;
  }
  return v->second;
}

Folder StoredAccount::describe(const records::FolderRecord& r) const {
  Folder f;
  f.id = r.id;
  f.parent = r.parent;
  f.name = r.name;
  f.path = path_of(head_, r);
  f.role = r.role;
  f.subscribed = head_.subscriptions.contains(f.path);
  f.selectable = r.selectable;
  f.uid_validity = r.uid_validity;
  f.uid_next = r.uid_next;
  f.total = r.total;
  f.unseen = r.unseen;
  f.deleted = r.deleted;
  f.octets = r.octets;
  f.highest_modseq = r.highest_modseq;
  f.oldest_kept = r.oldest_kept;
  if (const auto g = head_.grants.find(r.id); g != head_.grants.end()) f.grants = g->second;
  return f;
}

Result<std::shared_ptr<const std::vector<Folder>>> StoredAccount::folders(Reader reader) {
  const std::scoped_lock lock(mutex_);
  GP_CHECK(usable());
  if (!folder_list_) {
    auto all = std::make_shared<std::vector<Folder>>();
    all->reserve(head_.folders.size());
    for (const auto& [id, r] : head_.folders) {
      if (!r.dying) all->push_back(describe(r));
    }
    std::ranges::sort(*all, {}, &Folder::path);
    folder_list_ = std::move(all);
  }
  if (reader == kEverybody || head_.own_seen.since == 0) return folder_list_;
  auto mine = std::make_shared<std::vector<Folder>>(*folder_list_);
  for (Folder& f : *mine) show(f, reader);
  return mine;
}

Result<Folder> StoredAccount::folder(FolderId id, Reader reader) {
  const std::scoped_lock lock(mutex_);
  GP_CHECK(usable());
  const records::FolderRecord* r = record(id);
  if (r == nullptr) return fail(Errc::not_found, "no such folder");
  return describe(*r, reader);
}

Result<Folder> StoredAccount::find_folder(std::string_view path, Reader reader) {
  const bool inbox = path == kInboxName;
  std::vector<std::string> names;
  if (!inbox) {
    auto parsed = parse_path(path);
    if (!parsed) return fail(Errc::not_found, parsed.error().detail);
    names = std::move(*parsed);
  }
  const std::scoped_lock lock(mutex_);
  GP_CHECK(usable());
  const auto id = inbox ? std::optional(head_.inbox) : find_path(head_, names);
  const records::FolderRecord* r = id ? record(*id) : nullptr;
  if (r == nullptr) return fail(Errc::not_found, "no such folder");
  return describe(*r, reader);
}

Result<std::vector<std::string>> StoredAccount::subscriptions() {
  const std::scoped_lock lock(mutex_);
  GP_CHECK(usable());
  return std::vector<std::string>(head_.subscriptions.begin(), head_.subscriptions.end());
}

Result<std::shared_ptr<const std::vector<std::string>>> StoredAccount::keywords() {
  const std::scoped_lock lock(mutex_);
  GP_CHECK(usable());
  return head_.keywords;
}

// Fills view(id).uids. Commits go on meanwhile; what they change after the snapshot is applied at the end.
Result<> StoredAccount::load_uids(FolderId id) {
  std::uint64_t generation = 0;
  {
    const std::scoped_lock lock(mutex_);
    const records::FolderRecord* r = record(id);
    if (r == nullptr) return fail(Errc::not_found, "no such folder");
    View& v = view(id);
    if (v.loaded) return {};
    if (r->total == 0 || r->total == r->uid_next - 1) {  // nothing was ever removed: no need to look
      if (r->total > 0) v.uids = NumberSet::of(1, r->total);
      v.loaded = true;
      return {};
    }
    ++v.loading;
    generation = generation_;
  }
  NumberSet uids;
  Modseq at = 0;
  const auto read = [&]() -> Result<> {
    GP_TRY(auto snap, snapshot());
    at = snap->version();
    GP_TRY(const auto value, snap->get(records::folder_key(id)));
    if (value) {
      GP_TRY(const auto folder, records::decode_folder(id, *value));
      if (folder.has_sets) {
        GP_TRY(const NumberSet holes, scan_uid_set(*snap, id, records::UidSet::holes));
        if (folder.uid_next > 1) uids = NumberSet::of(1, folder.uid_next - 1).minus(holes).minus(folder.gaps);
        return {};
      }
    }
    // One that an older version made and `check` has not repaired.
    const std::string begin = records::row_prefix(id);
    return snap->scan(begin, store::prefix_end(begin), false, kLongScanPage, [&](store::Entry e) {
      FolderId folder{};
      Uid uid = 0;
      if (records::parse_row_key(e.key, folder, uid)) uids.add(uid);
      return true;
    });
  };
  auto result = read();
  bool ahead = false;
  {
    const std::scoped_lock lock(mutex_);
    ahead = head_.modseq < at;
  }
  if (ahead) {
    // The snapshot saw a commit whose folder record is not published yet; whoever waits its turn sees that done.
    const auto caught_up = run([](Transaction&) -> Result<> { return {}; });
    if (!caught_up && result) result = std::unexpected(caught_up.error());
  }
  const std::scoped_lock lock(mutex_);
  if (generation != generation_) return result ? fail(Errc::conflict, "account was reloaded") : result;
  const auto found = views_.find(id);
  if (found == views_.end()) return fail(Errc::not_found, "folder was deleted");
  View& v = found->second;
  --v.loading;
  if (result && !v.loaded) {
    for (const View::Step& step : v.steps) {
      if (step.modseq <= at) continue;
      uids.add(step.added);
      uids.remove(step.removed);
    }
    v.uids = std::move(uids);
    v.shared.reset();
    v.loaded = true;
  }
  if (v.loading == 0) v.steps.clear();
  return result;
}

Result<> StoredAccount::need_uids(FolderId id) {
  for (;;) {
    {
      const std::scoped_lock lock(mutex_);
      GP_CHECK(usable());
      if (record(id) == nullptr) return fail(Errc::not_found, "no such folder");
      if (view(id).loaded) return {};
    }
    if (auto loaded = load_uids(id); !loaded && loaded.error().code != Errc::conflict) return loaded;
  }
}

// `end`: behind the last UID to look at.
Result<std::optional<Uid>> StoredAccount::first_unseen(FolderId id, Uid end) {
  Uid from = 1;
  std::uint64_t lowered = 0, seen_changes = 0;
  {
    const std::scoped_lock lock(mutex_);
    if (record(id) == nullptr) return fail(Errc::not_found, "no such folder");
    const View& v = view(id);
    if (v.first_unseen) return v.first_unseen;
    from = v.unseen_from;
    lowered = v.unseen_lowered;
    seen_changes = v.seen_changes;
  }
  std::optional<Uid> found;
  if (from < end) {
    GP_TRY(auto snap, snapshot());
    GP_CHECK(scan_rows(
        *snap, id, NumberSet::of(from, end - 1),
        [&](Row& row) {
          if ((row.flags.system & flag::kSeen) == 0) found = row.uid;
          return !found;
        },
        damage_report()));
  }
  const std::scoped_lock lock(mutex_);
  const auto v = views_.find(id);
  if (v != views_.end() && v->second.unseen_lowered == lowered) {
    v->second.unseen_from = std::max(v->second.unseen_from, found.value_or(end));
    if (seen_changes == v->second.seen_changes) v->second.first_unseen = found;
  }
  return found;
}

Result<Opened> StoredAccount::open_folder(FolderId id, bool take_recent, Reader reader) {
  Opened opened;
  bool own = false;
  for (;;) {
    {
      const std::scoped_lock lock(mutex_);
      GP_CHECK(usable());
      const records::FolderRecord* r = record(id);
      if (r == nullptr) return fail(Errc::not_found, "no such folder");
      View& v = view(id);
      if (v.loaded) {
        opened.folder = describe(*r, reader);
        own = reader != kEverybody && head_.own_seen.on;
        opened.at = head_.modseq;
        if (!v.shared) {
          v.shared = std::make_shared<const NumberSet>(v.uids);
          (void)v.shared->select(1);  // completes its index, which must not happen in several threads at once
        }
        opened.uids = v.shared;
        opened.first_recent = v.recent_from;
        if (take_recent) v.recent_from = r->uid_next;
        break;
      }
    }
    if (auto loaded = load_uids(id); !loaded && loaded.error().code != Errc::conflict)
      return std::unexpected(loaded.error());
  }
  if (opened.folder.unseen == 0) return opened;
  if (own) {
    GP_TRY(opened.first_unseen, first_unseen(id, *opened.uids, reader));
  } else {
    GP_TRY(opened.first_unseen, first_unseen(id, opened.folder.uid_next));
  }
  return opened;
}

Result<Item> StoredAccount::item(ItemId id) {
  GP_TRY(auto snap, snapshot());
  GP_TRY(const auto value, snap->get(records::item_key(id)));
  if (!value) return fail(Errc::not_found, "no such item");
  GP_TRY(auto record, records::decode_item(*value));
  return item_of(id, std::move(record));
}

// Messages that came one after the other have items one after the other: walking over them costs a fraction of looking
// each up. What lies between is passed over.
Result<std::vector<Item>> StoredAccount::neighbours(std::span<const ItemId> ids) {
  std::vector<Item> out;
  out.reserve(ids.size());
  Result<> damage;
  GP_TRY(auto snap, snapshot());
  const std::string begin = records::item_key(ids.front());
  const std::string end = records::item_key(ItemId{static_cast<std::uint64_t>(ids.back()) + 1});
  GP_CHECK(snap->scan(begin, end, false, kLongScanPage, [&](store::Entry e) {
    ItemId id{};
    if (!records::parse_item_key(e.key, id) || id < ids[out.size()]) return true;
    if (id > ids[out.size()]) return false;
    auto record = records::decode_item(e.value);
    if (!record) {
      damage = std::unexpected(std::move(record.error()));
      return false;
    }
    out.push_back(item_of(id, std::move(*record)));
    return out.size() < ids.size();
  }));
  GP_CHECK(std::move(damage));
  if (out.size() < ids.size()) return fail(Errc::not_found, "no such item");
  return out;
}

Result<std::vector<Item>> StoredAccount::items(std::span<const ItemId> ids) {
  if (are_neighbours(ids)) return neighbours(ids);
  std::vector<std::string> keys;
  keys.reserve(ids.size());
  for (const ItemId id : ids) keys.push_back(records::item_key(id));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  GP_TRY(auto snap, snapshot());
  GP_TRY(const auto values, snap->get_many(views));
  std::vector<Item> out;
  out.reserve(ids.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) return fail(Errc::not_found, "no such item");
    GP_TRY(auto record, records::decode_item(*values[i]));
    out.push_back(item_of(ids[i], std::move(record)));
  }
  return out;
}

Result<> StoredAccount::read_body(const Body& body, std::uint64_t offset, std::span<char> out) {
  return environment_.store.bodies().read(blob_of(body), offset, out);
}

Result<std::unique_ptr<BodyWriter>> StoredAccount::new_body(std::uint64_t size_hint) {
  return new_stored_body(environment_.store, size_hint);
}

// With the lock. Nullopt: not all of it is in memory.
std::optional<Delta> StoredAccount::recent_changes(FolderId id, Modseq since) {
  const auto v = views_.find(id);
  if (v == views_.end() || !v->second.recent_since || since < *v->second.recent_since) return std::nullopt;
  Delta delta;
  delta.to = head_.modseq;
  std::map<Uid, const Row*> rows;
  for (const View::Recent& step : v->second.recent) {
    if (step.modseq <= since) continue;
    for (const Row& row : step.rows) rows.insert_or_assign(row.uid, &row);
    for (const NumberSet::Range& r : step.removed.ranges()) {
      rows.erase(rows.lower_bound(r.first), rows.upper_bound(r.last));
    }
    delta.vanished.add(step.removed);
  }
  for (const auto& [uid, row] : rows) {
    delta.changed.add(uid);
    delta.rows.push_back(*row);
  }
  return delta;
}

bool StoredAccount::is_lost(Modseq told) const {
  return std::ranges::any_of(head_.state.lost, [&](const auto& l) { return told >= l.first && told <= l.last; });
}

Modseq StoredAccount::known_modseq(Modseq told) {
  const std::scoped_lock lock(mutex_);
  return is_lost(told) ? 0 : told;
}

Result<Delta> StoredAccount::stored_changes(FolderId id, Modseq since, Reader reader) {
  Delta delta;
  bool lost = false;
  {
    const std::scoped_lock lock(mutex_);
    GP_CHECK(usable());
    const records::FolderRecord* r = record(id);
    if (r == nullptr) return fail(Errc::not_found, "no such folder");
    // Before its reader had \Seen of his own, or when he had, all was another.
    lost = is_lost(since) || (reader != kEverybody && since < head_.own_seen.since);
    if (lost) since = 0;
    if (highest_modseq(*r, reader) <= since) {
      delta.to = head_.modseq;
      delta.vanished_known = since >= r->oldest_kept;
      return delta;
    }
    if (auto recent = lost ? std::nullopt : recent_changes(id, since)) return *std::move(recent);
  }
  GP_TRY(auto snap, snapshot());
  delta.to = snap->version();
  GP_TRY(const auto value, snap->get(records::folder_key(id)));
  if (!value) return fail(Errc::not_found, "folder was deleted");
  GP_TRY(const auto folder, records::decode_folder(id, *value));
  // What came and went in a lost state, nobody knows.
  delta.vanished_known = !lost && since >= folder.oldest_kept;
  if (since == std::numeric_limits<Modseq>::max()) return delta;

  const auto uids_in = [&](char kind) -> Result<NumberSet> {
    std::vector<Uid> uids;
    const std::string from = kind == records::kind::kChanged ? records::changed_key(id, since + 1, 0)
                                                             : records::vanished_key(id, since + 1, 0);
    GP_CHECK(
        snap->scan(from, store::prefix_end(records::index_prefix(kind, id)), false, kLongScanPage, [&](store::Entry e) {
          FolderId folder_id{};
          Modseq modseq = 0;
          Uid uid = 0;
          if (records::parse_index_key(e.key, folder_id, modseq, uid)) uids.push_back(uid);
          return true;
        }));
    std::ranges::sort(uids);
    NumberSet set;
    for (const Uid uid : uids) set.add(uid);
    return set;
  };
  GP_TRY(delta.changed, uids_in(records::kind::kChanged));
  GP_CHECK(snap->scan(records::changed_set_key(id, since + 1, 0),
                      store::prefix_end(records::index_prefix(records::kind::kChangedSet, id)), false, kLongScanPage,
                      [&](store::Entry e) {
                        const auto read = records::decode_uids(e.value, delta.changed);
                        if (read) return true;
                        // What cannot be read may have been any of them.
                        damage_report()(id, 0, read.error());
                        if (folder.uid_next > 1) delta.changed.add(1, folder.uid_next - 1);
                        return true;
                      }));
  if (delta.vanished_known) {
    GP_TRY(delta.vanished, uids_in(records::kind::kVanished));
    delta.changed.remove(delta.vanished);
  }
  if (!delta.has_rows()) return delta;
  delta.rows.reserve(delta.changed.size());
  NumberSet there;
  GP_CHECK(scan_rows(
      *snap, id, delta.changed,
      [&](Row& row) {
        there.add(row.uid);
        delta.rows.push_back(std::move(row));
        return true;
      },
      damage_report()));
  // An entry of many stays when one of them goes.
  if (!delta.vanished_known) delta.changed = std::move(there);
  return delta;
}

Result<Uid> StoredAccount::uid_end(FolderId id) {
  const std::scoped_lock lock(mutex_);
  GP_CHECK(usable());
  const records::FolderRecord* r = record(id);
  if (r == nullptr) return fail(Errc::not_found, "no such folder");
  return r->uid_next == kLastUid ? kLastUid : r->uid_next;
}

}  // namespace gatepost::account
