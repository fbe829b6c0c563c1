#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "directory/tokens.hpp"

namespace gatepost::oauth {

// What providers said of tokens, good or bad, for a short time. Keeps only HMACs of tokens under a key that never
// leaves the process. Thread-safe.
class Answers {
 public:
  static constexpr std::size_t kMaxEntries = 20'000;  // then the oldest go first

  Answers(const Clock& clock, Random& random);
  std::optional<directory::TokenVerdict> find(std::string_view provider, const Secret& token);
  void remember(std::string_view provider, const Secret& token, directory::TokenVerdict verdict,
                std::chrono::seconds how_long);
  void clear();
  std::size_t size();

 private:
  struct Entry {
    directory::TokenVerdict verdict;
    SteadyPoint until;
    std::uint64_t number;  // tells it from an older one of the same token in order_
  };
  std::string tag_of(std::string_view provider, const Secret& token) const;

  const Clock& clock_;
  std::array<char, 32> key_{};
  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::pair<std::string, std::uint64_t>> order_;  // of coming
  std::uint64_t next_ = 0;
};

}  // namespace gatepost::oauth
