// Plans on synthetic years whose quiet hours are known.
#include "traffic/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "traffic/test_support.hpp"

namespace gatepost::traffic {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr int kYearHours = 24 * 365;

struct LocalTime {
  unsigned weekday;  // 0: Sunday
  int hour;
  auto operator<=>(const LocalTime&) const = default;
};
LocalTime local(const Zone& zone, TimePoint when) {
  const WallTime wall = zone.wall(when);
  const auto day = std::chrono::floor<days>(wall);
  return {std::chrono::weekday(std::chrono::sys_days(day)).c_encoding(),
          static_cast<int>(std::chrono::duration_cast<hours>(wall - day).count())};
}

// A company's year: loud workdays, quieter nights and weekends, noise, holidays, gaps; a backup every night, a campaign
// every other week, both where it would be quiet otherwise; and a few hours in which nobody is there at all.
class Year {
 public:
  Year(std::uint32_t seed, const Zone& zone, std::set<LocalTime> quiet)
      : random_(seed), zone_(zone), quiet_(std::move(quiet)) {
    const TimePoint begin = at("2026-01-01T00:00:00Z");
    for (int i = 0; i < 10; ++i) holidays_.insert(static_cast<int>(random_() % 365));
    for (int i = 0; i < 18; ++i) missing_.insert(static_cast<int>(random_() % 365));
    for (int i = 0; i < kYearHours; ++i) {
      if (missing_.contains(i / 24) || random_() % 50 == 0) continue;
      hours_.push_back(hour(begin + hours(i), i));
    }
  }
  const std::vector<HourRecord>& all() const { return hours_; }
  std::vector<HourRecord> until(TimePoint now) const {
    std::vector<HourRecord> out;
    for (const HourRecord& one : hours_) {
      if (begin_of(one.hour) + hours(1) <= now) out.push_back(one);
    }
    return out;
  }

  static constexpr int kBackupHour = 2;
  static constexpr LocalTime kCampaign{3, 4};  // Wednesdays, 4 o'clock

 private:
  std::uint64_t about(double mean) { return mean <= 0 ? 0 : std::poisson_distribution<std::uint64_t>(mean)(random_); }

  HourRecord hour(TimePoint begin, int index) {
    const LocalTime t = local(zone_, begin);
    const bool weekend = t.weekday == 0 || t.weekday == 6 || holidays_.contains(index / 24);
    const bool day = t.hour >= 7 && t.hour < 19;
    double people = day ? (weekend ? 40 : 220) : 12;
    double messages = day ? (weekend ? 60 : 700) : 20;
    HourRecord out;
    out.hour = hour_of(begin);
    out.covered = 3600;
    out.queue_peak = about(3);
    if (t.hour == kBackupHour) {
      people = messages = 0;
      out.backup_seconds = 900;
    } else if (t == kCampaign) {
      people = 0;
      messages = index / (24 * 7) % 2 == 0 ? 5000 : 0;
    } else if (quiet_.contains(t)) {
      people = messages = 0;
    }
    Counts& all = out.of(Service::all);
    all.users = about(people);
    all.presence = all.users * 3600 * 6 / 10;
    out.of(Service::imap).users = all.users;
    out.of(Service::smtp) = {.sessions = about(messages), .messages_in = about(messages)};
    return out;
  }

