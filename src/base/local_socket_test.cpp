#include "base/local_socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace gatepost {
namespace {

class LocalSocket : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "local-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  int connect_to(const std::filesystem::path& path) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, path.c_str(), path.string().size() + 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0) << std::strerror(errno);
    return fd;
  }
  std::filesystem::path directory_;
};

TEST_F(LocalSocket, KnowsWhoIsThere) {
  const auto path = directory_ / "socket";
  const int listener = listen_locally(path, SOCK_STREAM, std::nullopt);
  ASSERT_GE(listener, 0) << std::strerror(errno);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const int there = connect_to(path);
  const int here = ::accept(listener, nullptr, nullptr);
  ASSERT_GE(here, 0);
  EXPECT_TRUE(is_peer(here, ::geteuid()));
  // Root may always.
  EXPECT_EQ(is_peer(here, ::geteuid() + 1), ::geteuid() == 0);
  EXPECT_EQ(is_peer(here, std::nullopt), ::geteuid() == 0);
  for (const int fd : {listener, there, here}) ::close(fd);
}

TEST_F(LocalSocket, TakesThePlaceOfWhatWasThere) {
  const auto path = directory_ / "socket";
  const int first = listen_locally(path, SOCK_STREAM, std::nullopt);
  ::close(first);
  const int second = listen_locally(path, SOCK_STREAM, std::nullopt, true);
  ASSERT_GE(second, 0) << std::strerror(errno);
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0666U);
  ::close(second);
}

TEST_F(LocalSocket, SaysWhyNot) {
  EXPECT_LT(listen_locally(directory_ / std::string(200, 'x'), SOCK_STREAM, std::nullopt), 0);
  EXPECT_EQ(errno, ENAMETOOLONG);
  EXPECT_LT(listen_locally(directory_ / "not/there", SOCK_STREAM, std::nullopt), 0);
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace gatepost
