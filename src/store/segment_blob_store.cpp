#include "store/segment_blob_store.hpp"

#include <algorithm>
#include <cstring>

#include "store/segment_body_writer.hpp"

namespace gatepost::store {
namespace {

// A body nobody referred to for this long gets its rows without a reference: most are referred to within milliseconds.
constexpr std::uint64_t kUnusedSeconds = 10;
constexpr std::size_t kUnusedAtOnce = 1000;
// A body read whole is read with one call when its record is at most this long.
constexpr std::uint64_t kOneRead = 256 << 10;
constexpr std::size_t kCachedFrames = 64;

}  // namespace

SegmentBlobStore::SegmentBlobStore(const std::filesystem::path& directory, const Settings& settings, Rows& rows,
                                   Disk& disk, DiskSpace& space, Log& log, Metrics& metrics, const Clock& clock)
    : settings_(settings),
      rows_(rows),
      disk_(disk),
      space_(space),
      log_(log),
      clock_(clock),
      files_(directory, disk, settings.files),
      codecs_(settings.compression_level),
      frames_(kCachedFrames),
      stored_(metrics.counter("gatepost_store_bodies_total", "kind=\"new\"", "Bodies finished.")),
      known_(metrics.counter("gatepost_store_bodies_total", "kind=\"known\"", "Bodies finished.")),
      stored_octets_(metrics.counter("gatepost_store_body_octets_total", "", "Octets written for new bodies.")),
      collected_(metrics.counter("gatepost_store_collected_octets_total", "", "Octets of bodies deleted.")) {}

SegmentBlobStore::~SegmentBlobStore() = default;

std::uint64_t SegmentBlobStore::seconds_now() const {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count());
}

Result<std::unique_ptr<BlobWriter>> SegmentBlobStore::create(std::uint64_t size_hint) {
  if (settings_.read_only) return fail(Errc::read_only, "the store was opened to read only");
  if (space_.low()) return fail(Errc::disk_full, "free space is below the reserve");
  if (rows_.stopped()) return fail(Errc::read_only, "a disk error has ended writing until the store is opened again");
  return std::make_unique<SegmentBodyWriter>(*this, size_hint);
}

Result<bool> SegmentBlobStore::begin_storing(const BlobId& id) {
  {
    std::unique_lock lock(mutex_);
    no_longer_dying_.wait(lock, [&] { return !dying_.contains(id); });
    const auto [entry, is_new] = pending_.try_emplace(id);
    entry->second.since = seconds_now();
    if (is_new) ages_.emplace_back(id, entry->second.since);
    if (entry->second.state != Pending::State::writing) {
      known_.add();
      return false;
    }
    ++entry->second.writers;
  }
  // From here on the collector leaves the body alone.
  auto row = row_of(id);
  if (!row) {
    abandon_storing(id);
    return std::unexpected(std::move(row).error());
  }
  if (!*row) return true;
  known_.add();
  std::lock_guard lock(mutex_);
  Pending& entry = pending_[id];  // another writer's commit may have settled it
  if (entry.writers > 0) --entry.writers;
  if (entry.state == Pending::State::writing) entry.state = Pending::State::known;
  return false;
}

Result<> SegmentBlobStore::end_storing(const BlobId& id, const Location& where,
                                       const SegmentFiles::Appended* appended) {
  bool superfluous = false;
  {
    std::unique_lock lock(mutex_);
    auto [entry, is_new] = pending_.try_emplace(id);
    if (is_new) {
      // Someone else stored the same body and its commit has been settled since: its row tells.
      ++entry->second.writers;
      entry->second.since = seconds_now();
      ages_.emplace_back(id, entry->second.since);
      lock.unlock();
      auto row = row_of(id);
      lock.lock();
      if (!row)
        superfluous = true;
      else if (*row && pending_[id].state == Pending::State::writing)
        pending_[id].state = Pending::State::known;
    }
    Pending& mine = pending_[id];
    if (mine.writers > 0) --mine.writers;
    if (mine.state != Pending::State::writing) superfluous = true;
    if (!superfluous) {
      mine.state = Pending::State::stored;
      mine.where = where;
      if (appended != nullptr) {
        mine.segment = appended->segment;
        mine.ticket = appended->ticket;
      }
    }
  }
  // Two writers stored the same new body at once: the second copy is a gap, which the segment's rewriting takes back.
  if (superfluous && where.kind == Location::Kind::own_file) files_.discard_own(where.file);
  if (appended != nullptr) SegmentFiles::release(*appended->segment);
  stored_.add();
  stored_octets_.add(record::record_octets(where.size, where.stored));
  return {};
}

