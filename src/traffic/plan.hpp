#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "traffic/hour.hpp"
#include "traffic/zone.hpp"

// When a restart or a maintenance disturbs least, from what the hours before were like.
namespace gatepost::traffic {

struct PlanOptions {
  TimePoint now{};
  std::chrono::minutes length{10};    // of the maintenance: 1 minute to 24 hours
  std::chrono::hours within{24 * 7};  // begins no later than this: 1 hour to 14 days
  std::size_t windows = 3;
};
inline constexpr std::chrono::minutes kLongestMaintenance{24 * 60};
inline constexpr std::chrono::hours kLongestView{24 * 14};

// Of what the same time was like before: the middle one, and what nine of ten stayed above or below.
struct Spread {
  double median = 0, low = 0, high = 0;
};

struct Window {
  TimePoint begin{};
  Spread people;    // who are signed in, or sign in, within it
  Spread messages;  // taken in, or sent, within it
  std::size_t samples = 0;
  bool same_weekday = true;  // else: other workdays, or other days of the weekend, had to do
  double cost = 0;           // what windows are ordered by: people, and a tenth of the messages
};

// A time of day that would have been quiet but for this.
struct Avoided {
  enum class Why { backup, queue, peak } why = Why::backup;
  WallTime begin{};               // the first one within the view; the hour after it
  std::size_t times = 0, of = 0;  // how often, of how many samples
  std::size_t windows = 0;        // starts left out for this reason
};

struct Plan {
  // none: nothing can be said. little: less than three weeks, or full of holes. good: the rest.
  enum class Confidence { none, little, good } confidence = Confidence::none;
  std::chrono::hours covered{0};  // hours with data
  std::chrono::hours span{0};     // from the first of them to now
  std::optional<Window> now;      // begun at once
  std::vector<Window> best;       // the quietest first, three hours apart at least
  std::vector<Avoided> avoided;
};

// `hours`: in order (recorder.hpp's history()). Hours in the future are ignored, an hour counts when the server ran for
// half of it. A holiday, or any other day that was not like the others, does not move a median. Daylight saving time:
// the time on the wall counts, on both sides of a change.
Plan make_plan(const std::vector<HourRecord>& hours, const Zone& zone, const PlanOptions& options);

}  // namespace gatepost::traffic
