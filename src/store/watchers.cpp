#include "store/watchers.hpp"

#include <algorithm>

namespace gatepost::store {

class Watchers::Handle final : public Subscription {
 public:
  Handle(std::shared_ptr<Shared> shared, std::shared_ptr<Subscriber> subscriber)
      : shared_(std::move(shared)), subscriber_(std::move(subscriber)) {}
  ~Handle() override {
    {
      std::lock_guard lock(shared_->mutex);
      auto next = std::make_shared<List>(*shared_->list);
      std::erase(*next, subscriber_);
      shared_->list = std::move(next);
    }
    std::lock_guard lock(subscriber_->running);
    subscriber_->callback = nullptr;
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Subscriber> subscriber_;
};

Watchers::Watchers() : shared_(std::make_shared<Shared>()) {}
Watchers::~Watchers() = default;

std::unique_ptr<Subscription> Watchers::add(Callback callback) {
  auto subscriber = std::make_shared<Subscriber>(std::move(callback));
  {
    std::lock_guard lock(shared_->mutex);
    auto next = std::make_shared<List>(*shared_->list);
    next->push_back(subscriber);
    shared_->list = std::move(next);
  }
  return std::make_unique<Handle>(shared_, std::move(subscriber));
}

void Watchers::notify(std::span<const Change> changes) {
  if (changes.empty()) return;
  std::shared_ptr<const List> list;
  {
    std::lock_guard lock(shared_->mutex);
    list = shared_->list;
  }
  for (const auto& subscriber : *list) {
    std::lock_guard lock(subscriber->running);
    if (!subscriber->callback) continue;
    for (const Change& change : changes) subscriber->callback(change.partition, change.version);
  }
}

}  // namespace gatepost::store
