#include "store/memory_store.hpp"

#include <fmt/format.h>

#include "store/keys.hpp"
#include "store/memory_blob_store.hpp"
#include "store/memory_key_value.hpp"

namespace gatepost::store {
namespace {

class MemoryStore final : public Store {
 public:
  MemoryStore(const Options& options, const Clock& clock) : bodies_(clock, options.collect_after), keys_(bodies_) {}

  KeyValue& keys() override { return keys_; }
  BlobStore& bodies() override { return bodies_; }
  bool disk_low() const override { return false; }
  Result<> backup(const std::filesystem::path&, std::stop_token) override {
    return fail(Errc::unsupported, "the memory engine has no backup");
  }
  std::vector<Restore> restores() const override { return {}; }
  bool is_damaged(const BlobId&) const override { return false; }
  Result<> repair(const std::function<void(const Finding&)>&, std::stop_token) override { return {}; }
  Result<> check(const std::function<void(const Finding&)>& problem, std::stop_token) override {
    keys_.dangling([&](const BlobId& blob, Partition partition, std::uint64_t item) {
      problem({fmt::format("partition {} item {}", number(partition), item), "body " + blob.to_hex() + " is missing"});
    });
    return {};
  }
  Result<std::uint64_t> collect(std::stop_token stop) override {
    return bodies_.collect([this](const BlobId& id) { return keys_.referenced(id); }, stop);
  }

 private:
  MemoryBlobStore bodies_;
  MemoryKeyValue keys_;
};

}  // namespace

std::unique_ptr<Store> open_memory(const Options& options, const Clock& clock) {
  return std::make_unique<MemoryStore>(options, clock);
}

}  // namespace gatepost::store
