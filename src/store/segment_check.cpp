// How SegmentBlobStore proves that every body is whole, and how it copies its files for a backup.
#include <fcntl.h>

#include "store/segment_blob_store.hpp"

namespace gatepost::store {

Result<> SegmentBlobStore::check(
    const std::function<void(const std::optional<BlobId>& id, const std::string& what)>& problem,
    std::stop_token stop) {
  const auto codec = codecs_.borrow();
  RowCursor cursor(rows_, std::string(1, root::kBody), std::string(1, root::kBody + 1), nullptr);
  for (cursor.first(); cursor.valid() && !stop.stop_requested(); cursor.next()) {
    auto id = digest_of(cursor.key());
    auto where = decode_location(cursor.value());
    if (!id || !where) {
      problem(id, "unreadable row");
      continue;
    }
    id->size = where->size;
    Result<record::Header> header = fail(Errc::internal);
    for (int attempt = 0; attempt < 3; ++attempt) {
      const auto verify = [&]() -> Result<record::Header> {
        GP_TRY(const auto fd, files_.reading(where->kind, where->file));
        const RecordSource source = [&](std::uint64_t offset, std::span<char> out) {
          return read_all_at(fd->get(), out, where->offset + offset);
        };
        return verify_record(source, record::record_octets(where->size, where->stored), *codec);
      };
      header = verify();
      if (header && header->id != *id) header = fail(Errc::corrupt, "another body lies in its place");
      if (header) break;
      // Deleted or moved since the walk began?
      const auto now = row_of(*id);
      if (!now || !*now) break;
      if (**now == *where) {
        problem(id, header.error().detail);
        break;
      }
      where = *now;
    }
  }
  return cursor.status();
}

Result<> SegmentBlobStore::copy_files(const std::filesystem::path& to, std::stop_token stop) {
  SegmentFiles target(to, disk_, settings_.files);
  GP_CHECK(target.create_directories());
  // What the copied rows speak of was there before: the segment that is being appended to is copied as far as it has
  // come, the others do not change any more except by holes, which a second link to the file prevents.
  const std::uint32_t current = files_.current();
  GP_TRY(const auto numbers, files_.segment_numbers());
  for (const std::uint32_t number : numbers) {
    if (stop.stop_requested()) return fail(Errc::closed, "backup was stopped");
    const auto from = files_.segment_path(number), path = target.segment_path(number);
    if (number < current && files_.is_closed(number)) {
      GP_CHECK(link_or_copy(from, path));
      continue;
    }
    GP_TRY(const Fd fd, open_file(from, O_RDONLY));
    GP_TRY(const std::uint64_t size, file_size(fd.get()));
    GP_CHECK(copy_front(from, path, size));
  }
  GP_CHECK(sync_directory(to / "segments"));
  // Large bodies: `new` first, so that one that moves meanwhile is found at its place.
  GP_TRY(const auto names, files_.new_names());
  for (const std::uint64_t name : names) {
    auto linked = link_or_copy(files_.new_path(name), target.new_path(name));
    if (!linked && linked.error().code != Errc::not_found) return linked;
  }
  GP_CHECK(sync_directory(to / "new"));
  GP_TRY(const auto shelves, files_in(files_.directory() / "large"));
  for (const auto& shelf : shelves) {
    GP_TRY(const auto files, files_in(shelf));
    const auto to_shelf = to / "large" / shelf.filename();
    if (!files.empty()) GP_CHECK(make_directories(to_shelf));
    for (const auto& file : files) {
      if (stop.stop_requested()) return fail(Errc::closed, "backup was stopped");
      GP_CHECK(link_or_copy(file, to_shelf / file.filename()));
    }
    if (!files.empty()) GP_CHECK(sync_directory(to_shelf));
  }
  GP_CHECK(sync_directory(to / "large"));
  return {};
}

}  // namespace gatepost::store
