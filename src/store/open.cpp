#include "store/memory_store.hpp"
#include "store/rocksdb_store.hpp"
#include "store/store.hpp"

namespace gatepost::store {

Result<std::unique_ptr<Store>> open(const Options& options, Log& log, Metrics& metrics, const Clock& clock) {
  static Disk disk;  // has no state
  if (options.engine == "memory") return open_memory(options, clock);
  if (options.engine == "rocksdb") return open_rocksdb(options, log, metrics, clock, disk);
  return fail(Errc::invalid, "unknown engine '" + options.engine + "'");
}

}  // namespace gatepost::store
