#include "runtime/resolver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <map>
#include <thread>

#include "base/bytes.hpp"
#include "runtime/dns_record.hpp"
#include "runtime/run_to_end.hpp"
#include "runtime/socket_address.hpp"
#include "runtime/threads.hpp"
#include "runtime/unique_fd.hpp"

namespace gatepost::runtime {
namespace {

using namespace std::chrono_literals;
using Status = DnsAnswer::Status;
using ::testing::ElementsAre;

std::string wire_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return out + '\0';
}

TEST(DnsRecord, ReadsEachType) {
  DnsAnswer answer;
  EXPECT_TRUE(add_record(answer, RecordType::a, std::string("\xc0\x00\x02\x07", 4)));
  EXPECT_EQ(answer.addresses.at(0).to_string(), "192.0.2.7");
  EXPECT_TRUE(add_record(answer, RecordType::mx, std::string("\0\x14", 2) + wire_name("MX2.example.org")));
  EXPECT_TRUE(add_record(answer, RecordType::mx, std::string("\0\x0a", 2) + wire_name("mx1.example.org")));
  EXPECT_THAT(answer.mx, ElementsAre(MxRecord{10, "mx1.example.org"}, MxRecord{20, "mx2.example.org"}));
  EXPECT_TRUE(add_record(answer, RecordType::txt,
                         "\x05v=spf\x03"
                         "1 a"));
  EXPECT_THAT(answer.texts, ElementsAre("v=spf1 a"));
  EXPECT_TRUE(add_record(answer, RecordType::ptr, wire_name("host.example.org")));
  EXPECT_THAT(answer.names, ElementsAre("host.example.org"));
}

TEST(DnsRecord, RefusesWhatBreaksTheFormat) {
  DnsAnswer answer;
  EXPECT_FALSE(add_record(answer, RecordType::a, "abc"));
  EXPECT_FALSE(add_record(answer, RecordType::aaaa, "abcd"));
  EXPECT_FALSE(add_record(answer, RecordType::txt, "\x05v=s"));
  EXPECT_FALSE(add_record(answer, RecordType::ptr, std::string("\xc0\x0c", 2)));
  EXPECT_FALSE(add_record(answer, RecordType::ptr,
                          std::string("\x03"
                                      "a.b\0",
                                      5)));
  EXPECT_FALSE(add_record(answer, RecordType::mx, "\x01"));
  EXPECT_TRUE(add_record(answer, RecordType::srv, std::string("\0\x0a\0\x01\x03\xe1", 6) + wire_name("b.example.org")));
  EXPECT_TRUE(add_record(answer, RecordType::srv, std::string("\0\0\0\0\x03\xe1", 6) + wire_name("A.example.org")));
  EXPECT_TRUE(add_record(answer, RecordType::srv, std::string("\0\x0f\0\0\0\0\0", 7)));
  ASSERT_EQ(answer.srv.size(), 3U);
  EXPECT_EQ(answer.srv[0], (SrvRecord{0, 0, 993, "a.example.org"}));
  EXPECT_EQ(answer.srv[1], (SrvRecord{10, 1, 993, "b.example.org"}));
  EXPECT_EQ(answer.srv[2].host, "");
  EXPECT_FALSE(add_record(answer, RecordType::srv, std::string("\0\0\0\0\0", 5)));
  EXPECT_FALSE(add_record(answer, RecordType::ptr, wire_name("a\r\nb.example.org")));
  std::string many;
  for (int i = 0; i < 127; ++i) many += "a.";
  many.pop_back();
  EXPECT_TRUE(add_record(answer, RecordType::ptr, wire_name(many)));
  EXPECT_FALSE(add_record(answer, RecordType::ptr, wire_name(many + ".a")));
  EXPECT_FALSE(canonical_name("a..b"));
  EXPECT_FALSE(canonical_name(std::string(64, 'x')));
  EXPECT_EQ(canonical_name("Mail.Example.ORG."), "mail.example.org");
}

TEST(Resolver, NamesThePointerOfAnAddress) {
  EXPECT_EQ(pointer_name(*IpAddress::parse("192.0.2.7")), "7.2.0.192.in-addr.arpa");
  EXPECT_EQ(pointer_name(*IpAddress::parse("2001:db8::1")),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST(StaticResolver, AnswersFromItsTable) {
  StaticResolver resolver;
  resolver.add_address("mx.example.org", "192.0.2.7")
      .add_mx("Example.org", 20, "b.example.org")
      .add_mx("example.org", 10, "a.example.org");
  resolver.add_failure("broken.example.org", RecordType::a, Errc::unavailable);
  EXPECT_THAT(run_to_end(resolver.query("EXAMPLE.org.", RecordType::mx))->mx,
              ElementsAre(MxRecord{10, "a.example.org"}, MxRecord{20, "b.example.org"}));
  EXPECT_THAT(run_to_end(resolver.query_pointer(*IpAddress::parse("192.0.2.7")))->names, ElementsAre("mx.example.org"));
  EXPECT_EQ(run_to_end(resolver.query("example.org", RecordType::txt))->status, Status::no_data);
  EXPECT_EQ(run_to_end(resolver.query("nowhere.example.org", RecordType::a))->status, Status::no_such_name);
  EXPECT_EQ(run_to_end(resolver.query("broken.example.org", RecordType::a)).error().code, Errc::unavailable);
}

// A name server on loopback: answers each question with what the test put there, or with an rcode, or not at all.
class NameServer {
 public:
  struct Reply {
    int rcode = 0;
    std::uint16_t type = 0;
    std::string rdata;
    bool silent = false;
  };
  explicit NameServer(std::map<std::string, Reply> replies) : replies_(std::move(replies)) {
    fd_.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SocketAddress any = to_socket_address({*IpAddress::parse("127.0.0.1"), 0});
    GP_ASSERT(::bind(fd_.get(), any.raw(), any.size) == 0);
    at_ = *local_endpoint(fd_.get());
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  Endpoint at() const { return at_; }
  int asked() const { return asked_; }

 private:
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd readable{fd_.get(), POLLIN, 0};
      if (poll(&readable, 1, 20) <= 0) continue;
      char packet[2048];
      SocketAddress from;
      const ssize_t size = ::recvfrom(fd_.get(), packet, sizeof packet, 0, from.raw(), &from.size);
      if (size < 17) continue;
      std::string name;
      std::size_t at = 12;
      while (packet[at] != 0) {
        name += std::string(packet + at + 1, static_cast<std::size_t>(packet[at])) + ".";
        at += 1 + static_cast<std::size_t>(packet[at]);
      }
      const std::string question(packet + 12, at + 5 - 12);
      std::ranges::transform(name, name.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      const auto reply = replies_.find(name);
      if (reply != replies_.end()) ++asked_;
      Reply what = reply != replies_.end() ? reply->second : Reply{.rcode = 3, .type = 0, .rdata = {}, .silent = false};
      if (what.silent) continue;
      std::string out(packet, 2);
      const std::uint16_t asked_type = ByteReader(std::string_view(question).substr(question.size() - 4)).u16();
      const bool has = !what.rdata.empty() && what.type == asked_type;
      put_u16(out, static_cast<std::uint16_t>(0x8180 | what.rcode));
      for (const std::uint16_t count : {1, has ? 1 : 0, 0, 0}) put_u16(out, count);
      out += question;
      if (has) {
        put_u16(out, 0xc00c);
        put_u16(out, what.type);
        put_u16(out, 1);
        put_u32(out, 300);
        put_u16(out, static_cast<std::uint16_t>(what.rdata.size()));
        out += what.rdata;
      }
      ::sendto(fd_.get(), out.data(), out.size(), 0, from.raw(), from.size);
    }
  }
  std::map<std::string, Reply> replies_;
  UniqueFd fd_;
  Endpoint at_;
  std::atomic<int> asked_{0};
  std::jthread thread_;
};

class UnboundResolverTest : public ::testing::Test {
 protected:
  UnboundResolverTest() {
    ResolverSettings settings;
    settings.servers = {server_.at()};
    settings.hosts = "";
    settings.validate = false;
    settings.timeout = 1s;
    auto made = UnboundResolver::create(settings, clock_);
    GP_ASSERT(made.has_value());
    resolver_ = *std::move(made);
    threads_.start();
  }
  Result<DnsAnswer> query(std::string name, RecordType type) {
    return threads_.run<Result<DnsAnswer>>(0, [&] { return resolver_->query(name, type); });
  }

  ManualClock clock_;
  NameServer server_{{{"example.org.", {0, 15, std::string("\0\x0a", 2) + wire_name("mx.example.org"), false}},
                      {"broken.example.org.", {2, 0, "", false}},
                      {"silent.example.org.", {0, 0, "", true}}}};
  IoThreads threads_{1};
  std::unique_ptr<UnboundResolver> resolver_;
};

TEST_F(UnboundResolverTest, AsksItsServersAndKeepsTheAnswerForItsTtl) {
  const auto answer = query("Example.ORG", RecordType::mx);
  ASSERT_TRUE(answer.has_value()) << answer.error().detail;
  EXPECT_EQ(answer->status, Status::found);
  EXPECT_THAT(answer->mx, ElementsAre(MxRecord{10, "mx.example.org"}));
  EXPECT_FALSE(answer->secure);
  const int asked = server_.asked();
  clock_.advance(100s);
  EXPECT_EQ(query("example.org", RecordType::mx)->ttl, 200s);
  EXPECT_EQ(server_.asked(), asked);
}

TEST_F(UnboundResolverTest, TellsNoDataFromNoNameFromNoAnswer) {
  EXPECT_EQ(query("example.org", RecordType::txt)->status, Status::no_data);
  EXPECT_EQ(query("nowhere.example.com", RecordType::a)->status, Status::no_such_name);
  EXPECT_EQ(query("broken.example.org", RecordType::a).error().code, Errc::unavailable);
  EXPECT_EQ(query("silent.example.org", RecordType::a).error().code, Errc::timed_out);
  EXPECT_EQ(query("a..b", RecordType::a).error().code, Errc::invalid);
}

TEST_F(UnboundResolverTest, EndsWhileALookupIsOnItsWay) {
  std::jthread asking([&] { EXPECT_FALSE(query("silent.example.org", RecordType::a).has_value()); });
  std::this_thread::sleep_for(50ms);
  threads_.run<void>(0, []() -> Task<> { co_return; });  // the look-up has begun before this
  resolver_.reset();
}

}  // namespace
}  // namespace gatepost::runtime
