#include "runtime/dialer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/listener.hpp"
#include "runtime/run_to_end.hpp"
#include "runtime/socket_address.hpp"

namespace gatepost::runtime {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const IpAddress kLoopback = *IpAddress::parse("127.0.0.1");

TEST(Dialer, ConnectsFromTheSourceAddressItIsGiven) {
  auto socket = open_listening_socket({kLoopback, 0});
  ASSERT_TRUE(socket.has_value());
  const auto stream = run_to_end(dial(*local_endpoint(socket->get()), 5s, IpAddress::parse("127.0.0.9")));
  ASSERT_TRUE(stream.has_value()) << stream.error().detail;
  const UniqueFd accepted(::accept(socket->get(), nullptr, nullptr));
  EXPECT_EQ(remote_endpoint(accepted.get())->address.to_string(), "127.0.0.9");
}

TEST(Dialer, SaysThatNobodyListens) {
  Endpoint at;
  {
    auto socket = open_listening_socket({kLoopback, 0});
    ASSERT_TRUE(socket.has_value());
    at = *local_endpoint(socket->get());
  }
  const auto refused = run_to_end(dial(at, 5s));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_THAT(refused.error().detail, HasSubstr("Connection refused"));
}

TEST(Dialer, GivesUpAtTheTimeOut) {
  // A full backlog answers nothing.
  auto socket = open_listening_socket({kLoopback, 0}, 0);
  ASSERT_TRUE(socket.has_value());
  const Endpoint at = *local_endpoint(socket->get());
  std::vector<std::unique_ptr<Stream>> held;
  for (int i = 0; i < 10; ++i) {
    auto stream = run_to_end(dial(at, 50ms));
    if (!stream) {
      EXPECT_EQ(stream.error().code, Errc::timed_out);
      return;
    }
    held.push_back(*std::move(stream));
  }
  FAIL() << "the backlog never filled";
}

}  // namespace
}  // namespace gatepost::runtime
