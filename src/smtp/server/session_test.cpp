#include "smtp/server/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "smtp/server/test_reception.hpp"
#include "smtp/server/test_world.hpp"

namespace gatepost::smtp::server {
namespace {

using runtime::Waiting;
using test::Client;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kToAnna = "MAIL FROM:<b@elsewhere.example>\r\nRCPT TO:<anna@demo.example>\r\n";
constexpr std::string_view kToAnnaTaken = "250 2.1.0 sender ok\r\n250 2.1.5 recipient ok\r\n";
constexpr std::string_view kGoAhead = "354 go ahead, a line with a dot alone ends it\r\n";
constexpr std::string_view kTaken = "250 2.0.0 taken as 0123456789ab\r\n";

class SmtpSessionTest : public testing::Test {
 protected:
  Settings settings() { return {.hostname = "mail.demo.example"}; }
  std::unique_ptr<Server> server(Settings s) {
    return std::make_unique<Server>(
        Services{reception_, world_.door, world_.workers, world_.clock, world_.log, world_.metrics}, std::move(s));
  }
  std::string plain(std::string_view name, std::string_view password) {
    return "AUTH PLAIN " + base64::encode(std::string("\0", 1).append(name).append("\0", 1).append(password)) + "\r\n";
  }
  // One that said EHLO.
  Client greeted(Service service = Service::smtp, bool tls = false) {
    Client client(*server_, service, tls);
    client.send("EHLO client.example\r\n");
    return client;
  }
  std::uint64_t metric(std::string_view name, Service service = Service::smtp) {
    return world_.metrics.counter(name, service == Service::smtp ? "service=\"smtp\"" : "service=\"submission\"", "")
        .value();
  }

