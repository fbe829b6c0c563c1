#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>

#include <fmt/format.h>

#include "gate/bans/ban_set.hpp"
#include "gate/helper/client.hpp"
#include "gate/helper/helper.hpp"
#include "gate/helper/kernel_sets.hpp"
#include "gate/kernel/apply.hpp"
#include "gate/kernel/ban_proof.hpp"
#include "gate/kernel/table_diff.hpp"
#include "gate/kernel/test_namespace.hpp"

// Bans in a real kernel: the sets of the table, the helper that fills them, and the evaluator's proof.
namespace gatepost::gate {
namespace {

using namespace std::chrono_literals;
using namespace testing_namespace;
using helper::KernelSets;
using testing::HasSubstr;
using testing::Not;

Network net(std::string_view text) { return *Network::parse(text); }

Intent ban_intent(std::uint32_t per_minute = 30) {
  Intent out;
  out.ports = {
      {"smtp", 25, AddressSet::all(), {{"internet", AddressSet::all(), {}}}, per_minute, 0, config::GateLog::drops, ""},
      {"imaps",
       993,
       AddressSet::all(),
       {{"trusted", set_of(net("192.0.2.0/24")), {}}},
       0,
       200,
       config::GateLog::drops,
       ""}};
  return out;
}

void load(Nft& nft, const Intent& i) {
  const auto loaded = nft.run(nft_table(i, 1, SystemClock().now()).text());
  ASSERT_TRUE(loaded) << loaded.error().detail;
}

// With an address that is not loopback's, so that there is something to reach.
Situation seen(Nft& nft) {
  Host host = *this_host();
  host.interfaces = {"lo", "eth0"};
  host.addresses = host.addresses | set_of(net("198.51.100.1")) | set_of(net("2001:db8:100::1"));
  return *situation(*nft.list_json(), host, {});
}

bool refused_everywhere(Nft& nft, std::string_view network) {
  const auto proof = prove_ban(seen(nft), ban_intent(), net(network));
  EXPECT_EQ(proof.size(), 2u);
  for (const BanAtPort& p : proof) {
    EXPECT_NE(p.kind, BanAtPort::Kind::unknown) << p.port << " " << p.by;
    if (p.kind != BanAtPort::Kind::refused) return false;
  }
  return true;
}

TEST(BansInTheKernel, AreRefusedAtEveryPortByTheEvaluatorsWord) {
  in_namespace([] {
    auto nft = Nft::open();
    load(*nft, ban_intent());
    KernelSets sets;
    for (const char* network :
         {"203.0.113.9", "192.0.2.7", "203.0.112.0/24", "2001:db8::7", "2001:db8:1:2::/64", "2001:db8:9::/48"}) {
      EXPECT_FALSE(refused_everywhere(*nft, network)) << network;
      ASSERT_EQ(sets.put(net(network), 900s), 0) << network;
      EXPECT_TRUE(refused_everywhere(*nft, network)) << network;
    }
    const auto proof = prove_ban(seen(*nft), ban_intent(), net("192.0.2.7"));
    EXPECT_THAT(proof.at(1).by, HasSubstr("gp:ban:ban-4"));
    // Neighbours are not meant.
    EXPECT_FALSE(refused_everywhere(*nft, "192.0.2.8"));
    EXPECT_FALSE(refused_everywhere(*nft, "2001:db8:1:3::/64"));
    EXPECT_TRUE(refused_everywhere(*nft, "2001:db8:1:2:ffff::1"));
    EXPECT_TRUE(refused_everywhere(*nft, "203.0.112.77"));
    ASSERT_EQ(sets.remove(net("192.0.2.7")), 0);
    EXPECT_FALSE(refused_everywhere(*nft, "192.0.2.7"));
    EXPECT_EQ(sets.remove(net("192.0.2.7")), 0) << "one that is not there is fine";
  });
}

TEST(BansInTheKernel, AreNotProvenWhereTheRulesHaveNoSetsForThem) {
  in_namespace([] {
    auto nft = Nft::open();
    Intent older = ban_intent();
    // Rules that somebody made by hand, without our sets: the proof says what lets the address in.
    ASSERT_TRUE(
        nft->run("table inet gatepost {\n chain input {\n type filter hook input priority filter; policy accept;\n"
                 " tcp dport 25 accept comment \"theirs\"\n }\n}\n"));
    KernelSets sets;
    EXPECT_EQ(sets.put(net("203.0.113.9"), 900s), ENOENT);
    std::uint64_t handle = 0;
    EXPECT_EQ(sets.which(handle), ENOENT);
    const auto proof = prove_ban(seen(*nft), older, net("203.0.113.9"));
    EXPECT_EQ(proof.at(0).kind, BanAtPort::Kind::open);
    EXPECT_THAT(proof.at(0).by, HasSubstr("theirs"));
  });
}

TEST(BansInTheKernel, EndByThemselvesAndCanBeProlonged) {
  in_namespace([] {
    auto nft = Nft::open();
    load(*nft, ban_intent());
    KernelSets sets;
    ASSERT_EQ(sets.put(net("203.0.113.9"), 5000s), 0);
    EXPECT_THAT(table(*nft), HasSubstr("203.0.113.9 timeout 1h23m20s"));
    ASSERT_EQ(sets.put(net("203.0.113.9"), 7200s), 0);
    EXPECT_THAT(table(*nft), HasSubstr("203.0.113.9 timeout 2h"));
    ASSERT_EQ(sets.put(net("203.0.113.9"), 1s), 0);
    for (int i = 0; i < 200 && table(*nft).find("203.0.113.9") != std::string::npos; ++i) ::usleep(50'000);
    EXPECT_THAT(table(*nft), Not(HasSubstr("203.0.113.9")));
  });
}

TEST(BansInTheKernel, StayWhenThePolicyChanges) {
  in_namespace([] {
    auto nft = Nft::open();
    load(*nft, ban_intent());
    KernelSets sets;
    std::uint64_t first = 0, second = 0;
    ASSERT_EQ(sets.which(first), 0);
    ASSERT_NE(first, 0u);
    ASSERT_EQ(sets.put(net("203.0.113.9"), 5000s), 0);
    const NftTable wanted = nft_table(ban_intent(60), 2, SystemClock().now());
    const auto normal = listing_in_empty_namespace(wanted.text());
    ASSERT_TRUE(normal) << normal.error().detail;
    const auto batch = table_changes(wanted, *normal, *nft->list_json());
    ASSERT_TRUE(batch);
    EXPECT_THAT(*batch, Not(HasSubstr("delete table")));
    EXPECT_THAT(*batch, Not(HasSubstr("203.0.113.9")));
    ASSERT_TRUE(nft->run(*batch));
    EXPECT_THAT(table(*nft), HasSubstr("203.0.113.9 timeout 1h23m20s"));
    EXPECT_TRUE(*same_table(*normal, *nft->list_json())) << "who is banned is no difference";
    ASSERT_EQ(sets.which(second), 0);
    EXPECT_EQ(first, second);
    // Made anew they are empty, and have another number.
    ASSERT_TRUE(nft->run("delete table inet gatepost\n" + wanted.text()));
    ASSERT_EQ(sets.which(second), 0);
    EXPECT_NE(first, second);
  });
}

TEST(BansInTheKernel, AreRefusedBeforeEverythingThatAccepts) {
  const NftTable t = nft_table(ban_intent(), 1, TimePoint{});
  const auto input = std::ranges::find(t.chains, "input", &NftChain::name);
  ASSERT_NE(input, t.chains.end());
  EXPECT_EQ(input->rules[0], "tcp dport { 25, 993 } jump banned comment \"gp:ban:check\"");
  for (const BanSet& set : kBanSets) EXPECT_THAT(t.text(), HasSubstr(fmt::format("@{} counter drop", set.name)));
}

TEST(BansInTheKernel, NeedTheRightTo) {
  in_namespace([] {
    auto nft = Nft::open();
    load(*nft, ban_intent());
    ASSERT_EQ(::setresuid(65534, 65534, 65534), 0);
    KernelSets sets;
    EXPECT_EQ(sets.put(net("203.0.113.9"), 900s), EPERM);
  });
}

// The helper as its own process, which has given up its rights, and the client that talks to it.
TEST(BanHelper, DoesTwoThingsAndAnswersNothingElse) {
  in_namespace([] {
    auto nft = Nft::open();
    load(*nft, ban_intent());
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pair[0]);
      ::_exit(helper::run_helper({.connected = pair[1]}));
    }
    ::close(pair[1]);
    {
      helper::HelperClient client(::dup(pair[0]), "");
      const auto which = client.which();
      ASSERT_TRUE(which) << which.error().detail;
      EXPECT_NE(*which, 0u);
      ASSERT_TRUE(client.put(net("203.0.113.9"), 900s));
      EXPECT_TRUE(refused_everywhere(*nft, "203.0.113.9"));
      ASSERT_TRUE(client.remove(net("203.0.113.9")));
      EXPECT_FALSE(refused_everywhere(*nft, "203.0.113.9"));
      ASSERT_TRUE(nft->run("delete table inet gatepost\n"));
      EXPECT_EQ(client.put(net("203.0.113.9"), 900s).error().code, Errc::not_found);
    }
    // Whoever sends anything else is not talked to any more; its one client gone, the helper ends.
    const std::string noise(32, 'x');
    ASSERT_EQ(::send(pair[0], noise.data(), noise.size(), MSG_NOSIGNAL), 32);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "not killed by its own filter: " << status;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    helper::HelperClient late(pair[0], "");
    EXPECT_EQ(late.which().error().code, Errc::unavailable);
  });
}

TEST(BanHelper, ListensForOneUserAndRoot) {
  in_namespace([] {
    auto nft = Nft::open();
    load(*nft, ban_intent());
    const auto path = std::filesystem::temp_directory_path() / fmt::format("gp-ban-helper-{}", ::getpid());
    const pid_t child = ::fork();
    if (child == 0) ::_exit(helper::run_helper({.listen = path, .user = 65533}));
    for (int i = 0; i < 500 && !std::filesystem::exists(path); ++i) ::usleep(20'000);
    ASSERT_TRUE(std::filesystem::exists(path));
    helper::HelperClient client(-1, path);
    EXPECT_TRUE(client.put(net("203.0.113.9"), 900s));
    EXPECT_THAT(table(*nft), HasSubstr("203.0.113.9"));
    // Somebody else may reach the socket by a mistake in its folder's rights; he is not listened to.
    std::filesystem::permissions(path, std::filesystem::perms::all);
    const pid_t stranger = ::fork();
    if (stranger == 0) {
      if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
      helper::HelperClient other(-1, path);
      ::_exit(other.put(net("203.0.113.10"), 900s) ? 1 : 0);
    }
    int status = 0;
    ::waitpid(stranger, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_THAT(table(*nft), Not(HasSubstr("203.0.113.10")));
    ::kill(child, SIGTERM);
    ::waitpid(child, &status, 0);
    std::filesystem::remove(path);
  });
}

}  // namespace
}  // namespace gatepost::gate
