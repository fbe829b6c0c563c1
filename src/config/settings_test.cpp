#include "config/settings.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace gatepost::config {
namespace {

const Setting* setting_named(const std::vector<Setting>& all, std::string_view table, std::string_view name) {
  const auto at = std::ranges::find_if(all, [&](const Setting& s) { return s.table == table && s.name == name; });
  return at == all.end() ? nullptr : &*at;
}

TEST(Settings, SayWhatHoldsAndWhichLineSaysIt) {
  const LoadOutcome loaded = load_text(
      "[server]\nhostname = \"mail.example.org\"\ndata_dir = \"/var/lib/gatepost\"\n\n[limits]\nrecipients = 200\n"
      "[listener.imaps]\nport = 1993\n[[tls.certificate]]\ncert = \"a.pem\"\nkey = \"a.key\"\n"
      "[mailflow]\nforward_outside = [\"partner.example\"]\n",
      "/etc/gatepost.toml");
  ASSERT_TRUE(loaded.ok()) << loaded.problems.front().text();
  const auto all = settings(loaded.config, loaded.lines);
  const Setting* recipients = setting_named(all, "[limits]", "recipients");
  ASSERT_NE(recipients, nullptr);
  EXPECT_EQ(recipients->value, "200");
  EXPECT_EQ(recipients->preset, "1000");
  EXPECT_EQ(recipients->line, 6U);
  EXPECT_FALSE(recipients->meaning.empty());
  const Setting* bad = setting_named(all, "[limits]", "bad_commands");
  ASSERT_NE(bad, nullptr);
  EXPECT_EQ(bad->value, bad->preset);
  EXPECT_EQ(bad->line, 0U);
  // Required, and set.
  EXPECT_EQ(setting_named(all, "[server]", "hostname")->preset, "");
  EXPECT_EQ(setting_named(all, "[server]", "hostname")->value, "\"mail.example.org\"");
  // What follows from others is said in words, until somebody says it.
  EXPECT_EQ(setting_named(all, "[mailflow]", "helo_name")->value, "the host name");
  EXPECT_EQ(setting_named(all, "[mailflow]", "forward_outside")->value, "[\"partner.example\"]");
  EXPECT_EQ(setting_named(all, "[listener.imaps]", "port")->value, "1993");
  EXPECT_EQ(setting_named(all, "[listener.imaps]", "port")->preset, "993");
  EXPECT_EQ(setting_named(all, "[listener.imaps]", "port")->line, 8U);
  EXPECT_NE(setting_named(all, "[listener.smtp]", "port"), nullptr);
  EXPECT_EQ(setting_named(all, "[[tls.certificate]] 1", "cert")->line, 10U);
  EXPECT_EQ(setting_named(all, "[mailflow.smart_host]", "host"), nullptr);
}

TEST(Settings, NameEveryKeyOfAnEmptyConfiguration) {
  const auto all = settings(Config::defaults(), {});
  for (const auto& [table, name] :
       {std::pair("[http]", "web_dir"), std::pair("[store]", "keep_removed"), std::pair("[jmap]", "push_networks")}) {
    EXPECT_NE(setting_named(all, table, name), nullptr) << table << name;
  }
  EXPECT_TRUE(std::ranges::all_of(all, [](const Setting& s) { return s.line == 0; }));
}

}  // namespace
}  // namespace gatepost::config
