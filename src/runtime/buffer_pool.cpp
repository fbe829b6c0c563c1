#include "runtime/buffer_pool.hpp"

namespace gatepost::runtime {

namespace {

constexpr std::size_t kTextOctets = 4 << 10;

std::unique_ptr<char[]> take_or_make(std::vector<std::unique_ptr<char[]>>& idle, std::size_t octets) {
  if (idle.empty()) return std::make_unique_for_overwrite<char[]>(octets);
  auto taken = std::move(idle.back());
  idle.pop_back();
  return taken;
}

}  // namespace

Buffer BufferPool::take(std::size_t octets) {
  if (octets <= kOctets) return Buffer(take_or_make(small_, kOctets), kOctets);
  if (octets <= kLargeOctets) return Buffer(take_or_make(large_, kLargeOctets), kLargeOctets);
  return Buffer(std::make_unique_for_overwrite<char[]>(octets), octets);
}

void BufferPool::give_back(Buffer buffer) {
  if (buffer.size_ == kOctets && small_.size() < kMaxIdle) small_.push_back(std::move(buffer.octets_));
  if (buffer.size_ == kLargeOctets && large_.size() < kMaxIdleLarge) large_.push_back(std::move(buffer.octets_));
}

std::string BufferPool::take_text() {
  std::string text;
  if (texts_.empty()) {
    text.reserve(kTextOctets);
  } else {
    text = std::move(texts_.back());
    texts_.pop_back();
  }
  return text;
}

void BufferPool::give_back(std::string text) {
  if (text.capacity() < kTextOctets || text.capacity() > kLargeOctets || texts_.size() >= kMaxIdle) return;
  text.clear();
  texts_.push_back(std::move(text));
}

}  // namespace gatepost::runtime
