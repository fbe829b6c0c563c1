#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gate/kernel/conntrack.hpp"

// Messages of a dump of the connections the kernel tracks: no crash, and no more entries than there is room for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  std::vector<gatepost::gate::Tracked> whole;
  bool done = false;
  gatepost::gate::parse_conntrack(octets, whole, done);
  constexpr std::size_t kLeastOctets = 16 + 4;  // of a message with anything in it
  GP_ASSERT(whole.size() <= size / kLeastOctets);
  for (const auto& one : whole) GP_ASSERT(one.tuple.size() < size);
  // Cut shorter it has the same entries, or fewer.
  std::vector<gatepost::gate::Tracked> front;
  gatepost::gate::parse_conntrack(octets.substr(0, size / 2), front, done);
  GP_ASSERT(front.size() <= whole.size());
  for (std::size_t i = 0; i < front.size(); ++i) GP_ASSERT(front[i].tuple == whole[i].tuple);
  return 0;
}
