#include "gate/explain/mail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatepost::gate::explain {
namespace {

using testing::HasSubstr;

std::vector<notes::LogLine> lines(const std::vector<std::string>& texts) {
  std::vector<notes::LogLine> out;
  int second = 0;
  for (const std::string& text : texts) {
    out.push_back(*notes::read_log_line("2026-11-26T10:00:0" + std::to_string(second++) + ".000Z notice " + text));
  }
  return out;
}

TEST(MailStory, FollowsAMailThatWaitsInTheQueue) {
  const auto log = lines(
      {"mail.accepted conn=a id=0123456789ab from=anna@example.org to=bob@far.example rcpts=1 size=99 local=0 queued=1 "
       "remote=192.0.2.1:4000",
       "mail.deferred id=0123456789ab to=bob@far.example host=mx.far.example reply=\"451 4.7.1 greylisted, try "
       "later\""});
  const auto queue = waiting_from_json(
      R"([{"id":"0123456789ab","attempts":3,"next":"2026-11-26T10:15:00.000Z","held":false,"from":"anna@example.org",
"to":"bob@far.example","last_reply":"451 4.7.1 greylisted, try later"},7])");
  const auto stories = mail_stories({.id = "", .from = "Anna@example.org", .to = ""}, log, queue);
  ASSERT_EQ(stories.size(), 1U);
  EXPECT_EQ(stories[0].state, Story::State::waiting);
  EXPECT_EQ(stories[0].steps.size(), 2U);
  EXPECT_THAT(stories[0].summary, HasSubstr("tried 3 time(s)"));
  EXPECT_THAT(stories[0].why.front(), HasSubstr("greylisting"));
  const Report said = mail_report(stories, {});
  EXPECT_EQ(said.exit_code, 1);
  EXPECT_THAT(said.text, HasSubstr("gatepost queue retry 0123456789ab"));
}

TEST(MailStory, TellsDeliveredBouncedAndRefusedApart) {
  const auto log = lines(
      {"mail.accepted conn=a id=1 from=anna@example.org to=eve@example.org rcpts=1 local=1 queued=0",
       "mail.accepted conn=b id=2 from=anna@example.org to=x@far.example rcpts=1 local=0 queued=1",
       "mail.bounced id=2 to=x@far.example reply=\"550 5.1.1 no such user\"",
       "smtp.recipient_refused conn=c remote=203.0.113.9:1 from=spam@y to=nobody@example.org reply=\"no such user\"",
       "mail.refused conn=d id=4 from=anna@example.org code=disk_full detail=\"no room\"",
       "sign_in.accepted conn=a name=anna@example.org"});
  const auto all = mail_stories({}, log, {});
  ASSERT_EQ(all.size(), 4U);
  const auto state = [&](std::string_view id) { return std::ranges::find(all, id, &Story::id)->state; };
  EXPECT_EQ(state("1"), Story::State::delivered);
  EXPECT_EQ(state("2"), Story::State::bounced);
  EXPECT_EQ(state(""), Story::State::refused);
  EXPECT_EQ(state("4"), Story::State::refused);
  EXPECT_THAT(std::ranges::find(all, "4", &Story::id)->why.front(), HasSubstr("disk is full"));
  EXPECT_EQ(mail_stories({.id = "2", .from = "", .to = ""}, log, {}).size(), 1U);
  EXPECT_EQ(mail_stories({.id = "", .from = "", .to = "nobody@example.org"}, log, {}).size(), 1U);
  EXPECT_EQ(mail_report(mail_stories({.id = "1", .from = "", .to = ""}, log, {}), {}).exit_code, 0);
  EXPECT_EQ(mail_report({}, {"the log"}).exit_code, 2);
}

TEST(MailStory, ObeysNothingAPeerSaid) {
  const auto log = lines({"mail.deferred id=7 to=x@y reply=\"451 \\x1b[2J\\u{202e}\""});
  const Report said = mail_report(mail_stories({}, log, {}), {});
  for (const char c : said.text) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
}

TEST(ReplyMeaning, IsByTheEnhancedCodeFirst) {
  EXPECT_THAT(meaning_of("550 5.1.1 no such user").meaning, HasSubstr("no such mailbox"));
  EXPECT_THAT(meaning_of("452 4.3.1 full").meaning, HasSubstr("disk is full"));
  EXPECT_THAT(meaning_of("550 no").meaning, HasSubstr("for good"));
  EXPECT_THAT(meaning_of("421 busy").meaning, HasSubstr("just now"));
  EXPECT_EQ(meaning_of("").meaning, "");
  EXPECT_EQ(meaning_of("55").meaning, "");
  EXPECT_EQ(meaning_of("550 5.").meaning, "the other side refuses it for good");
}

TEST(MailStory, SaysWhichRightToSendIsMissing) {
  const auto log = lines(
      {"smtp.sender_refused conn=c remote=192.0.2.1:1 user=anna@example.org from=boss@example.org "
       "reply=\"553 5.7.1 this address is not yours\" detail=\"MAIL FROM: anna@example.org has neither send-as nor "
       "send-on-behalf for boss@example.org (gatepost rights grant boss@example.org send-as anna@example.org)\"",
       "mail.refused conn=d id=4 from=anna@example.org code=forbidden detail=\"From: anna@example.org has neither "
       "x\""});
  const auto all = mail_stories({}, log, {});
  ASSERT_EQ(all.size(), 2U);
  const auto why = [&](std::string_view id) { return std::ranges::find(all, id, &Story::id)->why.front(); };
  EXPECT_THAT(why(""), HasSubstr("gatepost rights grant boss@example.org send-as anna@example.org"));
  EXPECT_EQ(why("4"), "From: anna@example.org has neither x");
}

}  // namespace
}  // namespace gatepost::gate::explain
