#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "converter/protocol/message.hpp"

namespace gatepost::converter {

// Asks the process that converts, over one connection. One thread, but for stop(). Blocks.
class Client {
 public:
  // `patience`: for one answer, beyond what the process itself takes at most.
  explicit Client(std::filesystem::path socket, std::chrono::milliseconds patience = std::chrono::seconds(90))
      : path_(std::move(socket)), patience_(patience) {}
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // What it says of itself; asks anew when the connection is lost. Errc::unavailable: it is not there. Errc::closed:
  // stopped.
  Result<Greeting> hello();
  // `next` appends the next octets, false: that was all; its errors are passed on. Errc::unavailable: it went away in
  // the middle of it; Errc::timed_out: it does not answer.
  Result<Answer> convert(const Request& request, const std::function<Result<bool>(std::string&)>& next);
  // What waits ends, with Errc::closed, and nothing begins again. Any thread.
  void stop() { stopped_ = true; }

 private:
  void hang_up();
  Result<> connect();
  Result<> send(std::string_view octets);
  Result<std::string> receive();  // a frame
  Result<> wait(short events, std::chrono::steady_clock::time_point until);

  const std::filesystem::path path_;
  const std::chrono::milliseconds patience_;
  std::atomic<bool> stopped_ = false;
  int fd_ = -1;
  FrameReader frames_{kMaxAnswerFrame};
  Greeting greeting_;
};

}  // namespace gatepost::converter
