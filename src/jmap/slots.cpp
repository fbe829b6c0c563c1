#include "jmap/slots.hpp"

#include <utility>

namespace gatepost::jmap {

Slots::Held::Held(Held&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)), user_(other.user_) {}

Slots::Held::~Held() {
  if (slots_ == nullptr) return;
  const std::scoped_lock lock(slots_->mutex_);
  const auto found = slots_->held_.find(user_);
  if (--found->second == 0) slots_->held_.erase(found);
}

std::optional<Slots::Held> Slots::take(directory::PrincipalId user, std::uint32_t most) {
  const std::scoped_lock lock(mutex_);
  std::uint32_t& held = held_[user];
  if (held >= most) return std::nullopt;
  ++held;
  return Held(*this, user);
}

}  // namespace gatepost::jmap
