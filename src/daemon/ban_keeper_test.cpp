#include "daemon/ban_keeper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "gate/helper/client.hpp"
#include "store/keys.hpp"
#include "store/memory_store.hpp"

namespace gatepost::daemon {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BanKeeperTest : public testing::Test {
 protected:
  BanKeeperTest() { reopen(); }
  void reopen() {
    keeper.reset();
    keeper = std::make_unique<BanKeeper>(BanKeeper::Parts{.keys = store->keys(),
                                                          .clock = clock,
                                                          .log = null_log(),
                                                          .metrics = metrics,
                                                          .end_connections =
                                                              [this](const Network& network) {
                                                                const std::lock_guard lock(mutex);
                                                                ended.push_back(network.to_string());
                                                              },
                                                          .helper = nullptr,
                                                          .why_no_helper = "there is none"},
                                         gate::BanRules());
    EXPECT_TRUE(keeper->start());
  }
  runtime::Peer peer(std::string_view address, bool proxied = false) {
    runtime::Peer p;
    p.remote = {*IpAddress::parse(address), 40'000};
    p.local = {*IpAddress::parse("192.0.2.25"), 25};
    p.listener = "smtp";
    p.proxied = proxied;
    return p;
  }
  bool refused(std::string_view address) { return keeper->refuses(*IpAddress::parse(address)); }

  ManualClock clock;
  Metrics metrics;
  std::unique_ptr<store::Store> store = store::open_memory({.engine = "memory"}, clock);
  std::mutex mutex;
  std::vector<std::string> ended;
  std::unique_ptr<BanKeeper> keeper;
};

TEST_F(BanKeeperTest, BansWhoSpeaksAnotherProtocolAndEndsHisConnections) {
  for (int i = 0; i < 4; ++i) keeper->saw(peer("192.0.2.1"), runtime::Conduct::foreign_protocol, "HTTP");
  EXPECT_TRUE(refused("192.0.2.1"));
  EXPECT_FALSE(refused("192.0.2.2"));
  EXPECT_THAT(ended, ElementsAre("192.0.2.1"));
  EXPECT_FALSE(keeper->enforcement().firewall);
  EXPECT_EQ(keeper->enforcement().why_not, "there is none");
}

TEST_F(BanKeeperTest, HoldsGoodRecipientsAgainstUnknownOnes) {
  for (int i = 0; i < 500; ++i) {
    keeper->saw(peer("192.0.2.1"), runtime::Conduct::unknown_recipient, "x@example.org");
    keeper->saw(peer("192.0.2.1"), runtime::Conduct::known_recipient, "");
  }
  EXPECT_FALSE(refused("192.0.2.1"));
  for (int i = 0; i < 60; ++i) keeper->saw(peer("192.0.2.1"), runtime::Conduct::unknown_recipient, "x@example.org");
  EXPECT_TRUE(refused("192.0.2.1"));
  EXPECT_EQ(keeper->list().bans().at(0).cause, gate::Cause::harvest);
}

TEST_F(BanKeeperTest, HearsOfSignIns) {
  using Kind = directory::SignInNews::Kind;
  const directory::SignInContext context{*IpAddress::parse("192.0.2.1"), "imap", "c1"};
  for (int i = 0; i < 40; ++i) keeper->heard({Kind::wrong_password, context, "anna@example.org"});
  keeper->heard({Kind::succeeded, context, "anna@example.org", 40});
  for (int i = 0; i < 40; ++i) keeper->heard({Kind::wrong_password, context, "anna@example.org"});
  EXPECT_FALSE(refused("192.0.2.1"));
  for (int i = 0; i < 20; ++i) keeper->heard({Kind::unknown_name, context, "root@example.org"});
  EXPECT_TRUE(refused("192.0.2.1"));
}

TEST_F(BanKeeperTest, KeepsBansOverARestart) {
  ASSERT_TRUE(keeper->add(*Network::parse("192.0.2.7"), 2h, "a test"));
  ASSERT_TRUE(keeper->add(*Network::parse("2001:db8::/64"), 1min, "another"));
  ASSERT_TRUE(keeper->add(*Network::parse("192.0.2.8"), 2h, "lifted again"));
  EXPECT_THAT(keeper->lift(*IpAddress::parse("192.0.2.8")), SizeIs(1));
  clock.advance(2min);
  reopen();
  EXPECT_TRUE(refused("192.0.2.7"));
  EXPECT_FALSE(refused("2001:db8::1"));
  EXPECT_FALSE(refused("192.0.2.8"));
  ASSERT_THAT(keeper->list().bans(), SizeIs(1));
  EXPECT_EQ(keeper->list().bans()[0].reason, "a test");
}

TEST_F(BanKeeperTest, RemembersThatAProxyToldTheAddress) {
  for (int i = 0; i < 4; ++i) keeper->saw(peer("192.0.2.1", true), runtime::Conduct::foreign_protocol, "HTTP");
  EXPECT_TRUE(keeper->list().bans().at(0).daemon_only);
}

TEST_F(BanKeeperTest, StartsWithRecordsItCannotRead) {
  keeper.reset();
  store::Batch batch;
  batch.writes.push_back({"b", "damaged"});
  batch.writes.push_back({"z", "from the future"});
  ASSERT_TRUE(store->keys().commit(store::kBanPartition, *store->keys().version(store::kBanPartition), batch));
  reopen();
  EXPECT_THAT(keeper->list().bans(), IsEmpty());
  ASSERT_TRUE(keeper->add(*Network::parse("192.0.2.7"), 2h, ""));
  reopen();
  EXPECT_TRUE(refused("192.0.2.7"));
}

TEST_F(BanKeeperTest, EndsBansThatAReloadForbids) {
  ASSERT_TRUE(keeper->add(*Network::parse("192.0.2.7"), 2h, ""));
  gate::BanRules rules;
  rules.exempt = {{"[bans] never", {*Network::parse("192.0.2.0/24")}}};
  keeper->set_rules(rules);
  EXPECT_FALSE(refused("192.0.2.7"));
  const auto added = keeper->add(*Network::parse("192.0.2.7"), 2h, "");
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().detail, HasSubstr("[bans] never"));
}

}  // namespace
}  // namespace gatepost::daemon
