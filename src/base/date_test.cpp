#include "base/date.hpp"

#include <gtest/gtest.h>

namespace gatepost::date {
namespace {

using namespace std::chrono;

TimePoint utc(int y, unsigned m, unsigned d, int h = 0, int min = 0, int s = 0) {
  return TimePoint(sys_days(year(y) / m / d)) + hours(h) + minutes(min) + seconds(s);
}

TEST(Date, ReadsRfc5322InItsManyForms) {
  const TimePoint t = utc(1997, 11, 21, 15, 55, 6);
  for (std::string_view text : {
           "Fri, 21 Nov 1997 09:55:06 -0600",
           "21 Nov 1997 15:55:06 +0000",
           "Fri, 21 Nov 97 09:55:06 CST",
           "  Fri ,\r\n 21 Nov 1997 (a (nested \\) ) comment)\t09 : 55 : 06 -0600 (Central)",
           "friday, 21 NOV 097 15:55:06 GMT",
           "21 Nov 1997 15:55:06 UT",
           "21 Nov 1997 15:55:06 Z",
           "21 Nov 1997 15:55:06",
           "Fri 21 Nov 1997 15:55:06 +0000",
           "21 Nov 1997 21:25:06 +0530",
       }) {
    EXPECT_EQ(parse_rfc5322(text), t) << text;
  }
  EXPECT_EQ(parse_rfc5322("1 Jan 49 00:00 +0000"), utc(2049, 1, 1));
  EXPECT_EQ(parse_rfc5322("1 Jan 50 00:00 +0000"), utc(1950, 1, 1));
  EXPECT_EQ(parse_rfc5322("31 Dec 2016 23:59:60 +0000"), utc(2017, 1, 1));
}

TEST(Date, TellsTheZoneItRead) {
  int zone = 99;
  ASSERT_TRUE(parse_rfc5322("21 Nov 1997 09:55:06 -0630", &zone));
  EXPECT_EQ(zone, -390);
  ASSERT_TRUE(parse_rfc5322("21 Nov 1997 09:55:06 PDT", &zone));
  EXPECT_EQ(zone, -420);
  zone = 99;
  EXPECT_FALSE(parse_rfc5322("21 Nov 1997 09:55:06 -06", &zone));
  EXPECT_EQ(zone, 99);
}

TEST(Date, RefusesWhatIsNoDate) {
  for (std::string_view text :
       {"", "Fri", "Fri, ", "32 Nov 1997 00:00:00 +0000", "31 Feb 2020 00:00:00 +0000", "0 Jan 2020 00:00:00 +0000",
        "1 Jan 2020 24:00:00 +0000", "1 Jan 2020 00:60:00 +0000", "1 Jan 2020 00:00:61 +0000",
        "1 Jan 2020 00:00:00 +0060", "1 Jan 2020 00:00:00 +0000 x", "1 Jan 2020", "1 Foo 2020 00:00:00 +0000",
        "1 Jan 99999999999 00:00:00 +0000", "1 Jan 9999 00:00:00 +0000", "1 Jan 2020 00:00:00 +00000",
        "1 Jan 2020 00:00:00 (open", "1-Jan-2020 00:00:00 +0000", "111 Jan 2020 00:00:00 +0000"}) {
    EXPECT_FALSE(parse_rfc5322(text)) << text;
  }
  EXPECT_FALSE(parse_rfc5322(std::string(2000, '(') + "1 Jan 2020 00:00:00 +0000"));
}

TEST(Date, WritesWhatItReads) {
  const TimePoint t = utc(2026, 11, 24, 8, 35, 18);
  EXPECT_EQ(format_rfc5322(t), "Tue, 24 Nov 2026 08:35:18 +0000");
  EXPECT_EQ(format_rfc5322(t, 60), "Tue, 24 Nov 2026 09:35:18 +0100");
  EXPECT_EQ(format_rfc5322(t, -570), "Mon, 23 Nov 2026 23:05:18 -0930");
  EXPECT_EQ(format_imap_datetime(t), "24-Nov-2026 08:35:18 +0000");
  EXPECT_EQ(format_imap_datetime(t, -570), "23-Nov-2026 23:05:18 -0930");
  EXPECT_EQ(format_rfc3339(t + milliseconds(123)), "2026-11-24T08:35:18.123Z");
  for (int zone : {0, 60, -570, 330, 845}) {
    EXPECT_EQ(parse_rfc5322(format_rfc5322(t, zone)), t);
    EXPECT_EQ(parse_imap_datetime(format_imap_datetime(t, zone)), t);
  }
  EXPECT_EQ(parse_rfc3339(format_rfc3339(t)), t);
}

TEST(Date, WritesTimesBefore1970) {
  const TimePoint t = utc(1969, 12, 31, 23, 59, 59) + milliseconds(5);
  EXPECT_EQ(format_rfc3339(t), "1969-12-31T23:59:59.005Z");
  EXPECT_EQ(format_rfc5322(t), "Wed, 31 Dec 1969 23:59:59 +0000");
}

TEST(Date, ReadsImapDateTimeStrictly) {
  EXPECT_EQ(parse_imap_datetime(" 1-Feb-1994 21:52:25 -0800"), utc(1994, 2, 2, 5, 52, 25));
  EXPECT_EQ(parse_imap_datetime("01-feb-1994 21:52:25 +0000"), utc(1994, 2, 1, 21, 52, 25));
  for (std::string_view text : {"", "1-Feb-1994", "1-Feb-94 21:52:25 -0800", "01-Feb-1994  21:52:25 -0800",
                                "01-Feb-1994 21:52 -0800", "01-Feb-1994 21:52:25 PST", "01-Feb-1994 21:52:25 -0800 ",
                                "30-Feb-1994 21:52:25 -0800", "  1-Feb-1994 21:52:25 -0800"}) {
    EXPECT_FALSE(parse_imap_datetime(text)) << text;
  }
}

TEST(Date, ReadsImapSearchDatesOfAnyYear) {
  EXPECT_EQ(parse_imap_date("1-Feb-1994"), utc(1994, 2, 1));
  EXPECT_EQ(parse_imap_date("01-FEB-1994"), utc(1994, 2, 1));
  EXPECT_GT(parse_imap_date("31-Dec-9999"), utc(2200, 1, 1));
  EXPECT_LT(parse_imap_date("1-Jan-0001"), utc(1800, 1, 1));
  EXPECT_TRUE(parse_imap_date("29-Feb-1600"));
  EXPECT_FALSE(parse_imap_date("31-Feb-1994"));
  EXPECT_FALSE(parse_imap_date("1-Feb-94"));
  EXPECT_FALSE(parse_imap_date("\"1-Feb-1994\""));
}

TEST(Date, ReadsRfc3339) {
  EXPECT_EQ(parse_rfc3339("1985-04-12T23:20:50.52Z"), utc(1985, 4, 12, 23, 20, 50) + milliseconds(520));
  EXPECT_EQ(parse_rfc3339("1996-12-19t16:39:57-08:00"), utc(1996, 12, 20, 0, 39, 57));
  EXPECT_EQ(parse_rfc3339("1990-12-31T23:59:60Z"), utc(1991, 1, 1));
  EXPECT_EQ(parse_rfc3339("2020-01-01T00:00:00.123456789+00:00"), utc(2020, 1, 1) + microseconds(123456));
  for (std::string_view text : {"", "2020-01-01", "2020-1-1T00:00:00Z", "2020-01-01T00:00:00", "2020-01-01T00:00:00.Z",
                                "2020-01-01T00:00:00+0000", "2020-13-01T00:00:00Z", "2020-01-01T00:00:00Zx"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace gatepost::date
