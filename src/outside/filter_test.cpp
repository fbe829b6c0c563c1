#include "outside/filter.hpp"

#include <gtest/gtest.h>

namespace gatepost::outside {
namespace {

TEST(OutsideFilter, EscapesWhatIsSyntax) {
  EXPECT_EQ(escape_value("anna"), "anna");
  EXPECT_EQ(escape_value("a*b(c)d\\e"), "a\\2ab\\28c\\29d\\5ce");
  EXPECT_EQ(escape_value(std::string_view("\0", 1)), "\\00");
  EXPECT_EQ(escape_value("\xc3\xbc"), "\\c3\\bc");
}

TEST(OutsideFilter, FillsInTheParts) {
  const Name name = *read_name("anna@example.org");
  EXPECT_EQ(fill("(|(mail={address})(uid={user})(d={domain})(n={name}))", name),
            "(|(mail=anna@example.org)(uid=anna)(d=example.org)(n=anna@example.org))");
  EXPECT_EQ(fill("({other}{user)", name), "({other}{user)");
  // What is put in is not looked at again.
  EXPECT_EQ(fill("(uid={user})", *read_name("{domain}")), "(uid={domain})");
}

TEST(OutsideFilter, ReadsTheFormsOfNames) {
  EXPECT_EQ(read_name("EXAMPLE\\anna")->user, "anna");
  EXPECT_EQ(read_name("EXAMPLE\\anna")->domain, "EXAMPLE");
  EXPECT_EQ(read_name("anna")->user, "anna");
  EXPECT_FALSE(read_name("anna")->is_address);
  EXPECT_TRUE(read_name("a@b")->is_address);
  for (const std::string& bad : {std::string(), std::string("a\nb"), std::string("\0", 1), std::string("\xff"),
                                 std::string(400, 'a'), std::string("EXAMPLE\\"), std::string("@example.org")}) {
    EXPECT_FALSE(read_name(bad));
  }
}

}  // namespace
}  // namespace gatepost::outside
