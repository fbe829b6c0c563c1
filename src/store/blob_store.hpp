#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "store/blob_id.hpp"

namespace gatepost::store {

// Writes one body, streaming, in bounded memory whatever its size. Used by one thread at a time; destroyed unfinished =
// discarded. append() and finish() may block on the disk.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual Result<> append(std::string_view octets) = 0;
  // The body is complete and readable. The first commit() on the paired KeyValue that refers to it (Batch::refs) makes
  // it durable before itself; until then a crash may lose it. A body nobody references within the collector's grace
  // period (24 h) is garbage. Finishing a body that is stored already renews that period and stores nothing twice.
  virtual Result<BlobId> finish() = 0;
};

// Immutable bodies by content. Thread-safe.
class BlobStore {
 public:
  virtual ~BlobStore() = default;
  // `size_hint`: expected octets, 0 = unknown; lets an engine choose where to put it.
  virtual Result<std::unique_ptr<BlobWriter>> create(std::uint64_t size_hint = 0) = 0;
  // Fills all of `out` from `offset`; Errc::not_found, Errc::corrupt (checksum), Errc::invalid (past the end).
  // Reading sequentially in pieces costs each compressed frame once.
  virtual Result<> read(const BlobId&, std::uint64_t offset, std::span<char> out) = 0;
  virtual Result<bool> exists(const BlobId&) = 0;
  // Frees bodies older than the grace period for which `referenced` says no, and gives their space back to the file
  // system.
  virtual Result<std::uint64_t> collect(const std::function<Result<bool>(const BlobId&)>& referenced,
                                        std::stop_token) = 0;
};

// The whole body; only for callers that bounded its size.
Result<std::string> read_all(BlobStore&, const BlobId&);

}  // namespace gatepost::store
