#include "acme/dns_update.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "base/bytes.hpp"

namespace gatepost::acme {
namespace {

using ::testing::HasSubstr;

// A name server for one question at a time, by UDP. Knows the zone example.org and its TXT records.
class NameServer {
 public:
  explicit NameServer(std::uint8_t update_code = 0, std::map<std::string, std::string> aliases = {})
      : code_(update_code), aliases_(std::move(aliases)) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    GP_ASSERT(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    at = {IpAddress::v4(INADDR_LOOPBACK), ntohs(address.sin_port)};
    thread_ = std::jthread([this](std::stop_token stop) { serve(stop); });
  }
  ~NameServer() {
    thread_.request_stop();
    thread_.join();
    ::close(fd_);
  }
  Endpoint at;
  std::atomic<int> updates{0};
  // Whether the last update was about that name.
  bool changed(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    return changed_.find(wire(name)) != std::string::npos;
  }
  std::string record() const {  // RDATA of the one TXT record
    const std::lock_guard lock(mutex_);
    return record_;
  }

 private:
  void serve(std::stop_token stop) {
    const timeval wait{0, 50'000};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    while (!stop.stop_requested()) {
      char buffer[4096];
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(fd_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 12) continue;
      const std::string answer = answer_to({buffer, static_cast<std::size_t>(got)});
      ::sendto(fd_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  std::string answer_to(std::string question) {
    const bool update = (static_cast<unsigned char>(question[2]) >> 3 & 15) == 5;
    question[2] = static_cast<char>(question[2] | 0x80);
    if (update) {
      ++updates;
      const bool add = question.find(std::string("\x00\x10\x00\x01", 4)) != std::string::npos;
      const std::lock_guard lock(mutex_);
      changed_ = question;
      record_ = add ? question.substr(question.size() - 44) : std::string();  // one string of 43 octets
      question[3] = static_cast<char>(code_);
      return question;
    }
    if (question[question.size() - 3] == 5) return alias_for(std::move(question));
    const bool soa = question[question.size() - 3] == 6;
    const bool at_top =
        question.substr(12).starts_with(std::string("\x07"
                                                    "example\x03"
                                                    "org\x00",
                                                    13));
    if (soa ? !at_top : record().empty()) return question;
    question[7] = 1;
    question += std::string("\xc0\x0c", 2);
    put_u16(question, soa ? 6 : 16);
    put_u16(question, 1);
    put_u32(question, 5);
    const std::string data = soa ? std::string(1, '\0') : record();
    put_u16(question, static_cast<std::uint16_t>(data.size()));
    return question + data;
  }
  static std::string wire(std::string_view name) {
    std::string out;
    while (!name.empty()) {
      const std::string_view label = name.substr(0, name.find('.'));
      out += static_cast<char>(label.size());
      out += label;
      name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    return out + '\0';
  }
  std::string alias_for(std::string question) const {
    for (const auto& [name, target] : aliases_) {
      if (!question.substr(12).starts_with(wire(name))) continue;
      question[7] = 1;
      question += std::string("\xc0\x0c", 2);
      put_u16(question, 5);
      put_u16(question, 1);
      put_u32(question, 5);
      const std::string data = wire(target);
      put_u16(question, static_cast<std::uint16_t>(data.size()));
      return question + data;
    }
    return question;
  }
  const std::uint8_t code_;
  const std::map<std::string, std::string> aliases_;
  mutable std::mutex mutex_;  // guards these two
  std::string record_, changed_;
  int fd_ = -1;
  std::jthread thread_;
};

class UpdatingSolver : public ::testing::Test {
 protected:
  DnsSettings settings(const NameServer& server) const {
    DnsSettings out;
    out.server = server.at;
    out.wait = out.patience = std::chrono::seconds(0);
    return out;
  }
  SystemClock clock_;
  SeededRandom random_{1};
  const Proof proof_{"mail.example.org", "token", "token.thumbprint"};
};

TEST_F(UpdatingSolver, AddsShowsAndRemovesTheRecord) {
  NameServer server;
  DnsUpdateSolver solver(settings(server), clock_, random_);
  const auto done = solver.present(proof_, {});
  ASSERT_TRUE(done) << done.error().cause;
  const auto seen = solver.settle({proof_}, {});
  EXPECT_TRUE(seen) << seen.error().cause;
  EXPECT_EQ(server.record().substr(1), dns_record_value(proof_));
  solver.remove(proof_);
  EXPECT_EQ(server.updates, 2);
  EXPECT_THAT(solver.settle({proof_}, {}).error().cause, HasSubstr("does not show"));
}

TEST_F(UpdatingSolver, FollowsAliasesToWhereTheRecordIsToBe) {
  NameServer server(0, {{"_acme-challenge.mail.example.com", "mail.acme.example.net"},
                        {"mail.acme.example.net", "proofs.example.org"},
                        {"_acme-challenge.round.example.com", "round.example.net"},
                        {"round.example.net", "_acme-challenge.round.example.com"}});
  DnsUpdateSolver solver(settings(server), clock_, random_);
  const Proof proof{"mail.example.com", "token", "token.thumbprint"};
  const auto done = solver.present(proof, {});
  ASSERT_TRUE(done) << done.error().cause;
  EXPECT_TRUE(server.changed("proofs.example.org"));
  EXPECT_FALSE(server.changed("_acme-challenge.mail.example.com"));
  EXPECT_TRUE(solver.settle({proof}, {}));
  solver.remove(proof);
  EXPECT_EQ(server.updates, 2);
  EXPECT_TRUE(server.record().empty());
  EXPECT_THAT(solver.present({"round.example.com", "t", "t.p"}, {}).error().cause, HasSubstr("lead to no end"));
}

TEST_F(UpdatingSolver, AsksResolversForAliasesItsOwnServerDoesNotKnow) {
  NameServer server, elsewhere(0, {{"_acme-challenge.mail.example.com", "proofs.example.org"}});
  DnsSettings both = settings(server);
  both.resolvers = {elsewhere.at};
  DnsUpdateSolver solver(std::move(both), clock_, random_);
  const auto done = solver.present({"mail.example.com", "token", "token.thumbprint"}, {});
  ASSERT_TRUE(done) << done.error().cause;
  EXPECT_TRUE(server.changed("proofs.example.org"));
  EXPECT_EQ(elsewhere.updates, 0);
}

TEST_F(UpdatingSolver, SaysWhyTheServerRefused) {
  NameServer server(5);
  DnsUpdateSolver solver(settings(server), clock_, random_);
  const auto refused = solver.present(proof_, {});
  EXPECT_THAT(refused.error().cause, HasSubstr("REFUSED"));
  EXPECT_THAT(refused.error().remedy, HasSubstr("update-policy"));
  DnsSettings signed_ones = settings(server);
  signed_ones.zone = "example.org";
  signed_ones.key = dns::TsigKey{"acme", dns::Algorithm::hmac_sha256, Secret("secret")};
  DnsUpdateSolver with_key(std::move(signed_ones), clock_, random_);
  EXPECT_THAT(with_key.present(proof_, {}).error().cause, HasSubstr("REFUSED"));
}

TEST_F(UpdatingSolver, SaysThatTheZoneIsElsewhere) {
  NameServer server;
  DnsUpdateSolver solver(settings(server), clock_, random_);
  EXPECT_THAT(solver.present({"mail.example.com", "t", "t.p"}, {}).error().cause, HasSubstr("has no zone"));
}

TEST_F(UpdatingSolver, SaysThatNobodyAnswers) {
  DnsSettings nobody;
  {
    NameServer gone;
    nobody = settings(gone);
  }
  DnsUpdateSolver solver(std::move(nobody), clock_, random_);
  EXPECT_THAT(solver.present(proof_, {}).error().cause, HasSubstr("does not answer"));
}

}  // namespace
}  // namespace gatepost::acme
