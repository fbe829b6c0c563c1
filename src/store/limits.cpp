#include "store/limits.hpp"

#include <fmt/format.h>

#include "store/keys.hpp"

namespace gatepost::store {

Result<> check_limits(Partition partition, const Batch& batch) {
  constexpr std::size_t kRefOctets = 64;  // what a reference costs in the largest engine
  if (partition == kNoPartition) return fail(Errc::invalid, "partition 0 is not used");
  std::size_t total = batch.refs.size() * kRefOctets;
  for (const Write& w : batch.writes) {
    if (w.key.size() > kMaxKeyOctets) return fail(Errc::too_large, fmt::format("key of {} octets", w.key.size()));
    const std::size_t value = w.value ? w.value->size() : 0;
    if (value > kMaxValueOctets) return fail(Errc::too_large, fmt::format("value of {} octets", value));
    total += w.key.size() + value;
  }
  for (const RangeErase& e : batch.erases) {
    if (e.begin.size() > kMaxKeyOctets || e.end.size() > kMaxKeyOctets)
      return fail(Errc::too_large, "range key is too long");
    if (!e.end.empty() && e.end < e.begin) return fail(Errc::invalid, "range ends before it begins");
    total += e.begin.size() + e.end.size();
  }
  if (total > kMaxBatchOctets) return fail(Errc::too_large, fmt::format("batch of {} octets", total));
  return {};
}

}  // namespace gatepost::store
