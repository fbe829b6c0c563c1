#include "daemon/privileges.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <thread>

namespace gatepost::daemon {
namespace {

namespace fs = std::filesystem;

// Runs `body` in a process of its own, for what cannot be undone; its result is the number of the check that failed, or
// 0.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

class PrivilegesTest : public testing::Test {
 protected:
  PrivilegesTest() {
    char name[] = "/tmp/gatepost-privileges-XXXXXX";
    directory_ = ::mkdtemp(name);
    fs::create_directories(directory_ / "data" / "a");
    fs::create_directories(directory_ / "data" / "b");
  }
  ~PrivilegesTest() override { fs::remove_all(directory_); }

  fs::path directory_;
  MemorySink sink_;
  SystemClock clock_;
  Log log_{sink_, clock_};
};

TEST_F(PrivilegesTest, ConfinesTheProcessToItsDataDirectory) {
  const fs::path data = directory_ / "data";
  const int failed = in_child([&] {
    MemorySink sink;
    Log log(sink, clock_);
    confine({.writable = {data}, .readable = {"/proc"}}, log);
    const std::string said = sink.lines().back();
    const bool landlock = said.find("landlock=on") != std::string::npos;
    const bool seccomp = said.find("seccomp=on") != std::string::npos;
    if (!std::ofstream(data / "a" / "file")) return 1;
    if (landlock) {
      if (std::ofstream(directory_ / "outside")) return 2;
      if (std::ifstream("/etc/passwd")) return 3;
      if (!std::ifstream("/proc/self/statm")) return 4;
    }
    std::error_code ec;
    fs::rename(data / "a" / "file", data / "b" / "file", ec);
    if (ec && ec != std::errc::cross_device_link) return 5;  // version 1 of Landlock cannot allow it
    if (seccomp) {
      ::execl("/bin/true", "true", nullptr);
      if (errno != EPERM && errno != EACCES) return 6;
      if (::mount("none", "/tmp", "tmpfs", 0, nullptr) == 0 || errno != EPERM) return 7;
      if (::setuid(0) == 0 && ::geteuid() != 0) return 8;
    }
    bool ran = false;
    std::thread([&] { ran = true; }).join();
    return ran ? 0 : 9;
  });
  EXPECT_EQ(failed, 0);
}

TEST_F(PrivilegesTest, BecomesAnOrdinaryUserForGood) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const fs::path log = directory_ / "log";
  std::ofstream(log).put('x');
  EXPECT_EQ(in_child([&] {
              if (!become_user("nobody", {log})) return 1;
              if (::geteuid() != ::getpwnam("nobody")->pw_uid) return 2;
              if (::setuid(0) == 0) return 3;
              if (::getgroups(0, nullptr) != 0) return 4;
              return 0;
            }),
            0);
  struct stat status{};
  ::stat(log.c_str(), &status);
  EXPECT_EQ(status.st_uid, ::getpwnam("nobody")->pw_uid);
  const auto unknown = become_user("nobody-of-that-name");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().detail.find("adduser"), std::string::npos);
  EXPECT_TRUE(become_user(""));  // stays what it is
}

TEST_F(PrivilegesTest, GivesTheDataDirectoryAwayOnce) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const uid_t nobody = ::getpwnam("nobody")->pw_uid;
  const auto owner = [](const fs::path& path) {
    struct stat status{};
    ::lstat(path.c_str(), &status);
    return status.st_uid;
  };
  const fs::path data = directory_ / "data";
  fs::create_symlink("/etc/passwd", data / "link");
  ASSERT_TRUE(prepare_data_directory(data, "nobody"));
  EXPECT_EQ(owner(data), nobody);
  EXPECT_EQ(owner(data / "a"), nobody);
  EXPECT_EQ(owner("/etc/passwd"), 0U);
  // Later the user may have put anything there.
  std::ofstream(data / "roots").put('x');
  ASSERT_TRUE(prepare_data_directory(data, "nobody"));
  EXPECT_EQ(owner(data / "roots"), 0U);
  const fs::path fresh = directory_ / "fresh";
  ASSERT_TRUE(prepare_data_directory(fresh, "nobody"));
  EXPECT_EQ(owner(fresh), nobody);
  EXPECT_EQ(fs::status(fresh).permissions(), fs::perms::owner_all);
  EXPECT_FALSE(prepare_data_directory(directory_ / "no" / "parent", "nobody"));
}

}  // namespace
}  // namespace gatepost::daemon
