#include "directory/addresses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatepost::directory {
namespace {

std::string canonical(std::string_view text) {
  const auto address = canonical_address(text);
  return address ? address->to_string() : "invalid: " + address.error().detail;
}

TEST(Addresses, ComparesWithoutRegardToAsciiCase) {
  EXPECT_EQ(canonical("Anna.Smith@EXAMPLE.org"), "anna.smith@example.org");
}

TEST(Addresses, TurnsDomainsIntoALabels) {
  EXPECT_EQ(canonical("anna@B\u00fccher.example"), "anna@xn--bcher-kva.example");
  EXPECT_EQ(canonical("anna@BU\u0308CHER.example"), "anna@xn--bcher-kva.example");
  EXPECT_EQ(canonical_domain("fa\u00df.example"), "xn--fa-hia.example");
}

TEST(Addresses, NormalisesUtf8LocalParts) {
  EXPECT_EQ(canonical("u\u0308ber@example.org"), "\u00fcber@example.org");
  EXPECT_EQ(canonical("H\u0331@example.org"), "\u1e96@example.org");
}

TEST(Addresses, DropsQuotesThatAreNotNeeded) {
  EXPECT_EQ(canonical("\"Anna\"@example.org"), "anna@example.org");
  EXPECT_EQ(canonical("\"a\\nna\"@example.org"), "anna@example.org");
  EXPECT_EQ(canonical("\"anna smith\"@example.org"), "\"anna smith\"@example.org");
  EXPECT_EQ(canonical("\"a@b\\\\\\\"\"@example.org"), "\"a@b\\\\\\\"\"@example.org");
}

TEST(Addresses, TakesAddressLiteralsAsDomains) {
  EXPECT_EQ(canonical("anna@[192.0.2.1]"), "anna@[192.0.2.1]");
  EXPECT_EQ(canonical("anna@[IPv6:2001:DB8::1]"), "anna@[ipv6:2001:db8::1]");
}

TEST(Addresses, RefusesGarbageWithASentence) {
  for (std::string_view text : {"",
                                "anna",
                                "@example.org",
                                "anna@",
                                "anna@example..org",
                                "anna@example.org.",
                                ".anna@example.org",
                                "an..na@example.org",
                                "an na@example.org",
                                "anna@exa mple.org",
                                "anna@-example.org",
                                "anna@[192.0.2.1",
                                "anna@[]",
                                "\"anna@example.org",
                                "\"anna\"example.org",
                                "\"anna\\",
                                "<anna@example.org>",
                                "an\xff@example.org",
                                "an\xc2\x85@example.org",
                                "a@b@c",
                                "anna@ex\xc2\xadmple\xe2\x80\xae.org"}) {
    const auto address = canonical_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, Errc::invalid);
    EXPECT_THAT(address.error().detail, ::testing::SizeIs(::testing::Gt(10u)));
  }
}

TEST(Addresses, HoldsToTheLimitsOfTheStandards) {
  const std::string domain = std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(58, 'c') + ".de";
  ASSERT_EQ(domain.size(), 189u);
  EXPECT_TRUE(canonical_address(std::string(64, 'x') + "@" + domain));
  EXPECT_FALSE(canonical_address(std::string(64, 'x') + "@c" + domain.substr(0, 63) + domain));
  EXPECT_FALSE(canonical_address(std::string(65, 'x') + "@example.org"));
  EXPECT_FALSE(canonical_domain(std::string(64, 'a') + ".org"));
  EXPECT_FALSE(canonical_domain(domain + "." + domain));
  EXPECT_FALSE(canonical_address(std::string(1'000'000, '"')));
}

TEST(Addresses, CutsPlusFormsWithTheLongestBaseFirst) {
  const auto forms = plus_forms("anna+a-b+", "+-");
  ASSERT_EQ(forms.size(), 3u);
  EXPECT_EQ(forms[0].base, "anna+a-b");
  EXPECT_EQ(forms[0].detail, "");
  EXPECT_EQ(forms[2].base, "anna");
  EXPECT_EQ(forms[2].detail, "a-b+");
  EXPECT_THAT(plus_forms("+anna", "+"), ::testing::IsEmpty());
  EXPECT_THAT(plus_forms("\"a+ b\"", "+"), ::testing::IsEmpty());
  EXPECT_THAT(plus_forms("anna+a", ""), ::testing::IsEmpty());
}

}  // namespace
}  // namespace gatepost::directory
