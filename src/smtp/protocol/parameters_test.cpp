#include "smtp/protocol/parameters.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace gatepost::smtp {
namespace {

std::optional<Fault> mail_fault(std::string_view text, const ParseOptions& options = {}) {
  const auto p = parse_mail_parameters(text, options);
  return p ? std::nullopt : std::optional(p.error().fault);
}
std::optional<Fault> rcpt_fault(std::string_view text, const ParseOptions& options = {}) {
  const auto p = parse_rcpt_parameters(text, options);
  return p ? std::nullopt : std::optional(p.error().fault);
}

TEST(SmtpParameters, ReadsAllOfMail) {
  const auto p = parse_mail_parameters(" size=123 BODY=8bitMIME SMTPUTF8 AUTH=a+3Db@c RET=HDRS ENVID=x+2By  ", {});
  ASSERT_TRUE(p);
  EXPECT_EQ(p->size, 123u);
  EXPECT_EQ(p->body, Body::eight_bit_mime);
  EXPECT_TRUE(p->smtputf8);
  EXPECT_EQ(p->auth, "a=b@c");
  EXPECT_EQ(p->ret, Ret::headers);
  EXPECT_EQ(p->envid, "x+y");
  std::string out;
  write(out, *p);
  EXPECT_EQ(out, " SIZE=123 BODY=8BITMIME SMTPUTF8 AUTH=a+3Db@c RET=HDRS ENVID=x+2By");
  EXPECT_EQ(parse_mail_parameters("AUTH=<>", {})->auth, "");
  EXPECT_EQ(parse_mail_parameters("", {}), MailParameters{});
}

TEST(SmtpParameters, ReadsWhenAMessageIsToGo) {
  const ParseOptions options{.future_release = true};
  const auto read = [&](std::string_view text) { return parse_mail_parameters(text, options); };
  EXPECT_EQ(read("HOLDFOR=86400")->hold_for, std::chrono::hours(24));
  EXPECT_EQ(read("holdfor=0")->hold_for, std::chrono::seconds(0));
  EXPECT_EQ(*read("HOLDUNTIL=2027-01-02T03:04:05Z"), *read("HOLDUNTIL=2027-01-02T04:04:05+01:00"));
  std::string out;
  write(out, *read("HOLDUNTIL=2027-01-02T03:04:05Z"));
  EXPECT_EQ(out, " HOLDUNTIL=2027-01-02T03:04:05.000Z");
  EXPECT_EQ(*read(out), *read("HOLDUNTIL=2027-01-02T03:04:05Z"));
  for (std::string_view text :
       {"HOLDFOR", "HOLDFOR=", "HOLDFOR=-1", "HOLDFOR=1234567890", "HOLDFOR=1s", "HOLDUNTIL=", "HOLDUNTIL=tomorrow",
        "HOLDFOR=1 HOLDUNTIL=2027-01-02T03:04:05Z", "HOLDFOR=1 HOLDFOR=1"}) {
    EXPECT_EQ(mail_fault(text, options), Fault::bad_parameter) << text;
  }
  EXPECT_EQ(mail_fault("HOLDFOR=1"), Fault::unknown_parameter);
}

TEST(SmtpParameters, TakesASizeBeyondAllNumbersForTheLargest) {
  EXPECT_EQ(parse_mail_parameters("SIZE=99999999999999999999", {})->size, std::numeric_limits<std::uint64_t>::max());
}

TEST(SmtpParameters, RefusesWhatIsWrongOrDouble) {
  for (std::string_view text : {"SIZE", "SIZE=", "SIZE=x", "SIZE=-1", "SIZE=1x", "SIZE=111111111111111111111",
                                "BODY=9BIT", "SMTPUTF8=1", "AUTH=", "AUTH=a+b", "AUTH=a+0Ab", "RET=ALL", "ENVID=",
                                "ENVID=a=b", "ENVID=+00", "ENVID=+FF", "SIZE=1 size=2", "SMTPUTF8 SMTPUTF8"}) {
    EXPECT_EQ(mail_fault(text), Fault::bad_parameter) << text;
  }
  EXPECT_EQ(mail_fault("ENVID=" + std::string(101, 'x')), Fault::bad_parameter);
  EXPECT_EQ(mail_fault("ENVID=" + std::string(100, 'x')), std::nullopt);
}

TEST(SmtpParameters, CallsUnknownOnesUnknown) {
  EXPECT_EQ(mail_fault("X=1"), Fault::unknown_parameter);
  EXPECT_EQ(mail_fault("NOTIFY=NEVER"), Fault::unknown_parameter);
  EXPECT_EQ(rcpt_fault("SIZE=1"), Fault::unknown_parameter);
  EXPECT_EQ(mail_fault("RET=FULL", {.dsn = false}), Fault::unknown_parameter);
  EXPECT_EQ(rcpt_fault("NOTIFY=NEVER", {.dsn = false}), Fault::unknown_parameter);
}

TEST(SmtpParameters, ReadsAllOfRcpt) {
  const auto p = parse_rcpt_parameters("NOTIFY=success,DELAY ORCPT=RFC822;a+2Bb@c", {});
  ASSERT_TRUE(p);
  EXPECT_EQ(p->notify, (Notify{.success = true, .failure = false, .delay = true}));
  EXPECT_EQ(p->orcpt, (OriginalRecipient{"rfc822", "a+b@c"}));
  std::string out;
  write(out, *p);
  EXPECT_EQ(out, " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@c");
  EXPECT_EQ(parse_rcpt_parameters("NOTIFY=NEVER", {})->notify, Notify{});
  for (std::string_view text :
       {"NOTIFY", "NOTIFY=", "NOTIFY=NEVER,DELAY", "NOTIFY=DELAY,DELAY", "NOTIFY=DELAY,", "ORCPT=a@b", "ORCPT=;a@b",
        "ORCPT=rfc822;", "ORCPT=rfc822;a+0D+0Ab", "ORCPT=r@;a", "ORCPT=rfc822;\xc3\xbc@b"}) {
    EXPECT_EQ(rcpt_fault(text), Fault::bad_parameter) << text;
  }
}

TEST(SmtpParameters, ReadsInternationalOriginalRecipients) {
  const OriginalRecipient expected{"utf-8", "j\xc3\xbc+=\\@b"};
  EXPECT_EQ(parse_rcpt_parameters(R"(ORCPT=utf-8;j\x{FC}\x{2B}\x{3D}\x{5C}@b)", {})->orcpt, expected);
  EXPECT_EQ(parse_rcpt_parameters("ORCPT=utf-8;j\xc3\xbc\\x{2B}\\x{3D}\\x{5C}@b", {})->orcpt, expected);
  std::string out;
  write(out, RcptParameters{.notify = std::nullopt, .orcpt = expected});
  EXPECT_EQ(out, R"( ORCPT=utf-8;j\x{FC}\x{2B}\x{3D}\x{5C}@b)");
  for (std::string_view text :
       {R"(ORCPT=utf-8;\x{D800})", R"(ORCPT=utf-8;\x{110000})", R"(ORCPT=utf-8;\x{})", R"(ORCPT=utf-8;\x{A})",
        R"(ORCPT=utf-8;\x{FC)", R"(ORCPT=utf-8;\y)", R"(ORCPT=utf-8;a+b)", "ORCPT=utf-8;\xff"}) {
    EXPECT_EQ(rcpt_fault(text), Fault::bad_parameter) << text;
  }
}

TEST(SmtpXtext, EncodesWhatIsNotPlainAndBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(from_xtext(to_xtext(all)), all);
  EXPECT_EQ(to_xtext("a+b=c d"), "a+2Bb+3Dc+20d");
  for (std::string_view text : {"+", "+2", "+GG", "a=b", "a b", "\xff"})
    EXPECT_EQ(from_xtext(text), std::nullopt) << text;
}

}  // namespace
}  // namespace gatepost::smtp
