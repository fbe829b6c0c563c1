#include "gate/notes/log_line.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"

namespace gatepost::gate::notes {
namespace {

constexpr Event kEvent{"test.event", Level::notice, "A test.", "Nothing.", "Nothing."};

TEST(LogLine, ReadsBackWhatTheLogWrote) {
  MemorySink sink;
  ManualClock clock;
  Log log(sink, clock);
  const std::string hostile = "a \"b\" \\ \n\t\x1b[2J \xff \xe2\x80\xae end";
  log.write(kEvent, {{"conn", "4f2a"}, {"remote", "[2001:db8::1]:4000"}, {"why", hostile}, {"empty", ""}, {"n", 7}});
  const auto line = read_log_line(sink.lines().front());
  ASSERT_TRUE(line);
  EXPECT_EQ(line->name, "test.event");
  EXPECT_EQ(line->level, "notice");
  EXPECT_EQ(line->time, clock.now());
  EXPECT_EQ(line->field("why"), hostile);
  EXPECT_EQ(line->field("empty"), "");
  EXPECT_EQ(line->field("n"), "7");
  EXPECT_EQ(line->remote(), IpAddress::parse("2001:db8::1"));
}

TEST(LogLine, PassesOverWhatACollectorPutsInFront) {
  const auto line = read_log_line(
      "Nov 26 10:00:00 mail gatepost[71]: 2026-11-26T10:00:00.000Z info tls.failed remote=192.0.2.7:4000 why=\"no "
      "shared "
      "cipher\"\r\n");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->field("why"), "no shared cipher");
  EXPECT_EQ(line->remote(), IpAddress::parse("192.0.2.7"));
}

TEST(LogLine, TakesNothingElseForALine) {
  for (const char* const text :
       {"", " ", "2026-11-26T10:00:00.000Z", "2026-11-26T10:00:00.000Z loud a.b", "2026-11-26T10:00:00.000Z info word",
        "gatepost: cannot open /etc/gatepost", "2026-13-26T10:00:00.000Z info a.b",
        "2026-11-26T10:00:00.000Z info a.\x92\nb", "2026-11-26T10:00:00.000Z info a.b-c"}) {
    EXPECT_FALSE(read_log_line(text)) << text;
  }
}

TEST(LogLine, KnowsAddressesInEveryFormTheLogHas) {
  EXPECT_EQ(address_in("192.0.2.1"), IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(address_in("192.0.2.1:25"), IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(address_in("[2001:db8::1]:25"), IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(address_in("2001:db8::1"), IpAddress::parse("2001:db8::1"));
  EXPECT_FALSE(address_in("[2001:db8::1"));
  EXPECT_FALSE(address_in("mail.example.org"));
  EXPECT_FALSE(address_in(""));
}

}  // namespace
}  // namespace gatepost::gate::notes
