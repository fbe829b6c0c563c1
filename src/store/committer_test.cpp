// Commits in groups: one sync for many, bodies before the rows that name them.
#include <barrier>
#include <thread>

#include <gmock/gmock.h>

#include "store/rocksdb_fixture.hpp"

namespace gatepost::store {
namespace {

using ::testing::ElementsAre;

class CommitGroup : public OnDisk {
 protected:
  CommitGroup() { open(); }
  std::uint64_t counter(std::string_view name) { return metrics_.counter(name, "", "").value(); }
};

TEST_F(CommitGroup, SyncsTheBodyBeforeTheLogThatNamesIt) {
  disk_.forget_calls();
  ASSERT_TRUE(deliver(kAlice, "a body", 1));
  EXPECT_THAT(disk_.calls(), ElementsAre("write body", "sync body", "write log", "sync log"));
}

TEST_F(CommitGroup, SyncsNoBodiesWhenNoneIsNew) {
  const BlobId id = deliver(kAlice, "a body", 1).value();
  disk_.forget_calls();
  ASSERT_TRUE(put(kAlice, "k", "v"));
  ASSERT_TRUE(refer(kBob, id, 1));
  EXPECT_THAT(disk_.calls(), ElementsAre("write log", "sync log", "write log", "sync log"));
}

TEST_F(CommitGroup, SyncsALargeBodyOnTheWritersTimeNotOnTheGroups) {
  const BlobId id = store_body(mail_of(2'000'000, 1));
  disk_.forget_calls();
  ASSERT_TRUE(refer(kAlice, id, 1));
  EXPECT_THAT(disk_.calls(), ElementsAre("write log", "sync log"));
}

TEST_F(CommitGroup, SharesSyncsAmongConcurrentCommits) {
  constexpr int kThreads = 16, kEach = 30;
  const std::uint64_t groups = counter("gatepost_store_groups_total");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      const Partition p{5000u + static_cast<unsigned>(t)};
      for (int i = 0; i < kEach; ++i) ASSERT_TRUE(deliver(p, fmt::format("{} {}", t, i), static_cast<unsigned>(i)));
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(counter("gatepost_store_commits_total"), kThreads * kEach);
  EXPECT_LT(counter("gatepost_store_groups_total") - groups, kThreads * kEach);
}

TEST_F(CommitGroup, TakesTwoCommitsToOnePartitionInOrder) {
  // Each thread commits at the version the one before it makes: whatever groups they fall into, none is lost.
  constexpr Version kCommits = 64;
  std::vector<std::thread> threads;
  for (Version v = 0; v < kCommits; ++v) {
    threads.emplace_back([this, v] {
      Batch batch;
      batch.writes = {{fmt::format("k{}", v), "x"}};
      for (;;) {
        const auto done = keys().commit(kAlice, v, batch);
        if (done) return;
        ASSERT_EQ(done.error().code, Errc::conflict);
        std::this_thread::yield();
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(keys().version(kAlice).value(), kCommits);
}

TEST_F(CommitGroup, DropsAPartitionBesideCommitsToIt) {
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (std::uint64_t i = 0; !done; ++i) {
      const auto delivered = deliver(kAlice, fmt::format("body {}", i), i);
      if (!delivered) ASSERT_THAT(delivered.error().code, ::testing::AnyOf(Errc::conflict, Errc::unavailable));
    }
  });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(keys().drop(kAlice));
  done = true;
  writer.join();
  ASSERT_TRUE(keys().drop(kAlice));
  EXPECT_TRUE(findings().empty());
  EXPECT_EQ(keys().version(kAlice).value(), 0u);
}

}  // namespace
}  // namespace gatepost::store
