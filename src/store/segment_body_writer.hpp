#pragma once

#include <optional>
#include <string>

#include "base/digest.hpp"
#include "store/segment_blob_store.hpp"

namespace gatepost::store {

// One body on its way in: collected in memory while it is small, streamed to a file of its own beyond that.
class SegmentBodyWriter final : public BlobWriter {
 public:
  SegmentBodyWriter(SegmentBlobStore& store, std::uint64_t size_hint);
  ~SegmentBodyWriter() override;
  Result<> append(std::string_view octets) override;
  Result<BlobId> finish() override;

 private:
  // Bodies up to this size lie in segments: also those with an attachment of 1 MiB in base64. A file of its own costs
  // two syncs of its own.
  static constexpr std::size_t kMaxInSegment = 3 << 19;

  Result<> start_own_file();
  Result<> write_frames(bool last);
  Result<> store_in_segment(const BlobId& id);
  Result<> store_in_own_file(const BlobId& id);
  Result<> finish_own_file(const BlobId& id, Location& where);

  SegmentBlobStore& store_;
  Sha256 digest_;
  std::uint64_t size_ = 0;
  std::string held_;  // what is not yet in the own file; the whole body when there is none
  std::optional<SegmentFiles::OwnFile> own_;
  CodecPool::Lent codec_;  // while there is an own file
  std::string table_, frame_;
  std::uint64_t payload_ = 0;  // octets of frames in the own file
  bool finished_ = false;
  bool keep_ = false;  // the own file belongs to the store now
};

}  // namespace gatepost::store
