#include "traffic/zone.hpp"

#include <gtest/gtest.h>

#include "traffic/test_support.hpp"

namespace gatepost::traffic {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

WallTime wall(std::string_view text) {
  return std::chrono::floor<seconds>(date::parse_rfc3339(std::string(text) + "Z")->time_since_epoch());
}

TEST(TrafficZone, KnowsSummerAndWinter) {
  const Zone berlin = *Zone::named("Europe/Berlin");
  EXPECT_EQ(berlin.wall(at("2026-01-15T12:00:00Z")), wall("2026-01-15T13:00:00"));
  EXPECT_EQ(berlin.wall(at("2026-07-15T12:00:00Z")), wall("2026-07-15T14:00:00"));
  EXPECT_EQ(berlin.moment(wall("2026-07-15T14:00:00")), at("2026-07-15T12:00:00Z"));
  EXPECT_EQ(Zone::named("Asia/Kolkata")->wall(at("2026-07-15T12:00:00Z")), wall("2026-07-15T17:30:00"));
}

TEST(TrafficZone, AnHourIsSkippedInSpringAndComesTwiceInAutumn) {
  const Zone berlin = *Zone::named("Europe/Berlin");
  EXPECT_EQ(berlin.moment(wall("2026-03-29T02:30:00")), std::nullopt);
  EXPECT_EQ(berlin.moment(wall("2026-03-29T03:10:00")), at("2026-03-29T01:10:00Z"));
  EXPECT_EQ(berlin.moment(wall("2026-10-25T02:30:00")), at("2026-10-25T00:30:00Z"));  // the first of two
  EXPECT_EQ(berlin.moment(wall("2026-10-25T03:10:00")), at("2026-10-25T02:10:00Z"));
}

TEST(TrafficZone, GoesThereAndBackAllTheYear) {
  for (const std::string_view name :
       {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC"}) {
    const Zone zone = *Zone::named(name);
    const TimePoint begin = at("2026-01-01T00:10:00Z");
    for (int i = 0; i < 24 * 365; ++i) {
      const TimePoint moment = begin + hours(i);
      const auto back = zone.moment(zone.wall(moment));
      ASSERT_TRUE(back);
      ASSERT_LE(*back, moment) << name << " " << date::format_rfc3339(moment);
      ASSERT_EQ(zone.wall(*back), zone.wall(moment)) << name;
    }
  }
}

TEST(TrafficZone, OnlyKnownNamesAreZones) {
  EXPECT_FALSE(Zone::named("Europe/Atlantis"));
  EXPECT_TRUE(Zone::named(""));
}

TEST(TrafficZone, TimesAreShownWithTheirDay) {
  EXPECT_EQ(format_wall(wall("2026-11-29T03:10:00")), "Sun 2026-11-29 03:10");
}

}  // namespace
}  // namespace gatepost::traffic
