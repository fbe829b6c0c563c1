#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "account/store_access.hpp"
#include "account/stored_account.hpp"
#include "store/keys.hpp"

// Messages that were removed: listing them, bringing them back, forgetting them.
namespace gatepost::account {
namespace {

constexpr std::size_t kRestoredPerCommit = 500;
constexpr std::uint64_t kForEver = std::numeric_limits<std::uint64_t>::max();

struct Expiry {
  std::uint64_t seconds = 0;
  ItemId item{};
};

enum class Order { oldest_first, newest_first };

// Entries of the order of removal from `from` to `end`, at most `at_most`.
Result<std::vector<Expiry>> expiries(store::Snapshot& snap, std::string_view from, std::string_view end, Order order,
                                     std::size_t at_most) {
  std::vector<Expiry> found;
  GP_CHECK(snap.scan(from, end, order == Order::newest_first, kScanPage, [&](store::Entry e) {
    Expiry expiry;
    if (records::parse_expiry_key(e.key, expiry.seconds, expiry.item)) found.push_back(expiry);
    return found.size() < at_most;
  }));
  return found;
}

// Of the same order; nothing for one that cannot be read.
Result<std::vector<std::optional<records::Removed>>> read_removed(store::Snapshot& snap,
                                                                  std::span<const ItemId> items) {
  std::vector<std::string> keys;
  for (const ItemId item : items) keys.push_back(records::removed_key(item));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  GP_TRY(const auto values, snap.get_many(views));
  std::vector<std::optional<records::Removed>> found;
  for (const auto& value : values) {
    auto removed = value ? records::decode_removed(*value) : Result<records::Removed>(fail(Errc::not_found));
    found.push_back(removed ? std::optional(std::move(*removed)) : std::nullopt);
  }
  return found;
}

std::string first_expiry() { return std::string(1, records::kind::kExpiry); }
std::string end_of_expiries() { return store::prefix_end(first_expiry()); }

// Visits what was removed in second `since` or later.
Result<> scan_removed(store::Snapshot& snap, std::uint64_t since, Order order,
                      const std::function<bool(const records::Removed&)>& visit) {
  std::string from = records::expiry_key(since, ItemId{0}), end = end_of_expiries();
  for (;;) {
    GP_TRY(const auto page, expiries(snap, from, end, order, kScanPage));
    std::vector<ItemId> items;
    for (const Expiry& e : page) items.push_back(e.item);
    GP_TRY(const auto removed, read_removed(snap, items));
    for (const auto& one : removed) {
      if (one && !visit(*one)) return {};
    }
    if (page.size() < kScanPage) return {};
    const Expiry& last = page.back();
    if (order == Order::oldest_first) {
      from = records::expiry_key(last.seconds, ItemId{static_cast<std::uint64_t>(last.item) + 1});
    } else {
      end = records::expiry_key(last.seconds, last.item);
    }
  }
}

Removed shown(const records::Removed& r, const std::map<FolderId, std::string>& paths) {
  const auto path = paths.find(r.folder);
  return {r.row.item, r.folder, path == paths.end() ? std::string() : path->second, r.row,
          TimePoint(std::chrono::seconds(r.seconds))};
}

}  // namespace

// What is to come back into a folder.
struct StoredAccount::Gone {
  std::vector<std::pair<Uid, ItemId>> kept;  // UIDs they had
  FolderId trash{};
  NumberSet in_trash;
  std::uint32_t elsewhere = 0;
};

Result<std::vector<std::pair<FolderId, records::Former>>> StoredAccount::former_folders() {
  std::vector<std::pair<FolderId, records::Former>> found;
  GP_TRY(auto snap, snapshot());
  const std::string begin(1, records::kind::kFormer);
  GP_CHECK(snap->scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    FolderId id{};
    if (!records::parse_folder_key(e.key, id)) return true;
    if (auto former = records::decode_former(e.value)) found.emplace_back(id, std::move(*former));
    return true;
  }));
  return found;
}

// Of all folders that are known still, those that are gone included.
Result<std::map<FolderId, std::string>> StoredAccount::all_paths() {
  GP_TRY(const auto former, former_folders());
  std::map<FolderId, std::string> paths;
  for (const auto& [id, f] : former) paths[id] = f.path;
  const std::scoped_lock lock(mutex_);
  GP_CHECK(usable());
  for (const auto& [id, f] : head_.folders) {
    if (!f.dying) paths[id] = path_of(head_, f);
  }
  return paths;
}

