// With an index, searches find exactly what they find without one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/base64.hpp"
#include "imap/server/index_text.hpp"
#include "imap/server/test_messages.hpp"
#include "imap/server/test_support.hpp"
#include "search/indexes.hpp"

namespace gatepost::imap::server {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ImapSearchIndex : public testing::Test {
 protected:
  ImapSearchIndex() {
    std::string name = (fs::temp_directory_path() / "gatepost-imap-search-XXXXXX").string();
    directory = ::mkdtemp(name.data());
    world.account();
    indexes = std::make_unique<search::Indexes>(search::Options{.directory = directory}, world.store, *world.accounts,
                                                source, world.random, world.clock, world.log, world.metrics);
    indexed = std::make_unique<Server>(services(indexes.get()), world.settings);
  }
  ~ImapSearchIndex() override {
    indexed.reset();
    indexes.reset();
    std::error_code ignored;
    fs::remove_all(directory, ignored);
  }
  Services services(search::Indexes* with) {
    Services out{*world.accounts, world.door, world.workers, world.clock, world.log, world.metrics};
    out.search = with;
    return out;
  }
  void catch_up() { ASSERT_TRUE(indexes->catch_up(static_cast<account::AccountId>(world.id()))); }
  // What a server answers; `with` an index or without.
  std::string ask(const std::string& what, bool with, std::string_view mailbox = "INBOX") {
    if (with) std::swap(world.server, indexed);
    std::string answer;
    {
      Talk talk(world);
      talk.enter();
      talk.line("s SELECT " + std::string(mailbox));
      answer = talk.line("a " + what);
    }
    if (with) std::swap(world.server, indexed);
    return answer;
  }
  // The two are the same.
  std::string both(const std::string& what) {
    const std::string without = ask(what, false), with = ask(what, true);
    EXPECT_EQ(with, without) << what;
    return with;
  }
  std::uint64_t bodies_read() { return world.store.traffic.body_reads; }

