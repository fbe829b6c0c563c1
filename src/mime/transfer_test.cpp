#include "mime/transfer.hpp"

#include <gtest/gtest.h>

namespace gatepost::mime {
namespace {

// Decodes whole and cut at every small size; they must agree.
std::string decoded_body(std::string_view text, TransferEncoding encoding) {
  const std::string whole = decode_transfer(text, encoding);
  for (std::size_t n = 1; n <= 8; ++n) {
    TransferDecoder decoder(encoding);
    std::string pieces;
    for (std::size_t i = 0; i < text.size(); i += n) decoder.append(text.substr(i, n), pieces);
    decoder.finish(pieces);
    EXPECT_EQ(pieces, whole) << text << " by " << n;
  }
  return whole;
}
std::string from_base64(std::string_view text) { return decoded_body(text, TransferEncoding::base64); }
std::string from_quoted(std::string_view text) { return decoded_body(text, TransferEncoding::quoted_printable); }

TEST(MimeTransfer, KnowsTheEncodingsByName) {
  EXPECT_EQ(transfer_encoding("BASE64"), TransferEncoding::base64);
  EXPECT_EQ(transfer_encoding(" Quoted-Printable "), TransferEncoding::quoted_printable);
  EXPECT_EQ(transfer_encoding("7bit"), TransferEncoding::identity);
  EXPECT_EQ(transfer_encoding("8BIT"), TransferEncoding::identity);
  EXPECT_EQ(transfer_encoding("binary"), TransferEncoding::identity);
  EXPECT_EQ(transfer_encoding(""), TransferEncoding::identity);
  EXPECT_EQ(transfer_encoding("x-uuencode"), TransferEncoding::unknown);
}

TEST(MimeTransfer, Base64) {
  EXPECT_EQ(from_base64(""), "");
  EXPECT_EQ(from_base64("Zg=="), "f");
  EXPECT_EQ(from_base64("Zm8="), "fo");
  EXPECT_EQ(from_base64("Zm9v"), "foo");
  EXPECT_EQ(from_base64("Zm9v\r\nYmFy\r\n"), "foobar");
  EXPECT_EQ(from_base64("AP/+"), std::string("\0\xff\xfe", 3));
}

TEST(MimeTransfer, Base64IsTolerant) {
  EXPECT_EQ(from_base64("Z m!9v"), "foo");
  EXPECT_EQ(from_base64("Zg"), "f");
  EXPECT_EQ(from_base64("Zm8"), "fo");
  EXPECT_EQ(from_base64("Z"), "");
  EXPECT_EQ(from_base64("Zg==Zm9v"), "ffoo");
  EXPECT_EQ(from_base64("Zg=Zg=Zg="), "fff");
  EXPECT_EQ(from_base64("===="), "");
}

TEST(MimeTransfer, QuotedPrintable) {
  EXPECT_EQ(from_quoted("J=C3=B6rg=3D=3d\r\n"), "J\xc3\xb6rg==\r\n");
  EXPECT_EQ(from_quoted("soft=\r\nbreak=\nagain"), "softbreakagain");
  EXPECT_EQ(from_quoted("padding=  \t\r\nafter"), "paddingafter");
  EXPECT_EQ(from_quoted("blanks \t \r\nend\t\n x"), "blanks\r\nend\n x");
  EXPECT_EQ(from_quoted("a b  c\td"), "a b  c\td");
  EXPECT_EQ(from_quoted("keeps=20\r\n"), "keeps \r\n");
}

TEST(MimeTransfer, BrokenQuotedPrintableStays) {
  EXPECT_EQ(from_quoted("a=XY=4=Z =\t!"), "a=XY=4=Z =\t!");
  EXPECT_EQ(from_quoted("=4\n="), "=4\n");
  EXPECT_EQ(from_quoted("a \rb=\rc"), "a \rb=\rc");
  EXPECT_EQ(from_quoted("end="), "end");
  EXPECT_EQ(from_quoted("end=4"), "end=4");
  EXPECT_EQ(from_quoted("==41"), "=A");
  EXPECT_EQ(from_quoted("blanks  "), "blanks");
}

TEST(MimeTransfer, ALongRunOfBlanksIsNotKept) {
  const std::string blanks(100'000, ' ');
  EXPECT_EQ(decode_transfer("a" + blanks + "b", TransferEncoding::quoted_printable), "a" + blanks + "b");
  EXPECT_EQ(from_quoted("a" + std::string(2500, ' ') + "\n").size(), 2002U);
}

TEST(MimeTransfer, OthersStayAsTheyAre) {
  EXPECT_EQ(decoded_body("=41 \r\n", TransferEncoding::identity), "=41 \r\n");
  EXPECT_EQ(decoded_body("=41 \r\n", TransferEncoding::unknown), "=41 \r\n");
}

}  // namespace
}  // namespace gatepost::mime
