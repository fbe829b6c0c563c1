#include "ldap/protocol/dn.hpp"

#include <string>

#include <gtest/gtest.h>

namespace gatepost::ldap {
namespace {

std::string dn_again(std::string_view text) {
  const auto dn = parse_dn(text);
  if (!dn) return "invalid";
  const std::string out = to_text(*dn);
  EXPECT_TRUE(parse_dn(out) == *dn) << out;
  return out;
}
std::string normal(std::string_view text) { return normal_form(*parse_dn(text)); }

TEST(LdapDn, ReadsTheExamplesOfRfc4514) {
  EXPECT_EQ(dn_again("UID=jsmith,DC=example,DC=net"), "UID=jsmith,DC=example,DC=net");
  EXPECT_EQ(dn_again("OU=Sales+CN=J.  Smith,DC=example,DC=net"), "OU=Sales+CN=J.  Smith,DC=example,DC=net");
  EXPECT_EQ(dn_again("CN=James \\\"Jim\\\" Smith\\, III,DC=example"), "CN=James \\\"Jim\\\" Smith\\, III,DC=example");
  EXPECT_EQ(dn_again("CN=Before\\0dAfter,DC=example"), "CN=Before\\0dAfter,DC=example");
  EXPECT_EQ(dn_again("1.3.6.1.4.1.1466.0=#04024869"), "1.3.6.1.4.1.1466.0=Hi");
  EXPECT_EQ(dn_again("CN=Lu\\C4\\8Di\\C4\\87"), "CN=Lu\xc4\x8di\xc4\x87");
}

TEST(LdapDn, ReadsWhatOlderClientsWrite) {
  EXPECT_EQ(dn_again("cn = Anna , dc=example; dc=org"), "cn=Anna,dc=example,dc=org");
  EXPECT_EQ(dn_again("cn=\"Smith, Anna\",dc=example"), "cn=Smith\\, Anna,dc=example");
}

TEST(LdapDn, TheRootIsEmpty) {
  EXPECT_TRUE(parse_dn("")->empty());
  EXPECT_EQ(dn_again(""), "");
  EXPECT_TRUE(parse_dn("dc=org")->parent().empty());
  EXPECT_EQ(to_text(parse_dn("uid=a,dc=b,dc=c")->parent()), "dc=b,dc=c");
}

TEST(LdapDn, KeepsBlanksThatSomebodyEscaped) {
  EXPECT_EQ(dn_again("cn=\\ a\\  ,dc=x"), "cn=\\ a\\ ,dc=x");
  EXPECT_EQ(dn_again("cn=\\#a"), "cn=\\#a");
}

TEST(LdapDn, RefusesWhatIsNoName) {
  for (const std::string_view text : {"cn", "=a", "cn=a,", "cn=a,,dc=b", "cn=a+", "c n=a", "cn=a\\", "cn=a\\g0",
                                      "cn=#04", "cn=#zz", "cn=\"a", "cn=a<b", "1..2=a", ".1=a", "cn=\"a\"b"}) {
    EXPECT_EQ(dn_again(text), "invalid") << text;
  }
  EXPECT_FALSE(parse_dn(std::string(10'000, 'a')));
  std::string long_name = "dc=a";
  for (int i = 0; i < 100; ++i) long_name += ",dc=a";
  EXPECT_FALSE(parse_dn(long_name));
}

TEST(LdapDn, ComparesByTheRulesOfItsTypes) {
  EXPECT_EQ(normal("UserId= Anna  Berg ,DC=Example"), normal("uid=anna berg,0.9.2342.19200300.100.1.25=example"));
  EXPECT_EQ(normal("cn=a+sn=b"), normal("sn=B+CN=A"));
  EXPECT_NE(normal("cn=a\\,dc=b"), normal("cn=a,dc=b"));
  EXPECT_EQ(normal("cn=\xc3\x84pfel"), normal("CN=a\xcc\x88PFEL"));
}

}  // namespace
}  // namespace gatepost::ldap
