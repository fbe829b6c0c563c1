#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <unordered_map>

#include "base/clock.hpp"
#include "directory/principal.hpp"

namespace gatepost::pop3::server {

// When each account signed in last, for LOGIN-DELAY (RFC 2449 6.5). Remembers no longer than the delay. Thread-safe.
class SignInPace {
 public:
  // Whether the account may sign in now.
  bool may_enter(directory::PrincipalId who, std::chrono::seconds delay, SteadyPoint now);
  void entered(directory::PrincipalId who, std::chrono::seconds delay, SteadyPoint now);

 private:
  std::mutex mutex_;  // guards all below
  std::unordered_map<std::uint64_t, SteadyPoint> last_;
  std::size_t tidy_at_ = 1024;
};

}  // namespace gatepost::pop3::server
