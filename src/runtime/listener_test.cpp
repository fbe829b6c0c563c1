#include "runtime/listener.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "runtime/foreign_protocol.hpp"
#include "runtime/test_certificates.hpp"
#include "runtime/test_client.hpp"
#include "runtime/test_session.hpp"
#include "runtime/turned_away.hpp"

namespace gatepost::runtime {
namespace {

using namespace std::chrono_literals;
using test::TestClient;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Endpoint kAnyLoopbackPort{*IpAddress::parse("127.0.0.1"), 0};

// A listener with LineSession on two real I/O threads.
class ListenerTest : public ::testing::Test {
 protected:
  ListenerTest() {
    settings_.name = "test";
    settings_.make = [this](Peer& peer, Output& output, std::shared_ptr<Waker> waker) {
      return std::make_unique<test::LineSession>(peer, output, std::move(waker), watched_);
    };
  }
  ~ListenerTest() override {
    if (listener_) listener_->stop_accepting();
    EXPECT_TRUE(connections_.drain(2s).ended);
    listener_.reset();
    threads_.stop();
  }
  void start(LimitSettings own = {}) {
    auto socket = open_listening_socket(kAnyLoopbackPort);
    ASSERT_TRUE(socket.has_value());
    listener_ = std::make_unique<Listener>(connections_, limits_, *std::move(socket), settings_, std::move(own));
    threads_.start();
    listener_->start();
  }
  void use_tls(TlsMinimum minimum = TlsMinimum::v1_2) {
    tls_ = test::make_tls_server({test::make_certificate({"mail.example.org"})}, clock_, minimum);
    settings_.tls = tls_.get();
  }
  Endpoint at() const { return listener_->local(); }
  bool wait_for(auto condition) {
    for (int i = 0; i < 2000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(2ms);
    }
    return false;
  }

  SystemClock clock_;
  MemorySink sink_;
  Log log_{sink_, clock_};
  IoThreads threads_{2, "test"};
  test::Watched watched_;
  std::unique_ptr<TlsServer> tls_;
  Connections connections_{threads_, clock_, log_};
  ConnectionLimits limits_{{}, clock_};
  ListenerSettings settings_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(ListenerTest, ServesAClientOverTcp) {
  start();
  TestClient client(at());
  EXPECT_EQ(client.line(), "hello\r\n");
  client.send("one\r\ntwo\r\nWHO\r\n");
  EXPECT_EQ(client.line(), "= one\r\n");
  EXPECT_EQ(client.line(), "= two\r\n");
  EXPECT_EQ(client.line(), "127.0.0.1 plain\r\n");
  client.send("QUIT\r\n");
  EXPECT_EQ(client.read_rest(), "bye\r\n");
}

// Takes nothing until it is woken, then everything; ended() is waited for before it is destroyed.
class HoldingSession final : public Session {
 public:
  struct Seen {
    std::atomic<bool> ended{false}, ended_first{false};
    std::atomic<std::size_t> largest{0};
  };
  HoldingSession(Output& output, Seen& seen) : output_(output), seen_(seen) {}
  ~HoldingSession() override { seen_.ended_first = seen_.ended.load(); }
  Task<Step> opened() override { co_return Step{}; }
  Task<Step> step(std::string_view input) override {
    seen_.largest = std::max(seen_.largest.load(), input.size());
    if (!open_) co_return Step{};
    taken_ += input.size();
    if (taken_ == kOctets) output_.write("done\r\n");
    co_return Step{input.size(), Next::more};
  }
  Task<Step> woken() override {
    open_ = true;
    co_return Step{};
  }
  bool takes_input() const override { return open_; }
  Task<> ended() override {
    seen_.ended = true;
    co_return;
  }
  Waiting waiting() const override { return Waiting::idle; }
  std::size_t max_buffered() const override { return 32 << 10; }
  static constexpr std::size_t kOctets = 1 << 20;

