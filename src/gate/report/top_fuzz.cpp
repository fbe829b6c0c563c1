#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gate/report/top.hpp"

using namespace gatepost;

// Any octets as a server's answer: what is shown of it keeps to its room, and a terminal obeys nothing in it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t rows = size % 30, columns = size % 90;
  const auto screen = gate::render_top(text, text, rows, columns);
  if (!screen) return 0;
  std::size_t lines = 0, width = 0;
  for (const char c : *screen) {
    GP_ASSERT(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
    width = c == '\n' ? 0 : width + 1;
    lines += c == '\n' ? 1 : 0;
    GP_ASSERT(columns == 0 || width <= columns);
  }
  GP_ASSERT(rows == 0 || lines <= rows);
  return 0;
}
