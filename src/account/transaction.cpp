#include "account/transaction.hpp"

#include <algorithm>

#include "account/store_access.hpp"
#include "store/keys.hpp"

namespace gatepost::account {
namespace {

using records::FolderRecord;
using records::LogEntry;

constexpr std::chrono::seconds kTransactionSnapshotAge{60};
constexpr std::size_t kRowCost = 150;  // octets of a row's keys, value, indexes and log entry
constexpr std::size_t kFolderCost = 400;
constexpr std::uint32_t kChunksLookedUp = 256;  // a set that reaches to the last UID has four million
constexpr std::size_t kAnnotationPage = 64;
constexpr std::size_t kMaxCopiedAnnotations = 1 << 20;  // octets of values
constexpr std::size_t kLogPart = 48 << 10;              // a change log value is cut behind this

}  // namespace

Transaction::Transaction(const Head& head, store::KeyValue& keys, store::Partition partition, TimePoint now,
                         RowDamage damaged, ChunkAt in_memory)
    : head_(head),
      keys_(keys),
      partition_(partition),
      now_(std::chrono::floor<std::chrono::seconds>(now)),
      damaged_(std::move(damaged)),
      in_memory_(std::move(in_memory)),
      state_(head.state),
      removed_(head.removed),
      annotation_octets_(head.annotation_octets),
      own_seen_(head.own_seen) {}

const FolderRecord* Transaction::find_any(FolderId id) const {
  if (const auto t = touched_.find(id); t != touched_.end()) return t->second.gone ? nullptr : &t->second.record;
  const auto f = head_.folders.find(id);
  return f == head_.folders.end() ? nullptr : &f->second;
}

const FolderRecord* Transaction::find(FolderId id) const {
  const FolderRecord* f = find_any(id);
  return f != nullptr && !f->dying ? f : nullptr;
}

std::optional<FolderId> Transaction::child(FolderId parent, const std::string& name) const {
  for (const auto& [id, t] : touched_) {
    if (!t.gone && !t.record.dying && t.record.parent == parent && t.record.name == name) return id;
  }
  const auto found = head_.children.find({parent, name});
  if (found == head_.children.end() || touched_.contains(found->second)) return std::nullopt;
  return found->second;
}

std::vector<FolderId> Transaction::children(FolderId id) const {
  std::vector<FolderId> out;
  for (const auto& [child, t] : touched_) {
    if (!t.gone && !t.record.dying && t.record.parent == id) out.push_back(child);
  }
  for (auto c = head_.children.lower_bound({id, std::string()}); c != head_.children.end() && c->first.first == id;
       ++c) {
    if (!touched_.contains(c->second)) out.push_back(c->second);
  }
  return out;
}

std::optional<FolderId> Transaction::with_role(Role role) const {
  const auto has = [&](FolderId id) {
    const FolderRecord* f = find(id);
    return f != nullptr && f->role == role;
  };
  for (const auto& [id, t] : touched_) {
    if (has(id)) return id;
  }
  for (const auto& [id, f] : head_.folders) {
    if (has(id)) return id;
  }
  return std::nullopt;
}

std::size_t Transaction::folder_count() const {
  std::size_t n = head_.folders.size();
  for (const auto& [id, t] : touched_) n += t.is_new ? 1 : 0;
  return n;
}

Transaction::Touched& Transaction::touched(FolderId id) {
  const auto [t, fresh] = touched_.try_emplace(id);
  if (fresh) {
    t->second.record = head_.folders.at(id);
    octets_ += kFolderCost;
  }
  dirty_ = true;
  t->second.record.highest_modseq = modseq();
  return t->second;
}

FolderRecord& Transaction::touch(FolderId id) { return touched(id).record; }

// Into the folder's totals, or out of them.
void Transaction::count(Touched& t, const Row& row, bool in) {
  FolderRecord& f = t.record;
  const auto step = [in](auto& n, auto by) { in ? n += by : n -= by; };
  step(f.total, 1U);
  step(f.octets, row.octets);
  if ((row.flags.system & flag::kSeen) == 0) {
    if (in && f.unseen == 0) {
      t.was_all_seen = true;
      t.lowest_unseen = row.uid;
    }
    step(f.unseen, 1U);
    if (in)
      t.lowest_unseen = std::min(t.lowest_unseen, row.uid);
    else
      t.seen_changed = true;
  }
  if ((row.flags.system & flag::kDeleted) != 0) {
    step(f.deleted, 1U);
    (in ? t.undeleted : t.deleted).remove(row.uid);
    (in ? t.deleted : t.undeleted).add(row.uid);
  }
}

std::uint32_t Transaction::new_uid_validity() {
  const auto seconds = static_cast<std::uint32_t>(records::to_seconds(now_));
  const std::uint32_t validity = std::max(seconds, state_.next_uid_validity);
  state_.next_uid_validity = validity + 1;
  return validity;
}

FolderId Transaction::add_folder(FolderId parent, std::string name, Role role) {
  const FolderId id{state_.next_folder++};
  Touched& t = touched_[id];
  t.is_new = true;
  t.record.id = id;
  t.record.parent = parent;
  t.record.name = std::move(name);
  t.record.role = role;
  t.record.has_sets = true;
  t.record.uid_validity = new_uid_validity();
  t.record.highest_modseq = modseq();
  octets_ += kFolderCost;
  dirty_ = true;
  log(LogEntry::What::folder_created, folder_number(id));
  // RFC 4314 4, CREATE: it has the rights of what it is made in.
  if (auto inherited = grants(parent)) set_grants(id, std::move(inherited));
  return id;
}

void Transaction::renew(FolderId id) {
  FolderRecord& f = touch(id);
  f.selectable = true;
  f.uid_validity = new_uid_validity();
}

void Transaction::forget_folder(FolderId id) {
  touched(id).gone = true;
  for (const char kind : {records::kind::kRow, records::kind::kChanged, records::kind::kChangedSet,
                          records::kind::kVanished, records::kind::kUidSet, records::kind::kPop3Id,
                          records::kind::kSeen, records::kind::kSeenMarks, records::kind::kSeenChanged}) {
    const std::string begin = records::index_prefix(kind, id);
    erase_range(begin, store::prefix_end(begin));
  }
  write(records::access_key(id), std::nullopt);
  write(records::folder_key(id), std::nullopt);
}

Result<store::Snapshot*> Transaction::snapshot() {
  if (!snapshot_) {
    GP_TRY(snapshot_, keys_.snapshot(partition_, kTransactionSnapshotAge));
    if (snapshot_->version() != head_.modseq) {
      snapshot_.reset();
      return fail(Errc::conflict, "the account has moved on");
    }
  }
  return snapshot_.get();
}

// As they were before this transaction: from memory where their chunk is there, which costs a tenth.
Result<> Transaction::stored_rows(FolderId folder, const NumberSet& uids, const RowVisit& visit) {
  NumberSet elsewhere;  // of the chunks so far
  bool more = true;
  const auto flush = [&]() -> Result<> {
    if (elsewhere.empty() || !more) return {};
    GP_TRY(store::Snapshot* const view, snapshot());
    GP_CHECK(scan_rows(*view, folder, elsewhere, [&](Row& row) { return more = visit(row); }, damaged_));
    elsewhere.clear();
    return {};
  };
  const Uid first = uids.min().value_or(1) / records::kChunkUids, last = uids.max().value_or(1) / records::kChunkUids;
  if (!in_memory_ || last - first >= kChunksLookedUp) {
    elsewhere = uids;
    return flush();
  }
  for (std::uint32_t chunk = first; chunk <= last && more; ++chunk) {
    const Uid begin = chunk * records::kChunkUids;
    const NumberSet wanted = uids.intersect(NumberSet::of(begin, begin + (records::kChunkUids - 1)));
    if (wanted.empty()) continue;
    const auto rows = in_memory_(folder, chunk);
    if (!rows) {
      elsewhere.add(wanted);
      continue;
    }
    GP_CHECK(flush());
    more = more && rows->visit(wanted, visit);
  }
  return flush();
}

Result<Transaction::Page> Transaction::rows(FolderId folder, const NumberSet& uids, std::size_t at_most) {
  Page page;
  std::vector<Row> stored;
  GP_CHECK(stored_rows(folder, uids, [&](Row& row) {
    if (stored.size() >= at_most) {
      page.more = true;
      page.next = row.uid;
      return false;
    }
    stored.push_back(std::move(row));
    return true;
  }));
  // What this transaction has done to rows in the part that was read.
  auto own = rows_.lower_bound({folder, 0});
  const auto end = rows_.lower_bound(
      {page.more ? folder : FolderId{static_cast<std::uint32_t>(folder) + 1}, page.more ? page.next : 0});
  auto row = stored.begin();
  while (row != stored.end() || own != end) {
    if (own == end || (row != stored.end() && row->uid < own->first.second)) {
      page.rows.push_back(std::move(*row++));
      continue;
    }
    if (row != stored.end() && row->uid == own->first.second) ++row;
    if (own->second.row && uids.contains(own->first.second)) page.rows.push_back(*own->second.row);
    ++own;
  }
  return page;
}

Uid Transaction::add_row(FolderId folder, Row row) {
  Touched& t = touched(folder);
  row.uid = t.record.uid_next++;
  row.modseq = modseq();
  row.saved = now_;
  if (row.thread == ItemId{}) row.thread = row.item;
  if (row.email == ItemId{}) row.email = row.item;
  count(t, row, true);
  t.added.add(row.uid);
  octets_ += kRowCost + row.flags.keywords.size() * 3;
  const Uid uid = row.uid;
  rows_.emplace_hint(rows_.end(), std::pair(folder, uid), Pending{std::move(row), 0});
  return uid;
}

void Transaction::pass_over(FolderId folder, Uid next) {
  Touched& t = touched(folder);
  const Uid first = t.record.uid_next;
  if (next <= first) return;
  if (next - first > records::kWideGap) {
    t.record.gaps.add(first, next - 1);
  } else {
    t.passed.add(first, next - 1);
  }
  t.record.uid_next = next;
}

Transaction::Pending& Transaction::pending(FolderId folder, const Row& before) {
  // A row that is not pending yet is as stored, so its modseq is the one its index entry has.
  return rows_.try_emplace({folder, before.uid}, Pending{std::nullopt, before.modseq}).first->second;
}

const Row& Transaction::change_row(FolderId folder, const Row& before, Flags flags) {
  Touched& t = touched(folder);
  Pending& p = pending(folder, before);
  t.flags_changed = true;
  count(t, before, false);
  Row after = before;
  after.flags = std::move(flags);
  after.modseq = modseq();
  count(t, after, true);
  octets_ += kRowCost + after.flags.keywords.size() * 3;
  log(LogEntry::What::item_updated, after, folder);
  p.row = std::move(after);
  return *p.row;
}

void Transaction::remove_row(FolderId folder, const Row& before, bool vanished) {
  Touched& t = touched(folder);
  count(t, before, false);
  t.removed.add(before.uid);
  if (vanished) {
    ++t.record.vanished;
    write(records::vanished_key(folder, modseq(), before.uid),
          records::encode(records::Vanished{before.item, records::to_seconds(now_)}));
  }
  if (t.record.has_pop3_ids) write(records::pop3_id_key(folder, before.uid), std::nullopt);
  octets_ += kRowCost;
  pending(folder, before).row.reset();
}

void Transaction::name_for_pop3(FolderId folder, Uid uid, std::string_view name) {
  touched(folder).record.has_pop3_ids = true;
  write(records::pop3_id_key(folder, uid), records::encode_text(std::string(name)));
}

const std::string* Transaction::written(std::string_view key) const {
  for (auto w = batch_.writes.rbegin(); w != batch_.writes.rend(); ++w) {
    if (w->key == key) return w->value ? &*w->value : nullptr;
  }
  return nullptr;
}

Result<bool> Transaction::knows_delivery(const std::string& key) {
  if (deliveries_.contains(key)) return true;
  GP_TRY(store::Snapshot* const view, snapshot());
  GP_TRY(const auto value, view->get(key));
  if (!value) return false;
  const auto until = records::decode_expiry(*value);
  return until && *until > records::to_seconds(now_);
}

void Transaction::remember_delivery(std::string key, std::uint64_t until_seconds) {
  deliveries_.insert(key);
  write(std::move(key), records::encode_expiry(until_seconds));
}

std::optional<KeywordId> Transaction::find_keyword(std::string_view name) const {
  if (const auto k = head_.keyword_ids.find(name); k != head_.keyword_ids.end()) return k->second;
  if (const auto k = new_keyword_ids_.find(name); k != new_keyword_ids_.end()) return k->second;
  return std::nullopt;
}

Result<> Transaction::keywords_fit(const std::vector<std::string>& names) const {
  std::size_t fresh = 0;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > kMaxKeywordOctets) return fail(Errc::invalid, "length of a keyword");
    if (!find_keyword(name)) ++fresh;
  }
  if (fresh > 0 && head_.keywords->size() + new_keywords_.size() + fresh > kMaxKeywords) {
    return fail(Errc::limit, "too many keywords");
  }
  return {};
}

