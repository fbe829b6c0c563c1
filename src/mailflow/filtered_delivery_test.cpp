#include "mailflow/filtered_delivery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "mailflow/queue_runner.hpp"
#include "mailflow/test_support.hpp"
#include "mailflow/vacation.hpp"
#include "mime/header.hpp"
#include "mime/structure.hpp"

namespace gatepost::mailflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::string_view kFar = "far@there.example";

class MailflowFilter : public testing::Test {
 protected:
  void script(std::string_view content, std::string_view of = kAnna) {
    Scripts& scripts = *world.reception->scripts();
    const auto account = world.account(of);
    const auto compiled = sieve::compile(content);
    ASSERT_TRUE(compiled) << compiled.error().text();
    const auto list = scripts.list(*account);
    const auto id = list->scripts.empty() ? std::optional<ScriptId>() : std::optional(list->scripts[0].id);
    const auto put = scripts.put(*account, id, "filters", content);
    ASSERT_TRUE(put);
    ASSERT_TRUE(scripts.activate(*account, *put));
  }
  Result<Accepted> write(std::string_view fields = "", std::vector<std::string> to = {std::string(kAnna)},
                         std::string_view from = kFar, bool may_refuse = false) {
    const Source source = world.stranger();
    Envelope envelope = world.envelope(source, std::string(from), to);
    envelope.may_refuse = may_refuse;
    return world.take(
        source, envelope,
        "To: anna@example.org\r\nMessage-ID: <1@there>\r\n" + std::string(fields) + "\r\nthe content\r\n");
  }
  // Every message of a folder: its flags and keywords in words.
  std::vector<std::string> folder(std::string_view path, std::string_view of = kAnna) {
    std::vector<std::string> out;
    const auto account = world.account(of);
    const auto found = account->find_folder(path);
    if (!found) return {"no such folder"};
    const auto names = *account->keywords();
    (void)account->rows(found->id, NumberSet::of(1, 0xffffffff), [&](const account::Row& row) {
      std::string flags = std::to_string(row.flags.system);
      for (const auto id : row.flags.keywords) flags += " " + names->at(id);
      out.push_back(flags);
      return true;
    });
    return out;
  }
  std::string logged() const {
    std::string out;
    for (const auto& line : world.sink.lines()) out += line + "\n";
    return out;
  }
  // Lets the queue deliver what is for accounts here, and says where the rest goes.
  std::vector<std::string> send_queued() {
    std::vector<std::string> out;
    for (QueueEntry& entry : world.queued()) {
      for (const RecipientState& recipient : entry.recipients) {
        if (recipient.account) {
          EXPECT_TRUE(world.reception->deliver_here(entry, recipient, entry.created, true));
        } else {
          out.push_back("<" + entry.reverse_path + "> to " + recipient.address);
        }
      }
      (void)world.queue->remove(entry.id);
    }
    return out;
  }
  World world;
};

TEST_F(MailflowFilter, FilesWithFlagsAndSaysSoInTheLog) {
  script(
      "require [\"fileinto\", \"mailbox\", \"imap4flags\", \"special-use\"];\r\n"
      "# rule:[Lists]\r\n"
      "if header :contains \"List-Id\" \"dev\" { fileinto :create :flags [\"\\\\Seen\", \"$Label1\"] \"Lists/Dev\"; "
      "stop; }\r\n"
      "# rule:[Elsewhere]\r\n"
      "if header :contains \"subject\" \"gone\" { fileinto \"Nowhere\"; }\r\n"
      "elsif header :contains \"subject\" \"spam\" { fileinto :specialuse \"\\\\Junk\" \"Other\"; }\r\n");
  ASSERT_TRUE(write("List-Id: <dev.there.example>\r\n"));
  EXPECT_THAT(folder("Lists/Dev"), ElementsAre("1 $Label1"));
  EXPECT_THAT(folder("INBOX"), IsEmpty());
  EXPECT_THAT(logged(), HasSubstr("sieve.filtered"));
  EXPECT_THAT(logged(), HasSubstr("(line 3) put it into"));
  ASSERT_TRUE(write("Subject: gone\r\n"));
  EXPECT_THAT(folder("INBOX"), SizeIs(1));
  EXPECT_THAT(folder("Nowhere"), ElementsAre("no such folder"));
  EXPECT_THAT(logged(), HasSubstr("since there is no"));
  ASSERT_TRUE(write("Subject: spam\r\n"));
  EXPECT_THAT(folder("Junk"), SizeIs(1));
  ASSERT_TRUE(write("Subject: other\r\n"));
  EXPECT_THAT(folder("INBOX"), SizeIs(2));
}

