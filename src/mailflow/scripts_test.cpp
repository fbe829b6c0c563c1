#include "mailflow/scripts.hpp"

#include <gtest/gtest.h>

#include "mailflow/memory.hpp"
#include "mailflow/test_support.hpp"
#include "sieve/limits.hpp"

namespace gatepost::mailflow {
namespace {

class MailflowScripts : public testing::Test {
 protected:
  World world;
  std::shared_ptr<account::Account> account = world.account(kAnna);
  Scripts& scripts = *world.reception->scripts();
};

TEST_F(MailflowScripts, AreKeptNamedAndActivated) {
  EXPECT_TRUE(scripts.list(*account)->scripts.empty());
  const std::string empty_state = scripts.list(*account)->state;
  const ScriptId first = *scripts.put(*account, {}, "first", "keep;");
  const std::string large = "keep;\r\n# " + std::string(100'000, 'x') + "\r\n";
  const ScriptId second = *scripts.put(*account, {}, "zwei ü", large);
  EXPECT_NE(first, second);
  EXPECT_NE(scripts.list(*account)->state, empty_state);
  EXPECT_EQ(*scripts.content(*account, second), large);
  EXPECT_EQ(code(scripts.put(*account, {}, "first", "stop;")), Errc::already_exists);
  EXPECT_EQ(code(scripts.put(*account, second, "first", {})), Errc::already_exists);
  EXPECT_TRUE(scripts.put(*account, first, "first", {}));
  EXPECT_EQ(code(scripts.put(*account, {}, "a\nb", "")), Errc::invalid);
  EXPECT_EQ(code(scripts.put(*account, {}, "", "")), Errc::invalid);
  EXPECT_EQ(code(scripts.put(*account, ScriptId{77}, "x", "")), Errc::not_found);
  EXPECT_EQ(code(scripts.put(*account, {}, "x", std::string(sieve::kMaxScriptOctets + 1, ' '))), Errc::too_large);

  EXPECT_FALSE(*scripts.active(account->id()));
  ASSERT_TRUE(scripts.activate(*account, second));
  EXPECT_EQ((*scripts.active(account->id()))->name, "zwei ü");
  EXPECT_EQ(code(scripts.remove(*account, second)), Errc::conflict);
  // Shorter than before: nothing of it stays.
  ASSERT_TRUE(scripts.put(*account, second, "renamed", "discard;"));
  EXPECT_EQ(*scripts.content(*account, second), "discard;");
  EXPECT_EQ((*scripts.active(account->id()))->name, "renamed");
  ASSERT_TRUE(scripts.activate(*account, {}));
  EXPECT_FALSE(*scripts.active(account->id()));
  EXPECT_TRUE(scripts.remove(*account, second));
  EXPECT_EQ(code(scripts.content(*account, second)), Errc::not_found);
  EXPECT_EQ(code(scripts.activate(*account, second)), Errc::not_found);
  EXPECT_EQ(scripts.list(*account)->scripts.size(), 1U);
  // A number is not given again.
  EXPECT_GT(static_cast<std::uint32_t>(*scripts.put(*account, {}, "third", "")), static_cast<std::uint32_t>(second));
}

TEST_F(MailflowScripts, AreKnownAfterARestart) {
  const ScriptId id = *scripts.put(*account, {}, "s", "keep;");
  ASSERT_TRUE(scripts.activate(*account, id));
  world.open();
  EXPECT_EQ((*world.reception->scripts()->active(account->id()))->name, "s");
  EXPECT_TRUE(world.reception->scripts()->list(*account)->scripts.at(0).active);
}

TEST_F(MailflowScripts, AreNoMoreThanSoMany) {
  for (std::size_t i = 0; i < kMaxScripts; ++i) {
    ASSERT_TRUE(scripts.put(*account, {}, "s" + std::to_string(i), std::string(sieve::kMaxScriptOctets, '\n')));
  }
  EXPECT_EQ(code(scripts.put(*account, {}, "more", "")), Errc::limit);
}

TEST(MailflowMemory, KeepsForAsLongAsItIsTold) {
  World world;
  const auto account = world.account(kAnna);
  const std::vector<Remembered> ids{{.id = "a", .keep = std::chrono::seconds(60)},
                                    {.id = std::string("b\0c", 3), .keep = std::chrono::days(2)}};
  ASSERT_TRUE(remember(*account, kSeenMemory, ids, world.clock.now()));
  EXPECT_TRUE(*remembers(*account, kSeenMemory, "a", world.clock.now()));
  EXPECT_TRUE(*remembers(*account, kSeenMemory, std::string_view("b\0c", 3), world.clock.now()));
  EXPECT_FALSE(*remembers(*account, kSeenMemory, "b", world.clock.now()));
  EXPECT_FALSE(*remembers(*account, kAnsweredMemory, "a", world.clock.now()));
  world.clock.advance(std::chrono::seconds(60));
  EXPECT_FALSE(*remembers(*account, kSeenMemory, "a", world.clock.now()));
  // What is known keeps its end, unless it is renewed.
  std::vector<Remembered> again{{.id = std::string("b\0c", 3), .keep = std::chrono::days(9)}};
  ASSERT_TRUE(remember(*account, kSeenMemory, again, world.clock.now()));
  world.clock.advance(std::chrono::days(1));
  again[0].renew = true;
  ASSERT_TRUE(remember(*account, kSeenMemory, again, world.clock.now()));
  world.clock.advance(std::chrono::days(2));
  EXPECT_TRUE(*remembers(*account, kSeenMemory, std::string_view("b\0c", 3), world.clock.now()));
}

TEST(MailflowMemory, ForgetsWhatEndsFirstWhenItIsFull) {
  World world;
  const auto account = world.account(kAnna);
  std::vector<Remembered> ids;
  for (int i = 0; i < 2'500; ++i) ids.push_back({.id = std::to_string(i), .keep = std::chrono::seconds(10 + i)});
  ASSERT_TRUE(remember(*account, kAnsweredMemory, ids, world.clock.now()));
  EXPECT_FALSE(*remembers(*account, kAnsweredMemory, "0", world.clock.now()));
  EXPECT_TRUE(*remembers(*account, kAnsweredMemory, "2499", world.clock.now()));
  EXPECT_TRUE(*remembers(*account, kAnsweredMemory, "1500", world.clock.now()));
}

}  // namespace
}  // namespace gatepost::mailflow
