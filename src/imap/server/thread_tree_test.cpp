#include "imap/server/thread_tree.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gatepost::imap::server {
namespace {

using Algorithm = Thread::Algorithm;

struct ThreadedMail {
  std::string id, references, subject;
  int day = 1;
};

class ImapThreadTree : public testing::Test {
 protected:
  static std::string threads(Algorithm algorithm, const std::vector<ThreadedMail>& mails) {
    ThreadTree tree(algorithm);
    account::Uid uid = 0;
    for (const ThreadedMail& mail : mails) {
      const mime::Structure head =
          mime::scan("Date: " + std::to_string(mail.day) + " Jan 2026 00:00:00 +0000\r\nSubject: " + mail.subject +
                     (mail.id.empty() ? "" : "\r\nMessage-ID: " + mail.id) +
                     (mail.references.empty() ? "" : "\r\nReferences: " + mail.references) + "\r\n\r\n");
      account::Row row;
      row.uid = ++uid;
      row.received = TimePoint(std::chrono::hours(24 * mail.day));
      EXPECT_TRUE(tree.add(row, thread_key(row, head, {1, 2})));
    }
    const ThreadTree::Forest forest = tree.finish();
    std::string out;
    write_thread(out, forest.nodes, forest.root);
    return out.substr(0, out.size() - 2);
  }
  static std::string references(const std::vector<ThreadedMail>& mails) {
    return threads(Algorithm::references, mails);
  }
};

TEST_F(ImapThreadTree, HasNothingToTellOfNothing) { EXPECT_EQ(references({}), "* THREAD"); }

TEST_F(ImapThreadTree, FollowsReferences) {
  EXPECT_EQ(references({{"<1>", "", "a", 1}, {"<2>", "<1>", "b", 2}, {"<3>", "<1> <2>", "c", 3}, {"<4>", "", "d", 4}}),
            "* THREAD (1 2 3)(4)");
  EXPECT_EQ(references({{"<1>", "", "a", 1}, {"<3>", "<1>", "c", 3}, {"<2>", "<1>", "b", 2}, {"<4>", "<3>", "x", 4}}),
            "* THREAD (1 (3)(2 4))");
}

TEST_F(ImapThreadTree, AMessageThatNamesNoParentLosesTheOneThatEarlierMessagesGaveIt) {
  // RFC 5256 3, REFERENCES (1.B): 2 comes first and says that 1 follows x, and then 1 says that it follows nothing.
  EXPECT_EQ(references({{"<2>", "<x> <1>", "b", 2}, {"<1>", "", "a", 1}, {"<3>", "<x>", "c", 3}}), "* THREAD (2 1)(3)");
  EXPECT_EQ(references({{"<1>", "", "a", 1}, {"<2>", "<x> <1>", "b", 2}, {"<3>", "<x>", "c", 3}}),
            "* THREAD ((1 2)(3))");
}

TEST_F(ImapThreadTree, BridgesMessagesThatAreNotThere) {
  EXPECT_EQ(references({{"<1>", "", "a", 1}, {"<3>", "<1> <2>", "c", 3}}), "* THREAD (1 2)");
  EXPECT_EQ(references({{"<2>", "<1>", "a", 1}}), "* THREAD (1)");
  EXPECT_EQ(references({{"<2>", "<1>", "a", 1}, {"<3>", "<1>", "b", 2}}), "* THREAD ((1)(2))");
  EXPECT_EQ(references({{"<9>", "", "z", 1}, {"<3>", "<1> <2>", "a", 2}, {"<4>", "<1> <2>", "b", 3}}),
            "* THREAD (1)((2)(3))");
}

TEST_F(ImapThreadTree, GathersEqualSubjects) {
  EXPECT_EQ(references({{"<1>", "", "a", 1}, {"<2>", "", "Re: A", 2}, {"<3>", "", "b", 3}}), "* THREAD (1 2)(3)");
  EXPECT_EQ(references({{"<1>", "", "a", 1}, {"<2>", "", "a", 2}, {"<3>", "", "Re: a", 3}}), "* THREAD ((1)(2)(3))");
  EXPECT_EQ(references({{"<1>", "", "", 1}, {"<2>", "", "Re:", 2}}), "* THREAD (1)(2)");
  // Two placeholders of one subject become one.
  EXPECT_EQ(
      references({{"<1>", "<x>", "a", 1}, {"<2>", "<x>", "b", 2}, {"<3>", "<y>", "a", 3}, {"<4>", "<y>", "c", 4}}),
      "* THREAD ((1)(2)(3)(4))");
}

TEST_F(ImapThreadTree, SurvivesLoopsAndTwins) {
  EXPECT_EQ(references({{"<1>", "<2>", "a", 1}, {"<2>", "<1>", "b", 2}}), "* THREAD (2 1)");
  EXPECT_EQ(references({{"<1>", "<1>", "a", 1}}), "* THREAD (1)");
  EXPECT_EQ(references({{"<1>", "", "a", 1}, {"<1>", "", "b", 2}, {"<2>", "<1>", "c", 3}}), "* THREAD (1 3)(2)");
  EXPECT_EQ(references({{"", "", "a", 1}, {"", "", "b", 2}}), "* THREAD (1)(2)");
}

TEST_F(ImapThreadTree, RefsGoesByReferencesAndTheNewestMessage) {
  EXPECT_EQ(threads(Algorithm::refs, {{"<1>", "", "a", 1}, {"<2>", "", "a", 2}, {"<3>", "<1>", "b", 3}}),
            "* THREAD (2)(1 3)");
  EXPECT_EQ(threads(Algorithm::refs, {{"<2>", "<1>", "a", 1}, {"<3>", "<1>", "a", 5}, {"<4>", "", "a", 2}}),
            "* THREAD (3)((1)(2))");
}

TEST_F(ImapThreadTree, OrderedSubjectGoesBySubjectAndDate) {
  EXPECT_EQ(threads(Algorithm::ordered_subject, {{"<1>", "", "b", 2},
                                                 {"<2>", "<1>", "a", 1},
                                                 {"<3>", "", "Re: b", 4},
                                                 {"<4>", "", "fwd: B", 3},
                                                 {"<5>", "", "re: a", 9}}),
            "* THREAD (2 5)(1 (4)(3))");
}

TEST_F(ImapThreadTree, TakesLongChainsInAnyOrder) {
  std::vector<ThreadedMail> up, down;
  for (int i = 0; i < 20'000; ++i) {
    up.push_back({"<" + std::to_string(i) + ">", "<" + std::to_string(i - 1) + ">", "s" + std::to_string(i), 1});
  }
  down.assign(up.rbegin(), up.rend());
  EXPECT_EQ(references(up).substr(0, 16), "* THREAD (1 2 3 ");
  EXPECT_EQ(references(down).substr(0, 28), "* THREAD (20000 19999 19998 ");
}

TEST(DigestNumbers, AreKeptHoweverManyThereAre) {
  DigestNumbers numbers;
  for (std::uint32_t n = 0; n < 50'000; ++n) {
    // Some of them begin at the same place.
    const auto [number, is_new] = numbers.find_or_add(n < 2'000 ? (n + 1ULL) << 32 : n, n);
    ASSERT_TRUE(is_new);
    ASSERT_EQ(number, n);
    if (n == 2'000) n = 29'999;
  }
  EXPECT_FALSE(numbers.find_or_add(41ULL << 32, 5).is_new);
  EXPECT_EQ(numbers.at(31'001), 31'001U);
  numbers.at(41ULL << 32) = 99;
  EXPECT_EQ(numbers.find_or_add(41ULL << 32, 5).number, 99U);
}

}  // namespace
}  // namespace gatepost::imap::server
