#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "mime/header.hpp"

// Any block: the fields follow each other without a gap, and values unfold to one line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost;
  const std::string_view block(reinterpret_cast<const char*>(data), size);
  mime::HeaderReader reader(block);
  std::size_t at = 0;
  while (const auto field = reader.next()) {
    GP_ASSERT(field->offset == at && !field->whole.empty());
    at += field->whole.size();
    GP_ASSERT(block.substr(field->offset, field->whole.size()) == field->whole);
    if (!field->name.empty()) GP_ASSERT(mime::find_field(block, field->name).has_value());
    const std::string line = mime::unfold(field->value);
    GP_ASSERT(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    GP_ASSERT(mime::unfold(line) == line);
  }
  GP_ASSERT(reader.offset() == at);
  const std::string_view rest = block.substr(at);
  GP_ASSERT(rest.empty() || rest.starts_with('\n') || rest.starts_with("\r\n"));
  return 0;
}
