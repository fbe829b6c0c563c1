#include <algorithm>
#include <map>

#include "account/emails.hpp"
#include "account/stored_account.hpp"
#include "base/bytes.hpp"
#include "store/keys.hpp"

// The account as a whole: its change log, conversations, and where an item is.
namespace gatepost::account {
namespace {

using records::LogEntry;
using ChangeKind = AccountChanges::What;

constexpr std::size_t kLogEntriesAtOnce = 256;

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
    fate.email = e.email;
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
  GP_TRY(out.emails, emails_changed(*snap, fates.items, out.to, had_copies(since)));
  for (const auto& [id, fate] : fates.folders) {
    if (const auto what = fate.sum()) out.folders.push_back({FolderId{static_cast<std::uint32_t>(id)}, *what});
  }
  return out;
}

Result<std::vector<ItemId>> StoredAccount::thread(ItemId thread) {
  GP_TRY(auto snap, snapshot());
  return emails_of_thread(*snap, thread);
}

std::uint64_t StoredAccount::copies() {
  const std::scoped_lock lock(mutex_);
  return head_.state.copies;
}

// Whether there were any at some time after a version.
bool StoredAccount::had_copies(Modseq since) {
  const std::scoped_lock lock(mutex_);
  return head_.state.copies > 0 || head_.state.copies_until > since;
}

// How many copies there are is asked for last: those that are in the snapshot are not overlooked.
Result<std::vector<std::vector<Placed>>> StoredAccount::messages_of(std::span<const ItemId> emails) {
  GP_TRY(auto snap, snapshot());
  return account::messages_of(*snap, emails, copies() > 0);
}

}  // namespace gatepost::account
