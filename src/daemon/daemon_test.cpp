// The whole server in one process, on ports the kernel picks, with the engine that forgets.
#include "daemon/daemon.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <fstream>

#include "config/load.hpp"
#include "daemon/settings.hpp"
#include "daemon/take_over.hpp"
#include "runtime/socket_address.hpp"

namespace gatepost::daemon {
namespace {

namespace fs = std::filesystem;

Endpoint loopback(std::uint16_t port) { return {*IpAddress::parse("127.0.0.1"), port}; }

std::uint16_t free_port() {
  const auto fd = runtime::open_listening_socket(loopback(0));
  return runtime::local_endpoint(fd->get())->port;
}

// Sends `say` once something was said, or at once, and reads to the end or a pause of a second.
class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{5, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const runtime::SocketAddress to = runtime::to_socket_address(loopback(port));
    connected_ = ::connect(fd_.get(), to.raw(), to.size) == 0;
  }
  bool connected() const { return connected_; }
  void say(std::string_view text) { (void)!::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL); }
  std::string hear() {  // empty: the end
    char buffer[16384];
    const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
  }

 private:
  runtime::UniqueFd fd_;
  bool connected_ = false;
};

class DaemonTest : public testing::Test {
 protected:
  DaemonTest() {
    char name[] = "/tmp/gatepost-daemon-XXXXXX";
    directory_ = ::mkdtemp(name);
    write("");
    config::LoadOutcome loaded = config::load_and_check(file_);
    for (const auto& problem : loaded.problems) {
      if (problem.severity == config::Severity::error) ADD_FAILURE() << problem.text();
    }
    auto product = Product::open(loaded.config, clock_, log_);
    EXPECT_TRUE(product) << product.error().detail;
    runtime::InheritedSockets none;
    auto sockets = open_sockets(loaded.config.listeners, none, log_);
    EXPECT_TRUE(sockets) << sockets.error().detail;
    auto made = Daemon::create({.config_file = file_,
                                .config = loaded.config,
                                .product = *std::move(product),
                                .sockets = *std::move(sockets),
                                .tls = {},
                                .log_target = log_target_,
                                .log = log_,
                                .clock = clock_});
    EXPECT_TRUE(made) << made.error().detail;
    daemon_ = *std::move(made);
    const auto started = daemon_->start();
    EXPECT_TRUE(started) << started.error().detail;
  }
  ~DaemonTest() override {
    if (daemon_) EXPECT_TRUE(daemon_->stop(std::chrono::seconds(5)));
    daemon_.reset();
    fs::remove_all(directory_);
  }

  void write(const std::string& more) {
    std::ofstream(file_)
        << "[server]\nhostname = \"mail.example.org\"\ndata_dir = \"" << directory_.string()
        << "\"\nuser = \"\"\ndefault_listeners = false\nio_threads = 2\nworker_threads = 2\n"
           "[store]\nengine = \"memory\"\n[auth]\nargon2_memory_kib = 8192\nargon2_iterations = 1\n"
           "[log]\ntarget = \"/dev/null\"\n"
           "[listener.mx]\nservice = \"smtp\"\naddress = \"127.0.0.1\"\nreason = \"t\"\ntls = \"none\"\nport = "
        << smtp_
        << "\n[listener.numbers]\nservice = \"metrics\"\naddress = \"127.0.0.1\"\nreason = \"t\"\n"
           "audience = \"admin\"\ntls = \"none\"\nport = "
        << metrics_ << "\n"
        << more;
  }

  const std::uint16_t smtp_ = free_port(), metrics_ = free_port();
  fs::path directory_;
  fs::path file_ = "/tmp/gatepost-daemon-test." + std::to_string(::getpid()) + ".toml";
  SystemClock clock_;
  MemorySink sink_;
  Log log_{sink_, clock_};
  LogTarget log_target_;
  std::unique_ptr<Daemon> daemon_;
};

