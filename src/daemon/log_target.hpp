#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/log.hpp"
#include "gate/notes/line_ring.hpp"

namespace gatepost::daemon {

// Where the log goes: standard error or a file, changeable while others write. Thread-safe.
class LogTarget final : public LogSink {
 public:
  static constexpr std::string_view kStderr = "stderr";

  LogTarget() : sink_(std::make_shared<StderrSink>()) {}
  // "stderr", or the absolute path of a file. On failure all goes on as before. The same path again opens the file anew
  // (logrotate moved it away).
  Result<> set(const std::string& target);
  const std::string& target() const { return target_; }  // not while set() runs
  void write(Level level, std::string_view line) override;
  const gate::notes::LineRing& last_lines() const { return last_lines_; }

 private:
  gate::notes::LineRing last_lines_;
  std::string target_{kStderr};
  std::mutex mutex_;               // guards sink_
  std::shared_ptr<LogSink> sink_;  // shared with writes on their way
};

}  // namespace gatepost::daemon
