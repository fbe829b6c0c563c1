#include "store/memory_store.hpp"
#include "store/store.hpp"

namespace gatepost::store {

Result<std::unique_ptr<Store>> open(const Options& options, Log&, Metrics&, const Clock& clock) {
  if (options.engine == "memory") return open_memory(options, clock);
  return fail(Errc::invalid, "unknown engine '" + options.engine + "'");
}

}  // namespace gatepost::store
