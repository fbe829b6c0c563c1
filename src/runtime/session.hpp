#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "runtime/stream.hpp"
#include "runtime/task.hpp"

namespace gatepost::runtime {

// What a peer did that is worth knowing for those who guard the ports.
enum class Conduct : std::uint8_t {
  silent,             // it ended, or was ended, without anything a session could take
  foreign_protocol,   // its first octets are of another protocol
  no_tls,             // it did not speak TLS where TLS begins at once
  early_talk,         // it spoke before the greeting of a protocol in which the server speaks first
  bad_commands,       // the session's limit of them
  bad_request,        // octets that break the protocol's framing, after which nothing can be made of the connection
  unknown_recipient,  // SMTP: mail for an address that is not there
  known_recipient,    // SMTP: for one that is
};
struct Peer;
// Called on the connection's own thread; must not block.
using Witness = std::function<void(const Peer&, Conduct, std::string_view detail)>;

// Who is at the other end, for sessions, logs and limits.
struct Peer {
  std::string connection_id;    // short, on every log line
  Endpoint remote, local;       // after PROXY protocol, if it was spoken
  std::string listener;         // name in the configuration
  std::optional<TlsFacts> tls;  // set as soon as TLS is up
  bool proxied = false;         // `remote` is what a trusted proxy said
  bool foreign = false;         // its first octets are of another protocol, which was told or is not held against it
  const Witness* witness = nullptr;  // outlives the connection; null: nobody listens

  void tell(Conduct what, std::string_view detail = {}) const {
    if (witness != nullptr && *witness) (*witness)(*this, what, detail);
  }
};

// Replies on their way to the peer. Appending never waits; drain() sends and waits, and is how a session that writes
// much stays within bounded memory: call it between items when full() says so.
class Output {
 public:
  virtual ~Output() = default;
  virtual std::string& buffer() = 0;
  void write(std::string_view text) { buffer().append(text); }
  bool full() { return buffer().size() >= kFullOctets; }
  // Errc::closed / timed_out when the peer is gone: the session should return Next::close.
  virtual Task<Result<>> drain() = 0;
  static constexpr std::size_t kFullOctets = 32 << 10;
  // Sends what is in the buffer, and behind it as much of `octets` as goes without waiting; they are not copied. How
  // many of them went: the next to be written, or passed, are those that follow. 0 is always allowed.
  virtual std::size_t pass(std::string_view) { return 0; }
};

// Which deadline runs while the session waits for its peer. refresh: it waits for news, and wants timed_out() now and
// then to give a sign of life.
enum class Waiting { greeting, command, idle, data, sign_in, refresh };

// start_deflate: what was written leaves as it is; from then on both directions are compressed (deflate_stream.hpp),
// with what the session has not consumed of the input.
enum class Next { more, start_tls, start_deflate, close };
struct Step {
  std::size_t consumed = 0;  // octets of the input that are done with
  Next next = Next::more;
};

// Wakes a session from any thread: woken() then runs on the session's own thread. Copies may outlive the session.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake() = 0;  // thread-safe, cheap, may merge
};

// One conversation. Belongs to one I/O thread; knows no socket. The connection calls exactly one of these at a time.
class Session {
 public:
  virtual ~Session() = default;
  // Once, before any input; writes the greeting.
  virtual Task<Step> opened() = 0;
  // `input`: all unconsumed octets. Handles at most one protocol item (line, literal chunk, body chunk) and says how
  // much it consumed. consumed == 0 with Next::more means "need more octets"; the connection then reads more (up to
  // max_buffered() unconsumed octets; a session must consume something when given that many).
  virtual Task<Step> step(std::string_view input) = 0;
  // After wake(): e.g. news for IDLE.
  virtual Task<Step> woken() { co_return Step{}; }
  // After Next::start_tls succeeded; input that came before the handshake has been discarded.
  virtual void tls_started(const TlsFacts&) {}
  // The deadline passed: may write a farewell (421, * BYE). The connection closes after it. Returning true instead
  // keeps the connection (e.g. IMAP IDLE keep-alive line written) and starts the deadline anew.
  virtual bool timed_out() { return false; }
  // The server is stopping: write the protocol's farewell. The connection closes after it.
  virtual void stopping() {}
  // In place of opened(): nobody is served for a while. Writes the protocol's refusal with `why`, one line of ASCII for
  // people. The connection closes after it.
  virtual void turned_away(std::string_view) { stopping(); }
  // Whether stopping() may come now: asked after every call once the server is stopping. A session that answers false
  // brings what it has begun to an end, wakes itself when that is done, and is asked again.
  virtual bool may_stop() { return true; }
  // false: nothing is read beyond max_buffered() until the session is woken; true there would be a defect.
  virtual bool takes_input() const { return true; }
  // Before the destructor, whatever ended the connection: waits for what the session has running beside it and uses it.
  virtual Task<> ended() { co_return; }
  // Something is under way that a stopping server lets come to its end first, within its grace; message data always is.
  virtual bool finishing() const { return waiting() == Waiting::data; }
  // The administrator has something to say to whoever is here: write it, where the protocol has words for that.
  virtual void announced(std::string_view) {}
  // The peer finished sending or the connection broke; no more calls follow but the destructor.
  virtual void closed() {}
  virtual Waiting waiting() const = 0;
  virtual std::size_t max_buffered() const { return 128 << 10; }
};

struct Deadlines {
  std::chrono::seconds greeting{300}, command{300}, idle{1800}, data{300}, sign_in{180}, refresh{120};
};

}  // namespace gatepost::runtime
