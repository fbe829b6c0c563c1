#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "mailflow/delivery.hpp"
#include "mailflow/reception.hpp"

namespace gatepost::mailflow {

struct RunnerOptions {
  std::string hostname;
  // Waits before the second, third, ... attempt; the last one repeats.
  std::vector<std::chrono::seconds> retry_after{
      std::chrono::minutes(5), std::chrono::minutes(10), std::chrono::minutes(20), std::chrono::minutes(40),
      std::chrono::hours(1),   std::chrono::hours(2),    std::chrono::hours(4)};
  std::chrono::seconds lifetime = std::chrono::hours(24 * 5);  // then it is returned (RFC 5321 4.5.4.1: 4-5 days)
  std::chrono::seconds bounce_lifetime = std::chrono::hours(24 * 2);  // of messages with the null path: then dropped
  std::chrono::seconds delay_notice = std::chrono::hours(4);          // tell the sender that it is late; 0 = never
  std::size_t concurrent_per_domain = 10;
  std::size_t concurrent = 100;
};

// Works the queue: hands entries that are due to their destinations, schedules the next attempt, returns what cannot be
// delivered to its sender. Lives on the I/O thread on which run() was started; wake() may be called from any thread.
class QueueRunner {
 public:
  static std::unique_ptr<QueueRunner> create(RunnerOptions, Queue&, account::Accounts&, Reception&, RemoteDelivery&,
                                             runtime::Workers&, const Clock&, Log&, Metrics&);
  virtual ~QueueRunner() = default;
  // Ends after stop(), when the attempts in flight have ended.
  virtual runtime::Task<> run() = 0;
  virtual void stop() = 0;  // thread-safe
  virtual void wake() = 0;  // thread-safe
};

}  // namespace gatepost::mailflow
