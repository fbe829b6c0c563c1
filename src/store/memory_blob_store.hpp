#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "store/blob_store.hpp"

namespace gatepost::store {

// Bodies in a map. Thread-safe. `clock` outlives it.
class MemoryBlobStore final : public BlobStore {
 public:
  MemoryBlobStore(const Clock& clock, std::chrono::seconds grace) : clock_(clock), grace_(grace) {}

  Result<std::unique_ptr<BlobWriter>> create(std::uint64_t size_hint = 0) override;
  Result<> read(const BlobId&, std::uint64_t offset, std::span<char> out) override;
  Result<bool> exists(const BlobId&) override;
  Result<std::uint64_t> collect(const std::function<Result<bool>(const BlobId&)>& referenced, std::stop_token) override;

  // Begins the body's grace period anew; false when it is not stored.
  bool touch(const BlobId& blob);

 private:
  class Writer;
  struct Body {
    std::shared_ptr<const std::string> octets;  // shared with readers that copy outside the lock
    SteadyPoint used;
    std::uint64_t touched = 0;  // how often, since a clock may stand still
  };
  const Clock& clock_;
  const std::chrono::seconds grace_;
  std::mutex mutex_;
  std::map<BlobId, Body> bodies_;  // guarded by mutex_
};

}  // namespace gatepost::store
