#pragma once

#include <memory>

#include "store/key_value.hpp"

// The partition of what is made of accounts' records and can be made again (docs/formats/derived.md).
namespace gatepost::account {

inline constexpr store::Partition kDerivedPartition{9};

Result<std::unique_ptr<store::Snapshot>> derived_snapshot(store::KeyValue& keys);
// Whatever others have committed there meanwhile. Thread-safe.
Result<> commit_derived(store::KeyValue& keys, const store::Batch& batch);

}  // namespace gatepost::account
