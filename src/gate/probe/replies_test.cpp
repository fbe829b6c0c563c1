#include "gate/probe/replies.hpp"

#include <gmock/gmock.h>

namespace gatepost::gate::probe {
namespace {

using Progress = Taken::Progress;

TEST(SmtpAnswer, IsWholeWithItsLastLine) {
  SmtpReply reply;
  const std::string_view text = "250-mail.example.org\r\n250-STARTTLS\r\n250 HELP\r\n220 next";
  const std::size_t size = text.find("220");
  for (std::size_t i = 0; i < size; ++i)
    EXPECT_EQ(take_smtp_reply(text.substr(0, i), reply).progress, Progress::need_more);
  const Taken taken = take_smtp_reply(text, reply);
  EXPECT_EQ(taken.progress, Progress::done);
  EXPECT_EQ(taken.octets, size);
  EXPECT_EQ(reply.code, 250);
  EXPECT_THAT(reply.lines, testing::ElementsAre("mail.example.org", "STARTTLS", "HELP"));
  EXPECT_EQ(reply.text(), "250 mail.example.org / STARTTLS / HELP");
}

TEST(SmtpAnswer, OfAnotherKindIsRefused) {
  SmtpReply reply;
  for (const char* const text : {"* OK IMAP\r\n", "250-a\r\n251 b\r\n", "25 a\r\n", "250xa\r\n", "\r\n"}) {
    EXPECT_EQ(take_smtp_reply(text, reply).progress, Progress::bad) << text;
  }
  EXPECT_EQ(take_smtp_reply(std::string(5000, '2'), reply).progress, Progress::bad);
  std::string endless;
  for (int i = 0; i < 300; ++i) endless += "250-x\r\n";
  EXPECT_EQ(take_smtp_reply(endless, reply).progress, Progress::bad);
  EXPECT_EQ(take_smtp_reply("250\r\n", reply).progress, Progress::done);
}

TEST(ImapAnswer, GivesCapabilitiesWhereverTheyStand) {
  ImapAnswer answer;
  EXPECT_EQ(take_imap_answer("* CAPABILITY IMAP4rev1 starttls LOGINDISABLED\r\na1 OK done\r\n", "a1", answer).progress,
            Progress::done);
  EXPECT_THAT(imap_capabilities(answer), testing::ElementsAre("IMAP4REV1", "STARTTLS", "LOGINDISABLED"));
  EXPECT_THAT(imap_capabilities("OK [CAPABILITY IMAP4rev2 AUTH=PLAIN] ready"),
              testing::ElementsAre("IMAP4REV2", "AUTH=PLAIN"));
  EXPECT_EQ(take_imap_answer("a2 OK\r\n", "a1", answer).progress, Progress::bad);
  EXPECT_EQ(take_imap_answer("* BYE\r\n", "a1", answer).progress, Progress::need_more);
  EXPECT_EQ(take_imap_answer("a1 NO [ALERT] no\r\n", "a1", answer).progress, Progress::done);
  EXPECT_EQ(answer.status, "NO");
}

TEST(Pop3Answer, EndsWithADotWhereItHasLines) {
  Pop3Answer answer;
  EXPECT_EQ(take_pop3_answer("+OK list\r\nSTLS\r\n..x\r\n.\r\n", true, answer).progress, Progress::done);
  EXPECT_THAT(answer.lines, testing::ElementsAre("STLS", ".x"));
  EXPECT_EQ(take_pop3_answer("-ERR no\r\n", true, answer).progress, Progress::done);
  EXPECT_FALSE(answer.ok);
  EXPECT_EQ(take_pop3_answer("220 smtp\r\n", false, answer).progress, Progress::bad);
}

TEST(HttpAnswer, GivesStatusAndFields) {
  HttpHead head;
  EXPECT_EQ(take_http_head("HTTP/1.1 301 Moved\r\nLocation: https://a/\r\nX: y\r\n\r\nbody", head).progress,
            Progress::done);
  EXPECT_EQ(head.status, 301);
  EXPECT_EQ(head.field("location"), "https://a/");
  EXPECT_EQ(take_http_head("HTTP/1.1 2", head).progress, Progress::need_more);
  EXPECT_EQ(take_http_head("SSH-2.0-OpenSSH\r\n", head).progress, Progress::bad);
}

TEST(LdapAnswer, ReadsEntriesAndResults) {
  // entry "" with supportedLDAPVersion 3, as slapd sends it
  const std::string entry(
      "\x30\x26\x02\x01\x01\x64\x21\x04\x00\x30\x1d\x30\x1b\x04\x14supportedLDAPVersion\x31\x03\x04\x01\x33", 40);
  LdapMessage message;
  for (std::size_t i = 0; i < entry.size(); ++i) {
    EXPECT_EQ(take_ldap_message(entry.substr(0, i), message).progress, Progress::need_more) << i;
  }
  EXPECT_EQ(take_ldap_message(entry + "rest", message).octets, entry.size());
  ASSERT_NE(message.attribute("supportedldapversion"), nullptr);
  EXPECT_THAT(*message.attribute("supportedldapversion"), testing::ElementsAre("3"));
  const std::string done("\x30\x0c\x02\x01\x02\x65\x07\x0a\x01\x32\x04\x00\x04\x00", 14);
  EXPECT_EQ(take_ldap_message(done, message).progress, Progress::done);
  EXPECT_EQ(message.result, 50U);
  EXPECT_EQ(take_ldap_message("220 mail", message).progress, Progress::bad);
  EXPECT_EQ(take_ldap_message("\x30\x84\xff\xff\xff\xff", message).progress, Progress::bad);
}

TEST(LdapRequest, IsWhatOthersWrite) {
  const std::string search = ldap_search(1, "", false, 0, {"*"});
  EXPECT_EQ(
      search,
      std::string("\x30\x28\x02\x01\x01\x63\x23\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x05\x01\x01\x00"
                  "\x87\x0bobjectClass\x30\x03\x04\x01*",
                  42));
  EXPECT_EQ(ldap_extended(2, kLdapStartTls),
            std::string("\x30\x1d\x02\x01\x02\x77\x18\x80\x16") + std::string(kLdapStartTls));
}

TEST(PeerText, IsPrintable) {
  EXPECT_EQ(printable("a\x1b[2J\xff\xc3\xa4"), "a\\x1b[2J\\xff\\xc3\\xa4");
  EXPECT_EQ(printable(std::string(500, 'x')), std::string(120, 'x') + "...");
}

}  // namespace
}  // namespace gatepost::gate::probe
