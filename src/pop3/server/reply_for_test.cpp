#include "pop3/server/reply_for.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace gatepost::pop3::server {
namespace {

TEST(Pop3ReplyFor, EveryErrorHasWordsAndAKnownCode) {
  const std::set<std::string_view> known = {"", "IN-USE", "AUTH", "SYS/TEMP", "SYS/PERM"};
  for (int i = 0; i <= static_cast<int>(kLastErrc); ++i) {
    for (const Words& words : {words_for(static_cast<Errc>(i)), words_for_sign_in(static_cast<Errc>(i))}) {
      EXPECT_FALSE(words.text.empty()) << i;
      EXPECT_TRUE(known.contains(words.code)) << words.code;
    }
  }
}

TEST(Pop3ReplyFor, TellsWhatAClientCanDo) {
  EXPECT_EQ(words_for_sign_in(Errc::unauthenticated).code, "AUTH");
  EXPECT_EQ(words_for_sign_in(Errc::denied).code, "AUTH");
  EXPECT_EQ(words_for_sign_in(Errc::forbidden).code, "AUTH");
  EXPECT_EQ(words_for_sign_in(Errc::conflict).code, "IN-USE");
  EXPECT_EQ(words_for_sign_in(Errc::unavailable).code, "SYS/TEMP");
  EXPECT_EQ(words_for(Errc::disk_full).code, "SYS/TEMP");
  EXPECT_EQ(words_for(Errc::corrupt).code, "SYS/PERM");
  std::string out;
  write_failure(out, words_for(Errc::conflict));
  EXPECT_EQ(out, "-ERR [IN-USE] The mailbox is open in another POP3 session\r\n");
}

}  // namespace
}  // namespace gatepost::pop3::server
