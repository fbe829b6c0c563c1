#include <algorithm>
#include <limits>
#include <map>

#include "account/reader_view.hpp"
#include "account/store_access.hpp"
#include "account/stored_account.hpp"
#include "store/keys.hpp"

// \Seen of each reader's own, laid over what the account has.
namespace gatepost::account {
namespace {

// Marks that are in memory at a time: of so many chunks.
constexpr Uid kChunksAtOnce = 16;

}  // namespace

std::shared_ptr<Account> StoredAccount::view_for(Reader reader) {
  if (reader == kEverybody || reader == static_cast<Reader>(id_)) return shared_from_this();
  const std::scoped_lock lock(mutex_);
  auto& known = reader_views_[reader];
  auto view = known.lock();
  if (view) return view;
  view = std::make_shared<ReaderView>(shared_from_this(), reader);
  known = view;
  std::erase_if(reader_views_, [](const auto& one) { return one.second.expired(); });
  return view;
}

records::OwnSeen StoredAccount::own_seen_now() {
  const std::scoped_lock lock(mutex_);
  return head_.own_seen;
}

Reader StoredAccount::reader_of(Reader reader) { return own_seen_now().on ? reader : kEverybody; }

Result<bool> StoredAccount::own_seen() {
  const std::scoped_lock lock(mutex_);
  GP_CHECK(usable());
  return head_.own_seen.on;
}

Result<> StoredAccount::set_own_seen(bool on) {
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    if (tx.own_seen().on != on) tx.set_own_seen(on);
    return {};
  }));
  return {};
}

Result<> StoredAccount::forget_reader(Reader reader) {
  {
    const std::scoped_lock lock(mutex_);
    GP_CHECK(usable());
    if (std::ranges::none_of(head_.seen, [&](const auto& one) { return one.first.second == reader; })) return {};
  }
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    tx.forget_reader(reader);
    return {};
  }));
  return {};
}

Modseq StoredAccount::highest_modseq(const records::FolderRecord& r, Reader reader) const {
  if (reader == kEverybody) return r.highest_modseq;
  const Modseq highest = std::max(r.highest_modseq, head_.own_seen.since);
  const auto own = head_.seen.find({r.id, reader});
  return own == head_.seen.end() ? highest : std::max(highest, own->second.modseq);
}

Folder StoredAccount::describe(const records::FolderRecord& r, Reader reader) const {
  Folder folder = describe(r);
  show(folder, reader);
  return folder;
}

void StoredAccount::show(Folder& folder, Reader reader) const {
  if (reader == kEverybody || head_.own_seen.since == 0) return;
  folder.highest_modseq = std::max(folder.highest_modseq, head_.own_seen.since);
  if (!head_.own_seen.on) return;
  folder.unseen = folder.total;
  const auto own = head_.seen.find({folder.id, reader});
  if (own == head_.seen.end()) return;
  folder.unseen -= std::min(folder.unseen, own->second.seen);
  folder.highest_modseq = std::max(folder.highest_modseq, own->second.modseq);
}

void StoredAccount::publish_seen(Transaction& tx) {
  head_.own_seen = tx.own_seen();
  if (tx.drops_seen()) {
    std::erase_if(head_.seen, [&](const auto& one) { return tx.seen_dropped(one.first.second); });
    std::erase_if(seen_hints_, [&](const auto& one) { return tx.seen_dropped(one.first.second); });
  }
  for (const auto& [id, t] : tx.touched()) {
    if (!t.gone) continue;
    std::erase_if(head_.seen, [&](const auto& one) { return one.first.first == id; });
    std::erase_if(seen_hints_, [&](const auto& one) { return one.first.first == id; });
  }
  for (const auto& [whose, change] : tx.seen_changes()) {
    head_.seen.insert_or_assign(whose, change.totals);
    if (change.lowest_lost == std::numeric_limits<Uid>::max()) continue;
    SeenHint& hint = seen_hints_[whose];
    hint.from = std::min(hint.from, change.lowest_lost);
    ++hint.lowered;
  }
}

