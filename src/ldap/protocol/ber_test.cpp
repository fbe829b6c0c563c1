#include "ldap/protocol/ber.hpp"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace gatepost::ldap::ber {
namespace {

using Kind = Extent::Kind;

TEST(LdapBer, FindsWhereAnElementEnds) {
  EXPECT_EQ(extent("", 100).kind, Kind::need_more);
  EXPECT_EQ(extent("\x30", 100).kind, Kind::need_more);
  EXPECT_EQ(extent("\x30\x02\x01", 100).kind, Kind::need_more);
  EXPECT_EQ(extent("\x30\x02\x01\x02more", 100).octets, 4U);
  EXPECT_EQ(extent(std::string_view("\x30\x84\x00\x00\x00\x02\x01\x02", 8), 100).octets, 8U);
}

TEST(LdapBer, KnowsATooLargeElementBeforeItIsThere) {
  EXPECT_EQ(extent("\x30\x82\x10\x01", 4096).kind, Kind::too_large);
  EXPECT_EQ(extent(std::string_view("\x30\x82\x10\x00", 4), 4096).kind, Kind::need_more);
}

TEST(LdapBer, RefusesIndefiniteAndEndlessLengthsAndLongTags) {
  EXPECT_EQ(extent("\x30\x80\x01\x01", 100).kind, Kind::broken);
  EXPECT_EQ(extent("\x30\x85\x01\x01", 100).kind, Kind::broken);
  EXPECT_EQ(extent("\x3f\x01\x01", 100).kind, Kind::broken);
}

TEST(LdapBer, ReadsWhatItWrites) {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{127}, std::int64_t{128}, std::int64_t{-1}, std::int64_t{-128}, std::int64_t{-129},
        std::int64_t{2147483647}, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    std::string out;
    Writer(out).integer(value);
    Reader in(out);
    EXPECT_EQ(in.integer(), value);
    EXPECT_TRUE(in.ok() && in.at_end());
  }
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{127}, std::size_t{128}, std::size_t{255}, std::size_t{256}, std::size_t{70'000}}) {
    std::string out;
    Writer writer(out);
    const std::size_t mark = writer.begin(kSequence);
    writer.octets(std::string(size, 'x'));
    writer.boolean(true);
    writer.end(mark);
    EXPECT_EQ(extent(out, 100'000).octets, out.size());
    Reader in(out);
    Reader inside = in.inside(kSequence);
    EXPECT_EQ(inside.octets(), std::string(size, 'x'));
    EXPECT_TRUE(inside.boolean());
    EXPECT_TRUE(inside.ok() && inside.at_end() && in.at_end());
  }
}

TEST(LdapBer, FailsForGoodAtTheFirstThingThatIsNotThere) {
  Reader in("\x04\x01x\x02\x01\x05");
  EXPECT_EQ(in.integer(), 0);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.octets(), "");
  Reader longer("\x04\x05x");
  EXPECT_EQ(longer.octets(), "");
  EXPECT_FALSE(longer.ok());
  Reader wide(std::string_view("\x02\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01", 11));
  EXPECT_EQ(wide.integer(), 0);
  EXPECT_FALSE(wide.ok());
}

TEST(LdapBer, TakesAnyTrueAndWritesTheOneTrue) {
  EXPECT_TRUE(Reader("\x01\x01\x01").boolean());
  EXPECT_FALSE(Reader(std::string_view("\x01\x01\x00", 3)).boolean());
  std::string out;
  Writer(out).boolean(true);
  EXPECT_EQ(out, "\x01\x01\xff");
}

}  // namespace
}  // namespace gatepost::ldap::ber
