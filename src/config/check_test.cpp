#include "config/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace gatepost::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

Config good() {
  Config c = Config::defaults();
  c.server.hostname = "mail.example.org";
  c.server.data_dir = "/var/lib/gatepost";
  c.tls.certificates.push_back({"a.pem", "a.key", {}});
  c.complete();
  return c;
}

std::vector<std::string> texts(const std::vector<Problem>& problems) {
  std::vector<std::string> all;
  for (const Problem& p : problems) all.push_back(p.text());
  return all;
}

Listener& named(Config& c, std::string_view name) {
  return *std::find_if(c.listeners.begin(), c.listeners.end(), [&](const Listener& l) { return l.name == name; });
}

TEST(Check, DefaultsWithACertificateAreFine) { EXPECT_THAT(texts(check_values(good())), IsEmpty()); }

TEST(Check, OneMissingCertificateIsOneProblem) {
  Config c = good();
  c.tls.certificates.clear();
  EXPECT_EQ(check_values(c).size(), 1u);
  EXPECT_THAT(check_values(c).at(0).text(), HasSubstr("there is no certificate"));
}

TEST(Check, FindsTwoListenersOnOnePort) {
  Config c = good();
  named(c, "imap").port = 25;
  EXPECT_THAT(texts(check_values(c)), Contains(HasSubstr("already taken by [listener.smtp]")));
  named(c, "imap").addresses = {*IpAddress::parse("192.0.2.1")};
  EXPECT_THAT(texts(check_values(c)),
              Contains(HasSubstr("192.0.2.1:25 is already taken by [listener.smtp] at 0.0.0.0:25")));
  named(c, "smtp").addresses = {*IpAddress::parse("192.0.2.2")};
  EXPECT_THAT(check_values(c), IsEmpty());
}

TEST(Check, FindsListenersNobodyCanUse) {
  Config c = good();
  named(c, "imap").audience = Audience::vpn;
  named(c, "pop3").tls = TlsMode::none;
  named(c, "smtp").proxy_protocol = true;
  const auto all = texts(check_values(c));
  EXPECT_THAT(all, Contains(AllOf(HasSubstr("[listener.imap] audience"), HasSubstr("\"vpn\" has no networks"))));
  EXPECT_THAT(all, Contains(AllOf(HasSubstr("[listener.pop3] tls"), HasSubstr("nobody could sign in"))));
  EXPECT_THAT(all, Contains(HasSubstr("no proxy is trusted")));
  EXPECT_EQ(all.size(), 3u);
  for (Listener& l : c.listeners) l.audience = Audience::off;
  EXPECT_THAT(texts(check_values(c)), Contains(HasSubstr("no listener is open")));
}

TEST(Check, WarnsOfWhatIsUnsafe) {
  Config c = good();
  c.auth.allow_sign_in_without_tls = true;
  c.server.user = "";
  c.server.hostname = "mail";
  c.bans.never = {*Network::parse("0.0.0.0/0")};
  c.store.engine = Store::Engine::memory;
  c.smtp.require_tls = true;
  named(c, "metrics").audience = Audience::internet;
  const auto problems = check_values(c);
  EXPECT_EQ(problems.size(), 7u);
  for (const Problem& p : problems) EXPECT_EQ(p.severity, Severity::warning) << p.text();
}

TEST(Check, SmartHostPasswordNeverGoesInClear) {
  Config c = good();
  SmartHost& host = c.mailflow.smart_host.emplace();
  host.host = "relay.example.net";
  host.tls = TlsMode::none;
  host.username = "me";
  const auto all = texts(check_values(c));
  EXPECT_THAT(all, Contains(HasSubstr("password would travel in clear")));
  EXPECT_THAT(all, Contains(HasSubstr("password_file")));
}

TEST(Check, GivesFileAndLineOfWhatTheValuesMean) {
  const auto folder = std::filesystem::temp_directory_path() / ("gatepost_check_test." + std::to_string(::getpid()));
  std::filesystem::create_directories(folder / "data");
  std::ofstream(folder / "a.pem") << "-----BEGIN CERTIFICATE-----\n";
  std::ofstream(folder / "g.toml")
      << "[server]\nhostname = \"mail.example.org\"\ndata_dir = \"data\"\nuser = \"root\"\n"
         "[[tls.certificate]]\ncert = \"a.pem\"\nkey = \"none.key\"\n"
         "[listener.imap]\nport = 993\n";
  const LoadOutcome out = load_and_check(folder / "g.toml");
  EXPECT_FALSE(out.ok());
  const std::string file = (folder / "g.toml").string();
  EXPECT_THAT(texts(out.problems),
              Contains(HasSubstr(file + ":7: [[tls.certificate]] 1 key: " + (folder / "none.key").string() +
                                 " cannot be read: there is no such file")));
  EXPECT_THAT(texts(out.problems), Contains(HasSubstr("0.0.0.0:993 is already taken by [listener.imap]")));
  std::ofstream(folder / "none.key") << "-----BEGIN PRIVATE KEY-----\n";
  std::filesystem::permissions(folder / "none.key", std::filesystem::perms(0644));
  EXPECT_THAT(texts(load_and_check(folder / "g.toml").problems),
              Contains(HasSubstr(file + ":7: warning: [[tls.certificate]] 1 key: every user")));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace gatepost::config
