#include "smtp/server/reply_for.hpp"

#include <gtest/gtest.h>

#include "base/ascii.hpp"

namespace gatepost::smtp::server {
namespace {

void expect_sound(const Words& words, std::string_view of) {
  EXPECT_GE(words.code, 400) << of;
  EXPECT_LT(words.code, 560) << of;
  EXPECT_EQ(words.enhanced.klass, words.code / 100) << of;
  EXPECT_FALSE(words.text.empty()) << of;
  for (const char c : words.text) EXPECT_FALSE(ascii::is_control(c) || ascii::is_8bit(c)) << of;
}

TEST(SmtpReplyFor, HasSoundWordsForEveryCode) {
  for (int i = 0; i <= static_cast<int>(kLastErrc); ++i) {
    const auto code = static_cast<Errc>(i);
    expect_sound(reply_for(code), to_string(code));
    expect_sound(reply_for_sender(code), to_string(code));
    expect_sound(reply_for_message(code), to_string(code));
    expect_sound(reply_for_sign_in(code), to_string(code));
  }
  using enum mailflow::RecipientRefusal;
  for (const auto reason : {relay_denied, no_such_user, disabled, bad_address, try_later}) {
    expect_sound(reply_for(reason), "recipient");
  }
}

TEST(SmtpReplyFor, LetsTheClientComeAgainWhenTheFaultIsOurs) {
  for (const Errc code : {Errc::unavailable, Errc::timed_out, Errc::closed, Errc::disk_full, Errc::read_only,
                          Errc::unknown_outcome, Errc::corrupt, Errc::internal, Errc::conflict}) {
    EXPECT_EQ(reply_for(code).code / 100, 4) << to_string(code);
    EXPECT_EQ(reply_for_sender(code).code / 100, 4) << to_string(code);
    EXPECT_EQ(reply_for_message(code).code / 100, 4) << to_string(code);
    EXPECT_EQ(reply_for_sign_in(code).code / 100, 4) << to_string(code);
  }
}

TEST(SmtpReplyFor, KnowsTheCodesOfTheStandards) {
  EXPECT_EQ(reply_for(Errc::disk_full).code, 452);
  EXPECT_EQ(reply_for(Errc::too_large).code, 552);
  EXPECT_EQ(reply_for(Errc::over_quota).enhanced, (EnhancedCode{5, 2, 2}));
  EXPECT_EQ(reply_for(mailflow::RecipientRefusal::relay_denied).enhanced, (EnhancedCode{5, 7, 1}));
  EXPECT_EQ(reply_for_sign_in(Errc::unauthenticated).code, 535);
  EXPECT_EQ(reply_for_sign_in(Errc::unsupported).code, 504);
  EXPECT_EQ(reply_for_sign_in(Errc::forbidden).code, 534);
}

}  // namespace
}  // namespace gatepost::smtp::server
