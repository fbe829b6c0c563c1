#pragma once

#include <filesystem>

#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace gatepost::daemon {

// 32 random octets kept in a file that only its owner can read: made at the first start, the same at every later one.
Result<Secret> secret_in_file(const std::filesystem::path& file, Random& random);

}  // namespace gatepost::daemon
