#pragma once

#include <memory>

#include "store/disk.hpp"

namespace rocksdb {
class Env;
}

namespace gatepost::store {

// How the key engine reaches its files: the operating system's calls, after `disk` was asked. `disk` outlives it.
std::unique_ptr<rocksdb::Env> engine_environment(Disk& disk);

}  // namespace gatepost::store