KeywordId Transaction::keyword(const std::string& name) {
  if (const auto known = find_keyword(name)) return *known;
  const auto id = static_cast<KeywordId>(head_.keywords->size() + new_keywords_.size());
  new_keywords_.push_back(name);
  new_keyword_ids_.emplace(name, id);
  write(records::keyword_key(id), records::encode_text(name));
  return id;
}

void Transaction::subscribe(std::string name, bool subscribed) {
  write(records::subscription_key(name), subscribed ? std::optional(records::encode_empty()) : std::nullopt);
  subscriptions_.insert_or_assign(std::move(name), subscribed);
}

std::shared_ptr<const Grants> Transaction::grants(FolderId folder) const {
  if (const auto changed = grants_.find(folder); changed != grants_.end()) return changed->second;
  const auto known = head_.grants.find(folder);
  return known == head_.grants.end() ? nullptr : known->second;
}

void Transaction::set_grants(FolderId folder, std::shared_ptr<const Grants> grants) {
  if (grants && grants->empty()) grants = nullptr;
  write(records::grants_key(folder), grants ? std::optional(records::encode(*grants)) : std::nullopt);
  grants_.insert_or_assign(folder, std::move(grants));
}

void Transaction::annotate(FolderId folder, const AnnotationChange& change, std::uint64_t before, std::uint64_t by) {
  std::string key = records::annotation_key(folder, change.reader, change.name);
  annotation_octets_ -= std::min(annotation_octets_, before);
  if (change.value) annotation_octets_ += change.name.size() + change.value->size();
  annotations_.insert_or_assign(key, change.value);
  write(std::move(key), change.value ? std::optional(records::encode_text(*change.value)) : std::nullopt);
  write(records::annotated_key(), records::encode_octets(annotation_octets_));
  log(LogEntry::What::folder_annotated, folder_number(folder));
  annotation_news_.push_back({modseq(), folder, change.reader, change.name, by});
}

