#include "imap/server/response_for.hpp"

#include <gtest/gtest.h>

namespace gatepost::imap::server {
namespace {

TEST(ImapResponseFor, KnowsEveryFailure) {
  for (int i = 0; i <= static_cast<int>(kLastErrc); ++i) {
    for (const Answer& answer : {response_for(Errc(i)), response_for_target(Errc(i)), response_for_sign_in(Errc(i))}) {
      EXPECT_NE(answer.condition, Condition::ok);
      EXPECT_FALSE(answer.text.empty());
      EXPECT_EQ(answer.then, Answer::Then::tagged);
    }
    EXPECT_FALSE(response_for(Errc(i)).code.empty());
  }
  EXPECT_EQ(response_for(Errc::over_quota).code, "OVERQUOTA");
  EXPECT_EQ(response_for(Errc::forbidden).code, "NOPERM");
  EXPECT_EQ(response_for(Errc::not_found).code, "NONEXISTENT");
  EXPECT_EQ(response_for_target(Errc::not_found).code, "TRYCREATE");
  EXPECT_EQ(response_for_sign_in(Errc::forbidden).code, "ALERT");
  EXPECT_EQ(response_for(Errc::internal).code, "SERVERBUG");
}

}  // namespace
}  // namespace gatepost::imap::server
