#include "runtime/tls_context.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <thread>

#include "runtime/connections.hpp"
#include "runtime/dialer.hpp"
#include "runtime/listener.hpp"
#include "runtime/test_certificates.hpp"
#include "runtime/test_client.hpp"
#include "runtime/test_session.hpp"
#include "runtime/tls_certificates.hpp"

namespace gatepost::runtime {
namespace {

using namespace std::chrono_literals;
using test::make_certificate;
using test::TestClient;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TlsCertificates, MatchNamesAsTheRfcSays) {
  EXPECT_TRUE(name_matches("mail.example.org", "mail.example.org"));
  EXPECT_FALSE(name_matches("mail.example.org", "example.org"));
  EXPECT_TRUE(name_matches("*.example.org", "mail.example.org"));
  EXPECT_FALSE(name_matches("*.example.org", "a.mail.example.org"));
  EXPECT_FALSE(name_matches("*.example.org", "example.org"));
  EXPECT_FALSE(name_matches("*.example.org", ".example.org"));
}

TEST(TlsServer, SaysWhatIsWrongWithACertificate) {
  const SystemClock clock;
  TlsCertificate mixed = make_certificate({"a.example.org"});
  mixed.key_pem = make_certificate({"b.example.org"}).key_pem;
  mixed.label = "/etc/mail.pem";
  TlsServerSettings settings;
  settings.certificates = {mixed};
  const auto made = TlsServer::create(settings, clock);
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().detail, HasSubstr("/etc/mail.pem: the private key belongs to another certificate"));
  settings.certificates = {{"no pem", "no pem", {}, "x.pem"}};
  EXPECT_THAT(TlsServer::create(settings, clock).error().detail, HasSubstr("x.pem: holds no PEM certificate"));
  settings.certificates = {make_certificate({"a.example.org"})};
  settings.ciphers = "NONSENSE";
  EXPECT_THAT(TlsServer::create(settings, clock).error().detail, HasSubstr("tls.ciphers"));
  EXPECT_EQ(read_tls_certificate("/nowhere/cert.pem", "/nowhere/key.pem").error().code, Errc::not_found);
}

TEST(TlsServer, ListsItsCertificates) {
  const SystemClock clock;
  const auto server = test::make_tls_server({make_certificate({"Mail.example.org", "*.example.net"})}, clock);
  const auto facts = server->certificates();
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_THAT(facts[0].names, ElementsAre("mail.example.org", "*.example.net"));
  EXPECT_GT(facts[0].not_after, clock.now() + 50min);
  EXPECT_EQ(facts[0].subject, "CN=Mail.example.org");
  EXPECT_EQ(facts[0].serial, "01");
  EXPECT_EQ(facts[0].fingerprint.size(), 64U);
  EXPECT_TRUE(facts[0].chain.empty());
}

class TlsOverTcp : public ::testing::Test {
 protected:
  void start(std::vector<TlsCertificate> certificates) {
    start(test::make_tls_server(std::move(certificates), clock_));
  }
  void start(std::unique_ptr<TlsServer> tls) {
    tls_ = std::move(tls);
    ListenerSettings settings;
    settings.name = "tls";
    settings.implicit_tls = true;
    settings.tls = tls_.get();
    settings.make = [this](Peer& peer, Output& output, std::shared_ptr<Waker> waker) {
      return std::make_unique<test::LineSession>(peer, output, std::move(waker), watched_);
    };
    auto socket = open_listening_socket({*IpAddress::parse("127.0.0.1"), 0});
    ASSERT_TRUE(socket.has_value());
    listener_ = std::make_unique<Listener>(connections_, limits_, *std::move(socket), settings);
    threads_.start();
    listener_->start();
  }
  ~TlsOverTcp() override {
    listener_.reset();
    EXPECT_TRUE(connections_.drain(1s).ended);
    threads_.stop();
  }
  std::string certificate_for(const test::ClientTls& how) {
    TestClient client(listener_->local());
    return client.start_tls(how) ? client.peer_subject() : "failed";
  }
  // What our own client makes of it.
  Result<TlsFacts> dial_with(TlsClient& client, std::string name) {
    return threads_.run<Result<TlsFacts>>(0, [&] { return handshake(listener_->local(), client, name); });
  }
  static Task<Result<TlsFacts>> handshake(Endpoint to, TlsClient& client, std::string name) {
    GP_CO_TRY(auto stream, co_await dial(to, 5s));
    stream->set_deadline(std::chrono::steady_clock::now() + 5s);
    GP_CO_TRY(TlsFacts facts, co_await stream->start_tls_client(client, name));
    char octets[100];
    GP_CO_TRY(const std::size_t got, co_await stream->read_some(octets));
    GP_ASSERT(std::string_view(octets, got) == "hello\r\n");
    GP_CO_CHECK(co_await stream->write_all("QUIT\r\n"));
    co_await stream->shutdown();
    co_return facts;
  }

  SystemClock clock_;
  IoThreads threads_{1};
  test::Watched watched_;
  std::unique_ptr<TlsServer> tls_;
  Connections connections_{threads_, clock_, null_log()};
  ConnectionLimits limits_{{}, clock_};
  std::unique_ptr<Listener> listener_;
};

