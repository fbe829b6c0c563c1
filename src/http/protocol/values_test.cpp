// Targets, dates, ranges, conditions: the small values of HTTP.
#include <gtest/gtest.h>

#include "http/protocol/etag.hpp"
#include "http/protocol/h1_writer.hpp"
#include "http/protocol/http_date.hpp"
#include "http/protocol/range.hpp"
#include "http/protocol/uri.hpp"

namespace gatepost::http {
namespace {

TEST(HttpTarget, DecodesSegmentsAndKeepsAnEncodedSlashInOne) {
  const auto target = parse_target("/a%20b/c%2fd//?q=%41&x=1+2&empty");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->segments, (std::vector<std::string>{"a b", "c%2Fd", "", ""}));
  EXPECT_EQ(target->path, "/a b/c%2Fd//");
  EXPECT_EQ(query_value(target->query, "q"), "A");
  EXPECT_EQ(query_value(target->query, "x"), "1 2");
  EXPECT_EQ(query_value(target->query, "empty"), "");
  EXPECT_EQ(query_value(target->query, "none"), std::nullopt);
  EXPECT_EQ(parse_target("http://User.example:8080/x?y")->authority->host, "user.example");
  EXPECT_EQ(parse_target("https://h.example")->path, "/");
  EXPECT_EQ(parse_target("*")->path, "*");
}

TEST(HttpTarget, RefusesWhatTriesToLeaveADirectory) {
  for (const char* const text : {"/..", "/a/../b", "/a/%2e%2e/b", "/./a", "/a/%2E", "/a%00b", "/a\\b", "/a b", "/a%zz",
                                 "/a%4", "a", "", "ftp://x/y", "http:///x", "/a#b", "//..", "host:443"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

TEST(HttpAuthority, IsAHostAndPerhapsAPort) {
  EXPECT_EQ(parse_authority("MAIL.example.org:8443")->port, 8443);
  EXPECT_EQ(parse_authority("[2001:db8::1]:443")->host, "[2001:db8::1]");
  EXPECT_EQ(parse_authority("")->host, "");
  for (const char* const text : {"user@host", "a:b", "a:70000", "[::1", "[1.2.3.4]", "a,b", "a/b", "a:80:80"}) {
    EXPECT_FALSE(parse_authority(text)) << text;
  }
}

TEST(HttpDate, ReadsAllThreeFormsAndWritesOne) {
  const auto t = parse_date("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(t);
  EXPECT_EQ(format_date(*t), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT"), t);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994"), t);
  for (const char* const text :
       {"", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT", "0", "Sun, 06 Nov 1994 25:49:37 GMT"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

TEST(HttpRange, IsOnePartOrTheWhole) {
  using Kind = RangeAnswer::Kind;
  const auto part = [](std::string_view text, std::uint64_t size) {
    const RangeAnswer a = parse_range(text, size);
    return a.kind == Kind::part    ? std::to_string(a.part.first) + "-" + std::to_string(a.part.last)
           : a.kind == Kind::whole ? "whole"
                                   : "none";
  };
  EXPECT_EQ(part("bytes=0-499", 1000), "0-499");
  EXPECT_EQ(part("bytes=500-", 1000), "500-999");
  EXPECT_EQ(part("bytes=-1", 1000), "999-999");
  EXPECT_EQ(part("bytes=-5000", 1000), "0-999");
  EXPECT_EQ(part("bytes=0-99999999999999999999999", 1000), "0-999");
  EXPECT_EQ(part("bytes=1000-", 1000), "none");
  EXPECT_EQ(part("bytes=-0", 1000), "none");
  EXPECT_EQ(part("bytes=0-0", 0), "none");
  EXPECT_EQ(part("bytes=5-2", 1000), "whole");
  EXPECT_EQ(part("bytes=0-1,3-4", 1000), "whole");
  EXPECT_EQ(part("lines=0-1", 1000), "whole");
  EXPECT_EQ(part("bytes=a-b", 1000), "whole");
  EXPECT_EQ(content_range(ByteRange{0, 499}, 1000), "bytes 0-499/1000");
}

Fields with(std::string_view name, std::string_view value) {
  Fields out;
  out.add(name, value);
  return out;
}

TEST(HttpConditions, FollowTheOrderOfPrecedence) {
  const Validators have{.etag = "\"a\"", .modified = parse_date("Sun, 06 Nov 1994 08:49:37 GMT")};
  EXPECT_EQ(evaluate_conditions("GET", with("If-None-Match", "W/\"b\", \"a\""), have), Condition::not_modified);
  EXPECT_EQ(evaluate_conditions("GET", with("If-None-Match", "W/\"a\""), have), Condition::not_modified);
  EXPECT_EQ(evaluate_conditions("PUT", with("If-None-Match", "*"), have), Condition::failed);
  EXPECT_EQ(evaluate_conditions("PUT", with("If-None-Match", "*"), {.exists = false}), Condition::go_on);
  EXPECT_EQ(evaluate_conditions("PUT", with("If-Match", "\"a\""), have), Condition::go_on);
  EXPECT_EQ(evaluate_conditions("PUT", with("If-Match", "W/\"a\""), have), Condition::failed);
  EXPECT_EQ(evaluate_conditions("PUT", with("If-Match", "*"), {.exists = false}), Condition::failed);
  EXPECT_EQ(evaluate_conditions("GET", with("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"), have),
            Condition::not_modified);
  EXPECT_EQ(evaluate_conditions("GET", with("If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"), have),
            Condition::go_on);
  EXPECT_EQ(evaluate_conditions("POST", with("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"), have),
            Condition::go_on);
  EXPECT_EQ(evaluate_conditions("GET", with("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"), have),
            Condition::failed);
  Fields both = with("If-None-Match", "\"x\"");
  both.add("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(evaluate_conditions("GET", both, have), Condition::go_on);
  EXPECT_TRUE(if_range_holds(with("If-Range", "\"a\""), have));
  EXPECT_FALSE(if_range_holds(with("If-Range", "W/\"a\""), have));
  EXPECT_FALSE(if_range_holds(with("If-Range", "Sun, 06 Nov 1994 08:49:36 GMT"), have));
}

TEST(HttpFields, TakeWhatIsTheirOwn) {
  Fields fields;
  fields.add("a", std::string(100, 'x'));
  for (int i = 0; i < 20; ++i) fields.set("b", *fields.find("a"));
  fields.set("a", *fields.find("a"));
  EXPECT_EQ(fields.find("b"), std::string(100, 'x'));
  EXPECT_EQ(fields.find("a"), std::string(100, 'x'));
  Fields more;
  more.add("c", "1");
  more.add_all(fields);
  ASSERT_EQ(more.size(), 3u);
  EXPECT_EQ(more.at(0).value, "1");
  EXPECT_EQ(more.at(1).name, "b");
  EXPECT_EQ(more.find("a"), std::string(100, 'x'));
}

TEST(HttpFields, KeepOrderAndFoldCase) {
  Fields fields = with("X-One", "1");
  fields.add("Cookie", "a=1");
  fields.add("cookie", "b=2");
  EXPECT_EQ(fields.combined("cookie", "; "), "a=1; b=2");
  fields.set("cookie", fields.combined("cookie", "; "));
  EXPECT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields.find("cookie"), "a=1; b=2");
  fields.add("connection", "Upgrade, keep-alive");
  EXPECT_TRUE(fields.lists("connection", "upgrade"));
  EXPECT_FALSE(fields.lists("connection", "keep"));
}

TEST(HttpWriter, NeverLetsAValueBeginAnotherField) {
  std::string out;
  ResponseHead head{.status = 200, .fields = with("Location", "/a\r\nSet-Cookie: b=1")};
  write_head(out, head);
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nlocation: /a  Set-Cookie: b=1\r\n\r\n");
}

}  // namespace
}  // namespace gatepost::http