  World world;
  fs::path directory;
  IndexText source;
  std::unique_ptr<search::Indexes> indexes;
  std::unique_ptr<Server> indexed;
};

std::string text_literal(const std::string& text) { return "{" + std::to_string(text.size()) + "+}\r\n" + text; }

TEST_F(ImapSearchIndex, KnowsWordsThatAreWrittenNearlyTheSame) {
  for (int i = 0; i < 20; ++i) world.deliver("Subject: filler\r\n\r\nnothing to be seen here\r\n");
  world.deliver(
      "From: Steven <steven@example.org>\r\nSubject: Receipt\r\n\r\nwe have received your payment\r\n");  // 21
  world.deliver("From: Stephen <x@example.org>\r\nSubject: other\r\n\r\nwe recieved the payments\r\n");   // 22
  world.deliver("Subject: third\r\n\r\nyour payment was received, and more\r\n");                         // 23
  catch_up();
  const auto numbers = [&](const std::string& what) {
    const std::string answer = ask("UID SEARCH " + what, true);
    return answer.substr(0, answer.find("\r\n"));
  };
  EXPECT_EQ(numbers("BODY recieved"), "* SEARCH 22");
  EXPECT_EQ(numbers("FUZZY BODY recieved"), "* SEARCH 21 22 23");
  EXPECT_EQ(numbers("FUZZY BODY \"received payment\""), "* SEARCH 21 22 23");
  EXPECT_EQ(numbers("FUZZY FROM stephan"), "* SEARCH 22");
  EXPECT_EQ(numbers("NOT FUZZY BODY recieved 21:*"), "* SEARCH");
  EXPECT_EQ(numbers("FUZZY (OR SUBJECT reciept BODY zzzzzz)"), "* SEARCH 21");
  EXPECT_EQ(numbers("FUZZY UID 21"), "* SEARCH 21");
  EXPECT_EQ(numbers("CHARSET ISO-8859-1 FUZZY SUBJECT reciept"), "* SEARCH 21");
  EXPECT_EQ(numbers("RETURN (RELEVANCY ALL) FUZZY BODY \"received your payment\""),
            "* ESEARCH (TAG \"a\") UID ALL 21,23 RELEVANCY (100 75)");
  EXPECT_EQ(numbers("RETURN (RELEVANCY) FUZZY BODY received"),
            "* ESEARCH (TAG \"a\") UID ALL 21:23 RELEVANCY (100 40 100)");
  EXPECT_EQ(numbers("RETURN (RELEVANCY PARTIAL -1:-2) FUZZY BODY received"),
            "* ESEARCH (TAG \"a\") UID PARTIAL (-1:-2 22:23) RELEVANCY (40 100)");
  EXPECT_THAT(ask("UID SORT (RELEVANCY SIZE) UTF-8 FUZZY BODY received", true), HasSubstr("* SORT 23 21 22\r\n"));
  EXPECT_THAT(ask("UID SORT RETURN (ALL RELEVANCY) (REVERSE RELEVANCY) UTF-8 FUZZY BODY received", true),
              HasSubstr("ALL 22,21,23 RELEVANCY (40 100 100)\r\n"));
  EXPECT_THAT(ask("UID THREAD ORDEREDSUBJECT UTF-8 FUZZY BODY recieved", true), HasSubstr("(21)"));
  EXPECT_THAT(ask("ESEARCH IN (inboxes) RETURN (ALL RELEVANCY) FUZZY BODY received", true),
              HasSubstr("UID ALL 21:23 RELEVANCY (100 40 100)\r\n"));
  // Without an index it is the words that count, wherever they stand.
  EXPECT_THAT(ask("UID SEARCH FUZZY BODY \"payment received\"", false), HasSubstr("* SEARCH 21 23\r\n"));
  EXPECT_THAT(ask("UID SEARCH FUZZY BODY \"...\"", false), HasSubstr("* SEARCH\r\n"));
  EXPECT_THAT(ask("CAPABILITY", true), HasSubstr(" SEARCH=FUZZY"));
  EXPECT_THAT(ask("CAPABILITY", false), testing::Not(HasSubstr(" SEARCH=FUZZY")));
}

TEST_F(ImapSearchIndex, FindsInFieldsHeadersAndBodies) {
  for (int i = 0; i < 30; ++i) {
    world.deliver("From: Jane Doe <jane@example.org>\r\nTo: team@example.org\r\nSubject: report " + std::to_string(i) +
                  "\r\nX-Spam-Flag: NO\r\n\r\nnumbers of the quarter " + std::to_string(i * 17) + "\r\n");
  }
  world.deliver(
      "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nCc: Bob <bob@example.net>\r\nReply-To: list@example.com\r\n"
      "Content-Type: text/html; charset=iso-8859-1\r\n\r\n<p>Stra\xdf"
      "e</p><p title='hidden'>caf&eacute;</p>");
  world.deliver(test::standards_example());
  catch_up();
  for (const char* what : {"SUBJECT report",
                           "SUBJECT \"report 2\"",
                           "FROM jane",
                           "FROM \"doe <jane@\"",
                           "TO team",
                           "CC bob",
                           "BCC x",
                           "HEADER Reply-To list",
                           "HEADER X-Spam-Flag \"\"",
                           "HEADER X-Spam-Flag no",
                           "HEADER X-Spam-Flag yes",
                           "HEADER Subject \"\"",
                           "HEADER Message-ID example",
                           "HEADER References x",
                           "BODY quarter",
                           "BODY \"of the\"",
                           "BODY 17",
                           "TEXT jane",
                           "TEXT \"subject: report\"",
                           "TEXT hidden",
                           "NOT TEXT jane",
                           "OR BODY 34 SUBJECT \"report 9\"",
                           "BODY strasse",
                           "SUBJECT gr",
                           "BODY part",
                           "BODY \"message in part 3\"",
                           "TEXT a",
                           "TEXT \"?\"",
                           "BODY \"--\"",
                           "SUBJECT report BODY 51 NOT FROM zebra",
                           "TEXT application",
                           "BODY application",
                           "SENTSINCE 1-Jan-1990 TEXT part"}) {
    EXPECT_THAT(both("UID SEARCH RETURN (ALL COUNT) " + std::string(what)), HasSubstr("a OK")) << what;
  }
  EXPECT_THAT(both("UID SEARCH CHARSET UTF-8 BODY " + text_literal("caf\u00e9")), HasSubstr("* SEARCH 31\r\n"));
  EXPECT_THAT(both("UID SEARCH CHARSET UTF-8 SUBJECT " + text_literal("GR\u00dc\u00dfE")),
              HasSubstr("* SEARCH 31\r\n"));
  both("UID SORT (REVERSE SUBJECT) UTF-8 BODY quarter");
  both("UID THREAD REFERENCES UTF-8 FROM jane");
  both("ESEARCH IN (personal) SUBJECT report");
  both("UID SEARCH RETURN (MIN) BODY quarter");
  both("UID SEARCH RETURN (MAX) BODY quarter");
}

TEST_F(ImapSearchIndex, ReadsOnlyWhatMayMatch) {
  for (int i = 0; i < 100; ++i) world.deliver("Subject: s\r\n\r\nword" + std::to_string(i) + " and more\r\n");
  catch_up();
  const std::uint64_t before = bodies_read();
  EXPECT_EQ(ask("SEARCH BODY word77", true), "* SEARCH 78\r\na OK SEARCH completed\r\n");
  EXPECT_EQ(ask("SEARCH BODY nowhere", true), "* SEARCH\r\na OK SEARCH completed\r\n");
  EXPECT_EQ(bodies_read(), before);
  EXPECT_EQ(ask("SEARCH BODY \"word77 and\"", true), "* SEARCH 78\r\na OK SEARCH completed\r\n");
  EXPECT_EQ(bodies_read(), before + 1);
  world.deliver("Subject: s\r\n\r\nword77\r\n");  // not indexed yet
  EXPECT_EQ(ask("SEARCH BODY word77", true), "* SEARCH 78 101\r\na OK SEARCH completed\r\n");
  EXPECT_EQ(bodies_read(), before + 2);
}

TEST_F(ImapSearchIndex, FindsWithoutAnIndexFile) {
  for (int i = 0; i < 40; ++i) world.deliver("Subject: s\r\n\r\nword" + std::to_string(i) + "\r\n");
  EXPECT_EQ(ask("SEARCH BODY word7", true), "* SEARCH 8\r\na OK SEARCH completed\r\n");
  catch_up();
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) fs::resize_file(entry.path(), entry.file_size() / 2);
  }
  EXPECT_EQ(ask("SEARCH BODY word7", true), "* SEARCH 8\r\na OK SEARCH completed\r\n");
}