// Those whose keys begin so, as this transaction leaves them.
Result<Transaction::Annotations> Transaction::annotations_below(const std::string& prefix) {
  Annotations out;
  GP_TRY(store::Snapshot* const view, snapshot());
  GP_CHECK(view->scan(prefix, store::prefix_end(prefix), false, kAnnotationPage, [&](store::Entry e) {
    if (auto text = records::decode_text(e.value)) out.emplace(e.key, *std::move(text));
    return true;
  }));
  for (auto own = annotations_.lower_bound(prefix); own != annotations_.end() && own->first.starts_with(prefix);
       ++own) {
    if (own->second)
      out.insert_or_assign(own->first, *own->second);
    else
      out.erase(own->first);
  }
  return out;
}

Result<std::map<std::string, std::string>> Transaction::annotations(FolderId folder, Reader reader) {
  const std::string prefix = records::annotation_prefix(folder, reader);
  GP_TRY(const auto found, annotations_below(prefix));
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : found) out.emplace(key.substr(prefix.size()), value);
  return out;
}

Result<Transaction::Annotations> Transaction::all_annotations(FolderId folder) {
  return annotations_below(records::index_prefix(records::kind::kAnnotation, folder));
}

void Transaction::drop(const Annotations& all) {
  if (all.empty()) return;
  for (const auto& [key, value] : all) {
    const std::size_t name = key.size() - records::annotation_prefix(kRoot, kEverybody).size();
    annotation_octets_ -= std::min<std::uint64_t>(annotation_octets_, name + value.size());
    annotations_.insert_or_assign(key, std::nullopt);
    write(key, std::nullopt);
  }
  write(records::annotated_key(), records::encode_octets(annotation_octets_));
}

