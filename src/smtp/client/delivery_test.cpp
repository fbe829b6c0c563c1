#include "smtp/client/delivery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/base64.hpp"
#include "smtp/client/test_support.hpp"

namespace gatepost::smtp::client {
namespace {

using mailflow::BodyType;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kMessage = "Received: x\r\nSubject: hello\r\n\r\n.dot\r\nbye\r\n";

class SmtpDelivery : public testing::Test {
 protected:
  SmtpDelivery() { world.resolver.add_mx("there.example", 10, "mx.there.example"); }
  FakeServer& mx() { return world.server("mx.there.example", "192.0.2.1"); }
  World world;
};

TEST_F(SmtpDelivery, HandsAMessageOver) {
  FakeServer& server = mx();
  EXPECT_THAT(world.send(world.entry(kMessage, {"bert@there.example"})),
              ElementsAre("delivered 250 2.0.0 queued as 17 (mx.there.example)"));
  EXPECT_THAT(server.commands,
              ElementsAre("EHLO out.example.org",
                          fmt::format("MAIL FROM:<anna@example.org> SIZE={} BODY=8BITMIME", kMessage.size()),
                          "RCPT TO:<bert@there.example>", "DATA", "QUIT"));
  EXPECT_THAT(server.messages, ElementsAre(kMessage));
  EXPECT_THAT(world.dialled, ElementsAre("192.0.2.1:25"));
}

TEST_F(SmtpDelivery, PipelinesTheEnvelopeOnlyWhereThatIsOffered) {
  FakeServer& server = mx();
  world.send(world.entry(kMessage, {"a@there.example", "b@there.example", "c@there.example"}));
  const int pipelined = server.writes;
  server.offers = {"8BITMIME"};
  world.send(world.entry(kMessage, {"a@there.example", "b@there.example", "c@there.example"}));
  EXPECT_EQ(server.writes - pipelined, pipelined + 3);
  EXPECT_EQ(server.messages.size(), 2U);
}

TEST_F(SmtpDelivery, GivesEachRecipientItsOwnResult) {
  FakeServer& server = mx();
  server.replies["RCPT TO:<no@"] = "550 5.1.1 no such user";
  server.replies["RCPT TO:<busy@"] = "450 4.2.1 greylisted";
  for (const bool pipelining : {true, false}) {
    server.offers =
        pipelining ? std::vector<std::string>{"PIPELINING", "8BITMIME"} : std::vector<std::string>{"8BITMIME"};
    EXPECT_THAT(world.send(world.entry(kMessage, {"no@there.example", "yes@there.example", "busy@there.example"})),
                ElementsAre("failed 550 5.1.1 no such user (mx.there.example)",
                            "delivered 250 2.0.0 queued as 17 (mx.there.example)",
                            "later 450 4.2.1 greylisted (mx.there.example)"));
  }
}

TEST_F(SmtpDelivery, BeginsNoMessageThatNobodyGets) {
  FakeServer& server = mx();
  server.replies["RCPT"] = "550 5.7.1 go away";
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example", "b@there.example"})),
              Each("failed 550 5.7.1 go away (mx.there.example)"));
  EXPECT_THAT(server.commands, Not(Contains("DATA")));
  EXPECT_THAT(server.commands, Contains("RSET"));
}

TEST_F(SmtpDelivery, TakesTheVerdictOnSenderDataAndMessage) {
  FakeServer& server = mx();
  server.replies["MAIL"] = "550 5.7.1 bad sender";
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("failed 550 5.7.1 bad sender (mx.there.example)"));
  server.replies["MAIL"] = "451 4.3.0 not now";
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("later 451 4.3.0 not now (mx.there.example)"));
  server.replies.clear();
  server.replies["DATA"] = "554 5.5.1 no";
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("failed 554 5.5.1 no (mx.there.example)"));
  server.replies.clear();
  server.verdict = "552 5.3.4 too big";
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("failed 552 5.3.4 too big (mx.there.example)"));
  server.verdict = "452 4.3.1 disk full";
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("later 452 4.3.1 disk full (mx.there.example)"));
}

