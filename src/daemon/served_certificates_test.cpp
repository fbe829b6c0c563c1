#include "daemon/served_certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "daemon/settings.hpp"
#include "runtime/tls_certificates.hpp"

namespace gatepost::daemon {
namespace {

namespace fs = std::filesystem;
using certificates::Authority;
using certificates::Held;
using certificates::Key;
using certificates::KeyKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Served : public ::testing::Test {
 protected:
  Served() {
    fs::remove_all(root_);
    fs::create_directory(root_);
    config_.server.hostname = "mail.example.org";
    config_.server.data_dir = root_;
  }
  ~Served() override { fs::remove_all(root_); }
  Held make(const std::string& name) {
    const Key key = *Key::make(KeyKind::p256);
    return *Held::read(*authority_.issue(key, {name}, clock_.now()), key.to_pem().reveal());
  }
  void put_file(const Held& held) {
    std::ofstream(root_ / "cert.pem") << held.chain_pem;
    std::ofstream(root_ / "key.pem") << held.key.to_pem().reveal();
    config_.tls.certificates = {{root_ / "cert.pem", root_ / "key.pem", {}}};
  }
  static std::vector<std::string> firsts(const Result<runtime::TlsServerSettings>& settings) {
    std::vector<std::string> out;
    for (const auto& one : settings->certificates) out.push_back(runtime::parse_certificate(one)->facts.names.front());
    return out;
  }

  ManualClock clock_;
  const Authority authority_ = *Authority::make("Test", clock_.now());
  const fs::path root_ = fs::path(::testing::TempDir()) / ("gatepost-served-" + std::to_string(::getpid()));
  const certificates::Store store_{root_ / "certificates"};
  config::Config config_ = config::Config::defaults();
  ServedCertificates served_{store_, clock_};
};

TEST_F(Served, FilesComeFirstThenWhatWasGot) {
  put_file(make("files.example.org"));
  config_.acme.directory = "https://acme.test/directory";
  config_.acme.certificates = {{{"a.example.org"}}, {{"b.example.org"}}};
  ASSERT_TRUE(store_.install("b.example.org", make("b.example.org")));
  const auto all = served_.complete(*tls_settings(config_), config_);
  ASSERT_TRUE(all) << all.error().detail;
  EXPECT_THAT(firsts(all), ElementsAre("files.example.org", "b.example.org"));
  EXPECT_FALSE(all->proof("a.example.org"));
  ASSERT_TRUE(served_.validation()->show("A.example.org", all->certificates[0]));
  EXPECT_TRUE(all->proof("a.example.org"));
  served_.validation()->forget("a.example.org");
  EXPECT_FALSE(all->proof("a.example.org"));
}

TEST_F(Served, APrivateOneStandsInWhereThereIsNothing) {
  config_.acme.directory = "https://acme.test/directory";
  config_.acme.certificates = {{{"mail.example.org", "imap.example.org"}}, {{"*.example.net"}}};
  const auto all = served_.complete({}, config_);
  ASSERT_TRUE(all) << all.error().detail;
  ASSERT_EQ(all->certificates.size(), 1U);
  EXPECT_THAT(runtime::parse_certificate(all->certificates[0])->facts.names,
              ElementsAre("mail.example.org", "imap.example.org", "localhost"));
  ASSERT_TRUE(store_.install("mail.example.org", make("mail.example.org")));
  std::vector<ServedCertificates::Refused> refused;
  EXPECT_THAT(firsts(served_.refresh({}, config_, refused)), ElementsAre("mail.example.org"));
}

TEST_F(Served, APrivateOneIsBesideFilesForOtherNamesWhenAskedFor) {
  put_file(make("files.example.org"));
  EXPECT_THAT(firsts(served_.complete(*tls_settings(config_), config_)), ElementsAre("files.example.org"));
  config_.tls.self_signed = true;
  EXPECT_THAT(firsts(served_.complete(*tls_settings(config_), config_)),
              ElementsAre("files.example.org", "mail.example.org"));
}

TEST_F(Served, GoesOnWithWhatItReadBefore) {
  const Held old = make("files.example.org"), fresh = make("fresh.example.org");
  put_file(old);
  ASSERT_TRUE(served_.complete(*tls_settings(config_), config_));
  std::ofstream(root_ / "key.pem") << fresh.key.to_pem().reveal();
  std::vector<ServedCertificates::Refused> refused;
  EXPECT_THAT(firsts(served_.refresh({}, config_, refused)), ElementsAre("files.example.org"));
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_THAT(refused[0].detail, HasSubstr("the private key belongs to another certificate"));
  fs::remove(root_ / "cert.pem");
  refused.clear();
  EXPECT_THAT(firsts(served_.refresh({}, config_, refused)), ElementsAre("files.example.org"));
  EXPECT_EQ(refused.size(), 1U);
  put_file(fresh);
  refused.clear();
  EXPECT_THAT(firsts(served_.refresh({}, config_, refused)), ElementsAre("fresh.example.org"));
  EXPECT_TRUE(refused.empty());
}

}  // namespace
}  // namespace gatepost::daemon
