#include "pop3/server/sign_in_pace.hpp"

#include <algorithm>

namespace gatepost::pop3::server {

bool SignInPace::may_enter(directory::PrincipalId who, std::chrono::seconds delay, SteadyPoint now) {
  if (delay.count() <= 0) return true;
  const std::scoped_lock lock(mutex_);
  const auto at = last_.find(static_cast<std::uint64_t>(who));
  return at == last_.end() || at->second + delay <= now;
}

void SignInPace::entered(directory::PrincipalId who, std::chrono::seconds delay, SteadyPoint now) {
  if (delay.count() <= 0) return;
  const std::scoped_lock lock(mutex_);
  last_[static_cast<std::uint64_t>(who)] = now;
  if (last_.size() < tidy_at_) return;
  std::erase_if(last_, [&](const auto& entry) { return entry.second + delay <= now; });
  tidy_at_ = std::max<std::size_t>(1024, 2 * last_.size());
}

}  // namespace gatepost::pop3::server
