#include "transfer/pop3_names.hpp"

#include <gtest/gtest.h>

namespace gatepost::transfer {
namespace {

TEST(Pop3Names, AreMadeAsDovecotMakesThem) {
  const Numbered message{.uid = 26, .uid_validity = 1700000000, .file = "1700000003.M1P2.host"};
  EXPECT_EQ(pop3_name("%08Xu%08Xv", message), "0000001a6553f100");
  EXPECT_EQ(pop3_name("%v.%u", message), "1700000000.26");
  EXPECT_EQ(pop3_name("%u", message), "26");
  EXPECT_EQ(pop3_name("%f", message), "1700000003.M1P2.host");
  EXPECT_EQ(pop3_name("UID%u-%v", message), "UID26-1700000000");
  EXPECT_EQ(pop3_name("%%%u", message), "%26");
}

TEST(Pop3Names, AreNoneWhereSomethingIsMissing) {
  EXPECT_EQ(pop3_name("%u%v", {.uid = 1}), "");
  EXPECT_EQ(pop3_name("%f", {.uid = 1, .uid_validity = 2}), "");
  EXPECT_EQ(pop3_name("%f", {.file = std::string(71, 'x')}), "");
  EXPECT_EQ(pop3_name("%f", {.file = "a b"}), "");
  EXPECT_EQ(pop3_name("", {.uid = 1}), "");
}

TEST(Pop3Names, HavePatternsThatAreChecked) {
  for (const char* good : {"%08Xu%08Xv", "%u", "%v.%u", "%f"}) EXPECT_TRUE(check_pop3_pattern(good)) << good;
  for (const char* bad :
       {"", "%", "%m", "%g", "%08", "%0", "%X", "%99999999u", "%{uid}", "%8u", "a b", "%08f", "%71u"}) {
    EXPECT_FALSE(check_pop3_pattern(bad)) << bad;
  }
}

TEST(Pop3Names, AreReadFromTheHeaderAlone) {
  EXPECT_EQ(x_uidl_of("Subject: a\r\nX-UIDL: <L\"!bd8!1$\"!+;\"!\r\n\r\nbody"), "<L\"!bd8!1$\"!+;\"!");
  EXPECT_EQ(x_uidl_of("x-uidl:abc\nTo: b\n"), "abc");
  EXPECT_EQ(x_uidl_of("Subject: a\r\n\r\nX-UIDL: abc\r\n"), "");
  EXPECT_EQ(x_uidl_of("X-UIDL: with blanks\r\n"), "");
  EXPECT_EQ(x_uidl_of("X-UIDL:\r\n\r\n"), "");
  EXPECT_EQ(x_uidl_of(""), "");
}

}  // namespace
}  // namespace gatepost::transfer