Result<> StoredAccount::removed(TimePoint since, const std::function<bool(const Removed&)>& visit) {
  GP_TRY(const auto paths, all_paths());
  GP_TRY(auto snap, snapshot());
  return scan_removed(*snap, records::to_seconds(since), Order::oldest_first,
                      [&](const records::Removed& r) { return visit(shown(r, paths)); });
}

Result<> StoredAccount::removed_lately(const std::function<bool(const Removed&)>& visit) {
  GP_TRY(const auto paths, all_paths());
  GP_TRY(auto snap, snapshot());
  return scan_removed(*snap, 0, Order::newest_first, [&](const records::Removed& r) { return visit(shown(r, paths)); });
}

Result<std::vector<Removed>> StoredAccount::removed_among(std::span<const ItemId> items) {
  GP_TRY(const auto paths, all_paths());
  GP_TRY(auto snap, snapshot());
  GP_TRY(const auto found, read_removed(*snap, items));
  std::vector<Removed> out;
  for (const auto& one : found) {
    if (one) out.push_back(shown(*one, paths));
  }
  return out;
}

// The folder of this path, made if there is none.
Result<FolderId> StoredAccount::folder_for(std::string_view path) {
  auto found = find_folder(path);
  if (!found || !found->selectable) {
    found = create_folder(path, Role::none);
    // Who was allowed to see it is not known any more: nobody but the owner. Nothing is in it yet.
    if (found) {
      GP_CHECK(change_grants(found->id, [](Grants& grants) -> Result<> {
        grants.clear();
        return {};
      }));
    }
  }
  if (!found && found.error().code == Errc::already_exists) found = find_folder(path);
  if (!found) return std::unexpected(std::move(found).error());
  return found->id;
}

Result<std::uint32_t> StoredAccount::put_back_into(FolderId to, std::span<const ItemId> items) {
  std::uint32_t done = 0;
  while (!items.empty()) {
    const auto some = items.first(std::min(items.size(), kRestoredPerCommit));
    items = items.subspan(some.size());
    std::uint32_t now = 0;
    GP_CHECK(run([&](Transaction& tx) -> Result<> {
      now = 0;
      GP_TRY(const auto removed, tx.set_aside_among(some));
      std::vector<Row> rows;
      std::uint64_t octets = 0;
      for (const records::Removed& r : removed) {
        rows.push_back(r.row);
        octets += r.row.octets;
      }
      GP_CHECK(may_add(tx, to, octets, rows.size()));
      GP_TRY(const auto records, tx.items(rows));
      for (std::size_t i = 0; i < removed.size(); ++i) {
        if (records[i].body == Body{}) continue;  // lost; was reported
        tx.put_back(removed[i], to);
        ++now;
      }
      return {};
    }));
    done += now;
  }
  return done;
}

Result<BroughtBack> StoredAccount::bring_back(std::span<const ItemId> items, std::string_view folder) {
  std::vector<std::optional<records::Removed>> removed;
  {
    GP_TRY(auto snap, snapshot());
    GP_TRY(removed, read_removed(*snap, items));
  }
  std::erase(removed, std::nullopt);
  std::ranges::sort(removed, {}, [](const auto& r) { return std::pair(r->folder, r->row.uid); });
  std::map<FolderId, std::string> paths;  // of those that are gone
  GP_TRY(const auto former, former_folders());
  for (const auto& [id, f] : former) paths[id] = f.path;
  std::map<std::string, std::vector<ItemId>> by_path;
  for (const auto& r : removed) {
    std::string path(folder);
    if (path.empty()) {
      const auto there = this->folder(r->folder);
      if (there && there->selectable)
        path = there->path;
      else if (const auto was = paths.find(r->folder); was != paths.end())
        path = was->second;
      else
        path = kInboxName;
    }
    by_path[path].push_back(r->row.item);
  }
  BroughtBack done;
  for (const auto& [path, some] : by_path) {
    GP_TRY(const FolderId to, folder_for(path));
    GP_TRY(const std::uint32_t n, put_back_into(to, some));
    done.messages += n;
    if (n > 0) done.folders.push_back(path);
  }
  return done;
}