  test::DirectoryWorld world_;
  test::FakeReception reception_;
  std::unique_ptr<Server> server_ = server(settings());
};

TEST_F(SmtpSessionTest, TellsMailflowWhatItKnowsOfTheClient) {
  auto client = greeted(Service::submission, true);
  EXPECT_EQ(client.send(plain(test::kAnna, test::kPassword)), "235 2.7.0 signed in\r\n");
  EXPECT_EQ(client.send("MAIL FROM:<anna@demo.example> SMTPUTF8 SIZE=17 BODY=8BITMIME\r\n"
                        "RCPT TO:<x@elsewhere.example>\r\nDATA\r\nA: b\r\n.\r\n"),
            std::string(kToAnnaTaken).append(kGoAhead).append(kTaken));
  ASSERT_EQ(reception_.messages.size(), 1U);
  const auto& message = reception_.messages[0];
  EXPECT_EQ(message.source.connection_id, "c1");
  EXPECT_EQ(message.source.service, "submission");
  EXPECT_EQ(message.source.remote.to_string(), "192.0.2.1:40000");
  EXPECT_EQ(message.source.hello, "client.example");
  EXPECT_TRUE(message.source.esmtp);
  EXPECT_TRUE(message.source.smtputf8);
  EXPECT_EQ(message.source.tls_version, "TLSv1.3");
  EXPECT_EQ(message.source.tls_cipher, "TLS_AES_256_GCM_SHA384");
  ASSERT_TRUE(message.source.submitter);
  EXPECT_EQ(message.source.submitter->address, test::kAnna);
  EXPECT_EQ(message.envelope.reverse_path, test::kAnna);
  EXPECT_EQ(message.envelope.body_type, mailflow::BodyType::eight_bit);
  EXPECT_TRUE(message.envelope.smtputf8);
  EXPECT_EQ(message.size_hint, 17U);
  EXPECT_EQ(message.content, "A: b\r\n");
}

TEST_F(SmtpSessionTest, TellsMailflowWhatTheSenderWantsToHear) {
  auto client = greeted();
  client.send(
      "MAIL FROM:<b@elsewhere.example> RET=HDRS ENVID=QQ+3D1\r\n"
      "RCPT TO:<anna@demo.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Anna+2Bx@demo.example\r\n"
      "RCPT TO:<anna@demo.example> NOTIFY=NEVER\r\nRCPT TO:<anna@demo.example>\r\nDATA\r\nA: b\r\n.\r\n");
  ASSERT_EQ(reception_.messages.size(), 1U);
  const mailflow::Envelope& envelope = reception_.messages[0].envelope;
  EXPECT_EQ(envelope.ret, Ret::headers);
  EXPECT_EQ(envelope.envid, "QQ=1");
  ASSERT_EQ(envelope.recipients.size(), 3U);
  EXPECT_TRUE(envelope.recipients[0].dsn.success());
  EXPECT_TRUE(envelope.recipients[0].dsn.delay());
  EXPECT_FALSE(envelope.recipients[0].dsn.failure());
  EXPECT_EQ(envelope.recipients[0].dsn.original, (OriginalRecipient{"rfc822", "Anna+x@demo.example"}));
  EXPECT_TRUE(envelope.recipients[1].dsn.never());
  EXPECT_EQ(envelope.recipients[2].dsn, mailflow::DsnRequest{});
  EXPECT_EQ(client.send("MAIL FROM:<> NOTIFY=NEVER\r\n").substr(0, 3), "555");
}

TEST_F(SmtpSessionTest, LooksUpWhoMayBeInAnotherDirectory) {
  auto client = greeted();
  EXPECT_EQ(client.send("MAIL FROM:<>\r\nRCPT TO:<outside@demo.example> NOTIFY=NEVER\r\n"), kToAnnaTaken);
  EXPECT_THAT(client.send("RCPT TO:<outside-nobody@demo.example>\r\n"), StartsWith("550 5.1.1 "));
  EXPECT_THAT(client.send("RCPT TO:<outside-down@demo.example>\r\n"), StartsWith("451 "));
  // In one piece with what follows, answers come in order.
  EXPECT_EQ(client.send("RCPT TO:<outside-2@demo.example>\r\nRCPT TO:<anna@demo.example>\r\nDATA\r\n"),
            std::string("250 2.1.5 recipient ok\r\n250 2.1.5 recipient ok\r\n").append(kGoAhead));
  client.send("A: b\r\n.\r\n");
  ASSERT_EQ(reception_.messages.size(), 1U);
  const auto& recipients = reception_.messages[0].envelope.recipients;
  ASSERT_EQ(recipients.size(), 3U);
  EXPECT_TRUE(recipients[0].dsn.never());
  EXPECT_FALSE(recipients[1].dsn.never());
}

TEST_F(SmtpSessionTest, ForgetsATransactionBeforeTheNext) {
  auto client = greeted();
  client.send("MAIL FROM:<b@elsewhere.example> SMTPUTF8 SIZE=17 BODY=8BITMIME\r\nRCPT TO:<anna@demo.example>\r\n");
  client.send("DATA\r\n.\r\n");
  client.send("MAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\n.\r\n");
  ASSERT_EQ(reception_.messages.size(), 2U);
  const auto& message = reception_.messages[1];
  EXPECT_FALSE(message.source.smtputf8);
  EXPECT_FALSE(message.envelope.smtputf8);
  EXPECT_EQ(message.envelope.reverse_path, "");
  EXPECT_EQ(message.envelope.recipients.size(), 1U);
  EXPECT_EQ(message.envelope.body_type, mailflow::BodyType::seven_bit);
  EXPECT_EQ(message.size_hint, 0U);
  EXPECT_FALSE(message.source.submitter);
  EXPECT_EQ(reception_.alive, 0);
}

TEST_F(SmtpSessionTest, SignsInByScram) {
  for (const std::string mechanism : {"SCRAM-SHA-256", "SCRAM-SHA-1"}) {
    auto client = greeted(Service::submission, true);
    auto exchange = test::must(world_.library->client({mechanism}, true, test::kAnna, Secret(test::kPassword)));
    std::string reply =
        client.send("AUTH " + mechanism + " " + base64::encode(*test::must(exchange->initial())) + "\r\n");
    while (reply.starts_with("334 ")) {
      const auto challenge = base64::decode(std::string_view(reply).substr(4, reply.size() - 6));
      ASSERT_TRUE(challenge) << reply;
      reply = client.send(base64::encode(test::must(exchange->step(*challenge))) + "\r\n", 3);
    }
    EXPECT_EQ(reply, "235 2.7.0 signed in\r\n") << mechanism;
    EXPECT_TRUE(exchange->complete());
    EXPECT_THAT(client.send("MAIL FROM:<anna@demo.example>\r\n"), StartsWith("250 "));
  }
}

TEST_F(SmtpSessionTest, RefusesAWrongScramProof) {
  auto client = greeted(Service::submission, true);
  auto exchange = test::must(world_.library->client({"SCRAM-SHA-256"}, true, test::kAnna, Secret("something else")));
  const std::string reply =
      client.send("AUTH SCRAM-SHA-256 " + base64::encode(*test::must(exchange->initial())) + "\r\n");
  const auto challenge = base64::decode(std::string_view(reply).substr(4, reply.size() - 6));
  ASSERT_TRUE(challenge) << reply;
  EXPECT_EQ(client.send(base64::encode(test::must(exchange->step(*challenge))) + "\r\n"),
            "535 5.7.8 wrong name or password\r\n");
  EXPECT_THAT(client.send("MAIL FROM:<anna@demo.example>\r\n"), StartsWith("530 5.7.0"));
}

TEST_F(SmtpSessionTest, EndsWhenTheAccountIsRevoked) {
  auto client = greeted(Service::submission, true);
  client.send(plain(test::kAnna, test::kPassword));
  EXPECT_EQ(client.wake(), "");  // woken for nothing
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(world_.door.revoke(world_.anna.id), 1U);
  EXPECT_GE(client.waker->count, 1);
  EXPECT_EQ(client.wake(), "421 4.7.0 the account was changed, sign in again\r\n");
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(world_.door.signed_in(), 1U);
  client.kill();
  EXPECT_EQ(world_.door.signed_in(), 0U);
}

TEST_F(SmtpSessionTest, StartTlsEndsASignInWithoutTls) {
  world_.door.set_policy({.without_tls = true});
  auto client = greeted(Service::submission);
  EXPECT_EQ(client.send(plain(test::kAnna, test::kPassword)), "235 2.7.0 signed in\r\n");
  EXPECT_EQ(client.send("STARTTLS\r\nEHLO injected\r\n"), "220 2.0.0 start TLS now\r\n");
  EXPECT_EQ(client.upgrades, 1);
  EXPECT_EQ(world_.door.signed_in(), 0U);
  EXPECT_EQ(client.send("MAIL FROM:<anna@demo.example>\r\n"), "503 5.5.1 say EHLO first\r\n");
}

TEST_F(SmtpSessionTest, SaysWhatBeginFailedOf) {
  reception_.begin_fails = Errc::disk_full;
  auto client = greeted();
  EXPECT_EQ(client.send(std::string(kToAnna) + "DATA\r\nNOOP\r\n"),
            std::string(kToAnnaTaken) + "452 4.3.1 no storage space at the moment\r\n250 2.0.0 ok\r\n");
  EXPECT_EQ(client.send(std::string(kToAnna) + "BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nRSET\r\n"),
            std::string(kToAnnaTaken) +
                "452 4.3.1 no storage space at the moment\r\n"
                "503 5.5.1 the message was refused, RSET must come first\r\n250 2.0.0 forgotten\r\n");
  reception_.begin_fails.reset();
  EXPECT_THAT(client.send(std::string(kToAnna) + "DATA\r\n.\r\n"), EndsWith(kTaken));
}

TEST_F(SmtpSessionTest, SaysWhatFinishFailedOf) {
  for (int i = 0; i <= static_cast<int>(kLastErrc); ++i) {
    reception_.finish_fails = static_cast<Errc>(i);
    const Words words = reply_for_message(*reception_.finish_fails);
    auto client = greeted();
    const std::string reply = client.send(std::string(kToAnna) + "DATA\r\n.\r\n");
    EXPECT_THAT(reply, EndsWith(fmt::format("{} {} {}\r\n", words.code, words.enhanced.to_string(), words.text)));
    EXPECT_EQ(reception_.alive, 0);
    EXPECT_THAT(client.send("MAIL FROM:<>\r\n"), StartsWith("250 "));
  }
}

TEST_F(SmtpSessionTest, WaitsForTheIntakeWhenItIsFull) {
  reception_.flush_at = 1000;
  auto client = greeted();
  client.send(std::string(kToAnna) + "DATA\r\n");
  for (int i = 0; i < 10; ++i) client.send(std::string(998, 'x') + "\r\n");
  client.send(".\r\n" + std::string(kToAnna) + "BDAT 5000\r\n");
  client.send(std::string(5000, 'y'), 1024);
  client.send("BDAT 2 LAST\r\n\r\n");
  ASSERT_EQ(reception_.messages.size(), 2U);
  EXPECT_GE(reception_.messages[0].flushes, 9);
  EXPECT_EQ(reception_.messages[0].content.size(), 10000U);
  EXPECT_GE(reception_.messages[1].flushes, 3);
  EXPECT_EQ(reception_.messages[1].content.size(), 5002U);
}

TEST_F(SmtpSessionTest, LeavesNothingWhenItDiesWithinAMessage) {
  auto client = greeted();
  client.send(std::string(kToAnna) + "DATA\r\nhalf a mess");
  EXPECT_EQ(reception_.alive, 1);
  client.kill();
  EXPECT_EQ(reception_.alive, 0);
  EXPECT_FALSE(reception_.messages[0].finished);
}

TEST_F(SmtpSessionTest, SaysWhatItWaitsFor) {
  Client client(*server_, Service::smtp, false);
  EXPECT_EQ(client.greeting, "220 mail.demo.example ESMTP Gatepost\r\n");
  EXPECT_EQ(client.session->waiting(), Waiting::greeting);
  client.send("EH");
  EXPECT_EQ(client.session->waiting(), Waiting::greeting);
  client.send("LO client.example\r\n");
  EXPECT_EQ(client.session->waiting(), Waiting::command);
  client.send(std::string(kToAnna) + "DATA\r\n");
  EXPECT_EQ(client.session->waiting(), Waiting::data);
  client.send(".\r\n");
  EXPECT_EQ(client.session->waiting(), Waiting::command);
  client.send("BDAT 3\r\nab");
  EXPECT_EQ(client.session->waiting(), Waiting::data);
  EXPECT_EQ(client.send("c"), "503 5.5.1 MAIL must come first\r\n");
  EXPECT_EQ(client.session->waiting(), Waiting::command);
  client.session->stopping();
  EXPECT_EQ(client.output.take(), "421 4.3.2 the server is stopping, try again later\r\n");
  EXPECT_FALSE(client.session->timed_out());
  EXPECT_EQ(client.output.take(), "421 4.4.2 waited too long\r\n");
}

TEST_F(SmtpSessionTest, ATransactionMayEndBeforeTheServerStops) {
  auto client = greeted();
  EXPECT_FALSE(client.session->finishing());
  client.send("MAIL FROM:<>\r\n");
  EXPECT_TRUE(client.session->finishing());
  client.send("RSET\r\n");
  EXPECT_FALSE(client.session->finishing());
  client.send(std::string(kToAnna));
  EXPECT_TRUE(client.session->finishing());
  client.send("DATA\r\n");
  EXPECT_TRUE(client.session->finishing());
  client.send(".\r\n");
  EXPECT_FALSE(client.session->finishing());
}

TEST_F(SmtpSessionTest, BoundsWhereAliasesLead) {
  reception_.destinations = kMaxDestinations / 2;
  auto client = greeted();
  EXPECT_EQ(client.send("MAIL FROM:<>\r\nRCPT TO:<a@demo.example>\r\nRCPT TO:<b@demo.example>\r\n"
                        "RCPT TO:<c@demo.example>\r\n"),
            "250 2.1.0 sender ok\r\n250 2.1.5 recipient ok\r\n250 2.1.5 recipient ok\r\n"
            "452 4.5.3 too many recipients\r\n");
}

TEST_F(SmtpSessionTest, HasAReplyForEveryReasonToRefuseARecipient) {
  auto client = greeted();
  EXPECT_EQ(client.send("MAIL FROM:<>\r\nRCPT TO:<nobody@demo.example>\r\nRCPT TO:<disabled@demo.example>\r\n"
                        "RCPT TO:<later@demo.example>\r\nRCPT TO:<bad@demo.example>\r\nRCPT TO:<x@y.example>\r\n"),
            "250 2.1.0 sender ok\r\n550 5.1.1 no such user\r\n550 5.2.1 this mailbox is switched off\r\n"
            "451 4.3.0 the recipient cannot be checked now, try again later\r\n553 5.1.3 this is not an address\r\n"
            "550 5.7.1 mail for this domain is not relayed\r\n");
  EXPECT_EQ(metric("gatepost_smtp_recipients_refused_total"), 5U);
}

TEST_F(SmtpSessionTest, CountsSessionsCommandsAndMessages) {
  {
    auto client = greeted();
    client.send(std::string(kToAnna) + "DATA\r\n.\r\nFOO\r\n");
    client.send(std::string(kToAnna) + "DATA\r\na\nb\r\n.\r\n");
    EXPECT_EQ(world_.metrics.gauge("gatepost_smtp_sessions", "service=\"smtp\"", "").value(), 1);
  }
  EXPECT_EQ(world_.metrics.gauge("gatepost_smtp_sessions", "service=\"smtp\"", "").value(), 0);
  EXPECT_EQ(metric("gatepost_smtp_connections_total"), 1U);
  EXPECT_EQ(metric("gatepost_smtp_commands_total"), 8U);
  EXPECT_EQ(metric("gatepost_smtp_messages_accepted_total"), 1U);
  EXPECT_EQ(metric("gatepost_smtp_messages_refused_total"), 1U);
  EXPECT_EQ(metric("gatepost_smtp_connections_total", Service::submission), 0U);
}

TEST_F(SmtpSessionTest, LogsWithTheConnectionAndWithoutSecrets) {
  auto client = greeted(Service::submission, true);
  client.send(plain(test::kAnna, "not the password"));
  client.send(plain(test::kAnna, test::kPassword));
  client.send("MAIL FROM:<else@demo.example>\r\n");
  client.send("MAIL FROM:<anna@demo.example>\r\nRCPT TO:<nobody@demo.example>\r\n");
  client.send("GET / HTTP/1.0\r\n");
  EXPECT_TRUE(client.closed);
  std::string all;
  for (const std::string& line : world_.sink.lines()) {
    EXPECT_THAT(line, HasSubstr("conn=c1")) << line;
    all += line + "\n";
  }
  EXPECT_THAT(all, HasSubstr("smtp.sender_refused"));
  EXPECT_THAT(all, HasSubstr("smtp.recipient_refused"));
  EXPECT_THAT(all, HasSubstr("smtp.hung_up"));
  EXPECT_THAT(all, testing::Not(HasSubstr("password\"")));
  EXPECT_THAT(all, testing::Not(HasSubstr("correct")));
}

TEST_F(SmtpSessionTest, NewSessionsFollowNewSettings) {
  auto before = greeted();
  Settings fresh = settings();
  fresh.max_recipients = 1;
  fresh.hostname = "other.demo.example";
  server_->reload(fresh);
  auto after = greeted();
  EXPECT_THAT(after.greeting, StartsWith("220 other.demo.example "));
  const std::string two = std::string(kToAnna) + "RCPT TO:<b@demo.example>\r\n";
  EXPECT_EQ(before.send(two), std::string(kToAnnaTaken) + "250 2.1.5 recipient ok\r\n");
  EXPECT_EQ(after.send(two), std::string(kToAnnaTaken) + "452 4.5.3 too many recipients\r\n");
}

TEST_F(SmtpSessionTest, UnlimitedAddressesAreNotCounted) {
  Settings tight = settings();
  tight.messages_per_minute_per_address = 1;
  tight.unlimited = {*Network::parse("192.0.2.0/24")};
  server_->reload(tight);
  const std::string two = "HELO x\r\nMAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\n";
  Client free(*server_, Service::smtp, false);
  EXPECT_THAT(free.send(two), EndsWith("250 2.1.0 sender ok\r\n"));
  // One /64 counts as one.
  Client first(*server_, Service::smtp, false, true, *IpAddress::parse("2001:db8::1"));
  EXPECT_THAT(first.send("HELO x\r\nMAIL FROM:<>\r\n"), EndsWith("250 2.1.0 sender ok\r\n"));
  Client second(*server_, Service::smtp, false, true, *IpAddress::parse("2001:db8::2"));
  EXPECT_THAT(second.send("HELO x\r\nMAIL FROM:<>\r\n"), EndsWith("450 4.7.1 too many messages, try again later\r\n"));
}

TEST_F(SmtpSessionTest, HoldsNothingOfWhatItRefuses) {
  Settings small = settings();
  small.max_message_octets = 1 << 20;
  server_->reload(small);
  auto client = greeted();
  client.send("BDAT 2000000\r\n");
  const std::string piece(10000, 'x');
  for (int i = 0; i < 199; ++i) EXPECT_EQ(client.send(piece), "");
  EXPECT_EQ(client.send(piece + "NOOP\r\n"), "503 5.5.1 MAIL must come first\r\n250 2.0.0 ok\r\n");
  EXPECT_TRUE(reception_.messages.empty());
}

// A long conversation with everything in it: the same replies and content, however it is cut.
TEST_F(SmtpSessionTest, AnswersAlikeHoweverTheInputIsCut) {
  const std::string to_anna(kToAnna);
  const std::string all = "EHLO a\r\n" + to_anna + "DATA\r\nA: b\r\n\r\n..x\r\n.\r\n" + to_anna +
                          "DATA\r\nA: b\n.\nx\r.\r\n\r\n.\r\n" + to_anna + "BDAT 5\r\nA: b\rBDAT 1\r\n\n" +
                          "BDAT 4 LAST\r\n\r\nx\rNOOP\n\r\nVRFY x\r\n" + to_anna +
                          "BDAT 0\r\nBDAT 4 LAST\r\na\nbcBDAT 7\r\nQUIT\r\nxAUTH PLAIN\r\n" + std::string(5000, 'z') +
                          "\r\nMAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<postmaster>\r\n"
                          "DATA\r\nBDAT 3 LAST\r\n\n\r.QUIT\r\n";
  auto whole_client = greeted();
  const std::string whole = whole_client.send(all);
  EXPECT_TRUE(whole_client.closed) << whole;
  const auto taken = reception_.messages;
  ASSERT_EQ(taken.size(), 5U);
  EXPECT_EQ(taken[4].content, "\n\r.");
  for (std::size_t chunk = 1; chunk <= 40; ++chunk) {
    reception_.forget();
    auto client = greeted();
    EXPECT_EQ(client.send(all, chunk), whole) << chunk;
    ASSERT_EQ(reception_.messages.size(), taken.size()) << chunk;
    for (std::size_t i = 0; i < taken.size(); ++i) {
      EXPECT_EQ(reception_.messages[i].finished, taken[i].finished) << chunk;
      if (taken[i].finished) EXPECT_EQ(reception_.messages[i].content, taken[i].content) << chunk;
    }
  }
}

}  // namespace
}  // namespace gatepost::smtp::server
