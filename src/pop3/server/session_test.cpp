#include "pop3/server/session.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "base/number_set.hpp"
#include "pop3/protocol/reply.hpp"
#include "pop3/server/test_support.hpp"

namespace gatepost::pop3::server {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kFirst = "Subject: one\r\n\r\nHello\r\n.dot\r\n.\r\nbye\r\n";
constexpr std::string_view kSecond = "Subject: two\r\n\r\nbody\r\n";

class Pop3Session : public testing::Test {
 protected:
  void two_messages() {
    world.deliver(kFirst);
    world.deliver(kSecond);
  }
  World world;
};

TEST_F(Pop3Session, GreetsWithoutATimestampSinceItHasNoApop) {
  Talk talk(world);
  EXPECT_EQ(talk.greeting, "+OK mail.example.org Gatepost POP3 ready\r\n");
  EXPECT_EQ(talk.line("APOP anna c4c9334bac560ecc979e58001b3e22fb"), "-ERR unknown command\r\n");
}

TEST_F(Pop3Session, AnnouncesWhatWorksInTheStateItIsIn) {
  Talk plain(world, false);
  EXPECT_EQ(plain.line("CAPA"),
            "+OK Capabilities\r\nSTLS\r\nTOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\n"
            "EXPIRE NEVER\r\nLOGIN-DELAY 0\r\nUTF8 USER\r\nLANG\r\nIMPLEMENTATION Gatepost\r\n.\r\n");
  EXPECT_EQ(plain.line("STLS"), "+OK Begin TLS\r\n");
  const std::string secured = plain.line("CAPA");
  EXPECT_THAT(secured, HasSubstr("\r\nUSER\r\nSASL SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 "
                                 "PLAIN LOGIN\r\nTOP\r\n"));
  EXPECT_THAT(secured, Not(HasSubstr("STLS")));
  plain.enter();
  // RFC 2449 5: what is there before the sign-in is announced after it, too.
  EXPECT_EQ(plain.line("CAPA"), secured);

  world.server.reload({.hostname = "mail.example.org", .login_delay = std::chrono::seconds(60), .expire_days = 30});
  Talk other(world);
  EXPECT_THAT(other.line("CAPA"), HasSubstr("EXPIRE 30\r\nLOGIN-DELAY 60\r\n"));
}

TEST_F(Pop3Session, TakesNoPasswordWithoutTls) {
  Talk talk(world, false);
  EXPECT_EQ(talk.line("USER anna@example.org"), "-ERR Passwords are taken only under TLS: use STLS first\r\n");
  EXPECT_EQ(talk.line("PASS x"), "-ERR USER comes first\r\n");
  EXPECT_EQ(talk.line("AUTH PLAIN"), "-ERR This mechanism is not offered here before STLS\r\n");
  EXPECT_EQ(talk.line("AUTH"), "+OK Mechanisms\r\n.\r\n");
}

TEST_F(Pop3Session, ForgetsWhatItHeardBeforeTls) {
  Talk talk(world, false);
  EXPECT_EQ(talk.say("STLS\r\nUSER anna@example.org\r\n"), "+OK Begin TLS\r\n");
  EXPECT_EQ(talk.line("PASS x"), "-ERR USER comes first\r\n");
  EXPECT_EQ(talk.line("STLS"), "-ERR TLS is on already\r\n");
}

TEST_F(Pop3Session, SignsInByPassword) {
  two_messages();
  Talk talk(world);
  EXPECT_EQ(talk.line("STAT"), "-ERR Sign in first\r\n");
  EXPECT_EQ(talk.line("USER anna@example.org"), "+OK Now the password\r\n");
  EXPECT_EQ(talk.line("PASS wrong"), "-ERR [AUTH] The name or the password is wrong\r\n");
  EXPECT_EQ(talk.line("USER nobody@example.org"), "+OK Now the password\r\n");
  EXPECT_EQ(talk.line("PASS wrong"), "-ERR [AUTH] The name or the password is wrong\r\n");
  EXPECT_EQ(talk.enter(), "+OK 2 messages (59 octets)\r\n");
  EXPECT_EQ(talk.line("USER anna@example.org"), "-ERR You are signed in already\r\n");
  EXPECT_EQ(talk.line("STAT"), "+OK 2 59\r\n");
}

TEST_F(Pop3Session, ClosesAfterManyWrongPasswordsOrBadCommands) {
  Talk talk(world);
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(talk.closed);
    talk.enter(kAnna, "wrong");
  }
  EXPECT_TRUE(talk.closed);
  Talk other(world);
  for (int i = 0; i < 19; ++i) EXPECT_EQ(other.line("WHAT"), "-ERR unknown command\r\n");
  EXPECT_EQ(other.line("WHAT"), "-ERR Too many bad commands\r\n");
  EXPECT_TRUE(other.closed);
}

