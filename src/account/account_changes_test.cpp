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
  EXPECT_THAT(thread(*a, first.item), ElementsAre(1, 2));
  ASSERT_TRUE(a->move(inbox, set({answer.uid}), folder(*a, "Archive")));
  EXPECT_THAT(thread(*a, first.item), ElementsAre(1, 2));
  ASSERT_TRUE(a->remove(inbox, set({first.uid})));
  ASSERT_TRUE(a->remove(folder(*a, "Archive"), set({2})));
  EXPECT_THAT(thread(*a, first.item), ElementsAre(1));
  EXPECT_EQ(deliver(*a, {"5@x", "<2@x>", "Re: Lunch"}).thread, first.item);
  const ItemId both[] = {first.item, answer.item};
  ASSERT_TRUE(a->bring_back(both, ""));
  EXPECT_THAT(thread(*a, first.item), ElementsAre(1, 2, 4));
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

TEST_P(WholeAccount, SaysWhereEmailsAre) {
  const auto a = account();
  const Row first = deliver(*a, {"1@x", ""});
  const Row second = deliver(*a, {"2@x", ""}, "Sent");
  const ItemId ids[] = {second.item, ItemId{77}, first.item};
  auto places = a->messages_of(ids);
  ASSERT_TRUE(places);
  ASSERT_EQ(places->size(), 3U);
  EXPECT_EQ((*places)[0].at(0).folder, folder(*a, "Sent"));
  EXPECT_TRUE((*places)[1].empty());
  EXPECT_EQ((*places)[2].at(0).row.uid, first.uid);
  ASSERT_TRUE(a->remove(folder(*a, "INBOX"), set({first.uid})));
  EXPECT_TRUE((*a->messages_of(ids))[2].empty());
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
  ASSERT_EQ(all->emails.size(), 1U);  // the second came and went
  EXPECT_EQ(all->emails[0].what, AccountChanges::What::created);
  EXPECT_EQ(all->folders.size(), 2U);
  EXPECT_EQ(all->to, a->modseq());
  const auto later = a->account_changes(middle, 1000);
  ASSERT_EQ(later->emails.size(), 1U);
  EXPECT_EQ(later->emails[0].what, AccountChanges::What::updated);
  const auto part = a->account_changes(begin, 1);
  EXPECT_TRUE(part->more);
  EXPECT_EQ(part->to, middle);
  EXPECT_TRUE(a->account_changes(a->modseq(), 10)->emails.empty());
  EXPECT_FALSE(a->account_changes(a->modseq() + 1, 10)->known);
}

// Whoever follows the log knows what there is, whatever happened and in whatever pieces he asks.
TEST_P(WholeAccount, TellsWhoFollowsItAllThereIs) {
  const auto a = account();
  std::mt19937 dice(11);
  const auto below = [&dice](std::uint32_t n) { return static_cast<std::uint32_t>(dice() % n); };
  const std::vector<std::string> paths{"INBOX", "Archive", "Sent"};
  std::map<ItemId, std::multiset<FolderId>> known;
  Modseq since = a->modseq();
  for (int round = 0; round < 150; ++round) {
    for (std::uint32_t n = below(6); n > 0; --n) {
      const FolderId at = folder(*a, paths[below(3)]);
      const Uid uid = 1 + below(40);
      switch (below(6)) {
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
        case 4: {
          std::vector<ItemId> gone;
          EXPECT_TRUE(a->removed_lately([&](const Removed& one) {
            gone.push_back(one.item);
            return gone.size() < 9;
          }));
          if (gone.empty()) break;
          const ItemId one[] = {gone[below(static_cast<std::uint32_t>(gone.size()))]};
          EXPECT_TRUE(a->bring_back(one, ""));
          break;
        }
        default:
          EXPECT_TRUE(a->copy(at, set({uid}), folder(*a, paths[below(3)])));
      }
    }
    for (bool more = true; more;) {
      const auto changes = a->account_changes(since, 1 + below(5));
      ASSERT_TRUE(changes && changes->known);
      for (const auto& c : changes->emails) {
        const auto places = a->messages_of(std::span(&c.email, 1));
        EXPECT_EQ(known.contains(c.email), c.what != AccountChanges::What::created);
        if (c.what == AccountChanges::What::destroyed) {
          known.erase(c.email);
          continue;
        }
        known[c.email].clear();  // a later piece says that it is gone, if it is
        for (const Placed& one : (*places)[0]) known[c.email].insert(one.folder);
      }
      since = changes->to;
      more = changes->more;
    }
    std::map<ItemId, std::multiset<FolderId>> there;
    std::map<ItemId, std::set<ItemId>> threads;
    for (const std::string& path : paths) {
      for (const Row& row : rows(*a, folder(*a, path))) {
        there[row.email].insert(folder(*a, path));
        threads[row.thread].insert(row.email);
      }
    }
    ASSERT_EQ(known, there);
    for (const auto& [id, emails] : threads) {
      ASSERT_EQ(*a->thread(id), std::vector<ItemId>(emails.begin(), emails.end()));
    }
  }
  EXPECT_THAT(findings(), IsEmpty());
}

