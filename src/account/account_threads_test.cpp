#include <atomic>
#include <map>
#include <random>
#include <thread>

#include <gmock/gmock.h>

#include "account/account_fixture.hpp"

namespace gatepost::account {
namespace {

using testing::IsEmpty;

class ManyThreads : public AccountFixture {};
INSTANTIATE_TEST_SUITE_P(Engines, ManyThreads, testing::ValuesIn(kEngines),
                         [](const auto& i) { return std::string(i.param); });

TEST_P(ManyThreads, ReadTheUidsOfAColdFolderWhileOthersChangeIt) {
  const NewItem one = message("x");
  {
    const auto a = account();
    const FolderId inbox = folder(*a, "INBOX");
    ASSERT_TRUE(a->append(inbox, std::vector<NewItem>(2'000, one)));
    NumberSet odd;
    for (Uid u = 1; u <= 2'000; u += 2) odd.add(u);
    ASSERT_TRUE(a->remove(inbox, odd));
  }
  for (int round = 0; round < 5; ++round) {
    restart();
    const auto a = account();
    const FolderId inbox = folder(*a, "INBOX");
    std::atomic<bool> wrong = false;
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&, t] {
          for (Uid i = 0; i < 20; ++i) {
            const Uid uid = static_cast<Uid>(round) * 400 + static_cast<Uid>(t) * 100 + i * 2 + 2;
            if (!a->append(inbox, std::span(&one, 1)) || !a->remove(inbox, set({uid}))) wrong = true;
          }
        });
        threads.emplace_back([&] {
          for (int i = 0; i < 10; ++i) {
            const auto opened = a->open_folder(inbox, false);
            if (!opened || opened->uids->size() != opened->folder.total) wrong = true;
          }
        });
      }
    }
    EXPECT_FALSE(wrong);
    const auto opened = a->open_folder(inbox, false);
    NumberSet truth;
    for (const Row& row : rows(*a, inbox)) truth.add(row.uid);
    EXPECT_EQ(*opened->uids, truth);
  }
  EXPECT_THAT(findings(), IsEmpty());
}

// Few accounts fit into memory, so that they come and go while they are in use.
TEST_P(ManyThreads, UseMoreAccountsThanFitIntoMemory) {
  accounts_.reset();
  options_.cached_accounts = 2;
  start();
  const NewItem one = message("x");
  constexpr std::uint64_t kAccounts = 6;
  std::array<std::atomic<std::uint32_t>, kAccounts> expected{};
  std::atomic<bool> wrong = false;
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937 dice(t);
        for (int i = 0; i < 40; ++i) {
          const std::uint64_t n = dice() % kAccounts;
          auto a = accounts_->open(AccountId{4000 + n});
          if (!a) {
            wrong = true;
            continue;
          }
          const auto watch = (*a)->watch([] {});
          if (deliver(**a, {one, dice() % 2 == 0 ? "" : "Lists/a", ""}))
            ++expected[n];
          else
            wrong = true;
          if (dice() % 10 == 0 &&
              !accounts_->check(AccountId{4000 + n}, dice() % 2 == 0, [&](const auto&) { wrong = true; })) {
            wrong = true;
          }
        }
      });
    }
  }
  EXPECT_FALSE(wrong);
  restart();
  for (std::uint64_t n = 0; n < kAccounts; ++n) {
    EXPECT_EQ(account(AccountId{4000 + n})->quota()->messages, expected[n]);
    EXPECT_THAT(findings(AccountId{4000 + n}), IsEmpty());
  }
}

TEST_P(ManyThreads, CreateRenameAndDeleteFoldersOfOneAccount) {
  const auto a = account();
  const NewItem one = message("x");
  std::atomic<bool> wrong = false;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        const std::string mine = "shared/t" + std::to_string(t);
        for (int i = 0; i < 12; ++i) {
          const auto made = a->create_folder(mine + "/x");
          if (!made) {
            wrong = true;
            return;
          }
          const FolderId up = a->find_folder(mine)->id;
          if (!a->append(made->id, std::span(&one, 1))) wrong = true;
          if (!a->rename_folder(up, mine + "-renamed")) wrong = true;
          if (!a->copy(made->id, set({1}), up) || !a->delete_folder(up)) wrong = true;
          if (!a->delete_folder(made->id)) wrong = true;
          const auto place = a->find_folder(mine + "-renamed");
          if (!place || !a->delete_folder(place->id)) wrong = true;
          if (!a->folders()) wrong = true;
        }
      });
    }
  }
  EXPECT_FALSE(wrong);
  EXPECT_EQ((*a->folders())->size(), 7U);
  EXPECT_EQ(a->quota()->messages, 0U);
  EXPECT_THAT(findings(), IsEmpty());
}

}  // namespace
}  // namespace gatepost::account