TEST_F(Pop3Session, SignsInBySaslWithAndWithoutInitialResponse) {
  const std::string plain = base64::encode(std::string(1, '\0') + std::string(kAnna) + '\0' + std::string(kPassword));
  {
    Talk talk(world);
    EXPECT_EQ(talk.line("AUTH PLAIN " + plain), "+OK 0 messages (0 octets)\r\n");
  }
  {
    Talk talk(world);
    EXPECT_EQ(talk.line("AUTH plain"), "+ \r\n");
    EXPECT_EQ(talk.line(plain), "+OK 0 messages (0 octets)\r\n");
  }
  Talk talk(world);
  EXPECT_THAT(talk.line("AUTH LOGIN"), StartsWith("+ "));
  EXPECT_THAT(talk.line(base64::encode(kAnna)), StartsWith("+ "));
  EXPECT_EQ(talk.line(base64::encode(kPassword)), "+OK 0 messages (0 octets)\r\n");
}

TEST_F(Pop3Session, SignsInByScram) {
  auto client = world.library->client({"SCRAM-SHA-256"}, true, kAnna, Secret(kPassword));
  ASSERT_TRUE(client);
  const auto initial = (*client)->initial();
  Talk talk(world);
  std::string answer = talk.line("AUTH SCRAM-SHA-256 " + base64::encode(**initial));
  while (answer.starts_with("+ ")) {
    const auto response = (*client)->step(*base64::decode(answer.substr(2, answer.size() - 4)));
    ASSERT_TRUE(response);
    answer = talk.line(base64::encode(*response));
  }
  EXPECT_EQ(answer, "+OK 0 messages (0 octets)\r\n");
  EXPECT_TRUE((*client)->complete());
}

TEST_F(Pop3Session, LetsAClientCancelAndTakesNoRubbishInASaslExchange) {
  Talk talk(world);
  talk.line("AUTH PLAIN");
  EXPECT_EQ(talk.line("*"), "-ERR Cancelled\r\n");
  talk.line("AUTH PLAIN");
  EXPECT_EQ(talk.line("not base64!"), "-ERR The answer is not base64\r\n");
  talk.line("AUTH PLAIN");
  EXPECT_EQ(talk.line("bm9uc2Vuc2U="), "-ERR [AUTH] The authentication exchange is broken\r\n");
  talk.line("AUTH PLAIN");
  EXPECT_EQ(talk.line(std::string(20000, 'x')), "-ERR The line is too long\r\n");
  EXPECT_EQ(talk.line("AUTH KERBEROS"), "-ERR This mechanism is not offered here\r\n");
  EXPECT_EQ(talk.line("NOOP"), "-ERR Sign in first\r\n");
  EXPECT_THAT(talk.enter(), StartsWith("+OK"));
}

TEST_F(Pop3Session, GivesTheMaildropToOneSessionAndDoesNotBlockOthers) {
  two_messages();
  Talk first(world), second(world);
  EXPECT_THAT(first.enter(), StartsWith("+OK"));
  EXPECT_EQ(second.enter(), "-ERR [IN-USE] The mailbox is open in another POP3 session\r\n");
  // What IMAP does goes on meanwhile.
  world.deliver(kSecond);
  EXPECT_EQ(first.line("STAT"), "+OK 2 59\r\n");
  EXPECT_EQ(first.line("QUIT"), "+OK Bye, 0 messages removed\r\n");
  EXPECT_EQ(second.enter(), "+OK 3 messages (81 octets)\r\n");
  second.drop();
  Talk third(world);
  EXPECT_THAT(third.enter(), StartsWith("+OK 3"));
}