void Transaction::add(FolderId to, const Annotations& all) {
  std::size_t octets = 0;
  for (const auto& [key, value] : all) {
    FolderId from{};
    std::string_view name;
    AnnotationChange copy{.value = value};
    octets += value.size();
    if (octets > kMaxCopiedAnnotations || !records::parse_annotation_key(key, from, copy.reader, name)) continue;
    copy.name = name;
    annotate(to, copy, 0, 0);
  }
}

Result<std::optional<std::string>> Transaction::read(const std::string& key) {
  if (const std::string* const own = written(key)) return *own;
  GP_TRY(store::Snapshot* const view, snapshot());
  return view->get(key);
}

void Transaction::log(LogEntry::What what, std::uint64_t id) {
  log_.push_back({what, id});
  dirty_ = true;
}

void Transaction::log(LogEntry::What what, const Row& row, FolderId folder) {
  log_.push_back({what, item_number(row.item), folder, row.thread, row.email});
  dirty_ = true;
}

void Transaction::write(std::string key, std::optional<std::string> value) {
  octets_ += key.size() + (value ? value->size() : 0);
  batch_.writes.push_back({std::move(key), std::move(value)});
  dirty_ = true;
}

void Transaction::erase_range(std::string begin, std::string end) {
  octets_ += begin.size() + end.size();
  batch_.erases.push_back({std::move(begin), std::move(end)});
  dirty_ = true;
}

