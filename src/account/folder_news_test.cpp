#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "account/account_fixture.hpp"

namespace gatepost::account {
namespace {

using testing::ElementsAre;
using What = FolderEvent::What;

class FolderNewsOf : public AccountFixture {
 protected:
  FolderNewsOf() {
    watch_ = account_->watch([] {});
    since_ = account_->modseq();
  }
  // What happened since it was asked last, each as a line.
  std::vector<std::string> news() {
    const auto news = account_->folder_news(since_);
    EXPECT_TRUE(news && news->complete);
    since_ = news->to;
    std::vector<std::string> out;
    for (const FolderEvent& e : news->events) {
      if (e.what == What::messages) {
        out.push_back("+" + std::to_string(e.added) + " -" + std::to_string(e.removed) + (e.flags ? " flags" : "") +
                      (e.unseen ? " unseen" : ""));
      } else if (e.what == What::renamed) {
        out.push_back(e.old_path + " is " + e.path);
      } else {
        out.push_back((e.what == What::created   ? "new "
                       : e.what == What::deleted ? "gone "
                       : e.what == What::rights  ? "rights "
                                                 : "subscription ") +
                      e.path);
      }
    }
    return out;
  }
  FolderId inbox() { return account_->find_folder("INBOX")->id; }
  Uid add() {
    NewItem item;
    item.body = body("Subject: x\r\n\r\n");
    return account_->append(inbox(), std::span(&item, 1))->uids.front();
  }

  std::shared_ptr<Account> account_ = account();
  std::unique_ptr<Watch> watch_;
  Modseq since_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Memory, FolderNewsOf, testing::Values("memory"));

TEST_P(FolderNewsOf, TellOfNames) {
  EXPECT_TRUE(news().empty());
  ASSERT_TRUE(account_->create_folder("a/b"));
  EXPECT_THAT(news(), ElementsAre("new a", "new a/b"));
  ASSERT_TRUE(account_->rename_folder(account_->find_folder("a")->id, "c"));
  EXPECT_THAT(news(), ElementsAre("a is c"));
  ASSERT_TRUE(account_->set_subscribed("c/b", true));
  EXPECT_THAT(news(), ElementsAre("subscription c/b"));
  const auto grant = [&](std::string_view path, const char* who) {
    return account_->change_grants(account_->find_folder(path)->id, [who](Grants& grants) -> Result<> {
      grants = {{who, 3}};
      return {};
    });
  };
  ASSERT_TRUE(grant("c/b", "anyone"));
  ASSERT_TRUE(grant("c/b", "#7"));
  ASSERT_TRUE(grant("c/b", "#7"));
  EXPECT_THAT(news(), ElementsAre("rights c/b", "rights c/b"));
  // It stays as a name that holds another, which is where it was.
  ASSERT_TRUE(account_->delete_folder(account_->find_folder("c")->id));
  EXPECT_THAT(news(), ElementsAre("gone c", "new c"));
  ASSERT_TRUE(account_->delete_folder(account_->find_folder("c/b")->id));
  EXPECT_THAT(news(), ElementsAre("gone c/b"));
}

TEST_P(FolderNewsOf, TellOfMessages) {
  const Uid uid = add();
  EXPECT_THAT(news(), ElementsAre("+1 -0 unseen"));
  const NumberSet one = NumberSet::of(uid, uid);
  ASSERT_TRUE(account_->store_flags(inbox(), one, FlagChange::add, Flags{flag::kSeen, {}}, std::nullopt));
  EXPECT_THAT(news(), ElementsAre("+0 -0 flags unseen"));
  ASSERT_TRUE(account_->store_flags(inbox(), one, FlagChange::add, Flags{flag::kFlagged, {}}, std::nullopt));
  EXPECT_THAT(news(), ElementsAre("+0 -0 flags"));
  ASSERT_TRUE(account_->remove(inbox(), one));
  EXPECT_THAT(news(), ElementsAre("+0 -1"));
}

TEST_P(FolderNewsOf, SayWhenTheyAreNotAllThatHappened) {
  const Modseq before = since_;
  for (int i = 0; i < 1'100; ++i) add();
  EXPECT_FALSE(account_->folder_news(before)->complete);
  const auto rest = account_->folder_news(account_->modseq() - 3);
  EXPECT_TRUE(rest->complete);
  EXPECT_EQ(rest->events.size(), 3U);
}

TEST_P(FolderNewsOf, AreNotKeptWhileNobodyWatches) {
  watch_.reset();
  add();
  watch_ = account_->watch([] {});
  EXPECT_FALSE(account_->folder_news(since_)->complete);
  since_ = account_->modseq();
  add();
  EXPECT_THAT(news(), ElementsAre("+1 -0 unseen"));
}

TEST_P(FolderNewsOf, ReplacingIsOneStep) {
  const Uid old = add();
  news();
  quota_ = account_->quota()->used_octets + 2;
  NewItem item;
  item.body = body("Subject: xyz\r\n\r\n");
  const auto done = account_->replace(inbox(), old, inbox(), item);
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_THAT(done->uids, ElementsAre(old + 1));
  EXPECT_THAT(news(), ElementsAre("+1 -1"));
  EXPECT_EQ(account_->find_folder("INBOX")->total, 1U);
  EXPECT_EQ(account_->changes(inbox(), since_ - 1)->vanished, NumberSet::of(old, old));
  // It is gone: nothing is done.
  EXPECT_TRUE(account_->replace(inbox(), old, inbox(), item)->uids.empty());
  EXPECT_EQ(account_->find_folder("INBOX")->total, 1U);
  item.body = body("Subject: xyz, much longer\r\n\r\n");
  EXPECT_EQ(account_->replace(inbox(), old + 1, inbox(), item).error().code, Errc::over_quota);
  EXPECT_EQ(account_->find_folder("INBOX")->total, 1U);
}

class AccessKeys : public AccountFixture {};
INSTANTIATE_TEST_SUITE_P(Engines, AccessKeys, testing::Values("memory", "rocksdb"));

TEST_P(AccessKeys, AreMadeOnceAndKept) {
  auto owner = account();
  const FolderId inbox = owner->find_folder("INBOX")->id, sent = owner->find_folder("Sent")->id;
  EXPECT_EQ(*owner->access_key(inbox, "one"), "one");
  EXPECT_EQ(*owner->access_key(inbox, "two"), "one");
  EXPECT_EQ(*owner->access_key(sent, "other"), "other");
  owner.reset();
  restart();
  owner = account();
  EXPECT_EQ(*owner->access_key(inbox, "three"), "one");
  ASSERT_TRUE(owner->set_access_key(inbox, "four"));
  EXPECT_EQ(*owner->access_key(inbox, "five"), "four");
  ASSERT_TRUE(owner->drop_access_keys());
  EXPECT_EQ(*owner->access_key(inbox, "six"), "six");
  EXPECT_EQ(owner->access_key(FolderId{9'999}, "x").error().code, Errc::not_found);
  EXPECT_EQ(owner->access_key(inbox, "").error().code, Errc::invalid);
}

}  // namespace
}  // namespace gatepost::account
