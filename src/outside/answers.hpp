#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace gatepost::outside {

// Remembers for a short time what a directory said to a name and a password, so that a mail program that signs in for
// each request, or tries a wrong password for ever, does not ask it each time. Keeps keyed hashes alone. Thread-safe.
class Answers {
 public:
  static constexpr std::size_t kMost = 50'000;  // then the oldest go first

  Answers(const Clock& clock, Random& random);
  struct Answer {
    bool right = false;
    std::string address;  // of the account; right ones alone
  };
  std::optional<Answer> find(std::string_view name, const Secret& password);
  void remember(std::string_view name, const Secret& password, Answer answer, std::chrono::seconds lifetime);
  void forget_all();
  std::size_t size();

 private:
  using Tag = std::array<unsigned char, 32>;
  struct Hash {
    std::size_t operator()(const Tag& tag) const;
  };
  struct Row {
    Answer answer;
    SteadyPoint until;
    std::uint64_t number;
  };
  Tag tag_of(std::string_view name, const Secret& password) const;

  const Clock& clock_;
  std::string key_;  // constant
  Mutex mutex_;
  std::unordered_map<Tag, Row, Hash> rows_ GP_GUARDED_BY(mutex_);
  std::deque<std::pair<std::uint64_t, Tag>> order_ GP_GUARDED_BY(mutex_);  // of remembering; some are replaced
  std::uint64_t next_ GP_GUARDED_BY(mutex_) = 0;
};

// What a name alone is remembered with.
const Secret& no_password();

}  // namespace gatepost::outside
