#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "runtime/buffer_pool.hpp"
#include "runtime/session.hpp"
#include "runtime/stream.hpp"
#include "runtime/task.hpp"

namespace gatepost::runtime {

class ConnectionObserver;

// Makes the session of a new connection, after the handshake where TLS is implicit. The session may keep the
// references: they outlive it. nullptr: the connection is closed without a word.
using SessionFactory = std::function<std::unique_ptr<Session>(Peer&, Output&, std::shared_ptr<Waker>)>;

// The connections of one I/O thread that serve() runs, so that they can be told to end. All calls on that thread.
class LiveConnections {
 public:
  class Member {
   public:
    // The session says farewell as soon as nothing is under way (Session::finishing); `insist`: between two items.
    virtual void stop(bool insist) = 0;
    virtual void abort() = 0;  // the stream is closed under it
    virtual const IpAddress& remote() const = 0;
    virtual void announce(std::shared_ptr<const std::string> text) = 0;

   protected:
    ~Member() = default;

   private:
    friend class LiveConnections;
    std::size_t at_ = 0;           // its place in members_
    bool of_the_present_ = false;  // told by end_present()
  };
  void add(Member& member);  // told to stop at once when stop_all() was called
  void remove(Member& member);
  void stop_all(bool insist);
  void abort_all();
  void abort_from(const Network& network);  // those of peers in it
  // As stop_all(), for those that are here now; who comes later is not told. Then, with the next step, for what is left
  // of them.
  enum class Insistence : std::uint8_t { ask, insist, abort };
  void end_present(Insistence how);
  std::size_t present_left() const { return present_left_; }  // of those; thread-safe
  // Shared by all of them until they have said it.
  void announce(const std::shared_ptr<const std::string>& text);
  std::size_t size() const { return members_.size(); }

 private:
  std::vector<Member*> members_;
  std::atomic<std::size_t> present_left_{0};
  bool stopping_ = false;
};

// All of it is borrowed until serve() ends.
struct ServeSettings {
  Deadlines deadlines;
  TlsServer* tls = nullptr;  // none: Next::start_tls closes the connection
  bool implicit_tls = false;
  std::chrono::seconds handshake{30};  // for one TLS handshake
  bool speaks_first = false;           // the server does; then a peer without a word is worth telling of
  std::string_view own_protocol;       // what foreign_protocol() calls this service's own; empty: it does not know it
};
struct ServeParts {
  const Clock& clock;
  Log& log;
  BufferPool& buffers;
  LiveConnections& live;
  ConnectionObserver* observer = nullptr;
};

// Octets a second that message data must come with on average once its deadline has passed for the first time.
inline constexpr std::size_t kMinDataRate = 100;

// One connection from its first octet to its last: reads, feeds the session, sends what it wrote, upgrades to TLS,
// watches the deadlines. Replies to pipelined items leave in one write. Nothing is read while output waits to be sent.
// An idle connection holds no buffer. Whatever fails ends this connection alone. Ends when the stream is closed.
//
// Deadlines: greeting and sign_in run from when the session began to wait so; command and idle from the last finished
// item; an unfinished item has no longer than `command`; data from the last octet read, and not slower than
// kMinDataRate; output must move within `data`.
Task<> serve(std::unique_ptr<Stream> stream, Peer peer, const SessionFactory& make, const ServeSettings& settings,
             ServeParts parts);

}  // namespace gatepost::runtime
