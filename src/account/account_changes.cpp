#include <algorithm>
#include <map>
#include <optional>

#include "account/stored_account.hpp"
#include "base/bytes.hpp"
#include "store/keys.hpp"

// The account as a whole: its change log, conversations, and where an item is.
namespace gatepost::account {
namespace {

using records::LogEntry;
using ChangeKind = AccountChanges::What;

constexpr std::size_t kLogEntriesAtOnce = 256;

// What happened to one thing, as far as it matters to who saw it before the first and sees it after the last.
struct Fate {
  bool was_there = true, is_there = true;
  ItemId thread{};

  void add(ChangeKind what) {
    if (what == ChangeKind::created && !seen_) was_there = false;
    seen_ = true;
    is_there = what != ChangeKind::destroyed;
  }
  std::optional<ChangeKind> sum() const {
    if (was_there) return is_there ? ChangeKind::updated : ChangeKind::destroyed;
    if (is_there) return ChangeKind::created;
    return std::nullopt;
  }

 private:
  bool seen_ = false;
};

struct Fates {
  Reader reader = kEverybody;  // who asks
  std::map<std::uint64_t, Fate> items, folders;
  std::size_t size() const { return items.size() + folders.size(); }

  void add(const LogEntry& e) {
    switch (e.what) {
      case LogEntry::What::item_created:
        return item(e, ChangeKind::created);
      case LogEntry::What::item_updated:
      case LogEntry::What::item_moved:
        return item(e, ChangeKind::updated);
      case LogEntry::What::item_destroyed:
        return item(e, ChangeKind::destroyed);
      case LogEntry::What::folder_created:
        return folders[e.id].add(ChangeKind::created);
      case LogEntry::What::folder_updated:
      case LogEntry::What::folder_annotated:
        return folders[e.id].add(ChangeKind::updated);
      case LogEntry::What::folder_destroyed:
        return folders[e.id].add(ChangeKind::destroyed);
      case LogEntry::What::item_seen:
        if (e.reader != reader) return;
        item(e, ChangeKind::updated);
        return folders[static_cast<std::uint64_t>(e.folder)].add(ChangeKind::updated);  // how many are unread
    }
  }
  void item(const LogEntry& e, ChangeKind what) {
    Fate& fate = items[e.id];
    fate.add(what);
    fate.thread = e.thread;
  }
};

}  // namespace

Result<AccountChanges> StoredAccount::account_changes(Modseq since, std::size_t at_most, Reader reader) {
  AccountChanges out;
  out.to = since;
  GP_TRY(auto snap, snapshot());
  {
    const std::scoped_lock lock(mutex_);
    GP_CHECK(usable());
    out.known = since <= snap->version() && since >= head_.state.log_floor && !is_lost(since) &&
                (reader == kEverybody || since >= head_.own_seen.since);
  }
  if (!out.known) return out;
  Fates fates{.reader = reader};
  Modseq reached = since;
  Result<> damage;
  GP_CHECK(snap->scan(records::log_key(since + 1, 0), store::prefix_end(std::string(1, records::kind::kLog)), false,
                      kLogEntriesAtOnce, [&](store::Entry e) {
                        ByteReader key(e.key.substr(1));
                        const Modseq modseq = key.u64();
                        // A commit is told of whole, or not at all.
                        if (modseq != reached && fates.size() >= at_most) {
                          out.more = true;
                          return false;
                        }
                        auto log = records::decode_log(e.value);
                        if (!log) {
                          damage = std::unexpected(std::move(log.error()));
                          return false;
                        }
                        for (const LogEntry& entry : log->entries) fates.add(entry);
                        reached = modseq;
                        return true;
                      }));
  GP_CHECK(std::move(damage));
  out.to = out.more ? reached : snap->version();
  for (const auto& [id, fate] : fates.items) {
    if (const auto what = fate.sum()) out.items.push_back({ItemId{id}, fate.thread, *what});
  }
  for (const auto& [id, fate] : fates.folders) {
    if (const auto what = fate.sum()) out.folders.push_back({FolderId{static_cast<std::uint32_t>(id)}, *what});
  }
  return out;
}

Result<std::vector<ItemId>> StoredAccount::thread(ItemId thread) {
  std::vector<ItemId> out;
  GP_TRY(auto snap, snapshot());
  // Who began it has no entry, and may be gone.
  GP_TRY(const auto first, snap->get(records::place_key(thread)));
  if (first) {
    GP_TRY(const auto item, snap->get(records::item_key(thread)));
    const auto record = item ? records::decode_item(*item) : Result<records::ItemRecord>(fail(Errc::not_found));
    if (record && record->thread == ItemId{}) out.push_back(thread);
  }
  const std::string begin = records::in_thread_prefix(thread);
  GP_CHECK(snap->scan(begin, store::prefix_end(begin), false, kLogEntriesAtOnce, [&](store::Entry e) {
    ItemId of{};
    ItemId item{};
    if (records::parse_in_thread_key(e.key, of, item)) out.push_back(item);
    return true;
  }));
  return out;
}

Result<std::vector<std::optional<Placed>>> StoredAccount::places(std::span<const ItemId> ids) {
  std::vector<std::string> keys;
  keys.reserve(ids.size());
  for (const ItemId id : ids) keys.push_back(records::place_key(id));
  GP_TRY(auto snap, snapshot());
  GP_TRY(const auto places, snap->get_many(std::vector<std::string_view>(keys.begin(), keys.end())));
  std::vector<std::optional<Placed>> out(ids.size());
  std::vector<std::size_t> at;
  keys.clear();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto place = places[i] ? records::decode_place(*places[i]) : Result<records::Place>(fail(Errc::not_found));
    if (!place) continue;
    out[i] = Placed{place->folder, {}};
    out[i]->row.uid = place->uid;
    keys.push_back(records::row_key(place->folder, place->uid));
    at.push_back(i);
  }
  GP_TRY(const auto rows, snap->get_many(std::vector<std::string_view>(keys.begin(), keys.end())));
  for (std::size_t i = 0; i < at.size(); ++i) {
    std::optional<Placed>& placed = out[at[i]];
    auto row = rows[i] ? records::decode_row(placed->row.uid, *rows[i]) : Result<Row>(fail(Errc::not_found));
    if (row && row->item == ids[at[i]])
      placed->row = std::move(*row);
    else
      placed.reset();
  }
  return out;
}

}  // namespace gatepost::account
