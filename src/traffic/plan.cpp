#include "traffic/plan.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace gatepost::traffic {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kWeeks = 13;                               // a quarter: seasons change
constexpr std::size_t kEnoughSamples = 4;                // of the same weekday
constexpr std::size_t kFewestSamples = 2;                // of any
constexpr std::uint32_t kCoveredEnough = 1800;           // seconds of an hour
constexpr hours kApart{3};                               // between two proposals
constexpr minutes kGrid[] = {minutes(10), minutes(40)};  // other programs' timed jobs begin on the hour
constexpr double kMessageWeight = 0.1;                   // a message comes later; a person notices
constexpr double kHighWeight = 0.5;     // a time that is loud now and then is worse than one that never is
constexpr double kBesideWeight = 0.25;  // of the hours before and after
constexpr hours kFirstWord{48}, kGoodSpan{24 * 21};
constexpr double kGoodCoverage = 0.7;
constexpr double kOften = 0.25;  // of the samples
constexpr double kPeakFactor = 5, kPeakMessages = 50, kPeakPeople = 20;
constexpr double kQueueFactor = 4;
constexpr std::uint64_t kQueueLong = 20;

// What one earlier time was like.
struct PlanSample {
  double people = 0, messages = 0;
  bool backup = false;
  std::uint64_t queue = 0;
};

double quantile(std::vector<double>& values, double at) {
  std::ranges::sort(values);
  const double place = at * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
}

template <class Of>
Spread spread(const std::vector<PlanSample>& samples, Of of) {
  std::vector<double> values;
  for (const PlanSample& s : samples) values.push_back(of(s));
  return {quantile(values, 0.5), quantile(values, 0.1), quantile(values, 0.9)};
}

bool is_weekend(WallTime wall) {
  const std::chrono::weekday day{std::chrono::sys_days(std::chrono::floor<days>(wall))};
  return day == std::chrono::Saturday || day == std::chrono::Sunday;
}

class Planner {
 public:
  Planner(const std::vector<HourRecord>& all, const Zone& zone, const PlanOptions& options)
      : zone_(zone), options_(options) {
    const Hour present = hour_of(options.now);
    std::vector<double> queues;
    for (const HourRecord& one : all) {
      if (one.hour > present || one.covered < kCoveredEnough) continue;
      hours_.emplace(one.hour, &one);
      queues.push_back(static_cast<double>(one.queue_peak));
    }
    if (!queues.empty()) {
      long_queue_ = std::max(kQueueLong, static_cast<std::uint64_t>(kQueueFactor * quantile(queues, 0.75)));
    }
  }

  Plan make() {
    Plan plan;
    plan.covered = hours(hours_.size());
    if (!hours_.empty()) {
      plan.span = std::chrono::duration_cast<hours>(options_.now - begin_of(hours_.begin()->first));
    }
    if (plan.covered < kFirstWord) return plan;
    const bool whole =
        static_cast<double>(plan.covered.count()) >= kGoodCoverage * static_cast<double>(plan.span.count());
    plan.confidence = plan.span >= kGoodSpan && whole ? Plan::Confidence::good : Plan::Confidence::little;
    const auto present = samples_of(options_.now, options_.length);
    if (present) plan.now = window(options_.now, *present);
    choose(candidates(plan), plan);
    if (plan.best.empty()) plan.confidence = Plan::Confidence::none;
    return plan;
  }

 private:
  struct Samples {
    std::vector<PlanSample> list;
    bool same_weekday = true;
  };

  // What a span was like; none: the server did not run for much of it.
  std::optional<PlanSample> at(TimePoint begin, minutes length) const {
    PlanSample out;
    double measured = 0;
    const TimePoint end = begin + length;
    for (TimePoint from = begin; from < end;) {
      const Hour hour = hour_of(from);
      const TimePoint next = begin_of(Hour{static_cast<std::uint32_t>(hour) + 1});
      const double part = std::chrono::duration<double, std::ratio<3600>>(std::min(next, end) - from).count();
      from = next;
      const auto found = hours_.find(hour);
      if (found == hours_.end()) return std::nullopt;
      const HourRecord& record = *found->second;
      const double ran = static_cast<double>(record.covered) / 3600;
      const Counts& all = record.of(Service::all);
      // Some are there all the time, the others come and go within the hour.
      const double present = static_cast<double>(all.presence) / static_cast<double>(record.covered);
      const double passing = std::max(0.0, static_cast<double>(all.users) - present);
      out.people += passing * part / ran;
      measured = std::max(measured, present);
      for (const Counts& c : record.services)
        out.messages += static_cast<double>(c.messages_in + c.messages_out) * part / ran;
      out.backup = out.backup || record.backup_seconds > 0;
      out.queue = std::max(out.queue, record.queue_peak);
    }
    out.people += measured;
    return out;
  }

  std::optional<PlanSample> same_time_before(WallTime wall, days back, minutes length) const {
    const auto begin = zone_.moment(wall - back);
    return begin ? at(*begin, length) : std::nullopt;
  }

  std::optional<Samples> samples_of(TimePoint begin, minutes length) const {
    const WallTime wall = zone_.wall(begin);
    Samples out;
    for (int week = 1; week <= kWeeks; ++week) {
      if (const auto one = same_time_before(wall, days(7 * week), length)) out.list.push_back(*one);
    }
    if (out.list.size() >= kEnoughSamples) return out;
    // Too few: other days of the same kind have to do.
    Samples others{.same_weekday = false};
    for (int back = 1; back <= 7 * kWeeks; ++back) {
      if (is_weekend(wall - days(back)) != is_weekend(wall)) continue;
      if (const auto one = same_time_before(wall, days(back), length)) others.list.push_back(*one);
    }
    if (others.list.size() < kFewestSamples) return std::nullopt;
    return others;
  }