// RFC 8474 5.1: a copy is the email that it is a copy of, also when that is gone; RFC 8621 4: in several mailboxes.
TEST_P(WholeAccount, KnowsCopiesAsTheEmailThatTheyAreOf) {
  const auto a = account();
  const FolderId inbox = folder(*a, "INBOX"), archive = folder(*a, "Archive"), sent = folder(*a, "Sent");
  const Row first = deliver(*a, {"1@x", ""});
  EXPECT_EQ(first.email, first.item);
  EXPECT_EQ(a->copies(), 0U);
  const Modseq before = a->modseq();
  ASSERT_TRUE(a->copy(inbox, set({first.uid}), archive));
  ASSERT_TRUE(a->copy(archive, set({1}), sent));
  EXPECT_EQ(a->copies(), 2U);
  const Row second = rows(*a, archive).at(0), third = rows(*a, sent).at(0);
  EXPECT_NE(second.item, first.item);
  EXPECT_EQ(second.email, first.item);
  EXPECT_EQ(third.email, first.item);  // a copy of a copy
  const auto folders = [&](ItemId email) {
    std::vector<FolderId> out;
    for (const Placed& one : a->messages_of(std::span(&email, 1))->at(0)) out.push_back(one.folder);
    return out;
  };
  EXPECT_THAT(folders(first.item), ElementsAre(inbox, archive, sent));
  EXPECT_THAT(folders(second.item), IsEmpty());  // no name of an email
  EXPECT_THAT(*a->thread(first.thread), ElementsAre(first.item));
  const auto what = [&](Modseq since) {
    std::vector<std::pair<ItemId, AccountChanges::What>> out;
    for (const auto& one : a->account_changes(since, 1000)->emails) out.emplace_back(one.email, one.what);
    return out;
  };
  EXPECT_THAT(what(before), ElementsAre(std::pair(first.item, AccountChanges::What::updated)));
  EXPECT_THAT(what(before - 1), ElementsAre(std::pair(first.item, AccountChanges::What::created)));
  const Modseq copied = a->modseq();
  ASSERT_TRUE(a->remove(inbox, set({first.uid})));
  EXPECT_THAT(folders(first.item), ElementsAre(archive, sent));
  EXPECT_THAT(*a->thread(first.thread), ElementsAre(first.item));
  EXPECT_THAT(what(copied), ElementsAre(std::pair(first.item, AccountChanges::What::updated)));
  ASSERT_TRUE(a->move(archive, set({1}), inbox));
  ASSERT_TRUE(a->remove(sent, set({1})));
  EXPECT_THAT(folders(first.item), ElementsAre(inbox));
  const Modseq moved = a->modseq();
  ASSERT_TRUE(a->remove(inbox, set({first.uid + 1})));
  EXPECT_EQ(a->copies(), 0U);
  EXPECT_THAT(folders(first.item), IsEmpty());
  EXPECT_THAT(what(moved), ElementsAre(std::pair(first.item, AccountChanges::What::destroyed)));
  // Brought back in the other order, it is what it was.
  const ItemId late[] = {third.item};
  ASSERT_TRUE(a->bring_back(late, ""));
  EXPECT_THAT(folders(first.item), ElementsAre(sent));
  EXPECT_EQ(a->copies(), 1U);
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
