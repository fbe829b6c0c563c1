#include "store/segment_body_writer.hpp"

#include <algorithm>

namespace gatepost::store {

SegmentBodyWriter::SegmentBodyWriter(SegmentBlobStore& store, std::uint64_t size_hint)
    : store_(store), codec_(nullptr, CodecPool::GiveBack{nullptr}) {
  held_.reserve(std::min<std::uint64_t>(size_hint, kMaxInSegment));
}

SegmentBodyWriter::~SegmentBodyWriter() {
  if (own_ && !keep_) store_.files_.discard_own(own_->name);
}

Result<> SegmentBodyWriter::append(std::string_view octets) {
  if (finished_) return fail(Errc::invalid, "the body is finished");
  if (store_.space_.low()) return fail(Errc::disk_full, "free space is below the reserve");
  if (octets.size() > record::kMaxBodyOctets - size_) return fail(Errc::too_large, "body");
  digest_.update(octets);
  size_ += octets.size();
  while (!octets.empty()) {
    // In bounded pieces, whatever the caller's are.
    const std::string_view piece = octets.substr(0, kMaxInSegment);
    held_.append(piece);
    octets.remove_prefix(piece.size());
    if (!own_ && held_.size() <= kMaxInSegment) continue;
    if (!own_) GP_CHECK(start_own_file());
    GP_CHECK(write_frames(false));
  }
  return {};
}

Result<> SegmentBodyWriter::start_own_file() {
  GP_TRY(own_, store_.files_.create_own());
  codec_ = store_.codecs_.borrow();
  // The header's place; it is written last, so that a file cut short has none.
  return write_all(store_.disk_, own_->fd.get(), std::string(record::kHeaderOctets, '\0'), 0);
}

Result<> SegmentBodyWriter::write_frames(bool last) {
  std::string_view rest = held_;
  while (rest.size() >= record::kFrameOctets || (last && !rest.empty())) {
    const std::string_view frame = rest.substr(0, record::kFrameOctets);
    frame_.clear();
    codec_->encode(frame, frame_, table_, payload_);
    GP_CHECK(write_all(store_.disk_, own_->fd.get(), frame_, record::kHeaderOctets + payload_));
    payload_ += frame_.size();
    rest.remove_prefix(frame.size());
  }
  held_.erase(0, held_.size() - rest.size());
  return {};
}

Result<BlobId> SegmentBodyWriter::finish() {
  if (finished_) return fail(Errc::invalid, "the body is finished");
  finished_ = true;
  const BlobId id{digest_.finish(), size_};
  GP_TRY(const bool needed, store_.begin_storing(id));
  if (!needed) return id;
  auto stored = own_ ? store_in_own_file(id) : store_in_segment(id);
  if (!stored) {
    store_.abandon_storing(id);
    if (stored.error().code == Errc::disk_full) store_.space_.found_full();
    return std::unexpected(std::move(stored).error());
  }
  held_ = {};
  return id;
}

Result<> SegmentBodyWriter::store_in_segment(const BlobId& id) {
  std::string octets;
  store_.codecs_.borrow()->encode_record(id, held_, octets);
  GP_TRY(const auto appended, store_.files_.append(octets));
  Location where;
  where.kind = Location::Kind::segment;
  where.file = appended.segment->number;
  where.offset = appended.offset;
  where.size = id.size;
  where.stored = record::parse_header(octets).value().stored;
  return store_.end_storing(id, where, &appended);
}

Result<> SegmentBodyWriter::store_in_own_file(const BlobId& id) {
  Location where;
  GP_CHECK(finish_own_file(id, where));
  keep_ = true;
  return store_.end_storing(id, where, nullptr);
}

Result<> SegmentBodyWriter::finish_own_file(const BlobId& id, Location& where) {
  GP_CHECK(write_frames(true));
  record::Header header;
  header.id = id;
  header.stored = payload_;
  header.table_crc = crc32c(table_);
  std::string head;
  record::put_header(head, header);
  table_.resize(record::record_octets(id.size, payload_) - record::kHeaderOctets - payload_);
  const int fd = own_->fd.get();
  GP_CHECK(write_all(store_.disk_, fd, table_, record::kHeaderOctets + payload_));
  GP_CHECK(write_all(store_.disk_, fd, head, 0));
  // Synced here, not by the leader of a group: a large file would hold up everybody else's commit.
  if (store_.disk_.fdatasync(fd) != 0) return system_failure("fdatasync", store_.files_.new_path(own_->name));
  GP_CHECK(sync_directory(store_.files_.new_directory()));
  where.kind = Location::Kind::own_file;
  where.file = own_->name;
  where.size = id.size;
  where.stored = payload_;
  return {};
}

}  // namespace gatepost::store
