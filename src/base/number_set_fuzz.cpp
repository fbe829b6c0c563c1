#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <string_view>

#include "base/bytes.hpp"
#include "base/number_set.hpp"
#include "base/result.hpp"

namespace {

// The window the numbers lie in also touches the top of the range, where sums overflow.
constexpr std::uint32_t kBase = 0xffffffff - 255;

void compare(const gatepost::NumberSet& set, const std::set<std::uint32_t>& oracle) {
  GP_ASSERT(set.size() == oracle.size());
  auto it = oracle.begin();
  set.for_each([&](std::uint32_t n) { GP_ASSERT(it != oracle.end() && *it++ == n); });
  for (std::size_t i = 1; i < set.ranges().size(); ++i) {
    GP_ASSERT(std::uint64_t{set.ranges()[i - 1].last} + 1 < set.ranges()[i].first);
  }
}

}  // namespace

// Octets in threes: what to do, first number, count; every answer is compared with a std::set.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gatepost::NumberSet;
  gatepost::ByteReader in({reinterpret_cast<const char*>(data), size < 600 ? size : 600});
  NumberSet set, other;
  std::set<std::uint32_t> oracle, other_oracle;
  while (!in.at_end()) {
    const std::uint8_t what = in.u8();
    const std::uint32_t first = kBase + in.u8();
    const std::uint32_t room = 0xffffffff - first;
    const std::uint32_t wanted = in.u8() % 16;
    const std::uint32_t last = first + (wanted < room ? wanted : room);
    switch (what % 8) {
      case 0:
      case 1:
        set.add(first, last);
        for (std::uint64_t n = first; n <= last; ++n) oracle.insert(static_cast<std::uint32_t>(n));
        break;
      case 2:
        set.remove(first, last);
        for (std::uint64_t n = first; n <= last; ++n) oracle.erase(static_cast<std::uint32_t>(n));
        break;
      case 3:
        other.add(first, last);
        for (std::uint64_t n = first; n <= last; ++n) other_oracle.insert(static_cast<std::uint32_t>(n));
        break;
      case 4:
        set.add(other);
        oracle.insert(other_oracle.begin(), other_oracle.end());
        break;
      case 5:
        set.remove(other);
        for (std::uint32_t n : other_oracle) oracle.erase(n);
        break;
      case 6: {
        const auto below = static_cast<std::uint32_t>(std::distance(oracle.begin(), oracle.lower_bound(first)));
        GP_ASSERT(set.count_below(first) == below);
        GP_ASSERT(set.contains(first) == oracle.contains(first));
        GP_ASSERT(set.rank(first) == (oracle.contains(first) ? below + 1 : 0));
        if (below < oracle.size()) GP_ASSERT(set.select(below + 1) == *oracle.lower_bound(first));
        break;
      }
      default: {
        NumberSet rest = set.minus(other);
        NumberSet shared = set.intersect(other);
        GP_ASSERT(rest.size() + shared.size() == set.size());
        rest.add(shared);
        GP_ASSERT(rest == set);
      }
    }
    compare(set, oracle);
  }
  return 0;
}
