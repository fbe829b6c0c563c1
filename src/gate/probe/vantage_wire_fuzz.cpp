#include <cstddef>
#include <cstdint>

#include "gate/probe/vantage_wire.hpp"

// Any octets are refused, or give a request or report that is written and read again as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  using namespace gatepost::gate::probe;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto request = read_request(text)) {
    const auto again = read_request(write_request(*request));
    GP_ASSERT(again && *again == *request);
  }
  if (const auto report = read_report(text)) {
    const std::string written = format_json(*report);
    const auto again = read_report(written);
    GP_ASSERT(again && format_json(*again) == written);
    for (const char c : format_text(*report, true)) GP_ASSERT(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
  }
  (void)checked(text, std::string(64, 'a'));
  return 0;
}