TEST_F(Pop3Session, ListsSizesAndStableUniqueIds) {
  two_messages();
  std::string ids;
  {
    Talk talk(world);
    talk.enter();
    EXPECT_EQ(talk.line("LIST"), "+OK 2 messages (59 octets)\r\n1 37\r\n2 22\r\n.\r\n");
    EXPECT_EQ(talk.line("LIST 2"), "+OK 2 22\r\n");
    EXPECT_EQ(talk.line("LIST 3"), "-ERR No such message\r\n");
    EXPECT_EQ(talk.line("LIST 0"), "-ERR No such message\r\n");
    EXPECT_EQ(talk.line("LIST 99999999999"), "-ERR No such message\r\n");
    EXPECT_EQ(talk.line("LIST x"), "-ERR a number is needed\r\n");
    ids = talk.line("UIDL");
    EXPECT_THAT(ids, HasSubstr(".1\r\n2 "));
    const std::string second = ids.substr(ids.find("\r\n2 ") + 2);
    EXPECT_EQ(talk.line("UIDL 2"), "+OK " + second.substr(0, second.find("\r\n")) + "\r\n");
    talk.line("DELE 1");
    EXPECT_EQ(talk.line("LIST"), "+OK 1 messages (22 octets)\r\n2 22\r\n.\r\n");
    EXPECT_EQ(talk.line("UIDL 1"), "-ERR No such message\r\n");
  }
  Talk again(world);
  again.enter();
  EXPECT_EQ(again.line("UIDL"), ids);
}

TEST_F(Pop3Session, GoesOnCallingMessagesAsTheServerBeforeDid) {
  two_messages();
  const account::Pop3Id names[] = {{2, "0000001a6553f100"}, {7, "nobody's"}};
  EXPECT_EQ(*world.account()->set_pop3_ids(world.inbox(), names), 1U);
  world.deliver(kFirst);
  const std::string validity = std::to_string(world.account()->find_folder("INBOX")->uid_validity);
  Talk talk(world);
  talk.enter();
  EXPECT_THAT(talk.line("UIDL"),
              HasSubstr("1 " + validity + ".1\r\n2 0000001a6553f100\r\n3 " + validity + ".3\r\n.\r\n"));
  EXPECT_EQ(talk.line("UIDL 2"), "+OK 2 0000001a6553f100\r\n");
}

TEST_F(Pop3Session, SendsMessagesWithDotsDoubledAndSizesTrue) {
  two_messages();
  Talk talk(world);
  talk.enter();
  EXPECT_EQ(talk.line("RETR 1"), "+OK 37 octets\r\nSubject: one\r\n\r\nHello\r\n..dot\r\n..\r\nbye\r\n.\r\n");
  EXPECT_EQ(talk.line("TOP 1 0"), "+OK The top follows\r\nSubject: one\r\n\r\n.\r\n");
  EXPECT_EQ(talk.line("TOP 1 2"), "+OK The top follows\r\nSubject: one\r\n\r\nHello\r\n..dot\r\n.\r\n");
  EXPECT_EQ(talk.line("TOP 2 100"), "+OK The top follows\r\nSubject: two\r\n\r\nbody\r\n.\r\n");
  EXPECT_EQ(talk.line("RETR 3"), "-ERR No such message\r\n");
  EXPECT_EQ(talk.line("TOP 3 1"), "-ERR No such message\r\n");
}

TEST_F(Pop3Session, SendsALargeMessageInBoundedMemory) {
  std::string message = "Subject: large\r\n\r\n";
  while (message.size() < 3'000'000) message += ".a line that begins with a dot and goes on\r\n";
  world.deliver(message);
  Talk talk(world);
  talk.enter();
  std::string expected;
  DotStuffer stuffer;
  stuffer.append(expected, message);
  stuffer.finish(expected);
  const std::string answer = talk.line("RETR 1");
  EXPECT_EQ(answer.substr(answer.find("\r\n") + 2), expected);
  const std::string top = talk.line("TOP 1 20000");
  EXPECT_EQ(top.substr(top.find("\r\n") + 2).substr(0, 200'000), expected.substr(0, 200'000));
}