Result<SeenPage> StoredAccount::marks_of(FolderId id, const NumberSet& uids, Reader reader) {
  GP_TRY(auto snap, snapshot());
  return SeenPage::read(*snap, id, reader, uids, [&](std::uint32_t chunk, const Error& error) {
    damage_report()(id, chunk * records::kChunkUids, error);
  });
}

// Those of `uids` that are in the folder.
Result<NumberSet> StoredAccount::uids_among(FolderId id, const NumberSet& uids) {
  for (;;) {
    auto loaded = load_uids(id);
    if (!loaded && loaded.error().code != Errc::conflict) return std::unexpected(loaded.error());
    const std::scoped_lock lock(mutex_);
    GP_CHECK(usable());
    if (record(id) == nullptr) return fail(Errc::not_found, "no such folder");
    if (const View& v = view(id); v.loaded) return uids.intersect(v.uids);
  }
}

Result<> StoredAccount::rows(FolderId id, const NumberSet& uids, const std::function<bool(const Row&)>& visit,
                             Reader reader) {
  const records::OwnSeen own = own_seen_now();
  if (reader == kEverybody || own.since == 0) return rows(id, uids, visit);
  Row shown;
  bool more = true;
  SeenPage marks;
  const auto show_one = [&](const Row& row) {
    shown = row;
    shown.modseq = std::max(shown.modseq, own.since);
    if (own.on) marks.show(shown);
    return more = visit(shown);
  };
  if (!own.on) return rows(id, uids, show_one);
  GP_TRY(NumberSet rest, uids_among(id, uids));
  while (more && !rest.empty()) {
    const Uid first = *rest.min() / records::kChunkUids;
    const Uid last_chunk = std::min(first + kChunksAtOnce - 1, std::numeric_limits<Uid>::max() / records::kChunkUids);
    const Uid last = last_chunk * records::kChunkUids + (records::kChunkUids - 1);
    const NumberSet some = rest.intersect(NumberSet::of(*rest.min(), last));
    GP_TRY(marks, marks_of(id, some, reader));
    GP_CHECK(rows(id, some, show_one));
    rest.remove(1, last);
  }
  return {};
}

Result<std::vector<std::vector<Placed>>> StoredAccount::messages_of(std::span<const ItemId> emails, Reader reader) {
  GP_TRY(auto out, messages_of(emails));
  const records::OwnSeen own = own_seen_now();
  if (reader == kEverybody || own.since == 0) return out;
  std::map<FolderId, std::vector<Row*>> where;
  for (auto& messages : out) {
    for (Placed& placed : messages) {
      placed.row.modseq = std::max(placed.row.modseq, own.since);
      if (own.on) where[placed.folder].push_back(&placed.row);
    }
  }
  for (const auto& [folder, rows] : where) {
    NumberSet uids;
    for (const Row* const row : rows) uids.add(row->uid);
    GP_TRY(const SeenPage marks, marks_of(folder, uids, reader));
    for (Row* const row : rows) marks.show(*row);
  }
  return out;
}

// The first of `uids` that the reader has not seen. Where to look from is remembered: cost follows what he has seen
// since.
Result<std::optional<Uid>> StoredAccount::first_unseen(FolderId id, const NumberSet& uids, Reader reader) {
  const Transaction::Whose whose(id, reader);
  SeenHint hint;
  {
    const std::scoped_lock lock(mutex_);
    if (const auto known = seen_hints_.find(whose); known != seen_hints_.end()) hint = known->second;
  }
  std::optional<Uid> found;
  Uid behind = hint.from;  // all before are seen, or are not there
  NumberSet rest = uids;
  if (hint.from > 1) rest.remove(1, hint.from - 1);
  while (!found && !rest.empty()) {
    const NumberSet some = rest.intersect(chunk_uids(*rest.min() / records::kChunkUids));
    GP_TRY(const SeenPage marks, marks_of(id, some, reader));
    const SeenMarks* const here = marks.of(*some.min() / records::kChunkUids);
    found = (here == nullptr ? some : some.minus(here->seen_uids())).min();
    behind = found.value_or(*some.max() + 1);
    rest.remove(1, *some.max());
  }
  const std::scoped_lock lock(mutex_);
  SeenHint& now = seen_hints_[whose];
  if (now.lowered == hint.lowered) now.from = std::max(now.from, behind);
  return found;
}