TEST_F(SmtpDelivery, TriesLaterWhenTheAnswerToTheMessageDoesNotCome) {
  FakeServer& server = mx();
  world.resolver.add_mx("there.example", 20, "mx2.there.example");
  world.server("mx2.there.example", "192.0.2.2");
  server.verdict = "";
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("later 451 4.4.2 mx.there.example: the connection was closed during the end of the message"));
  server.verdict = "...";
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("later 451 4.4.2 mx.there.example: no answer in time during the end of the message"));
  // It may have been taken: no other server gets it at once.
  EXPECT_EQ(world.server("", "192.0.2.2").connections, 0);
}

TEST_F(SmtpDelivery, GoesToTheNextHostWhenOneIsOfNoUse) {
  world.resolver.add_mx("there.example", 20, "mx2.there.example");
  FakeServer& second = world.server("mx2.there.example", "192.0.2.2");
  const auto delivered = ElementsAre("delivered 250 2.0.0 queued as 17 (mx2.there.example)");
  // Cannot be reached.
  world.resolver.add_address("mx.there.example", "192.0.2.1");
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})), delivered);
  // Busy, closing, silent, speaking something else, broken in the middle.
  FakeServer& first = world.server("", "192.0.2.1");
  for (const char* greeting : {"554 5.3.2 no service", "421 4.3.2 busy", "", "...", "SSH-2.0-OpenSSH"}) {
    first.greeting = greeting;
    EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})), delivered) << greeting;
  }
  first.greeting = "220 mx.example";
  for (const char* command : {"EHLO", "MAIL", "RCPT", "DATA"}) {
    first.replies = {{command, "421 4.3.2 shutting down"}};
    EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})), delivered) << command;
    first.replies = {{command, ""}};
    EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})), delivered) << command;
  }
  first.replies.clear();
  first.breaks_after_octets = 10;
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})), delivered);
  EXPECT_THAT(second.messages, Each(kMessage));
  EXPECT_EQ(first.messages.size(), 0U);
}

TEST_F(SmtpDelivery, SaysWhyNoHostTookIt) {
  world.resolver.add_address("mx.there.example", "192.0.2.1");
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("later 451 4.4.1 mx.there.example cannot be reached: 192.0.2.1:25: Connection refused"));
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@nowhere.example"})),
              ElementsAre("failed 550 5.1.2 there is no host or domain nowhere.example"));
  world.resolver.add_failure("dark.example", runtime::RecordType::mx, Errc::timed_out);
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@dark.example"})),
              ElementsAre("later 451 4.4.3 the name dark.example could not be looked up: timed_out"));
}

TEST_F(SmtpDelivery, AsksByHeloWhereEhloIsNotKnown) {
  FakeServer& server = mx();
  server.replies["EHLO"] = "502 5.5.1 what?";
  auto entry = world.entry(kMessage, {"a@there.example"});
  entry.body_type = BodyType::seven_bit;
  EXPECT_THAT(world.send(entry), ElementsAre(StartsWith("delivered")));
  EXPECT_THAT(server.commands,
              ElementsAre("EHLO out.example.org", "HELO out.example.org", "MAIL FROM:<anna@example.org>",
                          "RCPT TO:<a@there.example>", "DATA", "QUIT"));
}

TEST_F(SmtpDelivery, UsesTlsWhenItIsOffered) {
  FakeServer& server = mx();
  server.offers = {"STARTTLS"};
  server.offers_in_tls = {"8BITMIME", "SIZE"};
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})), ElementsAre(StartsWith("delivered")));
  EXPECT_THAT(server.commands,
              ElementsAre("EHLO out.example.org", "STARTTLS", "EHLO out.example.org",
                          fmt::format("MAIL FROM:<anna@example.org> SIZE={} BODY=8BITMIME", kMessage.size()),
                          "RCPT TO:<a@there.example>", "DATA", "QUIT"));
  EXPECT_EQ(server.handshakes, 1);
  EXPECT_FALSE(server.verified);
  EXPECT_EQ(server.tls_name, "mx.there.example");
}

