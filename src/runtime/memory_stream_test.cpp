#include "runtime/memory_stream.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "runtime/run_to_end.hpp"
#include "runtime/threads.hpp"

namespace gatepost::runtime {
namespace {

using namespace std::chrono_literals;

Task<> send_much(Stream& stream, std::size_t octets, bool& ok) {
  const std::string text(octets, 'x');
  auto sent = co_await stream.write_all(text);
  ok = sent.has_value();
  co_await stream.shutdown();
}

Task<std::size_t> read_all(Stream& stream) {
  std::size_t total = 0;
  std::string room(1000, '\0');
  for (;;) {
    auto got = co_await stream.read_some(room);
    if (!got || *got == 0) co_return total;
    total += *got;
  }
}

Task<Errc> wait_to_deadline(Stream& stream) {
  auto readable = co_await stream.wait_readable();
  co_return readable ? Errc::internal : readable.error().code;
}

TEST(MemoryStreams, CarryMoreThanTheyHold) {
  SystemClock clock;
  auto [left, right] = make_memory_streams(clock);
  IoThreads threads(1);
  threads.start();
  bool ok = false;
  threads.spawn(0, [&] { return send_much(*left, 1'000'000, ok); });
  EXPECT_EQ(threads.run<std::size_t>(0, [&] { return read_all(*right); }), 1'000'000U);
  threads.stop();
  EXPECT_TRUE(ok);
}

TEST(MemoryStreams, KeepDeadlinesOfAManualClock) {
  ManualClock clock;
  auto [left, right] = make_memory_streams(clock);
  left->set_deadline(clock.steady() + 60s);
  IoThreads threads(1);
  threads.start();
  std::jthread time([&] {
    std::this_thread::sleep_for(10ms);
    clock.advance(61s);
  });
  EXPECT_EQ(threads.run<Errc>(0, [&] { return wait_to_deadline(*left); }), Errc::timed_out);
}

TEST(ScriptStream, EndsAfterItsLastStep) {
  ManualClock clock;
  ScriptStream stream(clock, 3);
  stream.send("0123456789").silence(5s);
  EXPECT_EQ(run_to_end(read_all(stream)), 10U);
}

}  // namespace
}  // namespace gatepost::runtime
