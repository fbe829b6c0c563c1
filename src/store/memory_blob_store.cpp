#include "store/memory_blob_store.hpp"

#include <algorithm>
#include <vector>

#include "base/digest.hpp"

namespace gatepost::store {

class MemoryBlobStore::Writer final : public BlobWriter {
 public:
  explicit Writer(MemoryBlobStore& store) : store_(store) {}
  Result<> append(std::string_view octets) override {
    if (finished_) return fail(Errc::invalid, "the body is finished");
    octets_.append(octets);
    return {};
  }
  Result<BlobId> finish() override {
    if (finished_) return fail(Errc::invalid, "the body is finished");
    finished_ = true;
    const BlobId id{sha256(octets_), octets_.size()};
    std::lock_guard lock(store_.mutex_);
    Body& body = store_.bodies_[id];
    if (!body.octets) body.octets = std::make_shared<const std::string>(std::move(octets_));
    body.used = store_.clock_.steady();
    ++body.touched;
    return id;
  }

 private:
  MemoryBlobStore& store_;
  std::string octets_;
  bool finished_ = false;
};

Result<std::unique_ptr<BlobWriter>> MemoryBlobStore::create(std::uint64_t) { return std::make_unique<Writer>(*this); }

Result<> MemoryBlobStore::read(const BlobId& id, std::uint64_t offset, std::span<char> out) {
  std::shared_ptr<const std::string> octets;
  {
    std::lock_guard lock(mutex_);
    const auto found = bodies_.find(id);
    if (found == bodies_.end()) return fail(Errc::not_found, "no body " + id.to_hex());
    octets = found->second.octets;
  }
  if (offset > octets->size() || out.size() > octets->size() - offset)
    return fail(Errc::invalid, "past the body's end");
  std::copy_n(octets->data() + offset, out.size(), out.data());
  return {};
}

Result<bool> MemoryBlobStore::exists(const BlobId& id) {
  std::lock_guard lock(mutex_);
  return bodies_.contains(id);
}

bool MemoryBlobStore::touch(const BlobId& id) {
  std::lock_guard lock(mutex_);
  const auto found = bodies_.find(id);
  if (found == bodies_.end()) return false;
  found->second.used = clock_.steady();
  ++found->second.touched;
  return true;
}

Result<std::uint64_t> MemoryBlobStore::collect(const std::function<Result<bool>(const BlobId&)>& referenced,
                                               std::stop_token stop) {
  std::vector<std::pair<BlobId, std::uint64_t>> old;
  {
    std::lock_guard lock(mutex_);
    const SteadyPoint now = clock_.steady();
    for (const auto& [id, body] : bodies_)
      if (now - body.used >= grace_) old.emplace_back(id, body.touched);
  }
  std::uint64_t freed = 0;
  for (const auto& [id, touched] : old) {
    if (stop.stop_requested()) break;
    GP_TRY(const bool in_use, referenced(id));
    if (in_use) continue;
    std::lock_guard lock(mutex_);
    // A commit or finish() since then has touched it.
    const auto found = bodies_.find(id);
    if (found == bodies_.end() || found->second.touched != touched) continue;
    freed += id.size;
    bodies_.erase(found);
  }
  return freed;
}

}  // namespace gatepost::store
