#include "mailflow/trace.hpp"

#include <gtest/gtest.h>

namespace gatepost::mailflow {
namespace {

Source source() {
  Source s;
  s.service = "smtp";
  s.remote = {*IpAddress::parse("192.0.2.7"), 25};
  s.hello = "client.example";
  s.esmtp = true;
  return s;
}

TEST(MailflowTrace, NamesTheProtocolAsRegistered) {
  Source s = source();
  EXPECT_EQ(with_protocol(s), "ESMTP");
  s.esmtp = false;
  EXPECT_EQ(with_protocol(s), "SMTP");
  s.esmtp = true;
  s.tls_version = "TLSv1.3";
  EXPECT_EQ(with_protocol(s), "ESMTPS");
  s.submitter = directory::Principal();
  EXPECT_EQ(with_protocol(s), "ESMTPSA");
  s.smtputf8 = true;
  EXPECT_EQ(with_protocol(s), "UTF8SMTPSA");
}

TEST(MailflowTrace, WritesTheReceivedField) {
  const TimePoint now = ManualClock().now();
  Source s = source();
  s.tls_version = "TLSv1.3";
  s.tls_cipher = "TLS_AES_256_GCM_SHA384";
  Envelope one;
  one.recipients.push_back({"anna@example.org", {}});
  EXPECT_EQ(received_field(s, one, "mail.example.org", "0000000000ab", now),
            "Received: from client.example ([192.0.2.7])\r\n"
            "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)\r\n"
            "\tby mail.example.org (Gatepost) with ESMTPS id 0000000000ab\r\n"
            "\tfor <anna@example.org>;\r\n"
            "\tThu, 01 Jan 2026 00:00:00 +0000\r\n");
  // Nobody learns of the others.
  Envelope two = one;
  two.recipients.push_back({"bert@example.org", {}});
  s.remote.address = *IpAddress::parse("2001:db8::7");
  s.tls_version.clear();
  EXPECT_EQ(received_field(s, two, "mail.example.org", "ab", now),
            "Received: from client.example ([IPv6:2001:db8::7])\r\n"
            "\tby mail.example.org (Gatepost) with ESMTP id ab;\r\n"
            "\tThu, 01 Jan 2026 00:00:00 +0000\r\n");
}

TEST(MailflowTrace, LetsNoClientWriteIntoTheField) {
  Source s = source();
  s.hello = "evil)\r\nBcc: x (";
  const std::string field = received_field(s, {}, "h", "ab", ManualClock().now());
  EXPECT_TRUE(field.starts_with("Received: from evil???Bcc:?x?? ([192.0.2.7])\r\n")) << field;
  s.hello = "";
  EXPECT_TRUE(received_field(s, {}, "h", "ab", ManualClock().now()).starts_with("Received: from unknown ("));
}

TEST(MailflowTrace, NamesNobodyForWhatIsMadeHere) {
  Source s;
  s.service = "local";
  EXPECT_EQ(received_field(s, {}, "mail.example.org", "ab", ManualClock().now()),
            "Received: by mail.example.org (Gatepost) id ab;\r\n\tThu, 01 Jan 2026 00:00:00 +0000\r\n");
}

}  // namespace
}  // namespace gatepost::mailflow