void SegmentBlobStore::abandon_storing(const BlobId& id) {
  std::lock_guard lock(mutex_);
  const auto entry = pending_.find(id);
  if (entry == pending_.end() || entry->second.state != Pending::State::writing) return;
  if (entry->second.writers > 0) --entry->second.writers;
  if (entry->second.writers == 0) pending_.erase(entry);
}

Result<std::optional<Location>> SegmentBlobStore::row_of(const BlobId& id) {
  std::string value;
  GP_TRY(const bool found, rows_.get(body_key(id), value));
  if (!found) return std::optional<Location>();
  const auto where = decode_location(value);
  if (!where) return fail(Errc::corrupt, "body row of " + id.to_hex());
  return where->size == id.size ? where : std::optional<Location>();
}

Result<Location> SegmentBlobStore::locate(const BlobId& id) {
  {
    std::lock_guard lock(mutex_);
    const auto entry = pending_.find(id);
    if (entry != pending_.end() && entry->second.state == Pending::State::stored) return entry->second.where;
  }
  GP_TRY(const auto where, row_of(id));
  if (!where) return fail(Errc::not_found, "no body " + id.to_hex());
  return *where;
}

Result<bool> SegmentBlobStore::exists(const BlobId& id) {
  const auto where = locate(id);
  if (where) return true;
  if (where.error().code == Errc::not_found) return false;
  return std::unexpected(where.error());
}

Result<> SegmentBlobStore::read(const BlobId& id, std::uint64_t offset, std::span<char> out) {
  constexpr int kAttempts = 4;
  GP_TRY(Location where, locate(id));
  for (int attempt = 1;; ++attempt) {
    if (offset > where.size || out.size() > where.size - offset) return fail(Errc::invalid, "past the body's end");
    if (out.empty()) return {};
    auto done = read_at(where, offset, out);
    if (done || attempt == kAttempts) return done;
    // The collector may have moved or deleted the record since we looked where it is.
    GP_TRY(const Location again, locate(id));
    if (again == where && done.error().code != Errc::not_found) return done;
    if (again == where) return fail(Errc::corrupt, "the file of body " + id.to_hex() + " is missing");
    where = again;
  }
}

Result<> SegmentBlobStore::read_at(const Location& where, std::uint64_t offset, std::span<char> out) {
  const std::uint64_t first = offset / record::kFrameOctets;
  const std::uint64_t last = (offset + out.size() - 1) / record::kFrameOctets;
  if (first == last && out.size() < record::frame_size(where.size, first)) {
    const FrameCache::Key key{where.file, where.offset, first, static_cast<std::uint8_t>(where.kind)};
    if (const auto frame = frames_.find(key)) {
      std::memcpy(out.data(), frame->data() + offset % record::kFrameOctets, out.size());
      return {};
    }
  }
  GP_TRY(const auto fd, files_.reading(where.kind, where.file));
  const auto codec = codecs_.borrow();
  if (out.size() == where.size && where.stored + record::table_octets(where.size) <= kOneRead)
    return read_whole(*fd, where, out, *codec);

  // Only the entries that tell where these frames lie: the one before them says where they begin.
  const std::uint64_t from = first == 0 ? 0 : first - 1;
  std::string table((last - from + 1) * record::kTableEntryOctets, '\0');
  GP_CHECK(read_all_at(fd->get(), std::span(table),
                       where.offset + record::kHeaderOctets + where.stored + from * record::kTableEntryOctets));
  std::uint64_t before = first == 0 ? 0 : record::entry_at(table, 0).end;
  std::size_t filled = 0;
  for (std::uint64_t i = first; i <= last; ++i) {
    const std::size_t size = record::frame_size(where.size, i);
    GP_TRY(const auto extent, record::extent_of(record::entry_at(table, i - from), before, where.stored, size));
    const std::size_t skip = i == first ? offset % record::kFrameOctets : 0;
    const std::size_t take = std::min(size - skip, out.size() - filled);
    GP_CHECK(read_frame(*fd, where, i, extent, skip, out.subspan(filled, take), *codec));
    filled += take;
    before = extent.begin + extent.octets;
  }
  return {};
}