// Mail of many scripts, encodings and shapes, and parts of it to look for.
class MailMaker {
 public:
  explicit MailMaker(std::uint32_t seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

  std::string words(std::size_t count) {
    static constexpr const char* kWords[] = {"Invoice",
                                             "stra\u00dfe",
                                             "STRASSE",
                                             "caf\u00e9",
                                             "cafe\u0301",
                                             "\u4f1a\u8b70\u306e\u8b70\u4e8b\u9332",
                                             "\u4f1a\u8b70",
                                             "\u0645\u0631\u062d\u0628\u0627 \u0628\u0643",
                                             "\U0001f389",
                                             "\U0001f468\u200d\U0001f469\u200d\U0001f467",
                                             "a1b2c3d4e5f6",
                                             "Q2hhbmdlIG9mIHBsYW5zIGFuZCBhIGxvbmcgbGluZSBvZiBub2lzZQ",
                                             "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
                                             "\uc548\ub155\ud558\uc138\uc694",
                                             "x",
                                             "2026-11-24",
                                             "jane.doe@example.org",
                                             "\uff26\uff55\uff4c\uff4c",
                                             "\u0410\u043d\u043d\u0430",
                                             "\u00bdkg",
                                             "\ufb01nal",
                                             "don't",
                                             "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
                                             "I\u0307stanbul",
                                             "re:",
                                             "="};
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
      if (below(3) == 0) {
        for (std::size_t c = 0, n = 1 + below(5); c < n; ++c) out += "abcd"[below(4)];
      } else {
        out += kWords[below(std::size(kWords))];
      }
      out += below(9) == 0 ? "" : below(6) == 0 ? "\r\n" : " ";
    }
    texts.push_back(out);
    return out;
  }
  std::string one_line(std::size_t count) {
    std::string out = words(count);
    std::erase_if(out, [](char c) { return c == '\r' || c == '\n'; });
    texts.back() = out;
    return out;
  }
  std::string encoded_word(const std::string& text) { return "=?UTF-8?B?" + base64::encode(text) + "?="; }
  std::string part() {
    switch (below(6)) {
      case 0:
        return "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
               base64::encode(words(1 + below(60))) + "\r\n";
      case 1:
        return "Content-Type: text/html; charset=utf-8\r\n\r\n<html><style>.hid{}</style><b>" + words(1 + below(20)) +
               "</b><br>" + words(1 + below(20)) + "&eacute;&#x4f1a;</html>\r\n";
      case 2:
        return "Content-Type: application/octet-stream; name=\"" + std::string("abc.bin") +
               "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64::encode(words(10)) + "\r\n";
      case 3:
        return "Content-Type: text/plain; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
               "stra=DFe caf=E9 soft=\r\nbreak\r\n";
      case 4:
        return "Content-Type: message/rfc822\r\n\r\nSubject: " + encoded_word(one_line(3)) + "\r\n\r\n" + words(10);
      default:
        return "Content-Type: text/plain; charset=utf-8\r\n\r\n" + words(1 + below(80));
    }
  }
  std::string message() {
    std::string out = "From: " + encoded_word(one_line(2)) + " <" + std::string(1, "abc"[below(3)]) +
                      "@example.org>\r\nTo: team@example.org, Bob <bob@example.net>\r\nSubject: " +
                      (below(2) == 0 ? encoded_word(one_line(4)) : one_line(4)) + "\r\nMessage-ID: <" +
                      std::to_string(random_()) + "@example.org>\r\n";
    if (below(3) == 0) out += "X-Note: " + encoded_word(one_line(3)) + "\r\n";
    if (below(3) == 0) out += "Cc: " + encoded_word(one_line(1)) + " <c@example.com>\r\n";
    if (below(3) == 0) return out + part();
    out += "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    for (std::size_t i = 0, n = 1 + below(3); i < n; ++i) out += "--b\r\n" + part();
    return out + "--b--\r\n";
  }
  std::string needle() {
    const std::string& text = texts[below(texts.size())];
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) starts.push_back(i);
    }
    if (starts.empty()) return "x";
    starts.push_back(text.size());
    const std::size_t begin = below(starts.size() - 1), end = std::min(starts.size() - 1, begin + 1 + below(8));
    return text.substr(starts[begin], starts[end] - starts[begin]);
  }
  std::string key(int depth = 0) {
    static constexpr const char* kKeys[] = {
        "SUBJECT",           "FROM",       "TO", "CC", "BCC", "BODY", "BODY", "TEXT", "TEXT", "HEADER X-Note",
        "HEADER Message-ID", "HEADER From"};
    if (depth < 2 && below(6) == 0) return "NOT " + key(depth + 1);
    if (depth < 2 && below(6) == 0) return "OR " + key(depth + 1) + " " + key(depth + 1);
    if (depth < 2 && below(9) == 0) return "(" + key(depth + 1) + " " + key(depth + 1) + ")";
    return std::string(kKeys[below(std::size(kKeys))]) + " " + text_literal(needle());
  }
  std::vector<std::string> texts;

 private:
  std::mt19937 random_;
};

