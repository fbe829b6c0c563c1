#include "imap/server/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ImapSession : public testing::Test {
 protected:
  static std::string plain(std::string_view name, std::string_view password) {
    return base64::encode(std::string("\0", 1).append(name).append(1, '\0').append(password));
  }
  World world;
};

TEST_F(ImapSession, GreetsWithWhatItCanDo) {
  Talk talk(world);
  EXPECT_THAT(talk.greeting,
              AllOf(StartsWith("* OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ ID LANGUAGE SASL-IR AUTH="),
                    EndsWith("] mail.example.org Gatepost IMAP ready\r\n")));
  EXPECT_THAT(talk.greeting, Not(HasSubstr("LOGINDISABLED")));
}

TEST_F(ImapSession, TakesNobodyWithoutTls) {
  Talk talk(world, false);
  EXPECT_EQ(talk.line("a CAPABILITY"),
            "* CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ ID LANGUAGE SASL-IR STARTTLS LOGINDISABLED\r\na OK CAPABILITY "
            "completed\r\n");
  EXPECT_EQ(talk.line("b LOGIN anna@example.org x"), "b NO [PRIVACYREQUIRED] Use STARTTLS first\r\n");
  EXPECT_EQ(talk.line("c AUTHENTICATE PLAIN"), "c NO [PRIVACYREQUIRED] Use STARTTLS first\r\n");
  EXPECT_EQ(talk.line("d STARTTLS"), "d OK Begin TLS now\r\n");
  EXPECT_THAT(talk.line("e CAPABILITY"), AllOf(HasSubstr(" AUTH=SCRAM-SHA-256-PLUS "), HasSubstr(" AUTH=PLAIN"),
                                               Not(HasSubstr("STARTTLS")), Not(HasSubstr("LOGINDISABLED"))));
  EXPECT_EQ(talk.line("f STARTTLS"), "f BAD TLS is there already\r\n");
  EXPECT_THAT(talk.enter(), StartsWith("in OK [CAPABILITY "));
}

TEST_F(ImapSession, ForgetsWhatCameBeforeTheHandshake) {
  Talk talk(world, false);
  EXPECT_EQ(talk.say("a STARTTLS\r\nb NOOP\r\n"), "a OK Begin TLS now\r\n");
  EXPECT_EQ(talk.line("c NOOP"), "c OK NOOP completed\r\n");
}

TEST_F(ImapSession, AnnouncesEverythingOnceSignedIn) {
  Talk talk(world);
  EXPECT_EQ(
      talk.enter(),
      "in OK [CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ ID LANGUAGE I18NLEVEL=2 COMPRESS=DEFLATE UNAUTHENTICATE REPLACE "
      "UIDBATCHES ENABLE "
      "UTF8=ACCEPT UIDONLY CONDSTORE QRESYNC CREATE-SPECIAL-USE CHILDREN LIST-EXTENDED LIST-STATUS SPECIAL-USE "
      "NAMESPACE "
      "STATUS=SIZE UIDPLUS MULTIAPPEND CATENATE IDLE NOTIFY URLAUTH URL-PARTIAL URLAUTH=BINARY UNSELECT ESEARCH "
      "SEARCHRES WITHIN SAVEDATE OBJECTID "
      "PARTIAL I18NLEVEL=1 INPROGRESS FILTERS "
      "CONTEXT=SEARCH CONTEXT=SORT SORT SORT=DISPLAY ESORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS "
      "MULTISEARCH BINARY PREVIEW MOVE QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE ACL "
      "RIGHTS=texk METADATA METADATA-SERVER LIST-METADATA LIST-MYRIGHTS APPENDLIMIT=52428800] Signed in\r\n");
  EXPECT_EQ(talk.line("a LOGIN x y"), "a BAD You are signed in already\r\n");
  EXPECT_EQ(talk.line("b AUTHENTICATE PLAIN"), "b BAD You are signed in already\r\n");
}

