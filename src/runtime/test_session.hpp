#pragma once

// Tests only: a small line protocol that uses everything a connection offers.
//   anything      -> "= anything"          STARTTLS -> "ok", then TLS         QUIT  -> "bye", closed
//   DATA          -> "go", then octets up to a line "." -> "size N"           THROW -> an exception
//   BIG n         -> n octets              IDLE     -> waits as `idle`        WHO   -> remote and TLS version

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

#include "runtime/session.hpp"

namespace gatepost::runtime::test {

// What the test looks at while sessions live on their threads: the latest one's, or counts of all. Thread-safe.
class Watched {
 public:
  std::atomic<int> made{0}, gone{0}, closed{0}, woken{0}, timed_out{0};
  std::atomic<std::size_t> largest_input{0};

  void set(std::shared_ptr<Waker> waker, std::optional<TlsFacts> tls) {
    const std::lock_guard lock(mutex_);
    if (waker) waker_ = std::move(waker);
    tls_ = std::move(tls);
  }
  std::shared_ptr<Waker> waker() const {
    const std::lock_guard lock(mutex_);
    return waker_;
  }
  std::optional<TlsFacts> tls() const {
    const std::lock_guard lock(mutex_);
    return tls_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<Waker> waker_;
  std::optional<TlsFacts> tls_;
};

class LineSession final : public Session {
 public:
  LineSession(Peer& peer, Output& output, std::shared_ptr<Waker> waker, Watched& watched)
      : peer_(peer), output_(output), watched_(watched) {
    watched_.set(std::move(waker), peer.tls);
    ++watched_.made;
  }
  ~LineSession() override { ++watched_.gone; }

  Task<Step> opened() override {
    output_.write("hello\r\n");
    co_return Step{};
  }
  Task<Step> step(std::string_view input) override {
    watched_.largest_input = std::max(watched_.largest_input.load(), input.size());
    if (in_data_) co_return data(input);
    const std::size_t end = input.find("\r\n");
    if (end == std::string_view::npos) {
      if (input.size() >= max_buffered()) {
        output_.write("too long\r\n");
        co_return Step{input.size(), Next::close};
      }
      co_return Step{};
    }
    const std::string line(input.substr(0, end));
    Step step{end + 2, Next::more};
    waiting_ = Waiting::command;
    if (line == "QUIT") {
      output_.write("bye\r\n");
      step.next = Next::close;
    } else if (line == "STARTTLS") {
      output_.write("ok\r\n");
      step.next = Next::start_tls;
    } else if (line == "COMPRESS") {
      output_.write("ok\r\n");
      step.next = Next::start_deflate;
    } else if (line == "DATA") {
      output_.write("go\r\n");
      in_data_ = true;
      octets_ = 0;
      waiting_ = Waiting::data;
    } else if (line == "IDLE") {
      output_.write("idling\r\n");
      waiting_ = Waiting::idle;
    } else if (line == "THROW") {
      throw std::runtime_error("thrown by the session");
    } else if (line == "WHO") {
      output_.write(
          fmt::format("{} {}\r\n", peer_.remote.address.to_string(), peer_.tls ? peer_.tls->version : "plain"));
    } else if (line.starts_with("BIG ")) {
      co_return co_await big(std::stoul(line.substr(4)), step);
    } else {
      output_.write("= " + line + "\r\n");
    }
    co_return step;
  }
  Task<Step> woken() override {
    ++watched_.woken;
    output_.write("news\r\n");
    co_return Step{};
  }
  void tls_started(const TlsFacts& facts) override { watched_.set(nullptr, facts); }
  bool timed_out() override {
    ++watched_.timed_out;
    output_.write("too slow\r\n");
    return waiting_ == Waiting::idle && watched_.timed_out < 3;
  }
  void stopping() override { output_.write("going down\r\n"); }
  void announced(std::string_view text) override { output_.write(fmt::format("note: {}\r\n", text)); }
  void closed() override { ++watched_.closed; }
  Waiting waiting() const override { return waiting_; }

 private:
  Step data(std::string_view input) {
    const std::size_t end = input.find(".\r\n");
    if (end == std::string_view::npos) {
      const std::size_t taken = input.size() > 2 ? input.size() - 2 : 0;
      octets_ += taken;
      return {taken, Next::more};
    }
    in_data_ = false;
    waiting_ = Waiting::command;
    output_.write(fmt::format("size {}\r\n", octets_ + end));
    return {end + 3, Next::more};
  }
  Task<Step> big(std::size_t octets, Step step) {
    for (std::size_t sent = 0; sent < octets;) {
      const std::size_t piece = std::min<std::size_t>(octets - sent, 1000);
      output_.buffer().append(piece, 'x');
      sent += piece;
      if (output_.full()) {
        auto drained = co_await output_.drain();
        if (!drained) co_return Step{step.consumed, Next::close};
      }
    }
    output_.write("\r\n");
    co_return step;
  }

  Peer& peer_;
  Output& output_;
  Watched& watched_;
  Waiting waiting_ = Waiting::greeting;
  bool in_data_ = false;
  std::size_t octets_ = 0;
};

}  // namespace gatepost::runtime::test
