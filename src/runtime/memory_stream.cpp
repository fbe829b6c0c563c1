#include "runtime/memory_stream.hpp"

#include <algorithm>
#include <cstring>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runtime/await.hpp"

namespace gatepost::runtime {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kLook{1};

// One direction.
struct Pipe {
  std::string octets;
  bool ended = false;
};

class MemoryStream final : public Stream {
 public:
  MemoryStream(const Clock& clock, std::shared_ptr<Pipe> in, std::shared_ptr<Pipe> out, TlsFacts facts)
      : clock_(clock), in_(std::move(in)), out_(std::move(out)), facts_(std::move(facts)) {}
  ~MemoryStream() override { close(); }

  Task<Result<bool>> wait_readable() override {
    for (;;) {
      if (std::exchange(woken_, false)) co_return false;
      if (closed_ || !in_->octets.empty() || in_->ended) break;
      GP_CO_CHECK(co_await look_again());
    }
    if (closed_) co_return fail(Errc::closed);
    co_return true;
  }

  Task<Result<bool>> wait_woken() override {
    for (;;) {
      if (std::exchange(woken_, false)) co_return false;
      if (closed_) co_return fail(Errc::closed);
      GP_CO_CHECK(co_await look_again());
    }
  }

  Task<Result<std::size_t>> read_some(std::span<char> into) override {
    while (!closed_ && in_->octets.empty() && !in_->ended) {
      GP_CO_CHECK(co_await look_again());
    }
    if (closed_) co_return fail(Errc::closed);
    const std::size_t size = std::min(into.size(), in_->octets.size());
    std::memcpy(into.data(), in_->octets.data(), size);
    in_->octets.erase(0, size);
    co_return size;
  }

  Task<Result<>> write_all(std::string_view octets) override {
    while (!octets.empty()) {
      if (closed_ || out_->ended) co_return fail(Errc::closed);
      const std::size_t room = kPipeOctets - std::min(kPipeOctets, out_->octets.size());
      if (room == 0) {
        GP_CO_CHECK(co_await look_again());
        continue;
      }
      const std::string_view piece = octets.substr(0, room);
      out_->octets += piece;
      octets.remove_prefix(piece.size());
    }
    co_return Result<>();
  }

  Task<Result<TlsFacts>> start_tls_server(TlsServer&) override { co_return facts_; }
  Task<Result<TlsFacts>> start_tls_client(TlsClient&, std::string_view) override { co_return facts_; }
  Task<> shutdown() override {
    close();
    co_return;
  }
  void close() override {
    closed_ = true;
    out_->ended = true;
    in_->ended = true;
  }
  void set_deadline(SteadyPoint at) override { deadline_ = at; }
  void wake() override { woken_ = true; }

 private:
  Task<Result<>> look_again() {
    if (clock_.steady() >= deadline_) co_return fail(Errc::timed_out);
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, kLook);
    co_await timer.async_wait(kAwait);
    co_return Result<>();
  }

  const Clock& clock_;
  std::shared_ptr<Pipe> in_, out_;  // shared by the two ends
  TlsFacts facts_;
  SteadyPoint deadline_ = SteadyPoint::max();
  bool woken_ = false, closed_ = false;
};

// Lets what was posted to this thread (wakers) run.
Task<> yield() {
  auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

}  // namespace

std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> make_memory_streams(const Clock& clock, TlsFacts facts) {
  auto there = std::make_shared<Pipe>();
  auto back = std::make_shared<Pipe>();
  return {std::make_unique<MemoryStream>(clock, there, back, facts),
          std::make_unique<MemoryStream>(clock, back, there, facts)};
}

ScriptStream::ScriptStream(ManualClock& clock, std::size_t chunk) : clock_(clock), chunk_(chunk) {}

