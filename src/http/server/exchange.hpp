#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "directory/door.hpp"
#include "http/server/request.hpp"
#include "http/server/response.hpp"
#include "runtime/task.hpp"
#include "runtime/timer.hpp"

namespace gatepost::runtime {
struct Peer;
class Workers;
}  // namespace gatepost::runtime

namespace gatepost::http::server {

using runtime::Task;
class Conversation;
class PreparedHead;
struct Route;

// One request and its answer, as a handler has them. A handler is a coroutine on the connection's I/O thread: it may
// wait for content, for room to write, for news, or for work on runtime::Workers, and holds no thread and no buffer
// meanwhile. Others of the same HTTP/2 connection go on. All calls on that thread, but for what caller() gives.
//
// A handler that ends without an answer answers 500; one that ends in the middle of its answer cuts it off, so that no
// client takes a part for the whole. When the peer is gone, waiting calls end with Errc::closed, and the handler ends.
class Exchange {
 public:
  Exchange(Conversation& conversation, Request&& request);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const Request& request() const { return request_; }
  // Who signed in; there in every route with Access::signed_in.
  const directory::SignedIn& signed_in() const { return *signed_in_; }
  runtime::Workers& workers() const;
  const Clock& clock() const;
  const runtime::Peer& peer() const;  // of the connection

  // The next octets of the request's content, at most kInOctets; "" is its end. Errc::too_large: over the route's
  // limit, closed, timed_out: too slow. The first call asks a client that waits for it to go on (100 Continue).
  Task<Result<std::string>> read();
  // All of it, of at most `most` octets.
  Task<Result<std::string>> read_all(std::size_t most);

  // The whole answer; never waits. Only the first counts.
  void respond(Response response);
  // The same with content that is elsewhere and stays there, as it is, for as long as `keeps` lives. It is not copied.
  void respond(Response response, std::string_view content, std::shared_ptr<const void> keeps);
  // 200 with fields that were made before, Content-Length among them; `more` may be null. They live as long as `keeps`.
  void respond(const PreparedHead& head, const PreparedHead* more, std::string_view content,
               std::shared_ptr<const void> keeps);
  // The table's answer to a failure (status_for.hpp).
  void respond(const Error& error);
  // The answer's start; its content follows by write(). `length`, where it is known, is Content-Length.
  void begin(Response response, std::optional<std::uint64_t> length = std::nullopt);
  // Waits while much is on its way already.
  Task<Result<>> write(std::string_view octets);
  void finish();
  // Before the answer begins: the connection takes no request after this one (RFC 9112 9.6, RFC 9113 6.8).
  void close_afterwards() { closes_ = true; }

  // In a route with `tunnels`. Whether the client asks for `protocol` in place of HTTP: Upgrade (RFC 9110 7.8), or
  // extended CONNECT (RFC 8441 4). And that it is given to it, in place of an answer: from then on read() and write()
  // move its octets, both ways at one time, until finish().
  bool asks_for(std::string_view protocol) const;
  void upgrade(std::string_view protocol, Fields fields = {});

  // For long polls and event streams.
  enum class News : std::uint8_t {
    called,   // caller()'s function was called since the last wait
    content,  // of listen() alone: read() would not wait
    over,     // the peer is gone, its sign-in was revoked, or the server stops: come to an end
    time,
  };
  Task<News> wait(std::chrono::steady_clock::duration at_most);
  // As wait(), and for content too.
  Task<News> listen(std::chrono::steady_clock::duration at_most);
  // Ends a wait from any thread; cheap. May be kept longer than the exchange, not longer than the I/O threads.
  std::function<void()> caller();
  bool over() const { return gone_ || stopping_; }

  static constexpr std::size_t kInOctets = 64 << 10;
  static constexpr std::size_t kOutOctets = 32 << 10;

 private:
  friend class Conversation;
  friend class H1Session;
  friend class H2Session;

  // What caller() may outlive.
  struct Bell {
    explicit Bell(const boost::asio::any_io_executor& executor) : alarm(executor) {}
    runtime::Alarm alarm;
    std::atomic<bool> called{false};
  };

  // For the conversation.
  std::size_t room() const { return in_.size() < kInOctets ? kInOctets - in_.size() : 0; }
  void take_content(std::string_view octets);
  void end_content() {
    in_ended_ = true;
    ring();
  }
  void break_content(Errc why);
  void ring();
  bool answer_is_whole() const { return finished_ && unsent().empty(); }
  std::string_view unsent() const { return (kept_ ? kept_content_ : std::string_view(out_)).substr(out_at_); }
  void sent(std::size_t octets);

  Task<bool> pause(std::chrono::steady_clock::duration at_most);

  Conversation& conversation_;
  Request request_;
  const Route* route_ = nullptr;
  std::unique_ptr<std::string> proof_;              // SignIns::enter()
  std::shared_ptr<directory::SignedIn> signed_in_;  // shared by the requests of the connection that it stands for
  std::shared_ptr<Bell> bell_;                      // shared with what caller() gave
  SteadyPoint since_{};

  std::string in_;
  std::uint64_t in_octets_ = 0, in_limit_ = 0, in_consumed_ = 0;
  std::optional<Errc> in_broken_;
  std::string out_;
  std::string_view kept_content_;  // in place of out_, with kept_
  std::shared_ptr<const void> kept_;
  std::size_t out_at_ = 0;  // of either
  std::uint64_t out_octets_ = 0;
  std::optional<Response> head_;            // until it is sent
  const PreparedHead* prepared_ = nullptr;  // its fields, with more_prepared_
  const PreparedHead* more_prepared_ = nullptr;
  std::optional<std::uint64_t> length_;
  int status_ = 0;  // of the answer, once it began
  bool in_ended_ = false, wants_content_ = false, continued_ = false, finished_ = false, head_sent_ = false;
  bool tunnel_ = false, no_content_ = false, gone_ = false, stopping_ = false, handler_done_ = false, waiting_ = false,
       closes_ = false;
};

}  // namespace gatepost::http::server
