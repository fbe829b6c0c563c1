#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/clock.hpp"
#include "runtime/session.hpp"
#include "runtime/stream.hpp"

namespace gatepost::runtime {

// Streams without sockets, for tests. TLS on them is make-believe: start_tls_*() answers with the facts given, octets
// stay plain.

// Two ends of one connection in one thread. A write waits while kPipeOctets lie unread. Deadlines follow `clock`,
// looked at every millisecond, so that a ManualClock may be advanced by anybody.
inline constexpr std::size_t kPipeOctets = 64 << 10;
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_memory_streams(const Clock& clock,
                                                                                TlsFacts facts = {});

// A peer that follows a script, and notes what it was sent. Everything happens at once: the script's silences move the
// clock. Keep a pointer beside the unique_ptr that serve() takes, or read the transcript, which is shared.
class ScriptStream final : public Stream {
 public:
  struct Transcript {
    std::string output;  // all that was written
    bool closed = false, shut_down = false, tls = false;
    std::size_t writes = 0;
  };
  // Input arrives in pieces of at most `chunk` octets.
  ScriptStream(ManualClock& clock, std::size_t chunk = 4096);

  ScriptStream& send(std::string octets);
  ScriptStream& silence(
      std::chrono::microseconds how_long);  // a deadline that comes first passes, and the silence goes on
  ScriptStream& wake_session();             // as if wake() came now
  ScriptStream& start_tls(TlsFacts facts);  // what the next handshake gives; without it handshakes fail
  // After the last step the peer closes its end; with stay_silent() it says nothing more, and every deadline passes.
  ScriptStream& stay_silent();
  std::shared_ptr<const Transcript> transcript() const { return transcript_; }

  Task<Result<bool>> wait_readable() override;
  Task<Result<bool>> wait_woken() override;
  Task<Result<std::size_t>> read_some(std::span<char> into) override;
  Task<Result<>> write_all(std::string_view octets) override;
  Task<Result<TlsFacts>> start_tls_server(TlsServer&) override;
  Task<Result<TlsFacts>> start_tls_client(TlsClient&, std::string_view server_name) override;
  Task<> shutdown() override;
  void close() override { transcript_->closed = true; }
  void set_deadline(SteadyPoint at) override { deadline_ = at; }
  void wake() override { woken_ = true; }

 private:
  struct Wake {};
  using Happening = std::variant<std::string, std::chrono::microseconds, Wake, TlsFacts>;
  // Moves to the next octets or the end. true: there; false: woken.
  Result<bool> advance();
  Result<TlsFacts> handshake();

  ManualClock& clock_;
  std::size_t chunk_;
  std::deque<Happening> script_;
  bool stay_silent_ = false, woken_ = false;
  SteadyPoint deadline_ = SteadyPoint::max();
  std::shared_ptr<Transcript> transcript_ = std::make_shared<Transcript>();
};

// Collects what a session writes, for tests that call a session without a connection.
class MemoryOutput final : public Output {
 public:
  std::string& buffer() override { return text_; }
  Task<Result<>> drain() override;
  // All so far, and forgets it.
  std::string take() { return std::exchange(sent_, {}) + std::exchange(text_, {}); }

 private:
  std::string text_, sent_;
};

}  // namespace gatepost::runtime
