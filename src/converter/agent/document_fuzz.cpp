#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "converter/agent/document.hpp"

// Packages, and their XML alone, which random octets would never be packed well enough to reach.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  using namespace gatepost::converter;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const DocumentLimits limits{.unpacked_octets = 1 << 20, .file_octets = 1 << 19, .files = 100, .text_octets = 1 << 12};
  if (const auto text = document_text(input, limits)) GP_ASSERT(text->size() <= limits.unpacked_octets * 2);
  std::string xml(input), out;
  if (append_xml_text(xml, limits.text_octets, out)) GP_ASSERT(out.size() <= size + limits.text_octets + 1);
  return 0;
}