ScriptStream& ScriptStream::send(std::string octets) {
  if (!octets.empty()) script_.emplace_back(std::move(octets));
  return *this;
}
ScriptStream& ScriptStream::silence(std::chrono::microseconds how_long) {
  script_.emplace_back(how_long);
  return *this;
}
ScriptStream& ScriptStream::wake_session() {
  script_.emplace_back(Wake{});
  return *this;
}
ScriptStream& ScriptStream::start_tls(TlsFacts facts) {
  script_.emplace_back(std::move(facts));
  return *this;
}
ScriptStream& ScriptStream::stay_silent() {
  stay_silent_ = true;
  return *this;
}

Result<bool> ScriptStream::advance() {
  for (;;) {
    if (std::exchange(woken_, false)) return false;
    if (transcript_->closed) return fail(Errc::closed);
    if (clock_.steady() >= deadline_) return fail(Errc::timed_out);
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline_ - clock_.steady());
    if (script_.empty()) {
      if (!stay_silent_) return true;
      if (deadline_ == SteadyPoint::max()) return fail(Errc::closed, "silence without a deadline");
      clock_.advance(left);
      continue;
    }
    Happening& next = script_.front();
    if (std::holds_alternative<std::string>(next)) return true;
    if (auto* const pause = std::get_if<std::chrono::microseconds>(&next)) {
      const auto step = deadline_ == SteadyPoint::max() ? *pause : std::min(*pause, left);
      clock_.advance(step);
      *pause -= step;
      if (pause->count() == 0) script_.pop_front();
      continue;
    }
    if (std::holds_alternative<Wake>(next)) woken_ = true;
    // Facts of a handshake that never came are dropped.
    script_.pop_front();
  }
}

Task<Result<bool>> ScriptStream::wait_readable() {
  co_await yield();
  co_return advance();
}

// The script goes on only when somebody reads: nothing but a wake or the deadline ends this.
Task<Result<bool>> ScriptStream::wait_woken() {
  co_await yield();
  co_await yield();
  if (std::exchange(woken_, false)) co_return false;
  if (transcript_->closed) co_return fail(Errc::closed);
  if (deadline_ == SteadyPoint::max()) co_return fail(Errc::closed, "nothing wakes the session");
  if (clock_.steady() < deadline_) {
    clock_.advance(std::chrono::duration_cast<std::chrono::microseconds>(deadline_ - clock_.steady()));
  }
  co_return fail(Errc::timed_out);
}

Task<Result<std::size_t>> ScriptStream::read_some(std::span<char> into) {
  for (;;) {
    auto there = advance();
    if (!there) co_return std::unexpected(std::move(there).error());
    if (*there) break;
    woken_ = false;
  }
  if (script_.empty()) co_return std::size_t{0};
  auto& octets = std::get<std::string>(script_.front());
  const std::size_t size = std::min({into.size(), octets.size(), chunk_});
  std::memcpy(into.data(), octets.data(), size);
  octets.erase(0, size);
  if (octets.empty()) script_.pop_front();
  co_return size;
}

Task<Result<>> ScriptStream::write_all(std::string_view octets) {
  if (transcript_->closed) co_return fail(Errc::closed);
  ++transcript_->writes;
  transcript_->output += octets;
  co_return Result<>();
}

Result<TlsFacts> ScriptStream::handshake() {
  if (script_.empty() || !std::holds_alternative<TlsFacts>(script_.front())) {
    return fail(Errc::closed, "the script has no handshake here");
  }
  TlsFacts facts = std::get<TlsFacts>(std::move(script_.front()));
  script_.pop_front();
  transcript_->tls = true;
  return facts;
}

Task<Result<TlsFacts>> ScriptStream::start_tls_server(TlsServer&) { co_return handshake(); }
Task<Result<TlsFacts>> ScriptStream::start_tls_client(TlsClient&, std::string_view) { co_return handshake(); }

Task<> ScriptStream::shutdown() {
  transcript_->shut_down = true;
  transcript_->closed = true;
  co_return;
}

Task<Result<>> MemoryOutput::drain() {
  sent_ += std::exchange(text_, {});
  co_return Result<>();
}

}  // namespace gatepost::runtime
