#include "daemon/settings.hpp"

#include <gtest/gtest.h>

namespace gatepost::daemon {
namespace {

config::Config some_config() {
  config::Config c = config::Config::defaults();
  c.server.hostname = "mail.example.org";
  c.server.data_dir = "/var/lib/gatepost";
  c.complete();
  return c;
}

TEST(Settings, NamesWhatWaitsForTheNextStartAndKeepsIt) {
  const config::Config running = some_config();
  EXPECT_TRUE(needs_restart(running, running).empty());
  config::Config fresh = running;
  fresh.store.cache_octets = 1 << 20;
  fresh.server.data_dir = "/elsewhere";
  fresh.smtp.banner = "hello";
  EXPECT_EQ(needs_restart(running, fresh), (std::vector<std::string_view>{"[server] data_dir", "[store]"}));
  const config::Config after = after_reload(running, fresh);
  EXPECT_EQ(after.server.data_dir, "/var/lib/gatepost");
  EXPECT_EQ(after.store, running.store);
  EXPECT_EQ(after.smtp.banner, "hello");
  EXPECT_TRUE(needs_restart(running, after).empty());
}

TEST(Settings, LeavesThePostmasterToTheDirectoryUnlessOneIsNamed) {
  config::Config c = some_config();
  EXPECT_EQ(directory_options(c).postmaster, "");
  c.server.postmaster = "anna@example.org";
  EXPECT_EQ(directory_options(c).postmaster, "anna@example.org");
}

TEST(Settings, GivesImapItsOwnDeadlines) {
  config::Config c = some_config();
  c.imap.idle_refresh = config::seconds(120);
  EXPECT_EQ(deadlines(c, config::Service::imap).idle, c.imap.idle_timeout);
  EXPECT_EQ(deadlines(c, config::Service::imap).refresh.count(), 120);
  c.imap.idle_refresh = config::seconds(0);
  EXPECT_EQ(deadlines(c, config::Service::imap).refresh, c.imap.idle_timeout);
  EXPECT_EQ(deadlines(c, config::Service::smtp).command, c.limits.command_timeout);
}

TEST(Settings, SaysWhichCertificateCannotBeRead) {
  config::Config c = some_config();
  c.tls.certificates.push_back({"/nowhere/cert.pem", "/nowhere/key.pem", {}});
  const auto settings = tls_settings(c);
  ASSERT_FALSE(settings);
  EXPECT_NE(settings.error().detail.find("/nowhere/cert.pem"), std::string::npos);
}

}  // namespace
}  // namespace gatepost::daemon
