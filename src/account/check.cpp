#include "account/check.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "account/sent_time.hpp"
#include "account/store_access.hpp"
#include "base/bytes.hpp"
#include "base/date.hpp"
#include "mime/summary.hpp"
#include "store/keys.hpp"

namespace gatepost::account {
namespace {

using records::FolderRecord;

constexpr std::size_t kRepairOctets = 2 << 20;

std::string prefix(char kind) { return std::string(1, kind); }

}  // namespace

Checker::Checker(store::Snapshot& snapshot, store::Store& store, TimePoint now, bool repair, Report report)
    : snapshot_(snapshot),
      store_(store),
      now_(std::chrono::floor<std::chrono::seconds>(now)),
      repair_(repair),
      report_(std::move(report)) {}

void Checker::found(std::string where, std::string what, bool repairable) {
  ++findings_;
  report_({std::move(where), std::move(what), repair_ && repairable});
}

void Checker::put(std::string key, std::optional<std::string> value) {
  if (repair_) fixes_.writes.push_back({std::move(key), std::move(value)});
}

void Checker::quarantine(std::string_view key, std::string_view value) {
  if (key.size() < store::kMaxKeyOctets) put(records::quarantine_key(key), std::string(value));
  put(std::string(key), std::nullopt);
}

Result<> Checker::scan(char kind, const std::function<Result<>(store::Entry)>& visit) {
  Result<> result;
  GP_CHECK(snapshot_.scan(prefix(kind), store::prefix_end(prefix(kind)), false, kScanPage, [&](store::Entry e) {
    result = visit(e);
    return result.has_value();
  }));
  return result;
}

Result<std::vector<std::optional<std::string>>> Checker::get(const std::vector<std::string>& keys) {
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  return snapshot_.get_many(views);
}

Result<> Checker::run() {
  GP_CHECK(check_state());
  GP_CHECK(check_folders());
  GP_CHECK(check_rows());
  std::ranges::sort(items_);
  GP_CHECK(check_removed());
  GP_CHECK(check_vanished());  // before UIDs are given: none is given twice
  GP_CHECK(check_items());
  GP_CHECK(check_places());
  GP_CHECK(check_pairs(records::kind::kInThread, "conversation", in_threads_));
  GP_CHECK(check_pairs(records::kind::kCopy, "email", copies_));
  GP_CHECK(check_changed());
  check_totals();
  GP_CHECK(check_seen());
  return check_uid_sets();
}

Result<> Checker::check_state() {
  GP_TRY(const auto value, snapshot_.get(records::state_key()));
  auto state = value ? records::decode_state(*value) : Result<records::State>(fail(Errc::corrupt, "missing"));
  if (state) {
    state_ = *state;
    stored_state_ = *state;
  } else {
    found("state", "cannot be read: " + state.error().detail, true);
    rewrite_state_ = true;
    // Never a UIDVALIDITY that was given out before.
    state_.next_uid_validity = static_cast<std::uint32_t>(records::to_seconds(now_));
    // Which versions restores made unknown is lost with it: all of them, to be safe.
    if (!store_.restores().empty()) state_.lost.push_back({1, snapshot_.version()});
  }
  return {};
}

Checker::Seen& Checker::folder(FolderId id) {
  const auto [f, fresh] = folders_.try_emplace(id);
  if (fresh) {
    found(fmt::format("folder {}", folder_number(id)), "has messages but no record", true);
    invent(id, f->second);
  }
  return f->second;
}

void Checker::invent(FolderId id, Seen& seen) {
  seen.record.id = id;
  seen.record.name = fmt::format("Recovered-{}", folder_number(id));
  seen.record.uid_validity = std::max(state_.next_uid_validity, static_cast<std::uint32_t>(records::to_seconds(now_)));
  state_.next_uid_validity = seen.record.uid_validity + 1;
  rewrite_state_ = true;
  seen.rewrite = true;
}

Result<> Checker::check_folders() {
  GP_CHECK(scan(records::kind::kFolder, [&](store::Entry e) -> Result<> {
    FolderId id{};
    if (!records::parse_folder_key(e.key, id)) {
      found("folder key", "damaged", true);
      quarantine(e.key, e.value);
      return {};
    }
    Seen& seen = folders_[id];
    auto record = records::decode_folder(id, e.value);
    if (record) {
      seen.record = std::move(*record);
    } else {
      found(fmt::format("folder {}", folder_number(id)), "cannot be read: " + record.error().detail, true);
      quarantine(e.key, e.value);
      invent(id, seen);
    }
    return {};
  }));
  std::map<std::pair<FolderId, std::string>, FolderId> names;
  bool has_inbox = false;
  for (auto& [id, seen] : folders_) {
    FolderRecord& f = seen.record;
    if (f.dying) continue;
    has_inbox = has_inbox || f.role == Role::inbox;
    FolderId up = f.parent;
    std::size_t depth = 0;
    for (; up != kRoot && depth <= kMaxFolderDepth; ++depth) {
      const auto parent = folders_.find(up);
      if (parent == folders_.end() || parent->second.record.dying) break;
      up = parent->second.record.parent;
    }
    if (up != kRoot) {
      found(fmt::format("folder {}", folder_number(id)), "is not below the root", true);
      f.parent = kRoot;
      seen.rewrite = true;
    }
    if (!names.emplace(std::pair(f.parent, f.name), id).second) {
      found(fmt::format("folder {}", folder_number(id)), "has the name of another", true);
      f.name = fmt::format("Recovered-{}", folder_number(id));
      seen.rewrite = true;
    }
  }
  if (!has_inbox) found_no_inbox();
  return {};
}

void Checker::found_no_inbox() {
  found("folders", "there is no inbox", true);
  FolderId id{1};
  while (folders_.contains(id)) id = FolderId{folder_number(id) + 1};
  // The folder that lost its record and its name may well be it.
  for (const auto& [candidate, seen] : folders_) {
    if (seen.record.name == fmt::format("Recovered-{}", folder_number(candidate))) {
      id = candidate;
      break;
    }
  }
  Seen& seen = folders_[id];
  if (seen.record.id == FolderId{}) invent(id, seen);
  seen.record.name = kInboxName;
  seen.record.role = Role::inbox;
}

void Checker::count(Seen& seen, const Row& row) {
  ++seen.total;
  seen.octets += row.octets;
  if ((row.flags.system & flag::kSeen) == 0) {
    ++seen.unseen;
    seen.first_unseen = std::min(seen.first_unseen, row.uid);
  }
  seen.uids.add(row.uid);
  if ((row.flags.system & flag::kDeleted) != 0) {
    ++seen.deleted;
    seen.marked.add(row.uid);
  }
  seen.last_uid = std::max(seen.last_uid, row.uid);
}

void Checker::lose_row(FolderId id, const Row& row) {
  put(records::row_key(id, row.uid), std::nullopt);
  put(records::changed_key(id, row.modseq, row.uid), std::nullopt);
  put(records::vanished_key(id, modseq(), row.uid),
      records::encode(records::Vanished{row.item, records::to_seconds(now_)}));
  Seen& seen = folder(id);
  seen.last_uid = std::max(seen.last_uid, row.uid);
  ++seen.more_vanished;
  seen.touched = true;
}

Result<> Checker::check_rows() {
  std::vector<std::pair<FolderId, Row>> page;
  GP_CHECK(scan(records::kind::kRow, [&](store::Entry e) -> Result<> {
    FolderId id{};
    Uid uid = 0;
    if (!records::parse_row_key(e.key, id, uid)) {
      found("row key", "damaged", true);
      quarantine(e.key, e.value);
      return {};
    }
    auto row = records::decode_row(uid, e.value);
    if (!row) {
      // Its item, found without a row later, brings it back.
      found(fmt::format("folder {} uid {}", folder_number(id), uid), "row cannot be read: " + row.error().detail, true);
      quarantine(e.key, e.value);
      Seen& seen = folder(id);
      seen.last_uid = std::max(seen.last_uid, uid);
      seen.lost.add(uid);
      return {};
    }
    page.emplace_back(id, std::move(*row));
    if (page.size() < kScanPage) return {};
    auto done = check_page(page);
    page.clear();
    return done;
  }));
  return check_page(page);
}

Result<> Checker::check_page(const std::vector<std::pair<FolderId, Row>>& page) {
  std::vector<std::string> items, places, changed, threads, copies;
  for (const auto& [id, row] : page) {
    items.push_back(records::item_key(row.item));
    places.push_back(records::place_key(row.item));
    changed.push_back(records::changed_key(id, row.modseq, row.uid));
    threads.push_back(records::in_thread_key(row.thread, row.item));
    copies.push_back(records::copy_key(row.email, row.item));
  }
  GP_TRY(const auto item_values, get(items));
  GP_TRY(const auto place_values, get(places));
  GP_TRY(const auto changed_values, get(changed));
  GP_TRY(const auto thread_values, get(threads));
  GP_TRY(const auto copy_values, get(copies));
  for (std::size_t i = 0; i < page.size(); ++i) {
    const auto& [id, row] = page[i];
    const std::string where = fmt::format("folder {} uid {}", folder_number(id), row.uid);
    const auto item = item_values[i] ? records::decode_item(*item_values[i])
                                     : Result<records::ItemRecord>(fail(Errc::corrupt, "missing"));
    if (!item) {
      found(where, "item cannot be read: " + item.error().detail, true);
      if (item_values[i]) quarantine(items[i], *item_values[i]);
      put(records::place_key(row.item), std::nullopt);
      lose_row(id, row);
      continue;
    }
    GP_CHECK(check_body(where, row.item, *item));
    const auto place =
        place_values[i] ? records::decode_place(*place_values[i]) : Result<records::Place>(fail(Errc::corrupt));
    if (!place || place->folder != id || place->uid != row.uid) {
      found(where, "place of the item is wrong", true);
      put(places[i], records::encode(records::Place{id, row.uid}));
    }
    if (!changed_values[i] && !in_changed_set(id, row)) {
      found(where, "is missing from the changed index", true);
      put(changed[i], records::encode_empty());
    }
    if (row.thread != row.item) {
      const std::string right = records::encode_in_thread(row.item, row.email);
      if (thread_values[i] != right) {
        found(where, "is missing from its conversation", true);
        put(threads[i], right);
      }
      in_threads_.emplace_back(row.thread, row.item);
    }
    if (row.email != row.item) {
      if (!copy_values[i]) {
        found(where, "is missing among the copies of its email", true);
        put(copies[i], records::encode_empty());
      }
      copies_.emplace_back(row.email, row.item);
    }
    count(folder(id), row);
    used_octets_ += item->body.size;
    items_.push_back(item_number(row.item));
  }
  return {};
}

// Whether the row is one of many that one commit changed.
bool Checker::in_changed_set(FolderId id, const Row& row) {
  const auto [known, fresh] = changed_sets_.try_emplace({id, row.modseq});
  if (fresh) {
    // Rows of one commit are neighbours, most often.
    if (changed_sets_.size() > kKeptSets) std::erase_if(changed_sets_, [&](const auto& s) { return &s != &*known; });
    for (std::uint32_t part = 0;; ++part) {
      const auto value = get({records::changed_set_key(id, row.modseq, part)});
      if (!value || !value->front() || !records::decode_uids(*value->front(), known->second)) break;
    }
  }
  return known->second.contains(row.uid);
}

// So that its owner can be told which message it was.
std::string Checker::description_of(const records::ItemRecord& item) {
  std::string text = "received " + date::format_rfc3339(item.received);
  mime::Structure structure;
  if (item.summary.empty() || !mime::decode_envelope(item.summary, structure) || structure.envelopes.empty())
    return text;
  const mime::Envelope& envelope = structure.envelopes.front();
  if (envelope.subject) text += fmt::format(", subject \"{}\"", *envelope.subject);
  if (envelope.message_id) text += fmt::format(", {}", *envelope.message_id);
  return text;
}

Result<> Checker::check_body(const std::string& where, ItemId id, const records::ItemRecord& item) {
  const store::BlobId blob{item.body.sha256, item.body.size};
  GP_TRY(const bool exists, store_.bodies().exists(blob));
  if (!exists || store_.is_damaged(blob)) {
    found(where,
          fmt::format("content is lost ({}): body {} is {}", description_of(item), blob.to_hex(),
                      exists ? "damaged" : "missing"),
          false);
    return {};
  }
  GP_TRY(const bool referenced, store_.keys().referenced(blob));
  if (referenced) return {};
  found(where, "body is not referenced", true);
  if (repair_) fixes_.refs.push_back({blob, item_number(id), true});
  return {};
}

// An item without a row comes back where it was, or into the inbox, without its flags.
Result<> Checker::check_items() {
  std::vector<std::pair<ItemId, records::ItemRecord>> orphans;
  GP_CHECK(scan(records::kind::kItem, [&](store::Entry e) -> Result<> {
    ItemId id{};
    if (!records::parse_item_key(e.key, id)) {
      found("item key", "damaged", true);
      quarantine(e.key, e.value);
      return {};
    }
    last_item_ = std::max(last_item_, item_number(id));
    if (std::ranges::binary_search(items_, item_number(id)) || is_removed(id)) return {};
    auto item = records::decode_item(e.value);
    found(fmt::format("item {}", item_number(id)), item ? "is in no folder" : "is in no folder and cannot be read",
          true);
    if (item)
      orphans.emplace_back(id, records::ItemRecord{item->body, item->received, {}, item->thread, item->email});
    else
      quarantine(e.key, e.value);
    return {};
  }));
  for (const auto& [id, item] : orphans) GP_CHECK(restore(id, item));
  std::ranges::sort(items_);
  return {};
}

Result<> Checker::restore(ItemId id, const records::ItemRecord& item) {
  records::Place place;
  GP_TRY(const auto value, snapshot_.get(records::place_key(id)));
  if (value) place = records::decode_place(*value).value_or(records::Place{});
  const auto f = folders_.find(place.folder);
  if (f == folders_.end() || f->second.record.dying || !f->second.lost.contains(place.uid)) {
    for (const auto& [candidate, seen] : folders_) {
      if (seen.record.role == Role::inbox) place.folder = candidate;
    }
    Seen& inbox = folders_[place.folder];
    place.uid = std::max(inbox.record.uid_next, inbox.last_uid + 1);
  }
  Seen& seen = folders_[place.folder];
  seen.lost.remove(place.uid);
  Row row;
  row.uid = place.uid;
  row.item = id;
  row.modseq = modseq();
  row.octets = item.body.size;
  row.received = item.received;
  row.saved = now_;
  row.thread = item.thread == ItemId{} ? id : item.thread;
  row.email = item.email == ItemId{} ? id : item.email;
  row.sent = sent_time(item.summary, item.received);
  put(records::row_key(place.folder, place.uid), records::encode(row));
  put(records::changed_key(place.folder, row.modseq, place.uid), records::encode_empty());
  put(records::place_key(id), records::encode(place));
  if (row.thread != id) {
    put(records::in_thread_key(row.thread, id), records::encode_in_thread(id, row.email));
    in_threads_.emplace_back(row.thread, id);
  }
  if (row.email != id) {
    put(records::copy_key(row.email, id), records::encode_empty());
    copies_.emplace_back(row.email, id);
  }
  count(seen, row);
  seen.touched = true;
  used_octets_ += item.body.size;
  items_.push_back(item_number(id));
  return {};
}

NumberSet Checker::wide_gaps(const Seen& seen) {
  NumberSet gaps;
  const Uid next = std::max(seen.record.uid_next, seen.last_uid + 1);
  if (next <= 1) return gaps;
  for (const NumberSet::Range& r : NumberSet::of(1, next - 1).minus(seen.uids).ranges()) {
    if (r.last - r.first >= records::kWideGap) gaps.add(r.first, r.last);
  }
  return gaps;
}

void Checker::check_totals() {
  std::uint32_t last_folder = 0;
  std::uint32_t last_validity = 0;
  for (auto& [id, s] : folders_) {
    FolderRecord& f = s.record;
    last_folder = folder_number(id);
    last_validity = std::max(last_validity, f.uid_validity);
    // UIDs whose rows could not be brought back have vanished.
    s.lost.for_each([&](Uid uid) {
      put(records::vanished_key(id, modseq(), uid),
          records::encode(records::Vanished{ItemId{}, records::to_seconds(now_)}));
      ++s.more_vanished;
      s.touched = true;
    });
    if (s.rewrite || !f.has_sets) f.gaps = wide_gaps(s);
    const bool right = f.gaps.intersect(s.uids).empty() && f.total == s.total && f.unseen == s.unseen &&
                       f.deleted == s.deleted && f.octets == s.octets && f.vanished == s.vanished &&
                       f.uid_next > s.last_uid && f.unseen_from <= s.first_unseen && f.has_sets;
    if (!right && !s.touched && !s.rewrite)
      found(fmt::format("folder {}", folder_number(id)), "totals are wrong", true);
    if (right && !s.touched && !s.rewrite) continue;
    f.total = s.total;
    f.unseen = s.unseen;
    f.deleted = s.deleted;
    f.octets = s.octets;
    f.vanished = s.vanished + s.more_vanished;
    f.uid_next = std::max(f.uid_next, s.last_uid + 1);
    f.unseen_from = 1;
    f.has_sets = true;
    f.gaps.remove(s.uids);
    f.highest_modseq = modseq();
    put(records::folder_key(id), records::encode(f));
  }
  records::State right = state_;
  right.used_octets = used_octets_;
  right.messages = items_.size();
  right.copies = copies_.size();
  right.next_item = std::max(right.next_item, last_item_ + 1);
  right.next_folder = std::max(right.next_folder, last_folder + 1);
  right.next_uid_validity = std::max(right.next_uid_validity, last_validity + 1);
  const std::string encoded = records::encode(right);
  if (stored_state_ && encoded == records::encode(*stored_state_)) return;
  if (!rewrite_state_) found("state", "totals are wrong", true);
  put(records::state_key(), encoded);
}

Result<> Checker::commit_fixes(store::Partition partition) {
  store::Version version = snapshot_.version();
  std::size_t next = 0;
  std::size_t next_ref = 0;
  while (next < fixes_.writes.size() || next_ref < fixes_.refs.size()) {
    store::Batch batch;
    std::size_t octets = 0;
    for (; next_ref < fixes_.refs.size() && octets < kRepairOctets; ++next_ref, octets += 64) {
      batch.refs.push_back(fixes_.refs[next_ref]);
    }
    for (; next < fixes_.writes.size() && octets < kRepairOctets; ++next) {
      store::Write& w = fixes_.writes[next];
      octets += w.key.size() + (w.value ? w.value->size() : 0);
      batch.writes.push_back(std::move(w));
    }
    GP_TRY(version, store_.keys().commit(partition, version, batch));
  }
  return {};
}

}  // namespace gatepost::account
