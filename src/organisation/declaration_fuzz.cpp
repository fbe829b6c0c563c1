#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "organisation/plan.hpp"

// Any text is a declaration, or problems of one printable line each. What it declares is written so that it is read
// again as the same, and needs no change then.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  const auto parsed = organisation::parse({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  if (!parsed) {
    for (const config::Problem& problem : parsed.error()) {
      for (const char c : problem.text()) GP_ASSERT(!ascii::is_control(c));
    }
    return 0;
  }
  const std::string text = organisation::to_toml(*parsed);
  const auto again = organisation::parse(text, "again.toml");
  GP_ASSERT(again.has_value());
  GP_ASSERT(organisation::to_toml(*again) == text);
  if (const auto steps = organisation::plan(*parsed, {}, true, "fuzz.toml")) {
    GP_ASSERT(steps->size() <=
              3 * (parsed->domains.size() + parsed->mailboxes.size() + parsed->groups.size()) + parsed->aliases.size());
  }
  return 0;
}