TEST_F(MailflowFilter, StoresOneBodyHoweverManyCopies) {
  script("require [\"fileinto\", \"mailbox\", \"copy\"]; fileinto :create :copy \"A\"; fileinto :create :copy \"B\";");
  ASSERT_TRUE(write("", {std::string(kAnna), std::string(kBert)}));
  std::vector<account::Body> bodies;
  for (const auto& [path, of] : std::vector<std::pair<std::string, std::string_view>>{
           {"INBOX", kAnna}, {"A", kAnna}, {"B", kAnna}, {"INBOX", kBert}}) {
    const auto account = world.account(of);
    (void)account->rows(account->find_folder(path)->id, NumberSet::of(1, 9), [&](const account::Row& row) {
      bodies.push_back(account->item(row.item)->body);
      return true;
    });
  }
  ASSERT_EQ(bodies.size(), 4U);
  for (const account::Body& body : bodies) EXPECT_EQ(body, bodies[0]);
}

TEST_F(MailflowFilter, Discards) {
  script("discard;");
  ASSERT_TRUE(write());
  EXPECT_THAT(folder("INBOX"), IsEmpty());
  EXPECT_THAT(logged(), HasSubstr("discarded it"));
}

TEST_F(MailflowFilter, KeepsTheMessageWhenTheScriptFails) {
  script("require [\"fileinto\", \"variables\"];\r\nfileinto \"Archive\";\r\nredirect \"${1}\";");
  ASSERT_TRUE(write());
  EXPECT_THAT(folder("INBOX"), SizeIs(1));
  EXPECT_THAT(folder("Archive"), IsEmpty());
  EXPECT_THAT(logged(), HasSubstr("sieve.failed"));
  EXPECT_THAT(logged(), HasSubstr("line 3: this is no address"));
}

