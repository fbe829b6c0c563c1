#include "mailflow/bounce.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.hpp"
#include "mailflow/test_support.hpp"
#include "mime/structure.hpp"

namespace gatepost::mailflow {
namespace {

using testing::HasSubstr;
using testing::Not;

QueueEntry entry() {
  QueueEntry e;
  e.id = QueueId{0xab};
  e.reverse_path = kAnna;
  e.created = ManualClock().now();
  return e;
}

std::vector<RecipientState> recipients() {
  RecipientState one;
  one.address = "c@there.example";
  one.original = "alias@example.org";
  one.last_reply = "550 5.1.1 no such user";
  one.last_host = "mx.there.example";
  RecipientState two;
  two.address = two.original = "d@there.example";
  two.last_reply = "451 4.4.1 mx cannot be reached";
  return {one, two};
}

std::string notice(Notice kind, const QueueEntry& e, const std::vector<RecipientState>& r, std::string_view original) {
  const TimePoint now = e.created + std::chrono::hours(5);
  return delivery_status_notice(kind, e, r, original, returns_whole(kind, e), "mail.example.org",
                                "ab.3@mail.example.org", now, e.created + std::chrono::hours(120));
}

TEST(MailflowBounce, IsAProperReport) {
  const std::string text = notice(Notice::failed, entry(), recipients(), "Subject: hello\r\nFrom: a@b\r\n\r\n");
  EXPECT_THAT(text, HasSubstr("\r\nTo: <anna@example.org>\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nAuto-Submitted: auto-replied\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Type: multipart/report; report-type=delivery-status;"));
  EXPECT_THAT(text, HasSubstr("\r\n\r\nReporting-MTA: dns; mail.example.org\r\nArrival-Date: Thu, 01 Jan 2026 "
                              "00:00:00 +0000\r\n\r\nFinal-Recipient: "
                              "rfc822;c@there.example\r\nAction: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; "
                              "mx.there.example\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"));
  // One that ran out of time: the class agrees with the action.
  EXPECT_THAT(text, HasSubstr("Final-Recipient: rfc822;d@there.example\r\nAction: failed\r\nStatus: 5.4.1\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Type: text/rfc822-headers\r\n\r\nSubject: hello\r\nFrom: a@b\r\n\r\n--"));
  EXPECT_THAT(text, HasSubstr("    mx.there.example said: 550 5.1.1 no such user\r\n"));
}

TEST(MailflowBounce, HasThreePartsForEveryMimeReader) {
  mime::StructureScanner scanner;
  scanner.feed(notice(Notice::failed, entry(), recipients(), "Subject: hello\r\n\r\n"));
  const auto structure = scanner.finish();
  ASSERT_EQ(structure.parts.size(), 4U);
  EXPECT_EQ(structure.parts[0].subtype, "report");
  EXPECT_EQ(structure.parts[1].type, "text");
  EXPECT_EQ(structure.parts[2].subtype, "delivery-status");
  EXPECT_EQ(structure.parts[3].subtype, "rfc822-headers");
}

TEST(MailflowBounce, GivesBackWhatTheSenderNamedAndNothingElse) {
  QueueEntry e = entry();
  auto r = recipients();
  EXPECT_THAT(notice(Notice::failed, e, r, ""), Not(HasSubstr("Original-")));
  e.envid = "QQ314159";
  r[0].dsn.original = smtp::OriginalRecipient{"rfc822", "Bob+x@example.org"};
  const std::string text = notice(Notice::failed, e, r, "");
  EXPECT_THAT(text, HasSubstr("\r\n\r\nOriginal-Envelope-Id: QQ314159\r\nReporting-MTA: dns; mail.example.org\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nOriginal-Recipient: rfc822;Bob+x@example.org\r\nFinal-Recipient: "
                              "rfc822;c@there.example\r\n"));
}

TEST(MailflowBounce, TellsOfEachKindOfSuccess) {
  RecipientState here{
      .address = "anna@example.org", .original = "anna@example.org", .account = directory::PrincipalId{7}};
  here.status = RecipientState::Status::delivered;
  here.last_reply = "250 2.1.5 delivered";
  RecipientState there{.address = "c@there.example", .original = "c@there.example"};
  there.status = RecipientState::Status::delivered;
  there.last_reply = "250 2.0.0 ok";
  there.last_host = "mx.there.example";
  RecipientState list{.address = "all@example.org", .original = "all@example.org"};
  list.status = RecipientState::Status::expanded;
  const std::string text = notice(Notice::success, entry(), {here, there, list}, "Subject: hello\r\n\r\nsecret\r\n");
  EXPECT_THAT(text, HasSubstr("Final-Recipient: rfc822;anna@example.org\r\nAction: delivered\r\nStatus: 2.1.5\r\n"));
  EXPECT_THAT(text, HasSubstr("Final-Recipient: rfc822;c@there.example\r\nAction: relayed\r\nStatus: 2.0.0\r\n"));
  EXPECT_THAT(text, HasSubstr("Final-Recipient: rfc822;all@example.org\r\nAction: expanded\r\nStatus: 2.0.0\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("secret")));
}

TEST(MailflowBounce, ReturnsTheWholeMessageOfAFailureWhereThatWasAskedFor) {
  const std::string_view message = "Subject: hello\r\n\r\nbody \xc3\xbc\r\n--=_0000000000ab_report--\r\n";
  QueueEntry e = entry();
  e.body.size = message.size();
  EXPECT_FALSE(returns_whole(Notice::failed, e));
  e.ret = smtp::Ret::headers;
  EXPECT_FALSE(returns_whole(Notice::failed, e));
  e.ret = smtp::Ret::full;
  EXPECT_TRUE(returns_whole(Notice::failed, e));
  EXPECT_FALSE(returns_whole(Notice::delayed, e));
  EXPECT_FALSE(returns_whole(Notice::success, e));
  const std::string text = notice(Notice::failed, e, recipients(), message);
  EXPECT_THAT(text,
              HasSubstr("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: hello\r\n"
                        "\r\nbody \xc3\xbc\r\n"));
  mime::StructureScanner scanner;
  scanner.feed(text);
  const auto structure = scanner.finish();
  // The report's parts, and the message within the last of them: its own line that looks like our boundary ends
  // nothing.
  EXPECT_EQ(structure.parts[3].subtype, "rfc822");
  e.body.size = kMaxReturnedOctets + 1;
  EXPECT_FALSE(returns_whole(Notice::failed, e));
  e.body.size = 1;
  e.body_type = BodyType::binary;
  EXPECT_FALSE(returns_whole(Notice::failed, e));
}

TEST(MailflowBounce, TellsOfADelay) {
  const std::string text = notice(Notice::delayed, entry(), recipients(), "");
  EXPECT_THAT(text, HasSubstr("Action: delayed\r\nStatus: 4.4.1\r\n"));
  EXPECT_THAT(text, HasSubstr("Will-Retry-Until: Tue, 06 Jan 2026 00:00:00 +0000\r\n"));
  EXPECT_THAT(text, HasSubstr("Subject: Delayed mail"));
}

TEST(MailflowBounce, LetsNoServerWriteIntoItsFields) {
  auto r = recipients();
  r[0].last_reply = "550 5.1.1 no\r\nBcc: x\r\n\xff" + std::string(5000, 'y');
  r[0].last_host = "mx\r\nX: y";
  const std::string text = notice(Notice::failed, entry(), r, "");
  EXPECT_THAT(text, Not(HasSubstr("\r\nBcc:")));
  EXPECT_THAT(text, Not(HasSubstr("\r\nX: y")));
  EXPECT_THAT(text, HasSubstr("Diagnostic-Code: smtp; 550 5.1.1 no  Bcc: x  ???yyy"));
  EXPECT_LT(text.size(), 8000U);
  EXPECT_TRUE(utf8::is_valid(text));
}

TEST(MailflowBounce, ReturnsABoundedHeaderInWholeLines) {
  std::string header;
  while (header.size() < 200'000) header += "X-Field: value\r\n";
  const std::string text = notice(Notice::failed, entry(), recipients(), header + "\r\n");
  EXPECT_LT(text.size(), 70'000U);
  EXPECT_THAT(text, HasSubstr("X-Field: value\r\n\r\n--=_"));
}

TEST(MailflowBounce, UsesTheInternationalFormsWhereNeeded) {
  QueueEntry e = entry();
  e.smtputf8 = true;
  auto r = recipients();
  r[0].address = "b\xc3\xbc@there.example";
  const std::string text = notice(Notice::failed, e, r, "Subject: \xc3\xbc\r\n\r\n");
  EXPECT_THAT(text, HasSubstr("message/global-delivery-status"));
  EXPECT_THAT(text, HasSubstr("message/global-headers"));
  EXPECT_THAT(text, HasSubstr("Final-Recipient: utf-8;b\xc3\xbc@there.example"));
}

TEST(MailflowBounce, FindsTheEnhancedStatusOfAReply) {
  EXPECT_EQ(enhanced_status("550 5.1.1 no such user", Notice::failed), "5.1.1");
  EXPECT_EQ(enhanced_status("550 no such user", Notice::failed), "5.0.0");
  EXPECT_EQ(enhanced_status("", Notice::delayed), "4.0.0");
  EXPECT_EQ(enhanced_status("451 4.4.1", Notice::delayed), "4.4.1");
  EXPECT_EQ(enhanced_status("451 4.4.1 x", Notice::failed), "5.4.1");
  EXPECT_EQ(enhanced_status("550 5.1.1.1 x", Notice::failed), "5.0.0");
  EXPECT_EQ(enhanced_status("550 5.1111.1 x", Notice::failed), "5.0.0");
}

}  // namespace
}  // namespace gatepost::mailflow
