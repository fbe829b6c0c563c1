#include "daemon/file_watch.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace gatepost::daemon {
namespace {

namespace fs = std::filesystem;

class FileWatchTest : public ::testing::Test {
 protected:
  FileWatchTest() {
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    write("one");
  }
  ~FileWatchTest() override { fs::remove_all(folder_); }
  void write(const std::string& text) { std::ofstream(file_) << text; }
  bool changed() { return watch_.changed({file_}); }

  const fs::path folder_ = fs::path(::testing::TempDir()) / ("gatepost-watch-" + std::to_string(::getpid()));
  const fs::path file_ = folder_ / "cert.pem";
  FileWatch watch_;
};

TEST_F(FileWatchTest, TellsOnceWhenAFileIsAtRest) {
  EXPECT_FALSE(changed());
  EXPECT_FALSE(changed());
  write("longer");
  EXPECT_FALSE(changed());  // perhaps half written
  write("longer still");
  EXPECT_FALSE(changed());
  EXPECT_TRUE(changed());
  EXPECT_FALSE(changed());
}

TEST_F(FileWatchTest, SeesAFileMovedIntoPlaceAndOneThatGoes) {
  EXPECT_FALSE(changed());
  EXPECT_FALSE(changed());
  std::ofstream(folder_ / "new") << "two";
  fs::rename(folder_ / "new", file_);
  EXPECT_FALSE(changed());
  EXPECT_TRUE(changed());
  fs::remove(file_);
  EXPECT_FALSE(changed());
  EXPECT_TRUE(changed());
}

}  // namespace
}  // namespace gatepost::daemon
