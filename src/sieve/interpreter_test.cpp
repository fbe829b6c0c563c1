#include "sieve/interpreter.hpp"

#include <gtest/gtest.h>

#include "sieve/flags.hpp"
#include "sieve/limits.hpp"
#include "sieve/test_support.hpp"

namespace gatepost::sieve {
namespace {

constexpr std::string_view kMail =
    "Received: from a.example by b.example; Wed, 31 Dec 2025 20:00:00 -0500\r\n"
    "Received: from first.example by a.example; Wed, 31 Dec 2025 19:00:00 -0500\r\n"
    "From: Wile <coyote@desert.example.org>\r\n"
    "To: roadrunner+acme@example.com, \"Friend, A\" <friend@example.net>\r\n"
    "Cc: undisclosed: third@example.edu;\r\n"
    "Subject: [acme-users] =?utf-8?Q?Stra=C3=9Fe?= version 1.0\r\n"
    "Date: Thu, 1 Jan 2026 09:30:05 +0900\r\n"
    "X-Priority: 2\r\n"
    "X-Empty:\r\n"
    "Message-ID: <one@example.org>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n"
    "\r\n"
    "the prologue\r\n"
    "--b\r\n"
    "Content-Type: text/plain; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "\r\n"
    "The secret caf=E9\r\n"
    "--b\r\n"
    "Content-Type: image/png\r\n"
    "\r\n"
    "pixels\r\n"
    "--b--\r\n"
    "the epilogue\r\n";

struct Ran {
  Actions actions;
  FixedSurroundings surroundings;
};

Actions run_on(std::string_view mail, std::string_view script, FixedSurroundings& surroundings,
               MailEnvelope envelope = {"coyote@desert.example.org", "roadrunner+acme@example.com"}) {
  const auto program = compile(script);
  if (!program) {
    ADD_FAILURE() << program.error().text();
    return {};
  }
  TextMessage message{std::string(mail)};
  return run(**program, message, envelope, surroundings);
}

Actions run_script(std::string_view script) {
  FixedSurroundings surroundings;
  return run_on(kMail, script, surroundings);
}

// Where mail goes, in words: "INBOX (\Seen)", "to a@b.example".
std::string said(const Actions& actions) {
  std::string out;
  const auto add = [&](const std::string& what) { out += (out.empty() ? "" : ", ") + what; };
  for (const Filing& f : actions.filings) add(f.mailbox + (f.flags.empty() ? "" : " (" + join(f.flags) + ")"));
  for (const Redirection& r : actions.redirections) add("to " + r.address);
  if (actions.rejection) add("rejected");
  if (actions.discarded) add("discarded");
  if (actions.error) add(actions.error->text());
  return out;
}

std::string result_of(std::string_view script) { return said(run_script(script)); }

// Whether a test holds; asks for every extension there is but "ihave".
bool holds(std::string_view test) {
  std::string script =
      "require [\"body\",\"comparator-i;ascii-numeric\",\"comparator-i;unicode-casemap\",\"copy\",\"date\","
      "\"duplicate\",\"envelope\",\"environment\",\"fileinto\",\"imap4flags\",\"index\",\"mailbox\","
      "\"relational\",\"special-use\",\"subaddress\",\"variables\"];\r\n";
  script += "if " + std::string(test) + " { discard; }";
  const Actions actions = run_script(script);
  EXPECT_FALSE(actions.error) << test << ": " << actions.error->text();
  return actions.discarded.has_value();
}

TEST(SieveInterpreter, KeepsWhatNothingIsSaidOf) {
  EXPECT_EQ(result_of(""), "INBOX");
  EXPECT_EQ(result_of("keep;"), "INBOX");
  EXPECT_EQ(result_of("discard;"), "discarded");
  EXPECT_EQ(result_of("stop; discard;"), "INBOX");
}

TEST(SieveInterpreter, FilesRedirectsAndCopies) {
  EXPECT_EQ(result_of("require \"fileinto\"; fileinto \"Lists\";"), "Lists");
  EXPECT_EQ(result_of("require [\"fileinto\",\"copy\"]; fileinto :copy \"Lists\";"), "Lists, INBOX");
  EXPECT_EQ(result_of("redirect \"a@b.example\";"), "to a@b.example");
  EXPECT_EQ(result_of("require \"copy\"; redirect :copy \"Anna <a@b.example>\";"), "INBOX, to a@b.example");
  EXPECT_EQ(result_of("require \"fileinto\"; fileinto \"Lists\"; fileinto \"Lists\"; keep; keep;"), "Lists, INBOX");
  const Actions actions = run_script(
      "require [\"fileinto\",\"mailbox\",\"special-use\"];\r\n"
      "# rule:[junk]\r\nfileinto :create :specialuse \"\\\\Junk\" \"Spam\";");
  ASSERT_EQ(actions.filings.size(), 1u);
  EXPECT_TRUE(actions.filings[0].create);
  EXPECT_EQ(actions.filings[0].special_use, "\\Junk");
  EXPECT_EQ(actions.filings[0].cause.line, 3u);
  EXPECT_EQ(actions.filings[0].cause.rule, "junk");
}

TEST(SieveInterpreter, ChoosesTheFirstBranchThatHolds) {
  EXPECT_EQ(
      result_of("require \"fileinto\"; if false { discard; } elsif true { fileinto \"a\"; } else { fileinto \"b\"; }"),
      "a");
  EXPECT_EQ(result_of("require \"fileinto\"; if false { discard; } elsif false { discard; } else { fileinto \"b\"; }"),
            "b");
  EXPECT_EQ(result_of("require \"fileinto\"; if true { stop; } fileinto \"b\";"), "INBOX");
}

TEST(SieveTest, ComparesHeaders) {
  EXPECT_TRUE(
      holds("header \"subject\" \"[ACME-users] stra\xc3\x9f"
            "e VERSION 1.0\""));
  EXPECT_FALSE(
      holds("header :comparator \"i;octet\" \"subject\" \"[ACME-users] stra\xc3\x9f"
            "e VERSION 1.0\""));
  EXPECT_TRUE(holds("header :contains [\"x-none\", \"subject\"] [\"no\", \"acme\"]"));
  EXPECT_TRUE(holds("header :matches \"subject\" \"[*] *1.?\""));
  EXPECT_FALSE(holds("header :matches \"subject\" \"[*] *1.?x\""));
  EXPECT_TRUE(holds("header :matches \"subject\" \"\\\\[*\""));
  EXPECT_TRUE(holds("header :contains \"x-empty\" \"\""));
  EXPECT_TRUE(holds("header :is \"x-empty\" \"\""));
  EXPECT_FALSE(holds("header :contains \"x-none\" \"\""));
  EXPECT_FALSE(holds("header :is \"subject:\" \"\""));
  EXPECT_TRUE(holds("not header :matches \"x-empty\" \"?*\""));
  EXPECT_TRUE(
      holds("header :comparator \"i;unicode-casemap\" :contains \"subject\" \"STRA\xc3\x9f"
            "E\""));
  // A character of that comparator is what UTF-8 encodes, of the others an octet (RFC 5228 2.7.1).
  EXPECT_TRUE(holds("header :comparator \"i;unicode-casemap\" :matches \"subject\" \"*stra?e*\""));
  EXPECT_TRUE(holds("header :matches \"subject\" \"*stra??e*\""));
  EXPECT_TRUE(holds("exists [\"From\", \"Date\"]"));
  EXPECT_FALSE(holds("exists [\"From\", \"X-None\"]"));
  EXPECT_TRUE(holds("size :over 100"));
  EXPECT_FALSE(holds("size :under 100"));
}

TEST(SieveTest, ComparesAddressesAndTheirParts) {
  EXPECT_TRUE(holds("address :is \"from\" \"coyote@desert.example.org\""));
  EXPECT_TRUE(holds("address :domain \"from\" \"desert.example.org\""));
  EXPECT_TRUE(holds("address :localpart [\"to\", \"cc\"] \"third\""));
  EXPECT_TRUE(holds("address :user \"to\" \"roadrunner\""));
  EXPECT_TRUE(holds("address :detail \"to\" \"acme\""));
  EXPECT_FALSE(holds("address :detail \"from\" \"\""));
  EXPECT_TRUE(holds("address :count \"eq\" [\"to\", \"cc\"] \"3\""));
  EXPECT_TRUE(holds("envelope :domain \"from\" \"desert.example.org\""));
  EXPECT_TRUE(holds("envelope :detail \"to\" \"acme\""));
  EXPECT_TRUE(holds("envelope :count \"eq\" [\"from\", \"to\"] \"2\""));
  FixedSurroundings surroundings;
  const Actions bounce = run_on(kMail, "require \"envelope\"; if envelope :domain :is \"from\" \"\" { discard; }",
                                surroundings, {"", "roadrunner@example.com"});
  EXPECT_TRUE(bounce.discarded);
}

TEST(SieveTest, ComparesNumbersAndOrders) {
  EXPECT_TRUE(holds("header :value \"lt\" :comparator \"i;ascii-numeric\" \"x-priority\" \"3\""));
  EXPECT_TRUE(holds("header :value \"lt\" :comparator \"i;ascii-numeric\" \"x-priority\" \"10\""));
  EXPECT_FALSE(holds("header :value \"lt\" \"x-priority\" \"10\""));
  EXPECT_TRUE(holds("header :value \"gt\" :comparator \"i;ascii-numeric\" \"subject\" \"4000000000\""));
  EXPECT_TRUE(holds("header :is :comparator \"i;ascii-numeric\" \"x-priority\" \"02 of 5\""));
  EXPECT_TRUE(holds("header :count \"ge\" :comparator \"i;ascii-numeric\" [\"received\", \"subject\"] \"3\""));
  EXPECT_FALSE(holds("header :count \"ge\" :comparator \"i;ascii-numeric\" \"received\" \"3\""));
}

TEST(SieveTest, LooksIntoTheBody) {
  EXPECT_TRUE(holds("body :contains \"caf\xc3\xa9\""));
  EXPECT_TRUE(holds("body :text :contains \"SECRET\""));
  EXPECT_FALSE(holds("body :text :contains \"pixels\""));
  EXPECT_TRUE(holds("body :raw :contains \"caf=E9\""));
  EXPECT_TRUE(holds("body :content \"image\" :contains \"pixels\""));
  EXPECT_TRUE(holds("body :content \"image/png\" :contains \"\""));
  EXPECT_FALSE(holds("body :content \"image/gif\" :contains \"\""));
  EXPECT_FALSE(holds("body :content \"/png\" :contains \"\""));
  EXPECT_TRUE(holds("body :content \"multipart\" :contains \"the prologue\""));
  EXPECT_TRUE(holds("body :content \"multipart\" :contains \"the epilogue\""));
  EXPECT_FALSE(holds("body :content \"multipart\" :contains \"--b\""));
  EXPECT_FALSE(holds("body :content \"multipart\" :contains \"secret\""));
}

TEST(SieveTest, KnowsDates) {
  EXPECT_TRUE(holds("date :originalzone \"date\" \"hour\" \"09\""));
  EXPECT_TRUE(holds("date :zone \"+0000\" \"date\" \"iso8601\" \"2026-01-01T00:30:05Z\""));
  EXPECT_TRUE(holds("date \"date\" \"time\" \"01:30:05\""));  // the server's zone
  EXPECT_TRUE(holds("date :zone \"-0500\" \"date\" \"iso8601\" \"2025-12-31T19:30:05-05:00\""));
  EXPECT_TRUE(holds("date :originalzone \"received\" \"hour\" \"20\""));
  EXPECT_TRUE(holds("date :index 2 :originalzone \"received\" \"hour\" \"19\""));
  EXPECT_TRUE(holds("date :index 1 :last :originalzone \"received\" \"hour\" \"19\""));
  EXPECT_FALSE(holds("date :index 3 \"received\" \"hour\" \"19\""));
  EXPECT_FALSE(holds("date \"subject\" \"hour\" \"19\""));
  EXPECT_TRUE(holds("currentdate :zone \"+0000\" \"date\" \"2026-01-01\""));
  EXPECT_TRUE(holds("currentdate :zone \"+0000\" \"weekday\" \"4\""));
  EXPECT_TRUE(holds("currentdate :zone \"+0000\" \"julian\" \"61041\""));
  EXPECT_TRUE(holds("currentdate \"zone\" \"+0100\""));
  EXPECT_TRUE(holds("currentdate :zone \"-0330\" \"std11\" \"Wed, 31 Dec 2025 20:30:00 -0330\""));
  EXPECT_TRUE(holds("currentdate :value \"ge\" \"date\" \"2025-12-31\""));
  EXPECT_TRUE(holds("date :count \"eq\" \"x-none\" \"date\" \"0\""));
}

TEST(SieveTest, CountsFieldsByIndex) {
  EXPECT_TRUE(holds("header :index 1 :contains \"received\" \"a.example by b\""));
  EXPECT_FALSE(holds("header :index 1 :contains \"received\" \"first\""));
  EXPECT_TRUE(holds("header :index 1 :last :contains \"received\" \"first\""));
  EXPECT_TRUE(holds("address :index 2 [\"from\", \"to\"] \"friend@example.net\""));
}

TEST(SieveTest, AsksItsSurroundings) {
  EXPECT_TRUE(holds("mailboxexists [\"INBOX\", \"Lists\"]"));
  EXPECT_FALSE(holds("mailboxexists [\"INBOX\", \"Nowhere\"]"));
  EXPECT_TRUE(holds("specialuse_exists \"\\\\Junk\""));
  EXPECT_TRUE(holds("specialuse_exists \"Spam\" \"\\\\Junk\""));
  EXPECT_FALSE(holds("specialuse_exists [\"\\\\Junk\", \"\\\\Sent\"]"));
  EXPECT_TRUE(holds("environment \"name\" \"gatepost\""));
  EXPECT_TRUE(holds("environment :contains \"remote-host\" \"\""));
  EXPECT_FALSE(holds("environment :contains \"vnd.none\" \"\""));
  EXPECT_TRUE(holds("environment :count \"eq\" \"remote-host\" \"0\""));
}

TEST(SieveVariables, AreSetAndPutIn) {
  const std::string head = "require [\"fileinto\", \"variables\"];\r\n";
  EXPECT_EQ(result_of(head + "set \"a\" \"x\"; fileinto \"${A}-${none}-${1}\";"), "x--");
  EXPECT_EQ(result_of(head + "if header :matches \"subject\" \"[*] *\" { fileinto \"L/${1}\"; }"), "L/acme-users");
  EXPECT_EQ(
      result_of(head + "if address :matches [\"To\", \"From\"] \"coyote@**.org\" { fileinto \"${1}|${2}|${0}\"; }"),
      "|desert.example|coyote@desert.example.org");
  EXPECT_EQ(result_of(head + "set :upperfirst :lower \"a\" \"juMBlEd\"; fileinto \"${a}\";"), "Jumbled");
  EXPECT_EQ(result_of(head + "set :length \"a\" \"\xc3\xa9\xc3\xa9\"; fileinto \"${a}\";"), "2");
  EXPECT_EQ(result_of(head + "set :quotewildcard \"a\" \"Rock*\"; fileinto \"${a}\";"), "Rock\\*");
  EXPECT_EQ(result_of(head + "set \"d\" \"$\"; fileinto \"${d}{x} ${fo\\\\o} ${\";"), "${x} ${fo\\o} ${");
  EXPECT_TRUE(holds("string :matches \" a b \" \" * \""));
  EXPECT_TRUE(holds("string :count \"eq\" [\"\", \"a\", \"b\"] \"2\""));
  // A failed match leaves the captures of the one before (RFC 5229 3.2).
  EXPECT_EQ(
      result_of(head + "if header :matches \"x-priority\" \"*\" {} if header :matches \"subject\" \"nothing*\" {} "
                       "fileinto \"${1}\";"),
      "2");
}

TEST(SieveVariables, AreCutAndCounted) {
  std::string script = "require [\"fileinto\", \"variables\"];\r\nset \"a\" \"0123456789abcdef\";\r\n";
  for (int i = 0; i < 12; ++i) script += "set \"a\" \"${a}${a}\";\r\n";
  EXPECT_EQ(result_of(script + "set :length \"n\" \"${a}\"; fileinto \"${n}\";"), "8192");
  script = "require \"variables\";\r\n";
  for (int i = 0; i < 300; ++i) script += "set \"v" + std::to_string(i) + "\" \"x\";";
  EXPECT_EQ(result_of(script), "INBOX, line 2: more than 256 variables");
}

TEST(SieveCharacters, AreWrittenAsNumbers) {
  const std::string head = "require [\"fileinto\", \"encoded-character\"]; fileinto \"";
  for (const auto& [written, meant] :
       std::vector<std::pair<std::string, std::string>>{{"$${hex:40}", "$@"},
                                                        {"${hex: 40 }", "@"},
                                                        {"${HEX: 40}", "@"},
                                                        {"${hex:40", "${hex:40"},
                                                        {"${hex:400}", "${hex:400}"},
                                                        {"${hex:4${hex:30}}", "${hex:40}"},
                                                        {"${unicode:40}", "@"},
                                                        {"${ unicode:40}", "${ unicode:40}"},
                                                        {"${UnICoDE:0000040}", "@"},
                                                        {"${Unicode:Cool}", "${Unicode:Cool}"}}) {
    EXPECT_EQ(result_of(head + written + "\";"), meant) << written;
  }
}

TEST(SieveFlags, AreKeptAndGoWithTheMessage) {
  const std::string head = "require [\"fileinto\", \"imap4flags\", \"variables\", \"relational\", \"copy\"];\r\n";
  EXPECT_EQ(result_of(head + "addflag \"\\\\seen\"; addflag [\"$a $b\", \"$A\"];"), "INBOX (\\Seen $a $b)");
  EXPECT_EQ(result_of(head + "setflag \"$a\"; removeflag \"$A\"; keep;"), "INBOX");
  EXPECT_EQ(result_of(head + "addflag \"\\\\Flagged\"; fileinto \"x\"; fileinto :flags \"\\\\Deleted\" \"y\";"),
            "x (\\Flagged), y (\\Deleted)");
  EXPECT_EQ(result_of(head + "addflag \"\\\\Recent \\\\Bogus a{b $ok\";"), "INBOX ($ok)");
  EXPECT_EQ(result_of(head + "setflag \"f\" \"$x $y\"; if hasflag \"f\" \"$Y\" { keep :flags \"${f}\"; }"),
            "INBOX ($x $y)");
  EXPECT_EQ(result_of(head + "addflag \"$a $b\"; if hasflag :count \"eq\" \"2\" { discard; }"), "discarded");
  EXPECT_EQ(result_of(head + "addflag \"MyFlag\"; if hasflag :contains \"yfl\" { discard; }"), "discarded");
}

TEST(SieveReject, StandsAlone) {
  const Actions actions = run_script("require \"ereject\"; ereject \"no\";");
  ASSERT_TRUE(actions.rejection);
  EXPECT_TRUE(actions.rejection->by_protocol);
  EXPECT_EQ(actions.rejection->reason, "no");
  EXPECT_TRUE(actions.filings.empty());
  EXPECT_EQ(result_of("require \"reject\"; reject \"no\"; reject \"no\";"),
            "INBOX, line 1: the message is rejected already");
  EXPECT_EQ(result_of("require \"reject\"; reject \"no\"; keep;"),
            "INBOX, line 1: a message that is rejected is not kept");
  EXPECT_EQ(result_of("require \"reject\"; keep; reject \"no\";"),
            "INBOX, line 1: a message that is kept or redirected is not rejected");
  EXPECT_EQ(result_of("require [\"vacation\", \"reject\"]; vacation \"away\"; reject \"no\";"),
            "INBOX, line 1: a message that \"vacation\" answers is not rejected");
}

TEST(SieveVacation, SaysWhatToAnswer) {
  const Actions actions = run_script(
      "require [\"vacation\", \"variables\"]; if header :matches \"x-priority\" \"*\" {\r\n"
      "vacation :days 900 :subject \"Re: ${1}\" :addresses [\"me@example.com\"] :from \"Me <me@example.com>\" "
      "\"away ${1}\"; }");
  ASSERT_TRUE(actions.vacation);
  EXPECT_EQ(actions.vacation->seconds, 60u * 24 * 60 * 60);
  EXPECT_EQ(actions.vacation->subject, "Re: 2");
  EXPECT_EQ(actions.vacation->from, "me@example.com");
  EXPECT_EQ(actions.vacation->reason, "away 2");
  // Not of what variables held (RFC 5230 4.2).
  EXPECT_NE(actions.vacation->handle.find("${1}"), std::string::npos);
  EXPECT_EQ(said(actions), "INBOX");
  EXPECT_EQ(run_script("require \"vacation-seconds\"; vacation :seconds 0 \"x\";").vacation->seconds, 0u);
  EXPECT_EQ(run_script("require \"vacation\"; vacation \"x\";").vacation->seconds, 7u * 24 * 60 * 60);
  EXPECT_EQ(run_script("require \"vacation\"; vacation :days 0 \"x\";").vacation->seconds, 24u * 60 * 60);
  EXPECT_NE(run_script("require \"vacation\"; vacation \"x\";").vacation->handle,
            run_script("require \"vacation\"; vacation :subject \"x\" \"\";").vacation->handle);
  EXPECT_EQ(result_of("require \"vacation\"; vacation \"a\"; vacation \"b\";"),
            "INBOX, line 1: \"vacation\" is said twice");
}

TEST(SieveDuplicate, RemembersWhatItDidNotKnow) {
  FixedSurroundings surroundings;
  const std::string_view script = "require \"duplicate\"; if duplicate :handle \"h\" :seconds 60 { discard; }";
  const Actions first = run_on(kMail, script, surroundings);
  ASSERT_EQ(first.seen.size(), 1u);
  EXPECT_EQ(first.seen[0].id, std::string("h\0<one@example.org>", 19));
  EXPECT_EQ(first.seen[0].seconds, 60u);
  EXPECT_EQ(said(first), "INBOX");
  surroundings.seen.insert(first.seen[0].id);
  const Actions second = run_on(kMail, script, surroundings);
  EXPECT_TRUE(second.seen.empty());
  EXPECT_EQ(said(second), "discarded");
  // The same question has the same answer all through a run.
  EXPECT_FALSE(holds("anyof (duplicate, duplicate)"));
  EXPECT_FALSE(holds("duplicate :header \"x-none\""));
  EXPECT_FALSE(holds("duplicate :header \"no header:\""));
  EXPECT_FALSE(holds("duplicate :seconds 0 :uniqueid \"a\""));
}

TEST(SieveIhave, OpensWhatWasFound) {
  EXPECT_EQ(result_of("require \"ihave\"; if ihave \"fileinto\" { fileinto \"a\"; } else { discard; }"), "a");
  EXPECT_EQ(result_of("require \"ihave\"; if ihave [\"fileinto\", \"vnd.none\"] { fileinto \"a\"; } else { discard; }"),
            "discarded");
  EXPECT_EQ(result_of("require \"ihave\"; if ihave \"vnd.none\" { frobnicate :hard \"a\"; } keep;"), "INBOX");
  EXPECT_EQ(result_of("require \"ihave\";\r\nfrobnicate;"), "INBOX, line 2: nobody knows the command \"frobnicate\"");
  EXPECT_EQ(result_of("require \"ihave\"; if anyof (false, moon) { discard; }"),
            "INBOX, line 1: nobody knows the test \"moon\"");
  EXPECT_EQ(result_of("require \"ihave\"; fileinto \"a\";"),
            "INBOX, line 1: this needs an extension that no \"ihave\" has found before");
  EXPECT_EQ(result_of("require \"ihave\"; if ihave \"variables\" { discard; }"), "INBOX");
  EXPECT_EQ(result_of("require \"ihave\"; error \"my own\";"), "INBOX, line 1: my own");
}

TEST(SieveInterpreter, GivesUpAllAndKeepsTheMessageWhenSomethingIsWrong) {
  const std::string head = "require [\"fileinto\", \"variables\", \"vacation\"];\r\n";
  const Actions actions = run_script(head + "fileinto \"a\"; vacation \"x\"; redirect \"no ${address}\";");
  EXPECT_EQ(said(actions), "INBOX, line 2: this is no address: no ");
  EXPECT_FALSE(actions.vacation);
  EXPECT_EQ(result_of(head + "fileinto \"${none}\";"), "INBOX, line 2: this is no name of a mailbox");
}

TEST(SieveInterpreter, BoundsActionsRedirectsAndTime) {
  std::string script;
  for (int i = 0; i < 6; ++i) script += "redirect \"a" + std::to_string(i) + "@b.example\";";
  EXPECT_EQ(result_of(script), "INBOX, line 1: more than 5 redirects");
  script = "require \"fileinto\";";
  for (int i = 0; i < 40; ++i) script += "fileinto \"" + std::to_string(i) + "\";";
  EXPECT_EQ(result_of(script), "INBOX, line 1: more than 32 actions");
  const std::string mail = "Subject: " + std::string(100'000, 'a') + "\r\n\r\n";
  std::string pattern;
  for (int i = 0; i < 2'000; ++i) pattern += "a";
  FixedSurroundings surroundings;
  const Actions slow =
      run_on(mail, "if header :matches \"subject\" \"*" + pattern + "b*" + pattern + "*\" { discard; }", surroundings);
  EXPECT_EQ(said(slow), "INBOX, line 1: the script takes too long for this message");
}

}  // namespace
}  // namespace gatepost::sieve