// Kind by kind: the engine takes in keys that ascend at a fraction of the cost.
void Transaction::put_rows() {
  batch_.writes.reserve(batch_.writes.size() + rows_.size() * 3 + 8);
  put_changed_index();
  for (const auto& [where, p] : rows_) {
    if (p.indexed == 0 && !p.row) continue;
    batch_.writes.push_back(
        {records::row_key(where.first, where.second), p.row ? std::optional(records::encode(*p.row)) : std::nullopt});
  }
}

// Of many rows of a folder there is one entry, and their old ones stay: they name a change that is not the last, which
// does no harm to a reader. Of a few each has its own, and takes the old one away.
void Transaction::put_changed_index() {
  std::map<FolderId, NumberSet> changed;
  for (const auto& [where, p] : rows_) {
    if (p.row) changed[where.first].add(where.second);
  }
  std::erase_if(changed, [](const auto& folder) { return folder.second.size() < records::kManyRows; });
  for (const auto& [where, p] : rows_) {
    const bool one_of_many = p.row && changed.contains(where.first);
    if (p.indexed == 0 || one_of_many) continue;
    batch_.writes.push_back({records::changed_key(where.first, p.indexed, where.second), {}});
  }
  for (const auto& [where, p] : rows_) {
    if (!p.row || changed.contains(where.first)) continue;
    batch_.writes.push_back({records::changed_key(where.first, modseq(), where.second), records::encode_empty()});
  }
  for (const auto& [folder, uids] : changed) {
    const std::span<const NumberSet::Range> ranges(uids.ranges());
    std::uint32_t part = 0;
    for (std::size_t at = 0; at < ranges.size(); at += records::kChangedSetRanges) {
      const auto some = ranges.subspan(at, std::min(records::kChangedSetRanges, ranges.size() - at));
      batch_.writes.push_back({records::changed_set_key(folder, modseq(), part++), records::encode_uids(some)});
    }
  }
}

