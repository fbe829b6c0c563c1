#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "store/committer.hpp"

namespace gatepost::store {

// Mends rows whose content follows from other rows: versions of partitions, and references to bodies. `mended` hears of
// each. Online.
Result<> repair_rows(Rows& rows, Committer& committer, SegmentBlobStore& bodies, TimePoint now,
                     const std::function<void(const std::string& where, const std::string& what)>& mended,
                     std::stop_token stop);

}  // namespace gatepost::store
