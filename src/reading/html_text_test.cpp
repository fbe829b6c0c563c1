#include "reading/html_text.hpp"

#include <gtest/gtest.h>

namespace gatepost::reading {
namespace {

std::string text(std::string_view html, std::size_t chunk = 1'000) {
  HtmlText reader;
  std::string out;
  for (std::size_t at = 0; at < html.size(); at += chunk) reader.append(html.substr(at, chunk), out);
  reader.finish(out);
  return out;
}

TEST(HtmlText, KeepsWordsTogetherAndParagraphsApart) {
  EXPECT_EQ(text("<b>A</b>pril<br>May<p class=\"a>b\">June</p>"), "April May June ");
  EXPECT_EQ(text("<A HREF='x'>link</A>s"), "links");
}

TEST(HtmlText, LeavesOutWhatIsNotRead) {
  EXPECT_EQ(text("a<!-- b --> c<!DOCTYPE html>d"), "a c d");
  EXPECT_EQ(text("<style type=x>p > q { } </style>a<script>if (a<b) \"</p>\"</script>b"), "ab");
  EXPECT_EQ(text("a<script>never ends"), "a");
}

TEST(HtmlText, ResolvesReferences) {
  EXPECT_EQ(text("&lt;&amp;&gt; &auml;&#228;&#xE4;&nbsp;&euro;"), "<&> \xc3\xa4\xc3\xa4\xc3\xa4 \xe2\x82\xac");
  EXPECT_EQ(text("AT&T &unknown; &#0; &#xd800; &"), "AT&T &unknown &#0 &#xd800 &");
}

TEST(HtmlText, TakesAnglesForWhatTheyAre) { EXPECT_EQ(text("1 < 2 <3 <"), "1 < 2 <3 <"); }

TEST(HtmlText, ReadsTheSameHoweverItIsCut) {
  const std::string html =
      "<html><head><style>x{}</style></head><body><p>Hello &amp; &auml; <!-- - -- x --> <b>w</b>orld < 3 &#10;"
      "<img alt='>' src=\"a\"><script>a</b</script>end &amp";
  const std::string whole = text(html);
  for (std::size_t chunk = 1; chunk < 9; ++chunk) EXPECT_EQ(text(html, chunk), whole);
}

}  // namespace
}  // namespace gatepost::reading
