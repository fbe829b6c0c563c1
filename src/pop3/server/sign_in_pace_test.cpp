#include "pop3/server/sign_in_pace.hpp"

#include <gtest/gtest.h>

namespace gatepost::pop3::server {
namespace {

using directory::PrincipalId;
using std::chrono::seconds;

TEST(Pop3SignInPace, LetsAnAccountInAgainAfterTheDelay) {
  SignInPace pace;
  ManualClock clock;
  const PrincipalId anna{1000}, bert{1001};
  EXPECT_TRUE(pace.may_enter(anna, seconds(60), clock.steady()));
  pace.entered(anna, seconds(60), clock.steady());
  EXPECT_FALSE(pace.may_enter(anna, seconds(60), clock.steady()));
  EXPECT_TRUE(pace.may_enter(bert, seconds(60), clock.steady()));
  clock.advance(seconds(59));
  EXPECT_FALSE(pace.may_enter(anna, seconds(60), clock.steady()));
  clock.advance(seconds(1));
  EXPECT_TRUE(pace.may_enter(anna, seconds(60), clock.steady()));
}

TEST(Pop3SignInPace, RemembersNothingWithoutADelay) {
  SignInPace pace;
  ManualClock clock;
  pace.entered(PrincipalId{1000}, seconds(0), clock.steady());
  EXPECT_TRUE(pace.may_enter(PrincipalId{1000}, seconds(0), clock.steady()));
  EXPECT_TRUE(pace.may_enter(PrincipalId{1000}, seconds(60), clock.steady()));
}

}  // namespace
}  // namespace gatepost::pop3::server
