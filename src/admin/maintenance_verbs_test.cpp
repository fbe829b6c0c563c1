#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/test_product.hpp"
#include "traffic/recorder.hpp"

namespace gatepost::admin {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;

class MaintenanceVerbs : public AdminFixture {
 protected:
  MaintenanceVerbs() { services->time_zone = "UTC"; }

  // Four weeks of hours: ten people by day, one at night, nobody at five on Tuesdays.
  void four_weeks() {
    auto recorder = *traffic::Recorder::open(store->keys(), clock);
    traffic::Sample sample;
    for (int i = 0; i < 24 * 7 * 4; ++i) {
      const auto now = std::chrono::duration_cast<hours>(clock.now().time_since_epoch()).count();
      const std::chrono::weekday day{std::chrono::sys_days(std::chrono::floor<std::chrono::days>(hours(now)))};
      const bool nobody = day == std::chrono::Tuesday && now % 24 == 5;
      const std::uint64_t people = nobody ? 0 : now % 24 >= 7 && now % 24 < 19 ? 10 : 1;
      sample.present.clear();
      for (std::uint64_t who = 0; who < people; ++who) sample.present.emplace_back(traffic::Service::imap, 1024 + who);
      if (!nobody) sample.totals[1].messages_in += 6 * people;
      clock.advance(hours(1) - minutes(1));
      ASSERT_TRUE(recorder->tick(sample));
      sample.present.clear();
      clock.advance(minutes(1));
      ASSERT_TRUE(recorder->tick(sample));
    }
  }
};

TEST_F(MaintenanceVerbs, SaysThatNothingIsKnownYet) {
  const Reply reply = ask("maintenance plan");
  EXPECT_EQ(reply.exit_code, 1);
  EXPECT_THAT(reply.text, HasSubstr("Too little is known: 0.0 day(s)"));
  EXPECT_EQ(text(json(reply), "confidence"), "none");
  EXPECT_THAT(done("maintenance traffic").text, HasSubstr("Nothing was counted then."));
}

TEST_F(MaintenanceVerbs, NamesTheBestTimesAndWhatNowWouldCost) {
  four_weeks();
  clock.advance(hours(10));  // by day
  const Reply reply = done("maintenance plan", {{"minutes", {"10"}}, {"within", {"7d"}}});
  const auto plan = json(reply).as_object();
  EXPECT_EQ(plan.at("confidence").as_string(), "good");
  const auto& best = plan.at("best").as_array();
  ASSERT_EQ(best.size(), 3u);
  EXPECT_THAT(std::string(best[0].at("local").as_string()), testing::StartsWith("Tue "));
  EXPECT_THAT(std::string(best[0].at("local").as_string()), HasSubstr(" 05:"));
  EXPECT_EQ(best[0].at("people").at("median").to_number<double>(), 0);
  EXPECT_NEAR(plan.at("now").at("people").at("median").to_number<double>(), 10, 0.5);
  EXPECT_THAT(reply.text, HasSubstr("nobody, instead of 10"));
  EXPECT_THAT(reply.text, HasSubstr("delayed, not lost"));
}

TEST_F(MaintenanceVerbs, ShowsTheHours) {
  four_weeks();
  const Reply reply = done("maintenance traffic", {{"within", {"2d"}}});
  const auto hours = json(reply);
  EXPECT_EQ(hours.as_array().size(), 48u);
  const auto& hour = hours.as_array()[0].as_object();
  EXPECT_EQ(hour.at("covered_s").to_number<int>(), 3600);
  EXPECT_TRUE(hour.at("services").as_object().contains("imap"));
}

TEST_F(MaintenanceVerbs, RefusesWhatMakesNoSense) {
  for (const char* minutes : {"0", "1441", "-5", "ten", "5x", "99999999999999999999"})
    EXPECT_EQ(ask("maintenance plan", {{"minutes", {minutes}}}).exit_code, 2) << minutes;
  for (const char* within : {"0d", "15d", "x", "3w", "-1h"})
    EXPECT_EQ(ask("maintenance plan", {{"within", {within}}}).exit_code, 2) << within;
  EXPECT_EQ(ask("maintenance plan", {{"zone", {"Europe/Atlantis"}}}).exit_code, 2);
}

TEST_F(MaintenanceVerbs, AnnouncesOneLineOfAscii) {
  std::string said;
  services->server.status = [](const Request&) { return Reply{}; };
  services->server.announce = [&](const std::string& text) {
    said = text;
    return std::size_t{3};
  };
  EXPECT_THAT(done("maintenance announce", {{"message", {"Back at four"}}}).text, HasSubstr("3 connection(s)"));
  EXPECT_EQ(said, "Back at four");
  for (const std::string& bad : {std::string(), std::string("two\r\nlines"), std::string("\xc3\xbc"),
                                 std::string("[ALERT] x"), std::string(501, 'x')})
    EXPECT_EQ(ask("maintenance announce", {{"message", {bad}}}).exit_code, 2);
}

TEST_F(MaintenanceVerbs, WindowsBeginAndEnd) {
  std::chrono::seconds length{0};
  std::string message;
  int ended = 0;
  services->server.status = [](const Request&) { return Reply{}; };
  services->server.begin_maintenance = [&](std::chrono::seconds asked, const std::string& text) {
    length = asked;
    message = text;
    return Reply{};
  };
  services->server.end_maintenance = [&] {
    ++ended;
    return Reply{};
  };
  done("maintenance begin");
  EXPECT_EQ(length, std::chrono::hours(1));
  done("maintenance begin", {{"for", {"30m"}}, {"message", {"New disks"}}});
  EXPECT_EQ(length, std::chrono::minutes(30));
  EXPECT_EQ(message, "New disks");
  length = {};
  for (const char* const wrong : {"25h", "0s", "soon"}) {
    EXPECT_EQ(ask("maintenance begin", {{"for", {wrong}}}).exit_code, 2) << wrong;
  }
  for (const std::string& wrong : {std::string("two\nlines"), std::string("\xc3\xa4"), std::string(300, 'x')}) {
    EXPECT_EQ(ask("maintenance begin", {{"message", {wrong}}}).exit_code, 2);
  }
  EXPECT_EQ(length.count(), 0);
  done("maintenance end");
  EXPECT_EQ(ended, 1);
}

}  // namespace
}  // namespace gatepost::admin
