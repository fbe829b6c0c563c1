#include "sharing/rights.hpp"

#include <gtest/gtest.h>

namespace gatepost::sharing {
namespace {

TEST(SharingRights, AreReadInAnyOrderAndWrittenInOne) {
  EXPECT_EQ(to_string(*parse_rights("aetxkpiwsrl")), "lrswipkxteacd");
  EXPECT_EQ(to_string(*parse_rights("rl")), "lr");
  EXPECT_EQ(to_string(*parse_rights("")), "");
  EXPECT_EQ(*parse_rights("lrswipkxtea"), Rights::all());
}

// RFC 4314 2.1.1
TEST(SharingRights, KnowTheOldOnes) {
  EXPECT_EQ(*parse_rights("c"), Right::create | Right::remove);
  EXPECT_EQ(*parse_rights("d"), Right::expunge | Right::mark);
  EXPECT_EQ(to_string(Right::create), "kc");
  EXPECT_EQ(to_string(Right::mark), "td");
  EXPECT_EQ(to_string(Right::insert), "i");
}

TEST(SharingRights, RefuseWhatIsNone) {
  for (const std::string_view text : {"q", "lrQ", "L", "0", "l r", "+l", "\xc3\xa9"})
    EXPECT_FALSE(parse_rights(text)) << text;
}

TEST(SharingRights, SayWhichFlagsMayChange) {
  using namespace account::flag;
  EXPECT_TRUE(flag_scope(Rights::all()).everything());
  const account::FlagScope none = flag_scope(Right::lookup | Right::read);
  EXPECT_EQ(none.system, 0);
  EXPECT_FALSE(none.keywords);
  EXPECT_EQ(flag_scope(Right::seen).system, kSeen);
  EXPECT_EQ(flag_scope(Right::mark).system, kDeleted);
  const account::FlagScope write = flag_scope(Right::write);
  EXPECT_TRUE(write.keywords);
  EXPECT_EQ(write.system & (kSeen | kDeleted | kFlagged | kAnswered | kDraft), kFlagged | kAnswered | kDraft);
}

TEST(SharingRights, AreASet) {
  const Rights some = Right::lookup | Right::read;
  EXPECT_TRUE(some.has(Right::read));
  EXPECT_FALSE(some.has(Right::read | Right::write));
  EXPECT_TRUE(some.has_any(Right::read | Right::write));
  EXPECT_TRUE(some.has({}));
  EXPECT_EQ(some.without(Right::read), Rights(Right::lookup));
  EXPECT_EQ(Rights::of_bits(0xffff), Rights::all());
}

}  // namespace
}  // namespace gatepost::sharing
