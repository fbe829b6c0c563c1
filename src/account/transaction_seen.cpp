#include <algorithm>
#include <optional>

#include "account/transaction.hpp"
#include "store/keys.hpp"

// What readers have seen on their own.
namespace gatepost::account {
namespace {

constexpr std::size_t kMarkCost = 24;          // octets of a mark and its change log entry
constexpr std::size_t kChunkCost = 100;        // of all but its value
constexpr std::size_t kMarksOctets = 1 << 20;  // of one change
constexpr std::size_t kMostChunks = 1'000;     // in memory, of 8 KiB each

}  // namespace

void Transaction::set_own_seen(bool on) {
  own_seen_ = {.on = on, .since = modseq()};
  for (const char kind : {records::kind::kSeen, records::kind::kSeenMarks, records::kind::kSeenChanged}) {
    const std::string begin(1, kind);
    erase_range(begin, store::prefix_end(begin));
  }
  marks_of_readers_.clear();
  seen_changes_.clear();
  seen_dropped_ = true;
  write(records::own_seen_key(), records::encode(own_seen_));
}

void Transaction::forget_reader(Reader reader) {
  for (const auto& [whose, totals] : head_.seen) {
    if (whose.second != reader) continue;
    for (const std::string& begin :
         {records::seen_marks_prefix(whose.first, reader), records::seen_changed_prefix(whose.first, reader)})
      erase_range(begin, store::prefix_end(begin));
    write(records::seen_totals_key(whose.first, reader), std::nullopt);
  }
  std::erase_if(marks_of_readers_, [&](const auto& one) { return one.first.first.second == reader; });
  std::erase_if(seen_changes_, [&](const auto& one) { return one.first.second == reader; });
  readers_gone_.insert(reader);
}

std::set<Reader> Transaction::readers(FolderId folder) const {
  std::set<Reader> out;
  const auto add = [&](const auto& all) {
    for (auto one = all.lower_bound({folder, 0}); one != all.end() && one->first.first == folder; ++one)
      out.insert(one->first.second);
  };
  if (!seen_dropped_) add(head_.seen);
  for (const Reader gone : readers_gone_) out.erase(gone);
  add(seen_changes_);
  return out;
}

Transaction::SeenChange& Transaction::seen_change(const Whose& whose) {
  const auto [change, fresh] = seen_changes_.try_emplace(whose);
  if (fresh && !seen_dropped(whose.second)) {
    if (const auto known = head_.seen.find(whose); known != head_.seen.end()) change->second.totals = known->second;
  }
  dirty_ = true;
  return change->second;
}

Result<> Transaction::may_have_seen(FolderId folder, Reader reader) const {
  const auto known = readers(folder);
  if (known.size() >= kMaxReaders && !known.contains(reader)) return fail(Errc::limit, "too many readers of a folder");
  return {};
}

Result<> Transaction::load_seen(FolderId folder, Reader reader, const NumberSet& uids) {
  if (!own_seen_.on) return {};
  if (reader == kEverybody) {
    for (const Reader one : readers(folder)) GP_CHECK(load_seen(folder, one, uids));
    return {};
  }
  const Whose whose(folder, reader);
  const bool stored = !seen_dropped(reader) && head_.seen.contains(whose);
  for (const std::uint32_t chunk : chunks_of(uids)) {
    if (marks_of_readers_.contains({whose, chunk})) continue;
    SeenMarks marks(chunk);
    if (stored) {
      GP_TRY(store::Snapshot* const view, snapshot());
      GP_TRY(const auto value, view->get(records::seen_marks_key(folder, reader, chunk)));
      auto read = value ? SeenMarks::decode(chunk, *value) : Result<SeenMarks>(SeenMarks(chunk));
      octets_ += kChunkCost + (value ? value->size() : 0);
      // Begins anew: nothing was seen.
      if (!read) damaged_(folder, chunk * records::kChunkUids, read.error());
      if (read) marks = *std::move(read);
    }
    const Modseq indexed = marks.newest();
    marks_of_readers_.emplace(std::pair(whose, chunk), LoadedMarks{std::move(marks), indexed, false});
  }
  return {};
}

Result<> Transaction::load_seen(FolderId folder, Reader reader, Page& page) {
  if (!own_seen_.on) return {};
  const std::set<Reader> whose = reader == kEverybody ? readers(folder) : std::set<Reader>{reader};
  if (whose.empty()) return {};
  const std::size_t before = octets_;
  std::optional<std::uint32_t> last;
  for (auto row = page.rows.begin(); row != page.rows.end(); ++row) {
    const std::uint32_t chunk = row->uid / records::kChunkUids;
    if (last == chunk) continue;
    if (last && (octets_ - before > kMarksOctets || marks_of_readers_.size() > kMostChunks)) {
      page.more = true;
      page.next = row->uid;
      page.rows.erase(row, page.rows.end());
      break;
    }
    for (const Reader one : whose) GP_CHECK(load_seen(folder, one, NumberSet::of(row->uid, row->uid)));
    last = chunk;
  }
  return {};
}

SeenMarks& Transaction::loaded_marks(const Whose& whose, Uid uid) {
  LoadedMarks& loaded = marks_of_readers_.at({whose, uid / records::kChunkUids});
  loaded.changed = true;
  return loaded.marks;
}

void Transaction::show(Reader reader, FolderId folder, Row& row) const {
  row.modseq = std::max(row.modseq, own_seen_.since);
  if (own_seen_.on) marks_of_readers_.at({{folder, reader}, row.uid / records::kChunkUids}).marks.show(row);
}

void Transaction::set_seen(const Whose& whose, Uid uid, bool seen) {
  SeenMarks& marks = loaded_marks(whose, uid);
  SeenChange& change = seen_change(whose);
  if (marks.seen(uid) != seen) seen ? ++change.totals.seen : --change.totals.seen;
  if (!seen) change.lowest_lost = std::min(change.lowest_lost, uid);
  change.totals.modseq = modseq();
  marks.mark(uid, seen, modseq());
  octets_ += kMarkCost;
}

void Transaction::mark_seen(FolderId folder, Reader reader, const Row& row, bool seen) {
  const Whose whose(folder, reader);
  set_seen(whose, row.uid, seen);
  seen_change(whose).by_reader = true;
  log_.push_back({records::LogEntry::What::item_seen, static_cast<std::uint64_t>(row.item), folder, row.thread,
                  row.email, reader});
}

void Transaction::mark_new_seen(FolderId folder, Reader reader, Uid uid) { set_seen({folder, reader}, uid, true); }

Result<> Transaction::load_seen_to_carry(FolderId from, FolderId to, std::size_t count) {
  if (!own_seen_.on || count == 0) return {};
  const Uid next = find(to)->uid_next;
  const NumberSet given = NumberSet::of(next, next + static_cast<Uid>(count - 1));
  for (const Reader reader : readers(from)) GP_CHECK(load_seen(to, reader, given));
  return {};
}

void Transaction::carry_seen(FolderId from, std::span<const Uid> uids, FolderId to, std::span<const Uid> as) {
  if (!own_seen_.on) return;
  for (const Reader reader : readers(from)) {
    if (!may_have_seen(to, reader)) continue;
    for (std::size_t i = 0; i < uids.size(); ++i) {
      const auto& marks = marks_of_readers_.at({{from, reader}, uids[i] / records::kChunkUids}).marks;
      if (marks.seen(uids[i])) set_seen({to, reader}, as[i], true);
    }
  }
}

Result<> Transaction::forget_seen(FolderId folder, const NumberSet& removed) {
  for (const Reader reader : readers(folder)) {
    const Whose whose(folder, reader);
    GP_CHECK(load_seen(folder, reader, removed));
    removed.for_each([&](Uid uid) {
      const SeenMarks& marks = marks_of_readers_.at({whose, uid / records::kChunkUids}).marks;
      if (marks.modseq(uid) == 0) return;
      SeenChange& change = seen_change(whose);
      if (marks.seen(uid)) --change.totals.seen;
      loaded_marks(whose, uid).forget(uid);
    });
  }
  return {};
}

Result<> Transaction::put_seen() {
  if (!own_seen_.on) return {};
  for (const auto& [id, t] : touched_) {
    if (!t.gone && !t.record.dying) {
      if (!t.removed.empty()) GP_CHECK(forget_seen(id, t.removed));
      continue;
    }
    // forget_folder() takes away what is stored.
    std::erase_if(marks_of_readers_, [&](const auto& one) { return one.first.first.first == id; });
    std::erase_if(seen_changes_, [&](const auto& one) { return one.first.first == id; });
  }
  for (const auto& [where, loaded] : marks_of_readers_) {
    if (!loaded.changed) continue;
    const auto& [whose, chunk] = where;
    const auto& [folder, reader] = whose;
    const Modseq newest = loaded.marks.newest();
    write(records::seen_marks_key(folder, reader, chunk),
          newest == 0 ? std::nullopt : std::optional(loaded.marks.encode()));
    if (newest == loaded.indexed) continue;
    if (loaded.indexed != 0) write(records::seen_changed_key(folder, reader, loaded.indexed, chunk), std::nullopt);
    if (newest != 0) write(records::seen_changed_key(folder, reader, newest, chunk), records::encode_empty());
  }
  for (const auto& [whose, change] : seen_changes_)
    write(records::seen_totals_key(whose.first, whose.second), records::encode(change.totals));
  return {};
}

}  // namespace gatepost::account