// What left a folder by being moved, and where it is now.
Result<StoredAccount::Gone> StoredAccount::gone_from(FolderId folder, std::uint64_t at) {
  Gone gone;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, f] : head_.folders) {
      if (f.role == Role::trash && !f.dying) gone.trash = id;
    }
  }
  GP_TRY(auto snap, snapshot());
  std::vector<std::pair<Uid, ItemId>> left;
  const std::string begin = records::index_prefix(records::kind::kVanished, folder);
  GP_CHECK(snap->scan(begin, store::prefix_end(begin), true, kScanPage, [&](store::Entry e) {
    FolderId id{};
    Modseq modseq = 0;
    Uid uid = 0;
    const auto vanished = records::decode_vanished(e.value);
    if (!vanished || !records::parse_index_key(e.key, id, modseq, uid)) return true;
    if (vanished->seconds < at) return false;
    left.emplace_back(uid, vanished->item);
    return true;
  }));
  for (std::size_t first = 0; first < left.size(); first += kScanPage) {
    const auto page = std::span(left).subspan(first, std::min(kScanPage, left.size() - first));
    std::vector<ItemId> items;
    std::vector<std::string> places;
    for (const auto& [uid, item] : page) {
      items.push_back(item);
      places.push_back(records::place_key(item));
    }
    GP_TRY(const auto removed, read_removed(*snap, items));
    const std::vector<std::string_view> views(places.begin(), places.end());
    GP_TRY(const auto values, snap->get_many(views));
    for (std::size_t i = 0; i < page.size(); ++i) {
      if (removed[i]) {
        // When it came into the folder it left is not known any more; when it came at all is.
        if (records::to_seconds(removed[i]->row.received) <= at) gone.kept.push_back(page[i]);
        continue;
      }
      const auto place = values[i] ? records::decode_place(*values[i]) : Result<records::Place>(fail(Errc::not_found));
      if (!place || place->folder == folder) continue;
      if (place->folder == gone.trash && folder != gone.trash)
        gone.in_trash.add(place->uid);
      else
        ++gone.elsewhere;
    }
  }
  return gone;
}

Result<BroughtBack> StoredAccount::bring_back_folder(std::string_view path, TimePoint at) {
  const std::uint64_t since = records::to_seconds(at);
  const auto now = find_folder(path);
  if (!now && now.error().code != Errc::not_found) return std::unexpected(now.error());
  GP_TRY(const auto names, parse_path(path));
  std::string canonical = names.front();
  for (std::size_t i = 1; i < names.size(); ++i) canonical.append(1, '/').append(names[i]);
  std::set<FolderId> ids;
  if (now) ids.insert(now->id);
  GP_TRY(const auto former, former_folders());
  for (const auto& [id, f] : former) {
    if (f.path == canonical && f.seconds >= since) ids.insert(id);
  }
  if (ids.empty()) return fail(Errc::not_found, "there is no such folder, nor was there one that is remembered");

  Gone gone;
  if (now) {
    GP_TRY(gone, gone_from(now->id, since));
  }
  {
    GP_TRY(auto snap, snapshot());
    GP_CHECK(scan_removed(*snap, since, Order::oldest_first, [&](const records::Removed& r) {
      if (ids.contains(r.folder) && records::to_seconds(r.row.saved) <= since)
        gone.kept.emplace_back(r.row.uid, r.row.item);
      return true;
    }));
  }
  std::ranges::sort(gone.kept);
  std::vector<ItemId> items;
  std::set<ItemId> once;
  for (const auto& [uid, item] : gone.kept) {
    if (once.insert(item).second) items.push_back(item);
  }
  BroughtBack done;
  done.elsewhere = gone.elsewhere;
  if (items.empty() && gone.in_trash.empty()) return done;
  GP_TRY(const FolderId to, folder_for(canonical));
  GP_TRY(done.messages, put_back_into(to, items));
  if (!gone.in_trash.empty()) {
    // Moved, not copied: asking twice brings nothing twice.
    GP_TRY(const Copied moved, move(gone.trash, gone.in_trash, to, FlagScope()));
    done.messages += static_cast<std::uint32_t>(moved.to.size());
  }
  if (done.messages > 0) done.folders.push_back(canonical);
  return done;
}