TEST_F(MailflowFilter, RedirectsByTheQueueFromTheOwner) {
  script("require \"copy\"; redirect :copy \"x@away.example\"; redirect \"y@away.example\";");
  ASSERT_TRUE(write());
  EXPECT_THAT(folder("INBOX"), IsEmpty());  // the second redirect cancels the implicit keep
  const auto queued = world.queued();
  ASSERT_THAT(queued, SizeIs(1));
  EXPECT_EQ(queued[0].recipients.size(), 2U);
  EXPECT_EQ(queued[0].reverse_path, kAnna);
  const std::string text = world.text(queued[0].body);
  EXPECT_THAT(text, HasSubstr("X-Sieve-Redirected-From: anna@example.org\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("Return-Path")));
  EXPECT_THAT(text, testing::EndsWith("\r\nthe content\r\n"));
  EXPECT_THAT(send_queued(),
              ElementsAre("<anna@example.org> to x@away.example", "<anna@example.org> to y@away.example"));
  // The null path stays what it is.
  ASSERT_TRUE(write("", {std::string(kAnna)}, ""));
  EXPECT_EQ(world.queued().at(0).reverse_path, "");
}

TEST_F(MailflowFilter, EndsLoops) {
  script("redirect \"bert@example.org\";", kAnna);
  script("redirect \"anna@example.org\";", kBert);
  ASSERT_TRUE(write());
  EXPECT_THAT(folder("INBOX"), IsEmpty());
  for (int i = 0; i < 5; ++i) send_queued();
  EXPECT_THAT(world.queued(), IsEmpty());
  // anna to bert, bert to anna, who had it already: there it stays.
  EXPECT_THAT(folder("INBOX"), SizeIs(1));
  EXPECT_THAT(folder("INBOX", kBert), IsEmpty());
  EXPECT_THAT(logged(), HasSubstr("it came back from there"));
  EXPECT_EQ(world.inbox(kAnna)[0].find("Return-Path: <bert@example.org>\r\n"), 0U);
}

TEST_F(MailflowFilter, ForwardsAllMailWithOrWithoutACopy) {
  ASSERT_TRUE(set_forwarding(*world.account(kAnna), {.enabled = true, .to = "bert@example.org"}));
  script("require \"fileinto\"; if header :contains \"subject\" \"list\" { fileinto \"Archive\"; }");
  ASSERT_TRUE(write());
  ASSERT_TRUE(write("Subject: a list\r\n"));
  EXPECT_THAT(folder("INBOX"), SizeIs(1));
  EXPECT_THAT(folder("Archive"), SizeIs(1));  // filters are for the copy
  EXPECT_THAT(send_queued(), IsEmpty());
  EXPECT_THAT(folder("INBOX", kBert), SizeIs(2));
  EXPECT_THAT(logged(), HasSubstr("forwarding sent it on to bert@example.org"));
  ASSERT_TRUE(set_forwarding(*world.account(kAnna), {.enabled = true, .to = "bert@example.org", .keep_copy = false}));
  ASSERT_TRUE(write());
  EXPECT_THAT(folder("INBOX"), SizeIs(1));
  (void)send_queued();
  EXPECT_THAT(folder("INBOX", kBert), SizeIs(3));
  ASSERT_TRUE(set_forwarding(*world.account(kAnna), {.enabled = false, .to = "bert@example.org"}));
  ASSERT_TRUE(write());
  EXPECT_THAT(folder("INBOX"), SizeIs(2));
  EXPECT_THAT(world.queued(), IsEmpty());
}

TEST_F(MailflowFilter, ForwardsInNoCircle) {
  ASSERT_TRUE(set_forwarding(*world.account(kAnna), {.enabled = true, .to = "bert@example.org", .keep_copy = false}));
  ASSERT_TRUE(set_forwarding(*world.account(kBert), {.enabled = true, .to = "anna@example.org", .keep_copy = false}));
  ASSERT_TRUE(write());
  for (int i = 0; i < 5; ++i) send_queued();
  EXPECT_THAT(world.queued(), IsEmpty());
  EXPECT_THAT(folder("INBOX"), SizeIs(1));
  EXPECT_THAT(folder("INBOX", kBert), IsEmpty());
}

TEST_F(MailflowFilter, SendsMailToOtherServersOnlyWhereThatIsAllowed) {
  auto options = World::options();
  options.forward_outside = {"partner.example"};
  world.reception->set_options(options);
  const auto forward_to = [&](std::string to, bool by_administrator = false) {
    ASSERT_TRUE(set_forwarding(
        *world.account(kAnna),
        {.enabled = true, .to = std::move(to), .keep_copy = false, .by_administrator = by_administrator}));
    ASSERT_TRUE(write());
  };
  forward_to("x@elsewhere.example");
  EXPECT_THAT(folder("INBOX"), SizeIs(1));
  EXPECT_THAT(send_queued(), IsEmpty());
  EXPECT_THAT(logged(), HasSubstr("forwarding kept it instead of sending it on to x@elsewhere.example: "));
  forward_to("x@Partner.example");
  EXPECT_THAT(folder("INBOX"), SizeIs(1));
  EXPECT_THAT(send_queued(), ElementsAre("<anna@example.org> to x@partner.example"));
  forward_to("x@elsewhere.example", true);
  EXPECT_THAT(send_queued(), ElementsAre("<anna@example.org> to x@elsewhere.example"));
  // What an administrator allowed is no leave for a script.
  script("redirect \"y@elsewhere.example\";");
  ASSERT_TRUE(set_forwarding(*world.account(kAnna), {}));
  ASSERT_TRUE(write());
  EXPECT_THAT(folder("INBOX"), SizeIs(2));
  EXPECT_THAT(send_queued(), IsEmpty());
}

TEST_F(MailflowFilter, KeepsWhatForwardingCannotBeReadFor) {
  ASSERT_TRUE(set_forwarding(*world.account(kAnna), {.enabled = true, .to = "bert@example.org"}));
  const account::AnnotationChange change{
      .reader = std::numeric_limits<account::Reader>::max() - 8, .name = "/forwarding", .value = "\x01\x01"};
  ASSERT_TRUE(world.account(kAnna)->set_annotations(account::kRoot, std::span(&change, 1), 0));
  EXPECT_EQ(forwarding_of(*world.account(kAnna)).error().code, Errc::corrupt);
  ASSERT_TRUE(write());
  EXPECT_THAT(folder("INBOX"), SizeIs(1));
  EXPECT_EQ(set_forwarding(*world.account(kAnna), {.enabled = true}).error().code, Errc::invalid);
  EXPECT_EQ(set_forwarding(*world.account(kAnna), {.enabled = true, .to = "nobody"}).error().code, Errc::invalid);
  EXPECT_EQ(set_forwarding(*world.account(kAnna), {.enabled = true, .to = "x@[192.0.2.1]"}).error().code,
            Errc::invalid);
}

TEST_F(MailflowFilter, KeepsWhatItCannotRedirect) {
  script("redirect \"anna+x@example.org\";");
  ASSERT_TRUE(write());
  EXPECT_THAT(folder("INBOX"), SizeIs(1));
  script("redirect \"nobody@example.org\";");
  ASSERT_TRUE(write());
  EXPECT_THAT(folder("INBOX"), SizeIs(2));
  EXPECT_THAT(world.queued(), IsEmpty());
}

TEST_F(MailflowFilter, RejectsByAMessage) {
  script("require \"reject\"; reject \"I am not täking this\";");
  ASSERT_TRUE(write("Subject: hello\r\n", {std::string(kAnna)}, kBert));
  EXPECT_THAT(folder("INBOX"), IsEmpty());
  const auto got = world.inbox(kBert);
  ASSERT_THAT(got, SizeIs(1));
  EXPECT_THAT(got[0], HasSubstr("I am not täking this\r\n"));
  EXPECT_THAT(got[0], HasSubstr("Disposition: automatic-action/MDN-sent-automatically; deleted\r\n"));
  EXPECT_THAT(got[0], HasSubstr("Return-Path: <>\r\n"));
  const auto structure = mime::scan(got[0]);
  ASSERT_EQ(structure.parts.size(), 4U);
  EXPECT_EQ(structure.parts[2].subtype, "disposition-notification");
  // Nobody is told of a message with the null path.
  ASSERT_TRUE(write("", {std::string(kAnna)}, ""));
  EXPECT_THAT(world.queued(), IsEmpty());
}

TEST_F(MailflowFilter, RefusesWhileTheSenderWaitsOrByAReport) {
  script("require \"ereject\"; ereject \"no, thank you\";");
  auto accepted = write("", {std::string(kAnna)}, kFar, true);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->refusal, "550 5.7.1 no, thank you");
  EXPECT_THAT(folder("INBOX"), IsEmpty());
  EXPECT_THAT(world.queued(), IsEmpty());
  // With another recipient, who takes it, the sender gets a report (RFC 5429 2.1.2).
  accepted = write("", {std::string(kAnna), std::string(kBert)}, kFar, true);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->refusal, "");
  EXPECT_THAT(folder("INBOX", kBert), SizeIs(1));
  const auto queued = world.queued();
  ASSERT_THAT(queued, SizeIs(1));
  const auto& recipients = queued[0].recipients;
  const auto refused = std::ranges::find(recipients, kAnna, &RecipientState::address);
  ASSERT_NE(refused, recipients.end());
  EXPECT_EQ(refused->status, RecipientState::Status::failed);
  EXPECT_EQ(refused->last_reply, "550 5.7.1 no, thank you");
  // What is not ASCII is no text for a reply.
  script("require \"ereject\"; ereject \"nö\";");
  EXPECT_EQ(write("", {std::string(kAnna)}, kFar, true)->refusal,
            "550 5.7.1 the recipient does not accept this message");
}

