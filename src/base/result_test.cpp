#include "base/result.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gatepost {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(Errc::invalid, "odd");
  return n / 2;
}

Result<int> quarter(int n) {
  GP_TRY(const int once, half(n));
  GP_TRY(const int twice, half(once));
  return twice;
}

Result<> check_even(int n) {
  GP_CHECK(half(n));
  return {};
}

TEST(Result, TryPassesValuesAndErrorsOn) {
  EXPECT_EQ(quarter(8), 2);
  EXPECT_EQ(quarter(6).error().detail, "odd");
  EXPECT_TRUE(check_even(2));
  EXPECT_EQ(check_even(3).error().code, Errc::invalid);
}

TEST(Result, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(kLastErrc); ++i) names.insert(to_string(static_cast<Errc>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kLastErrc) + 1);
}

}  // namespace
}  // namespace gatepost
