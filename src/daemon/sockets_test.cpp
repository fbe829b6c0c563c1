#include "daemon/sockets.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "runtime/listener.hpp"
#include "runtime/socket_address.hpp"

namespace gatepost::daemon {
namespace {

const IpAddress kLoopback = *IpAddress::parse("127.0.0.1");

config::Listener listener(std::string name, std::uint16_t port, std::vector<IpAddress> addresses = {kLoopback}) {
  config::Listener l;
  l.name = std::move(name);
  l.port = port;
  l.addresses = std::move(addresses);
  return l;
}

class SocketsTest : public testing::Test {
 protected:
  MemorySink sink_;
  SystemClock clock_;
  Log log_{sink_, clock_};
  runtime::InheritedSockets none_;
};

TEST_F(SocketsTest, TakesInheritedSocketsAndBindsTheRest) {
  auto first = runtime::open_listening_socket({kLoopback, 0});
  ASSERT_TRUE(first);
  const Endpoint at = *runtime::local_endpoint(first->get());
  const int number = first->get();
  runtime::InheritedSockets inherited;
  inherited.add(*std::move(first));
  config::Listener off = listener("off", 1);
  off.audience = config::Audience::off;
  const auto opened = open_sockets({listener("a", at.port), listener("b", 0), off}, inherited, log_);
  ASSERT_TRUE(opened) << opened.error().detail;
  ASSERT_EQ(opened->size(), 2U);
  EXPECT_EQ((*opened)[0].fd.get(), number);
  EXPECT_EQ((*opened)[0].listener.name, "a");
  EXPECT_TRUE(inherited.rest().empty());
}

TEST_F(SocketsTest, NamesEveryListenerThatCannotBeOpened) {
  const auto taken = runtime::open_listening_socket({kLoopback, 0});
  const Endpoint at = *runtime::local_endpoint(taken->get());
  const auto opened =
      open_sockets({listener("one", at.port), listener("two", 0), listener("three", at.port)}, none_, log_);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("one: "), std::string::npos);
  EXPECT_NE(opened.error().detail.find("three: "), std::string::npos);
  EXPECT_EQ(opened.error().detail.find("two: "), std::string::npos);
  EXPECT_EQ(sink_.lines().size(), 2U);
}

TEST_F(SocketsTest, KnowsThatOneSocketCanServeBothFamilies) {
  runtime::UniqueFd both(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!both) GTEST_SKIP() << "this machine has no IPv6";
  const int off = 0;
  ::setsockopt(both.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  const runtime::SocketAddress any = runtime::to_socket_address({IpAddress{}, 0});
  ASSERT_EQ(::bind(both.get(), any.raw(), any.size), 0);
  ASSERT_EQ(::listen(both.get(), 5), 0);
  const std::uint16_t port = runtime::local_endpoint(both.get())->port;
  runtime::InheritedSockets inherited;
  inherited.add(std::move(both));
  const auto opened = open_sockets({listener("all", port, {IpAddress::v4(0), IpAddress{}})}, inherited, log_);
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(opened->size(), 1U);
}

}  // namespace
}  // namespace gatepost::daemon