 private:
  Output& output_;
  Seen& seen_;
  std::size_t taken_ = 0;
  bool open_ = false;
};

TEST_F(ListenerTest, ASessionThatTakesNothingIsNotFloodedAndSeesItsPeerGo) {
  HoldingSession::Seen seen;
  std::mutex mutex;
  std::shared_ptr<Waker> waker;
  settings_.make = [&](Peer&, Output& output, std::shared_ptr<Waker> w) {
    const std::lock_guard lock(mutex);
    waker = std::move(w);
    return std::make_unique<HoldingSession>(output, seen);
  };
  start();
  {
    TestClient client(at());
    std::thread sends([&] { client.send(std::string(HoldingSession::kOctets, 'x')); });
    EXPECT_TRUE(wait_for([&] { return seen.largest >= std::size_t{32 << 10}; }));
    EXPECT_LT(seen.largest, std::size_t{100 << 10});
    {
      const std::lock_guard lock(mutex);
      waker->wake();
    }
    EXPECT_EQ(client.line(), "done\r\n");
    sends.join();
  }
  EXPECT_TRUE(wait_for([&] { return seen.ended_first.load(); }));
}

TEST_F(ListenerTest, SpreadsConnectionsOverTheThreads) {
  start();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(std::make_unique<TestClient>(at()));
  for (auto& client : clients) EXPECT_EQ(client->line(), "hello\r\n");
  EXPECT_EQ(connections_.count(), 8U);
  EXPECT_EQ(listener_->connections(), 8U);
  clients.clear();
  EXPECT_TRUE(wait_for([&] { return connections_.count() == 0; }));
}

TEST_F(ListenerTest, UpgradesToEitherTlsVersionAndBindsTheChannel) {
  use_tls();
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TestClient client(at());
    EXPECT_EQ(client.line(), "hello\r\n");
    client.send("STARTTLS\r\n");
    EXPECT_EQ(client.line(), "ok\r\n");
    ASSERT_TRUE(client.start_tls({.server_name = "mail.example.org", .version = version}));
    client.send("WHO\r\n");
    EXPECT_EQ(client.line(), version == TLS1_2_VERSION ? "127.0.0.1 TLSv1.2\r\n" : "127.0.0.1 TLSv1.3\r\n");
    EXPECT_EQ(watched_.tls()->tls_exporter, client.exporter());
    EXPECT_EQ(watched_.tls()->tls_exporter.size(), 32U);
    EXPECT_EQ(watched_.tls()->server_name, "mail.example.org");
  }
}

TEST_F(ListenerTest, DropsOctetsThatWerePipelinedBeforeTheHandshake) {
  use_tls();
  start();
  TestClient client(at());
  client.line();
  client.send("STARTTLS\r\ninjected\r\n");
  EXPECT_EQ(client.line(), "ok\r\n");
  ASSERT_TRUE(client.start_tls());
  client.send("after\r\n");
  EXPECT_EQ(client.line(), "= after\r\n");
}

TEST_F(ListenerTest, SaysWhyAHandshakeFailed) {
  use_tls(TlsMinimum::v1_3);
  settings_.implicit_tls = true;
  start();
  TestClient old(at());
  EXPECT_FALSE(old.start_tls({.server_name = "mail.example.org", .version = TLS1_2_VERSION}));
  TestClient plain(at());
  plain.send("EHLO plain.example.org\r\n");
  plain.read_rest();
  EXPECT_TRUE(wait_for([&] { return sink_.lines().size() >= 2; }));
  EXPECT_THAT(sink_.lines(), Contains(HasSubstr("below the configured minimum")));
  EXPECT_THAT(sink_.lines(), Contains(HasSubstr("not TLS")));
  EXPECT_EQ(watched_.made, 0);
}

TEST_F(ListenerTest, ASlowReaderGetsEveryOctetOfAMegabyte) {
  use_tls();
  start();
  for (const bool with_tls : {false, true}) {
    TestClient client(at(), 4096);
    client.line();
    if (with_tls) {
      client.send("STARTTLS\r\n");
      client.line();
      ASSERT_TRUE(client.start_tls());
    }
    client.send("BIG 1000000\r\nQUIT\r\n");
    std::string all;
    while (all.size() < 200'000) {
      const std::string piece = client.read_some(4096);
      if (piece.empty()) break;
      all += piece;
      std::this_thread::sleep_for(200us);
    }
    all += client.read_rest();
    EXPECT_EQ(all, std::string(1'000'000, 'x') + "\r\nbye\r\n");
  }
}

TEST_F(ListenerTest, ReadsWhatManyRecordsBring) {
  use_tls();
  start();
  TestClient client(at());
  client.line();
  client.send("STARTTLS\r\n");
  client.line();
  ASSERT_TRUE(client.start_tls());
  client.send("DATA\r\n" + std::string(3'000'000, 'y') + ".\r\n");
  EXPECT_EQ(client.line(), "go\r\n");
  EXPECT_EQ(client.line(), "size 3000000\r\n");
}

TEST_F(ListenerTest, KeyUpdatesOfAnIdleTlsClientAreNotInput) {
  use_tls();
  settings_.implicit_tls = true;
  start();
  TestClient client(at());
  ASSERT_TRUE(client.start_tls({.version = TLS1_3_VERSION}));
  EXPECT_EQ(client.line(), "hello\r\n");
  SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED);
  client.send("a\r\n");
  EXPECT_EQ(client.line(), "= a\r\n");
}

TEST_F(ListenerTest, WakesAWaitingSessionFromAnotherThread) {
  start();
  TestClient client(at());
  client.line();
  client.send("IDLE\r\n");
  EXPECT_EQ(client.line(), "idling\r\n");
  std::shared_ptr<Waker> waker = watched_.waker();
  waker->wake();
  EXPECT_EQ(client.line(), "news\r\n");
  client.close();
  EXPECT_TRUE(wait_for([&] { return watched_.gone == 1; }));
  waker->wake();
}

TEST_F(ListenerTest, EndsAClientThatSendsSingleOctets) {
  settings_.deadlines.greeting = 1s;
  start();
  TestClient client(at());
  client.line();
  const auto begin = std::chrono::steady_clock::now();
  std::jthread drip([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && client.send("x")) std::this_thread::sleep_for(100ms);
  });
  EXPECT_EQ(client.line(), "too slow\r\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
}

TEST_F(ListenerTest, StopsWithTheSessionsFarewell) {
  start();
  TestClient idle(at());
  idle.line();
  TestClient sender(at());
  sender.line();
  sender.send("DATA\r\nhalf");
  EXPECT_EQ(sender.line(), "go\r\n");
  listener_->stop_accepting();
  std::jthread drain([&] { EXPECT_TRUE(connections_.drain(5s).ended); });
  EXPECT_EQ(idle.read_rest(), "going down\r\n");
  idle.close();
  sender.send(" and half.\r\n");  // message data on its way is still taken
  EXPECT_EQ(sender.line(), "size 13\r\n");
  EXPECT_EQ(sender.read_rest(), "going down\r\n");
  sender.close();
}

TEST_F(ListenerTest, TellsWhoIsNotDoneWhenTheGraceIsOver) {
  start();
  TestClient sender(at());
  sender.line();
  sender.send("DATA\r\nhalf");
  EXPECT_EQ(sender.line(), "go\r\n");
  listener_->stop_accepting();
  Connections::Drained drained;
  {
    std::jthread drain([&] { drained = connections_.drain(100ms); });
    EXPECT_EQ(sender.read_rest(), "going down\r\n");
    sender.close();
  }
  EXPECT_TRUE(drained.ended);
  EXPECT_EQ(drained.told, 1u);
  EXPECT_EQ(drained.cut, 1u);
  EXPECT_GE(drained.took, 100ms);
}

TEST_F(ListenerTest, WhoIsHereIsEndedWhileOthersComeAsBefore) {
  start();
  TestClient idle(at());
  idle.line();
  TestClient sender(at());
  sender.line();
  sender.send("DATA\r\nhalf");
  EXPECT_EQ(sender.line(), "go\r\n");
  Connections::Drained ended;
  std::jthread end([&] { ended = connections_.end_present(5s); });
  EXPECT_EQ(idle.read_rest(), "going down\r\n");
  idle.close();
  TestClient later(at());
  EXPECT_EQ(later.line(), "hello\r\n");
  sender.send(" and half.\r\n");
  EXPECT_EQ(sender.line(), "size 13\r\n");
  EXPECT_EQ(sender.read_rest(), "going down\r\n");
  sender.close();
  end.join();
  EXPECT_TRUE(ended.ended);
  EXPECT_EQ(ended.told, 2U);
  EXPECT_EQ(ended.cut, 0U);
  later.send("still here\r\n");
  EXPECT_EQ(later.line(), "= still here\r\n");
}

TEST_F(ListenerTest, WhoIsTurnedAwayHearsWhyAndIsNotTakenForSilent) {
  settings_.speaks_first = true;
  std::atomic<int> told{0};
  settings_.witness = [&](const Peer&, Conduct, std::string_view) { ++told; };
  settings_.make = [make = settings_.make](Peer& peer, Output& output, std::shared_ptr<Waker> waker) {
    return turn_away(make(peer, output, std::move(waker)), "come again");
  };
  start();
  {
    TestClient client(at());
    EXPECT_EQ(client.read_rest(), "going down\r\n");
  }
  EXPECT_TRUE(wait_for([&] { return connections_.count() == 0; }));
  EXPECT_EQ(told, 0);
}

TEST_F(ListenerTest, EverySessionHearsAnAnnouncement) {
  start();
  TestClient one(at());
  TestClient two(at());
  one.line();
  two.line();
  connections_.announce("back at four");
  EXPECT_EQ(one.line(), "note: back at four\r\n");
  EXPECT_EQ(two.line(), "note: back at four\r\n");
}

TEST_F(ListenerTest, AFailureInOneSessionLeavesTheOthersAlone) {
  start();
  TestClient good(at());
  good.line();
  TestClient bad(at());
  bad.line();
  bad.send("THROW\r\n");
  EXPECT_EQ(bad.read_rest(), "");
  good.send("still here\r\n");
  EXPECT_EQ(good.line(), "= still here\r\n");
}

TEST_F(ListenerTest, ClosesConnectionsBeyondTheLimitsWithoutABanner) {
  limits_.reload({.per_address = 2});
  start();
  TestClient one(at());
  TestClient two(at());
  EXPECT_EQ(one.line(), "hello\r\n");
  EXPECT_EQ(two.line(), "hello\r\n");
  TestClient three(at());
  EXPECT_EQ(three.read_rest(), "");
  EXPECT_THAT(sink_.lines(), Contains(HasSubstr("limit=connections_per_address")));
  one.close();
  EXPECT_TRUE(wait_for([&] { return connections_.count() == 1; }));
  TestClient four(at());
  EXPECT_EQ(four.line(), "hello\r\n");
}

TEST_F(ListenerTest, ClosesAddressesOutsideTheAudienceWithoutABanner) {
  settings_.admits = [](const IpAddress& client) { return client != kAnyLoopbackPort.address; };
  start();
  TestClient client(at());
  EXPECT_EQ(client.read_rest(), "");
  EXPECT_EQ(watched_.made, 0);
}

TEST_F(ListenerTest, TakesTheClientsAddressFromATrustedProxyOnly) {
  settings_.proxies = {*Network::parse("127.0.0.0/8")};
  settings_.admits = [](const IpAddress& client) { return client != *IpAddress::parse("192.0.2.66"); };
  start();
  TestClient client(at());
  client.send("PROXY TCP4 192.0.2.7 198.51.100.1 4000 25\r");
  std::this_thread::sleep_for(20ms);
  client.send("\nWHO\r\n");
  EXPECT_EQ(client.line(), "hello\r\n");
  EXPECT_EQ(client.line(), "192.0.2.7 plain\r\n");
  TestClient outsider(at());
  outsider.send("PROXY TCP4 192.0.2.66 198.51.100.1 4000 25\r\n");
  EXPECT_EQ(outsider.read_rest(), "");
  TestClient without(at());
  without.send("EHLO x\r\n");
  EXPECT_EQ(without.read_rest(), "");
  EXPECT_THAT(sink_.lines(), Contains(HasSubstr("proxy.refused")));
}

TEST_F(ListenerTest, AClientThatIsNoProxyCannotNameAnotherAddress) {
  settings_.proxies = {*Network::parse("10.0.0.0/8")};
  start();
  TestClient client(at());
  client.line();
  client.send("PROXY TCP4 192.0.2.7 198.51.100.1 4000 25\r\n");
  EXPECT_THAT(client.line(), StartsWith("= PROXY"));
}

TEST_F(ListenerTest, WaitsWithoutSpinningWhenDescriptorsRunOut) {
  start();
  TestClient first(at());
  first.line();
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  TestClient waiting(at());
  waiting.line();
  const int next = dup(0);
  ::close(next);
  // The client takes the last descriptor, the server finds none.
  rlimit tight{static_cast<rlim_t>(next) + 1, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &tight);
  TestClient starved(at());
  EXPECT_TRUE(wait_for([&] { return !sink_.lines().empty(); }));
  std::this_thread::sleep_for(250ms);
  EXPECT_THAT(sink_.lines(), Contains(HasSubstr("connection.out_of_descriptors")));
  EXPECT_LE(sink_.lines().size(), 8U);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(starved.line(), "hello\r\n");
}

TEST_F(ListenerTest, ResumesTlsSessionsByTicket) {
  use_tls();
  settings_.implicit_tls = true;
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TestClient first(at());
    ASSERT_TRUE(first.start_tls({.server_name = "mail.example.org", .version = version}));
    first.line();
    EXPECT_FALSE(watched_.tls()->resumed);
    SSL_SESSION* const ticket = SSL_get1_session(first.ssl());
    TestClient second(at());
    ASSERT_TRUE(second.start_tls({.server_name = "mail.example.org", .version = version, .resume = ticket}));
    second.line();
    EXPECT_TRUE(watched_.tls()->resumed);
    SSL_SESSION_free(ticket);
  }
}