TEST_F(SmtpDelivery, GoesOnWithoutTlsWhenTheHandshakeFailsUnlessItIsRequired) {
  FakeServer& server = mx();
  server.offers = {"STARTTLS", "8BITMIME"};
  server.refuses_handshake = true;
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})), ElementsAre(StartsWith("delivered")));
  EXPECT_EQ(server.connections, 2);
  EXPECT_THAT(world.sink.lines(), Contains(HasSubstr("relay.tls_failed host=mx.there.example")));

  Settings settings = World::settings();
  settings.tls = TlsUse::required;
  world.use(std::move(settings));
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("later 451 4.7.5 TLS with mx.there.example failed: handshake failure"));
  server.offers = {"8BITMIME"};
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("later 451 4.7.10 mx.there.example does not offer STARTTLS"));
  EXPECT_EQ(server.messages.size(), 1U);

  settings = World::settings();
  settings.tls = TlsUse::none;
  world.use(std::move(settings));
  server.offers = {"STARTTLS", "8BITMIME"};
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})), ElementsAre(StartsWith("delivered")));
}

TEST_F(SmtpDelivery, SignsInAtTheSmartHostUnderTlsOnly) {
  FakeServer& server = world.server("smart.example", "192.0.2.9", 587);
  server.offers = {"STARTTLS", "AUTH PLAIN LOGIN"};
  server.offers_in_tls = {"8BITMIME", "AUTH PLAIN LOGIN"};
  server.replies["AUTH"] = "235 2.7.0 welcome";
  auto use = [this](TlsUse tls) {
    Settings settings = World::settings();
    settings.smart_host = SmartHost{"smart.example", 587, tls, "anna", Secret("secret")};
    world.use(std::move(settings));
  };
  use(TlsUse::required);
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("delivered 250 2.0.0 queued as 17 (smart.example)"));
  EXPECT_THAT(server.commands, Contains("AUTH PLAIN " + base64::encode(std::string("\0anna\0secret", 12))));
  EXPECT_TRUE(server.verified);
  EXPECT_THAT(world.dialled, ElementsAre("192.0.2.9:587"));

  server.replies["AUTH"] = "535 5.7.8 wrong";
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("later 535 5.7.8 wrong (smart.example)"));
  EXPECT_THAT(world.sink.lines(), Contains(HasSubstr("relay.sign_in_failed host=smart.example user=anna")));
  EXPECT_THAT(world.sink.lines(), Not(Contains(HasSubstr("secret"))));

  use(TlsUse::none);
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("later 451 4.7.10 no sign-in at smart.example without TLS"));
}

TEST_F(SmtpDelivery, BelievesNoServerThatDoesNotKnowThePassword) {
  FakeServer& server = world.server("smart.example", "192.0.2.9", 465);
  server.offers = {"8BITMIME", "AUTH SCRAM-SHA-256"};
  server.replies["AUTH SCRAM-SHA-256"] = "235 2.7.0 of course";
  Settings settings = World::settings();
  settings.smart_host = SmartHost{"smart.example", 465, TlsUse::implicit, "anna", Secret("secret")};
  world.use(std::move(settings));
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("later 451 4.7.8 smart.example is not the server it claims to be"));
  EXPECT_EQ(server.handshakes, 1);
  EXPECT_TRUE(server.verified);
  server.replies["AUTH SCRAM-SHA-256"] = "334 bm9uc2Vuc2U=";
  server.replies["*"] = "501 5.0.0 cancelled";
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})),
              ElementsAre("later 501 5.0.0 cancelled (smart.example)"));
}