TEST_F(TlsOverTcp, ChoosesTheCertificateByTheNameTheClientAsksFor) {
  start({make_certificate({"default.example.org"}), make_certificate({"mail.example.org", "mx.example.org"}),
         make_certificate({"*.example.net"})});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_EQ(certificate_for({.server_name = "MX.example.org", .version = version}), "mail.example.org");
    EXPECT_EQ(certificate_for({.server_name = "any.example.net", .version = version}), "*.example.net");
    EXPECT_EQ(certificate_for({.server_name = "unknown.example.com", .version = version}), "default.example.org");
    EXPECT_EQ(certificate_for({.version = version}), "default.example.org");
  }
}

TEST_F(TlsOverTcp, ServesEcdsaAndRsaForTheSameName) {
  start({make_certificate({"mail.example.org"}), make_certificate({"mail.example.org"}, "RSA")});
  EXPECT_EQ(certificate_for({.version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"}), "mail.example.org");
  EXPECT_EQ(certificate_for({.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"}),
            "mail.example.org");
  EXPECT_EQ(certificate_for({.version = TLS1_2_VERSION, .ciphers = "AES128-SHA"}), "failed");
  EXPECT_EQ(certificate_for({.version = TLS1_1_VERSION}), "failed");
}

TEST_F(TlsOverTcp, AReloadIsForNewSessionsAndEarlierTicketsStayGood) {
  start({make_certificate({"old.example.org"})});
  TestClient before(listener_->local());
  ASSERT_TRUE(before.start_tls());
  EXPECT_EQ(before.line(), "hello\r\n");
  TlsServerSettings settings;
  settings.certificates = {make_certificate({"new.example.org"})};
  ASSERT_TRUE(tls_->reload(settings));
  EXPECT_EQ(certificate_for({}), "new.example.org");
  before.send("still\r\n");
  EXPECT_EQ(before.line(), "= still\r\n");
  SSL_SESSION* const ticket = SSL_get1_session(before.ssl());
  TestClient resumed(listener_->local());
  ASSERT_TRUE(resumed.start_tls({.resume = ticket}));
  resumed.line();
  EXPECT_TRUE(watched_.tls()->resumed);
  SSL_SESSION_free(ticket);
  settings.certificates = {{"bad", "bad", {}, "bad.pem"}};
  EXPECT_FALSE(tls_->reload(settings));
  EXPECT_EQ(certificate_for({}), "new.example.org");
}

TEST_F(TlsOverTcp, OurClientVerifiesChainAndName) {
  const TlsCertificate certificate = make_certificate({"mail.example.org"});
  start({certificate});
  const std::string path = ::testing::TempDir() + "gatepost-ca-" + std::to_string(getpid()) + ".pem";
  std::ofstream(path) << certificate.chain_pem;
  auto trusting = TlsClient::create({.ca_file = path});
  ASSERT_TRUE(trusting.has_value());
  std::remove(path.c_str());
  const auto good = dial_with(**trusting, "mail.example.org");
  ASSERT_TRUE(good.has_value()) << good.error().detail;
  EXPECT_TRUE(good->peer_verified);
  EXPECT_EQ(good->peer_subject, "CN=mail.example.org");
  EXPECT_EQ(good->tls_exporter.size(), 32U);
  const auto other_name = dial_with(**trusting, "other.example.org");
  ASSERT_FALSE(other_name.has_value());
  EXPECT_THAT(other_name.error().detail, HasSubstr("hostname mismatch"));

  auto strangers = TlsClient::create({});
  ASSERT_TRUE(strangers.has_value());
  const auto unknown = dial_with(**strangers, "mail.example.org");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error().detail, HasSubstr("self-signed certificate"));

  auto opportunistic = TlsClient::create({.verify = TlsClientSettings::Verify::none});
  ASSERT_TRUE(opportunistic.has_value());
  const auto unverified = dial_with(**opportunistic, "mail.example.org");
  ASSERT_TRUE(unverified.has_value());
  EXPECT_FALSE(unverified->peer_verified);
}

TEST_F(TlsOverTcp, AgreesOnAProtocolAndShowsProofsToWhoAsksForNothingElse) {
  TlsServerSettings settings;
  settings.certificates = {make_certificate({"mail.example.org"})};
  settings.alpn = {"h2", "http/1.1"};
  const TlsCertificate proof = make_certificate({"proof.example.org"});
  settings.proof = [&](std::string_view name) -> std::optional<TlsCertificate> {
    if (name == "mail.example.org") return proof;
    return std::nullopt;
  };
  start(*TlsServer::create(settings, clock_));
  const auto agreed = [&](std::string alpn, std::string name = "Mail.example.org") -> std::string {
    TestClient client(listener_->local());
    if (!client.start_tls({.server_name = name, .alpn = alpn})) return "failed";
    const std::string protocol = client.alpn();
    if (protocol == kAcmeProtocol) EXPECT_EQ(client.read_rest(), "");  // nothing but the handshake
    return protocol + " " + client.peer_subject();
  };
  const std::string h1 = "\x08http/1.1", h2 = "\x02h2",
                    acme =
                        "\x0a"
                        "acme-tls/1";
  EXPECT_EQ(agreed(h1 + h2), "h2 mail.example.org");
  EXPECT_EQ(agreed(h1), "http/1.1 mail.example.org");
  EXPECT_EQ(agreed(""), " mail.example.org");
  EXPECT_EQ(agreed("\x02h3"), "failed");
  EXPECT_EQ(agreed(acme), "acme-tls/1 proof.example.org");
  EXPECT_EQ(agreed(acme, "other.example.org"), "failed");
  EXPECT_EQ(agreed(acme, ""), "failed");
  EXPECT_EQ(agreed(acme + h2), "h2 mail.example.org");
}

}  // namespace
}  // namespace gatepost::runtime
