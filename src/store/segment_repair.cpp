// How bodies are found again whose rows are damaged or lost: the records in the files say what they are.
#include <fcntl.h>

#include <algorithm>
#include <charconv>

#include "store/segment_blob_store.hpp"

namespace gatepost::store {
namespace {

constexpr std::size_t kWindow = 1 << 20;

// Calls `visit` with each place at which a record may begin, in order; it answers how many octets to go on.
Result<> walk(const Fd& fd,
              const std::function<Result<std::uint64_t>(std::uint64_t at, std::string_view head)>& visit) {
  GP_TRY(const std::uint64_t size, file_size(fd.get()));
  std::string window;
  std::uint64_t from = 0;  // of the window
  std::uint64_t at = 0;
  while (at + record::kHeaderOctets <= size) {
    if (at < from || at + record::kHeaderOctets > from + window.size()) {
      from = at;
      window.resize(std::min<std::uint64_t>(kWindow, size - at));
      GP_CHECK(read_all_at(fd.get(), std::span(window), at));
    }
    GP_TRY(const std::uint64_t on,
           visit(at, std::string_view(window).substr(static_cast<std::size_t>(at - from), record::kHeaderOctets)));
    at += on;
  }
  return {};
}

}  // namespace

// Takes from `lost` what it finds in one file.
Result<> SegmentBlobStore::find_records(const Fd& fd, Location::Kind kind, std::uint64_t file, LostBodies& lost,
                                        std::vector<std::pair<BlobId, Location>>& found) {
  const auto codec = codecs_.borrow();
  GP_TRY(const std::uint64_t size, file_size(fd.get()));
  return walk(fd, [&](std::uint64_t at, std::string_view head) -> Result<std::uint64_t> {
    const auto header = record::parse_header(head);
    if (!header) return record::kAlignment;
    const std::uint64_t octets = record::record_octets(header->id.size, header->stored);
    const auto wanted = lost.find(header->id.sha256);
    // Octets that only look like a header, in a gap, must not hide what lies behind.
    if (wanted == lost.end()) return octets <= size - at ? octets : record::kAlignment;
    const RecordSource source = [&](std::uint64_t offset, std::span<char> out) {
      return read_all_at(fd.get(), out, at + offset);
    };
    const auto whole = verify_record(source, size - at, *codec);
    if (!whole) return record::kAlignment;
    found.emplace_back(header->id, Location{kind, file, at, header->id.size, header->stored});
    lost.erase(wanted);
    return octets;
  });
}

Result<SegmentBlobStore::LostBodies> SegmentBlobStore::lost_bodies(std::stop_token stop) {
  LostBodies lost;
  RowCursor bodies(rows_, std::string(1, root::kBody), std::string(1, root::kBody + 1), nullptr);
  for (bodies.first(); bodies.valid() && !stop.stop_requested(); bodies.next()) {
    const auto id = digest_of(bodies.key());
    if (id && !decode_location(bodies.value())) lost.insert(id->sha256);
  }
  GP_CHECK(bodies.status());
  RowCursor references(rows_, std::string(1, root::kReference), std::string(1, root::kReference + 1), nullptr);
  BlobId last;
  std::string value;
  for (references.first(); references.valid() && !stop.stop_requested(); references.next()) {
    const auto key = parse_reference_key(references.key());
    if (!key || key->id.sha256 == last.sha256) continue;
    last = key->id;
    GP_TRY(const bool stored, rows_.get(body_key(last), value));
    if (!stored) lost.insert(last.sha256);
  }
  GP_CHECK(references.status());
  return lost;
}

Result<> SegmentBlobStore::repair(const std::function<void(const std::string& where, const std::string& what)>& mended,
                                  std::stop_token stop) {
  // Nothing is deleted or moved meanwhile.
  const std::lock_guard no_collector(collector_mutex_);
  GP_CHECK(flush());
  GP_TRY(LostBodies lost, lost_bodies(stop));
  if (lost.empty()) return {};
  std::vector<std::pair<BlobId, Location>> found;
  GP_TRY(const auto numbers, files_.segment_numbers());
  for (const std::uint32_t number : numbers) {
    if (stop.stop_requested() || lost.empty()) break;
    GP_TRY(const Fd fd, open_file(files_.segment_path(number), O_RDONLY));
    GP_CHECK(find_records(fd, Location::Kind::segment, number, lost, found));
  }
  GP_TRY(const auto shelves, files_in(files_.directory() / "large"));
  for (const auto& shelf : shelves) {
    GP_TRY(const auto files, files_in(shelf));
    for (const auto& file : files) {
      if (stop.stop_requested() || lost.empty()) break;
      const std::string name = file.filename().string();
      std::uint64_t number = 0;
      const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number, 16);
      if (bad != std::errc{} || end != name.data() + name.size()) continue;
      GP_TRY(const Fd fd, open_file(file, O_RDONLY));
      GP_CHECK(find_records(fd, Location::Kind::own_file, number, lost, found));
    }
  }
  if (stop.stop_requested()) return {};
  return exclusive_->run([&]() -> Result<> {
    RowBatch batch;
    std::string value;
    const auto is_right = [&](const BlobId& id) -> Result<bool> {
      GP_TRY(const bool there, rows_.get(body_key(id), value));
      return there && decode_location(value).has_value();
    };
    for (const auto& [id, where] : found) {
      GP_TRY(const bool right, is_right(id));  // stored again meanwhile
      if (right) continue;
      batch.put(body_key(id), encode(where));
      mended("body " + id.to_hex(), "its row was lost; the body was found again");
    }
    for (const auto& digest : lost) {
      const BlobId id{digest, 0};
      GP_TRY(const bool right, is_right(id));
      GP_TRY(const bool there, rows_.get(body_key(id), value));
      // A row that says nothing would keep the body from being stored again.
      if (there && !right) batch.erase(body_key(id));
    }
    return batch.empty() ? Result<>{} : rows_.write(batch, true);
  });
}

}  // namespace gatepost::store
