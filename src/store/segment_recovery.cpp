// What SegmentBlobStore does when it is opened: segment tails and new files that a crash left behind.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "store/events.hpp"
#include "store/segment_blob_store.hpp"

namespace gatepost::store {
namespace {

// Room that was prepared and not yet written to.
Result<bool> only_zeros(const Fd& fd, std::uint64_t from, std::uint64_t to) {
  std::string octets;
  for (std::uint64_t at = from; at < to; at += octets.size()) {
    octets.resize(std::min<std::uint64_t>(to - at, 64 << 10));
    GP_CHECK(read_all_at(fd.get(), std::span(octets), at));
    if (octets.find_first_not_of('\0') != std::string::npos) return false;
  }
  return true;
}

}  // namespace

Result<std::uint64_t> SegmentBlobStore::recover() {
  if (!settings_.read_only) GP_CHECK(files_.create_directories());
  GP_CHECK(load_segment_rows());
  if (settings_.read_only) return std::uint64_t{0};
  GP_TRY(const std::uint64_t cut, recover_segments());
  GP_CHECK(recover_new_files());
  return cut;
}

Result<> SegmentBlobStore::load_segment_rows() {
  RowCursor cursor(rows_, std::string(1, root::kSegment), std::string(1, root::kSegment + 1), nullptr);
  for (cursor.first(); cursor.valid(); cursor.next()) {
    const auto number = segment_of(cursor.key());
    const auto row = decode_segment_row(cursor.value());
    if (!number || !row) return fail(Errc::corrupt, "segment row");
    segments_[*number] = *row;
  }
  return cursor.status();
}

Result<std::uint64_t> SegmentBlobStore::recover_segments() {
  GP_TRY(const auto numbers, files_.segment_numbers());
  const std::set<std::uint32_t> present(numbers.begin(), numbers.end());
  for (const auto& [number, row] : segments_)
    if (!present.contains(number)) log_.write(event::kSegmentMissing, {{"segment", number}, {"octets", row.live}});

  std::uint32_t last = segments_.empty() ? 0 : segments_.rbegin()->first;
  std::uint64_t end = 0, cut = 0;
  bool appendable = false;
  for (const std::uint32_t number : numbers) {
    std::error_code error;
    Tail tail{std::filesystem::file_size(files_.segment_path(number), error)};
    if (error) return fail(Errc::unavailable, "stat " + files_.segment_path(number).string() + ": " + error.message());
    const auto known = segments_.find(number);
    SegmentRow row = known == segments_.end() ? SegmentRow{} : known->second;
    if (tail.size < row.end)
      log_.write(event::kSegmentShort, {{"segment", number}, {"octets", tail.size}, {"expected", row.end}});
    if (tail.size > row.end) {
      GP_TRY(tail, recover_tail(number, row.end, tail.size, row));
      cut += tail.cut;
    }
    if (number < last) continue;
    last = number;
    end = row.end;
    appendable = tail.size == row.end;
  }
  // Numbers begin with 1. What lies behind the end of a file that a backup shares could not be cut off: a new one,
  // then.
  if (appendable && last != 0 && end < settings_.files.segment_octets) {
    GP_TRY(const Fd fd, open_file(files_.segment_path(last), O_RDONLY));
    appendable = !SegmentFiles::shared_with_backup(fd.get());
  } else {
    appendable = false;
  }
  GP_CHECK(appendable ? files_.begin(last, end) : files_.begin(last + 1, 0));
  return cut;
}

// Makes rows for the complete records behind the last committed one, which nobody refers to, and cuts the file at the
// first that is not whole.
Result<SegmentBlobStore::Tail> SegmentBlobStore::recover_tail(std::uint32_t number, std::uint64_t from,
                                                              std::uint64_t size, SegmentRow& row) {
  GP_TRY(const auto fd, files_.reading(Location::Kind::segment, number));
  const auto codec = codecs_.borrow();
  RowBatch batch;
  std::uint64_t at = from;
  while (at < size) {
    const RecordSource source = [&](std::uint64_t offset, std::span<char> out) {
      return read_all_at(fd->get(), out, at + offset);
    };
    const auto header = verify_record(source, size - at, *codec);
    if (!header && header.error().code != Errc::corrupt && header.error().code != Errc::unsupported)
      return std::unexpected(header.error());  // could not be read: that says nothing about it
    if (!header) break;
    const std::uint64_t octets = record::record_octets(header->id.size, header->stored);
    GP_TRY(const auto known, row_of(header->id));
    if (!known) {
      const Location where{Location::Kind::segment, number, at, header->id.size, header->stored};
      batch.put(body_key(header->id), encode(where));
      put_garbage(header->id, batch);
      row.live += octets;
    }
    at += octets;
  }
  const bool shared = SegmentFiles::shared_with_backup(fd->get());
  GP_TRY(const bool unused, only_zeros(*fd, at, size));
  if (at < size && !shared) {
    if (!unused) log_.write(event::kTailCut, {{"segment", number}, {"octets", size - at}});
    GP_TRY(const Fd writable, open_file(files_.segment_path(number), O_RDWR));
    if (::ftruncate(writable.get(), static_cast<off_t>(at)) != 0)
      return system_failure("ftruncate", files_.segment_path(number));
    if (::fsync(writable.get()) != 0) return system_failure("fsync", files_.segment_path(number));
  }
  // The records themselves may not have been synced before the crash, and the rows must not be durable before them.
  if (at > from && ::fsync(fd->get()) != 0) return system_failure("fsync", files_.segment_path(number));
  if (at > from) {
    row.end = at;
    segments_[number] = row;
    batch.put(segment_key(number), encode(row));
    GP_CHECK(rows_.write(batch, true));
  }
  return Tail{shared ? size : at, unused ? 0 : size - at};
}

// A new file is a large body whose commit was made but which had not yet moved to its place, or garbage.
Result<> SegmentBlobStore::recover_new_files() {
  GP_TRY(const auto names, files_.new_names());
  for (const std::uint64_t name : names) {
    bool wanted = false;
    if (const auto fd = open_file(files_.new_path(name), O_RDONLY); fd) {
      char head[record::kHeaderOctets];
      const auto read = read_all_at(fd->get(), head, 0);
      const auto header = read ? record::parse_header(std::string_view(head, sizeof head)) : fail(Errc::corrupt);
      if (header) {
        GP_TRY(const auto where, row_of(header->id));
        wanted = where && where->kind == Location::Kind::own_file && where->file == name;
      }
    }
    if (wanted) {
      GP_CHECK(files_.adopt_own(name));
    } else {
      files_.discard_own(name);
    }
  }
  return {};
}

}  // namespace gatepost::store
