#include <algorithm>

#include "account/stored_account.hpp"

// Flags, keywords and removing messages.
namespace gatepost::account {
namespace {

constexpr std::size_t kRowsPerCommit = 2'000;
constexpr std::size_t kCommitOctets = 2 << 20;    // rows with many keywords are large
constexpr std::size_t kFlaggedPerCommit = 1'000;  // where the items are read as well
constexpr std::uint8_t kSystemFlags = flag::kSeen | flag::kAnswered | flag::kFlagged | flag::kDeleted | flag::kDraft;

Flags apply_all(FlagChange change, const Flags& now, const Flags& by) {
  Flags out;
  switch (change) {
    case FlagChange::replace:
      out = by;
      break;
    case FlagChange::add:
      out.system = now.system | by.system;
      std::ranges::set_union(now.keywords, by.keywords, std::back_inserter(out.keywords));
      break;
    case FlagChange::remove:
      out.system = now.system & static_cast<std::uint8_t>(~by.system);
      std::ranges::set_difference(now.keywords, by.keywords, std::back_inserter(out.keywords));
      break;
  }
  return out;
}

Flags apply(FlagChange change, const Flags& now, const Flags& by, const FlagScope& scope) {
  Flags out = apply_all(change, now, by);
  out.system = static_cast<std::uint8_t>((out.system & scope.system) | (now.system & ~scope.system));
  if (!scope.keywords) out.keywords = now.keywords;
  return out;
}

// `after`: as the reader is to see them. His \Seen is his own, the others are everybody's.
Row change_own(Transaction& tx, FolderId folder, Reader reader, const Row& stored, Flags after) {
  const bool seen = (after.system & flag::kSeen) != 0;
  Row now = stored;
  tx.show(reader, folder, now);
  if (seen != ((now.flags.system & flag::kSeen) != 0)) tx.mark_seen(folder, reader, stored, seen);
  now.flags = std::move(after);
  now.modseq = tx.modseq();
  Flags common = now.flags;
  common.system = static_cast<std::uint8_t>((common.system & ~flag::kSeen) | (stored.flags.system & flag::kSeen));
  if (common != stored.flags) tx.change_row(folder, stored, std::move(common));
  return now;
}

}  // namespace

Result<std::vector<KeywordId>> StoredAccount::keyword_ids(const std::vector<std::string>& names, bool create) {
  std::vector<KeywordId> ids;
  bool all = true;
  {
    const std::scoped_lock lock(mutex_);
    GP_CHECK(usable());
    for (const std::string& name : names) {
      const auto known = head_.keyword_ids.find(name);
      if (known != head_.keyword_ids.end())
        ids.push_back(known->second);
      else
        all = false;
    }
  }
  if (!all && create) {
    GP_CHECK(run([&](Transaction& tx) -> Result<> {
      ids.clear();
      GP_CHECK(tx.keywords_fit(names));
      for (const std::string& name : names) ids.push_back(tx.keyword(name));
      return {};
    }));
  }
  std::ranges::sort(ids);
  const auto twice = std::ranges::unique(ids);
  ids.erase(twice.begin(), twice.end());
  return ids;
}

Result<StoreOutcome> StoredAccount::store_flags(FolderId folder, const NumberSet& uids, FlagChange change,
                                                const Flags& flags, std::optional<Modseq> unchanged_since,
                                                const FlagScope& scope, Reader reader) {
  Flags by = flags;
  by.system &= kSystemFlags;
  {
    const std::scoped_lock lock(mutex_);
    if (!by.keywords.empty() && by.keywords.back() >= head_.keywords->size())
      return fail(Errc::invalid, "unknown keyword");
  }
  GP_TRY(const Uid end, uid_end(folder));
  NumberSet rest = uids;
  rest.remove(end, std::numeric_limits<Uid>::max());
  if (unchanged_since) unchanged_since = known_modseq(*unchanged_since);
  StoreOutcome done;
  done.modseq = modseq();
  while (!rest.empty()) {
    const std::size_t before = done.changed.size();
    Transaction::Page page;
    std::vector<Uid> modified;
    GP_TRY(done.modseq, run([&](Transaction& tx) -> Result<> {
             done.changed.resize(before);
             done.before.resize(before);
             modified.clear();
             if (tx.find(folder) == nullptr) return fail(Errc::not_found, "no such folder");
             GP_TRY(page, tx.rows(folder, rest, kRowsPerCommit));
             if (reader != kEverybody) GP_CHECK(tx.load_seen(folder, reader, page));
             const bool own_seen = reader != kEverybody && tx.own_seen().on;
             if (own_seen && (scope.system & flag::kSeen) != 0) GP_CHECK(tx.may_have_seen(folder, reader));
             Row shown;
             for (const Row& stored : page.rows) {
               if (tx.octets() > kCommitOctets) {
                 page.more = true;
                 page.next = stored.uid;
                 break;
               }
               if (reader != kEverybody) {
                 shown = stored;
                 tx.show(reader, folder, shown);
               }
               const Row& row = reader != kEverybody ? shown : stored;
               if (unchanged_since && row.modseq > *unchanged_since) {
                 modified.push_back(row.uid);
                 continue;
               }
               Flags after = apply(change, row.flags, by, scope);
               if (after == row.flags) continue;
               done.before.push_back(row.modseq);
               done.changed.push_back(own_seen ? change_own(tx, folder, reader, stored, std::move(after))
                                               : tx.change_row(folder, stored, std::move(after)));
             }
             return {};
           }));
    for (const Uid uid : modified) done.modified.add(uid);
    if (!page.more) break;
    rest.remove(1, page.next - 1);
  }
  return done;
}

// Looked up before and beside the commits, so that a few among a million hold nobody up.
Result<NumberSet> StoredAccount::deleted_among(FolderId folder, const NumberSet& uids) {
  std::uint32_t left = 0;
  bool has_sets = false;
  {
    const std::scoped_lock lock(mutex_);
    const records::FolderRecord* f = record(folder);
    if (f != nullptr) left = f->deleted;
    has_sets = f != nullptr && f->has_sets;
  }
  NumberSet found;
  if (left == 0) return found;
  GP_TRY(auto snap, snapshot());
  if (has_sets) {
    GP_TRY(found, scan_uid_set(*snap, folder, records::UidSet::deleted));
    return found.intersect(uids);
  }
  GP_CHECK(scan_rows(
      *snap, folder, uids,
      [&](Row& row) {
        if ((row.flags.system & flag::kDeleted) == 0) return true;
        found.add(row.uid);
        return --left > 0;
      },
      damage_report()));
  return found;
}

// Rows of a folder go; what they stand for is kept to be brought back, or goes as well.
Result<> StoredAccount::take_out(Transaction& tx, FolderId folder, const std::vector<Row>& rows, bool vanished,
                                 Fate fate) const {
  const bool keep = fate == Fate::keep && keeps_removed();
  std::vector<records::ItemRecord> items;
  if (!keep) {
    GP_TRY(items, tx.items(rows));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    tx.remove_row(folder, rows[i], vanished);
    if (keep)
      tx.set_aside(folder, rows[i]);
    else
      tx.drop_item(rows[i], items[i].body);
    tx.log(records::LogEntry::What::item_destroyed, rows[i], folder);
  }
  return {};
}

Result<NumberSet> StoredAccount::remove_some(FolderId folder, const NumberSet& uids, bool only_deleted, Fate fate) {
  GP_TRY(const Uid end, uid_end(folder));
  NumberSet rest = uids;
  rest.remove(end, std::numeric_limits<Uid>::max());
  if (only_deleted) {
    GP_TRY(rest, deleted_among(folder, rest));
  }
  NumberSet gone;
  while (!rest.empty()) {
    Transaction::Page page;
    std::vector<Row> removed;
    GP_CHECK(run([&](Transaction& tx) -> Result<> {
      removed.clear();
      if (tx.find(folder) == nullptr) return fail(Errc::not_found, "no such folder");
      GP_TRY(page, tx.rows(folder, rest, kFlaggedPerCommit));
      GP_CHECK(tx.load_seen(folder, kEverybody, page));
      std::ranges::copy_if(page.rows, std::back_inserter(removed),
                           [&](const Row& row) { return !only_deleted || (row.flags.system & flag::kDeleted) != 0; });
      return take_out(tx, folder, removed, true, fate);
    }));
    for (const Row& row : removed) gone.add(row.uid);
    if (!page.more) break;
    rest.remove(1, page.next - 1);
  }
  if (fate == Fate::keep && !gone.empty()) trim_removed();
  return gone;
}

Result<NumberSet> StoredAccount::expunge(FolderId folder, const NumberSet& uids) {
  return remove_some(folder, uids, true, Fate::keep);
}
Result<> StoredAccount::undo_copy(FolderId to, const NumberSet& made) {
  GP_CHECK(remove_some(to, made, false, Fate::drop));
  return {};
}
Result<NumberSet> StoredAccount::remove(FolderId folder, const NumberSet& uids) {
  return remove_some(folder, uids, false, Fate::keep);
}

}  // namespace gatepost::account