void Transaction::put_log() {
  if (log_.empty()) return;
  const std::uint64_t seconds = records::to_seconds(now_);
  std::string value;
  std::uint16_t part = 0;
  records::begin_log(value, seconds);
  for (const LogEntry& e : log_) {
    records::put(value, e);
    if (value.size() < kLogPart) continue;
    batch_.writes.push_back({records::log_key(modseq(), part++), std::move(value)});
    records::begin_log(value, seconds);
  }
  batch_.writes.push_back({records::log_key(modseq(), part), std::move(value)});
}

std::optional<std::vector<Row>> Transaction::written_rows(FolderId folder, std::size_t at_most) const {
  std::vector<Row> out;
  for (auto r = rows_.lower_bound({folder, 0}); r != rows_.end() && r->first.first == folder; ++r) {
    if (!r->second.row) continue;
    if (out.size() == at_most) return std::nullopt;
    out.push_back(*r->second.row);
  }
  return out;
}

std::size_t Transaction::written_count(FolderId folder) const {
  return static_cast<std::size_t>(
      std::distance(rows_.lower_bound({folder, 0}), rows_.upper_bound({folder, std::numeric_limits<Uid>::max()})));
}

std::vector<std::uint32_t> Transaction::written_chunks(FolderId folder) const {
  std::vector<std::uint32_t> chunks;
  for (auto r = rows_.lower_bound({folder, 0}); r != rows_.end() && r->first.first == folder;) {
    chunks.push_back(r->first.second / records::kChunkUids);
    r = rows_.upper_bound({folder, chunks.back() * records::kChunkUids + (records::kChunkUids - 1)});
  }
  return chunks;
}

std::vector<RowChunk::Change> Transaction::written_in(FolderId folder, std::uint32_t chunk) const {
  std::vector<RowChunk::Change> changes;
  const Uid first = chunk * records::kChunkUids;
  const auto end = rows_.upper_bound({folder, first + (records::kChunkUids - 1)});
  for (auto r = rows_.lower_bound({folder, first}); r != end; ++r)
    changes.push_back({r->first.second, r->second.row ? &*r->second.row : nullptr});
  return changes;
}

Result<> Transaction::put_uid_sets() {
  for (const auto& [id, t] : touched_) {
    if (t.gone || t.record.dying || !t.record.has_sets) continue;
    NumberSet holes = t.removed;
    holes.add(t.passed);
    GP_CHECK(put_uid_set(id, records::UidSet::holes, holes, {}));
    GP_CHECK(put_uid_set(id, records::UidSet::deleted, t.deleted, t.undeleted));
  }
  return {};
}

Result<> Transaction::put_uid_set(FolderId folder, records::UidSet which, const NumberSet& add,
                                  const NumberSet& remove) {
  const std::vector<std::uint32_t> chunks = chunks_of(add, remove);
  if (chunks.empty()) return {};
  std::vector<std::string> keys;
  for (const std::uint32_t chunk : chunks) keys.push_back(records::uid_set_key(folder, which, chunk));
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  GP_TRY(store::Snapshot* const view, snapshot());
  GP_TRY(const auto values, view->get_many(views));
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    NumberSet uids;
    if (values[i]) GP_CHECK(records::decode_uid_set(chunks[i], *values[i], uids));
    const Uid first = chunks[i] * records::kChunkUids;
    const NumberSet here = NumberSet::of(first, first + (records::kChunkUids - 1));
    uids.add(add.intersect(here));
    uids.remove(remove.intersect(here));
    write(std::move(keys[i]), records::encode_uid_set(uids, chunks[i]));
  }
  return {};
}

store::Batch Transaction::finish() {
  put_rows();
  for (const auto& [id, t] : touched_) {
    if (t.gone) continue;
    if (!t.is_new && !t.record.dying) log(LogEntry::What::folder_updated, folder_number(id));
    batch_.writes.push_back({records::folder_key(id), records::encode(t.record)});
  }
  put_log();
  batch_.writes.push_back({records::state_key(), records::encode(state_)});
  if (removed_ != head_.removed) batch_.writes.push_back({records::removed_totals_key(), records::encode(removed_)});
  batch_.skip = skip_;
  return std::move(batch_);
}

}  // namespace gatepost::account