TEST_F(ImapSearchIndex, FindsExactlyWhatAScanFinds) {
  const char* const set = std::getenv("GP_PROPERTY_ROUNDS");
  const int rounds = set != nullptr ? std::atoi(set) : 6;
  for (int round = 0; round < rounds; ++round) {
    MailMaker mail(static_cast<std::uint32_t>(round));
    for (int i = 0; i < 25; ++i) world.deliver(mail.message(), i % 5 == 0 ? "Sent" : "INBOX");
    catch_up();
    const auto owner = world.account();
    const auto inbox = owner->find_folder("INBOX")->id, sent = owner->find_folder("Sent")->id;
    ASSERT_TRUE(owner->copy(sent, NumberSet::of(1, 2), inbox));
    ASSERT_TRUE(owner->move(inbox, NumberSet::of(3, 5), sent));
    ASSERT_TRUE(owner->remove(inbox, NumberSet::of(9, 10)));
    if (round % 2 == 0) catch_up();
    for (int i = 0; i < 3; ++i) world.deliver(mail.message());
    for (int i = 0; i < 40; ++i) both("UID SEARCH CHARSET UTF-8 " + mail.key());
    if (testing::Test::HasFailure()) FAIL() << "seed " << round;
  }
}

}  // namespace
}  // namespace gatepost::imap::server
