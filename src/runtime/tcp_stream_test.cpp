#include "runtime/tcp_stream.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <future>
#include <string>
#include <thread>

#include "runtime/listener.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/test_certificates.hpp"
#include "runtime/test_client.hpp"
#include "runtime/threads.hpp"
#include "runtime/tls_context.hpp"

namespace gatepost::runtime {
namespace {

using namespace std::chrono_literals;
using test::TestClient;
using Clock = std::chrono::steady_clock;

// Longer than anything here takes: what comes only then was missed.
constexpr auto kNever = 20s;

// A stream on a loop of its own, and the other end in the test's hands.
class TcpStreams : public ::testing::Test {
 protected:
  TcpStreams() { threads_.start(); }
  ~TcpStreams() override {
    on_loop([this] { stream_.reset(); });
    threads_.stop();
  }

  std::unique_ptr<Stream> accept(int receive_buffer = 0) {
    if (!listening_) listening_ = *open_listening_socket({*IpAddress::parse("127.0.0.1"), 0});
    peers_.push_back(std::make_unique<TestClient>(*local_endpoint(listening_.get()), receive_buffer));
    int fd = -1;
    while (fd < 0) fd = ::accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return stream_over(fd);
  }
  std::unique_ptr<Stream> stream_over(int fd) {
    std::unique_ptr<Stream> out;
    on_loop([&] { out = make_tcp_stream(threads_.executor(0), fd); });
    out->set_deadline(Clock::now() + kNever);
    return out;
  }
  void connect(int receive_buffer = 0) { stream_ = accept(receive_buffer); }
  TestClient& peer(std::size_t which = 0) { return *peers_[which]; }

  // The loop does nothing else meanwhile, and sees all that came of it at one time.
  void on_loop(std::move_only_function<void()> work) {
    threads_.run<void>(0, [&]() -> Task<> {
      work();
      co_return;
    });
  }
  template <class T>
  std::future<T> begin(std::move_only_function<Task<T>()> task) {
    return std::async(std::launch::async,
                      [this, task = std::move(task)]() mutable { return threads_.run<T>(0, std::move(task)); });
  }
  template <class T>
  T run(std::move_only_function<Task<T>()> task) {
    return threads_.run<T>(0, std::move(task));
  }
  Result<bool> wait() {
    return run<Result<bool>>([this] { return stream_->wait_readable(); });
  }
  std::future<Result<bool>> begin_wait() {
    auto out = begin<Result<bool>>([this] { return stream_->wait_readable(); });
    settle();
    return out;
  }
  // Until what was begun waits.
  void settle() {
    std::this_thread::sleep_for(20ms);
    on_loop([] {});
  }
  // What is there, as read_now() has it: "-" for nothing yet.
  std::string read(std::size_t room = 100) {
    std::string out(room, '\0');
    on_loop([&] {
      const auto got = stream_->read_now(out);
      if (!got) {
        out = "failed";
      } else if (*got) {
        out.resize(**got);
      } else {
        out = "-";
      }
    });
    return out;
  }