TEST_F(ImapSession, SignsInByLoginWithLiteralsToo) {
  Talk talk(world);
  EXPECT_EQ(talk.line("a LOGIN {16}"), "+ OK\r\n");
  EXPECT_EQ(talk.say("anna@example.org {20}\r\n"), "+ OK\r\n");
  EXPECT_THAT(talk.say("the-password-of-anna\r\n"), StartsWith("a OK [CAPABILITY "));
  Talk other(world);
  EXPECT_THAT(other.say("a LOGIN {16+}\r\nanna@example.org \"the-password-of-anna\"\r\nb NOOP\r\n"),
              AllOf(StartsWith("a OK [CAPABILITY "), EndsWith("\r\nb OK NOOP completed\r\n")));
}

TEST_F(ImapSession, SignsInByPlainAtOnceOrAfterAChallenge) {
  Talk talk(world);
  EXPECT_THAT(talk.line("a AUTHENTICATE PLAIN " + plain(kAnna, kPassword)), StartsWith("a OK [CAPABILITY "));
  Talk other(world);
  EXPECT_EQ(other.line("a AUTHENTICATE PLAIN"), "+ \r\n");
  EXPECT_EQ(other.line("!"), "a BAD The answer is not base64\r\n");
  EXPECT_EQ(other.line("b AUTHENTICATE PLAIN"), "+ \r\n");
  EXPECT_EQ(other.line("*"), "b BAD Cancelled\r\n");
  EXPECT_EQ(other.line("c AUTHENTICATE PLAIN"), "+ \r\n");
  EXPECT_THAT(other.line(plain(kAnna, kPassword)), StartsWith("c OK [CAPABILITY "));
  EXPECT_EQ(other.line("d NOOP"), "d OK NOOP completed\r\n");
}

TEST_F(ImapSession, RefusesWhatIsWrongAndClosesAfterSomeTries) {
  Talk talk(world);
  EXPECT_EQ(talk.line("a LOGIN anna@example.org wrong"),
            "a NO [AUTHENTICATIONFAILED] The name or the password is wrong\r\n");
  EXPECT_EQ(talk.line("b LOGIN nobody@example.org wrong"),
            "b NO [AUTHENTICATIONFAILED] The name or the password is wrong\r\n");
  EXPECT_EQ(talk.line("c AUTHENTICATE PLAIN " + plain(kAnna, "wrong too")),
            "c NO [AUTHENTICATIONFAILED] The name or the password is wrong\r\n");
  EXPECT_EQ(talk.line("d AUTHENTICATE NTLM"), "d NO This mechanism is not available here\r\n");
  talk.line("e LOGIN anna@example.org wrong");
  EXPECT_THAT(talk.line("f LOGIN anna@example.org wrong"),
              AllOf(StartsWith("* BYE Too many failed sign-ins\r\nf NO ["), EndsWith("\r\n")));
  EXPECT_TRUE(talk.closed);
}

TEST_F(ImapSession, AllowsEachCommandInItsStatesOnly) {
  Talk talk(world);
  for (const std::string_view text : {"SELECT INBOX", "LIST \"\" *", "IDLE", "FETCH 1 FLAGS", "ENABLE CONDSTORE",
                                      "STATUS INBOX (MESSAGES)", "CLOSE"}) {
    EXPECT_EQ(talk.line("a " + std::string(text)), "a BAD Sign in first\r\n");
  }
  talk.enter();
  for (const std::string_view text :
       {"CLOSE", "UNSELECT", "EXPUNGE", "STORE 1 FLAGS ()", "COPY 1 x", "MOVE 1 x", "CHECK", "FETCH 1 FLAGS"}) {
    EXPECT_EQ(talk.line("a " + std::string(text)), "a BAD Select a mailbox first\r\n");
  }
  EXPECT_EQ(talk.line("b STARTTLS"), "b BAD You are signed in already\r\n");
}

TEST_F(ImapSession, AnswersBadSyntaxAndGoesOn) {
  Talk talk(world);
  EXPECT_THAT(talk.line("a WHAT"), StartsWith("a BAD "));
  EXPECT_THAT(talk.line(""), StartsWith("* BAD "));
  EXPECT_THAT(talk.line("a LOGIN"), StartsWith("a BAD "));
  EXPECT_THAT(talk.say(std::string("a NO\0OP\r\n", 9)), StartsWith("a BAD NUL in a command"));
  EXPECT_EQ(talk.line("b NOOP"), "b OK NOOP completed\r\n");
}

