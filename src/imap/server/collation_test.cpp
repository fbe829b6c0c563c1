#include "imap/server/collation.hpp"

#include <gmock/gmock.h>

namespace gatepost::imap::server {
namespace {

using testing::ElementsAre;

std::vector<std::string> named(std::string_view order) {
  std::vector<std::string> out;
  for (const Collation& one : collations_of(order)) out.push_back(to_string(one));
  return out;
}

TEST(ImapCollation, IsFoundByNameByPatternAndByDirection) {
  EXPECT_THAT(named("i;octet"), ElementsAre("i;octet"));
  EXPECT_THAT(named("I;Octet"), ElementsAre("i;octet"));
  EXPECT_THAT(named("-i;octet"), ElementsAre("-i;octet"));
  EXPECT_THAT(named("+i;octet"), ElementsAre("i;octet"));
  EXPECT_THAT(named("default"), ElementsAre("i;unicode-casemap"));
  EXPECT_THAT(named("*"), ElementsAre("i;unicode-casemap", "i;ascii-casemap", "i;octet"));
  EXPECT_THAT(named("-i;*casemap"), ElementsAre("-i;unicode-casemap", "-i;ascii-casemap"));
  EXPECT_THAT(named("i;*o*t"), ElementsAre("i;octet"));
  EXPECT_THAT(named("i;ascii-numeric"), ElementsAre());
  EXPECT_THAT(named("i;octe"), ElementsAre());
  EXPECT_THAT(named("i;octet2"), ElementsAre());
  EXPECT_THAT(named(""), ElementsAre());
  EXPECT_THAT(named("-"), ElementsAre());
  EXPECT_THAT(named("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"), ElementsAre());
}

}  // namespace
}  // namespace gatepost::imap::server
