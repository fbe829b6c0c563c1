#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/task.hpp"

namespace gatepost::mailflow {

// Who may talk to other servers now: so many attempts at one time, fewer to one destination; the others wait for their
// turn, without holding up other destinations. All calls on one I/O thread.
class Slots {
 public:
  Slots(std::size_t all, std::size_t per_domain);
  ~Slots();
  // Waits for a turn. false: close() was called, there are no turns any more.
  runtime::Task<bool> take(std::string domain);
  void give_back(const std::string& domain);
  void close();
  std::size_t active() const { return active_; }

 private:
  struct Waiter;
  struct Domain;
  bool free(const Domain& domain) const;
  void call_waiting();

  const std::size_t all_, per_domain_;
  std::size_t active_ = 0;
  bool closed_ = false;
  std::string last_called_;
  std::map<std::string, std::unique_ptr<Domain>, std::less<>> domains_;
};

}  // namespace gatepost::mailflow
