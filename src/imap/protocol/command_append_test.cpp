#include "imap/protocol/command_append.hpp"

#include <gtest/gtest.h>

namespace gatepost::imap {
namespace {

// Plays a session over whole input and says what it heard, a line each.
std::string heard(std::string_view input, const ParseOptions& options = {}) {
  Receiver receiver;
  AppendReader reader(options);
  std::string out;
  while (true) {
    const auto item = receiver.next(input);
    input.remove_prefix(item.consumed);
    switch (item.kind) {
      case Receiver::Kind::need_more:
        return out;
      case Receiver::Kind::literal_header: {
        const auto next = reader.literal_header(item.text, item.literal);
        if (!next) {
          out += reader.tag() + " BAD " + std::string(next.error().tag) + "\n";
          receiver.refuse();
        } else if (*next == AppendReader::Next::more) {
          out += "more\n";
          receiver.accept_collect();
        } else {
          const AppendMessage& m = reader.message();
          out += reader.mailbox() + ":" + std::to_string(m.flags.system) + ":";
          for (const auto& keyword : m.flags.keywords) out += keyword + ",";
          if (m.date) out += date::format_imap_datetime(*m.date);
          out += ":" + std::to_string(m.literal.octets) + (m.literal.binary ? "~" : "") + (m.utf8 ? "u" : "") + "\n";
          receiver.accept_stream();
        }
        break;
      }
      case Receiver::Kind::command: {
        const auto end = reader.end(item.text);
        out += end ? "OK " + std::to_string(reader.messages()) : "BAD " + end.error().tag;
        out += "\n";
        break;
      }
      default:
        break;
    }
  }
}

TEST(ImapAppend, ReadsOneMessage) {
  EXPECT_EQ(heard("a APPEND inbox {3}\r\nabc\r\n"), "INBOX:0::3\nOK 1\n");
  EXPECT_EQ(heard("a append x (\\Seen $k) \" 7-Feb-1994 21:52:25 -0800\" {3+}\r\nabc\r\n"),
            "x:1:$k,08-Feb-1994 05:52:25 +0000:3\nOK 1\n");
  EXPECT_EQ(heard("a APPEND x () ~{3}\r\na\0c\r\n"), "x:0::3~\n");
  EXPECT_EQ(heard("a APPEND &AOk- {0}\r\n\r\n"), "é:0::0\nOK 1\n");
}

TEST(ImapAppend, ReadsTheMailboxAsALiteral) {
  EXPECT_EQ(heard("a APPEND {5}\r\ninbox (\\Draft) {3}\r\nabc\r\n"), "more\nINBOX:16::3\nOK 1\n");
  EXPECT_EQ(heard("a APPEND {1+}\r\nx {3+}\r\nabc\r\n"), "more\nx:0::3\nOK 1\n");
}

TEST(ImapAppend, ReadsManyMessages) {
  EXPECT_EQ(heard("a APPEND x {3}\r\nabc (\\Seen) {1}\r\nd ~{2}\r\nef\r\n"), "x:0::3\nx:1::1\nx:0::2~\nOK 3\n");
}

TEST(ImapAppend, ReadsMessagesInUtf8) {
  EXPECT_EQ(heard("a APPEND x (\\Seen) UTF8 (~{3}\r\nabc)\r\n"), "x:1::3~u\nOK 1\n");
  EXPECT_EQ(heard("a APPEND x UTF8 (~{3+}\r\nabc) UTF8 (~{1+}\r\nd) {1+}\r\ne\r\n"),
            "x:0::3~u\nx:0::1~u\nx:0::1\nOK 3\n");
  EXPECT_EQ(heard("a APPEND \"é\" {1+}\r\ne\r\n", {.utf8 = true}), "é:0::1\nOK 1\n");
  EXPECT_EQ(heard("a APPEND x UTF8 (~{1}\r\na\r\n"), "x:0::1~u\nBAD a\n");
  EXPECT_EQ(heard("a APPEND x UTF8 (~{1}\r\na {1+}\r\nb\r\n"), "x:0::1~u\na BAD a\n");
}

TEST(ImapAppend, RefusesWhatTheGrammarDoesNotHave) {
  for (std::string_view text :
       {"a APPEND x{3}\r\n", "a APPEND x (\\Foo) {3}\r\n", "a APPEND x (\\Seen){3}\r\n",
        "a APPEND x \"yesterday\" {3}\r\n", "a APPEND x \" 7-Feb-1994 21:52:25 -0800\" (\\Seen) {3}\r\n",
        "a APPEND x UTF8 ({3}\r\n", "a APPEND x UTF8 ~{3}\r\n", "a APPEND x y {3}\r\n", "a APPEND & {3}\r\n",
        "a APPEND ~{3}\r\n", "a APPEND  {3}\r\n", "a NOOP {3}\r\n", "a APPEND x CATENATE TEXT {3}\r\n",
        "a APPEND x CATENATE (TEXT UTF8 {3}\r\n", "a APPEND x CATENATE ( TEXT {3}\r\n",
        "a APPEND x CATENATE (URL a TEXT b {3}\r\n"}) {
    EXPECT_EQ(heard(text), "a BAD a\n") << text;
  }
  EXPECT_EQ(heard("a APPEND x {1}\r\na b\r\n"), "x:0::1\nBAD a\n");
  EXPECT_EQ(heard("a APPEND x {1}\r\na) {1+}\r\nb\r\n"), "x:0::1\na BAD a\n");
  EXPECT_EQ(heard("a APPEND x {1}\r\na{1+}\r\nb\r\n"), "x:0::1\na BAD a\n");
}

}  // namespace
}  // namespace gatepost::imap
