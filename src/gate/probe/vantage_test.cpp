#include "gate/probe/vantage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "gate/probe/connection.hpp"
#include "gate/probe/test_server.hpp"

namespace gatepost::gate::probe {
namespace {

using testing::HasSubstr;

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";
const SystemClock kClock;

VantageTerms terms() {
  VantageTerms out;
  out.networks = {*Network::parse("127.0.0.1")};
  out.patience = std::chrono::seconds(20);
  return out;
}

std::unique_ptr<VantageServer> start(VantageTerms with) {
  auto server = VantageServer::start({IpAddress::v4(0x7f000001), 0}, Secret(kKey), std::move(with), kClock);
  EXPECT_TRUE(server) << server.error().detail;
  return *std::move(server);
}

VantageRequest request(std::vector<std::string> ports, std::string host = "127.0.0.1") {
  VantageRequest out;
  out.host = std::move(host);
  out.ports = std::move(ports);
  return out;
}

TEST(Vantage, LooksForWhoeverHasTheKey) {
  const test::FakeServer target([](test::Peer& peer) { peer.send("220 mail.example.org\r\n"); });
  VantageTerms with = terms();
  with.more_ports = {target.port()};
  const auto server = start(with);
  const auto report = ask_vantage(server->at().to_string(), kKey, request({std::to_string(target.port())}));
  ASSERT_TRUE(report) << report.error().detail;
  ASSERT_EQ(report->ports.size(), 1u);
  EXPECT_EQ(report->ports[0].state, PortState::open);
  EXPECT_EQ(report->host, "127.0.0.1");
  EXPECT_EQ(report->exit_code(), 0);
}

TEST(Vantage, IsNoScannerForStrangersNorForThoseWithTheKey) {
  const auto server = start(terms());
  const std::string at = server->at().to_string();
  const auto wrong_key = ask_vantage(at, "another key of thirty-two octets!!", request({"25"}));
  ASSERT_FALSE(wrong_key);
  EXPECT_EQ(wrong_key.error().code, Errc::denied);
  EXPECT_THAT(wrong_key.error().detail, HasSubstr("another key"));
  const auto other_host = ask_vantage(at, kKey, request({"25"}, "127.0.0.2"));
  ASSERT_FALSE(other_host);
  EXPECT_THAT(other_host.error().detail, HasSubstr("does not look at that host"));
  const auto other_port = ask_vantage(at, kKey, request({"8080"}));
  ASSERT_FALSE(other_port);
  EXPECT_THAT(other_port.error().detail, HasSubstr("port 8080 is none of a mail server's"));
  EXPECT_FALSE(ask_vantage(at, kKey, request({"nonsense"})));
  EXPECT_FALSE(ask_vantage(at, kKey, request({}, "a b\r\nQUIT")));
}

TEST(Vantage, ARequestHeardAndSentAgainIsRefused) {
  const auto server = start(terms());
  const auto connect = [&] {
    std::unique_ptr<Connection> out;
    Connection::open(server->at(), std::nullopt, std::chrono::seconds(20), out);
    out->set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(60));
    return out;
  };
  const auto line = [](Connection& c) {
    std::string out;
    const auto got = c.read([&](std::string_view input) { return take_line(input, out); }, kMaxReportOctets);
    return got ? out : std::string();
  };
  const auto first = connect();
  const std::string greeting = line(*first);
  ASSERT_THAT(greeting, testing::StartsWith(std::string(kVantageGreeting)));
  const std::string body = write_request(request({"25"}));
  const std::string said = sign_request(kKey, greeting.substr(kVantageGreeting.size()), body) + " " + body + "\n";
  ASSERT_TRUE(first->write(said));
  EXPECT_NE(line(*first), "");
  const auto second = connect();
  EXPECT_NE(line(*second), greeting);
  ASSERT_TRUE(second->write(said));
  EXPECT_EQ(line(*second), "");
}

TEST(Vantage, AForgedReportIsNotBelieved) {
  const test::FakeServer impostor([](test::Peer& peer) {
    peer.send(fmt::format("{}{}\n", kVantageGreeting, std::string(64, 'a')));
    peer.line();
    peer.send(std::string(64, '0') + " {\"host\":\"x\",\"ports\":[]}\n");
  });
  const auto report = ask_vantage(fmt::format("127.0.0.1:{}", impostor.port()), kKey, request({"25"}));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::denied);
  const test::FakeServer other([](test::Peer& peer) { peer.send("220 mail.example.org\r\n"); });
  const auto none = ask_vantage(fmt::format("127.0.0.1:{}", other.port()), kKey, request({"25"}));
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().detail, HasSubstr("no vantage of Gatepost"));
}

