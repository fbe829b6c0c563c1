// How SegmentBlobStore deletes bodies nobody refers to and gives their space back.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "store/events.hpp"
#include "store/segment_blob_store.hpp"

namespace gatepost::store {
namespace {

// The leader decides over this many bodies at a time, so that commits do not wait long.
constexpr std::size_t kAtOnce = 64;
constexpr std::uint64_t kMoveOctetsAtOnce = 8 << 20;

}  // namespace

Result<std::uint64_t> SegmentBlobStore::collect(const std::function<Result<bool>(const BlobId&)>& referenced,
                                                std::stop_token stop) {
  std::lock_guard only(collector_mutex_);
  GP_CHECK(flush());
  std::uint64_t freed = 0;
  std::string after;
  while (!stop.stop_requested()) {
    GP_TRY(const auto candidates, old_garbage(after));
    if (candidates.empty()) break;
    GP_TRY(const std::uint64_t octets, collect_some(candidates, referenced));
    freed += octets;
    collected_.add(octets);
  }
  GP_CHECK(remove_orphans(stop));
  GP_CHECK(tidy_segments(stop));
  return freed;
}

// Own files whose rows went just before a crash. Looked for once after opening, when nothing else deletes: a file is in
// its place only after the commit that named it, so one that no row names is not wanted any more.
Result<> SegmentBlobStore::remove_orphans(std::stop_token stop) {
  if (orphans_removed_) return {};
  GP_TRY(const auto shelves, files_in(files_.directory() / "large"));
  for (const auto& shelf : shelves) {
    GP_TRY(const auto files, files_in(shelf));
    for (const auto& path : files) {
      if (stop.stop_requested()) return {};
      const auto fd = open_file(path, O_RDONLY);
      char head[record::kHeaderOctets];
      if (!fd || !read_all_at(fd->get(), head, 0)) continue;
      const auto header = record::parse_header(std::string_view(head, sizeof head));
      if (!header) continue;  // damaged, which does not make it unwanted
      const auto found = row_of(header->id);
      if (!found) continue;
      const auto& where = *found;
      if (where && where->kind == Location::Kind::own_file && path == files_.own_path(where->file)) continue;
      log_.write(event::kOrphanRemoved, {{"body", header->id.to_hex()}, {"octets", header->id.size}});
      ::unlink(path.c_str());
    }
  }
  orphans_removed_ = true;
  return {};
}

// Up to kAtOnce bodies whose grace period is over, behind the G row `after`, which moves on. Empty: no more.
Result<std::vector<BlobId>> SegmentBlobStore::old_garbage(std::string& after) {
  const std::uint64_t now = seconds_now();
  const auto grace = static_cast<std::uint64_t>(settings_.grace.count());
  std::vector<BlobId> found;
  RowCursor cursor(rows_, std::string(1, root::kGarbage), std::string(1, root::kGarbage + 1), nullptr);
  if (after.empty())
    cursor.first();
  else
    cursor.seek(after + '\0');
  for (; cursor.valid() && found.size() < kAtOnce; cursor.next()) {
    after = cursor.key();
    auto id = digest_of(cursor.key());
    const auto row = decode_garbage_row(cursor.value());
    if (!id || !row || row->since + grace > now) continue;
    id->size = row->size;
    found.push_back(*id);
  }
  GP_CHECK(cursor.status());
  return found;
}

Result<std::uint64_t> SegmentBlobStore::collect_some(const std::vector<BlobId>& candidates,
                                                     const std::function<Result<bool>(const BlobId&)>& referenced) {
  std::vector<BlobId> chosen;
  std::vector<Doomed> doomed;
  std::uint64_t freed = 0;
  auto result = exclusive_->run([&]() -> Result<> {
    {
      // From here until the rows are gone, finish() of one of these waits; one it was faster with is left alone.
      std::lock_guard lock(mutex_);
      for (const BlobId& id : candidates)
        if (!pending_.contains(id)) chosen.push_back(id);
      dying_.insert(chosen.begin(), chosen.end());
    }
    GP_TRY(freed, delete_rows(chosen, doomed, referenced));
    return {};
  });
  {
    std::lock_guard lock(mutex_);
    for (const BlobId& id : chosen) dying_.erase(id);
  }
  no_longer_dying_.notify_all();
  GP_CHECK(result);
  for (const Doomed& body : doomed) {
    if (!body.has_body) continue;
    if (body.where.kind == Location::Kind::own_file)
      files_.remove(Location::Kind::own_file, body.where.file);
    else
      GP_CHECK(files_.punch(body.where));
  }
  return freed;
}

// By the leader. The rows of the bodies that are really unused go; the others stop being candidates.
Result<std::uint64_t> SegmentBlobStore::delete_rows(const std::vector<BlobId>& ids, std::vector<Doomed>& doomed,
                                                    const std::function<Result<bool>(const BlobId&)>& referenced) {
  const std::uint64_t now = seconds_now();
  const auto grace = static_cast<std::uint64_t>(settings_.grace.count());
  RowBatch batch;
  std::map<std::uint32_t, SegmentRow> changed;
  std::uint64_t freed = 0;
  std::string value;
  for (const BlobId& id : ids) {
    // Its grace period may have begun anew since the candidates were listed.
    GP_TRY(const bool still, rows_.get(garbage_key(id), value));
    const auto garbage = still ? decode_garbage_row(value) : std::nullopt;
    if (!garbage || garbage->since + grace > now) continue;
    batch.erase(garbage_key(id));
    GP_TRY(const bool used, referenced(id));
    if (used) continue;
    const auto found = row_of(id);
    if (!found && found.error().code != Errc::corrupt) return std::unexpected(found.error());
    if (!found || !*found) continue;  // `check` speaks of the unreadable
    const auto& where = *found;
    batch.erase(body_key(id));
    const std::uint64_t octets = record::record_octets(where->size, where->stored);
    if (where->kind == Location::Kind::segment) {
      const auto number = static_cast<std::uint32_t>(where->file);
      SegmentRow& row = changed.try_emplace(number, segments_[number]).first->second;
      row.live -= std::min(row.live, octets);
    }
    freed += octets;
    doomed.push_back({id, *where, true});
  }
  for (const auto& [number, row] : changed) batch.put(segment_key(number), encode(row));
  if (batch.empty()) return freed;
  // Durable before the space is given back, or a crash could leave a row that points into a hole.
  if (auto written = rows_.write(batch, true); !written) {
    doomed.clear();
    return std::unexpected(std::move(written).error());
  }
  for (const auto& [number, row] : changed) segments_[number] = row;
  return freed;
}

// Records that were copied to the current segment and not yet made the bodies.
struct SegmentBlobStore::Moving {
  struct Copy {
    BlobId id;
    Location old;
    SegmentFiles::Appended copy;
  };
  std::vector<Copy> copies;
  ~Moving() { release(); }
  void release() {
    for (auto& copy : copies) SegmentFiles::release(*copy.copy.segment);
    copies.clear();
  }
};

bool SegmentBlobStore::has_pending_in(std::uint32_t number) {
  std::lock_guard lock(mutex_);
  return std::ranges::any_of(pending_, [&](const auto& entry) {
    return entry.second.state == Pending::State::stored && entry.second.where.kind == Location::Kind::segment &&
           entry.second.where.file == number;
  });
}

Result<> SegmentBlobStore::tidy_segments(std::stop_token stop) {
  std::map<std::uint32_t, SegmentRow> rows;
  GP_CHECK(exclusive_->run([&]() -> Result<> {
    rows = segments_;
    return {};
  }));
  for (const auto& [number, row] : rows) {
    if (stop.stop_requested()) return {};
    // First closed, then without pending bodies: nothing can come between the two questions.
    if (!files_.is_closed(number) || has_pending_in(number)) continue;
    struct stat status{};
    if (::stat(files_.segment_path(number).c_str(), &status) != 0) continue;
    // More than half of what the file takes on the disk, which holes have already given back in part, is dead.
    const auto occupied = static_cast<std::uint64_t>(status.st_blocks) * 512;
    if (row.live != 0 && occupied <= 2 * row.live) continue;
    GP_CHECK(rewrite(number, stop));
  }
  return {};
}

Result<> SegmentBlobStore::rewrite(std::uint32_t number, std::stop_token stop) {
  GP_TRY(const auto fd, files_.reading(Location::Kind::segment, number));
  GP_TRY(const std::uint64_t size, file_size(fd->get()));
  Moving moving;
  bool whole = true, emptied = false;
  std::uint64_t held = 0;
  std::string octets;
  for (std::uint64_t at = 0; at + record::kHeaderOctets <= size;) {
    if (stop.stop_requested()) {
      whole = false;
      break;
    }
    char head[record::kHeaderOctets];
    GP_CHECK(read_all_at(fd->get(), head, at));
    const auto header = record::parse_header(std::string_view(head, sizeof head));
    if (!header) {
      at += record::kAlignment;  // a gap left by a failed write
      continue;
    }
    const Location here{Location::Kind::segment, number, at, header->id.size, header->stored};
    const std::uint64_t length = record::record_octets(header->id.size, header->stored);
    const auto found = row_of(header->id);
    if (!found && found.error().code != Errc::corrupt) return std::unexpected(found.error());
    if (!found || !*found || **found != here) {
      // Dead, or octets of a body that only look like a header when a gap is being searched: step, do not leap, then.
      at += length <= size - at ? length : record::kAlignment;
      continue;
    }
    octets.resize(length);
    GP_CHECK(read_all_at(fd->get(), std::span(octets), at));
    GP_TRY(auto appended, files_.append(octets));
    moving.copies.push_back({header->id, here, std::move(appended)});
    at += length;
    held += length;
    if (held < kMoveOctetsAtOnce) continue;
    GP_CHECK(move_rows(number, moving, false, emptied));
    held = 0;
  }
  GP_CHECK(move_rows(number, moving, whole, emptied));
  if (emptied)
    files_.remove(Location::Kind::segment, number);
  else if (!stop.stop_requested())
    log_.write(event::kRewriteSkipped, {{"segment", number}});
  return {};
}

// The copies become the bodies. With nothing live left, and `whole`: all of the file looked at, the segment's row goes
// and `emptied` says so.
Result<> SegmentBlobStore::move_rows(std::uint32_t from, Moving& moving, bool whole, bool& emptied) {
  auto result = exclusive_->run([&]() -> Result<> {
    RowBatch batch;
    std::map<std::uint32_t, SegmentRow> changed;
    changed[from] = segments_[from];
    for (const auto& [id, old, copy] : moving.copies) {
      if (copy.ticket > copy.segment->synced) GP_CHECK(files_.sync(*copy.segment));
      Location now = old;
      now.file = copy.segment->number;
      now.offset = copy.offset;
      batch.put(body_key(id), encode(now));
      const std::uint64_t octets = record::record_octets(old.size, old.stored);
      changed[from].live -= std::min(changed[from].live, octets);
      SegmentRow& to = changed.try_emplace(copy.segment->number, segments_[copy.segment->number]).first->second;
      to.end = std::max(to.end, copy.offset + octets);
      to.live += octets;
    }
    emptied = whole && changed[from].live == 0;
    for (const auto& [number, row] : changed) {
      if (number == from && emptied)
        batch.erase(segment_key(number));
      else
        batch.put(segment_key(number), encode(row));
    }
    GP_CHECK(rows_.write(batch, true));
    for (const auto& [number, row] : changed) segments_[number] = row;
    if (emptied) segments_.erase(from);
    return {};
  });
  moving.release();
  return result;
}

}  // namespace gatepost::store
