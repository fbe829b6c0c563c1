#include "daemon/log_target.hpp"

namespace gatepost::daemon {

Result<> LogTarget::set(const std::string& target) {
  std::shared_ptr<LogSink> sink;
  if (target == kStderr) {
    sink = std::make_shared<StderrSink>();
  } else {
    GP_TRY(std::unique_ptr<FileSink> file, FileSink::open(target));
    sink = std::move(file);
  }
  target_ = target;
  const std::lock_guard lock(mutex_);
  sink_.swap(sink);
  return {};
}

void LogTarget::write(Level level, std::string_view line) {
  last_lines_.add(line);
  std::shared_ptr<LogSink> sink;
  {
    const std::lock_guard lock(mutex_);
    sink = sink_;
  }
  sink->write(level, line);
}

}  // namespace gatepost::daemon