TEST_F(Pop3Session, RemovesAtQuitWhatWasMarked) {
  two_messages();
  world.deliver("Subject: three\r\n\r\n");
  Talk talk(world);
  talk.enter();
  EXPECT_EQ(talk.line("DELE 1"), "+OK Message 1 will be removed by QUIT\r\n");
  EXPECT_EQ(talk.line("DELE 1"), "-ERR No such message\r\n");
  EXPECT_EQ(talk.line("RETR 1"), "-ERR No such message\r\n");
  EXPECT_EQ(talk.line("STAT"), "+OK 2 40\r\n");
  EXPECT_EQ(talk.line("RSET"), "+OK 3 messages (77 octets)\r\n");
  talk.line("DELE 1");
  talk.line("DELE 3");
  EXPECT_EQ(world.messages(), 3U);
  EXPECT_EQ(talk.line("QUIT"), "+OK Bye, 2 messages removed\r\n");
  EXPECT_TRUE(talk.closed);
  EXPECT_EQ(world.messages(), 1U);
  Talk again(world);
  again.enter();
  EXPECT_THAT(again.line("RETR 1"), HasSubstr("Subject: two"));
}

TEST_F(Pop3Session, RemovesNothingWithoutQuit) {
  two_messages();
  {
    Talk talk(world);
    talk.enter();
    talk.line("DELE 1");
    // RFC 1939 3: the end by timeout is silent, and no update.
    EXPECT_FALSE(talk.session().timed_out());
    EXPECT_EQ(talk.wake(), "");
  }
  EXPECT_EQ(world.messages(), 2U);
  Talk talk(world);
  talk.enter();
  EXPECT_FALSE(talk.session().finishing());
  talk.line("DELE 1");
  EXPECT_TRUE(talk.session().finishing());
  EXPECT_EQ(talk.stop(), "-ERR [SYS/TEMP] The server is shutting down; nothing was removed\r\n");
  talk.drop();
  EXPECT_EQ(world.messages(), 2U);
}

TEST_F(Pop3Session, SaysSoWhenTheUpdateFailsAndLosesNothing) {
  two_messages();
  Talk talk(world);
  talk.enter();
  talk.line("DELE 2");
  world.store.refuse_commit = [](store::Partition, const store::Batch&) { return Errc::unavailable; };
  EXPECT_EQ(talk.line("QUIT"), "-ERR [SYS/TEMP] Some deleted messages were not removed\r\n");
  EXPECT_TRUE(talk.closed);
  world.store.refuse_commit = nullptr;
  EXPECT_EQ(world.messages(), 2U);
  EXPECT_THAT(world.sink.lines(), testing::Contains(HasSubstr("pop3.update_failed conn=c1 account=anna@example.org")));
}

TEST_F(Pop3Session, GoesOnWhenImapRemovedAMessageMeanwhile) {
  two_messages();
  Talk talk(world);
  talk.enter();
  ASSERT_TRUE(world.account()->remove(world.inbox(), NumberSet::of(1, 1)));
  EXPECT_EQ(talk.line("RETR 1"), "-ERR No such message\r\n");
  EXPECT_EQ(talk.line("TOP 1 1"), "-ERR No such message\r\n");
  EXPECT_THAT(talk.line("RETR 2"), HasSubstr("Subject: two"));
  EXPECT_EQ(talk.line("DELE 1"), "+OK Message 1 will be removed by QUIT\r\n");
  EXPECT_EQ(talk.line("QUIT"), "+OK Bye, 0 messages removed\r\n");
}

