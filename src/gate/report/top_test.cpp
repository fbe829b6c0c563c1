#include "gate/report/top.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatepost::gate {
namespace {

using testing::HasSubstr;

constexpr std::string_view kNow =
    R"({"now":"2026-11-26T14:05:10.000Z","since":"2026-11-26T14:00:00.000Z","hostname":"mail.example.org","connections":3,
"opened":30,"listeners":[{"name":"imaps","at":"0.0.0.0:993","port":993,"connections":2},
{"name":"imaps","at":"[::]:993","port":993,"connections":1}],
"sources":[{"address":"10.20.0.9","open_now":2,"opened":20,"refused":0,"opened_last_minute":4,"refused_last_minute":0}],
"refused":[{"last":"2026-11-26T14:05:01.000Z","address":"203.0.113.9","listener":"im\u001b[2Japs","what":"audience",
"detail":"\u202eevil","count":12}],"totals":{"audience":12,"handshake":0},
"firewall":{"fed":"2026-11-26T14:05:09.000Z","events":5,"gaps":0,"busiest":[{"source":"198.51.100.7","denied_last_minute":5,
"denied_last_hour":9}],"recent":[{"time":"2026-11-26T14:05:09.000Z","source":"198.51.100.7","port":993,
"rule":"gatepost:imaps\u0007","reason":"rate-limit"}]}})";

TEST(GateTop, ShowsServicesSourcesRefusalsAndTheFirewall) {
  const auto screen = render_top(kNow, std::nullopt, 0, 0);
  ASSERT_TRUE(screen);
  EXPECT_THAT(*screen, HasSubstr("imaps 3"));
  EXPECT_THAT(*screen, HasSubstr("10.20.0.9"));
  EXPECT_THAT(*screen, HasSubstr("not in audience 12"));
  EXPECT_THAT(*screen, HasSubstr("198.51.100.7"));
  EXPECT_THAT(*screen, HasSubstr("rate-limit"));
}

TEST(GateTop, ObeysNothingThatAPeerOrARuleSays) {
  const auto screen = *render_top(kNow, std::nullopt, 0, 0);
  for (const char c : screen) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << static_cast<int>(c);
  EXPECT_EQ(screen.find("\xe2\x80\xae"), std::string::npos);
}

TEST(GateTop, SaysHowManyConnectionsASecondSinceTheAnswerBefore) {
  std::string before(kNow);
  before.replace(before.find("14:05:10"), 8, "14:05:00");
  before.replace(before.find("\"opened\":30"), 11, "\"opened\":10");
  EXPECT_THAT(*render_top(kNow, before, 0, 0), HasSubstr("2.0/s new"));
}

TEST(GateTop, KeepsToTheRoomThereIs) {
  const auto screen = *render_top(kNow, std::nullopt, 4, 20);
  EXPECT_EQ(std::ranges::count(screen, '\n'), 4);
  for (std::size_t begin = 0, end = 0; begin < screen.size(); begin = end + 1) {
    end = screen.find('\n', begin);
    EXPECT_LE(end - begin, 20U);
  }
}

// A busy server on a terminal of 80 by 24: something of every section, and the reasons whole.
TEST(GateTop, ASmallTerminalHasRoomForEverySection) {
  std::string rows, refused, recent;
  for (int i = 1; i <= 40; ++i) {
    const std::string comma = i == 1 ? "" : ",", address = "203.0.113." + std::to_string(i);
    rows += comma + R"({"address":")" + address + R"(","open_now":1,"opened":2,"refused":3,"opened_last_minute":4})";
    refused += comma + R"({"last":"2026-11-26T14:05:01.000Z","address":")" + address +
               R"(","listener":"submissions","what":"not in the audience","count":12})";
    recent += comma + R"({"time":"2026-11-26T14:05:09.000Z","source":")" + address +
              R"(","port":993,"rule":"gatepost:imaps","reason":"rate-limit"})";
  }
  const std::string now =
      R"({"now":"2026-11-26T14:05:10.000Z","since":"2026-11-25T14:00:00.000Z","hostname":"mail.example.org","connections":40,
"opened":30,"listeners":[{"name":"smtp","port":25,"connections":1},{"name":"submission","port":587,"connections":2},
{"name":"submissions","port":465,"connections":3},{"name":"imap","port":143,"connections":4},{"name":"imaps","port":993,"connections":12},
{"name":"pop3s","port":995,"connections":1},{"name":"https","port":443,"connections":12}],"sources":[)" +
      rows + R"(],"refused":[)" + refused +
      R"(],"totals":{"audience":12,"handshake":3},"firewall":{"fed":"2026-11-26T14:05:09.000Z",
"events":5,"gaps":0,"busiest":[],"recent":[)" +
      recent + "]}}";
  const std::string screen = *render_top(now, now, 23, 80);
  EXPECT_EQ(std::ranges::count(screen, '\n'), 23);
  EXPECT_THAT(screen, HasSubstr("mail.example.org  14:05:10  40 open, 30 since 11-25 14:00\n"));
  EXPECT_THAT(screen, HasSubstr("https 12"));
  EXPECT_THAT(screen, HasSubstr("203.0.113.4           1         4         2         3\n"));
  EXPECT_THAT(screen, HasSubstr("14:05:01  203.0.113.1      submissions     12  not in the audience\n"));
  EXPECT_THAT(screen, HasSubstr("14:05:09  203.0.113.2      to 993    gatepost:imaps: rate-limit\n"));
  EXPECT_GT(std::ranges::count(*render_top(now, now, 100, 80), '\n'), 90);
}

TEST(GateTop, TakesNothingElseForAnAnswer) {
  for (const char* const text : {"", "[]", "{}", "{\"sources\":"}) EXPECT_FALSE(render_top(text, std::nullopt, 0, 0));
  EXPECT_TRUE(render_top(R"({"sources":7,"listeners":[1,"x"],"totals":[],"firewall":3})", "x", 0, 0));
}

}  // namespace
}  // namespace gatepost::gate
