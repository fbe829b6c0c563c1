#include "daemon/control_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <thread>

#include "runtime/socket_address.hpp"

namespace gatepost::daemon {
namespace {

namespace fs = std::filesystem;
using runtime::UniqueFd;

class ControlSocketTest : public testing::Test {
 protected:
  ControlSocketTest() {
    char name[] = "/tmp/gatepost-control-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = control_socket_path(directory_);
  }
  ~ControlSocketTest() override { fs::remove_all(directory_); }

  void open(ControlSocket::Handler handler) {
    auto opened = ControlSocket::open(path_, std::move(handler), log_);
    ASSERT_TRUE(opened) << opened.error().detail;
    socket_ = *std::move(opened);
  }
  static ControlSocket::Answer echo(const admin::Request& request, std::stop_token) {
    return {admin::Reply{7, "you said " + request.verb + "\n", "{}"}, {}};
  }
  // Sends `octets` as they are, ends, and reads the answer.
  std::string raw(std::string_view octets) const {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path_.c_str());
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return "no connection";
    (void)!::send(fd.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    ::shutdown(fd.get(), SHUT_WR);
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0;)
      text.append(buffer, static_cast<std::size_t>(n));
    return text;
  }

  fs::path directory_, path_;
  MemorySink sink_;
  SystemClock clock_;
  Log log_{sink_, clock_};
  std::unique_ptr<ControlSocket> socket_;
};

TEST_F(ControlSocketTest, CarriesARequestAndItsReply) {
  open(echo);
  const auto reply = ask(path_, {"status", {{"a", {"1", "2"}}}});
  ASSERT_TRUE(reply) << reply.error().detail;
  EXPECT_EQ(reply->exit_code, 7);
  EXPECT_EQ(reply->text, "you said status\n");
  struct stat status{};
  ::stat(path_.c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(ControlSocketTest, SaysThatNobodyIsThere) {
  const auto none = ask(path_, {"status", {}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::not_found);
  open(echo);
  socket_.reset();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(ControlSocketTest, ReplacesTheSocketOfAKilledServerButNotOfALivingOne) {
  {
    const UniqueFd left(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path_.c_str());
    ASSERT_EQ(::bind(left.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  open(echo);
  const auto second = ControlSocket::open(path_, echo, log_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::already_exists);
  EXPECT_TRUE(ask(path_, {"status", {}}));
}

TEST_F(ControlSocketTest, HandsOverDescriptors) {
  const std::size_t count = 300;  // more than the kernel takes at once
  open([](const admin::Request&, std::stop_token) {
    ControlSocket::Answer answer;
    for (std::size_t i = 0; i < count; ++i) {
      UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
      if (i == 0) ::listen(fd.get(), 1);
      answer.descriptors.push_back(std::move(fd));
    }
    return answer;
  });
  std::vector<UniqueFd> got;
  ASSERT_TRUE(ask(path_, {"hand over", {}}, &got));
  ASSERT_EQ(got.size(), count);
  int listening = 0;
  socklen_t size = sizeof listening;
  ::getsockopt(got.front().get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
  EXPECT_EQ(listening, 1);
  // Who does not ask for them gets the reply alone.
  EXPECT_TRUE(ask(path_, {"hand over", {}}));
}

TEST_F(ControlSocketTest, AnswersGarbageWithAnErrorAndGoesOn) {
  open(echo);
  EXPECT_NE(raw("EHLO there").find("not a JSON object"), std::string::npos);
  EXPECT_NE(raw("").find("exit_code"), std::string::npos);
  EXPECT_NE(raw(R"({"verb":1,"options":[]})").find("bad options"), std::string::npos);
  EXPECT_EQ(raw(std::string(2 << 20, '[')), "");  // over the limit: closed
  EXPECT_TRUE(ask(path_, {"status", {}}));
}

TEST_F(ControlSocketTest, RefusesOtherUsers) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  open(echo);
  // Past the file modes, as if an admin had opened them.
  ::chmod(directory_.c_str(), 0777);
  ::chmod(path_.c_str(), 0777);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(9);
    const auto reply = ask(path_, {"stop", {}});
    ::_exit(!reply && reply.error().code == Errc::denied ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  ASSERT_FALSE(sink_.lines().empty());
  EXPECT_NE(sink_.lines().back().find("control.refused uid=65534"), std::string::npos) << sink_.lines().back();
}

TEST_F(ControlSocketTest, RunsAHandfulOfCommandsAtOnceAndStopsThemAtTheEnd) {
  std::atomic<int> running{0};
  open([&](const admin::Request&, std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    ++running;
    never.wait(lock, stop, [] { return false; });
    return ControlSocket::Answer{admin::Reply{1, "stopped\n", "{}"}, {}};
  });
  std::vector<std::jthread> clients;
  std::atomic<int> stopped{0}, busy{0};
  for (int i = 0; i < 12; ++i) {
    clients.emplace_back([&] {
      const auto reply = ask(path_, {"store check", {}});
      if (reply && reply->text == "stopped\n") ++stopped;
      if (reply && reply->text.find("too many") != std::string::npos) ++busy;
    });
  }
  while (running + busy < 12) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  socket_.reset();
  clients.clear();
  EXPECT_EQ(stopped, 8);
  EXPECT_EQ(busy, 4);
}

}  // namespace
}  // namespace gatepost::daemon