TEST_F(DaemonTest, ServesAndStops) {
  Client smtp(smtp_);
  EXPECT_TRUE(smtp.hear().starts_with("220 mail.example.org "));
  Client metrics(metrics_);
  metrics.say("GET /metrics HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(metrics.hear().starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(daemon_->stop(std::chrono::seconds(5)));
  EXPECT_TRUE(smtp.hear().starts_with("421 "));
  EXPECT_EQ(smtp.hear(), "");
  EXPECT_FALSE(fs::exists(control_socket_path(directory_)));
  daemon_.reset();
  EXPECT_FALSE(Client(smtp_).connected());
}

TEST_F(DaemonTest, AReloadThatFailsAnywhereChangesNothing) {
  Client before(smtp_);
  before.hear();
  // The last thing that is tried fails: a certificate that is none.
  std::ofstream(directory_ / "bad.pem") << "-----BEGIN CERTIFICATE-----\nPRIVATE KEY-----\n";
  const std::string bad = (directory_ / "bad.pem").string();
  const std::uint16_t more = free_port();
  write("[smtp]\nbanner = \"changed\"\n[[tls.certificate]]\ncert = \"" + bad + "\"\nkey = \"" + bad +
        "\"\n[listener.more]\nservice = \"smtp\"\naddress = \"127.0.0.1\"\nreason = \"t\"\ntls = \"none\"\nport = " +
        std::to_string(more) + "\n");
  EXPECT_FALSE(daemon_->reload());
  EXPECT_EQ(Client(smtp_).hear().find("changed"), std::string::npos);
  EXPECT_FALSE(Client(more).connected());
  before.say("NOOP\r\n");
  EXPECT_TRUE(before.hear().starts_with("250 "));
}

TEST_F(DaemonTest, AReloadOpensAndClosesListenersAndKeepsSessions) {
  const std::uint16_t more = free_port();
  write(
      "[smtp]\nbanner = \"changed\"\n[listener.more]\nservice = \"smtp\"\naddress = \"127.0.0.1\"\nreason = \"t\"\n"
      "tls = \"none\"\nport = " +
      std::to_string(more) + "\n");
  ASSERT_TRUE(daemon_->reload());
  Client kept(more);
  EXPECT_NE(kept.hear().find("changed"), std::string::npos);
  write("");
  ASSERT_TRUE(daemon_->reload());
  EXPECT_EQ(Client(smtp_).hear().find("changed"), std::string::npos);
  for (int i = 0; i < 200 && Client(more).connected(); ++i) ::usleep(5000);
  EXPECT_FALSE(Client(more).connected());
  kept.say("NOOP\r\n");
  EXPECT_TRUE(kept.hear().starts_with("250 "));
}

TEST_F(DaemonTest, HandsItsSocketsToASuccessor) {
  auto handed = ask_for_sockets(directory_);
  ASSERT_TRUE(handed) << handed.error().detail;
  EXPECT_EQ(handed->pid, ::getpid());
  EXPECT_TRUE(handed->log);
  EXPECT_EQ(handed->sockets.rest().size(), 2U);
  EXPECT_TRUE(handed->channel);
  // Only who got the sockets may ask it to stop for that, and nobody has.
  EXPECT_FALSE(ask_to_stop(directory_, handed->token + 1));
  EXPECT_FALSE(daemon_->estate());
  EXPECT_TRUE(daemon_->stop(std::chrono::seconds(5)));
  daemon_.reset();
  // Nobody accepts now, and still nobody is refused.
  EXPECT_TRUE(Client(smtp_).connected());
  EXPECT_TRUE(handed->sockets.take(loopback(smtp_)));
  const auto nobody = ask_for_sockets(directory_);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, Errc::not_found);
}

TEST_F(DaemonTest, SaysHowFarADrainHasCome) {
  const auto path = control_socket_path(directory_);
  Client smtp(smtp_);
  smtp.hear();
  const auto serving = ask(path, {"drain", {}});
  ASSERT_TRUE(serving);
  EXPECT_NE(serving->json.find("\"draining\":false"), std::string::npos);
  EXPECT_NE(serving->text.find("Serving 1 connection(s)"), std::string::npos);
  EXPECT_TRUE(daemon_->stop(std::chrono::seconds(5)));
  EXPECT_EQ(daemon_->drained().told, 1U);
  EXPECT_EQ(daemon_->drained().cut, 0U);
  daemon_.reset();
  EXPECT_THAT(sink_.lines(), testing::Contains(testing::HasSubstr("server.drained connections=1 cut=0")));
}

TEST_F(DaemonTest, AnswersAdministrators) {
  const auto path = control_socket_path(directory_);
  const auto added = ask(path, {"domain add", {{"name", {"example.org"}}}});
  ASSERT_TRUE(added);
  EXPECT_EQ(added->exit_code, 0) << added->text;
  const auto status = ask(path, {"status", {}});
  ASSERT_TRUE(status);
  EXPECT_NE(status->json.find("\"hostname\":\"mail.example.org\""), std::string::npos);
  EXPECT_EQ(ask(path, {"make coffee", {}})->exit_code, 2);
  EXPECT_EQ(ask(path, {"reload", {}})->exit_code, 0);
  daemon_->heartbeat();
  for (int i = 0; i < 100 && !daemon_->heartbeat(); ++i) ::usleep(5000);
  ::usleep(50000);
  EXPECT_TRUE(daemon_->heartbeat());
}

}  // namespace
}  // namespace gatepost::daemon
