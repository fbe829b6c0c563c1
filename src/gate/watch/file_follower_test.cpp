#include "gate/watch/file_follower.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

namespace gatepost::gate::watch {
namespace {

class FileFollowerTest : public testing::Test {
 protected:
  FileFollowerTest() {
    std::string name = "/tmp/gatepost-follow-XXXXXX";
    folder_ = mkdtemp(name.data());
    log_ = folder_ / "log";
  }
  ~FileFollowerTest() override { std::filesystem::remove_all(folder_); }

  void append(const std::string& text, const std::string& name = "log") {
    std::ofstream(folder_ / name, std::ios::app | std::ios::binary) << text;
  }
  // All that is new; "|" stands where another file begins.
  static std::string drain(FileFollower& follower) {
    std::string out;
    for (;;) {
      const auto piece = follower.next();
      EXPECT_TRUE(piece) << piece.error().detail;
      if (!piece) return out;
      if (piece->replaced) out += '|';
      if (piece->octets.empty()) return out;
      out += piece->octets;
    }
  }

  std::filesystem::path folder_, log_;
};

TEST_F(FileFollowerTest, GivesWhatIsAppended) {
  append("a\n");
  auto follower = FileFollower::open(log_);
  ASSERT_TRUE(follower);
  EXPECT_EQ(drain(*follower), "a\n");
  EXPECT_EQ(drain(*follower), "");
  append("b");
  append("c\n");
  EXPECT_EQ(drain(*follower), "bc\n");
}

TEST_F(FileFollowerTest, PassesOverWhatIsThereWhenAsked) {
  append("old\n");
  auto follower = FileFollower::open(log_, true);
  ASSERT_TRUE(follower);
  append("new\n");
  EXPECT_EQ(drain(*follower), "new\n");
}

TEST_F(FileFollowerTest, ReadsARenamedFileToItsEndBeforeTheNext) {
  append("1\n");
  auto follower = FileFollower::open(log_);
  ASSERT_TRUE(follower);
  EXPECT_EQ(drain(*follower), "1\n");
  std::filesystem::rename(log_, folder_ / "log.1");
  append("2\n", "log.1");
  EXPECT_EQ(drain(*follower), "2\n");  // no new one yet
  append("3\n", "log.1");
  append("4\n");
  EXPECT_EQ(drain(*follower), "3\n|4\n");
  append("5\n");
  EXPECT_EQ(drain(*follower), "5\n");
}

TEST_F(FileFollowerTest, NoticesAFileThatWasCopiedAndCut) {
  append("first first\n");
  auto follower = FileFollower::open(log_);
  ASSERT_TRUE(follower);
  EXPECT_EQ(drain(*follower), "first first\n");
  std::filesystem::resize_file(log_, 0);
  append("2nd\n");
  EXPECT_EQ(drain(*follower), "|2nd\n");
}

TEST_F(FileFollowerTest, NoticesACutFileThatHasOutgrownItsOldSelf) {
  append("first\n");
  auto follower = FileFollower::open(log_);
  ASSERT_TRUE(follower);
  EXPECT_EQ(drain(*follower), "first\n");
  std::filesystem::resize_file(log_, 0);
  append("second, and longer than the first\n");
  EXPECT_EQ(drain(*follower), "|second, and longer than the first\n");
}

TEST_F(FileFollowerTest, PassesOverTheHoleOfAWriterThatKeptItsPlace) {
  append(std::string(1 << 20, 'x') + "\n");
  auto follower = FileFollower::open(log_);
  ASSERT_TRUE(follower);
  EXPECT_EQ(drain(*follower).size(), (1U << 20) + 1);
  std::filesystem::resize_file(log_, 0);
  const int fd = ::open(log_.c_str(), O_WRONLY);
  ASSERT_EQ(::pwrite(fd, "after\n", 6, 1 << 20), 6);
  ::close(fd);
  const std::string got = drain(*follower);
  EXPECT_TRUE(got.starts_with("|") && got.ends_with("after\n"));
  EXPECT_LT(got.size(), 70'000U);
}

TEST_F(FileFollowerTest, RefusesWhatIsNoFile) {
  EXPECT_EQ(FileFollower::open(log_).error().code, Errc::not_found);
  EXPECT_EQ(FileFollower::open(folder_).error().code, Errc::invalid);
  ASSERT_EQ(mkfifo(log_.c_str(), 0600), 0);
  EXPECT_EQ(FileFollower::open(log_).error().code, Errc::invalid);
}

TEST_F(FileFollowerTest, LosesNothingAndRepeatsNothingUnderRandomRotation) {
  append("");
  auto follower = FileFollower::open(log_);
  ASSERT_TRUE(follower);
  std::string expected, got;
  unsigned state = 7, number = 0;
  const auto random = [&] { return state = state * 1664525 + 1013904223, state >> 24; };
  for (int step = 0; step < 3000; ++step) {
    const std::string line = std::to_string(number++) + "\n";
    append(line);
    expected += line;
    if (random() % 4 == 0) got += drain(*follower);
    if (random() % 40 == 0) {
      std::filesystem::rename(log_, folder_ / ("log." + std::to_string(step)));
      append("");
      got += drain(*follower);  // a second rename before this one is read would hide the one between
    } else if (random() % 40 == 0) {
      got += drain(*follower);  // what is cut away unread is lost to everybody
      std::filesystem::resize_file(log_, 0);
    }
  }
  got += drain(*follower);
  std::erase(got, '|');
  EXPECT_EQ(got, expected);
}

}  // namespace
}  // namespace gatepost::gate::watch
