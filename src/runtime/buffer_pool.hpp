#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gatepost::runtime {

// Octets borrowed from a pool or made for once; empty when it holds none. Movable.
class Buffer {
 public:
  Buffer() = default;
  Buffer(std::unique_ptr<char[]> octets, std::size_t size) : octets_(std::move(octets)), size_(size) {}
  char* data() { return octets_.get(); }
  const char* data() const { return octets_.get(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  friend class BufferPool;
  std::unique_ptr<char[]> octets_;
  std::size_t size_ = 0;
};

// What connections borrow while they have something to do. Belongs to one I/O thread; keeps at most kMaxIdle of each
// kind, beyond that memory goes back to the system's allocator.
class BufferPool {
 public:
  static constexpr std::size_t kOctets = 16 << 10;
  static constexpr std::size_t kLargeOctets = 64 << 10;  // for peers that fill a small one in one read
  static constexpr std::size_t kMaxIdle = 64;
  static constexpr std::size_t kMaxIdleLarge = 16;

  // A buffer of at least `octets`; of pooled size when one is big enough.
  Buffer take(std::size_t octets = kOctets);
  void give_back(Buffer buffer);

  // Text that replies collect in: empty, with some capacity.
  std::string take_text();
  void give_back(std::string text);

  std::size_t idle() const { return small_.size() + large_.size() + texts_.size(); }

 private:
  std::vector<std::unique_ptr<char[]>> small_, large_;
  std::vector<std::string> texts_;
};

}  // namespace gatepost::runtime
