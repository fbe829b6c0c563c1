#include "runtime/dialer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/listener.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/threads.hpp"

namespace gatepost::runtime {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const IpAddress kLoopback = *IpAddress::parse("127.0.0.1");

class Dialer : public ::testing::Test {
 protected:
  Dialer() { threads_.start(); }
  ~Dialer() override { threads_.stop(); }
  Result<std::unique_ptr<Stream>> connect(Endpoint to, std::chrono::milliseconds timeout,
                                          std::optional<IpAddress> source = {}) {
    return threads_.run<Result<std::unique_ptr<Stream>>>(0, [&] { return dial(to, timeout, source); });
  }
  // A stream lives on its thread; it ends there, too.
  void end(std::unique_ptr<Stream> stream) {
    threads_.run<void>(0, [&]() -> Task<> { return close(std::move(stream)); });
  }
  static Task<> close(std::unique_ptr<Stream> stream) {
    stream->close();
    co_return;
  }
  IoThreads threads_{1};
};

TEST_F(Dialer, ConnectsFromTheSourceAddressItIsGiven) {
  auto socket = open_listening_socket({kLoopback, 0});
  ASSERT_TRUE(socket.has_value());
  auto stream = connect(*local_endpoint(socket->get()), 5s, IpAddress::parse("127.0.0.9"));
  ASSERT_TRUE(stream.has_value()) << stream.error().detail;
  const UniqueFd accepted(::accept(socket->get(), nullptr, nullptr));
  EXPECT_EQ(remote_endpoint(accepted.get())->address.to_string(), "127.0.0.9");
  end(*std::move(stream));
}

TEST_F(Dialer, SaysThatNobodyListens) {
  Endpoint at;
  {
    auto socket = open_listening_socket({kLoopback, 0});
    ASSERT_TRUE(socket.has_value());
    at = *local_endpoint(socket->get());
  }
  const auto refused = connect(at, 5s);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_THAT(refused.error().detail, HasSubstr("Connection refused"));
}

TEST_F(Dialer, GivesUpAtTheTimeOut) {
  // A full backlog answers nothing.
  auto socket = open_listening_socket({kLoopback, 0}, 0);
  ASSERT_TRUE(socket.has_value());
  const Endpoint at = *local_endpoint(socket->get());
  std::vector<std::unique_ptr<Stream>> held;
  for (int i = 0; i < 10; ++i) {
    auto stream = connect(at, 50ms);
    if (!stream) {
      EXPECT_EQ(stream.error().code, Errc::timed_out);
      for (auto& one : held) end(std::move(one));
      return;
    }
    held.push_back(*std::move(stream));
  }
  FAIL() << "the backlog never filled";
}

}  // namespace
}  // namespace gatepost::runtime
