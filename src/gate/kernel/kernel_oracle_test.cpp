#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "gate/kernel/host.hpp"
#include "gate/kernel/test_namespace.hpp"
#include "gate/ruleset/reach.hpp"
#include "gate/ruleset/reader.hpp"
#include "gate/ruleset/test_packets.hpp"

// The evaluator against the kernel: what reach() says of a packet is what becomes of it.
namespace gatepost::gate {
namespace {

using namespace testing_namespace;
using namespace testing_packets;

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

sockaddr_storage address_of(const IpAddress& a, std::uint16_t port, socklen_t& size) {
  sockaddr_storage out{};
  if (a.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    std::memcpy(&v4->sin_addr, a.octets.data() + 12, 4);
    size = sizeof *v4;
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    std::memcpy(&v6->sin6_addr, a.octets.data(), 16);
    size = sizeof *v6;
  }
  return out;
}

int udp_socket(const IpAddress& local, std::uint16_t port) {
  const int fd = ::socket(local.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!local.is_v4()) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  socklen_t size = 0;
  const sockaddr_storage at = address_of(local, port, size);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&at), size) == 0) return fd;
  ::close(fd);
  return -1;
}

// A second namespace behind two cables, and a thread in it that sends.
class Outside {
 public:
  Outside() {
    thread_ = std::thread([this] { serve(); });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return tid_ != 0; });
    const std::string at = fmt::format("/proc/{}/task/{}/ns/net", ::getpid(), tid_);
    const auto there = [&](const std::string& command) { sh(fmt::format("nsenter --net={} {}", at, command)); };
    for (const auto& [here, peer, mac, far] : {std::tuple{"eth0", "c0", "02:00:00:00:00:01", "02:00:00:00:00:11"},
                                               std::tuple{"wg0", "c1", "02:00:00:00:00:02", "02:00:00:00:00:12"}}) {
      sh(fmt::format("ip link add {} address {} type veth peer name {} address {}", here, mac, peer, far));
      sh(fmt::format("ip link set {} netns {}", peer, at));
      sh(fmt::format("ip link set {} up", here));
      there(fmt::format("ip link set {} up", peer));
    }
    there("ip link set lo up");
    sh("ip addr add 10.0.0.1/16 dev eth0; ip addr add 192.0.2.1/24 dev wg0; ip addr add 2001:db8:1::1/64 dev eth0 "
       "nodad; "
       "ip addr add 2001:db8:2::1/64 dev wg0 nodad");
    sh("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done");
    for (const char* a : {"10.0.0.2/16 dev c0", "10.0.0.3/16 dev c0", "10.0.3.255/16 dev c0", "10.0.4.0/16 dev c0",
                          "192.0.2.7/24 dev c1", "2001:db8:1::2/64 dev c0 nodad", "2001:db8:1::3/64 dev c0 nodad",
                          "2001:db8:2::7/64 dev c1 nodad"})
      there(fmt::format("ip addr add {}", a));
    // Neighbour discovery would have to pass the rules under test.
    there("ip neigh replace 10.0.0.1 lladdr 02:00:00:00:00:01 dev c0 nud permanent");
    there("ip neigh replace 2001:db8:1::1 lladdr 02:00:00:00:00:01 dev c0 nud permanent");
    there("ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:02 dev c1 nud permanent");
    there("ip neigh replace 2001:db8:2::1 lladdr 02:00:00:00:00:02 dev c1 nud permanent");
  }

  ~Outside() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // Sends packet i with i as its content; returns when all are out.
  void send(const std::vector<Packet>& packets) {
    std::unique_lock lock(mutex_);
    todo_ = &packets;
    changed_.notify_all();
    changed_.wait(lock, [this] { return todo_ == nullptr; });
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    if (::unshare(CLONE_NEWNET) != 0) std::abort();
    tid_ = static_cast<int>(::syscall(SYS_gettid));
    changed_.notify_all();
    while (true) {
      changed_.wait(lock, [this] { return stop_ || todo_ != nullptr; });
      if (stop_) return;
      for (std::size_t i = 0; i < todo_->size(); ++i) {
        const Packet& p = (*todo_)[i];
        const int fd = udp_socket(p.source, p.sport);
        EXPECT_GE(fd, 0) << p.source.to_string() << " " << std::strerror(errno);
        socklen_t size = 0;
        const sockaddr_storage to = address_of(p.destination, p.dport, size);
        const auto number = static_cast<std::uint32_t>(i);
        EXPECT_EQ(::sendto(fd, &number, sizeof number, 0, reinterpret_cast<const sockaddr*>(&to), size), 4)
            << std::strerror(errno);
        ::close(fd);
      }
      todo_ = nullptr;
      changed_.notify_all();
    }
  }

  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int tid_ = 0;
  bool stop_ = false;
  const std::vector<Packet>* todo_ = nullptr;
};

// All ports of the random rulesets, on both families.
class Inside {
 public:
  Inside() {
    for (const std::uint16_t base : {24, 143, 465, 587, 993, 995}) {
      for (std::uint16_t port = base; port < base + 4; ++port) {
        for (const char* any : {"0.0.0.0", "::"}) {
          const int fd = udp_socket(ip(any), port);
          if (fd >= 0) sockets_.push_back(fd);
        }
      }
    }
  }
  ~Inside() {
    for (const int fd : sockets_) ::close(fd);
  }
  // Adds the numbers that arrived.
  void take(std::set<std::uint32_t>& arrived) {
    for (const int fd : sockets_) {
      std::uint32_t number = 0;
      while (::recv(fd, &number, sizeof number, 0) == 4) arrived.insert(number);
    }
  }

