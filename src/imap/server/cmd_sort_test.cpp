#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::HasSubstr;

std::string mail_from(std::string_view from, std::string_view subject, int day) {
  return "From: " + std::string(from) + "\r\nTo: " + std::string(from) + "\r\nSubject: " + std::string(subject) +
         "\r\nDate: " + std::to_string(day) + " Mar 2026 10:00:00 +0000\r\n\r\n" +
         std::string(static_cast<std::size_t>(day) * 7 % 5, 'x') + "\r\n";
}

class ImapSort : public testing::Test {
 protected:
  ImapSort() {
    deliver("Zoe <b@x.org>", "beta", 3);                     // 1
    deliver("a@x.org", "Re: Alpha", 1);                      // 2
    deliver("Bert <c@x.org>", "gamma", 2);                   // 3
    deliver("=?utf-8?q?=C3=84nne?= <a@x.org>", "alpha", 5);  // 4
    talk.enter();
    talk.line("s SELECT INBOX");
  }
  void deliver(std::string_view from, std::string_view subject, int day) {
    world.deliver(mail_from(from, subject, day));
    world.clock.advance(std::chrono::seconds(60));
  }
  // What SORT answers, "2 4 1".
  std::string sort(std::string_view criteria, std::string_view keys = "ALL") {
    const std::string answer = talk.line("a SORT (" + std::string(criteria) + ") UTF-8 " + std::string(keys));
    constexpr std::string_view kBegin = "* SORT", kEnd = "\r\na OK SORT completed\r\n";
    if (!answer.starts_with(kBegin) || !answer.ends_with(kEnd)) return answer;
    const std::string numbers = answer.substr(kBegin.size(), answer.size() - kBegin.size() - kEnd.size());
    return numbers.empty() ? numbers : numbers.substr(1);
  }
  std::string line(std::string_view text) { return talk.line(text); }

  World world;
  Talk talk{world};
};

TEST_F(ImapSort, PutsMessagesInOrderByEachKey) {
  EXPECT_EQ(sort("ARRIVAL"), "1 2 3 4");
  EXPECT_EQ(sort("REVERSE ARRIVAL"), "4 3 2 1");
  EXPECT_EQ(sort("DATE"), "2 3 1 4");
  EXPECT_EQ(sort("SUBJECT"), "2 4 1 3");
  EXPECT_EQ(sort("REVERSE SUBJECT"), "3 1 2 4");
  EXPECT_EQ(sort("SUBJECT REVERSE DATE"), "4 2 1 3");
  EXPECT_EQ(sort("FROM"), "2 4 1 3");
  EXPECT_EQ(sort("TO REVERSE ARRIVAL"), "4 2 1 3");
  EXPECT_EQ(sort("CC"), "1 2 3 4");
  EXPECT_EQ(sort("DISPLAYFROM"), "2 4 3 1");  // a@x.org, Änne, Bert, Zoe
  EXPECT_EQ(sort("DISPLAYTO"), "2 4 3 1");
  EXPECT_EQ(sort("SIZE DATE", "NOT ALL"), "");
}

TEST_F(ImapSort, OrdersTheSameWhenAllOrSomeIsKnown) {
  for (const char* criteria :
       {"SUBJECT", "REVERSE SUBJECT DATE", "FROM", "DISPLAYFROM", "TO SUBJECT", "DISPLAYTO", "CC REVERSE DATE"}) {
    sort(criteria, "2:3");  // some
    const std::string first = sort(criteria);
    EXPECT_EQ(sort(criteria), first) << criteria;
    Talk other(world);
    other.enter();
    other.line("s SELECT INBOX");
    EXPECT_EQ(other.line("a SORT (" + std::string(criteria) + ") UTF-8 ALL"),
              "* SORT " + first + "\r\na OK SORT completed\r\n");
  }
  // New ones take their places among those that are known.
  deliver("Ahab <aa@x.org>", "Re: alpine", 4);  // 5
  talk.line("n NOOP");
  EXPECT_EQ(sort("SUBJECT"), "2 4 5 1 3");
  EXPECT_EQ(sort("FROM"), "2 4 5 1 3");
}

TEST_F(ImapSort, SortsWhatTheSearchFinds) {
  EXPECT_EQ(sort("DATE", "SUBJECT alpha"), "2 4");
  EXPECT_EQ(line("b UID SORT (REVERSE DATE) US-ASCII 2:3"), "* SORT 3 2\r\nb OK SORT completed\r\n");
  EXPECT_THAT(line("b SORT (DATE) X-NONE SUBJECT x"), HasSubstr("b NO [BADCHARSET"));
  EXPECT_THAT(line("b SORT (DATE) UTF-8 MODSEQ 1"), HasSubstr("(MODSEQ "));
}

