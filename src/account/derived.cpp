#include "account/derived.hpp"

#include "account/store_access.hpp"
#include "store/keys.hpp"

namespace gatepost::account {
namespace {}  // namespace

Result<std::unique_ptr<store::Snapshot>> derived_snapshot(store::KeyValue& keys) {
  return keys.snapshot(kDerivedPartition, kSnapshotAge);
}

Result<> commit_derived(store::KeyValue& keys, const store::Batch& batch) {
  for (int attempt = 1;; ++attempt) {
    GP_TRY(const auto version, keys.version(kDerivedPartition));
    const auto done = keys.commit(kDerivedPartition, version, batch);
    if (done) return {};
    if (done.error().code != Errc::conflict || attempt == kCommitTries) return std::unexpected(done.error());
  }
}

}  // namespace gatepost::account