  std::mt19937 random_;
  const Zone& zone_;
  const std::set<LocalTime> quiet_;
  std::set<int> holidays_, missing_;
  std::vector<HourRecord> hours_;
};

TEST(TrafficPlan, FindsTheQuietHoursOfAYearWhateverTheNoise) {
  const std::set<LocalTime> quiet = {{2, 5}, {4, 23}, {0, 4}};  // Tue 5, Thu 23, Sun 4
  for (const std::string_view name : {"Europe/Berlin", "America/New_York", "Asia/Tokyo"}) {
    const Zone zone = *Zone::named(name);
    for (std::uint32_t seed = 1; seed <= 3; ++seed) {
      const Year year(seed, zone, quiet);
      for (int day = 60; day < 360; day += 13) {
        const TimePoint now = at("2026-01-01T11:23:00Z") + days(day) + hours(seed * 5);
        const Plan plan = make_plan(year.until(now), zone, {.now = now});
        ASSERT_EQ(plan.confidence, Plan::Confidence::good);
        ASSERT_EQ(plan.best.size(), 3u);
        std::set<LocalTime> found;
        for (const Window& w : plan.best) {
          found.insert(local(zone, w.begin));
          EXPECT_GT(w.begin, now);
          EXPECT_LE(w.begin, now + hours(24 * 7));
          EXPECT_LT(w.people.median, 1) << name << seed << format_wall(zone.wall(w.begin));
        }
        // From within one of them, the rest of it and the same hour of next week are two.
        const std::size_t expected = quiet.contains(local(zone, now)) ? 2 : 3;
        EXPECT_GE(found.size(), expected) << name << " " << seed << " " << date::format_rfc3339(now);
        EXPECT_TRUE(std::ranges::includes(quiet, found)) << name << " " << seed << " " << date::format_rfc3339(now);
      }
    }
  }
}

TEST(TrafficPlan, QuietTimesWithABackupOrACampaignAreNamedAndNotProposed) {
  const Zone zone = *Zone::named("Europe/Berlin");
  const Year year(7, zone, {});
  const TimePoint now = at("2026-07-01T09:00:00Z");
  const Plan plan = make_plan(year.until(now), zone, {.now = now});
  bool backup = false;
  bool peak = false;
  for (const Avoided& a : plan.avoided) {
    const int hour = static_cast<int>((a.begin - std::chrono::floor<days>(a.begin)) / hours(1));
    backup = backup || (a.why == Avoided::Why::backup && hour == Year::kBackupHour);
    peak = peak || (a.why == Avoided::Why::peak && hour == Year::kCampaign.hour);
  }
  EXPECT_TRUE(backup);
  EXPECT_TRUE(peak);
  for (const Window& w : plan.best) {
    const LocalTime t = local(zone, w.begin);
    EXPECT_NE(t.hour, Year::kBackupHour);
    EXPECT_NE(t, Year::kCampaign);
    EXPECT_TRUE(t.hour < 7 || t.hour >= 19);
  }
}

TEST(TrafficPlan, TheEstimateIsThatOfTheSameWeekdayAndHour) {
  const Zone zone = *Zone::named("Europe/Berlin");
  const Year year(11, zone, {});
  // A Thursday, 11 o'clock, in summer and in winter.
  for (const std::string_view text : {"2026-06-18T09:00:00Z", "2026-11-26T10:00:00Z"}) {
    const TimePoint now = at(text);
    const Plan plan = make_plan(year.until(now), zone, {.now = now});
    ASSERT_TRUE(plan.now);
    // 60 % of 220 are there all the time, of the others a sixth comes within ten minutes; and 700 messages an hour.
    EXPECT_NEAR(plan.now->people.median, 132 + 88.0 / 6, 12);
    EXPECT_NEAR(plan.now->messages.median, 700.0 / 6, 12);
    EXPECT_LE(plan.now->people.low, plan.now->people.median);
    EXPECT_GE(plan.now->people.high, plan.now->people.median);
    EXPECT_TRUE(plan.now->same_weekday);
    for (const Window& w : plan.best) EXPECT_LT(w.people.median * 5, plan.now->people.median);
  }
}

TEST(TrafficPlan, AHolidayDoesNotMakeADayQuiet) {
  const Zone zone = *Zone::named("UTC");
  std::vector<HourRecord> all;
  const TimePoint begin = at("2026-01-05T00:00:00Z");  // a Monday
  for (int i = 0; i < 24 * 7 * 8; ++i) {
    HourRecord one{.hour = hour_of(begin + hours(i)), .covered = 3600};
    const bool holiday = i / 24 == 7 * 7;  // the last Monday: nobody was there
    one.of(Service::all) = {.users = holiday ? 0u : 100u, .presence = holiday ? 0u : 360'000u};
    all.push_back(one);
  }
  const TimePoint now = begin + days(7 * 8);
  const Plan plan = make_plan(all, zone, {.now = now, .within = hours(24)});
  ASSERT_TRUE(plan.now);
  EXPECT_EQ(plan.now->people.median, 100);
  EXPECT_LT(plan.now->people.low, 100);
}

TEST(TrafficPlan, SaysWhenTooLittleIsKnown) {
  const Zone zone = *Zone::named("Europe/Berlin");
  const Year year(3, zone, {{2, 5}});
  const TimePoint begin = at("2026-01-01T00:00:00Z");
  EXPECT_EQ(make_plan({}, zone, {.now = begin}).confidence, Plan::Confidence::none);
  const auto after = [&](int n) { return make_plan(year.until(begin + days(n)), zone, {.now = begin + days(n)}); };
  EXPECT_EQ(after(1).confidence, Plan::Confidence::none);
  EXPECT_TRUE(after(1).best.empty());
  const Plan little = after(10);
  EXPECT_EQ(little.confidence, Plan::Confidence::little);
  ASSERT_FALSE(little.best.empty());
  EXPECT_FALSE(little.best.front().same_weekday);
  EXPECT_EQ(after(60).confidence, Plan::Confidence::good);
  // Full of holes: every other hour of two months was not counted.
  std::vector<HourRecord> holes;
  for (const HourRecord& one : year.until(begin + days(60))) {
    if (static_cast<std::uint32_t>(one.hour) % 2 == 0) holes.push_back(one);
  }
  EXPECT_EQ(make_plan(holes, zone, {.now = begin + days(60)}).confidence, Plan::Confidence::little);
}

TEST(TrafficPlan, HoursOfTheFutureAndHalfCountedOnesDoNotCount) {
  const Zone zone = *Zone::named("UTC");
  std::vector<HourRecord> all;
  const TimePoint now = at("2026-03-01T00:00:00Z");
  for (int i = 1; i < 24 * 30; ++i) {
    HourRecord one{.hour = hour_of(now - hours(24 * 30 - i)), .covered = 3600};
    one.of(Service::all) = {.users = 50, .presence = 180'000};
    all.push_back(one);
  }
  auto with = all;
  for (int i = 24; i < 24 * 30; ++i) with.push_back({.hour = hour_of(now + hours(i)), .covered = 3600});
  EXPECT_EQ(make_plan(with, zone, {.now = now}).covered, make_plan(all, zone, {.now = now}).covered);
  for (HourRecord& one : all) one.covered = 1700;
  EXPECT_EQ(make_plan(all, zone, {.now = now}).confidence, Plan::Confidence::none);
}

TEST(TrafficPlan, ALongMaintenanceNeedsALongQuietTime) {
  const Zone zone = *Zone::named("Europe/Berlin");
  // One hour alone on Tuesday, five in a row on Sunday.
  const Year year(5, zone, {{2, 5}, {0, 20}, {0, 21}, {0, 22}, {0, 23}, {0, 19}});
  const TimePoint now = at("2026-08-03T09:00:00Z");
  const Plan plan = make_plan(year.until(now), zone, {.now = now, .length = minutes(180)});
  ASSERT_FALSE(plan.best.empty());
  const LocalTime best = local(zone, plan.best.front().begin);
  EXPECT_EQ(best.weekday, 0u);
  EXPECT_TRUE(best.hour == 19 || best.hour == 20);
}

}  // namespace
}  // namespace gatepost::traffic
