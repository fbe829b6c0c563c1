#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "smtp/client/channel.hpp"

namespace gatepost::smtp::client {

// Connections that wait for the next message to the same place. All calls on one I/O thread. They belong to a task on
// that thread which closes those that nobody wants, and are gone when the thread's loop is.
class IdleChannels {
 public:
  explicit IdleChannels(const Clock& clock) : clock_(clock) {}
  ~IdleChannels();
  // nullptr: none. The other end may have closed it meanwhile.
  std::unique_ptr<Channel> take(const std::string& place);
  Task<> keep(std::string place, std::unique_ptr<Channel> channel, std::chrono::seconds idle_time);

 private:
  struct Shelf;
  const Clock& clock_;
  std::weak_ptr<Shelf> shelf_;  // owned by the task that empties it
};

}  // namespace gatepost::smtp::client
