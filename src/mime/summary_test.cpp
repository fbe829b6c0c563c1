#include "mime/summary.hpp"

#include <gtest/gtest.h>

namespace gatepost::mime {
namespace {

const std::string kMessage =
    "From: J <j@example.org>\r\nTo: group: a@x, b@y;\r\nSubject:\r\nContent-Language: en\r\nContent-Type: "
    "multipart/mixed; boundary=b; x=y\r\n\r\n--b\r\n"
    "Content-Type: message/rfc822\r\n\r\nMessage-ID: <1@x>\r\n\r\ninner\r\n--b\r\nContent-Type: "
    "text/x-odd\r\nContent-ID: <i>\r\n"
    "Content-Disposition: attachment; filename=f\r\n\r\nbody\r\n\r\n--b--\r\n";

TEST(MimeSummary, ComesBackAsItWas) {
  const Structure s = scan(kMessage);
  const auto decoded = decode(encode(s));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, s);
  EXPECT_EQ(encode(*decoded), encode(s));
  const auto empty = decode(encode(Structure()));
  ASSERT_TRUE(empty);
  EXPECT_EQ(*empty, Structure());
}

TEST(MimeSummary, NeedsNotWhatItWasReadFrom) {
  std::string encoded = encode(scan(kMessage));
  const auto decoded = decode(encoded);
  std::ranges::fill(encoded, 'x');
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, scan(kMessage));
}

TEST(MimeSummary, IsSmall) { EXPECT_LT(encode(scan(kMessage)).size(), 250U); }

TEST(MimeSummary, ATruncatedOrLongerOneIsCorrupt) {
  const std::string encoded = encode(scan(kMessage));
  for (std::size_t n = 0; n < encoded.size(); ++n) {
    const auto decoded = decode(std::string_view(encoded).substr(0, n));
    ASSERT_FALSE(decoded) << n;
    EXPECT_EQ(decoded.error().code, Errc::corrupt);
  }
  EXPECT_FALSE(decode(encoded + "x"));
}

TEST(MimeSummary, ALaterFormatIsUnsupported) {
  std::string encoded = encode(scan(kMessage));
  encoded[0] = 2;
  EXPECT_EQ(decode(encoded).error().code, Errc::unsupported);
}

// Whatever is accepted keeps the promises of structure.hpp, so that no reader goes out of bounds.
TEST(MimeSummary, ADamagedOneIsRefusedOrStillSound) {
  const std::string encoded = encode(scan(kMessage));
  for (std::size_t i = 1; i < encoded.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = encoded;
      damaged[i] = static_cast<char>(value);
      const auto s = decode(damaged);
      if (!s) continue;
      for (std::uint32_t p = 0; p < s->parts.size(); ++p) {
        const Part& part = s->parts[p];
        ASSERT_LE(part.body_end, s->octets());
        ASSERT_LE(part.end, s->parts.size());
        ASSERT_LE(part.parameters.first + part.parameters.count, s->parameters.size());
        if (part.kind == Part::Kind::message) ASSERT_LT(s->parts[p + 1].envelope, s->envelopes.size());
      }
    }
  }
}

TEST(MimeSummary, IsReadIntoAScratchThatHasHeldAnother) {
  const std::string first = encode(scan(kMessage)), second = encode(scan("Subject: s\r\n\r\nbody\r\n"));
  Structure scratch;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(decode(first, scratch));
    EXPECT_EQ(scratch, scan(kMessage));
    EXPECT_FALSE(decode(std::string_view(first).substr(0, first.size() - 3), scratch));
    ASSERT_TRUE(decode(second, scratch));
    EXPECT_EQ(scratch, scan("Subject: s\r\n\r\nbody\r\n"));
  }
}

TEST(MimeSummary, GivesTheEnvelopeAlone) {
  const Structure all = scan(
      "From: Anna <anna@example.org>\r\nSubject: one\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
      "--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n");
  const std::string encoded = encode(all);
  Structure head;
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(decode_envelope(encoded, head));
    EXPECT_EQ(head.parts.size(), 1u);
    EXPECT_EQ(head.envelope().subject, "one");
    ASSERT_EQ(head.addresses_of(head.envelope().from).size(), 1u);
    EXPECT_EQ(head.addresses_of(head.envelope().from)[0].mailbox, "anna");
  }
  EXPECT_FALSE(decode_envelope("", head));
  for (std::size_t cut = 0; cut < encoded.size(); ++cut) (void)decode_envelope(encoded.substr(0, cut), head);
}

}  // namespace
}  // namespace gatepost::mime
