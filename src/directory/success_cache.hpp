#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace gatepost::directory {

// Remembers for some minutes that a password was right, so that a mail program which signs in for every request does
// not cost an argon2 each time. Keeps only HMACs under a key that never leaves the process. Whoever asks names a
// generation: passwords remembered under an older one do not match, and are gone when their time is over. Thread-safe.
class SuccessCache {
 public:
  static constexpr std::chrono::minutes kLifetime{10};  // from the true check; a hit does not prolong it
  static constexpr std::size_t kMaxEntries = 100'000;   // then the oldest go first

  SuccessCache(const Clock&, Random&);
  ~SuccessCache();
  bool contains(std::uint64_t generation, const Secret& password);
  void remember(std::uint64_t generation, const Secret& password);
  std::size_t size();

 private:
  using Tag = std::array<unsigned char, 32>;
  struct Hash {
    std::size_t operator()(const Tag& tag) const;
  };
  Tag tag_of(std::uint64_t generation, const Secret& password) const;
  void drop_expired();  // mutex_ held

  const Clock& clock_;
  std::array<unsigned char, 32> key_;
  std::mutex mutex_;  // guards what follows
  std::unordered_map<Tag, SteadyPoint, Hash> until_;
  std::deque<Tag> order_;  // of ending
};

}  // namespace gatepost::directory
