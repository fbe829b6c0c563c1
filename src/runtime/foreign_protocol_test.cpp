#include "runtime/foreign_protocol.hpp"

#include <gtest/gtest.h>

namespace gatepost::runtime {
namespace {

using namespace std::string_view_literals;

TEST(ForeignProtocol, IsKnownByItsFirstOctets) {
  EXPECT_EQ(foreign_protocol("GET / HTTP/1.1\r\nHost: x\r\n"), "HTTP");
  EXPECT_EQ(foreign_protocol("CONNECT example.org:25 HTTP/1.0\r\n"), "HTTP");
  EXPECT_EQ(foreign_protocol("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "HTTP");
  EXPECT_EQ(foreign_protocol("SSH-2.0-Go\r\n"), "SSH");
  EXPECT_EQ(foreign_protocol("\x16\x03\x01\x02\x00\x01"sv), kTlsHello);
  EXPECT_EQ(foreign_protocol("\x03\x00\x00\x13\x0e\xe0\x00\x00"sv), "RDP");
  EXPECT_EQ(foreign_protocol("\x00\x00\x00\x2f\xff"
                             "SMBr"sv),
            "SMB");
  EXPECT_EQ(foreign_protocol("\x05\x01\x00"sv), "SOCKS");
}

TEST(ForeignProtocol, IsNotWhatMailProgramsSend) {
  for (const std::string_view own :
       {"EHLO mail.example.org\r\n"sv, "HELO x\r\n"sv, "a1 LOGIN anna secret\r\n"sv, "GET LOGIN x y\r\n"sv,
        "USER anna\r\n"sv, "QUIT\r\n"sv, "\r\n"sv, ""sv, "\x05"sv, " "sv, "POST HTTP\r\n"sv}) {
    EXPECT_EQ(foreign_protocol(own), "") << own;
  }
}

}  // namespace
}  // namespace gatepost::runtime