TEST(Vantage, HasItsLimits) {
  VantageTerms with = terms();
  with.requests_per_minute = 2;
  const auto server = start(with);
  const std::string at = server->at().to_string();
  EXPECT_TRUE(ask_vantage(at, kKey, request({"1993"})));
  EXPECT_TRUE(ask_vantage(at, kKey, request({"1993"})));
  const auto third = ask_vantage(at, kKey, request({"1993"}));
  ASSERT_FALSE(third);
  EXPECT_THAT(third.error().detail, HasSubstr("too often"));
  // A line that does not end costs no more than the longest one.
  std::unique_ptr<Connection> flood;
  Connection::open(server->at(), std::nullopt, std::chrono::seconds(20), flood);
  flood->set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(60));
  Result<> written;
  for (int i = 0; i < 2000 && written; ++i) written = flood->write(std::string(64 << 10, 'x'));
  EXPECT_FALSE(written);
}

TEST(Vantage, EndsWhileSomebodySaysNothing) {
  auto server = start(terms());
  std::unique_ptr<Connection> silent;
  Connection::open(server->at(), std::nullopt, std::chrono::seconds(20), silent);
  silent.reset();
  server.reset();
}

TEST(VantageWire, RequestsComeBackAsTheyWere) {
  VantageRequest r = request({"25", "imaps"}, "mail.example.org");
  r.profile = "exchange";
  r.server_name = "mail.example.org";
  r.leaf_on_disk = std::string("\0\xff", 2);
  r.relay_test = false;
  r.answer_timeout = std::chrono::seconds(9);
  const auto back = read_request(write_request(r));
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(*back, r);
  VantageRequest many = request(std::vector<std::string>(kMaxRequestPorts + 1, "25"));
  EXPECT_FALSE(read_request(write_request(many)));
}

TEST(VantageWire, ReportsComeBackAsTheyWere) {
  Report r;
  r.host = "mail.example.org";
  r.profile = "gatepost";
  r.findings.push_back({Stage::resolve, Outcome::ok, std::chrono::microseconds(12), "192.0.2.1", ""});
  PortReport p;
  p.service = "imaps";
  p.at = {*IpAddress::parse("192.0.2.1"), 993};
  p.state = PortState::open;
  p.add(Stage::certificate, Outcome::fail, std::chrono::microseconds(5), "expired", "renew it");
  r.ports.push_back(p);
  const auto back = read_report(format_json(r));
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(format_json(*back), format_json(r));
  // A report is a stranger's text on a terminal.
  r.ports[0].findings[0].text = "\x1b[2J";
  EXPECT_EQ(format_text(*read_report(format_json(r)), true).find('\x1b'), std::string::npos);
  EXPECT_EQ(read_report(write_refusal("not \"you\"")).error().detail, "the vantage refuses: not \"you\"");
}

TEST(VantageKey, IsItsOwnersAlone) {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("gp-vantage-{}", ::getpid());
  std::filesystem::remove(file);
  ASSERT_TRUE(make_key(file));
  EXPECT_EQ(make_key(file).error().code, Errc::conflict);
  const auto key = read_key(file);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->reveal().size(), 64u);
  ::chmod(file.c_str(), 0640);
  EXPECT_EQ(read_key(file).error().code, Errc::denied);
  ::chmod(file.c_str(), 0600);
  std::ofstream(file, std::ios::trunc) << "short\n";
  EXPECT_EQ(read_key(file).error().code, Errc::invalid);
  std::filesystem::remove(file);
  EXPECT_EQ(read_key(file).error().code, Errc::not_found);
}

}  // namespace
}  // namespace gatepost::gate::probe