TEST_F(ImapSession, ClosesAfterManyBadCommandsInARow) {
  Talk talk(world);
  for (int i = 0; i < 19; ++i) EXPECT_FALSE((talk.line("a WHAT"), talk.closed));
  talk.line("b NOOP");
  for (int i = 0; i < 19; ++i) EXPECT_FALSE((talk.line("a WHAT"), talk.closed));
  EXPECT_THAT(talk.line("a WHAT"), EndsWith("* BYE Too many bad commands\r\n"));
  EXPECT_TRUE(talk.closed);
}

TEST_F(ImapSession, DropsWhatIsTooLongAndKeepsWhatFollows) {
  Talk talk(world);
  EXPECT_EQ(talk.say("a LOGIN " + std::string(20'000, 'x') + "\r\nb NOOP\r\n"),
            "a BAD The command is too long\r\nb OK NOOP completed\r\n");
  EXPECT_EQ(talk.line("c LOGIN {20000}"), "c NO [TOOBIG] The literal is too large\r\n");
  EXPECT_EQ(talk.say("d LOGIN {20000+}\r\n" + std::string(20'000, 'x') + " x\r\ne NOOP\r\n"),
            "d NO [TOOBIG] The literal is too large\r\ne OK NOOP completed\r\n");
  EXPECT_THAT(talk.line("f LOGIN {2000000000+}"), EndsWith("* BYE That is far too much\r\n"));
  EXPECT_TRUE(talk.closed);
}

TEST_F(ImapSession, HangsUpOnABrowser) {
  Talk talk(world);
  EXPECT_EQ(talk.line("POST / HTTP/1.1"), "* BYE This is a mail server\r\n");
  EXPECT_TRUE(talk.closed);
}

TEST_F(ImapSession, SaysGoodBye) {
  Talk talk(world);
  EXPECT_EQ(talk.say("a LOGOUT\r\nb NOOP\r\n"), "* BYE Good bye\r\na OK LOGOUT completed\r\n");
  EXPECT_TRUE(talk.closed);
  Talk slow(world);
  EXPECT_EQ(slow.time_out(), "* BYE Waited too long\r\n");
  Talk stopped(world);
  EXPECT_EQ(stopped.stop(), "* BYE [UNAVAILABLE] The server is stopping; come again\r\n");
}

TEST_F(ImapSession, AnnouncesToWhoeverIsSignedIn) {
  Talk talk(world);
  EXPECT_EQ(talk.announce("Back at four"), "");
  talk.enter();
  EXPECT_EQ(talk.announce("Back at four"), "* OK [ALERT] Back at four\r\n");
  talk.line("a SELECT INBOX");
  talk.line("b IDLE");
  EXPECT_EQ(talk.announce("Back at four"), "* OK [ALERT] Back at four\r\n");
  talk.line("DONE");
  talk.line("c APPEND INBOX {10}");
  EXPECT_EQ(talk.announce("Back at four"), "");
}

TEST_F(ImapSession, WaitsAsItsStateAllows) {
  Talk talk(world);
  EXPECT_EQ(talk.session().waiting(), runtime::Waiting::greeting);
  talk.line("a NOOP");
  EXPECT_EQ(talk.session().waiting(), runtime::Waiting::sign_in);
  talk.enter();
  EXPECT_EQ(talk.session().waiting(), runtime::Waiting::idle);
  talk.line("b APPEND INBOX {10}");
  EXPECT_EQ(talk.session().waiting(), runtime::Waiting::data);
  talk.say("0123456789\r\n");
  talk.line("c IDLE");
  EXPECT_EQ(talk.session().waiting(), runtime::Waiting::refresh);
  EXPECT_EQ(talk.time_out(), "* OK Still here\r\n");
  EXPECT_FALSE(talk.closed);
}

TEST_F(ImapSession, EndsWhenTheAccountIsRevoked) {
  Talk talk(world);
  talk.enter();
  Talk idle(world);
  idle.enter();
  idle.line("a IDLE");
  EXPECT_EQ(world.door.revoke(world.id()), 2U);
  EXPECT_EQ(idle.wake(), "* BYE [EXPIRED] Your account was changed; sign in again\r\n");
  EXPECT_TRUE(idle.closed);
  EXPECT_EQ(talk.line("b NOOP"), "* BYE [EXPIRED] Your account was changed; sign in again\r\n");
  EXPECT_TRUE(talk.closed);
}

TEST_F(ImapSession, ExchangesIdentities) {
  Talk talk(world);
  EXPECT_EQ(talk.line("a ID NIL"), "* ID (\"name\" \"Gatepost\" \"version\" \"1\")\r\na OK ID completed\r\n");
  EXPECT_THAT(talk.line("b ID (\"name\" \"Thing\" \"version\" NIL)"), EndsWith("b OK ID completed\r\n"));
}

TEST_F(ImapSession, EnablesWhatItKnows) {
  Talk talk(world);
  talk.enter();
  EXPECT_EQ(talk.line("a ENABLE X-NOTHING"), "* ENABLED\r\na OK ENABLE completed\r\n");
  EXPECT_EQ(talk.line("b ENABLE qresync UTF8=ACCEPT imap4rev2 CONDSTORE"),
            "* ENABLED QRESYNC UTF8=ACCEPT IMAP4rev2 CONDSTORE\r\nb OK ENABLE completed\r\n");
}

TEST_F(ImapSession, TellsTheQuota) {
  world.quota = 10 << 20;
  Talk talk(world);
  talk.enter();
  world.deliver("Subject: x\r\n\r\n" + std::string(3000, 'x'));
  EXPECT_EQ(talk.line("a GETQUOTAROOT INBOX"),
            "* QUOTAROOT INBOX \"\"\r\n* QUOTA \"\" (STORAGE 3 10240)\r\na OK GETQUOTAROOT completed\r\n");
  EXPECT_EQ(talk.line("b GETQUOTA \"\""), "* QUOTA \"\" (STORAGE 3 10240)\r\nb OK GETQUOTA completed\r\n");
  EXPECT_EQ(talk.line("c GETQUOTA other"), "c NO [NONEXISTENT] There is no such quota root\r\n");
  world.quota = 0;
  EXPECT_EQ(talk.line("d GETQUOTA \"\""), "* QUOTA \"\" ()\r\nd OK GETQUOTA completed\r\n");
}

TEST_F(ImapSession, GivesTheSameRepliesHoweverTheInputIsCut) {
  const std::string input =
      "a LOGIN {16+}\r\nanna@example.org {20+}\r\nthe-password-of-anna\r\nb SELECT INBOX\r\nc APPEND INBOX (\\Seen) "
      "{16+}\r\nSubject: x\r\n\r\nyz (\\Draft) {4+}\r\n\r\nab\r\nd STORE 1:* +FLAGS (\\Flagged $Forwarded)\r\ne "
      "NONSENSE "
      "{3+}\r\nabc\r\nf IDLE\r\nDONE\r\ng COPY 1 Sent\r\nh EXPUNGE\r\ni LOGOUT\r\n";
  std::string whole;
  for (const std::size_t chunk : {0, 1, 2, 3, 4, 5, 6, 7, 8}) {
    World fresh;
    Talk talk(fresh, true, chunk);
    const std::string answer = talk.say(input);
    EXPECT_TRUE(talk.closed) << answer;
    if (chunk == 0) whole = answer;
    EXPECT_EQ(answer, whole) << chunk;
  }
  EXPECT_THAT(whole, HasSubstr("c OK [APPENDUID 1767225600 1:2] APPEND completed\r\n"));
  EXPECT_THAT(whole, HasSubstr("+ idling\r\nf OK IDLE completed\r\n"));
}

}  // namespace
}  // namespace gatepost::imap::server
