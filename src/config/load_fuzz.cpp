#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "config/check.hpp"
#include "config/load.hpp"

// Any text gives a configuration that can be checked, or problems whose text is one printable line each.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  const config::LoadOutcome out = config::load_text({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  for (const config::Problem& problem : out.problems) {
    for (char c : problem.text()) GP_ASSERT(!ascii::is_control(c));
  }
  if (out.ok()) {
    for (const config::Listener& l : out.config.listeners) GP_ASSERT(!l.addresses.empty() && l.port != 0);
    for (const config::Problem& problem : config::check_values(out.config)) {
      for (char c : problem.text()) GP_ASSERT(!ascii::is_control(c));
    }
  }
  return 0;
}
