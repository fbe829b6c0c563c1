#include "traffic/recorder.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "store/store.hpp"

namespace gatepost::traffic {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// Wall time that jumps, while durations go on.
class JumpyClock final : public Clock {
 public:
  TimePoint now() const override { return clock_.now() + jump; }
  SteadyPoint steady() const override { return clock_.steady(); }
  void advance(std::chrono::microseconds by) { clock_.advance(by); }
  std::chrono::hours jump{0};

 private:
  ManualClock clock_;
};

class TrafficRecorder : public testing::Test {
 protected:
  TrafficRecorder() { start(); }
  // As after kill -9: what was not written is gone.
  void start() {
    recorder_.reset();
    recorder_ = *Recorder::open(store_->keys(), clock_);
    sample_ = Sample();
  }
  Totals& totals(Service s) { return sample_.totals[static_cast<std::size_t>(s)]; }
  void minute() {
    clock_.advance(minutes(1));
    const auto done = recorder_->tick(sample_);
    EXPECT_TRUE(done) << done.error().detail;
  }
  std::vector<HourRecord> all() { return *history(store_->keys()); }

  JumpyClock clock_;
  Metrics metrics_;
  std::unique_ptr<store::Store> store_ = *store::open({.engine = "memory"}, null_log(), metrics_, clock_);
  std::unique_ptr<Recorder> recorder_;
  Sample sample_;
};

TEST_F(TrafficRecorder, CountsByHourAndService) {
  for (int i = 0; i < 90; ++i) {
    ++totals(Service::imap).sessions;
    totals(Service::smtp).messages_in += 2;
    sample_.queue = static_cast<std::uint64_t>(i);
    minute();
  }
  const auto hours = all();
  ASSERT_EQ(hours.size(), 2u);
  EXPECT_EQ(hours[0].covered + hours[1].covered, 90u * 60);
  EXPECT_EQ(hours[0].covered, 3600u);
  EXPECT_EQ(hours[0].of(Service::imap).sessions, 60u);
  EXPECT_EQ(hours[1].of(Service::smtp).messages_in, 60u);
  EXPECT_EQ(hours[0].queue_peak, 59u);
  EXPECT_EQ(hours[1].queue_peak, 89u);
}

TEST_F(TrafficRecorder, SomebodyWithTwoProgramsIsOnePerson) {
  recorder_->seen(Service::imap, 1024);
  recorder_->seen(Service::submission, 1024);
  recorder_->seen(Service::imap, 1025);
  sample_.present = {{Service::imap, 1024}, {Service::submission, 1024}};
  minute();
  const HourRecord hour = all().at(0);
  EXPECT_EQ(hour.of(Service::all).users, 2u);
  EXPECT_EQ(hour.of(Service::imap).users, 2u);
  EXPECT_EQ(hour.of(Service::submission).users, 1u);
  EXPECT_EQ(hour.of(Service::all).presence, 60u);
}

TEST_F(TrafficRecorder, AKilledProcessLosesAMinuteAtMost) {
  recorder_->seen(Service::imap, 1024);
  totals(Service::imap).sessions = 5;
  minute();
  totals(Service::imap).sessions = 7;  // after the tick
  start();
  recorder_->seen(Service::imap, 1024);
  totals(Service::imap).sessions = 1;
  minute();
  const HourRecord hour = all().at(0);
  EXPECT_EQ(hour.of(Service::imap).sessions, 6u);
  EXPECT_EQ(hour.of(Service::imap).users, 1u);  // known from before
  EXPECT_EQ(hour.covered, 120u);
}

TEST_F(TrafficRecorder, WhoStaysSignedInIsCountedInEveryHour) {
  recorder_->seen(Service::imap, 1024);
  sample_.present = {{Service::imap, 1024}};
  for (int i = 0; i < 121; ++i) minute();
  for (const HourRecord& hour : all()) EXPECT_EQ(hour.of(Service::all).users, 1u);
}

TEST_F(TrafficRecorder, AnHourThatComesTwiceIsOne) {
  totals(Service::smtp).sessions = 10;
  minute();
  const Hour first = hour_of(clock_.now());
  clock_.jump = hours(5);
  totals(Service::smtp).sessions = 11;
  minute();
  totals(Service::smtp).sessions = 13;
  minute();
  clock_.jump = hours(0);
  totals(Service::smtp).sessions = 16;
  minute();
  totals(Service::smtp).sessions = 20;
  minute();
  std::uint64_t sum = 0;
  for (const HourRecord& hour : all()) sum += hour.of(Service::smtp).sessions;
  EXPECT_EQ(sum, 20u);
  EXPECT_EQ(all().size(), 2u);
  EXPECT_EQ(all().at(0).hour, first);
  EXPECT_EQ(all().at(0).of(Service::smtp).sessions, 10u + 1u + 4u);
}

TEST_F(TrafficRecorder, AClockThatWasFarOffCostsNothingButItsOwnHours) {
  minute();
  clock_.jump = hours(24 * 365 * 70);
  for (int i = 0; i < 3; ++i) minute();
  clock_.jump = hours(0);
  for (int i = 0; i < 3; ++i) minute();
  EXPECT_EQ(all().size(), 2u);
  EXPECT_EQ(all().front().hour, hour_of(clock_.now()));
}

TEST_F(TrafficRecorder, HalfAYearIsKept) {
  for (std::size_t i = 0; i < kMaxHours + 200; ++i) {
    clock_.advance(hours(1));
    EXPECT_TRUE(recorder_->tick(sample_));
  }
  EXPECT_EQ(all().size(), kMaxHours);
  EXPECT_EQ(all().back().hour, hour_of(clock_.now() - hours(1)));
  start();
  clock_.advance(hours(2));
  EXPECT_TRUE(recorder_->tick(sample_));
  EXPECT_EQ(all().size(), kMaxHours);
}

TEST_F(TrafficRecorder, ABackupIsNoted) {
  sample_.backup = true;
  minute();
  minute();
  sample_.backup = false;
  minute();
  EXPECT_EQ(all().at(0).backup_seconds, 120u);
}

}  // namespace
}  // namespace gatepost::traffic