  Window window(TimePoint begin, const Samples& samples) const {
    Window out;
    out.begin = begin;
    out.people = spread(samples.list, [](const PlanSample& s) { return s.people; });
    out.messages = spread(samples.list, [](const PlanSample& s) { return s.messages; });
    out.samples = samples.list.size();
    out.same_weekday = samples.same_weekday;
    const auto cost = [](const Spread& s) { return s.median + kHighWeight * s.high; };
    out.cost = cost(out.people) + kMessageWeight * cost(out.messages);
    return out;
  }

  // Times at which something happens again and again that a restart should not meet.
  std::optional<Avoided> reason_to_avoid(const Samples& samples, const Window& w) const {
    const auto often = [&](std::size_t times) {
      return times >= 2 && static_cast<double>(times) >= kOften * static_cast<double>(samples.list.size());
    };
    const auto times = [&](auto is) { return static_cast<std::size_t>(std::ranges::count_if(samples.list, is)); };
    const auto found = [&](Avoided::Why why, std::size_t n) {
      return Avoided{why, zone_.wall(w.begin), n, samples.list.size(), 1};
    };
    const std::size_t backups = times([](const PlanSample& s) { return s.backup; });
    if (often(backups)) return found(Avoided::Why::backup, backups);
    const std::size_t queues = times([&](const PlanSample& s) { return s.queue > long_queue_; });
    if (often(queues)) return found(Avoided::Why::queue, queues);
    const auto is_peak = [&](const PlanSample& s) {
      return s.messages > std::max(kPeakMessages, kPeakFactor * w.messages.median) ||
             s.people > std::max(kPeakPeople, kPeakFactor * w.people.median);
    };
    const std::size_t peaks = times(is_peak);
    // What happened last week may be new, and happen again.
    const bool lately = samples.same_weekday && is_peak(samples.list.front());
    if (peaks >= 2 || lately) return found(Avoided::Why::peak, peaks);
    return std::nullopt;
  }

  // A start, and what is known of it.
  struct Start {
    Samples samples;
    Window window;
  };
  // By their order on the wall; none: nothing is known, or the clock skips that time.
  std::vector<std::optional<Start>> starts() const {
    std::vector<std::optional<Start>> out;
    const WallTime last = zone_.wall(options_.now + options_.within) + hours(1);
    for (WallTime hour = std::chrono::floor<hours>(zone_.wall(options_.now)) - hours(1); hour <= last;
         hour += hours(1)) {
      for (const minutes past : kGrid) {
        const auto begin = zone_.moment(hour + past);
        auto samples = begin ? samples_of(*begin, options_.length) : std::nullopt;
        if (!samples) {
          out.emplace_back();
          continue;
        }
        const Window one = window(*begin, *samples);
        out.push_back(Start{*std::move(samples), one});
      }
    }
    return out;
  }

  std::vector<Window> candidates(Plan& plan) const {
    constexpr std::size_t kHour = std::size(kGrid);
    const auto all = starts();
    std::vector<Window> out;
    for (std::size_t i = kHour; i + kHour < all.size(); ++i) {
      if (!all[i]) continue;
      Window one = all[i]->window;
      if (one.begin <= options_.now || one.begin > options_.now + options_.within) continue;
      if (const auto why = reason_to_avoid(all[i]->samples, one)) {
        note(plan, *why);
        continue;
      }
      // One amid a quiet time is better than one beside a loud one: work may take longer, and people come earlier.
      const double own = one.cost;
      for (const std::size_t beside : {i - kHour, i + kHour}) {
        one.cost += kBesideWeight * (all[beside] ? all[beside]->window.cost : own);
      }
      out.push_back(one);
    }
    return out;
  }

  // Once for each time of day and reason.
  static void note(Plan& plan, const Avoided& found) {
    const auto hour_of_day = [](WallTime t) { return std::chrono::floor<hours>(t) - std::chrono::floor<days>(t); };
    for (Avoided& known : plan.avoided) {
      if (known.why != found.why || hour_of_day(known.begin) != hour_of_day(found.begin)) continue;
      ++known.windows;
      known.times = std::max(known.times, found.times);
      return;
    }
    plan.avoided.push_back(found);
    plan.avoided.back().begin = std::chrono::floor<hours>(found.begin);
  }

  void choose(std::vector<Window> all, Plan& plan) const {
    std::ranges::sort(all, {}, [](const Window& w) { return std::pair(w.cost, w.begin); });
    for (const Window& one : all) {
      if (plan.best.size() == options_.windows) return;
      const bool near = std::ranges::any_of(plan.best, [&](const Window& other) {
        return std::chrono::abs(other.begin - one.begin) < std::max<seconds>(kApart, options_.length);
      });
      if (!near) plan.best.push_back(one);
    }
  }

  const Zone& zone_;
  const PlanOptions& options_;
  std::map<Hour, const HourRecord*> hours_;
  std::uint64_t long_queue_ = kQueueLong;
};

}  // namespace

Plan make_plan(const std::vector<HourRecord>& hours, const Zone& zone, const PlanOptions& options) {
  return Planner(hours, zone, options).make();
}

}  // namespace gatepost::traffic
