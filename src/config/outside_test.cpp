#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/check.hpp"

namespace gatepost::config {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kDirectoryStart =
    "[server]\nhostname = \"mail.example.org\"\ndata_dir = \"/var/lib/gatepost\"\n"
    "[[tls.certificate]]\ncert = \"a.pem\"\nkey = \"a.key\"\n";

LoadOutcome with_directories(std::string_view text) {
  return load_text(std::string(kDirectoryStart).append(text), "g.toml");
}

std::vector<std::string> wrong(std::string_view text) {
  LoadOutcome out = with_directories(text);
  if (out.ok()) {
    for (Problem& p : check_values(out.config)) out.problems.push_back(std::move(p));
  }
  std::vector<std::string> all;
  for (const Problem& p : out.problems) all.push_back(p.text());
  return all;
}

TEST(OutsideDirectory, ReadsServersInOrder) {
  const auto out = with_directories(
      "[[outside_directory]]\nname = \"a\"\nbase = \"dc=x\"\n"
      "servers = [\"ldaps://dc1.example.org\", \"ldap://dc2.example.org/\", \"ldaps://[2001:db8::1]:3269\"]\n");
  ASSERT_TRUE(out.ok());
  const auto& one = out.config.outside_directories.at(0);
  EXPECT_THAT(one.servers,
              ElementsAre(OutsideServer{"dc1.example.org", 636, true}, OutsideServer{"dc2.example.org", 389, false},
                          OutsideServer{"2001:db8::1", 3269, true}));
  EXPECT_FALSE(one.without_tls);
  EXPECT_EQ(one.address_filter, "(mail={address})");
}

TEST(OutsideDirectory, HasDefaultsOfItsKind) {
  const auto out = with_directories(
      "[[outside_directory]]\nname = \"a\"\nbase = \"dc=x\"\nservers = \"ldaps://dc\"\nkind = \"active-directory\"\n"
      "[[outside_directory]]\nname = \"b\"\nbase = \"dc=x\"\nservers = \"ldaps://dc\"\nlogin_filter = \"none\"\n");
  ASSERT_TRUE(out.ok());
  const auto& ad = out.config.outside_directories.at(0);
  EXPECT_EQ(ad.login_filter, "(sAMAccountName={user})");
  EXPECT_EQ(ad.id_attribute, "objectGUID");
  EXPECT_THAT(ad.addresses_attributes, ElementsAre("proxyAddresses"));
  EXPECT_EQ(out.config.outside_directories.at(1).login_filter, "");
  EXPECT_THAT(wrong("[[outside_directory]]\nname = \"a\"\nbase = \"dc=x\"\nservers = \"ldaps://dc\"\n"), IsEmpty());
}

TEST(OutsideDirectory, NamesWhatIsWrong) {
  const std::string good = "[[outside_directory]]\nname = \"a\"\nbase = \"dc=x\"\nservers = \"ldaps://dc\"\n";
  EXPECT_THAT(wrong("[[outside_directory]]\nname = \"a\"\n"), Contains(HasSubstr("servers: missing")));
  for (const char* server : {"http://x", "ldaps://", "ldap://x:0", "ldap://x:99999", "ldap://x/dc=y", "x"}) {
    EXPECT_THAT(
        wrong("[[outside_directory]]\nname = \"a\"\nbase = \"dc=x\"\nservers = \"" + std::string(server) + "\"\n"),
        Contains(HasSubstr("servers")))
        << server;
  }
  EXPECT_THAT(wrong(good + "tls = \"none\"\n"), Contains(HasSubstr("yes, send passwords in clear")));
  EXPECT_THAT(wrong(good + "tls = \"yes, send passwords in clear\"\n"), Contains(HasSubstr("warning")));
  for (const char* filter : {"(mail=x)", "mail={address}", "(mail={address}", "(a={user})(b={user})", "())"}) {
    EXPECT_THAT(wrong(good + "address_filter = \"" + filter + "\"\n"), Contains(HasSubstr("address_filter"))) << filter;
  }
  EXPECT_THAT(wrong(good + "bind_dn = \"cn=x\"\n"), Contains(HasSubstr("password_file")));
  EXPECT_THAT(wrong(good + "groups = true\n"), Contains(HasSubstr("people = true")));
  EXPECT_THAT(wrong(good + "full_refresh = \"1 min\"\n"), Contains(HasSubstr("full_refresh")));
  EXPECT_THAT(wrong(good + "address_attribute = \"a b\"\n"), Contains(HasSubstr("attribute")));
  EXPECT_THAT(wrong(good + good), Contains(HasSubstr("the name of another one")));
  EXPECT_THAT(wrong(good + "[auth]\nmechanisms = \"SCRAM-SHA-256\"\n"), Contains(HasSubstr("nobody could sign in")));
  EXPECT_THAT(wrong("[outside_directory]\nname = \"a\"\n"), Contains(HasSubstr("[[outside_directory]]")));
}

}  // namespace
}  // namespace gatepost::config
