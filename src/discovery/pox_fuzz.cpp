// Whatever is posted to Autodiscover: no crash, and an address that is written comes back.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "discovery/pox.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::discovery;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto request = parse_pox(text)) {
    GP_ASSERT(request->address.size() <= 320);
    (void)write_pox({{Kind::imap, Tls::implicit, "h", 993}}, request->address);
  }
  return 0;
}
