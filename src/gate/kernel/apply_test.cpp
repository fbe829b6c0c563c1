#include "gate/kernel/apply.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "gate/backend/export.hpp"
#include "gate/backend/nft_table.hpp"
#include "gate/kernel/iptables_listings.hpp"
#include "gate/kernel/plan.hpp"
#include "gate/kernel/table_diff.hpp"
#include "gate/kernel/test_namespace.hpp"

namespace gatepost::gate {
namespace {

using namespace testing_namespace;
using testing::HasSubstr;
using testing::Not;

Intent apply_intent(std::string_view trusted = "10.20.0.0/16", std::uint32_t per_minute = 30) {
  Intent out;
  PortIntent smtp{"smtp",     25, AddressSet::all(),      {{"internet", AddressSet::all(), {}}},
                  per_minute, 0,  config::GateLog::drops, ""};
  PortIntent imaps{"imaps", 993, AddressSet::all(),      {{"trusted", set_of({*Network::parse(trusted)}), {}}},
                   0,       200, config::GateLog::drops, ""};
  out.ports = {smtp, imaps};
  return out;
}

struct Directory {
  Directory() : path(std::filesystem::temp_directory_path() / fmt::format("gp-gate-{}", ::getpid())) { remove(); }
  ~Directory() { remove(); }
  // The undoing processes may be about to remove a file of it.
  void remove() const {
    std::error_code error;
    for (int i = 0; i < 10; ++i) std::filesystem::remove_all(path, error);
  }
  std::filesystem::path path;
};

ApplyOptions waiting(int seconds) {
  ApplyOptions out;
  out.confirm = std::chrono::seconds(seconds);
  out.by = "test";
  return out;
}

TimePoint now() { return SystemClock().now(); }

bool gone_within(Nft& nft, int seconds) {
  for (int i = 0; i < seconds * 20; ++i) {
    if (table(nft).empty()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

TEST(Apply, TheFirstOneGoesBackToNoTableUnlessConfirmed) {
  in_namespace([] {
    Directory d;
    auto nft = Nft::open();
    {
      auto revisions = Revisions::open(d.path);
      ASSERT_TRUE(revisions);
      const auto applied = apply(*revisions, *nft, apply_intent(), waiting(1), now());
      ASSERT_TRUE(applied) << applied.error().detail;
      EXPECT_TRUE(applied->pending);
      EXPECT_THAT(table(*nft), HasSubstr("gp:imaps:trusted"));
    }
    EXPECT_TRUE(gone_within(*nft, 10));
    auto revisions = Revisions::open(d.path);
    ASSERT_EQ(revisions->all().size(), 1u);
    for (int i = 0; i < 100 && revisions->pending(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(revisions->all()[0].state, Revision::State::reverted);
    EXPECT_FALSE(revisions->pending());
  });
}

TEST(Apply, IsNotUndoneBeforeItsTime) {
  in_namespace([] {
    Directory d;
    auto nft = Nft::open();
    std::int64_t deadline = 0;
    {
      auto revisions = Revisions::open(d.path);
      ASSERT_TRUE(apply(*revisions, *nft, apply_intent(), waiting(2), now()));
      deadline = revisions->pending()->deadline_boottime;
    }
    // What is gone was there at the look before: that look was not before the deadline, or nearly so.
    std::int64_t seen = boottime_now();
    while (!table(*nft).empty() && boottime_now() < deadline + 30'000'000'000) {
      seen = boottime_now();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_TRUE(table(*nft).empty());
    EXPECT_GE(boottime_now(), deadline);
    EXPECT_GE(seen, deadline - 2'000'000'000);
  });
}

TEST(Apply, ConfirmedRulesStay) {
  in_namespace([] {
    Directory d;
    auto nft = Nft::open();
    {
      auto revisions = Revisions::open(d.path);
      ASSERT_TRUE(apply(*revisions, *nft, apply_intent(), waiting(2), now()));
      const auto kept = confirm(*revisions, *nft, std::nullopt);
      ASSERT_TRUE(kept) << kept.error().detail;
      EXPECT_EQ(confirm(*revisions, *nft, std::nullopt).error().code, Errc::not_found);
      // The same once more is nothing to do.
      EXPECT_EQ(apply(*revisions, *nft, apply_intent(), waiting(2), now())->batch, "");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(4500));
    EXPECT_THAT(table(*nft), HasSubstr("gp:imaps:trusted"));
  });
}

TEST(Apply, WhatStaysKeepsCountersAndMeters) {
  in_namespace([] {
    Directory d;
    auto nft = Nft::open();
    auto revisions = Revisions::open(d.path);
    ASSERT_TRUE(apply(*revisions, *nft, apply_intent(), waiting(0), now()));
    sh("ip addr add 198.51.100.1/32 dev lo");
    sh("python3 -c \"import socket;s=socket.socket();s.settimeout(1)\ntry: s.connect(('198.51.100.1',25))\nexcept "
       "OSError: pass\"");
    EXPECT_THAT(table(*nft), HasSubstr("limit rate over 30/minute burst 30 packets"));
    const std::string before = table(*nft);
    EXPECT_THAT(before, HasSubstr("counter packets 1 bytes 60 accept comment \"gp:smtp:open\""));
    const auto second = apply(*revisions, *nft, apply_intent("10.30.0.0/16"), waiting(0), now());
    ASSERT_TRUE(second) << second.error().detail;
    EXPECT_THAT(second->batch, Not(HasSubstr("delete table")));
    const std::string after = table(*nft);
    EXPECT_THAT(after, HasSubstr("10.30.0.0/16"));
    EXPECT_THAT(after, Not(HasSubstr("10.20.0.0/16")));
    EXPECT_THAT(after, HasSubstr("counter packets 1 bytes 60 accept comment \"gp:smtp:open\""));
    EXPECT_THAT(after, HasSubstr("elements = { 198.51.100.1 limit rate over"));
    // Another rate is another rule; the rest stays.
    ASSERT_TRUE(apply(*revisions, *nft, apply_intent("10.30.0.0/16", 60), waiting(0), now()));
    EXPECT_THAT(table(*nft), HasSubstr("limit rate over 60/minute"));
    EXPECT_THAT(table(*nft), HasSubstr("counter packets 1 bytes 60 accept comment \"gp:smtp:open\""));
    // Meters and all, it can be put back as it was.
    const auto back = roll_back(*revisions, *nft, 1, waiting(1), now());
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_THAT(table(*nft), HasSubstr("10.20.0.0/16"));
    revisions = Revisions::open(d.path);  // lets go of the lock
    for (int i = 0; i < 200 && revisions->pending(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_THAT(table(*nft), HasSubstr("10.30.0.0/16"));
    EXPECT_THAT(table(*nft), HasSubstr("limit rate over 60/minute"));
  });
}

TEST(Apply, WhatIsOverALimitIsLoggedAndDroppedWhateverTheLogsLimitSays) {
  in_namespace([] {
    Directory d;
    auto nft = Nft::open();
    auto revisions = Revisions::open(d.path);
    ASSERT_TRUE(apply(*revisions, *nft, apply_intent("10.20.0.0/16", 2), waiting(0), now()));
    sh("ip addr add 198.51.100.1/32 dev lo");
    // More than the log's burst of 20.
    sh("python3 -c \"import socket\nfor i in range(40):\n  s=socket.socket();s.setblocking(False)\n  try: "
       "s.connect(('198.51.100.1',25))\n  except OSError: pass\n  s.close()\"");
    const std::string after = table(*nft);
    EXPECT_THAT(after, HasSubstr("counter packets 2 bytes 120 accept comment \"gp:smtp:open\""));
    EXPECT_THAT(after, HasSubstr("counter packets 38 bytes 2280 drop comment \"gp:smtp:rate\""));
    EXPECT_THAT(after, HasSubstr("log prefix \"gp:smtp:rate \""));
    EXPECT_THAT(after, HasSubstr("log prefix \"gp:imaps:connections \""));
  });
}

TEST(Apply, StepByStepEndsAtWhatAFreshLoadGives) {
  in_namespace([] {
    Directory d;
    auto nft = Nft::open();
    auto revisions = Revisions::open(d.path);
    std::vector<Intent> steps;
    for (int i = 0; i < 24; ++i) {
      Intent one = apply_intent(i % 3 == 0 ? "10.20.0.0/16" : "2001:db8::/32", i % 4 == 0 ? 0 : 30);
      if (i % 2 == 0) one.ports[1].openings.push_back({"vpn", set_of({*Network::parse("192.0.2.0/24")}), {}});
      if (i % 5 == 0) one.ports.erase(one.ports.begin());
      if (i % 5 == 1)
        one.ports[1].destinations = set_of({*Network::parse("198.51.100.1"), *Network::parse("2001:db8::1")});
      if (i % 6 == 2)
        one.scope = config::Gate::Scope::host, one.management_ports = {22},
        one.management = set_of({*Network::parse("10.0.0.0/8")});
      if (i % 7 == 3)
        one.egress_user = "root", one.egress = {{"dns", 53, true, true, AddressSet::all()},
                                                {"smtp", 25, false, true, set_of({*Network::parse("203.0.113.0/24")})}};
      if (i % 4 == 3)
        one.ports.back().openings.push_back(
            {"exception-1", set_of({*Network::parse("203.0.113.9")}), now() + std::chrono::hours(50)});
      if (i % 3 == 2) one.ports.back().log = config::GateLog::all;
      steps.push_back(std::move(one));
    }
    for (const Intent& one : steps) {
      const auto applied = apply(*revisions, *nft, one, waiting(0), now());
      ASSERT_TRUE(applied) << applied.error().detail;
      const auto fresh = listing_in_empty_namespace(nft_table(one, 0, now()).text());
      ASSERT_TRUE(fresh) << fresh.error().detail;
      EXPECT_TRUE(*same_table(*fresh, *nft->list_json())) << applied->batch << table(*nft);
      EXPECT_EQ(marker_in(*nft->list_json()), (Marker{applied->revision, one.hash()}));
    }
    EXPECT_LE(revisions->all().size(), kKeptRevisions);
  });
}

TEST(Apply, RepairsWhatSomebodyChangedByHand) {
  in_namespace([] {
    Directory d;
    auto nft = Nft::open();
    auto revisions = Revisions::open(d.path);
    ASSERT_TRUE(apply(*revisions, *nft, apply_intent(), waiting(0), now()));
    const auto fresh = listing_in_empty_namespace(nft_table(apply_intent(), 0, now()).text());
    const std::string name = nft_table(apply_intent(), 0, now()).sets.back().name;
    ASSERT_THAT(name, HasSubstr("imaps-trusted-4-"));
    for (const std::string& change :
         {fmt::format("add element inet gatepost {} {{ 203.0.113.0/24, 192.0.2.5-192.0.2.7 }}", name),
          fmt::format("delete element inet gatepost {} {{ 10.20.0.0/16 }}", name),
          std::string("insert rule inet gatepost input tcp dport 993 accept"),
          std::string("add chain inet gatepost mine"), std::string("add chain inet gatepost input { policy drop; }")}) {
      ASSERT_TRUE(nft->run(change)) << change;
      EXPECT_FALSE(*same_table(*fresh, *nft->list_json())) << change;
      const auto repaired = apply(*revisions, *nft, apply_intent(), waiting(0), now());
      ASSERT_TRUE(repaired) << repaired.error().detail;
      EXPECT_TRUE(*same_table(*fresh, *nft->list_json())) << change << "\n" << repaired->batch << table(*nft);
    }
  });
}

TEST(Apply, IsUndoneThoughWhoeverAppliedItIsKilled) {
  in_namespace([] {
    Directory d;
    auto nft = Nft::open();
    const pid_t admin = ::fork();
    if (admin == 0) {
      auto own = Nft::open();
      auto revisions = Revisions::open(d.path);
      if (!apply(*revisions, *own, apply_intent(), waiting(2), now())) ::_exit(1);
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ::waitpid(admin, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_FALSE(table(*nft).empty());
    EXPECT_TRUE(gone_within(*nft, 10));
  });
}

// The processes of this namespace that wait to undo.
std::vector<pid_t> undoers() {
  std::vector<pid_t> out;
  struct stat own{};
  ::stat("/proc/self/ns/net", &own);
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    std::ifstream in(entry.path() / "comm");
    std::string name;
    std::getline(in, name);
    struct stat s{};
    if (name == "gatepost-undo" && ::stat((entry.path() / "ns/net").c_str(), &s) == 0 && s.st_ino == own.st_ino)
      out.push_back(pid);
  }
  return out;
}

TEST(Apply, IsUndoneThoughOneOfTheUndoersIsKilled) {
  in_namespace([] {
    for (const std::size_t victim : {0U, 1U}) {
      Directory d;
      auto nft = Nft::open();
      {
        auto revisions = Revisions::open(d.path);
        ASSERT_TRUE(apply(*revisions, *nft, apply_intent(), waiting(2), now()));
      }
      std::vector<pid_t> all;
      for (int i = 0; i < 100 && all.size() < 2; ++i) {
        all = undoers();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      ASSERT_EQ(all.size(), 2u);
      ::kill(all[victim], SIGKILL);
      EXPECT_TRUE(gone_within(*nft, 10));
      for (int i = 0; i < 100 && !undoers().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
}

TEST(Apply, ABootForgetsWhatWasNotConfirmedAndLoadsWhatWas) {
  in_namespace([] {
    Directory d;
    auto nft = Nft::open();
    auto revisions = Revisions::open(d.path);
    ASSERT_TRUE(apply(*revisions, *nft, apply_intent("10.1.0.0/16"), waiting(0), now()));
    ASSERT_TRUE(apply(*revisions, *nft, apply_intent("10.2.0.0/16"), waiting(600), now()));
    EXPECT_THAT(table(*nft), HasSubstr("10.2.0.0/16"));
    // The kernel's rules are gone, and it is another boot.
    Pending pending = *revisions->pending();
    pending.boot_id = "another";
    ASSERT_TRUE(revisions->put(pending));
    ASSERT_TRUE(nft->run("flush ruleset"));
    for (const pid_t pid : undoers()) ::kill(pid, SIGKILL);
    const auto loaded = restore(*revisions, *nft, now());
    ASSERT_TRUE(loaded) << loaded.error().detail;
    EXPECT_EQ(*loaded, std::optional<std::uint64_t>(1));
    EXPECT_THAT(table(*nft), HasSubstr("10.1.0.0/16"));
    EXPECT_EQ(revisions->get(2)->state, Revision::State::reverted);
    EXPECT_FALSE(revisions->pending());
  });
}

TEST(Apply, OfTwoAdminsOneHasToWait) {
  in_namespace([] {
    Directory d;
    auto nft = Nft::open();
    auto first = Revisions::open(d.path), second = Revisions::open(d.path);
    ASSERT_TRUE(first->lock(false));
    EXPECT_EQ(apply(*second, *nft, apply_intent(), waiting(5), now()).error().code, Errc::conflict);
    ASSERT_TRUE(apply(*first, *nft, apply_intent(), waiting(600), now()));
    first = Revisions::open(d.path);
    const auto late = apply(*second, *nft, apply_intent("10.9.0.0/16"), waiting(5), now());
    ASSERT_FALSE(late);
    EXPECT_THAT(late.error().detail, HasSubstr("revision 1 waits"));
    ASSERT_TRUE(undo(*second, *nft, "test"));
    EXPECT_EQ(table(*nft), "");
  });
}

TEST(Apply, TheOldConnectionCannotConfirm) {
  in_namespace([] {
    Directory d;
    auto nft = Nft::open();
    auto revisions = Revisions::open(d.path);
    ApplyOptions options = waiting(600);
    options.ssh = parse_ssh_connection("192.0.2.1 50022 198.51.100.1 22");
    ASSERT_TRUE(apply(*revisions, *nft, apply_intent(), options, now()));
    EXPECT_EQ(confirm(*revisions, *nft, options.ssh).error().code, Errc::denied);
    EXPECT_TRUE(confirm(*revisions, *nft, parse_ssh_connection("192.0.2.1 50023 198.51.100.1 22")));
  });
}

TEST(Apply, ADirectoryOthersMayWriteToIsNotTrusted) {
  Directory d;
  std::filesystem::create_directories(d.path);
  ::chmod(d.path.c_str(), 0777);
  EXPECT_EQ(Revisions::open(d.path).error().code, Errc::denied);
}

TEST(Apply, ABatchTheKernelRefusesChangesNothing) {
  in_namespace([] {
    Directory d;
    auto nft = Nft::open();
    auto revisions = Revisions::open(d.path);
    Intent wrong = apply_intent();
    wrong.egress_user = "nobody-of-that-name";
    EXPECT_FALSE(apply(*revisions, *nft, wrong, waiting(5), now()));
    EXPECT_EQ(table(*nft), "");
    EXPECT_FALSE(revisions->pending());
  });
}

TEST(Plan, SaysWhoGainsAndWhoLoses) {
  in_namespace([] {
    auto nft = Nft::open();
    sh("ip addr add 198.51.100.1/24 dev lo; ip link add eth0 type veth peer name eth9; ip link set eth0 up");
    const auto ssh = parse_ssh_connection("10.99.0.1 50022 198.51.100.1 22");
    const auto plan = make_plan(*nft, apply_intent(), 1, ssh, now());
    ASSERT_TRUE(plan) << plan.error().detail;
    ASSERT_EQ(plan->changes.size(), 1u);
    EXPECT_EQ(plan->changes[0].port, 993);
    EXPECT_FALSE(plan->changes[0].gains);
    EXPECT_FALSE(plan->changes[0].sources.contains(set_of({*Network::parse("10.20.0.0/16")})));
    EXPECT_EQ(plan->own_after, Fate::open);
    EXPECT_FALSE(plan->cuts_off());
    EXPECT_TRUE(plan->drift.empty());
    EXPECT_EQ(table(*nft), "");
    // With the scope host, an admin outside the admin networks would be locked out.
    Intent host = apply_intent();
    host.scope = config::Gate::Scope::host;
    host.management_ports = {22};
    host.management = set_of({*Network::parse("10.98.0.0/16")});
    EXPECT_TRUE(make_plan(*nft, host, 1, ssh, now())->cuts_off());
    host.management = set_of({*Network::parse("10.99.0.0/16")});
    EXPECT_FALSE(make_plan(*nft, host, 1, ssh, now())->cuts_off());
  });
}

TEST(Plan, NamesTheForeignChainThatDropsLater) {
  in_namespace([] {
    auto nft = Nft::open();
    sh("ip addr add 198.51.100.1/24 dev lo; ip link add eth0 type veth peer name eth9; ip link set eth0 up");
    ASSERT_TRUE(
        nft->run("table inet other {\n chain late {\n type filter hook input priority 10; policy accept;\n "
                 "tcp dport 25 drop comment \"theirs\"\n }\n}\n"));
    const auto plan = make_plan(*nft, apply_intent(), 1, std::nullopt, now());
    ASSERT_TRUE(plan) << plan.error().detail;
    ASSERT_FALSE(plan->drift.empty());
    EXPECT_EQ(plan->drift[0].kind, Drift::Kind::shut_out);
    EXPECT_EQ(plan->drift[0].service, "smtp");
    EXPECT_THAT(plan->drift[0].because, HasSubstr("\"theirs\" of inet other late"));
  });
}

TEST(Plan, LegacyTablesLeaveNothingCertain) {
  in_namespace([] {
    auto nft = Nft::open();
    sh("ip addr add 198.51.100.1/24 dev lo; ip link add eth0 type veth peer name eth9; ip link set eth0 up");
    if (std::system("iptables-legacy -A INPUT -p tcp --dport 25 -j DROP 2>/dev/null") != 0) GTEST_SKIP();
    EXPECT_THAT(legacy_tables(), testing::Contains("filter"));
    const auto listed = situation(*nft->list_json(), *this_host(), legacy_tables());
    EXPECT_TRUE(reaching(ask(*listed, 25)).empty());
    EXPECT_FALSE(unknown_for(ask(*listed, 25)).empty());
  });
}

TEST(Plan, LegacyRulesThatAreListedAreJudged) {
  in_namespace([] {
    auto nft = Nft::open();
    sh("ip addr add 198.51.100.1/24 dev lo; ip link add eth0 type veth peer name eth9; ip link set eth0 up");
    if (std::system("iptables-legacy -A INPUT -s 10.0.0.0/8 -p tcp -m multiport --dports 25,26 -j DROP 2>/dev/null") !=
        0)
      GTEST_SKIP();
    const auto look = [&] {
      const std::string live = *nft->list_json();
      return *situation(live, *this_host(), legacy_tables(), iptables_listings(live, legacy_tables()));
    };
    const Situation seen = look();
    EXPECT_TRUE(seen.legacy_read);
    EXPECT_TRUE(unknown_for(ask(seen, 25)).empty());
    EXPECT_FALSE(reaching(ask(seen, 25)).contains(number_of(*IpAddress::parse("10.0.0.1"))));
    EXPECT_TRUE(reaching(ask(seen, 25)).contains(number_of(*IpAddress::parse("11.0.0.1"))));
    // What other tables of it do to a packet depends on their order among nftables' own, which nobody tells.
    if (std::system("iptables-legacy -t nat -A PREROUTING -p tcp --dport 1 -j REDIRECT --to-ports 25 2>/dev/null") == 0)
      EXPECT_TRUE(reaching(ask(look(), 25)).empty());
  });
}

TEST(Plan, ExtensionsOfIptablesAreReadFromItsOwnListing) {
  in_namespace([] {
    auto nft = Nft::open();
    sh("ip addr add 198.51.100.1/24 dev lo; ip link add eth0 type veth peer name eth9; ip link set eth0 up");
    if (std::system("iptables-nft -A INPUT -p tcp -m time --timestart 00:00 -m iprange --src-range 10.0.0.1-10.0.0.9 "
                    "-j ACCEPT && "
                    "iptables-nft -A INPUT -p tcp -m iprange --src-range 10.0.0.0-10.0.0.255 -m multiport --dports "
                    "25,26 -j DROP") != 0)
      GTEST_SKIP();
    const std::string live = *nft->list_json();
    EXPECT_FALSE(unknown_for(ask(*situation(live, *this_host(), {}), 25)).empty());
    const Situation seen = *situation(live, *this_host(), {}, iptables_listings(live, {}));
    EXPECT_TRUE(unknown_for(ask(seen, 25)).empty());
    EXPECT_THAT(seen.rules.notes, testing::IsEmpty());
    EXPECT_FALSE(reaching(ask(seen, 25)).contains(number_of(*IpAddress::parse("10.0.0.10"))));
    EXPECT_TRUE(reaching(ask(seen, 25)).contains(number_of(*IpAddress::parse("10.0.1.0"))));
  });
}

TEST(Export, NftablesAndIptablesTakeWhatIsWrittenForThem) {
  in_namespace([] {
    Directory d;
    std::filesystem::create_directories(d.path);
    Intent one = apply_intent();
    one.ports[1].openings.push_back({"vpn", set_of({*Network::parse("2001:db8::/32")}), {}});
    one.ports[1].destinations = set_of({*Network::parse("198.51.100.1"), *Network::parse("2001:db8::1")});
    for (const auto& [name, command] :
         {std::pair{"nftables", "nft -f"}, std::pair{"iptables", "iptables-restore --noflush"},
          std::pair{"ip6tables", "ip6tables-restore --noflush"}, std::pair{"firewalld", "sh -n"},
          std::pair{"ufw", "sh -n"}}) {
      const auto format = std::ranges::find(formats(), std::string_view(name), &Format::name);
      ASSERT_NE(format, formats().end());
      const std::string file = (d.path / name).string();
      std::ofstream(file) << format->write(one, now()).text;
      sh(fmt::format("{} {}", command, file));
    }
  });
}

}  // namespace
}  // namespace gatepost::gate
