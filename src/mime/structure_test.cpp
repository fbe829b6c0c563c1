#include "mime/structure.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "mime/test_support.hpp"

namespace gatepost::mime {
namespace {

using test::body_of;
using test::header_of;

// Written with LF; the scanner gets CRLF.
std::string crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

void expect_outline(const std::string& message, std::string_view outline) {
  const Structure s = scan(message);
  EXPECT_EQ(test::outline(message, s), outline) << message;
  EXPECT_TRUE(test::is_sound(s, message)) << message;
  EXPECT_EQ(test::chunk_that_differs(message), 0U) << message;
}

// With both kinds of line ends, the outline is the same.
void expect_both(std::string_view message, std::string_view outline) {
  expect_outline(std::string(message), outline);
  expect_outline(crlf(message), outline);
}

std::vector<std::string> addresses(const Structure& s, Run run) {
  std::vector<std::string> out;
  for (const Address& a : s.addresses_of(run)) {
    out.push_back(std::string(a.name.value_or("-")) + "|" + std::string(a.mailbox.value_or("-")) + "|" +
                  std::string(a.host.value_or("-")));
  }
  return out;
}

TEST(MimeStructure, APlainMessageIsOnePart) {
  const std::string message = "Subject: hi\r\nFrom: a@b\r\n\r\none\r\ntwo\r\n";
  const Structure s = scan(message);
  ASSERT_EQ(s.parts.size(), 1U);
  const Part& part = s.parts[0];
  EXPECT_EQ(header_of(message, part), "Subject: hi\r\nFrom: a@b\r\n\r\n");
  EXPECT_EQ(body_of(message, part), "one\r\ntwo\r\n");
  EXPECT_EQ(part.lines, 2U);
  EXPECT_EQ(part.type, "text");
  EXPECT_EQ(part.subtype, "plain");
  EXPECT_EQ(part.encoding, "7bit");
  EXPECT_EQ(s.envelope().subject, "hi");
  EXPECT_FALSE(s.envelope().date);
}

TEST(MimeStructure, AnEmptyMessageIsOneEmptyPart) {
  EXPECT_EQ(scan(""), Structure());
  expect_both("\n", "text/plain []\n");
  expect_both("\nbody", "text/plain [body]\n");
  expect_both("Subject: only a header", "text/plain []\n");
  expect_both("Subject: only a header\n", "text/plain []\n");
}

TEST(MimeStructure, AMultipartHasItsParts) {
  expect_both(
      "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\nfirst\n--b\nContent-Type: "
      "text/html\n\n<p>\n\n--b--\nepilogue\n",
      "multipart/mixed multi\n  text/plain [first]\n  text/html [<p>|]\n");
}

TEST(MimeStructure, TheLineEndBeforeADelimiterBelongsToIt) {
  const std::string message = crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\nX: y\n\nbody\n--b--\n");
  const Structure s = scan(message);
  ASSERT_EQ(s.parts.size(), 2U);
  EXPECT_EQ(header_of(message, s.parts[1]), "X: y\r\n\r\n");
  EXPECT_EQ(body_of(message, s.parts[1]), "body");
  EXPECT_EQ(s.parts[1].lines, 0U);
  EXPECT_EQ(body_of(message, s.parts[0]), "--b\r\nX: y\r\n\r\nbody\r\n--b--\r\n");
  EXPECT_EQ(s.parts[0].lines, 5U);
}

TEST(MimeStructure, PartsMayBeEmptyOrWithoutBody) {
  const std::string head = "Content-Type: multipart/mixed; boundary=b\n\n";
  expect_both(head + "--b\n\n--b--\n", "multipart/mixed multi\n  text/plain []\n");
  expect_both(head + "--b\n--b\n\n\n--b--", "multipart/mixed multi\n  text/plain []\n  text/plain []\n");
  expect_both(head + "--b\nContent-Type: text/css\n--b--", "multipart/mixed multi\n  text/css []\n");
  expect_both(head + "--b--\n", "multipart/mixed multi\n");
  expect_both(head + "--b\n", "multipart/mixed multi\n  text/plain []\n");
  expect_both(head + "no delimiter\n", "multipart/mixed multi\n");
  expect_both(head, "multipart/mixed multi\n");
}

TEST(MimeStructure, ADelimiterMayHavePaddingAndLackALineEnd) {
  const std::string head = "Content-Type: multipart/mixed; boundary=\"b b\"\n\n";
  expect_both(head + "--b b \t \n\nx\n--b b-- \t", "multipart/mixed multi\n  text/plain [x]\n");
}

TEST(MimeStructure, ALineThatOnlyBeginsLikeADelimiterIsContent) {
  const std::string head = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n";
  expect_both(head + "--bb\n--b-\n--\n---\n- -b\n --b\n--b--x\nx--b\n--B\n--b--\n",
              "multipart/mixed multi\n  text/plain [--bb|--b-|--|---|- -b| --b|--b--x|x--b|--B]\n");
}

TEST(MimeStructure, OneBoundaryMayBeginLikeAnother) {
  expect_both(
      "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/related; "
      "boundary=bb\n\n--bb\n\none\n--bb--\n--b\n\ntwo\n--b--\n",
      "multipart/mixed multi\n  multipart/related multi\n    text/plain [one]\n  text/plain [two]\n");
  expect_both(
      "Content-Type: multipart/mixed; boundary=b--\n\n--b--\nContent-Type: multipart/related; "
      "boundary=b\n\n--b\n\none\n--b----\n",
      "multipart/mixed multi\n  multipart/related multi\n    text/plain [one]\n");
}

TEST(MimeStructure, AnOuterDelimiterEndsWhatIsInside) {
  const std::string message = crlf(
      "Content-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: multipart/mixed; "
      "boundary=in\n\n--in\n\none\n--out\n\ntwo\n--in\nstill two\n--out--\n");
  expect_outline(
      message,
      "multipart/mixed multi\n  multipart/mixed multi\n    text/plain [one]\n  text/plain [two|--in|still two]\n");
  const Structure s = scan(message);
  EXPECT_EQ(s.parts[1].body_end, s.parts[2].body_end);
}

TEST(MimeStructure, OfEqualBoundariesTheInnermostOpenOneCounts) {
  expect_both(
      "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; "
      "boundary=b\n\n--b\n\none\n--b--\n--b\n\ntwo\n--b--\n",
      "multipart/mixed multi\n  multipart/mixed multi\n    text/plain [one]\n  text/plain [two]\n");
}

TEST(MimeStructure, WithoutUsableBoundaryAMultipartIsText) {
  expect_both("Content-Type: multipart/mixed\n\n--b\n\none\n--b--\n", "text/plain [--b||one|--b--|]\n");
  expect_both("Content-Type: multipart/mixed; boundary=\"\"\n\n--\n", "text/plain [--|]\n");
  expect_both("Content-Type: multipart/mixed; boundary=\"  \"\n\n--\n", "text/plain [--|]\n");
  expect_both("Content-Type: multipart/mixed; boundary=" + std::string(999, 'b') + "\n\nx", "text/plain [x]\n");
  EXPECT_TRUE(scan("Content-Type: multipart/mixed; x=y\n\n").parameters.empty());
}

TEST(MimeStructure, AMultipartWithoutParametersLeavesThoseOfOthersAlone) {
  const Structure s =
      scan("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed\n\n--b--\n");
  ASSERT_EQ(s.parameters.size(), 1U);
  EXPECT_EQ(s.parameters_of(s.parts[0].parameters)[0].value, "b");
}

TEST(MimeStructure, AnEmbeddedMessageHasItsRootBelow) {
  const std::string message = crlf(
      "Content-Type: message/rfc822\nSubject: outer\n\nSubject: inner\nTo: x@y\nContent-Type: multipart/alternative; "
      "boundary=i\n\n--i\n\none\n--i--\n");
  expect_outline(message, "message/rfc822 message\n  multipart/alternative multi\n    text/plain [one]\n");
  const Structure s = scan(message);
  EXPECT_EQ(s.envelope().subject, "outer");
  EXPECT_EQ(s.embedded_envelope(0).subject, "inner");
  EXPECT_EQ(addresses(s, s.embedded_envelope(0).to), std::vector<std::string>{"-|x|y"});
  EXPECT_EQ(s.parts[1].header_begin, s.parts[0].body_begin);
  EXPECT_EQ(s.parts[1].body_end, message.size());
  expect_both("Content-Type: message/global\n\n\nx", "message/global message\n  text/plain [x]\n");
  expect_both("Content-Type: MESSAGE/RFC822\n\n", "MESSAGE/RFC822 message\n  text/plain []\n");
}

TEST(MimeStructure, ADelimiterEndsTheHeaderOfAnEmbeddedMessage) {
  expect_both(
      "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: "
      "cut\n--b\nContent-Type: message/rfc822\n--b--\n",
      "multipart/mixed multi\n  message/rfc822 message\n    text/plain []\n  message/rfc822 message\n    text/plain "
      "[]\n");
}

TEST(MimeStructure, ADigestHoldsMessagesUnlessItSaysOtherwise) {
  expect_both(
      "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nfirst\n--b\nContent-Type: "
      "text/plain\n\nsecond\n--b\nContent-Type: ?\n\nthird\n--b--\n",
      "multipart/digest multi\n  message/rfc822 message\n    text/plain [first]\n  text/plain [second]\n  text/plain "
      "[third]\n");
}

TEST(MimeStructure, AnEncodedMessageIsOpaqueAndAnEncodedMultipartIsNot) {
  expect_both("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeA==\n",
              "application/octet-stream [U3ViamVjdDogeA==|]\n");
  expect_both("Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\n\nx",
              "message/rfc822 message\n  text/plain [x]\n");
  expect_both("Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\nx\n--b--\n",
              "multipart/mixed multi\n  text/plain [x]\n");
}

TEST(MimeStructure, ATypeThatIsNotUnderstoodIsText) {
  for (const char* type : {"", "text", "/", "text/", ";", "a b/c", "(x)"}) {
    expect_both(std::string("Content-Type: ") + type + "\n\nx", "text/plain [x]\n");
  }
  expect_both("Content-Type: text (comment) / (another) html; charset=x\n\nx", "text/html [x]\n");
  expect_both("Content-Type: message/delivery-status\n\nx: y\n\n", "message/delivery-status [x: y||]\n");
}

TEST(MimeStructure, KeepsTheContentFieldsOfAPart) {
  const std::string message = crlf(
      "content-type: Application/PDF; name=\"a b.pdf\"; x*0=one; x*1=two\ncontent-transfer-encoding: BASE64 "
      "(comment)\nContent-ID:\n <id@x>\n"
      "Content-Description: =?utf-8?q?d?=\n\tmore\nContent-MD5: Q2hlY2s=\nContent-Language: en, de (German) , , "
      "fr\nContent-Location: http://x/\n very/long\n"
      "Content-Disposition: attachment; filename*=utf-8''%C3%A4.pdf; size=3\n\nAAAA\n");
  const Structure s = scan(message);
  const Part& part = s.parts[0];
  EXPECT_EQ(part.type, "Application");
  EXPECT_EQ(part.subtype, "PDF");
  EXPECT_EQ(part.encoding, "BASE64");
  EXPECT_EQ(part.id, "<id@x>");
  EXPECT_EQ(part.description, "=?utf-8?q?d?=\tmore");
  EXPECT_EQ(part.md5, "Q2hlY2s=");
  EXPECT_EQ(part.location, "http://x/very/long");
  EXPECT_EQ(part.disposition, "attachment");
  const auto parameters = s.parameters_of(part.parameters);
  ASSERT_EQ(parameters.size(), 2U);
  EXPECT_EQ(parameters[0], (Parameter{"name", "a b.pdf"}));
  EXPECT_EQ(parameters[1], (Parameter{"x", "onetwo"}));
  const auto more = s.parameters_of(part.disposition_parameters);
  ASSERT_EQ(more.size(), 2U);
  EXPECT_EQ(more[0], (Parameter{"filename*", "utf-8''%C3%A4.pdf"}));
  const auto languages = s.languages_of(part.languages);
  EXPECT_EQ(std::vector<std::string_view>(languages.begin(), languages.end()),
            (std::vector<std::string_view>{"en", "de", "fr"}));
  EXPECT_EQ(test::chunk_that_differs(message), 0U);
}

TEST(MimeStructure, TheEnvelopeTellsAbsentFromEmpty) {
  const Structure s = scan("Subject:\r\nDate:   \r\nTo:\r\n\r\n");
  EXPECT_EQ(s.envelope().subject, "");
  EXPECT_EQ(s.envelope().date, "");
  EXPECT_FALSE(s.envelope().message_id);
  EXPECT_TRUE(s.envelope().to.empty());
}

TEST(MimeStructure, TheEnvelopeIsUnfoldedAndUndecoded) {
  const Structure s = scan(
      "Date: Tue, 24 Nov 2026 08:35:18 +0000\r\nSUBJECT: =?utf-8?q?a?=\r\n =?utf-8?q?b?=\r\nSubject: second\r\nFrom: "
      "=?utf-8?q?J?= <j@x>\r\n"
      "Sender: s@x\r\nReply-To: r@x\r\nCc: c@x\r\nBcc: b@x\r\nIn-Reply-To: <1@x>\r\n\t<2@x>\r\nMessage-Id: "
      "<3@x>\r\nReferences: <0@x>\r\n <1@x>\r\n\r\n");
  const Envelope& e = s.envelope();
  EXPECT_EQ(e.date, "Tue, 24 Nov 2026 08:35:18 +0000");
  EXPECT_EQ(e.subject, "=?utf-8?q?a?= =?utf-8?q?b?=");
  EXPECT_EQ(e.in_reply_to, "<1@x>\t<2@x>");
  EXPECT_EQ(e.message_id, "<3@x>");
  EXPECT_EQ(e.references, "<0@x> <1@x>");
  EXPECT_EQ(addresses(s, e.from), std::vector<std::string>{"=?utf-8?q?J?=|j|x"});
  EXPECT_EQ(addresses(s, e.sender), std::vector<std::string>{"-|s|x"});
  EXPECT_EQ(addresses(s, e.reply_to), std::vector<std::string>{"-|r|x"});
  EXPECT_EQ(addresses(s, e.cc), std::vector<std::string>{"-|c|x"});
  EXPECT_EQ(addresses(s, e.bcc), std::vector<std::string>{"-|b|x"});
}

TEST(MimeStructure, SeveralRecipientFieldsAreJoined) {
  const Structure s = scan("To: a@x\r\nCc: c@x\r\nTo: b@x, group: d@x;\r\nFrom: f@x\r\nFrom: g@x\r\n\r\n");
  EXPECT_EQ(addresses(s, s.envelope().to), (std::vector<std::string>{"-|a|x", "-|b|x", "-|group|-", "-|d|x", "-|-|-"}));
  EXPECT_EQ(addresses(s, s.envelope().from), std::vector<std::string>{"-|f|x"});
}

TEST(MimeStructure, ValuesHoldNoLineEndsOrNul) {
  const std::string message("Subject: a\0b\rc\r\n d\r\n\r\n", 22);
  EXPECT_EQ(scan(message).envelope().subject, "abc d");
}

TEST(MimeStructure, PartNumbersAreThoseOfImap) {
  // The example of RFC 9051 6.4.5.1.
  const std::string message = crlf(
      "Content-Type: multipart/mixed; boundary=a\n\n--a\n\n1\n--a\nContent-Type: "
      "application/octet-stream\n\n2\n--a\nContent-Type: message/rfc822\n\n"
      "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n3.1\n--b\nContent-Type: "
      "application/octet-stream\n\n3.2\n--b--\n--a\n"
      "Content-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: image/gif\n\n4.1\n--c\nContent-Type: "
      "message/rfc822\n\n"
      "Content-Type: multipart/mixed; boundary=d\n\n--d\n\n4.2.1\n--d\nContent-Type: multipart/alternative; "
      "boundary=e\n\n--e\n\n4.2.2.1\n"
      "--e\nContent-Type: text/richtext\n\n4.2.2.2\n--e--\n--d--\n--c--\n--a--\n");
  const Structure s = scan(message);
  using Number = std::vector<std::uint32_t>;
  for (const auto& [number, body] : std::vector<std::pair<Number, std::string>>{{{1}, "1"},
                                                                                {{2}, "2"},
                                                                                {{3, 1}, "3.1"},
                                                                                {{3, 2}, "3.2"},
                                                                                {{4, 1}, "4.1"},
                                                                                {{4, 2, 1}, "4.2.1"},
                                                                                {{4, 2, 2, 1}, "4.2.2.1"},
                                                                                {{4, 2, 2, 2}, "4.2.2.2"}}) {
    const auto part = s.find(number);
    ASSERT_TRUE(part) << body;
    EXPECT_EQ(body_of(message, s.parts[*part]), body);
  }
  EXPECT_EQ(s.find(Number{}), 0U);
  EXPECT_EQ(s.parts[*s.find(Number{4, 2, 2})].subtype, "alternative");
  for (const Number& none : {Number{0}, Number{5}, Number{1, 1}, Number{3, 3}, Number{4, 2, 2, 3}, Number{3, 0}}) {
    EXPECT_FALSE(s.find(none));
  }
}

TEST(MimeStructure, AMessageWithoutMultipartHasPartOne) {
  using Number = std::vector<std::uint32_t>;
  const Structure plain = scan("\r\nx");
  EXPECT_EQ(plain.find(Number{1}), 0U);
  EXPECT_FALSE(plain.find(Number{1, 1}));
  EXPECT_FALSE(plain.find(Number{2}));
  const Structure embedded = scan("Content-Type: message/rfc822\r\n\r\n\r\nx");
  EXPECT_EQ(embedded.find(Number{1}), 0U);
  EXPECT_EQ(embedded.find(Number{1, 1}), 1U);
  EXPECT_FALSE(embedded.find(Number{1, 2}));
}

TEST(MimeStructure, AScannerIsReadyForTheNextMessage) {
  StructureScanner scanner;
  scanner.feed("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nSubject: x\r\n--");
  scanner.finish();
  scanner.feed("\r\n--b\r\n");
  EXPECT_EQ(scanner.finish(), scan("\r\n--b\r\n"));
}

TEST(MimeStructure, ViewsOutliveAMove) {
  Structure s = scan("Subject: short\r\n\r\n");
  const std::string_view subject = *s.envelope().subject;
  const Structure moved = std::move(s);
  EXPECT_EQ(subject.data(), moved.envelope().subject->data());
}

}  // namespace
}  // namespace gatepost::mime
