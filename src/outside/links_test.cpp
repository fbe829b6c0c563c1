#include "outside/links.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/store.hpp"

namespace gatepost::outside {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

Link link() {
  Link out;
  out.account = directory::PrincipalId{1024};
  out.directory = "office";
  out.unique_id = std::string("\0\xff", 2);
  out.dn = "uid=anna";
  out.login = "anna";
  out.seen = TimePoint(std::chrono::seconds(1));
  out.verifier = "$argon2id$";
  out.proven = TimePoint(std::chrono::seconds(2));
  out.made = true;
  out.missed = 3;
  out.aliases = {"a@example.org", "b@example.org"};
  return out;
}

TEST(OutsideLinks, ReadWhatTheyWrote) {
  const Link one = link();
  EXPECT_EQ(*decode_link(one.account, one.directory, encode(one)), one);
  const std::string value = encode(one);
  for (std::size_t cut = 0; cut < value.size(); ++cut)
    EXPECT_FALSE(decode_link(one.account, one.directory, value.substr(0, cut)));
  EXPECT_FALSE(decode_link(one.account, one.directory, value + "x"));
  EXPECT_EQ(decode_link(one.account, one.directory, "\x02" + value.substr(1)).error().code, Errc::unsupported);
}

TEST(OutsideLinks, AreKept) {
  ManualClock clock;
  Metrics metrics;
  const auto store = *store::open({.engine = "memory"}, null_log(), metrics, clock);
  Link one = link();
  Link other = link();
  other.directory = "factory";
  other.unique_id = "x";
  {
    const auto links = *Links::open(store->keys());
    ASSERT_TRUE(links->put(one));
    ASSERT_TRUE(links->put(other));
  }
  const auto links = *Links::open(store->keys());
  EXPECT_EQ(links->of(one.account, "office"), one);
  EXPECT_THAT(links->of(one.account), SizeIs(2));
  EXPECT_THAT(links->by_login("ANNA"), SizeIs(2));
  EXPECT_EQ(links->by_unique_id("factory", "x"), other);
  EXPECT_EQ(links->by_unique_id("office", "x"), std::nullopt);
  one.unique_id = "new";
  ASSERT_TRUE(links->put(one));
  EXPECT_EQ(links->by_unique_id("office", "new"), one);
  EXPECT_EQ(links->by_unique_id("office", link().unique_id), std::nullopt);
  ASSERT_TRUE(links->erase(one));
  ASSERT_TRUE(links->erase(other));
  EXPECT_THAT(links->all(), IsEmpty());
}

}  // namespace
}  // namespace gatepost::outside
