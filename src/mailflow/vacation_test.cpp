#include "mailflow/vacation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mailflow/test_support.hpp"
#include "mime/encoded_word.hpp"
#include "mime/header.hpp"
#include "mime/structure.hpp"
#include "store/keys.hpp"

namespace gatepost::mailflow {
namespace {

using testing::HasSubstr;
using testing::Not;

bool answers(std::string_view fields, std::string_view from = "far@there.example") {
  return may_be_answered("To: Anna <anna@example.org>\r\n" + std::string(fields) + "\r\n", from, "anna@example.org",
                         [](std::string_view address) { return address == "anna@example.org"; });
}

TEST(MailflowVacation, AnswersPeopleAlone) {
  EXPECT_TRUE(answers(""));
  EXPECT_TRUE(answers("Auto-Submitted: no\r\n"));
  EXPECT_TRUE(answers("Auto-Submitted: No (really)\r\n"));
  EXPECT_TRUE(answers("Precedence: first-class\r\n"));
  for (const std::string_view fields :
       {"Auto-Submitted: auto-replied\r\n", "auto-submitted: auto-generated; x=y\r\n", "Precedence: bulk\r\n",
        "Precedence: List\r\n", "Precedence:\r\n junk\r\n", "List-Id: <l.there.example>\r\n",
        "List-Unsubscribe: <x>\r\n", "X-Auto-Response-Suppress: DR, OOF\r\n", "X-Auto-Response-Suppress: All\r\n",
        "X-Autoreply: yes\r\n", "X-Spam-Flag: YES\r\n"}) {
    EXPECT_FALSE(answers(fields)) << fields;
  }
  for (const std::string_view from :
       {"", "MAILER-DAEMON@there.example", "owner-list@there.example", "list-owner@there.example",
        "list-request@there.example", "list-bounces@there.example", "no-reply@there.example", "noreply+x@there.example",
        "anna@example.org"}) {
    EXPECT_FALSE(answers("", from)) << from;
  }
}

TEST(MailflowVacation, AnswersWhatWasMeantForTheAccount) {
  const auto own = [](std::string_view address) { return address == "anna@example.org"; };
  const auto to = [&](std::string_view fields, std::string_view recipient) {
    return may_be_answered(std::string(fields) + "\r\n", "far@there.example", recipient, own);
  };
  EXPECT_FALSE(to("To: list@there.example\r\n", "anna@example.org"));
  EXPECT_FALSE(to("Subject: blind copy\r\n", "anna@example.org"));
  EXPECT_TRUE(to("To: x@y.example\r\nCc: a@b.example, anna@example.org\r\n", "anna@example.org"));
  EXPECT_TRUE(to("To: Sales@example.org\r\n", "sales@example.org"));
}

TEST(MailflowVacation, MakesAnAnswerThatIsOne) {
  const std::string header =
      "Message-ID: <2@there>\r\nReferences: <0@there>\r\n <1@there>\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\n";
  const Vacation vacation{
      .enabled = true, .from = {}, .until = {}, .subject = {}, .text = "Until Mönday\n", .html = {}};
  const std::string answer = vacation_answer(vacation, header, "anna@example.org", "Änna \"A\"", "far@there.example",
                                             "v@mail.example.org", ManualClock().now());
  EXPECT_THAT(answer, HasSubstr("\r\nTo: <far@there.example>\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nAuto-Submitted: auto-replied\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nIn-Reply-To: <2@there>\r\n"));
  EXPECT_EQ(mime::unfold(*mime::find_field(answer, "References")), "<0@there> <1@there> <2@there>");
  EXPECT_EQ(mime::decode_words(*mime::find_field(answer, "Subject")), "Auto: Grüße");
  EXPECT_THAT(mime::decode_words(*mime::find_field(answer, "From")), HasSubstr("Änna"));
  // An answer is never answered.
  EXPECT_FALSE(
      may_be_answered(answer, "anna@example.org", "far@there.example", [](std::string_view) { return false; }));
}

TEST(MailflowVacation, LetsNobodyPutFieldsIntoItsAnswers) {
  const std::string header = "Message-ID: <2@there>\rBcc: x@y\r\nSubject: a\rBcc: x@y.example\r\n\r\n";
  const Vacation vacation{.enabled = true, .from = {}, .until = {}, .subject = {}, .text = {}, .html = "<p>away</p>"};
  const std::string answer = vacation_answer(vacation, header, "anna@example.org", "A\r\nBcc: x@y.example",
                                             "far@there.example", "v@mail.example.org", ManualClock().now());
  EXPECT_FALSE(mime::find_field(answer, "Bcc"));
  for (std::size_t at = answer.find('\r'); at != std::string::npos; at = answer.find('\r', at + 1)) {
    EXPECT_EQ(answer[at + 1], '\n');
  }
  const auto both =
      vacation_answer({.enabled = true, .from = {}, .until = {}, .subject = "S", .text = "t", .html = "<p>h</p>"},
                      header, "anna@example.org", "", "far@there.example", "v@x", ManualClock().now());
  EXPECT_EQ(mime::scan(both).parts.size(), 3U);
  const std::string long_subject(1'000, 'x');
  for (const std::string_view part : {std::string_view("ä"), std::string_view("x")}) {
    std::string subject;
    for (int i = 0; i < 300; ++i) subject += part;
    const auto cut =
        vacation_answer({.enabled = true, .from = {}, .until = {}, .subject = subject, .text = "t", .html = {}}, header,
                        "anna@example.org", "", "far@there.example", "v@x", ManualClock().now());
    EXPECT_TRUE(subject.starts_with(mime::decode_words(*mime::find_field(cut, "Subject"))));
  }
}

class MailflowAway : public testing::Test {
 protected:
  void write(std::string from, std::string_view fields = "") {
    auto source = world.stranger();
    const auto to = world.envelope(source, std::move(from), {std::string(kAnna)});
    ASSERT_TRUE(world.take(source, to, "To: anna@example.org\r\n" + std::string(fields) + "\r\nx\r\n"));
  }
  World world;
  Vacation vacation{.enabled = true, .from = {}, .until = {}, .subject = "Away", .text = "back soon", .html = {}};
};

TEST_F(MailflowAway, ASenderIsToldOnceInAWhile) {
  ASSERT_TRUE(set_vacation(*world.account(kAnna), vacation));
  EXPECT_EQ(*vacation_of(*world.account(kAnna)), vacation);
  write(std::string(kBert));
  write(std::string(kBert));
  write("BERT@example.org");
  EXPECT_EQ(world.inbox(kBert).size(), 1U);
  EXPECT_EQ(world.inbox(kAnna).size(), 3U);
  world.open();  // it is known after a restart
  world.clock.advance(kVacationSilence - std::chrono::hours(25));
  write(std::string(kBert));
  EXPECT_EQ(world.inbox(kBert).size(), 1U);
  world.clock.advance(std::chrono::hours(25));
  write(std::string(kBert));
  EXPECT_EQ(world.inbox(kBert).size(), 2U);
  // A new absence is told anew.
  ASSERT_TRUE(set_vacation(*world.account(kAnna), vacation));
  write(std::string(kBert));
  EXPECT_EQ(world.inbox(kBert).size(), 3U);
  EXPECT_EQ(world.queue->size(), 0U);
}

TEST_F(MailflowAway, TwoWhoAreAwayDoNotAnswerEachOther) {
  ASSERT_TRUE(set_vacation(*world.account(kAnna), vacation));
  ASSERT_TRUE(set_vacation(*world.account(kBert), vacation));
  write(std::string(kBert));
  EXPECT_EQ(world.inbox(kBert).size(), 1U);
  EXPECT_EQ(world.inbox(kAnna).size(), 1U);
}

TEST_F(MailflowAway, OnlyBetweenItsDates) {
  vacation.from = world.clock.now() + std::chrono::hours(1);
  vacation.until = world.clock.now() + std::chrono::hours(2);
  ASSERT_TRUE(set_vacation(*world.account(kAnna), vacation));
  write("a@there.example");
  EXPECT_EQ(world.queue->size(), 0U);
  world.clock.advance(std::chrono::hours(1));
  write("a@there.example");
  EXPECT_EQ(world.queue->size(), 1U);
  write("list-request@there.example");
  write("b@there.example", "List-Id: <x>\r\n");
  EXPECT_EQ(world.queue->size(), 1U);
  world.clock.advance(std::chrono::hours(1));
  write("b@there.example");
  EXPECT_EQ(world.queue->size(), 1U);
}

TEST_F(MailflowAway, TheMailArrivesWhateverBecomesOfTheAnswer) {
  ASSERT_TRUE(set_vacation(*world.account(kAnna), vacation));
  world.store.refuse_commit = [](store::Partition p, const store::Batch&) {
    return store::is_account(p) ? std::nullopt : std::optional(Errc::unavailable);
  };
  write("a@there.example");
  EXPECT_EQ(world.inbox(kAnna).size(), 1U);
}

TEST_F(MailflowAway, RemembersOnlySoMany) {
  const auto anna = world.account(kAnna);
  for (int i = 0; i < 2'500; ++i) {
    ASSERT_TRUE(*note_vacation_told(*anna, std::to_string(i) + "@there.example", world.clock.now())) << i;
  }
  EXPECT_FALSE(*note_vacation_told(*anna, "2499@there.example", world.clock.now()));
}

}  // namespace
}  // namespace gatepost::mailflow