 private:
  std::vector<int> sockets_;
};

std::string loadable(const json::value& ruleset) {
  json::array commands;
  commands.push_back(json::object{{"flush", {{"ruleset", nullptr}}}});
  for (const auto& item : ruleset.at("nftables").as_array()) commands.push_back(json::object{{"add", item}});
  return json::serialize(json::object{{"nftables", commands}});
}

const Region* region_of(const Answer& a, const Packet& p) {
  for (const Region& r : a.regions) {
    if (r.v6 == p.v6() && r.sources.contains(number_of(p.source)) &&
        r.destinations.contains(number_of(p.destination)) && r.ports.contains(AddressNumber{p.dport}) &&
        r.source_ports.contains(AddressNumber{p.sport}) && !(r.interfaces & a.atoms.named(p.interface)).empty())
      return &r;
  }
  return nullptr;
}

TEST(AgainstTheKernel, RandomRulesetsJudgeRandomPacketsAsItDoes) {
  in_namespace([] {
    Outside outside;
    Inside inside;
    auto nft = Nft::open();
    ASSERT_TRUE(nft);
    const auto host = this_host();
    ASSERT_TRUE(host);
    const std::vector<IpAddress> sources = {ip("10.0.0.2"),      ip("10.0.0.3"),     ip("10.0.3.255"),
                                            ip("10.0.4.0"),      ip("192.0.2.7"),    ip("2001:db8:1::2"),
                                            ip("2001:db8:1::3"), ip("2001:db8:2::7")};
    const char* asked = std::getenv("GP_KERNEL_RULESETS");
    const int rounds = asked == nullptr ? 2000 : std::atoi(asked);
    std::uint16_t sport = 10'000;
    int accepted = 0, refused = 0, not_loaded = 0;
    for (int round = 0; round < rounds; ++round) {
      RandomRuleset random(static_cast<std::uint32_t>(round), sources, {"eth0", "wg0"}, "udp");
      const json::value made = random.make();
      const auto loaded = nft->run_json(loadable(made));
      if (!loaded) {
        // Matches that exclude each other: nft refuses such a rule.
        ASSERT_NE(loaded.error().detail.find("conflicting protocols"), std::string::npos)
            << "seed " << round << ": " << loaded.error().detail << loadable(made);
        ++not_loaded;
        continue;
      }
      const auto listed = nft->list_json();
      ASSERT_TRUE(listed);
      const auto rules = read_ruleset(*listed);
      ASSERT_TRUE(rules) << rules.error().detail;
      EXPECT_TRUE(rules->notes.empty()) << rules->notes.front();
      Question question;
      question.l4proto = 17;
      const Answer answer = reach(*rules, *host, question);
      std::vector<Packet> packets;
      std::vector<Fate> said;
      for (int i = 0; i < 48; ++i) {
        Packet p;
        p.protocol = "udp";
        p.source = sources[static_cast<std::size_t>(random.below(static_cast<int>(sources.size())))];
        const bool second = p.source == ip("192.0.2.7") || p.source == ip("2001:db8:2::7");
        p.interface = second ? "wg0" : "eth0";
        p.destination = ip(p.v6() ? (second ? "2001:db8:2::1" : "2001:db8:1::1") : (second ? "192.0.2.1" : "10.0.0.1"));
        p.dport = static_cast<std::uint16_t>(random.port() + random.below(2));
        // Each a connection of its own.
        p.sport = sport;
        sport = sport == 60'000 ? 10'000 : static_cast<std::uint16_t>(sport + 1);
        const Region* r = region_of(answer, p);
        ASSERT_NE(r, nullptr);
        packets.push_back(p);
        said.push_back(r->fate);
      }
      outside.send(packets);
      std::set<std::uint32_t> arrived;
      const auto complete = [&] {
        for (std::uint32_t i = 0; i < said.size(); ++i) {
          if (said[i] == Fate::open && !arrived.contains(i)) return false;
        }
        return true;
      };
      const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(3);
      do {
        inside.take(arrived);
      } while (!complete() && std::chrono::steady_clock::now() < until);
      // What was said to be dropped has had its time, too: a packet crosses a veth pair while it is sent.
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      inside.take(arrived);
      for (std::uint32_t i = 0; i < said.size(); ++i) {
        const Packet& p = packets[i];
        ASSERT_EQ(said[i] == Fate::open, arrived.contains(i))
            << "seed " << round << ": " << p.source.to_string() << " to " << p.dport << " on "
            << p.interface << ", said " << to_string(said[i]) << "\n"
            << *nft->run("list ruleset");
        ASSERT_NE(said[i], Fate::unknown);
        (said[i] == Fate::open ? accepted : refused) += 1;
      }
    }
    std::printf("%d packets arrived, %d did not; as said\n", accepted, refused);
    EXPECT_LT(not_loaded, rounds / 3);
    EXPECT_GT(accepted, rounds * 5);
    EXPECT_GT(refused, rounds * 5);
  });
}

}  // namespace
}  // namespace gatepost::gate