Result<> SegmentBlobStore::read_frame(const Fd& fd, const Location& where, std::uint64_t index,
                                      const record::Extent& extent, std::size_t skip, std::span<char> out,
                                      BodyCodec& codec) {
  std::string stored(extent.octets, '\0');
  GP_CHECK(read_all_at(fd.get(), std::span(stored), where.offset + record::kHeaderOctets + extent.begin));
  const std::size_t size = record::frame_size(where.size, index);
  if (skip == 0 && out.size() == size) return codec.decode(stored, extent, out);
  auto frame = std::make_shared<std::string>(size, '\0');
  GP_CHECK(codec.decode(stored, extent, std::span(*frame)));
  std::memcpy(out.data(), frame->data() + skip, out.size());
  frames_.insert({where.file, where.offset, index, static_cast<std::uint8_t>(where.kind)}, std::move(frame));
  return {};
}

Result<> SegmentBlobStore::read_whole(const Fd& fd, const Location& where, std::span<char> out, BodyCodec& codec) {
  const std::size_t octets = where.stored + record::table_octets(where.size);
  const auto buffer = std::make_unique_for_overwrite<char[]>(octets);
  GP_CHECK(read_all_at(fd.get(), std::span(buffer.get(), octets), where.offset + record::kHeaderOctets));
  const std::string_view payload(buffer.get(), where.stored);
  const std::string_view table(buffer.get() + where.stored, octets - where.stored);
  std::uint64_t before = 0;
  for (std::uint64_t i = 0; i < record::frames_of(where.size); ++i) {
    const std::size_t size = record::frame_size(where.size, i);
    GP_TRY(const auto extent, record::extent_of(record::entry_at(table, i), before, where.stored, size));
    GP_CHECK(
        codec.decode(payload.substr(extent.begin, extent.octets), extent, out.subspan(i * record::kFrameOctets, size)));
    before = extent.begin + extent.octets;
  }
  return {};
}

void SegmentBlobStore::begin(Settling& settling) {
  std::lock_guard lock(mutex_);
  ++round_;
  // What an unsuccessful group had taken for lack of use will be due again.
  for (const auto& taken : settling.taken)
    if (taken.unused_since) ages_.emplace_back(taken.id, *taken.unused_since);
  settling.taken.clear();
  settling.segments.clear();
}

Result<> SegmentBlobStore::claim(const BlobId& id, Settling& settling) {
  {
    std::lock_guard lock(mutex_);
    const auto found = pending_.find(id);
    if (found != pending_.end() && found->second.state != Pending::State::writing) {
      Pending& entry = found->second;
      if (entry.round == round_) return {};
      entry.round = round_;
      settling.taken.push_back(
          {id, entry.where, entry.segment, entry.ticket, std::nullopt, entry.state == Pending::State::known});
      return {};
    }
  }
  GP_TRY(const auto where, row_of(id));
  if (!where) return fail(Errc::not_found, "no body " + id.to_hex());
  return {};
}