TEST_F(ListenerTest, TellsWhoHasThePort) {
  start();
  const auto taken = open_listening_socket(at());
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, Errc::already_exists);
  EXPECT_THAT(taken.error().detail, HasSubstr(at().to_string()));
}

class ConductTest : public ListenerTest {
 protected:
  ConductTest() {
    settings_.speaks_first = true;
    settings_.witness = [this](const Peer& peer, Conduct what, std::string_view detail) {
      const std::lock_guard lock(mutex_);
      seen_.emplace_back(what, std::string(detail), peer.remote.address.to_string());
    };
  }
  using Seen = std::tuple<Conduct, std::string, std::string>;
  std::vector<Seen> seen() {
    EXPECT_TRUE(wait_for([&] { return connections_.count() == 0; }));
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::mutex mutex_;
  std::vector<Seen> seen_;
};

TEST_F(ConductTest, NothingIsToldOfWhoSpeaksTheProtocol) {
  start();
  {
    TestClient polite(at());
    EXPECT_EQ(polite.line(), "hello\r\n");
    polite.send("QUIT\r\n");
    EXPECT_EQ(polite.read_rest(), "bye\r\n");
  }
  EXPECT_THAT(seen(), ::testing::IsEmpty());
}

TEST_F(ConductTest, WhoSaysNothingIsSilent) {
  start();
  {
    TestClient silent(at());
    EXPECT_EQ(silent.line(), "hello\r\n");
  }
  EXPECT_THAT(seen(), ::testing::ElementsAre(Seen{Conduct::silent, "", "127.0.0.1"}));
}

TEST_F(ConductTest, AnotherProtocolIsNamed) {
  start();
  {
    TestClient browser(at());
    EXPECT_EQ(browser.line(), "hello\r\n");
    browser.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    browser.end_sending();
    (void)browser.read_rest();
  }
  EXPECT_THAT(seen(), ::testing::ElementsAre(Seen{Conduct::foreign_protocol, "HTTP", "127.0.0.1"}));
}

TEST_F(ConductTest, TlsWhereItBeginsLaterIsASettingGoneWrong) {
  start();
  {
    TestClient hasty(at());
    EXPECT_EQ(hasty.line(), "hello\r\n");
    hasty.send(std::string_view("\x16\x03\x01\x00\x05hello", 10));
    hasty.end_sending();
    (void)hasty.read_rest();
  }
  EXPECT_THAT(seen(), ::testing::IsEmpty());
}

TEST_F(ConductTest, WhoSpeaksBeforeTheGreetingIsNoticed) {
  // Behind a proxy, so that what comes with its header is there when the greeting is about to be written.
  settings_.proxies = {*Network::parse("127.0.0.0/8")};
  start();
  {
    TestClient early(at());
    early.send("PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\nQUIT\r\n");
    EXPECT_EQ(early.read_rest(), "hello\r\nbye\r\n");
  }
  EXPECT_THAT(seen(), ::testing::ElementsAre(Seen{Conduct::early_talk, "", "192.0.2.7"}));
}

TEST_F(ConductTest, WhatIsNoTlsIsToldFromTlsThatDoesNotAgree) {
  use_tls();
  settings_.implicit_tls = true;
  start();
  {
    TestClient plain(at());
    plain.send("GET / HTTP/1.1\r\n\r\n");
    (void)plain.read_rest();
  }
  ASSERT_EQ(seen().size(), 1U);
  EXPECT_EQ(std::get<Conduct>(seen()[0]), Conduct::no_tls);
  {
    TestClient scanner(at());
    scanner.end_sending();
    (void)scanner.read_rest();
  }
  ASSERT_EQ(seen().size(), 2U);
  EXPECT_EQ(std::get<Conduct>(seen()[1]), Conduct::silent);
  {
    TestClient old(at());
    EXPECT_FALSE(old.start_tls({.version = TLS1_1_VERSION}));
  }
  EXPECT_EQ(seen().size(), 2U) << "an old device is to be helped";
}

TEST_F(ConductTest, WhereTheClientSpeaksFirstSilenceIsNoOffenceAndNoProtocolIsForeignToItself) {
  settings_.speaks_first = false;
  settings_.own_protocol = kHttp;
  start();
  {
    TestClient silent(at());
    EXPECT_EQ(silent.line(), "hello\r\n");
  }
  {
    TestClient browser(at());
    EXPECT_EQ(browser.line(), "hello\r\n");
    browser.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    browser.end_sending();
    (void)browser.read_rest();
  }
  EXPECT_THAT(seen(), ::testing::IsEmpty());
  {
    TestClient lost(at());
    EXPECT_EQ(lost.line(), "hello\r\n");
    lost.send("SSH-2.0-Go\r\n");
    lost.end_sending();
    (void)lost.read_rest();
  }
  EXPECT_THAT(seen(), ::testing::ElementsAre(Seen{Conduct::foreign_protocol, "SSH", "127.0.0.1"}));
}

TEST_F(ConductTest, PlainHttpAtAPortOfHttpsIsASlip) {
  use_tls();
  settings_.speaks_first = false;
  settings_.implicit_tls = true;
  settings_.own_protocol = kHttp;
  start();
  {
    TestClient plain(at());
    plain.send("GET / HTTP/1.1\r\n\r\n");
    (void)plain.read_rest();
  }
  EXPECT_THAT(seen(), ::testing::IsEmpty());
  {
    TestClient garbage(at());
    garbage.send("no TLS at all\r\n\r\n");
    (void)garbage.read_rest();
  }
  ASSERT_EQ(seen().size(), 1U);
  EXPECT_EQ(std::get<Conduct>(seen()[0]), Conduct::no_tls);
}

TEST_F(ConductTest, ConnectionsOfOneNetworkCanBeEnded) {
  settings_.proxies = {*Network::parse("127.0.0.0/8")};
  start();
  TestClient bad(at()), good(at());
  bad.send("PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\n");
  good.send("PROXY TCP4 198.51.100.7 192.0.2.1 40000 25\r\n");
  EXPECT_EQ(bad.line(), "hello\r\n");
  EXPECT_EQ(good.line(), "hello\r\n");
  connections_.abort_from(*Network::parse("192.0.2.0/24"));
  EXPECT_EQ(bad.read_rest(), "");
  good.send("one\r\n");
  EXPECT_EQ(good.line(), "= one\r\n");
}

}  // namespace
}  // namespace gatepost::runtime
