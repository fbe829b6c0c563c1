#include "gate/watch/event_file.hpp"

#include <stdlib.h>

#include <fstream>

#include <gtest/gtest.h>

namespace gatepost::gate::watch {
namespace {

KeptEvent some_event(std::uint16_t port = 993) {
  KeptEvent e;
  e.number = 1;
  e.arrived = TimePoint(std::chrono::seconds(1'794'186'724));
  e.time.at = e.arrived + std::chrono::microseconds(17);
  e.time.known = e.time.has_fraction = true;
  e.verdict = log::Verdict::deny;
  e.how = log::How::drop;
  e.direction = log::Direction::in;
  e.protocol = 6;
  e.source = {*IpAddress::parse("203.0.113.9"), true, false};
  e.destination = {*IpAddress::parse("2001:db8::1"), true, true};
  e.source_port = 4000;
  e.destination_port = port;
  e.tcp_flags = log::kSyn;
  e.in_interface = "eth0";
  e.rule = "gatepost:imaps";
  e.reason = "rate-limit";
  return e;
}

class EventFileTest : public testing::Test {
 protected:
  EventFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "gatepost-events-XXXXXX").string();
    folder = mkdtemp(name.data());
  }
  ~EventFileTest() override { std::filesystem::remove_all(folder); }
  std::filesystem::path folder;
  std::filesystem::path path() const { return event_file_path(folder); }
  const TimePoint now{std::chrono::seconds(1'794'186'000)};
};

TEST(EventRecord, IsReadAsItWasWritten) {
  KeptEvent event = some_event();
  const EventRecord record = encode(event);
  const auto back = decode({record.data(), record.size()});
  ASSERT_TRUE(back);
  EXPECT_EQ(encode(*back), record);
  EXPECT_EQ(back->rule, "gatepost:imaps");
  EXPECT_EQ(back->source.ip, event.source.ip);
  EXPECT_EQ(back->destination_port, 993);
  EXPECT_EQ(back->time.at, event.time.at);
  EXPECT_EQ(event_of(*back).reason, "rate-limit");
  EXPECT_EQ(kept_of(event_of(event), 7, event.arrived).number, 7U);
}

TEST(EventRecord, IsRefusedWhenAnyOctetChanged) {
  const EventRecord record = encode(some_event());
  for (std::size_t i = 0; i < record.size(); ++i) {
    EventRecord damaged = record;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(decode({damaged.data(), damaged.size()})) << i;
  }
  EXPECT_FALSE(decode({record.data(), record.size() - 1}));
  EXPECT_FALSE(decode({}));
}

TEST_F(EventFileTest, KeepsTheLastEventsAndItsSize) {
  {
    auto file = *EventFile::open(path(), now, 4);
    for (std::uint16_t i = 1; i <= 6; ++i) ASSERT_TRUE(file.add(some_event(i)));
    ASSERT_TRUE(file.alive(now + std::chrono::seconds(9), 3));
    EXPECT_EQ(EventFile::open(path(), now, 4).error().code, Errc::conflict);
  }
  const auto read = *read_event_file(path());
  ASSERT_EQ(read.events.size(), 4U);
  EXPECT_EQ(read.events.front().destination_port, 3);
  EXPECT_EQ(read.events.back().number, 6U);
  EXPECT_EQ(read.alive - read.opened, std::chrono::seconds(9));
  EXPECT_EQ(read.gaps, 3U);
  auto again = *EventFile::open(path(), now + std::chrono::seconds(20), 4);
  ASSERT_TRUE(again.add(some_event(7)));
  EXPECT_EQ(read_event_file(path())->events.back().number, 7U);
  EXPECT_EQ(std::filesystem::file_size(path()), 5 * kRecordOctets);
}

TEST_F(EventFileTest, LeavesAloneWhatIsNotItsOwnAndPassesOverDamage) {
  std::ofstream(path()) << "somebody's notes";
  EXPECT_EQ(EventFile::open(path(), now).error().code, Errc::invalid);
  EXPECT_EQ(read_event_file(path()).error().code, Errc::invalid);
  EXPECT_EQ(read_event_file(folder / "none").error().code, Errc::not_found);
  std::filesystem::remove(path());
  {
    auto file = *EventFile::open(path(), now, 4);
    for (std::uint16_t i = 1; i <= 3; ++i) ASSERT_TRUE(file.add(some_event(i)));
  }
  std::fstream(path(), std::ios::in | std::ios::out | std::ios::binary).seekp(kRecordOctets * 2 + 100) << "x";
  EXPECT_EQ(read_event_file(path())->events.size(), 2U);
}

}  // namespace
}  // namespace gatepost::gate::watch
