#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/program.hpp"

namespace gatepost::sieve {

// What a run may still do (limits.hpp).
class Budget {
 public:
  explicit Budget(std::uint64_t steps) : left_(steps) {}
  void take(std::uint64_t steps) { left_ -= steps < left_ ? steps : left_; }
  void take_octets(std::size_t octets) { take(octets / 16 + 1); }
  bool spent() const { return left_ == 0; }

 private:
  std::uint64_t left_;
};

// One value against one key (RFC 5228 2.7; not MatchType::count). False as soon as the budget is spent. With
// MatchType::matches and `captures`, these become the whole value and what each wildcard stands for (RFC 5229 3.2) when
// it matches, and stay as they were when not.
bool matches(const Match& match, std::string_view value, std::string_view key, Budget& budget,
             std::vector<std::string>* captures);

// How many there are, against one key.
bool count_matches(const Match& match, std::uint64_t count, std::string_view key);

}  // namespace gatepost::sieve
