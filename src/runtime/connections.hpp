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

  // Asks every session for its farewell; what is under way (Session::finishing) is still taken, unless `insist`.
  void stop_all(bool insist = false);
  // Closes every stream; tasks end as soon as what they wait for on worker threads is done.
  void abort_all();
  // Closes the streams of peers in `network`, soon.
  void abort_from(const Network& network);
  // Every session says it to its client as soon as it is between two items.
  void announce(std::string text);

  struct Drained {
    bool ended = false;    // false: some are left, which still use this object: end the process without destroying it
    std::size_t told = 0;  // connections at the beginning
    std::size_t cut = 0;   // those that were not done when the grace was over
    std::chrono::milliseconds took{0};
  };
  // Stop accepting first. stop_all(), waits until no connection is left or `grace` has passed; those that are left are
  // told in the middle of what they do, and closed. Blocks; not on an I/O thread.
  Drained drain(std::chrono::milliseconds grace);
  static constexpr std::chrono::seconds kInsistWait{1}, kAbortWait{10};
  // The same for the connections that are there now, while others go on being accepted and are not told.
  Drained end_present(std::chrono::milliseconds grace);

 private:
  struct PerThread {
    BufferPool buffers;
    LiveConnections live;
    std::atomic<std::size_t> count{0};
  };
  bool wait_until_none(std::chrono::milliseconds limit) const;
  void end_present(LiveConnections::Insistence how);
  std::size_t present_left() const;

  IoThreads& threads_;
  const Clock& clock_;
  Log& log_;
  ConnectionObserver* const observer_;
  std::unique_ptr<PerThread[]> per_thread_;
  std::atomic<std::size_t> turn_{0};
  std::atomic<std::uint64_t> next_id_;
};

}  // namespace gatepost::runtime
