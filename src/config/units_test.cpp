#include "config/units.hpp"

#include <gtest/gtest.h>

namespace gatepost::config {
namespace {

using std::chrono::seconds;

TEST(Units, ReadsSizes) {
  EXPECT_EQ(parse_octets("0"), 0u);
  EXPECT_EQ(parse_octets("512 KiB"), 512u << 10);
  EXPECT_EQ(parse_octets("50MiB"), 50u << 20);
  EXPECT_EQ(parse_octets(" 2 gib "), 2ULL << 30);
  for (std::string_view text :
       {"", "MiB", "5 MB", "5 M", "-1", "1.5 GiB", "5 MiB x", "99999999 TiB", "99999999999999999999"}) {
    EXPECT_FALSE(parse_octets(text)) << text;
  }
}

TEST(Units, ReadsDurations) {
  EXPECT_EQ(parse_duration("90"), seconds(90));
  EXPECT_EQ(parse_duration("90s"), seconds(90));
  EXPECT_EQ(parse_duration("5 min"), seconds(300));
  EXPECT_EQ(parse_duration("2h"), seconds(7200));
  EXPECT_EQ(parse_duration("5 days"), seconds(432000));
  EXPECT_EQ(parse_duration("1 week"), seconds(604800));
  for (std::string_view text : {"", "min", "-5", "5 fortnights", "1.5 h", "5 min 3 s", "99999999999 w", "11 years"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Units, WritesWhatItReads) {
  for (std::uint64_t n : {0ULL, 1ULL, 1000ULL, 1024ULL, 50ULL << 20, 3ULL << 40, 1ULL << 60})
    EXPECT_EQ(parse_octets(format_octets(n)), n);
  for (int n : {0, 1, 59, 60, 90, 3600, 7200, 86400, 172800, 90061})
    EXPECT_EQ(parse_duration(format_duration(seconds(n))), seconds(n));
}

TEST(Units, SuggestsOnlyWhatIsNear) {
  const std::vector<std::string_view> words = {"recipients", "message_size", "ban"};
  EXPECT_EQ(nearest("mesage_size", words), "message_size");
  EXPECT_EQ(nearest("recipeints", words), "recipients");
  EXPECT_EQ(nearest("Message_Size", words), "message_size");
  EXPECT_EQ(nearest("hostname", words), "");
  EXPECT_EQ(nearest(std::string(100'000, 'x'), words), "");
}

}  // namespace
}  // namespace gatepost::config
