#include <gtest/gtest.h>

#include <chrono>

#include "mime/structure.hpp"
#include "mime/summary.hpp"
#include "mime/test_support.hpp"

namespace gatepost::mime {
namespace {

// Generous, so that sanitizers and a busy machine pass; what is quadratic does not.
constexpr std::chrono::seconds kPatience(20);

Structure scan_soon(std::string_view message) {
  const auto began = std::chrono::steady_clock::now();
  Structure s = test::scan_in_chunks(message, 65536);
  EXPECT_LT(std::chrono::steady_clock::now() - began, kPatience);
  EXPECT_TRUE(test::is_sound(s, message));
  const auto decoded = decode(encode(s));
  EXPECT_TRUE(decoded && *decoded == s);
  return s;
}

std::string multipart(std::string_view boundary) {
  return "Content-Type: multipart/mixed; boundary=" + std::string(boundary) + "\r\n\r\n--" + std::string(boundary) +
         "\r\n";
}

TEST(MimeStructureHostile, TenThousandNestedMultipartsAreCutAtTheDepthLimit) {
  std::string message;
  for (int i = 0; i < 10'000; ++i) message += multipart("b" + std::to_string(i));
  const Structure s = scan_soon(message);
  ASSERT_EQ(s.parts.size(), kMaxDepth + 1);
  EXPECT_EQ(s.parts.back().kind, Part::Kind::single);
  EXPECT_EQ(s.parts.back().type, "application");
  EXPECT_EQ(s.parts.back().body_end, message.size());
}

TEST(MimeStructureHostile, AThousandEmbeddedMessagesAreCutAtTheDepthLimit) {
  std::string message;
  for (int i = 0; i < 1000; ++i) message += "Content-Type: message/rfc822\r\n\r\n";
  const Structure s = scan_soon(message);
  ASSERT_EQ(s.parts.size(), kMaxDepth + 1);
  EXPECT_EQ(s.envelopes.size(), kMaxDepth + 1);
  EXPECT_EQ(s.parts.back().type, "application");
}

TEST(MimeStructureHostile, PartsBeyondTheLimitAreContentOfTheLast) {
  std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 20'000; ++i) message += "--b\r\n\r\nx\r\n";
  message += "--b--\r\nepilogue\r\n";
  const Structure s = scan_soon(message);
  ASSERT_EQ(s.parts.size(), kMaxParts);
  EXPECT_TRUE(test::body_of(message, s.parts.back()).starts_with("x\r\n--b\r\n\r\nx\r\n"));
  EXPECT_TRUE(test::body_of(message, s.parts.back()).ends_with("--b\r\n\r\nx"));
}

TEST(MimeStructureHostile, AMillionHeaderFieldsAreReadUpToTheLimit) {
  std::string message = "Subject: first\r\n";
  for (int i = 0; i < 1'000'000; ++i) message += "To: a@b\r\n";
  message += "In-Reply-To: beyond\r\n\r\nbody";
  const Structure s = scan_soon(message);
  EXPECT_EQ(test::body_of(message, s.parts[0]), "body");
  EXPECT_EQ(s.envelope().subject, "first");
  EXPECT_EQ(s.envelope().to.count, kMaxAddresses);
  EXPECT_FALSE(s.envelope().in_reply_to);
}

TEST(MimeStructureHostile, ALineOfTenMebibytesIsPassedOver) {
  const std::string message = "Subject: first\r\nX-Long: " + std::string(10 << 20, 'x') + "\r\n\r\nbody";
  const Structure s = scan_soon(message);
  EXPECT_EQ(test::body_of(message, s.parts[0]), "body");
  EXPECT_EQ(s.envelope().subject, "first");
  const std::string subject = "Subject: " + std::string(10 << 20, 'x') + "\r\n\r\nbody";
  EXPECT_FALSE(scan_soon(subject).envelope().subject);
}

TEST(MimeStructureHostile, ManyLargeHeadersAreReadUpToTheirLimitTogether) {
  std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 40; ++i) {
    message += "--b\r\nContent-Type: text/css\r\nX: " + std::string(500 << 10, 'x') +
               "\r\nContent-ID: " + std::string(10, 'i') + "\r\n\r\nbody\r\n";
  }
  message += "--b--\r\n";
  const Structure s = scan_soon(message);
  ASSERT_EQ(s.parts.size(), 41U);
  EXPECT_EQ(s.parts[1].id, "iiiiiiiiii");
  EXPECT_FALSE(s.parts[40].id);
  EXPECT_EQ(test::body_of(message, s.parts[40]), "body");
}

TEST(MimeStructureHostile, LinesThatLookLikeDelimitersCostTheSameWithAHundredOpenBoundaries) {
  std::string message;
  for (int i = 0; i < 99; ++i) message += multipart(std::string(69, 'b') + static_cast<char>('!' + i % 90));
  message += "\r\n";
  const std::string line = "--" + std::string(69, 'b') + "\x7f\r\n";
  while (message.size() < (8U << 20)) message += line;
  while (message.size() < (12U << 20)) message += "--x\n";
  scan_soon(message);
}

TEST(MimeStructureHostile, ParametersFloodIsBounded) {
  std::string message = "Content-Type: text/plain";
  for (int i = 0; i < 20'000; ++i) message += "; a*" + std::to_string(i) + "=b";
  message += "\r\nContent-Disposition: inline";
  for (int i = 0; i < 10'000; ++i) message += "; name\"=\"";
  message += "\r\nContent-Language: ";
  for (int i = 0; i < 10'000; ++i) message += "en,";
  message += "\r\n\r\n";
  const Structure s = scan_soon(message);
  EXPECT_LE(s.parameters.size(), 2 * kMaxParameters);
  EXPECT_EQ(s.languages.size(), kMaxLanguages);
}

TEST(MimeStructureHostile, AddressesParametersAndLanguagesOfAllPartsAreBounded) {
  std::string addresses, parameters, languages;
  for (int i = 0; i < 10'000; ++i) addresses += "a,";
  for (int i = 0; i < 100; ++i) parameters += ";" + std::to_string(i) + "=";
  for (int i = 0; i < 100; ++i) languages += "a,";
  std::string message = "Content-Type: multipart/digest; boundary=b\r\n\r\n";
  for (int i = 0; i < 2000; ++i) {
    message += "--b\r\nContent-Type: message/rfc822" + parameters + "\r\nContent-Language: " + languages + "\r\n\r\n";
    message += "To: " + (i < 20 ? addresses : "g:a,") + "\r\n\r\n";
  }
  const Structure s = scan_soon(message);
  EXPECT_EQ(s.parts.size(), 4001U);
  EXPECT_EQ(s.addresses.size(), kMaxAllAddresses);
  EXPECT_LE(s.parameters.size(), kMaxAllParameters);
  EXPECT_EQ(s.languages.size(), kMaxAllLanguages);
}

TEST(MimeStructureHostile, PaddingWithoutEndIsNoDelimiter) {
  const std::string head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n";
  const std::string message = head + "--b" + std::string(1 << 20, ' ') + "\r\n--b--\r\n";
  const Structure s = scan_soon(message);
  EXPECT_EQ(s.parts.size(), 2U);
  EXPECT_EQ(s, scan(message));
}

}  // namespace
}  // namespace gatepost::mime