// Drops the oldest: those removed before second `before`, and more until all have at most `keep_octets`.
Result<std::uint64_t> StoredAccount::drop_removed_until(std::uint64_t before, std::uint64_t keep_octets) {
  std::uint64_t dropped = 0;
  for (;;) {
    std::vector<Expiry> due;
    {
      std::uint64_t left = 0;
      {
        const std::scoped_lock lock(mutex_);
        GP_CHECK(usable());
        left = head_.removed.octets;
      }
      GP_TRY(auto snap, snapshot());
      GP_TRY(const auto page,
             expiries(*snap, first_expiry(), end_of_expiries(), Order::oldest_first, kRestoredPerCommit));
      std::vector<ItemId> items;
      for (const Expiry& e : page) items.push_back(e.item);
      GP_TRY(const auto removed, read_removed(*snap, items));
      for (std::size_t i = 0; i < page.size() && (page[i].seconds < before || left > keep_octets); ++i) {
        due.push_back(page[i]);
        left -= std::min(left, removed[i] ? removed[i]->row.octets : 0);
      }
    }
    if (due.empty()) return dropped;
    std::vector<ItemId> items;
    for (const Expiry& e : due) items.push_back(e.item);
    std::uint64_t now = 0;
    GP_CHECK(run([&](Transaction& tx) -> Result<> {
      // Whatever becomes of the message, its turn is over: an entry without one must not come up again and again.
      GP_TRY(const auto removed, tx.set_aside_among(items));
      std::vector<Row> rows;
      for (const records::Removed& r : removed) rows.push_back(r.row);
      GP_TRY(const auto records, tx.items(rows));
      now = 0;
      std::set<ItemId> kept;
      for (std::size_t i = 0; i < removed.size(); ++i) {
        // Others may have dropped some meanwhile: what has room now stays.
        if (removed[i].seconds >= before && tx.removed_totals().octets <= keep_octets) {
          kept.insert(removed[i].row.item);
        } else {
          tx.drop_removed(removed[i], records[i].body);
          ++now;
        }
      }
      for (const Expiry& e : due) {
        if (!kept.contains(e.item)) tx.write(records::expiry_key(e.seconds, e.item), std::nullopt);
      }
      return {};
    }));
    dropped += now;
  }
}

Result<std::uint64_t> StoredAccount::purge_removed() { return drop_removed_until(kForEver, 0); }

Result<std::uint64_t> StoredAccount::forget_removed(std::span<const ItemId> items) {
  std::uint64_t forgotten = 0;
  while (!items.empty()) {
    const auto some = items.first(std::min(items.size(), kRestoredPerCommit));
    items = items.subspan(some.size());
    std::uint64_t now = 0;
    GP_CHECK(run([&](Transaction& tx) -> Result<> {
      now = 0;
      GP_TRY(const auto removed, tx.set_aside_among(some));
      std::vector<Row> rows;
      for (const records::Removed& r : removed) rows.push_back(r.row);
      GP_TRY(const auto records, tx.items(rows));
      for (std::size_t i = 0; i < removed.size(); ++i) {
        tx.drop_removed(removed[i], records[i].body);
        ++now;
      }
      return {};
    }));
    forgotten += now;
  }
  return forgotten;
}

Result<> StoredAccount::prune_removed(std::uint64_t now) {
  const auto age = static_cast<std::uint64_t>(std::chrono::seconds(environment_.options.keep_removed).count());
  const std::uint64_t limit = environment_.options.recoverable_octets;
  const std::uint64_t before = !keeps_removed() ? kForEver : now > age ? now - age : 0;
  GP_CHECK(drop_removed_until(before, limit == 0 ? kForEver : limit));
  return prune_former(before);
}

// Right after more was removed. What cannot be done now is done by prune().
void StoredAccount::trim_removed() {
  const std::uint64_t limit = environment_.options.recoverable_octets;
  {
    const std::scoped_lock lock(mutex_);
    if (limit == 0 || head_.removed.octets <= limit) return;
  }
  (void)drop_removed_until(0, limit);
}

Result<> StoredAccount::prune_former(std::uint64_t before) {
  GP_TRY(const auto former, former_folders());
  std::vector<FolderId> old;
  for (const auto& [id, f] : former) {
    if (f.seconds < before) old.push_back(id);
  }
  if (old.empty()) return {};
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    for (const FolderId id : old) tx.write(records::former_key(id), std::nullopt);
    return {};
  }));
  return {};
}

}  // namespace gatepost::account