TEST_F(Pop3Session, TellsOfAMessageThatCannotBeReadAndCutsOffOneThatBreaks) {
  world.deliver("Subject: large\r\n\r\n" + std::string(200'000, 'x') + "\r\n");
  Talk talk(world);
  talk.enter();
  world.store.refuse_read = [](std::uint64_t) { return Errc::corrupt; };
  EXPECT_EQ(talk.line("RETR 1"), "-ERR [SYS/PERM] The stored message is damaged; tell the administrator\r\n");
  EXPECT_FALSE(talk.closed);
  world.store.refuse_read = [](std::uint64_t offset) {
    return offset > 100'000 ? std::optional(Errc::unavailable) : std::nullopt;
  };
  const std::string answer = talk.line("RETR 1");
  EXPECT_THAT(answer, StartsWith("+OK"));
  EXPECT_THAT(answer, Not(EndsWith("\r\n.\r\n")));
  EXPECT_TRUE(talk.closed);
}

TEST_F(Pop3Session, EndsWhenTheSignInIsRevoked) {
  two_messages();
  Talk talk(world);
  talk.enter();
  talk.line("DELE 1");
  world.door.revoke(world.id());
  EXPECT_EQ(talk.wake(), "-ERR [AUTH] Your account was changed: sign in again; nothing was removed\r\n");
  EXPECT_TRUE(talk.closed);
  talk.drop();
  EXPECT_EQ(world.messages(), 2U);

  // Also when the next command comes before the news.
  Talk other(world);
  other.enter();
  other.line("DELE 1");
  world.door.revoke(world.id());
  EXPECT_THAT(other.line("QUIT"), StartsWith("-ERR [AUTH]"));
  other.drop();
  EXPECT_EQ(world.messages(), 2U);
}

TEST_F(Pop3Session, KeepsTheLoginDelay) {
  world.server.reload({.hostname = "mail.example.org", .login_delay = std::chrono::seconds(60)});
  {
    Talk talk(world);
    EXPECT_THAT(talk.enter(), StartsWith("+OK"));
  }
  Talk talk(world);
  EXPECT_EQ(talk.enter(kAnna, "wrong"), "-ERR [AUTH] The name or the password is wrong\r\n");
  EXPECT_EQ(talk.enter(), "-ERR [LOGIN-DELAY] You signed in a moment ago; try again later\r\n");
  world.clock.advance(std::chrono::seconds(60));
  EXPECT_THAT(talk.enter(), StartsWith("+OK"));
}

TEST_F(Pop3Session, ServesADisabledAccountNoMore) {
  auto anna = *world.directory->find(kAnna);
  anna.enabled = false;
  ASSERT_TRUE(world.directory->update_principal(anna));
  Talk talk(world);
  EXPECT_EQ(talk.enter(), "-ERR [AUTH] The name or the password is wrong\r\n");
}

TEST_F(Pop3Session, KnowsUtf8AndTwoNamesOfOneLanguage) {
  Talk talk(world, false);
  EXPECT_EQ(talk.line("LANG"), "+OK Languages\r\nen English\r\ni-default Default language\r\n.\r\n");
  EXPECT_EQ(talk.line("LANG en-GB"), "+OK en English it is\r\n");
  EXPECT_EQ(talk.line("LANG *"), "+OK i-default The default language it is\r\n");
  EXPECT_EQ(talk.line("LANG fr"), "-ERR No such language here\r\n");
  EXPECT_EQ(talk.line("UTF8"), "+OK UTF8 is on\r\n");
  EXPECT_EQ(talk.line("STLS"), "-ERR STLS comes before UTF8\r\n");
}

TEST_F(Pop3Session, WaitsAsItsStateWants) {
  Talk talk(world);
  EXPECT_EQ(talk.session().waiting(), runtime::Waiting::greeting);
  talk.line("CAPA");
  EXPECT_EQ(talk.session().waiting(), runtime::Waiting::sign_in);
  talk.enter();
  EXPECT_EQ(talk.session().waiting(), runtime::Waiting::idle);
  EXPECT_EQ(talk.line("NOOP"), "+OK\r\n");
}

TEST_F(Pop3Session, AnswersTheSameHoweverItsInputIsCut) {
  two_messages();
  const std::string talk =
      "CAPA\r\nUSER anna@example.org\r\nPASS the password of anna\r\nSTAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nTOP 2 "
      "0\r\nNOOP\r\n"
      "DELE 7\r\nWHAT\r\n" +
      std::string(3000, 'x') + "\r\nRSET\nQUIT\r\n";
  const std::string whole = Talk(world).say(talk);
  EXPECT_THAT(whole, HasSubstr("-ERR The line is too long\r\n+OK 2 messages"));
  EXPECT_THAT(whole, EndsWith("+OK Bye, 0 messages removed\r\n"));
  for (std::size_t chunk = 1; chunk <= 8; ++chunk) EXPECT_EQ(Talk(world, true, chunk).say(talk), whole) << chunk;
}

TEST_F(Pop3Session, OpensAndListsManyMessages) {
  const auto account = world.account();
  const auto inbox = world.inbox();
  auto writer = *world.accounts->new_body(kSecond.size());
  (void)writer->append(kSecond);
  account::NewItem item;
  item.body = *writer->finish();
  std::vector<account::NewItem> items(500, item);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(account->append(inbox, items));
  Talk talk(world);
  EXPECT_EQ(talk.enter(), "+OK 10000 messages (220000 octets)\r\n");
  EXPECT_THAT(talk.line("LIST"), EndsWith("\r\n10000 22\r\n.\r\n"));
  EXPECT_THAT(talk.line("UIDL"), EndsWith(".10000\r\n.\r\n"));
  for (int i = 1; i <= 9999; ++i) talk.line("DELE " + std::to_string(i));
  EXPECT_EQ(talk.line("STAT"), "+OK 1 22\r\n");
  EXPECT_EQ(talk.line("QUIT"), "+OK Bye, 9999 messages removed\r\n");
  EXPECT_EQ(world.messages(), 1U);
}

// What a session asks of the store does not depend on the size of the maildrop, unless it asks for all sizes.
TEST_F(Pop3Session, CostsFollowWhatIsAskedForInAMaildropOf100000Messages) {
  const auto account = world.account();
  const auto inbox = world.inbox();
  auto writer = *world.accounts->new_body(kSecond.size());
  (void)writer->append(kSecond);
  account::NewItem item;
  item.body = *writer->finish();
  const std::vector<account::NewItem> items(5'000, item);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(account->append(inbox, items));
  const auto reads = [&](const std::function<void()>& work) {
    const store::Traffic before = world.store.traffic;
    work();
    return world.store.traffic.gets + world.store.traffic.entries - before.gets - before.entries;
  };
  Talk talk(world);
  EXPECT_LE(reads([&] { EXPECT_EQ(talk.enter(), "+OK 100000 messages (2200000 octets)\r\n"); }), 5U);
  EXPECT_EQ(reads([&] { EXPECT_EQ(talk.line("STAT"), "+OK 100000 2200000\r\n"); }), 0U);
  EXPECT_EQ(reads([&] { EXPECT_THAT(talk.line("UIDL"), EndsWith(".100000\r\n.\r\n")); }), 0U);
  EXPECT_LE(reads([&] { EXPECT_EQ(talk.line("LIST 70000"), "+OK 70000 22\r\n"); }), 2U);
  EXPECT_LE(reads([&] { EXPECT_THAT(talk.line("RETR 70000"), StartsWith("+OK 22 octets\r\n")); }), 4U);
  EXPECT_LE(reads([&] { EXPECT_THAT(talk.line("DELE 70000"), StartsWith("+OK")); }), 2U);
  EXPECT_EQ(talk.line("STAT"), "+OK 99999 2199978\r\n");
  EXPECT_LE(reads([&] { EXPECT_THAT(talk.line("LIST"), EndsWith("\r\n100000 22\r\n.\r\n")); }), 100'001U);
  EXPECT_EQ(reads([&] { talk.line("LIST"); }), 0U);
  EXPECT_LE(reads([&] { EXPECT_EQ(talk.line("QUIT"), "+OK Bye, 1 messages removed\r\n"); }), 8U);
  // A hole costs no more the next time.
  Talk again(world);
  EXPECT_LE(reads([&] { EXPECT_EQ(again.enter(), "+OK 99999 messages (2199978 octets)\r\n"); }), 5U);
  EXPECT_EQ(again.line("UIDL 70000").substr(0, 10), "+OK 70000 ");
  EXPECT_THAT(again.line("UIDL 70000"), EndsWith(".70001\r\n"));
}

}  // namespace
}  // namespace gatepost::pop3::server
