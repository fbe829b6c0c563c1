#include "ldap/protocol/matching.hpp"

#include <gtest/gtest.h>

#include "ldap/protocol/schema.hpp"

namespace gatepost::ldap {
namespace {

TEST(LdapMatching, IgnoresCaseAndBlanksThatDoNotCount) {
  EXPECT_EQ(prepare(Rule::case_ignore, "  Anna   BERG "), "anna berg");
  EXPECT_EQ(prepare(Rule::case_exact, "  Anna   BERG "), "Anna BERG");
  EXPECT_EQ(prepare(Rule::case_ignore, "STRASSE"), prepare(Rule::case_ignore,
                                                           "stra\xc3\x9f"
                                                           "e"));
  EXPECT_EQ(prepare(Rule::case_ignore, "\xef\xbc\xa1"), "a");  // a full-width A
  EXPECT_FALSE(prepare(Rule::case_ignore, "\xff"));
  EXPECT_FALSE(prepare(Rule::case_ignore, "\xee\x80\x80"));  // private use
}

TEST(LdapMatching, KeepsBlanksInsideAPartOfSubstrings) {
  EXPECT_EQ(prepare_part(Rule::case_ignore, " a  b ", false, false), " a b ");
  EXPECT_EQ(prepare_part(Rule::case_ignore, " a  b ", true, false), "a b ");
  EXPECT_EQ(prepare_part(Rule::case_ignore, " a  b ", false, true), " a b");
}

TEST(LdapMatching, ReadsTelephoneNumbersLikePeople) {
  EXPECT_EQ(prepare(Rule::telephone_number, "+49 30-12 34"), prepare(Rule::telephone_number, "+49301234"));
  EXPECT_EQ(prepare(Rule::numeric_string, "1 2 3"), "123");
  EXPECT_FALSE(prepare(Rule::numeric_string, "1a"));
}

TEST(LdapMatching, OrdersIntegersByValue) {
  EXPECT_LT(compare(Rule::integer, "9", "10"), 0);
  EXPECT_LT(compare(Rule::integer, "-10", "-9"), 0);
  EXPECT_LT(compare(Rule::integer, "-1", "0"), 0);
  EXPECT_EQ(compare(Rule::integer, "7", "7"), 0);
  for (const char* bad : {"", "-", "01", "-0", "1.0", "x"}) EXPECT_FALSE(prepare(Rule::integer, bad)) << bad;
}

TEST(LdapMatching, TestsBits) {
  EXPECT_TRUE(bits_match(Rule::bit_and, "514", "2"));
  EXPECT_FALSE(bits_match(Rule::bit_and, "512", "3"));
  EXPECT_TRUE(bits_match(Rule::bit_or, "513", "3"));
  EXPECT_TRUE(bits_match(Rule::bit_and, "-2147483646", "2147483648"));
  EXPECT_FALSE(bits_match(Rule::bit_or, "99999999999999999999", "1"));
}

TEST(LdapMatching, ReadsTimesInEachForm) {
  const auto noon = prepare(Rule::generalized_time, "20260102120000Z");
  EXPECT_EQ(noon, "20260102120000.000000");
  EXPECT_EQ(prepare(Rule::generalized_time, "2026010212Z"), noon);
  EXPECT_EQ(prepare(Rule::generalized_time, "202601021330+0130"), noon);
  EXPECT_EQ(prepare(Rule::generalized_time, "20260102120000.0Z"), noon);
  EXPECT_EQ(prepare(Rule::generalized_time, "2026010211.5Z"), "20260102113000.000000");
  for (const char* bad : {"", "20260102", "20261302120000Z", "20260230120000Z", "20260102120000", "20260102120000Zx",
                          "20260102250000Z", "20260102120000.Z"}) {
    EXPECT_FALSE(prepare(Rule::generalized_time, bad)) << bad;
  }
  EXPECT_EQ(generalized_time(1'767'225'600'999'999), "20260101000000Z");
}

TEST(LdapMatching, TakesANameForItsNumber) {
  EXPECT_EQ(prepare(Rule::object_identifier, "inetORGperson"), "2.16.840.1.113730.3.2.2");
  EXPECT_EQ(prepare(Rule::object_identifier, "2.16.840.1.113730.3.2.2"), "2.16.840.1.113730.3.2.2");
}

TEST(LdapMatching, ComparesUuidsInAnyCase) {
  EXPECT_EQ(prepare(Rule::uuid, "597AE2F6-16A6-1027-98F4-D28B5365DC14"), "597ae2f6-16a6-1027-98f4-d28b5365dc14");
  EXPECT_FALSE(prepare(Rule::uuid, "597AE2F6-16A6-1027-98F4D28B5365DC14-"));
}

}  // namespace
}  // namespace gatepost::ldap
