#include "imap/protocol/fetch_response.hpp"

#include <gtest/gtest.h>

namespace gatepost::imap {
namespace {

using Form = FetchSection::Form;
using Text = Section::Text;

TEST(ImapFetchResponse, WritesItemsInOrder) {
  std::string out;
  FetchWriter w(out, 12, false);
  w.uid(7);
  w.flags({flag::kSeen, {"$k"}}, true);
  w.modseq(65402);
  w.internal_date(TimePoint(std::chrono::seconds(784'880'745)));
  w.size(4286);
  w.email_id("M1");
  w.thread_id(std::nullopt);
  w.save_date(std::nullopt);
  w.preview("Hello");
  w.finish();
  EXPECT_EQ(out,
            "* 12 FETCH (UID 7 FLAGS (\\Seen $k \\Recent) MODSEQ (65402) INTERNALDATE \"15-Nov-1994 06:25:45 +0000\" "
            "RFC822.SIZE 4286 "
            "EMAILID (M1) THREADID NIL SAVEDATE NIL PREVIEW \"Hello\")\r\n");
}

TEST(ImapFetchResponse, NamesSectionsAsTheyWereAskedFor) {
  const auto name = [](const FetchSection& section) {
    std::string out;
    write_section_name(out, section);
    return out;
  };
  EXPECT_EQ(name({}), "BODY[]");
  EXPECT_EQ(name({.peek = true, .section = {{1, 2}, Text::mime, {}}}), "BODY[1.2.MIME]");
  EXPECT_EQ(name({.section = {{}, Text::header_fields, {"From", "X y"}}, .partial = Partial{5, 10}}),
            "BODY[HEADER.FIELDS (From \"X y\")]<5>");
  EXPECT_EQ(name({.section = {{3}, Text::header_fields_not, {"To"}}}), "BODY[3.HEADER.FIELDS.NOT (To)]");
  EXPECT_EQ(name({.form = Form::binary, .section = {{4}, Text::whole, {}}, .partial = Partial{0, 1}}), "BINARY[4]<0>");
  EXPECT_EQ(name({.form = Form::binary_size, .section = {{4}, Text::whole, {}}}), "BINARY.SIZE[4]");
  EXPECT_EQ(name({.form = Form::rfc822, .section = {}}), "RFC822");
  EXPECT_EQ(name({.form = Form::rfc822_header, .section = {{}, Text::header, {}}}), "RFC822.HEADER");
  EXPECT_EQ(name({.form = Form::rfc822_text, .section = {{}, Text::text, {}}}), "RFC822.TEXT");
}

TEST(ImapFetchResponse, LetsItsOwnerSendBetweenItems) {
  std::string out, sent;
  FetchWriter w(out, 1, false);
  w.literal({}, 5);
  sent += std::exchange(out, {});
  out += "he";
  sent += std::exchange(out, {});
  out += "llo";
  w.text({.section = {{}, Text::header, {}}}, "a\r\n");
  sent += std::exchange(out, {});
  w.nil({.section = {{9}, Text::whole, {}}});
  w.binary_size({.form = Form::binary_size, .section = {{1}, Text::whole, {}}}, 3);
  w.literal({.form = Form::binary, .section = {{1}, Text::whole, {}}}, 1, true);
  out += '\0';
  w.finish();
  sent += out;
  EXPECT_EQ(
      sent,
      std::string(
          "* 1 FETCH (BODY[] {5}\r\nhello BODY[HEADER] {3}\r\na\r\n BODY[9] NIL BINARY.SIZE[1] 3 BINARY[1] ~{1}\r\n") +
          '\0' + ")\r\n");
}

TEST(ImapBodyStructure, WritesEnvelopes) {
  const AddressView anna[] = {{"Anna", "anna", "a.example"}};
  const AddressView group[] = {{std::nullopt, "friends", std::nullopt}, {std::nullopt, "b", "b.example"}, {}};
  std::string out;
  write_envelope(out,
                 {.date = "Mon, 7 Feb 1994 21:52:25 -0800",
                  .subject = "é",
                  .from = anna,
                  .sender = {},
                  .reply_to = {},
                  .to = group,
                  .cc = {},
                  .bcc = {},
                  .in_reply_to = std::nullopt,
                  .message_id = "<x@y>"},
                 false);
  const std::string a = "((\"Anna\" NIL \"anna\" \"a.example\"))";
  EXPECT_EQ(out,
            "(\"Mon, 7 Feb 1994 21:52:25 -0800\" {2}\r\né " + a + " " + a + " " + a +
                " ((NIL NIL \"friends\" NIL)(NIL NIL \"b\" \"b.example\")(NIL NIL NIL NIL)) NIL NIL NIL \"<x@y>\")");
}

TEST(ImapBodyStructure, WritesASinglePart) {
  const ParameterView parameters[] = {{"CHARSET", "us-ascii"}, {"x", "y z"}};
  const ParameterView name[] = {{"filename", "a.pdf"}};
  const std::string_view languages[] = {"en", "de"};
  PartView part;
  part.type = "TEXT";
  part.subtype = "PLAIN";
  part.parameters = parameters;
  part.octets = 3028;
  part.lines = 92;
  std::string out;
  BodyStructureWriter(out, false, false).single(part);
  EXPECT_EQ(out, "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\" \"x\" \"y z\") NIL NIL \"7bit\" 3028 92)");

  PartView file;
  file.type = "application";
  file.subtype = "pdf";
  file.id = "<1>";
  file.description = "d";
  file.encoding = "base64";
  file.octets = 9;
  file.disposition = "attachment";
  file.disposition_parameters = name;
  file.languages = languages;
  file.location = "http://x";
  out.clear();
  BodyStructureWriter(out, true, false).single(file);
  EXPECT_EQ(out,
            "(\"application\" \"pdf\" NIL \"<1>\" \"d\" \"base64\" 9 NIL (\"attachment\" (\"filename\" \"a.pdf\")) "
            "(\"en\" \"de\") \"http://x\")");
}

TEST(ImapBodyStructure, WritesWhatIsNestedWithoutATree) {
  const std::string text = "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0)";
  PartView mixed;
  mixed.subtype = "mixed";
  PartView message;
  message.type = "message";
  message.subtype = "rfc822";
  message.octets = 50;
  message.lines = 4;
  std::string out;
  BodyStructureWriter w(out, false, false);
  w.open_multipart();
  w.single({});
  w.open_message(message, {});
  w.open_multipart();
  w.single({});
  w.single({});
  w.close_multipart(mixed);
  w.close_message(message);
  w.close_multipart(mixed);
  EXPECT_EQ(out, "(" + text +
                     "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 50 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) (" +
                     text + text + " \"mixed\") 4) \"mixed\")");
}

TEST(ImapBodyStructure, GivesAChildToWhatHasNone) {
  const std::string text = "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)";
  PartView mixed;
  mixed.subtype = "mixed";
  std::string out;
  BodyStructureWriter w(out, true, false);
  w.open_multipart();
  w.open_multipart();
  w.close_multipart(mixed);
  w.close_multipart(mixed);
  EXPECT_EQ(out, "((" + text + " \"mixed\" NIL NIL NIL NIL) \"mixed\" NIL NIL NIL NIL)");
}

}  // namespace
}  // namespace gatepost::imap
