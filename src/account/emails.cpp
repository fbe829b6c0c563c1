#include "account/emails.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "account/records.hpp"
#include "account/store_access.hpp"
#include "store/keys.hpp"

namespace gatepost::account {
namespace {

using records::LogEntry;

constexpr std::size_t kEntriesAtOnce = 256;

// In the order asked; nullopt: in no folder.
Result<std::vector<std::optional<Placed>>> places_of(store::Snapshot& snapshot, std::span<const ItemId> items) {
  std::vector<std::string> keys;
  keys.reserve(items.size());
  for (const ItemId item : items) keys.push_back(records::place_key(item));
  GP_TRY(const auto places, snapshot.get_many(std::vector<std::string_view>(keys.begin(), keys.end())));
  std::vector<std::optional<Placed>> out(items.size());
  std::vector<std::size_t> at;
  keys.clear();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto place = places[i] ? records::decode_place(*places[i]) : Result<records::Place>(fail(Errc::not_found));
    if (!place) continue;
    out[i] = Placed{place->folder, {}};
    out[i]->row.uid = place->uid;
    keys.push_back(records::row_key(place->folder, place->uid));
    at.push_back(i);
  }
  GP_TRY(const auto rows, snapshot.get_many(std::vector<std::string_view>(keys.begin(), keys.end())));
  for (std::size_t i = 0; i < at.size(); ++i) {
    std::optional<Placed>& placed = out[at[i]];
    auto row = rows[i] ? records::decode_row(placed->row.uid, *rows[i]) : Result<Row>(fail(Errc::not_found));
    if (row && row->item == items[at[i]])
      placed->row = std::move(*row);
    else
      placed.reset();
  }
  return out;
}

// Messages of `emails` that something happened to after a version, and whether they were there at it.
struct Later {
  ItemId email{};
  bool was_there = false;
};
Result<std::map<ItemId, Later>> happened_after(store::Snapshot& snapshot, Modseq version,
                                               std::span<const ItemId> emails) {
  std::map<ItemId, Later> later;
  if (emails.empty() || version >= snapshot.version()) return later;
  const std::string end = store::prefix_end(std::string(1, records::kind::kLog));
  GP_CHECK(snapshot.scan(records::log_key(version + 1, 0), end, false, kEntriesAtOnce, [&](store::Entry e) {
    const auto log = records::decode_log(e.value);
    if (!log) return true;  // a damaged one is told of to who gets there
    for (const LogEntry& entry : log->entries) {
      if (!records::is_of_item(entry.what) || !std::ranges::binary_search(emails, entry.email)) continue;
      later.try_emplace(ItemId{entry.id}, Later{entry.email, entry.what != LogEntry::What::item_created});
    }
    return true;
  }));
  return later;
}

struct EmailFate {
  bool was_there = false, is_there = false;
  bool in_doubt = false;  // it may have messages that nothing happened to
  ItemId thread{};
};

}  // namespace

Result<std::vector<std::vector<Placed>>> messages_of(store::Snapshot& snapshot, std::span<const ItemId> emails,
                                                     bool copies) {
  std::vector<ItemId> items;
  std::vector<std::size_t> of;  // which email each is of
  for (std::size_t i = 0; i < emails.size(); ++i) {
    items.push_back(emails[i]);
    of.push_back(i);
    if (!copies) continue;
    const std::string begin = records::copy_prefix(emails[i]);
    GP_CHECK(snapshot.scan(begin, store::prefix_end(begin), false, kEntriesAtOnce, [&](store::Entry e) {
      ItemId email{}, item{};
      if (!records::parse_pair_key(e.key, email, item)) return true;
      items.push_back(item);
      of.push_back(i);
      return true;
    }));
  }
  GP_TRY(auto places, places_of(snapshot, items));
  std::vector<std::vector<Placed>> out(emails.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    // The number of a copy is the name of no email.
    if (places[i] && places[i]->row.email == emails[of[i]]) out[of[i]].push_back(std::move(*places[i]));
  }
  return out;
}

Result<std::vector<ItemId>> emails_of_thread(store::Snapshot& snapshot, ItemId thread) {
  std::vector<ItemId> out;
  // Who began it has no entry, and may be gone.
  GP_TRY(const auto first, snapshot.get(records::place_key(thread)));
  if (first) {
    GP_TRY(const auto item, snapshot.get(records::item_key(thread)));
    const auto record = item ? records::decode_item(*item) : Result<records::ItemRecord>(fail(Errc::not_found));
    if (record && record->thread == ItemId{}) out.push_back(thread);
  }
  const std::string begin = records::in_thread_prefix(thread);
  GP_CHECK(snapshot.scan(begin, store::prefix_end(begin), false, kEntriesAtOnce, [&](store::Entry e) {
    ItemId of{}, item{};
    if (!records::parse_pair_key(e.key, of, item)) return true;
    // What cannot be read is an email of its own, as far as this goes.
    out.push_back(records::decode_in_thread(item, e.value).value_or(item));
    return true;
  }));
  std::ranges::sort(out);
  const auto same = std::ranges::unique(out);
  out.erase(same.begin(), same.end());
  return out;
}

Result<std::vector<AccountChanges::OfEmail>> emails_changed(store::Snapshot& snapshot,
                                                            const std::map<std::uint64_t, Fate>& items, Modseq to,
                                                            bool copies) {
  std::map<ItemId, EmailFate> emails;
  for (const auto& [id, fate] : items) {
    EmailFate& email = emails[fate.email];
    email.was_there = email.was_there || fate.was_there;
    email.is_there = email.is_there || fate.is_there;
    email.in_doubt = email.in_doubt || copies || fate.email != ItemId{id};
    email.thread = fate.thread;
  }
  std::vector<ItemId> asked;
  for (const auto& [id, email] : emails) {
    if (email.in_doubt && !(email.was_there && email.is_there)) asked.push_back(id);
  }
  GP_TRY(const auto found, messages_of(snapshot, asked, copies));
  // What is told of is as it was at `to`, and so is what nothing was told of: as it was before, too.
  GP_TRY(auto others, happened_after(snapshot, to, asked));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    for (const Placed& one : found[i]) others.try_emplace(one.row.item, Later{asked[i], true});
  }
  for (const auto& [item, other] : others) {
    if (!other.was_there || items.contains(item_number(item))) continue;
    EmailFate& email = emails[other.email];
    email.was_there = email.is_there = true;
  }
  std::vector<AccountChanges::OfEmail> out;
  for (const auto& [id, email] : emails) {
    using What = AccountChanges::What;
    if (!email.was_there && !email.is_there) continue;
    const What what = !email.was_there ? What::created : email.is_there ? What::updated : What::destroyed;
    out.push_back({id, email.thread, what, email.in_doubt});
  }
  return out;
}

}  // namespace gatepost::account
