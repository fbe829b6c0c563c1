#include "base/netlink.hpp"

#include <linux/netlink.h>

#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace gatepost::netlink {
namespace {

std::string attribute_of(std::uint16_t type, std::string_view content) {
  nlattr head{static_cast<std::uint16_t>(sizeof(nlattr) + content.size()), type};
  std::string out(reinterpret_cast<const char*>(&head), sizeof head);
  out += content;
  out.resize((out.size() + 3) / 4 * 4);
  return out;
}

std::string message_of(std::uint16_t type, std::string_view body) {
  nlmsghdr head{};
  head.nlmsg_len = static_cast<std::uint32_t>(sizeof head + body.size());
  head.nlmsg_type = type;
  std::string out(reinterpret_cast<const char*>(&head), sizeof head);
  out += body;
  out.resize((out.size() + 3) / 4 * 4);
  return out;
}

TEST(Netlink, TakesMessagesOneByOne) {
  const std::string all = message_of(17, "abc") + message_of(18, "");
  std::string_view left = all;
  const auto first = take_message(left), second = take_message(left);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->type, 17);
  EXPECT_EQ(first->body, "abc");
  EXPECT_EQ(second->type, 18);
  EXPECT_TRUE(left.empty());
  EXPECT_FALSE(take_message(left));
  for (std::size_t size = 0; size < 19; ++size) {
    left = std::string_view(all).substr(0, size);
    EXPECT_FALSE(take_message(left)) << size;
  }
}

TEST(Netlink, FindsAttributesAndReadsNumbers) {
  const std::string all = attribute_of(1, "x") + attribute_of(NLA_F_NESTED | 2, std::string("\0\0\1\2", 4)) +
                          attribute_of(3, std::string("\1\2", 2)) + attribute_of(1, "later");
  EXPECT_EQ(attribute(all, 1), "x");
  EXPECT_EQ(be32(all, 2), 258U);
  EXPECT_EQ(be16(all, 3), 258U);
  EXPECT_FALSE(be16(all, 2));
  EXPECT_FALSE(attribute(all, 4));
  EXPECT_FALSE(attribute(std::string_view(all).substr(0, 4), 1)) << "cut";
  EXPECT_FALSE(attribute(std::string(8, '\0'), 0)) << "shorter than its own header";
}

}  // namespace
}  // namespace gatepost::netlink
