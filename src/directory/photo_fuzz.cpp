#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "directory/photo.hpp"

// What is taken for a picture has a size within the limits, and the same one read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatepost::directory;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto facts = read_photo(octets);
  if (!facts) return 0;
  GP_ASSERT(facts->type != PhotoType::none && !media_type(facts->type).empty());
  GP_ASSERT(facts->width >= 1 && facts->width <= kMaxPhotoSide);
  GP_ASSERT(facts->height >= 1 && facts->height <= kMaxPhotoSide);
  const auto again = read_photo(octets);
  GP_ASSERT(again && again->width == facts->width && again->height == facts->height);
  return 0;
}
