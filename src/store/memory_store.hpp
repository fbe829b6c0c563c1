#pragma once

#include <memory>

#include "store/store.hpp"

namespace gatepost::store {

// Keys and bodies in memory, with the same answers and limits as the engines on disk: for tests. backup() is
// Errc::unsupported. `clock` outlives the store.
std::unique_ptr<Store> open_memory(const Options& options, const Clock& clock);

}  // namespace gatepost::store
