#include "daemon/maintenance_window.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <memory>

#include <fmt/format.h>

#include "base/date.hpp"

namespace gatepost::daemon {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class MaintenanceWindowTest : public ::testing::Test {
 protected:
  MaintenanceWindowTest() {
    std::filesystem::remove(file_);
    reopen();
  }
  ~MaintenanceWindowTest() override { std::filesystem::remove(file_); }
  void reopen() { window_ = std::make_unique<MaintenanceWindow>(file_, clock_, log_, metrics_); }

  const std::filesystem::path file_ = std::filesystem::temp_directory_path() / fmt::format("gp-window-{}", ::getpid());
  const IpAddress somebody_ = *IpAddress::parse("203.0.113.9");
  ManualClock clock_;
  Metrics metrics_;
  MemorySink sink_;
  Log log_{sink_, clock_};
  std::unique_ptr<MaintenanceWindow> window_;
};

TEST_F(MaintenanceWindowTest, TurnsAwayUntilItIsOver) {
  EXPECT_FALSE(window_->turn_away(somebody_));
  ASSERT_TRUE(window_->begin(1h, "Back at four"));
  EXPECT_EQ(window_->turn_away(somebody_), 3600s);
  clock_.advance(3599s);
  EXPECT_EQ(window_->turn_away(somebody_), 1s);
  EXPECT_EQ(window_->now()->turned_away, 2U);
  EXPECT_THAT(window_->why(), HasSubstr("Back at four"));
  clock_.advance(1s);
  EXPECT_FALSE(window_->turn_away(somebody_));
  EXPECT_FALSE(window_->now());
  EXPECT_FALSE(window_->end());
  EXPECT_FALSE(std::filesystem::exists(file_));
  EXPECT_THAT(sink_.lines().back(), HasSubstr("its time was over"));
}

TEST_F(MaintenanceWindowTest, EndsWhenTold) {
  ASSERT_TRUE(window_->begin(1h, ""));
  EXPECT_TRUE(window_->end());
  EXPECT_FALSE(window_->turn_away(somebody_));
  reopen();
  EXPECT_FALSE(window_->now());
}

TEST_F(MaintenanceWindowTest, GoesOnAfterARestartAndNoLongerThanItWasTo) {
  const auto begun = window_->begin(1h, "disks");
  ASSERT_TRUE(begun);
  clock_.advance(600s);
  reopen();
  ASSERT_TRUE(window_->now());
  EXPECT_EQ(window_->now()->message, "disks");
  EXPECT_EQ(window_->turn_away(somebody_), 3000s);
  clock_.advance(3000s);
  EXPECT_FALSE(window_->now());
  // Over while nobody ran.
  ASSERT_TRUE(window_->begin(1h, ""));
  clock_.advance(2h);
  reopen();
  EXPECT_FALSE(window_->now());
}

TEST_F(MaintenanceWindowTest, ALaterOneTakesThePlaceOfTheFirst) {
  ASSERT_TRUE(window_->begin(1h, "one"));
  ASSERT_TRUE(window_->begin(2h, "two"));
  EXPECT_EQ(window_->turn_away(somebody_), 7200s);
  EXPECT_TRUE(window_->begin(48h, "").value().until - clock_.now() == MaintenanceWindow::kLongest);
}

TEST_F(MaintenanceWindowTest, TakesNothingFromAFileThatIsNone) {
  const std::string now = date::format_rfc3339(clock_.now()), later = date::format_rfc3339(clock_.now() + 1h),
                    much_later = date::format_rfc3339(clock_.now() + 48h);
  for (const std::string& text : {std::string("nonsense"), std::string("{}"), std::string("[]"), std::string(5000, ' '),
                                  fmt::format(R"({{"begun":"{}","until":"{}","message":""}})", now, much_later),
                                  fmt::format(R"({{"begun":"{}","until":"{}","message":""}})", later, now)}) {
    std::ofstream(file_) << text;
    reopen();
    EXPECT_FALSE(window_->now()) << text;
  }
}

TEST_F(MaintenanceWindowTest, IsNotOpenWhenItCannotBeKept) {
  MaintenanceWindow nowhere("/nowhere/at/all/window", clock_, log_, metrics_);
  EXPECT_FALSE(nowhere.begin(1h, ""));
  EXPECT_FALSE(nowhere.now());
}

}  // namespace
}  // namespace gatepost::daemon