  IoThreads threads_{1, "test"};
  SystemClock clock_;
  UniqueFd listening_;
  std::vector<std::unique_ptr<TestClient>> peers_;
  std::unique_ptr<Stream> stream_;
};

// On the wire, in order: octets and what follows them come to the loop as one piece of news.
TEST_F(TcpStreams, SeesAnEndThatCameWithTheLastOctets) {
  connect();
  peer().send("first");
  EXPECT_EQ(wait(), true);
  EXPECT_EQ(read(), "first");
  auto waits = begin_wait();
  on_loop([this] {
    peer().send("last");
    peer().end_sending();
    std::this_thread::sleep_for(20ms);
  });
  EXPECT_EQ(waits.get(), true);
  EXPECT_EQ(read(), "last");
  const auto before = Clock::now();
  EXPECT_EQ(wait(), true);
  EXPECT_LT(Clock::now() - before, kNever / 2);
  EXPECT_EQ(read(), "");
}

TEST_F(TcpStreams, SeesAnEndThatWasThereBeforeItsFirstWait) {
  connect();
  peer().send("all");
  peer().end_sending();
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(read(), "all");
  EXPECT_EQ(wait(), true);
  EXPECT_EQ(read(), "");
}

TEST_F(TcpStreams, SeesAnEndThatComesAfterTheOctetsWereReported) {
  connect();
  auto waits = begin_wait();
  peer().send("some");
  EXPECT_EQ(waits.get(), true);
  peer().end_sending();
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(read(), "some");
  EXPECT_EQ(wait(), true);
  EXPECT_EQ(read(), "");
}

TEST_F(TcpStreams, SeesWhatComesBetweenAReadAndTheWait) {
  connect();
  peer().send("one");
  EXPECT_EQ(wait(), true);
  const auto readable = run<Result<bool>>([this]() -> Task<Result<bool>> {
    char room[100];
    EXPECT_EQ(*stream_->read_now(room), 3U);
    peer().send("two");
    std::this_thread::sleep_for(20ms);
    co_return co_await stream_->wait_readable();
  });
  EXPECT_EQ(readable, true);
  EXPECT_EQ(read(), "two");
}

TEST_F(TcpStreams, ReportsNothingTwice) {
  connect();
  auto waits = begin_wait();
  on_loop([this] {
    peer().send("one");
    std::this_thread::sleep_for(20ms);
  });
  EXPECT_EQ(waits.get(), true);
  peer().send("two");
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(read(), "onetwo");
  stream_->set_deadline(Clock::now() + 50ms);
  const auto nothing = wait();
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Errc::timed_out);
}

TEST_F(TcpStreams, KnowsWhetherAReadThatFilledItsRoomLeftSomething) {
  connect();
  peer().send("123456");
  EXPECT_EQ(wait(), true);
  EXPECT_EQ(read(3), "123");
  EXPECT_EQ(wait(), true);
  EXPECT_EQ(read(3), "456");
  stream_->set_deadline(Clock::now() + 50ms);
  EXPECT_FALSE(wait());
}

TEST_F(TcpStreams, LetsOthersHaveTheirTurnWhileMoreIsThere) {
  connect();
  peer().send("123456");
  bool other = false;
  threads_.run<void>(0, [&]() -> Task<> {
    co_await stream_->wait_readable();
    char room[3];
    (void)stream_->read_now(room);
    threads_.post(0, [&] { other = true; });
    co_await stream_->wait_readable();
    EXPECT_TRUE(other);
  });
}

TEST_F(TcpStreams, PassesOverAnUrgentOctet) {
  connect();
  auto waits = begin_wait();
  on_loop([this] {
    peer().send("ab");
    ::send(peer().fd(), "!", 1, MSG_OOB);
    peer().send("cd");
    std::this_thread::sleep_for(20ms);
  });
  EXPECT_EQ(waits.get(), true);
  EXPECT_EQ(read(), "ab");
  EXPECT_EQ(wait(), true);
  EXPECT_EQ(read(), "cd");
}

TEST_F(TcpStreams, ALocalSocketIsReadToItsEndWhereverItsReadsStop) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd other(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  stream_ = stream_over(ends[0]);
  auto waits = begin_wait();
  on_loop([&] {
    // A descriptor with the first octet: no read goes beyond it.
    char first = 'a';
    iovec part{&first, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &ends[1], sizeof(int));
    EXPECT_EQ(::sendmsg(other.get(), &message, 0), 1);
    EXPECT_EQ(::send(other.get(), "b", 1, 0), 1);
  });
  EXPECT_EQ(waits.get(), true);
  EXPECT_EQ(read(), "a");
  EXPECT_EQ(wait(), true);
  EXPECT_EQ(read(), "b");
}

TEST_F(TcpStreams, WakingEndsAWaitOrTheNextOne) {
  connect();
  auto waits = begin_wait();
  on_loop([this] { stream_->wake(); });
  EXPECT_EQ(waits.get(), false);
  on_loop([this] { stream_->wake(); });
  EXPECT_EQ(wait(), false);
  waits = begin_wait();
  peer().send("octets");
  EXPECT_EQ(waits.get(), true);
}

TEST_F(TcpStreams, AWaitForWakingEndsByAResetButNotByOctets) {
  connect();
  auto waits = begin<Result<bool>>([this] { return stream_->wait_woken(); });
  settle();
  peer().send("octets");
  settle();
  on_loop([this] { stream_->wake(); });
  EXPECT_EQ(waits.get(), false);

  waits = begin<Result<bool>>([this] { return stream_->wait_woken(); });
  settle();
  EXPECT_EQ(waits.wait_for(0s), std::future_status::timeout);
  const linger at_once{1, 0};
  ::setsockopt(peer().fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  peer().close();
  EXPECT_EQ(waits.get(), true);
  EXPECT_EQ(run<Result<bool>>([this] { return stream_->wait_woken(); }), true);
}

TEST_F(TcpStreams, OctetsThatCameDuringAWaitForWakingAreThereAfterwards) {
  connect();
  auto waits = begin<Result<bool>>([this] { return stream_->wait_woken(); });
  settle();
  peer().send("octets");
  settle();
  on_loop([this] { stream_->wake(); });
  EXPECT_EQ(waits.get(), false);
  EXPECT_EQ(wait(), true);
  EXPECT_EQ(read(), "octets");
}

TEST_F(TcpStreams, WritesToASlowReaderWhileItReadsFromIt) {
  connect(8 << 10);
  const std::string much(8 << 20, 'w');
  auto writes = begin<Result<>>([&] { return stream_->write_all(much); });
  settle();
  auto waits = begin_wait();
  on_loop([this] { stream_->wake(); });  // the writer waits on
  EXPECT_EQ(waits.get(), false);
  waits = begin_wait();
  peer().send("meanwhile");
  EXPECT_EQ(waits.get(), true);
  EXPECT_EQ(read(), "meanwhile");
  EXPECT_EQ(writes.wait_for(0s), std::future_status::timeout);
  std::size_t got = 0;
  while (got < much.size()) {
    const std::string piece = peer().read_some();
    if (piece.empty()) break;
    got += piece.size();
  }
  EXPECT_EQ(got, much.size());
  EXPECT_TRUE(writes.get());
}

TEST_F(TcpStreams, DeadlinesEndWaitsInTheirOrderAndMove) {
  connect();
  auto second = accept();
  const auto before = Clock::now();
  stream_->set_deadline(before + 150ms);
  second->set_deadline(before + 50ms);
  auto later = begin<Result<bool>>([&] { return stream_->wait_readable(); });
  auto sooner = begin<Result<bool>>([&] { return second->wait_readable(); });
  EXPECT_EQ(sooner.get().error().code, Errc::timed_out);
  EXPECT_EQ(later.wait_for(0s), std::future_status::timeout);
  EXPECT_EQ(later.get().error().code, Errc::timed_out);
  EXPECT_GE(Clock::now() - before, 150ms);
  // It stays so until another one is set.
  EXPECT_EQ(wait().error().code, Errc::timed_out);
  stream_->set_deadline(Clock::now() + 100ms);
  auto moved = begin_wait();
  on_loop([&] {
    stream_->set_deadline(Clock::now() + kNever);
    stream_->wake();
  });
  EXPECT_EQ(moved.get(), false);
  moved = begin_wait();
  std::this_thread::sleep_for(150ms);
  EXPECT_EQ(moved.wait_for(0s), std::future_status::timeout);
  peer().send("x");
  EXPECT_EQ(moved.get(), true);
  on_loop([&] { second.reset(); });
}

TEST_F(TcpStreams, ClosingEndsAWait) {
  connect();
  auto waits = begin_wait();
  on_loop([this] { stream_->close(); });
  EXPECT_EQ(waits.get().error().code, Errc::closed);
  EXPECT_EQ(wait().error().code, Errc::closed);
  EXPECT_EQ(peer().read_rest(), "");
}

TEST_F(TcpStreams, NewsOfOneMayBeTheEndOfAnother) {
  connect();
  std::vector<std::unique_ptr<Stream>> others;
  for (int i = 0; i < 8; ++i) others.push_back(accept());
  // Each is registered by a wait of its own; then one alone is waited for, and all of them have news.
  for (auto& other : others) {
    other->set_deadline(Clock::now() + 20ms);
    EXPECT_FALSE(run<Result<bool>>([&] { return other->wait_readable(); }));
    other->set_deadline(Clock::now() + kNever);
  }
  constexpr std::size_t kOne = 4;
  auto ends = begin<bool>([&]() -> Task<bool> {
    const auto readable = co_await others[kOne]->wait_readable();
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (i != kOne) others[i].reset();
    }
    co_return readable == true;
  });
  settle();
  on_loop([&] {
    for (std::size_t i = 1; i < peers_.size(); ++i) peer(i).send("news");
    std::this_thread::sleep_for(20ms);
  });
  EXPECT_TRUE(ends.get());
  on_loop([&] { others.clear(); });
}

TEST_F(TcpStreams, SeeTheEndBehindTheLastRecordOfTls) {
  const auto tls = test::make_tls_server({test::make_certificate({"mail.example.org"})}, clock_);
  for (const bool says_so : {true, false}) {
    connect();
    TestClient& here = *peers_.back();
    auto shakes = begin<bool>([&]() -> Task<bool> {
      const auto facts = co_await stream_->start_tls_server(*tls);
      co_return facts.has_value();
    });
    ASSERT_TRUE(here.start_tls());
    ASSERT_TRUE(shakes.get());
    auto waits = begin_wait();
    on_loop([&] {
      here.send("last");
      if (says_so) SSL_shutdown(here.ssl());
      here.end_sending();
      std::this_thread::sleep_for(20ms);
    });
    EXPECT_EQ(waits.get(), true);
    EXPECT_EQ(read(), "last");
    const auto before = Clock::now();
    EXPECT_EQ(wait(), true);
    EXPECT_LT(Clock::now() - before, kNever / 2);
    EXPECT_EQ(read(), "");
    on_loop([this] { stream_.reset(); });
  }
}

// However records are cut: no octet is waited for that is there.
TEST_F(TcpStreams, ReadAllOfTlsRecordsThatComeTogetherOrInPieces) {
  const auto tls = test::make_tls_server({test::make_certificate({"mail.example.org"})}, clock_);
  connect();
  constexpr std::size_t kOctets = 3 << 20;
  auto reads = begin<std::size_t>([&]() -> Task<std::size_t> {
    (void)co_await stream_->start_tls_server(*tls);
    std::size_t total = 0;
    std::string room(20'000, '\0');
    while (total < kOctets) {
      const auto readable = co_await stream_->wait_readable();
      if (!readable) break;
      const auto got = stream_->read_now(room);
      if (!got || (*got && **got == 0)) break;
      if (*got) total += **got;
    }
    co_return total;
  });
  ASSERT_TRUE(peer().start_tls());
  const std::string piece(kOctets / 64, 'x');
  for (int i = 0; i < 64; ++i) {
    for (std::size_t at = 0, size = 1; at < piece.size(); at += size, size = size * 3 % 20'011) {
      ASSERT_TRUE(peer().send(std::string_view(piece).substr(at, size)));
    }
  }
  EXPECT_EQ(reads.get(), kOctets);
}

TEST(TcpStream, WhatWaitsEndsWithItsLoop) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd other(ends[1]);
  const auto held = std::make_shared<int>(1);
  {
    IoThreads threads(1, "test");
    threads.start();
    threads.spawn(0, [&threads, held, fd = ends[0]]() -> Task<> {
      return [](std::shared_ptr<int>, std::unique_ptr<Stream> stream) -> Task<> {
        co_await stream->wait_readable();
      }(held, make_tcp_stream(threads.executor(0), fd));
    });
    for (int i = 0; i < 1000 && held.use_count() < 2; ++i) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(20ms);
    threads.stop();
  }
  EXPECT_EQ(held.use_count(), 1);
  char octet = 0;
  EXPECT_EQ(::recv(other.get(), &octet, 1, MSG_DONTWAIT), 0);
}

}  // namespace
}  // namespace gatepost::runtime
