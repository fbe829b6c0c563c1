#include "runtime/workers.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "runtime/run_to_end.hpp"
#include "runtime/threads.hpp"

namespace gatepost::runtime {
namespace {

using namespace std::chrono_literals;

Task<bool> resumes_on_its_own_thread(Workers& workers) {
  const auto before = std::this_thread::get_id();
  const auto worker = co_await workers.run([] { return std::this_thread::get_id(); });
  co_return worker != before&& std::this_thread::get_id() == before;
}

Task<int> run_one(Workers& workers, int value) {
  co_return co_await workers.run([value] {
    if (value < 0) throw std::invalid_argument("negative");
    return 2 * value;
  });
}

Task<> hop(Workers& workers, int times) {
  for (int i = 0; i < times; ++i) co_await workers.run([] {});
}

TEST(Workers, RunsElsewhereAndResumesTheCallerOnItsThread) {
  Workers workers(2);
  EXPECT_TRUE(run_to_end(resumes_on_its_own_thread(workers)));
}

TEST(Workers, PassesValuesAndExceptions) {
  Workers workers(2);
  EXPECT_EQ(run_to_end(run_one(workers, 21)), 42);
  EXPECT_THROW(run_to_end(run_one(workers, -1)), std::invalid_argument);
}

TEST(Workers, WithoutThreadsRunsAtOnce) {
  Workers workers(0);
  EXPECT_EQ(run_to_end(run_one(workers, 21)), 42);
  EXPECT_THROW(run_to_end(run_one(workers, -1)), std::invalid_argument);
  bool ran = false;
  workers.post([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(Workers, FinishesWhatIsQueuedBeforeItEnds) {
  std::atomic<int> done{0};
  {
    Workers workers(1);
    for (int i = 0; i < 100; ++i) workers.post([&] { ++done; });
  }
  EXPECT_EQ(done, 100);
}

TEST(Workers, RunsAsManyAtOnceAsItHasThreads) {
  IoThreads threads(2);
  Workers workers(4);
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  threads.start();
  std::atomic<int> ended{0};
  for (int i = 0; i < 40; ++i) {
    threads.spawn(static_cast<std::size_t>(i), [&]() -> Task<> {
      return [](Workers& pool, std::atomic<int>& now, std::atomic<int>& peak, std::atomic<int>& end) -> Task<> {
        co_await pool.run([&] {
          const int here = ++now;
          int seen = peak.load();
          while (seen < here && !peak.compare_exchange_weak(seen, here)) {
          }
          std::this_thread::sleep_for(2ms);
          --now;
        });
        ++end;
      }(workers, running, most, ended);
    });
  }
  while (ended != 40) std::this_thread::sleep_for(1ms);
  EXPECT_LE(most, 4);
  EXPECT_GE(most, 2);
  threads.stop();
}

TEST(Workers, AHopIsCheap) {
  Workers workers(2);
  constexpr int kHops = 5000;
  const auto begin = std::chrono::steady_clock::now();
  run_to_end(hop(workers, kHops));
  const auto each = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count() / kHops;
  RecordProperty("microseconds_per_hop", std::to_string(each));
  EXPECT_LT(each, 1000.0);  // measured 5 to 10; the rest is for loaded machines and sanitizers
}

}  // namespace
}  // namespace gatepost::runtime
