#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/date.hpp"
#include "base/result.hpp"

namespace gatepost::traffic {

// What a clock on the wall shows, counted like a TimePoint.
using WallTime = std::chrono::seconds;

// A time zone with its changes, of ICU's copy of the time zone database. Immutable, cheap to copy, thread-safe.
class Zone {
 public:
  // Empty: the machine's. Errc::invalid: there is no such zone.
  static Result<Zone> named(std::string_view name);

  const std::string& name() const { return name_; }
  WallTime wall(TimePoint at) const;
  // The first moment at which the clock shows this; none: it is skipped in spring.
  std::optional<TimePoint> moment(WallTime wall) const;
  std::chrono::seconds offset(TimePoint at) const;  // east of UTC

 private:
  struct Rules;
  Zone(std::string name, std::shared_ptr<const Rules> rules) : name_(std::move(name)), rules_(std::move(rules)) {}
  std::string name_;
  std::shared_ptr<const Rules> rules_;  // shared by copies
};

// "Sun 2026-11-29 03:10"
std::string format_wall(WallTime wall);

}  // namespace gatepost::traffic