// What he has seen, or has not any more, behind `since` and up to `upto`.
Result<NumberSet> StoredAccount::seen_changes(FolderId id, Modseq since, Modseq upto, Reader reader) {
  GP_TRY(auto snap, snapshot());
  NumberSet chunks;  // one UID of each
  GP_CHECK(snap->scan(records::seen_changed_key(id, reader, since + 1, 0),
                      store::prefix_end(records::seen_changed_prefix(id, reader)), false, kLongScanPage,
                      [&](store::Entry e) {
                        FolderId folder{};
                        Reader whose = kEverybody;
                        Modseq modseq = 0;
                        std::uint32_t chunk = 0;
                        if (records::parse_seen_changed_key(e.key, folder, whose, modseq, chunk))
                          chunks.add(chunk * records::kChunkUids + 1);
                        return true;
                      }));
  NumberSet out;
  const auto damaged = [&](std::uint32_t chunk, const Error& error) {
    damage_report()(id, chunk * records::kChunkUids, error);
  };
  GP_TRY(const SeenPage marks, SeenPage::read(*snap, id, reader, chunks, damaged));
  chunks.for_each([&](Uid uid) {
    const SeenMarks* const here = marks.of(uid / records::kChunkUids);
    if (here != nullptr) out.add(here->changed(since, upto));
  });
  return out;
}

Result<Delta> StoredAccount::changes(FolderId id, Modseq since, Reader reader) {
  GP_TRY(Delta delta, stored_changes(id, since, reader));
  if (reader != kEverybody) GP_CHECK(add_seen(delta, id, since, reader));
  return delta;
}

// What is newer than `delta` is left to the next one.
Result<> StoredAccount::add_seen(Delta& delta, FolderId id, Modseq since, Reader reader) {
  records::OwnSeen own;
  bool has_own = false;
  {
    const std::scoped_lock lock(mutex_);
    own = head_.own_seen;
    const auto totals = head_.seen.find({id, reader});
    // When all has changed, so has this.
    has_own =
        own.on && since >= own.since && !is_lost(since) && totals != head_.seen.end() && totals->second.modseq > since;
  }
  if (own.since == 0 || since == std::numeric_limits<Modseq>::max()) return {};
  NumberSet more;
  if (has_own) {
    GP_TRY(more, seen_changes(id, since, delta.to, reader));
    more.remove(delta.changed);
    more.remove(delta.vanished);
  }
  const bool had_rows = delta.has_rows();
  if (!more.empty() && had_rows && delta.changed.size() + more.size() <= Delta::kFewRows) {
    NumberSet there;
    GP_CHECK(rows(id, more, [&](const Row& row) {
      delta.rows.push_back(row);
      there.add(row.uid);
      return true;
    }));
    std::ranges::sort(delta.rows, {}, &Row::uid);
    more = std::move(there);
  }
  delta.changed.add(more);
  if (!delta.has_rows()) {
    delta.rows.clear();
    return {};
  }
  SeenPage marks;
  if (own.on) {
    GP_TRY(marks, marks_of(id, delta.changed, reader));
  }
  for (Row& row : delta.rows) {
    row.modseq = std::max(row.modseq, own.since);
    if (own.on) marks.show(row);
  }
  return {};
}

}  // namespace gatepost::account