TEST_F(MailflowFilter, AnswersOnceAndNotBesideTheVacationResponse) {
  ASSERT_TRUE(set_vacation(*world.account(kAnna),
                           {.enabled = true, .from = {}, .until = {}, .subject = "General", .text = "x", .html = {}}));
  script("require \"vacation\"; vacation :days 2 :subject \"Special\" \"I am away\";");
  ASSERT_TRUE(write("", {std::string(kAnna)}, kBert));
  ASSERT_TRUE(write("", {std::string(kAnna)}, kBert));
  ASSERT_THAT(world.inbox(kBert), SizeIs(1));
  EXPECT_EQ(mime::unfold(*mime::find_field(world.inbox(kBert)[0], "Subject")), "Special");
  EXPECT_THAT(folder("INBOX"), SizeIs(2));
  world.clock.advance(std::chrono::days(2));
  ASSERT_TRUE(write("", {std::string(kAnna)}, kBert));
  EXPECT_THAT(world.inbox(kBert), SizeIs(2));
  // A list is not answered.
  ASSERT_TRUE(write("List-Id: <x>\r\n", {std::string(kAnna)}, "list@there.example"));
  EXPECT_THAT(world.queued(), IsEmpty());
  // Another answer is another one (RFC 5230 4.2).
  script("require \"vacation\"; vacation :days 2 \"Something else\";");
  ASSERT_TRUE(write("", {std::string(kAnna)}, kBert));
  EXPECT_THAT(world.inbox(kBert), SizeIs(3));
}

