#include "mime/text_pool.hpp"

#include <algorithm>
#include <cstring>

namespace gatepost::mime {
namespace {

constexpr std::size_t kLargestBlock = 64 << 10;

}  // namespace

std::string_view TextPool::keep(std::string_view text) {
  if (text.empty()) return {"", 0};
  octets_ += text.size();
  char* place = free_;
  if (text.size() > left_) {
    // A text that would fill a block has one of its own, so that the current block is not wasted.
    const std::size_t size = std::max(next_block_, text.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    place = blocks_.back().get();
    if (size > text.size()) {
      left_ = size;
      next_block_ = std::min(2 * next_block_, kLargestBlock);
    } else {
      std::memcpy(place, text.data(), text.size());
      return {place, text.size()};
    }
  }
  std::memcpy(place, text.data(), text.size());
  free_ = place + text.size();
  left_ -= text.size();
  return {place, text.size()};
}

}  // namespace gatepost::mime