TEST_F(ImapSort, ReturnsResultsInTheOrder) {
  EXPECT_EQ(line("b SORT RETURN (MIN MAX COUNT ALL) (DATE) UTF-8 ALL"),
            "* ESEARCH (TAG \"b\") MIN 2 MAX 4 ALL 2:3,1,4 COUNT 4\r\nb OK SORT completed\r\n");
  EXPECT_EQ(line("b UID SORT RETURN (PARTIAL 2:3) (REVERSE DATE) UTF-8 ALL"),
            "* ESEARCH (TAG \"b\") UID PARTIAL (2:3 1,3)\r\nb OK SORT completed\r\n");
  EXPECT_EQ(line("b SORT RETURN (PARTIAL -1:-2 COUNT) (DATE) UTF-8 ALL"),
            "* ESEARCH (TAG \"b\") COUNT 4 PARTIAL (-1:-2 1,4)\r\nb OK SORT completed\r\n");
  EXPECT_EQ(line("b SORT RETURN (PARTIAL 9:12) (DATE) UTF-8 ALL"),
            "* ESEARCH (TAG \"b\") PARTIAL (9:12 NIL)\r\nb OK SORT completed\r\n");
  EXPECT_EQ(line("b SORT RETURN (SAVE MIN) (REVERSE DATE) UTF-8 ALL"),
            "* ESEARCH (TAG \"b\") MIN 4\r\nb OK SORT completed\r\n");
  EXPECT_EQ(line("c SEARCH $"), "* SEARCH 4\r\nc OK SEARCH completed\r\n");
  EXPECT_THAT(line("b SORT RETURN (ALL PARTIAL 1:2) (DATE) UTF-8 ALL"), HasSubstr("b BAD"));
}

TEST_F(ImapSort, RefusesWhatIsNoSort) {
  for (const char* what :
       {"SORT", "SORT ()", "SORT () UTF-8 ALL", "SORT (NAME) UTF-8 ALL", "SORT (REVERSE) UTF-8 ALL",
        "SORT (DATE) UTF-8", "SORT DATE UTF-8 ALL", "THREAD REFERENCES UTF-8", "THREAD X UTF-8 ALL"}) {
    EXPECT_THAT(line("b " + std::string(what)), HasSubstr("b BAD")) << what;
  }
}

TEST_F(ImapSort, PagesSearchAndFetch) {
  EXPECT_EQ(line("b SEARCH RETURN (PARTIAL 2:3) ALL"),
            "* ESEARCH (TAG \"b\") PARTIAL (2:3 2:3)\r\nb OK SEARCH completed\r\n");
  EXPECT_EQ(line("b UID SEARCH RETURN (PARTIAL -1:-2 SAVE) ALL"),
            "* ESEARCH (TAG \"b\") UID PARTIAL (-1:-2 3:4)\r\nb OK SEARCH completed\r\n");
  EXPECT_EQ(line("c SEARCH $"), "* SEARCH 3 4\r\nc OK SEARCH completed\r\n");
  EXPECT_EQ(line("b UID FETCH 1:* (UID) (PARTIAL -1:-2)"),
            "* 3 FETCH (UID 3)\r\n* 4 FETCH (UID 4)\r\nb OK FETCH completed\r\n");
  EXPECT_EQ(line("b UID FETCH 2:* (UID) (PARTIAL 1:1)"), "* 2 FETCH (UID 2)\r\nb OK FETCH completed\r\n");
  EXPECT_EQ(line("b UID FETCH 1:* (UID) (PARTIAL 5:9)"), "b OK FETCH completed\r\n");
  EXPECT_THAT(line("b UID FETCH 1:* (UID) (PARTIAL 0:9)"), HasSubstr("b BAD"));
  EXPECT_THAT(line("b SEARCH RETURN (PARTIAL 1:-3) ALL"), HasSubstr("b BAD"));
}

TEST_F(ImapSort, KeepsItsOrderOverManyMessages) {
  for (int i = 0; i < 3'000; ++i) world.deliver(mail_from("x@x.org", "s" + std::to_string(i % 7), 1 + i % 28));
  line("n NOOP");
  const std::string answer = line("b SORT RETURN (COUNT PARTIAL 1:2) (DATE SUBJECT) UTF-8 ALL");
  EXPECT_EQ(answer, "* ESEARCH (TAG \"b\") COUNT 3004 PARTIAL (1:2 2,5)\r\nb OK SORT completed\r\n");
}

}  // namespace
}  // namespace gatepost::imap::server