TEST_F(SmtpDelivery, DoesNotTryWhatIsTooLarge) {
  FakeServer& server = mx();
  server.offers = {"SIZE 20", "8BITMIME"};
  EXPECT_THAT(
      world.send(world.entry(kMessage, {"a@there.example"})),
      ElementsAre(fmt::format("failed 552 5.3.4 mx.there.example takes messages up to 20 octets, this one has {}",
                              kMessage.size())));
  EXPECT_THAT(server.commands, Not(Contains(StartsWith("MAIL"))));
}

TEST_F(SmtpDelivery, FitsTheMessageToWhatTheServerOffers) {
  FakeServer& server = mx();
  server.offers = {};
  // Nothing in it needs 8 bits.
  EXPECT_THAT(world.send(world.entry(kMessage, {"a@there.example"})), ElementsAre(StartsWith("delivered")));
  EXPECT_THAT(server.commands, Contains("MAIL FROM:<anna@example.org>"));
  EXPECT_THAT(world.send(world.entry("A: b\r\n\r\n\xc3\xbc\r\n", {"a@there.example"})),
              ElementsAre("failed 554 5.6.3 mx.there.example does not take 8-bit messages"));
  auto utf8 = world.entry("Subject: x\r\n\r\n", {"a@there.example"});
  utf8.smtputf8 = true;
  EXPECT_THAT(world.send(utf8), ElementsAre(StartsWith("delivered")));
  utf8 = world.entry("Subject: \xc3\xbc\r\n\r\n", {"a@there.example"});
  utf8.smtputf8 = true;
  const std::string no_utf8 =
      "failed 553 5.6.7 mx.there.example does not take addresses or headers outside ASCII (SMTPUTF8)";
  EXPECT_THAT(world.send(utf8), ElementsAre(no_utf8));
  EXPECT_THAT(world.send(world.entry(kMessage, {"b\xc3\xbc@there.example"})), ElementsAre(no_utf8));
  server.offers = {"SMTPUTF8", "8BITMIME"};
  EXPECT_THAT(world.send(world.entry(kMessage, {"b\xc3\xbc@there.example"})), ElementsAre(StartsWith("delivered")));
  EXPECT_THAT(server.commands, Contains("MAIL FROM:<anna@example.org> BODY=8BITMIME SMTPUTF8"));
}

