#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace gatepost::store {

// The frames that were read in part most recently, restored: reading a body in small pieces costs each frame once.
// Thread-safe.
class FrameCache {
 public:
  // A record is never changed in place, so its place and a frame number name the content for good.
  struct Key {
    std::uint64_t file, offset, frame;
    std::uint8_t kind;
    auto operator<=>(const Key&) const = default;
  };
  explicit FrameCache(std::size_t frames) : capacity_(frames) {}

  std::shared_ptr<const std::string> find(const Key& key) {
    std::lock_guard lock(mutex_);
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    recent_.splice(recent_.begin(), recent_, found->second);
    return found->second->second;
  }
  void insert(const Key& key, std::shared_ptr<const std::string> frame) {
    std::lock_guard lock(mutex_);
    if (index_.contains(key)) return;
    recent_.emplace_front(key, std::move(frame));
    index_.emplace(key, recent_.begin());
    if (index_.size() <= capacity_) return;
    index_.erase(recent_.back().first);
    recent_.pop_back();
  }

 private:
  using List = std::list<std::pair<Key, std::shared_ptr<const std::string>>>;
  const std::size_t capacity_;
  std::mutex mutex_;
  List recent_;  // most recently used first
  std::map<Key, List::iterator> index_;
};

}  // namespace gatepost::store
