#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>

#include "account/account_fixture.hpp"
#include "account/threading.hpp"
#include "mime/summary.hpp"

namespace gatepost::account {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WholeAccount : public AccountFixture {
 protected:
  struct Mail {
    std::string id, references, subject = "Lunch";
  };
  Row deliver(Account& a, const Mail& mail, std::string_view path = "INBOX") {
    const std::string text =
        "Message-ID: <" + mail.id + ">\r\nReferences: " + mail.references + "\r\nSubject: " + mail.subject + "\r\n\r\n";
    NewItem item = message(text);
    item.summary = mime::encode(mime::scan(text));
    const FolderId to = folder(a, path);
    const auto done = a.append(to, std::span(&item, 1));
    EXPECT_TRUE(done);
    return rows(a, to, set({done->uids.at(0)})).at(0);
  }
  static std::vector<std::uint64_t> numbers(const std::vector<ItemId>& ids) {
    std::vector<std::uint64_t> out;
    for (const ItemId id : ids) out.push_back(static_cast<std::uint64_t>(id));
    return out;
  }
  std::vector<std::uint64_t> thread(Account& a, ItemId id) {
    auto found = a.thread(id);
    EXPECT_TRUE(found);
    return numbers(*found);
  }
};

TEST_P(WholeAccount, PutsAnswersIntoTheConversationTheyBelongTo) {
  const auto a = account();
  const Row first = deliver(*a, {"1@x", ""});
  const Row answer = deliver(*a, {"2@x", "<1@x>", "Re: lunch"});
  const Row other = deliver(*a, {"3@x", "<1@x>", "Something else"});
  const Row sent = deliver(*a, {"4@x", "<1@x> <2@x>", "AW: Lunch"}, "Sent");
  EXPECT_EQ(first.thread, first.item);
  EXPECT_EQ(answer.thread, first.item);
  EXPECT_EQ(other.thread, other.item);
  EXPECT_EQ(sent.thread, first.item);
  EXPECT_THAT(thread(*a, first.item), ElementsAre(1, 2, 4));
  EXPECT_THAT(thread(*a, other.item), ElementsAre(3));
  EXPECT_THAT(thread(*a, answer.item), IsEmpty());
  EXPECT_THAT(thread(*a, ItemId{99}), IsEmpty());
  restart();
  const auto again = account();
  EXPECT_THAT(thread(*again, first.item), ElementsAre(1, 2, 4));
  EXPECT_EQ(again->item(answer.item)->thread, first.item);
  EXPECT_EQ(again->item(first.item)->thread, first.item);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(WholeAccount, PutsAnswersTogetherWhoseQuestionNeverCame) {
  const auto a = account();
  const Row one = deliver(*a, {"2@x", "<1@x>", "Re: Lunch"});
  const Row two = deliver(*a, {"3@x", "<1@x>", "Re: Lunch"});
  const Row late = deliver(*a, {"1@x", ""});
  EXPECT_EQ(two.thread, one.item);
  EXPECT_EQ(late.thread, one.item);
}

TEST_P(WholeAccount, KeepsConversationsThroughMovesCopiesAndRemoval) {
  const auto a = account();
  const Row first = deliver(*a, {"1@x", ""});
  const Row answer = deliver(*a, {"2@x", "<1@x>", "Re: Lunch"});
  const FolderId inbox = folder(*a, "INBOX");
  ASSERT_TRUE(a->copy(inbox, set({first.uid}), folder(*a, "Archive")));
  EXPECT_THAT(thread(*a, first.item), ElementsAre(1, 2, 3));
  ASSERT_TRUE(a->move(inbox, set({answer.uid}), folder(*a, "Archive")));
  EXPECT_THAT(thread(*a, first.item), ElementsAre(1, 2, 3));
  ASSERT_TRUE(a->remove(inbox, set({first.uid})));
  ASSERT_TRUE(a->remove(folder(*a, "Archive"), set({2})));
  EXPECT_THAT(thread(*a, first.item), ElementsAre(3));
  EXPECT_EQ(deliver(*a, {"5@x", "<2@x>", "Re: Lunch"}).thread, first.item);
  const ItemId both[] = {first.item, answer.item};
  ASSERT_TRUE(a->bring_back(both, ""));
  EXPECT_THAT(thread(*a, first.item), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(findings(), IsEmpty());
  ASSERT_TRUE(a->delete_folder(folder(*a, "Archive")));
  EXPECT_THAT(thread(*a, first.item), ElementsAre(1, 4));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_P(WholeAccount, ForgetsWhatLedToConversationsThatAreGone) {
  options_.keep_removed = std::chrono::hours(1);
  restart();
  const auto a = account();
  const Row kept = deliver(*a, {"1@x", "", "Kept"});
  const Row gone = deliver(*a, {"2@x", "", "Gone"});
  ASSERT_TRUE(a->remove(folder(*a, "INBOX"), set({gone.uid})));
  clock_.advance(std::chrono::hours(24 * 200));
  ASSERT_TRUE(accounts_->prune({}));
  EXPECT_EQ(deliver(*a, {"3@x", "<1@x>", "Re: Kept"}).thread, kept.item);
  const Row again = deliver(*a, {"4@x", "<2@x>", "Re: Gone"});
  EXPECT_EQ(again.thread, again.item);
}

TEST_P(WholeAccount, SaysWhereItemsAre) {
  const auto a = account();
  const Row first = deliver(*a, {"1@x", ""});
  const Row second = deliver(*a, {"2@x", ""}, "Sent");
  const ItemId ids[] = {second.item, ItemId{77}, first.item};
  auto places = a->places(ids);
  ASSERT_TRUE(places);
  ASSERT_EQ(places->size(), 3U);
  EXPECT_EQ((*places)[0]->folder, folder(*a, "Sent"));
  EXPECT_FALSE((*places)[1]);
  EXPECT_EQ((*places)[2]->row.uid, first.uid);
  ASSERT_TRUE(a->remove(folder(*a, "INBOX"), set({first.uid})));
  EXPECT_FALSE((*a->places(ids))[2]);
}

TEST_P(WholeAccount, SaysWhatHappenedSinceInWholeCommits) {
  const auto a = account();
  const Modseq begin = a->modseq();
  const Row first = deliver(*a, {"1@x", ""});
  const Modseq middle = a->modseq();
  const Row second = deliver(*a, {"2@x", ""});
  ASSERT_TRUE(a->remove(folder(*a, "INBOX"), set({second.uid})));
  ASSERT_TRUE(a->move(folder(*a, "INBOX"), set({first.uid}), folder(*a, "Archive")));
  const auto all = a->account_changes(begin, 1000);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->items.size(), 1U);  // the second came and went
  EXPECT_EQ(all->items[0].what, AccountChanges::What::created);
  EXPECT_EQ(all->folders.size(), 2U);
  EXPECT_EQ(all->to, a->modseq());
  const auto later = a->account_changes(middle, 1000);
  ASSERT_EQ(later->items.size(), 1U);
  EXPECT_EQ(later->items[0].what, AccountChanges::What::updated);
  const auto part = a->account_changes(begin, 1);
  EXPECT_TRUE(part->more);
  EXPECT_EQ(part->to, middle);
  EXPECT_TRUE(a->account_changes(a->modseq(), 10)->items.empty());
  EXPECT_FALSE(a->account_changes(a->modseq() + 1, 10)->known);
}

// Whoever follows the log knows what there is, whatever happened and in whatever pieces he asks.
TEST_P(WholeAccount, TellsWhoFollowsItAllThereIs) {
  const auto a = account();
  std::mt19937 dice(11);
  const auto below = [&dice](std::uint32_t n) { return static_cast<std::uint32_t>(dice() % n); };
  const std::vector<std::string> paths{"INBOX", "Archive", "Sent"};
  std::map<ItemId, FolderId> known;
  Modseq since = a->modseq();
  for (int round = 0; round < 150; ++round) {
    for (std::uint32_t n = below(6); n > 0; --n) {
      const FolderId at = folder(*a, paths[below(3)]);
      const Uid uid = 1 + below(40);
      switch (below(5)) {
        case 0:
        case 1:
          deliver(*a, {std::to_string(dice()) + "@x", "<" + std::to_string(below(5)) + "@x>"}, paths[below(3)]);
          break;
        case 2:
          EXPECT_TRUE(a->remove(at, set({uid})));
          break;
        case 3:
          EXPECT_TRUE(a->move(at, set({uid}), folder(*a, paths[below(3)])));
          break;
        default:
          EXPECT_TRUE(a->copy(at, set({uid}), folder(*a, paths[below(3)])));
      }
    }
    for (bool more = true; more;) {
      const auto changes = a->account_changes(since, 1 + below(5));
      ASSERT_TRUE(changes && changes->known);
      for (const auto& c : changes->items) {
        const auto place = a->places(std::span(&c.item, 1));
        EXPECT_EQ(known.contains(c.item), c.what != AccountChanges::What::created);
        if (c.what == AccountChanges::What::destroyed)
          known.erase(c.item);
        else if ((*place)[0])
          known[c.item] = (*place)[0]->folder;
        else
          known[c.item] = kRoot;  // a later piece says that it is gone
      }
      since = changes->to;
      more = changes->more;
    }
    std::map<ItemId, FolderId> there;
    std::map<ItemId, std::set<ItemId>> threads;
    for (const std::string& path : paths) {
      for (const Row& row : rows(*a, folder(*a, path))) {
        there[row.item] = folder(*a, path);
        threads[row.thread].insert(row.item);
      }
    }
    ASSERT_EQ(known, there);
    for (const auto& [id, items] : threads) {
      ASSERT_EQ(*a->thread(id), std::vector<ItemId>(items.begin(), items.end()));
    }
  }
  EXPECT_THAT(findings(), IsEmpty());
}

TEST(ThreadMarks, LookThroughTheMarksOfAnswersInOtherLanguages) {
  const auto marks = [](std::string_view subject) {
    return thread_marks(mime::encode(mime::scan("Message-ID: <a@x>\r\nSubject: " + std::string(subject) + "\r\n\r\n")));
  };
  for (const auto* subject : {"Re: Lunch", "AW: Lunch", "AW: SV: re: WG: lunch", "Antw[3]: Lunch", "TR : Lunch"}) {
    EXPECT_EQ(marks(subject), marks("Lunch")) << subject;
  }
  for (const auto* subject : {"AWLunch", "AW Lunch", "Lunch AW:", "AW[x]: Lunch"})
    EXPECT_NE(marks(subject), marks("Lunch"));
}

TEST(ThreadMarks, AreAFew) {
  std::string references;
  for (int i = 0; i < 1000; ++i) references += " <" + std::to_string(i) + "@x>";
  const auto marks =
      thread_marks(mime::encode(mime::scan("Message-ID: <a@x>\r\nReferences:" + references + "\r\n\r\n")));
  EXPECT_EQ(marks.size(), kMaxThreadMarks);
  EXPECT_THAT(thread_marks(mime::encode(mime::scan("Subject: x\r\n\r\n"))), IsEmpty());
  EXPECT_THAT(thread_marks("no summary"), IsEmpty());
  EXPECT_THAT(thread_marks(""), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Engines, WholeAccount, testing::ValuesIn(kEngines));

}  // namespace
}  // namespace gatepost::account
