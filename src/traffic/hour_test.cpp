#include "traffic/hour.hpp"

#include <gtest/gtest.h>

#include "traffic/distinct.hpp"

namespace gatepost::traffic {
namespace {

TEST(TrafficHour, ARecordIsReadAsItWasWritten) {
  HourRecord record;
  record.hour = Hour{490'000};
  record.covered = 3600;
  record.queue_peak = 1234;
  record.backup_seconds = 600;
  record.of(Service::all) = {.users = 70, .presence = 100'000};
  record.of(Service::imap) = {.sessions = 300, .failed = 2, .messages_in = 4, .users = 70, .presence = 99'000};
  record.of(Service::other) = {.sessions = 1};
  const auto read = decode_hour(record.hour, encode(record));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, record);
  EXPECT_EQ(*decode_hour(Hour{1}, encode(HourRecord{.hour = Hour{1}})), HourRecord{.hour = Hour{1}});
}

TEST(TrafficHour, ALaterFormatIsToldFromDamage) {
  std::string value = encode({});
  value[0] = 2;
  EXPECT_EQ(decode_hour(Hour{1}, value).error().code, Errc::unsupported);
  EXPECT_EQ(decode_hour(Hour{1}, "").error().code, Errc::corrupt);
  const std::string good = encode({.covered = 60});
  EXPECT_EQ(decode_hour(Hour{1}, good + "x").error().code, Errc::corrupt);
  EXPECT_EQ(decode_hour(Hour{1}, good.substr(0, good.size() - 1)).error().code, Errc::corrupt);
}

TEST(TrafficHour, KeysSortByTime) {
  EXPECT_LT(hour_key(Hour{255}), hour_key(Hour{256}));
  EXPECT_EQ(*parse_hour_key(hour_key(Hour{490'123})), Hour{490'123});
  EXPECT_FALSE(parse_hour_key("t1"));
  EXPECT_FALSE(parse_hour_key("a1234"));
}

TEST(TrafficHour, AnHourIsNamedByItsBeginning) {
  const TimePoint at(std::chrono::hours(1000) + std::chrono::minutes(59));
  EXPECT_EQ(hour_of(at), Hour{1000});
  EXPECT_EQ(begin_of(Hour{1000}), TimePoint(std::chrono::hours(1000)));
  EXPECT_EQ(hour_of(TimePoint(std::chrono::hours(-5))), Hour{0});  // a clock before 1970
}

TEST(TrafficHour, ServicesHaveTheNamesOthersUse) {
  EXPECT_EQ(service_named("imap"), Service::imap);
  EXPECT_EQ(service_named("https"), Service::http);
  EXPECT_EQ(service_named("metrics"), Service::other);
  EXPECT_EQ(service_named("all"), Service::other);
}

TEST(Distinct, CountsFewExactlyAndManyNearly) {
  Distinct few;
  EXPECT_EQ(few.count(), 0u);
  for (int again = 0; again < 3; ++again) {
    for (std::uint64_t i = 1024; i < 1034; ++i) few.add(i);
  }
  EXPECT_EQ(few.count(), 10u);
  for (const std::uint64_t n : {100u, 2'000u, 50'000u}) {
    Distinct many;
    for (std::uint64_t i = 0; i < n; ++i) many.add(1'000'000 + i);
    EXPECT_NEAR(static_cast<double>(many.count()), static_cast<double>(n), static_cast<double>(n) / 10) << n;
  }
}

TEST(Distinct, GoesOnAfterItWasWritten) {
  Distinct one;
  for (std::uint64_t i = 0; i < 50; ++i) one.add(i);
  Distinct read = *Distinct::decode(one.encode());
  EXPECT_EQ(read.count(), one.count());
  for (std::uint64_t i = 0; i < 5'000; ++i) one.add(i), read.add(i);
  EXPECT_EQ(read.count(), one.count());
  EXPECT_EQ(Distinct::decode(one.encode())->count(), one.count());
  EXPECT_FALSE(Distinct::decode(one.encode().substr(1)));
}

}  // namespace
}  // namespace gatepost::traffic
