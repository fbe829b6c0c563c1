#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/body_record.hpp"

namespace gatepost::store {

// Compresses and restores frames. Used by one thread at a time; borrow one from a CodecPool.
class BodyCodec {
 public:
  // `level`: zstd's, 0 = store as it is.
  explicit BodyCodec(int level);
  ~BodyCodec();
  BodyCodec(const BodyCodec&) = delete;
  BodyCodec& operator=(const BodyCodec&) = delete;

  // Appends one frame (at most record::kFrameOctets) to `payload` as it will be stored and its entry to `table`.
  // `payload_before`: payload octets that are no longer in `payload`.
  void encode(std::string_view frame, std::string& payload, std::string& table, std::uint64_t payload_before = 0);
  // Appends a whole record. `size` octets in `body` have the digest `id`.
  void encode_record(const BlobId& id, std::string_view body, std::string& out);
  // `stored` is a frame as stored, of `extent`; fills `out`, the size of which is the frame's. Errc::corrupt.
  Result<> decode(std::string_view stored, const record::Extent& extent, std::span<char> out);

 private:
  bool worth_compressing(std::string_view frame);
  struct State;
  std::unique_ptr<State> state_;
  const int level_;
};

// Lends codecs, which are costly to make (hundreds of kilobytes each). Thread-safe.
class CodecPool {
 public:
  explicit CodecPool(int level) : level_(level) {}
  struct GiveBack {
    CodecPool* pool;
    void operator()(BodyCodec* codec) const { pool->give_back(codec); }
  };
  using Lent = std::unique_ptr<BodyCodec, GiveBack>;
  Lent borrow();

 private:
  void give_back(BodyCodec* codec);
  const int level_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<BodyCodec>> idle_;  // guarded by mutex_
};

// Fills `out` from `offset` of a record.
using RecordSource = std::function<Result<>(std::uint64_t offset, std::span<char> out)>;
// Verifies a whole record of at most `available` octets and that its content has the digest in the header, in bounded
// memory. Errc::corrupt with the reason, or the error of `source`.
Result<record::Header> verify_record(const RecordSource& source, std::uint64_t available, BodyCodec& codec);
Result<record::Header> verify_record(std::string_view octets, BodyCodec& codec);

}  // namespace gatepost::store
