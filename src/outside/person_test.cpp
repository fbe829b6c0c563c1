#include "outside/person.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatepost::outside {
namespace {

using testing::ElementsAre;

Settings active_directory() {
  Settings s;
  s.attributes = {.address = "mail",
                  .addresses = {"proxyAddresses"},
                  .display_name = "displayName",
                  .unique_id = "objectGUID",
                  .account_control = true};
  return s;
}

Person read(Entry entry, const Settings& s = active_directory()) {
  return read_person(s, std::move(entry), ManualClock().now());
}

TEST(OutsidePerson, ReadsProxyAddressesWithThePrimaryOneFirst) {
  const Person p = read({"cn=a",
                         {{"mail", {"old@example.org"}},
                          {"proxyaddresses",
                           {"smtp:alias@example.org", "SMTP:Anna@example.org", "X400:c=DE;", "sip:anna@example.org",
                            "smtp:old@EXAMPLE.org", "smtp:no address"}}}});
  EXPECT_THAT(p.addresses, ElementsAre("anna@example.org", "old@example.org", "alias@example.org"));
}

TEST(OutsidePerson, TakesAddressesOfItsDomainsAlone) {
  Settings s = active_directory();
  s.domains = {"example.org"};
  const Person p = read({"cn=a", {{"mail", {"chief@example.com", "anna@example.org"}}}}, s);
  EXPECT_THAT(p.addresses, ElementsAre("anna@example.org"));
}

TEST(OutsidePerson, SeesWhoIsDisabledOrExpired) {
  const auto enabled = [](const char* control, const char* expires) {
    return read({"cn=a", {{"userAccountControl", {control}}, {"accountExpires", {expires}}}}).enabled;
  };
  EXPECT_TRUE(enabled("512", "0"));
  EXPECT_TRUE(enabled("512", "9223372036854775807"));
  EXPECT_FALSE(enabled("514", "0"));
  EXPECT_FALSE(enabled("512", "133485408000000000"));  // 2024
  EXPECT_TRUE(enabled("512", "135000000000000000"));   // 2028
  EXPECT_TRUE(read({"cn=a", {}}).enabled);
}

TEST(OutsidePerson, KeepsNamesPrintable) {
  EXPECT_EQ(read({"cn=a", {{"displayName", {"An\nna\xff"}}}}).display_name, "Anna\xef\xbf\xbd");
}

}  // namespace
}  // namespace gatepost::outside