TEST_F(SmtpDelivery, SendsBinaryInChunksOrNotAtAll) {
  FakeServer& server = mx();
  const std::string binary = "A: b\r\n\r\nbare\nand \0 nothing" + std::string(100'000, 'x');
  auto entry = world.entry(binary, {"a@there.example"});
  entry.body_type = BodyType::binary;
  EXPECT_THAT(world.send(entry), ElementsAre("failed 554 5.6.3 mx.there.example does not take binary messages"));
  server.offers = {"8BITMIME", "BINARYMIME", "CHUNKING", "PIPELINING"};
  EXPECT_THAT(world.send(entry), ElementsAre(StartsWith("delivered")));
  EXPECT_THAT(server.commands, Contains("MAIL FROM:<anna@example.org> BODY=BINARYMIME"));
  EXPECT_THAT(server.commands, Contains(StartsWith("BDAT 65536")));
  EXPECT_THAT(server.messages, ElementsAre(binary));
  // Said to be binary, but is not: any server will do.
  server.offers = {"8BITMIME"};
  entry = world.entry(kMessage, {"a@there.example"});
  entry.body_type = BodyType::binary;
  EXPECT_THAT(world.send(entry), ElementsAre(StartsWith("delivered")));
  EXPECT_EQ(server.messages.back(), kMessage);
}

TEST_F(SmtpDelivery, SendsLargeMessagesWithDotsDoubled) {
  FakeServer& server = mx();
  std::string message = "Subject: large\r\n\r\n";
  for (int i = 0; i < 50'000; ++i) message += (i % 3 == 0 ? ".line " : "line ") + std::to_string(i) + "\r\n";
  EXPECT_THAT(world.send(world.entry("Return-Path: <anna@example.org>\r\n" + message, {"a@there.example"})),
              ElementsAre(StartsWith("delivered")));
  ASSERT_EQ(server.messages.size(), 1U);
  EXPECT_TRUE(server.messages.front() == message);
}

TEST_F(SmtpDelivery, SendsManyRecipientsInSeveralTransactions) {
  FakeServer& server = mx();
  std::vector<std::string> to;
  for (int i = 0; i < 250; ++i) to.push_back(fmt::format("u{}@there.example", i));
  EXPECT_THAT(world.send(world.entry(kMessage, to)), Each(StartsWith("delivered")));
  EXPECT_EQ(server.messages.size(), 3U);
  EXPECT_EQ(server.connections, 1);
}

TEST_F(SmtpDelivery, GivesThoseTheirTurnWhoWereTooMany) {
  FakeServer& server = mx();
  server.replies["RCPT TO:<c@"] = "452 4.5.3 too many recipients";
  const auto result = world.send(world.entry(kMessage, {"a@there.example", "b@there.example", "c@there.example"}));
  EXPECT_THAT(result, ElementsAre(StartsWith("delivered"), StartsWith("delivered"),
                                  "later 452 4.5.3 too many recipients (mx.there.example)"));
  EXPECT_EQ(server.messages.size(), 1U);
  EXPECT_EQ(std::ranges::count(server.commands, "RCPT TO:<c@there.example>"), 2);
}

TEST_F(SmtpDelivery, PassesOnWhatTheSenderWantsToHear) {
  FakeServer& server = mx();
  server.offers.emplace_back("DSN");
  auto entry = world.entry(kMessage, {"a@there.example", "b@there.example", "c@there.example"});
  entry.ret = smtp::Ret::headers;
  entry.envid = "QQ=1";
  entry.recipients[0].dsn.notify = Notify{.success = true, .failure = true};
  entry.recipients[0].dsn.original = OriginalRecipient{"rfc822", "A+x@example.org"};
  entry.recipients[1].dsn.notify = Notify{};
  entry.recipients[2].original = "alias@example.org";
  const auto result = runtime::run_to_end(world.delivery->attempt(World::attempt_of(entry)));
  for (const auto& one : result.recipients) EXPECT_TRUE(one.reports);
  EXPECT_THAT(server.commands, Contains(HasSubstr(" RET=HDRS ENVID=QQ+3D1")));
  EXPECT_THAT(server.commands,
              Contains("RCPT TO:<a@there.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;A+2Bx@example.org"));
  EXPECT_THAT(server.commands, Contains("RCPT TO:<b@there.example> NOTIFY=NEVER"));
  EXPECT_THAT(server.commands, Contains("RCPT TO:<c@there.example> ORCPT=rfc822;alias@example.org"));
  EXPECT_EQ(server.messages.size(), 1U);
}

TEST_F(SmtpDelivery, SendsFromNobodyToThoseOfWhomNothingIsToBeHeard) {
  FakeServer& server = mx();
  auto entry = world.entry(kMessage, {"a@there.example", "b@there.example", "c@there.example"});
  entry.envid = "e1";
  entry.recipients[0].dsn.notify = Notify{.success = true};
  entry.recipients[1].dsn.notify = Notify{};
  const auto result = runtime::run_to_end(world.delivery->attempt(World::attempt_of(entry)));
  for (const auto& one : result.recipients) {
    EXPECT_FALSE(one.reports);
    EXPECT_EQ(one.outcome, mailflow::AttemptResult::Outcome::delivered);
  }
  EXPECT_EQ(server.messages.size(), 2U);
  EXPECT_THAT(server.commands, Not(Contains(HasSubstr("NOTIFY"))));
  EXPECT_THAT(server.commands, Not(Contains(HasSubstr("ENVID"))));
  const auto null_sender =
      std::ranges::find_if(server.commands, [](const auto& c) { return c.starts_with("MAIL FROM:<>"); });
  ASSERT_NE(null_sender, server.commands.end());
  EXPECT_EQ(*(null_sender + 1), "RCPT TO:<b@there.example>");
  EXPECT_EQ(*(null_sender + 2), "DATA");
}

TEST_F(SmtpDelivery, SendsBouncesFromTheNullSender) {
  FakeServer& server = mx();
  world.send(world.entry(kMessage, {"a@there.example"}, ""));
  EXPECT_THAT(server.commands, Contains(StartsWith("MAIL FROM:<> ")));
}

TEST_F(SmtpDelivery, EndsNoMessageItCouldNotRead) {
  FakeServer& server = mx();
  const std::string large = "Subject: x\r\n\r\n" + std::string(200'000, 'x') + "\r\n";
  const auto entry = world.entry(large, {"a@there.example"});
  world.store.refuse_read = [](std::uint64_t offset) {
    return offset > 0 ? std::optional(Errc::unavailable) : std::nullopt;
  };
  EXPECT_THAT(world.send(entry), ElementsAre("later 451 4.3.0 the message cannot be read at present"));
  EXPECT_EQ(server.messages.size(), 0U);
  EXPECT_THAT(world.sink.lines(), Contains(HasSubstr("relay.unreadable")));
  world.store.refuse_read = [](std::uint64_t) { return Errc::corrupt; };
  EXPECT_THAT(world.send(entry), ElementsAre("later 451 4.3.0 the message cannot be read at present"));
}

TEST_F(SmtpDelivery, LeavesFromTheSourceOfTheRightFamily) {
  mx();
  Settings settings = World::settings();
  settings.source_addresses = {*IpAddress::parse("2001:db8::99"), *IpAddress::parse("198.51.100.9")};
  world.use(std::move(settings));
  world.send(world.entry(kMessage, {"a@there.example"}));
  EXPECT_THAT(world.sources, ElementsAre("198.51.100.9"));
}

runtime::Task<> send_one_after_another(World& world, const mailflow::QueueEntry& entry, int times) {
  for (int i = 0; i < times; ++i) {
    const auto result = co_await world.delivery->attempt(World::attempt_of(entry));
    EXPECT_THAT(World::words(result), Each(StartsWith("delivered")));
  }
}

TEST_F(SmtpDelivery, UsesAConnectionAgain) {
  FakeServer& server = mx();
  const auto entry = world.entry(kMessage, {"a@there.example"});
  Settings settings = World::settings();
  settings.idle_time = std::chrono::seconds(5);
  world.use(std::move(settings));
  runtime::run_to_end(send_one_after_another(world, entry, 3));
  EXPECT_EQ(server.connections, 1);
  EXPECT_EQ(server.messages.size(), 3U);
  EXPECT_EQ(std::ranges::count(server.commands, "EHLO out.example.org"), 1);

  // Connections that were opened under other settings are not used any more.
  settings = World::settings();
  settings.idle_time = std::chrono::seconds(5);
  settings.messages_per_connection = 2;
  world.use(std::move(settings));
  runtime::run_to_end(send_one_after_another(world, entry, 4));
  EXPECT_EQ(server.connections, 3);
}

runtime::Task<> send_again_after_it_hung_up(World& world, FakeServer& server, const mailflow::QueueEntry& entry) {
  const auto first = co_await world.delivery->attempt(World::attempt_of(entry));
  EXPECT_THAT(World::words(first), ElementsAre(StartsWith("delivered")));
  server.hangs_up = true;
  const auto second = co_await world.delivery->attempt(World::attempt_of(entry));
  EXPECT_THAT(World::words(second), ElementsAre(StartsWith("delivered")));
}

TEST_F(SmtpDelivery, OpensAnotherConnectionWhenTheOldOneIsGone) {
  FakeServer& server = mx();
  const auto entry = world.entry(kMessage, {"a@there.example"});
  Settings settings = World::settings();
  settings.idle_time = std::chrono::seconds(5);
  world.use(std::move(settings));
  runtime::run_to_end(send_again_after_it_hung_up(world, server, entry));
  EXPECT_EQ(server.connections, 2);
  EXPECT_EQ(server.messages.size(), 2U);
}

}  // namespace
}  // namespace gatepost::smtp::client
