// Annotations between sessions.

#include <gmock/gmock.h>

#include "imap/server/test_support.hpp"

namespace gatepost::imap::server {
namespace {

using testing::HasSubstr;
using testing::Not;

class ImapMetadata : public testing::Test {
 protected:
  ImapMetadata() {
    world.add(kBob, kBobsPassword);
    one.enter();
    two.enter();
    bob.enter(kBob, kBobsPassword);
  }
  World world;
  Talk one{world}, two{world}, bob{world};
};

TEST_F(ImapMetadata, IsToldToSessionsThatEnabledIt) {
  EXPECT_EQ(two.line("a ENABLE METADATA"), "* ENABLED METADATA\r\na OK ENABLE completed\r\n");
  one.line("b SETMETADATA INBOX (/private/comment \"x\" /shared/comment \"y\")");
  one.line("c SETMETADATA \"\" (/private/vendor/x \"y\")");
  EXPECT_EQ(two.line("d NOOP"),
            "* METADATA \"\" /private/vendor/x\r\n* METADATA INBOX /private/comment /shared/comment\r\n"
            "d OK NOOP completed\r\n");
  EXPECT_EQ(two.line("e NOOP"), "e OK NOOP completed\r\n");
  EXPECT_EQ(one.line("f NOOP"), "f OK NOOP completed\r\n") << "did not ask for it";
  EXPECT_EQ(two.line("g SETMETADATA INBOX (/private/comment NIL)"), "g OK SETMETADATA completed\r\n")
      << "its own change is no news";
}

TEST_F(ImapMetadata, IsToldWhileIdle) {
  two.line("a ENABLE METADATA-SERVER");
  two.line("b IDLE");
  one.line("c SETMETADATA Sent (/shared/comment \"x\")");
  EXPECT_EQ(two.wake(), "* METADATA Sent /shared/comment\r\n");
}

TEST_F(ImapMetadata, OfOthersIsToldAsFarAsItMayBeSeen) {
  one.line("a SETACL INBOX bob@example.org lr");
  bob.line("b ENABLE METADATA");
  bob.line("c SELECT \"Other Users/anna@example.org/INBOX\"");
  one.line("d SETMETADATA INBOX (/private/comment \"hers\" /shared/comment \"y\")");
  one.line("e SETMETADATA Sent (/shared/comment \"y\")");
  EXPECT_EQ(bob.line("f NOOP"),
            "* METADATA \"Other Users/anna@example.org/INBOX\" /shared/comment\r\nf OK NOOP completed\r\n");
}

TEST_F(ImapMetadata, IsLimited) {
  std::string all;
  for (int i = 0; i < 100; ++i) all += " /private/n" + std::to_string(i) + " \"v\"";
  EXPECT_THAT(one.line("a SETMETADATA INBOX (" + all.substr(1) + ")"), HasSubstr("a OK"));
  for (int i = 0; i < 100; ++i) all.replace(all.find("/private/n"), 10, "/private/m");
  EXPECT_THAT(one.line("b SETMETADATA INBOX (" + all.substr(1) + ")"), HasSubstr("b OK"));
  EXPECT_EQ(one.line("c SETMETADATA INBOX (/private/more \"v\" /private/n1 NIL /private/n2 \"w\" /private/even \"v\")"),
            "c NO [METADATA TOOMANY] There are too many of them\r\n");
  EXPECT_THAT(one.line("d GETMETADATA INBOX /private/n2"), HasSubstr("(/private/n2 \"v\")"));
}

TEST_F(ImapMetadata, LongAnswersComeInSeveralPieces) {
  for (const char* name : {"a", "b", "c"}) {
    one.line("a SETMETADATA INBOX (/private/" + std::string(name) + " {30000+}\r\n" + std::string(30000, 'x') + ")");
  }
  const std::string answer = one.line("b GETMETADATA (DEPTH infinity) INBOX /private");
  EXPECT_THAT(answer, HasSubstr("b OK"));
  std::size_t count = 0;
  for (std::size_t at = answer.find("* METADATA"); at != std::string::npos; at = answer.find("* METADATA", at + 1))
    ++count;
  EXPECT_EQ(count, 2U);
}

}  // namespace
}  // namespace gatepost::imap::server
