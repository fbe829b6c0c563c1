#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "jmap/push.hpp"

namespace gatepost::jmap {

class Server;

// Watches the accounts of those who subscribed and tells their push services of changes. Its threads send one message
// at a time each. Thread-safe.
class Pusher {
 public:
  // Borrows all.
  Pusher(Server& server, const Services& services, PushGateway& gateway) noexcept;
  ~Pusher();  // waits for what is being sent, which it cuts short

  // Reads who subscribed, and begins. Blocks. Errors as PushGateway::subscribers().
  Result<> start(std::size_t threads = 4);
  // Something is to be told, or a subscription is another one. Never blocks for long; from any thread.
  void look_at(directory::PrincipalId user);
  // Value: true. Blocks.
  Result<bool> note(directory::PrincipalId user, bool has_some);
  // Each subscription makes us write to an address of the user's choosing: so many an hour.
  bool may_subscribe(directory::PrincipalId user);
  static constexpr std::uint32_t kMostAnHour = 60;
  const PushGateway& gateway() const { return gateway_; }

 private:
  struct User;
  struct Told;
  std::map<directory::PrincipalId, std::shared_ptr<User>>::iterator next();
  void work(const std::stop_token& stop);
  // How long to wait before this user is looked at again; nullopt: until something happens.
  std::optional<std::chrono::seconds> serve(directory::PrincipalId id, User& user, const std::stop_token& stop);

  Server& server_;
  const Services& services_;
  PushGateway& gateway_;
  std::mutex mutex_;  // guards what follows but for the inside of a User that is busy
  std::condition_variable_any wake_;
  std::map<directory::PrincipalId, std::shared_ptr<User>> users_;
  struct Hour {
    std::int64_t hour = 0;
    std::uint32_t made = 0;
  };
  std::map<directory::PrincipalId, Hour> made_;
  std::vector<std::jthread> threads_;
};

}  // namespace gatepost::jmap