TEST_F(MailflowFilter, AnswersWithAnEntityAndNothingElseInItsHeader) {
  script(
      "require \"vacation\"; vacation :mime :from \"stranger@elsewhere.example\" text:\r\n"
      "Content-Type: text/html; charset=us-ascii\r\nBcc: victim@there.example\r\n\r\n<p>away</p>\r\n.\r\n;");
  ASSERT_TRUE(write("", {std::string(kAnna)}, kBert));
  ASSERT_THAT(world.inbox(kBert), SizeIs(1));
  const std::string answer = world.inbox(kBert)[0];
  EXPECT_FALSE(mime::find_field(answer, "Bcc"));
  EXPECT_EQ(mime::unfold(*mime::find_field(answer, "Content-Type")), "text/html; charset=us-ascii");
  EXPECT_THAT(*mime::find_field(answer, "From"), HasSubstr("anna@example.org"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n<p>away</p>\r\n"));
}

TEST_F(MailflowFilter, KnowsDuplicates) {
  script("require [\"duplicate\", \"fileinto\", \"mailbox\"]; if duplicate { fileinto :create \"Twice\"; }");
  ASSERT_TRUE(write());
  ASSERT_TRUE(write());
  EXPECT_THAT(folder("INBOX"), SizeIs(1));
  EXPECT_THAT(folder("Twice"), SizeIs(1));
  world.clock.advance(std::chrono::days(8));
  ASSERT_TRUE(write());
  EXPECT_THAT(folder("INBOX"), SizeIs(2));
}

TEST_F(MailflowFilter, RepeatsNothingWhenADeliveryIsTriedAgain) {
  script("require [\"fileinto\", \"mailbox\", \"copy\"]; fileinto :create :copy \"A\"; fileinto :create :copy \"B\";");
  QueueEntry entry = world.entry({std::string(kAnna)});
  entry.id = world.queue->new_id();
  entry.recipients[0].account = world.principal(kAnna).id;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(world.reception->deliver_here(entry, entry.recipients[0], world.clock.now(), true));
  }
  EXPECT_THAT(folder("A"), SizeIs(1));
  EXPECT_THAT(folder("B"), SizeIs(1));
  EXPECT_THAT(folder("INBOX"), SizeIs(1));
}

}  // namespace
}  // namespace gatepost::mailflow