void SegmentBlobStore::claim_unused(Settling& settling, bool all) {
  std::lock_guard lock(mutex_);
  if (ages_.empty()) return;
  const std::uint64_t now = seconds_now();
  const std::size_t most = std::min(all ? std::size_t{4} * kUnusedAtOnce : kUnusedAtOnce, ages_.size());
  for (std::size_t n = 0; n < most; ++n) {
    const auto [id, since] = ages_.front();
    if (!all && since + kUnusedSeconds > now) break;
    ages_.pop_front();
    const auto found = pending_.find(id);
    if (found == pending_.end()) continue;
    Pending& entry = found->second;
    const bool busy = entry.state == Pending::State::writing || entry.writers > 0 || entry.round == round_;
    if (busy || (!all && entry.since + kUnusedSeconds > now)) {
      ages_.emplace_back(id, busy ? now : entry.since);
      continue;
    }
    entry.round = round_;
    settling.taken.push_back(
        {id, entry.where, entry.segment, entry.ticket, entry.since, entry.state == Pending::State::known});
  }
}

Result<> SegmentBlobStore::sync(Settling& settling) {
  for (const auto& taken : settling.taken) {
    if (!taken.segment || taken.ticket <= taken.segment->synced) continue;
    auto synced = files_.sync(*taken.segment);
    if (synced) continue;
    std::lock_guard lock(mutex_);
    std::erase_if(pending_, [&](const auto& entry) {
      return entry.second.segment == taken.segment && entry.second.ticket > taken.segment->synced;
    });
    return synced;
  }
  return {};
}

void SegmentBlobStore::put_rows(Settling& settling, RowBatch& batch) {
  for (const auto& taken : settling.taken) {
    if (!taken.has_row) {
      batch.put(body_key(taken.id), encode(taken.where));
      if (taken.where.kind == Location::Kind::segment) {
        const auto number = static_cast<std::uint32_t>(taken.where.file);
        SegmentRow& row = settling.segments.try_emplace(number, segments_[number]).first->second;
        const std::uint64_t octets = record::record_octets(taken.where.size, taken.where.stored);
        row.end = std::max(row.end, taken.where.offset + octets);
        row.live += octets;
      }
    }
    if (taken.unused_since) batch.put(garbage_key(taken.id), encode(GarbageRow{*taken.unused_since, taken.id.size}));
  }
  for (const auto& [number, row] : settling.segments) batch.put(segment_key(number), encode(row));
}

void SegmentBlobStore::put_garbage(const BlobId& id, RowBatch& batch) const {
  batch.put(garbage_key(id), encode(GarbageRow{seconds_now(), id.size}));
}

void SegmentBlobStore::settled(Settling& settling) {
  for (const auto& [number, row] : settling.segments) segments_[number] = row;
  settling.segments.clear();
  if (settling.taken.empty()) return;
  // The files of large bodies move out of the directory that recover() empties. Not synced: it looks in both.
  for (const auto& taken : settling.taken)
    if (!taken.has_row && taken.where.kind == Location::Kind::own_file) (void)files_.adopt_own(taken.where.file);
  std::lock_guard lock(mutex_);
  for (const auto& taken : settling.taken) {
    const auto entry = pending_.find(taken.id);
    if (entry != pending_.end() && entry->second.state != Pending::State::writing) pending_.erase(entry);
  }
  settling.taken.clear();
}

Result<> SegmentBlobStore::flush() {
  for (;;) {
    bool more = false;
    GP_CHECK(exclusive_->run([&]() -> Result<> {
      Settling settling;
      begin(settling);
      claim_unused(settling, true);
      more = settling.taken.size() >= kUnusedAtOnce;
      GP_CHECK(sync(settling));
      RowBatch batch;
      put_rows(settling, batch);
      auto written = rows_.write(batch, true);
      if (!written) {
        begin(settling);
        return written;
      }
      settled(settling);
      return {};
    }));
    if (!more) return {};
  }
}

}  // namespace gatepost::store
