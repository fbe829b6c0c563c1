#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "runtime/connection.hpp"
#include "runtime/threads.hpp"

namespace gatepost::runtime {

// What all listeners of the daemon share: buffers and live connections of every I/O thread. stop_all(), abort_all(),
// abort_from(), drain() and count() are thread-safe; parts() is for that I/O thread. Outlived by IoThreads only:
// IoThreads::stop() comes first.
class Connections {
 public:
  // `observer`: may be none; borrowed for life.
  Connections(IoThreads& threads, const Clock& clock, Log& log, ConnectionObserver* observer = nullptr);
  ~Connections();

  IoThreads& threads() { return threads_; }
  const Clock& clock() const { return clock_; }
  Log& log() { return log_; }
  ConnectionObserver* observer() { return observer_; }

  ServeParts parts(std::size_t thread);
  std::size_t count() const;  // accepted and not yet closed

  // The thread with the fewest connections. The connection counts there until the ticket is dropped.
  class Ticket {
   public:
    Ticket(Ticket&& other) noexcept : count_(std::exchange(other.count_, nullptr)), thread(other.thread) {}
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (count_ != nullptr) count_->fetch_sub(1, std::memory_order_release);
    }

   private:
    friend class Connections;
    Ticket(std::atomic<std::size_t>* count, std::size_t at) : count_(count), thread(at) {}
    std::atomic<std::size_t>* count_;

   public:
    std::size_t thread;
  };
  Ticket place();
  // For Peer::connection_id: short, and not given again after a restart.
  std::string next_id();

  // Asks every session for its farewell; message data that is on its way is still taken.
  void stop_all();
  // Closes every stream; tasks end as soon as what they wait for on worker threads is done.
  void abort_all();
  // Closes the streams of peers in `network`, soon.
  void abort_from(const Network& network);
  // Stop accepting first. stop_all(), waits until no connection is left or `grace` has passed, then abort_all() and
  // waits up to kAbortWait more. Blocks; not on an I/O thread. false: some are left, which
  // still use this object: end the process without destroying it.
  bool drain(std::chrono::milliseconds grace);
  static constexpr std::chrono::seconds kAbortWait{10};

 private:
  struct PerThread {
    BufferPool buffers;
    LiveConnections live;
    std::atomic<std::size_t> count{0};
  };
  bool wait_until_none(std::chrono::milliseconds limit) const;

  IoThreads& threads_;
  const Clock& clock_;
  Log& log_;
  ConnectionObserver* const observer_;
  std::unique_ptr<PerThread[]> per_thread_;
  std::atomic<std::size_t> turn_{0};
  std::atomic<std::uint64_t> next_id_;
};

}  // namespace gatepost::runtime
