#pragma once

#include <memory>

#include "store/disk.hpp"
#include "store/segment_files.hpp"
#include "store/store.hpp"

namespace gatepost::store {

// The engine on disk: keys in RocksDB below directory/keys, bodies in segment files below directory/bodies. `disk`
// outlives the store; `files` are the segments' limits, smaller in tests.
Result<std::unique_ptr<Store>> open_rocksdb(const Options& options, Log& log, Metrics& metrics, const Clock& clock,
                                            Disk& disk, const SegmentFiles::Limits& files = {});

}  // namespace gatepost::store
