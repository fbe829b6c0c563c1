#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace gatepost {

enum class Level : std::uint8_t { debug, info, notice, warning, error };
std::string_view to_string(Level level);

// One row of the event catalogue. Every layer that logs has an events.hpp with its rows; the manual and `gatepost
// explain NAME` are made from the same rows. `name` is stable: admins build alerts on it.
struct Event {
  std::string_view name;  // "smtp.accepted"
  Level level;
  std::string_view sentence;  // what happened, without values: "A message was accepted."
  std::string_view meaning;   // what it means to the admin
  std::string_view action;    // what to do, or "Nothing."
};

// A value of a log line. Text is escaped; no secrets and no message content.
struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  template <class T>
    requires(std::is_integral_v<T>)
  Field(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
};

// Where finished lines go. Thread-safe.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual void write(Level level, std::string_view line) = 0;  // line without line end
};

// Structured log: "2026-11-24T08:35:18.123Z info smtp.accepted conn=4f2a from=a@b size=1234".
// Thread-safe. Borrowed by everything that logs; outlives it.
class Log {
 public:
  Log(LogSink& sink, const Clock& clock, Level lowest = Level::info) : sink_(sink), clock_(clock), lowest_(lowest) {}
  void write(const Event& event, std::initializer_list<Field> fields);
  void write(const Event& event, const std::vector<Field>& fields);
  bool enabled(Level level) const { return level >= lowest_; }
  void set_lowest(Level level) { lowest_ = level; }

 private:
  LogSink& sink_;
  const Clock& clock_;
  std::atomic<Level> lowest_;
};

class StderrSink final : public LogSink {  // one write(2) per line
 public:
  void write(Level level, std::string_view line) override;
};

// Appends to a file, one write(2) per line; mode 0640 when it makes it.
class FileSink final : public LogSink {
 public:
  static Result<std::unique_ptr<FileSink>> open(const std::string& path);
  ~FileSink() override;
  void write(Level level, std::string_view line) override;
  // After the file was moved away (logrotate): goes on in a new one. On failure the old one stays in use. Thread-safe.
  Result<> reopen();

 private:
  FileSink(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
};

class MemorySink final : public LogSink {  // tests
 public:
  void write(Level level, std::string_view line) override;
  std::vector<std::string> lines() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

// A Log that drops everything, for tests that do not look at it.
Log& null_log();

}  // namespace gatepost
