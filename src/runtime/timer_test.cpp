#include "runtime/timer.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "runtime/threads.hpp"

namespace gatepost::runtime {
namespace {

using namespace std::chrono_literals;

TEST(Timer, SleepsAtLeastThatLong) {
  IoThreads threads(1);
  threads.start();
  const auto begin = std::chrono::steady_clock::now();
  threads.run<void>(0, [] { return sleep_for(20ms); });
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

TEST(Alarm, EndsAWaitFromAnotherThread) {
  IoThreads threads(1);
  threads.start();
  Alarm alarm(threads.executor(0));
  std::jthread ringer([&] {
    std::this_thread::sleep_for(10ms);
    alarm.ring();
  });
  EXPECT_TRUE(threads.run<bool>(0, [&] { return alarm.wait(10s); }));
  EXPECT_FALSE(threads.run<bool>(0, [&] { return alarm.wait(1ms); }));
}

TEST(Alarm, RemembersARingThatCameBeforeTheWait) {
  IoThreads threads(1);
  threads.start();
  Alarm alarm(threads.executor(0));
  alarm.ring();
  alarm.ring();
  EXPECT_TRUE(threads.run<bool>(0, [&] { return alarm.wait(10s); }));
  EXPECT_FALSE(threads.run<bool>(0, [&] { return alarm.wait(1ms); }));
}

}  // namespace
}  // namespace gatepost::runtime
