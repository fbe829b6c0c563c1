#include "smtp/client/message.hpp"

#include <gtest/gtest.h>

#include "smtp/client/test_support.hpp"

namespace gatepost::smtp::client {
namespace {

class SmtpMessage : public testing::Test {
 protected:
  std::string leaving(std::string_view stored) {
    Message message(*world.accounts, world.workers, world.body(stored));
    EXPECT_TRUE(runtime::run_to_end(message.open()));
    std::string out = rest(message);
    EXPECT_EQ(out.size(), message.size());
    message.rewind();
    EXPECT_EQ(rest(message), out);
    return out;
  }
  static std::string rest(Message& message) {
    std::string out;
    while (true) {
      const auto page = runtime::run_to_end(message.next());
      EXPECT_TRUE(page);
      if (!page || page->empty()) return out;
      out += *page;
    }
  }
  Message::Facts facts(std::string_view stored) {
    Message message(*world.accounts, world.workers, world.body(stored));
    EXPECT_TRUE(runtime::run_to_end(message.open()));
    return *runtime::run_to_end(message.inspect());
  }
  World world;
};

TEST_F(SmtpMessage, LeavesWithoutTheReturnPathOfOurOwnDelivery) {
  EXPECT_EQ(leaving("Return-Path: <anna@example.org>\r\nReceived: x\r\n\r\nbody\r\n"), "Received: x\r\n\r\nbody\r\n");
  // Only the one we put first.
  const std::string other = "Received: x\r\nReturn-Path: <a@b>\r\n\r\nReturn-Path: x\r\n";
  EXPECT_EQ(leaving(other), other);
}

TEST_F(SmtpMessage, IsReadInPages) {
  std::string text = "Return-Path: <>\r\n";
  std::string rest = "Subject: large\r\n\r\n";
  for (int i = 0; i < 30'000; ++i) rest += "line " + std::to_string(i) + "\r\n";
  EXPECT_EQ(leaving(text + rest), rest);
}

TEST_F(SmtpMessage, KnowsWhatItsContentNeeds) {
  const auto plain = facts("A: b\r\n\r\nbody\r\n");
  EXPECT_FALSE(plain.eight_bit || plain.header_8bit || plain.binary);
  EXPECT_TRUE(facts("A: \xc3\xbc\r\n\r\nbody\r\n").header_8bit);
  EXPECT_FALSE(facts("A: \xc3\xbc\r\n\r\nbody\r\n").eight_bit);
  EXPECT_TRUE(facts("A: b\r\n\r\n\xc3\xbc\r\n").eight_bit);
  EXPECT_FALSE(facts("A: b\r\n\r\n\xc3\xbc\r\n").header_8bit);
  EXPECT_TRUE(facts("A: b\r\n\r\nbare\nline feed\r\n").binary);
  EXPECT_TRUE(facts("A: b\r\n\r\nbare\rreturn\r\n").binary);
  EXPECT_TRUE(facts("A: b\r\n\r\nno end").binary);
  EXPECT_TRUE(facts(std::string("A: b\r\n\r\nx\0y\r\n", 13)).binary);
  EXPECT_TRUE(facts("A: b\r\n\r\n" + std::string(999, 'x') + "\r\n").binary);
  EXPECT_FALSE(facts("A: b\r\n\r\n" + std::string(998, 'x') + "\r\n").binary);
}

}  // namespace
}  // namespace gatepost::smtp::client
