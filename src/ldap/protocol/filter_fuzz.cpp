#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "ldap/protocol/filter.hpp"

namespace {

using namespace gatepost::ldap;

void check(const Filter& filter) {
  std::string octets;
  write(octets, filter);
  const auto back = parse_filter(octets);
  GP_ASSERT(back && *back == filter);
  // A rule of this name cannot be told from the word that stands before it.
  const bool ambiguous = std::ranges::any_of(
      filter.nodes, [](const Filter::Node& node) { return gatepost::ascii::iequals(node.rule, "dn"); });
  if (ambiguous) return;
  const auto read = parse_filter_text(to_text(filter));
  GP_ASSERT(read && *read == filter);
}

}  // namespace

// Both forms lead to the same filter.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto filter = parse_filter(input)) check(*filter);
  if (const auto filter = parse_filter_text(input)) check(*filter);
  return 0;
}
