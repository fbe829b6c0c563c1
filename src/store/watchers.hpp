#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "store/key_value.hpp"

namespace gatepost::store {

// The subscriptions of KeyValue::watch. Thread-safe. Subscriptions may outlive it.
class Watchers {
 public:
  using Callback = std::function<void(Partition, Version)>;
  struct Change {
    Partition partition;
    Version version;
  };
  Watchers();
  ~Watchers();

  // A callback must not end its own subscription.
  std::unique_ptr<Subscription> add(Callback callback);
  // Calls every subscriber on this thread; to be called without locks.
  void notify(std::span<const Change> changes);

 private:
  struct Subscriber {
    explicit Subscriber(Callback c) : callback(std::move(c)) {}
    std::mutex running;  // held while the callback runs
    Callback callback;   // guarded by `running`; empty once the subscription has ended
  };
  using List = std::vector<std::shared_ptr<Subscriber>>;
  // Shared with the subscriptions, which may be destroyed after the engine.
  struct Shared {
    std::mutex mutex;
    std::shared_ptr<const List> list = std::make_shared<const List>();
  };
  class Handle;
  std::shared_ptr<Shared> shared_;
};

}  // namespace gatepost::store
