#include "runtime/inherited_sockets.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/listener.hpp"
#include "runtime/socket_address.hpp"

namespace gatepost::runtime {
namespace {

constexpr int kFirst = 200;  // far from what the test program itself has open

TEST(InheritedSockets, FindsASocketByItsAddress) {
  auto first = open_listening_socket({*IpAddress::parse("127.0.0.1"), 0});
  auto second = open_listening_socket({*IpAddress::parse("::1"), 0});
  ASSERT_TRUE(first && second);
  const Endpoint first_at = *local_endpoint(first->get());
  const Endpoint second_at = *local_endpoint(second->get());
  dup2(first->get(), kFirst);
  dup2(second->get(), kFirst + 1);
  auto sockets = InheritedSockets::from_values("77", "2", "smtp:imap", 77, kFirst);
  ASSERT_EQ(sockets.rest().size(), 2U);
  EXPECT_EQ(sockets.rest()[1].name, "imap");
  EXPECT_FALSE(sockets.take({first_at.address, 1}));
  const UniqueFd taken = sockets.take(second_at);
  EXPECT_EQ(taken.get(), kFirst + 1);
  EXPECT_NE(fcntl(taken.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(taken.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_FALSE(sockets.take(second_at));
  EXPECT_TRUE(sockets.take(first_at));
}

TEST(InheritedSockets, IgnoresWhatIsMeantForAnotherProcessOrIsNoListeningSocket) {
  const UniqueFd plain(::socket(AF_INET, SOCK_STREAM, 0));
  dup2(plain.get(), kFirst);
  EXPECT_TRUE(InheritedSockets::from_values("78", "1", "", 77, kFirst).rest().empty());
  EXPECT_TRUE(InheritedSockets::from_values("", "", "", 77, kFirst).rest().empty());
  EXPECT_TRUE(InheritedSockets::from_values("77", "x", "", 77, kFirst).rest().empty());
  EXPECT_TRUE(InheritedSockets::from_values("77", "2", "", 77, kFirst).rest().empty());
  ::close(kFirst);
}

}  // namespace
}  // namespace gatepost::runtime
