#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/date.hpp"

namespace gatepost {

using SteadyPoint = std::chrono::steady_clock::time_point;

// Time as a parameter, so that tests own it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;       // wall time, may jump
  virtual SteadyPoint steady() const = 0;  // for durations
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::system_clock::now(); }
  SteadyPoint steady() const override { return std::chrono::steady_clock::now(); }
};

// Stands still until advance(); starts at 2026-01-01 00:00:00 UTC.
class ManualClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(std::chrono::microseconds(micros_.load())); }
  SteadyPoint steady() const override { return SteadyPoint(std::chrono::microseconds(micros_.load())); }
  void advance(std::chrono::microseconds by) { micros_ += by.count(); }

 private:
  std::atomic<std::int64_t> micros_{1'767'225'600'000'000};
};

}  // namespace gatepost
