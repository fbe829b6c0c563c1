// Space comes back: holes, rewritten segments, files of large bodies.
#include <sys/stat.h>

#include <algorithm>
#include <random>
#include <thread>

#include <gmock/gmock.h>

#include "store/rocksdb_fixture.hpp"

namespace gatepost::store {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

class Collector : public OnDisk {
 protected:
  Collector() {
    options_.compression_level = 0;
    files_.segment_octets = 1 << 20;
    open();
  }
  std::uint64_t occupied() const {
    std::uint64_t total = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.directory / "bodies")) {
      struct stat status{};
      if (entry.is_regular_file() && ::stat(entry.path().c_str(), &status) == 0)
        total += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
    return total;
  }
  std::uint64_t collect() {
    clock_.advance(25h);
    return store_->collect({}).value();
  }
};

TEST_F(Collector, PunchesAHoleWhereABodyWas) {
  const BlobId kept = deliver(kAlice, mail_of(200'000, 1), 1).value();
  const BlobId gone = deliver(kAlice, mail_of(100'000, 2), 2).value();
  const BlobId after = deliver(kAlice, mail_of(300'000, 3), 3).value();
  const std::uint64_t full = occupied();
  ASSERT_TRUE(refer(kAlice, gone, 2, false));
  EXPECT_GE(collect(), 100'000u);
  EXPECT_LE(occupied() + 90'000, full);
  EXPECT_EQ(read(kept), mail_of(200'000, 1));
  EXPECT_EQ(read(after), mail_of(300'000, 3));
  EXPECT_EQ(read(gone), "not_found");
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(Collector, RewritesASegmentThatIsMostlyDead) {
  std::vector<BlobId> all;
  for (unsigned i = 0; i < 600; ++i) all.push_back(deliver(kAlice, mail_of(4000, i), i).value());
  ASSERT_TRUE(std::filesystem::exists(segment(3)));
  for (unsigned i = 0; i < 600; ++i)
    if (i % 10 != 0) ASSERT_TRUE(refer(kAlice, all[i], i, false));
  collect();
  EXPECT_FALSE(std::filesystem::exists(segment(1)));
  EXPECT_FALSE(std::filesystem::exists(segment(2)));
  EXPECT_LT(occupied(), 60 * 4096u + (1 << 20));
  for (int round = 0; round < 2; ++round) {
    for (unsigned i = 0; i < 600; i += 10) ASSERT_EQ(read(all[i]), mail_of(4000, i));
    EXPECT_THAT(findings(), IsEmpty());
    reopen();
  }
}

TEST_F(Collector, RemovesTheFileOfALargeBody) {
  const BlobId large = deliver(kAlice, mail_of(3'000'000, 1), 1).value();
  EXPECT_GE(occupied(), 3'000'000u);
  ASSERT_TRUE(refer(kAlice, large, 1, false));
  collect();
  EXPECT_LT(occupied(), 100'000u);
}

TEST_F(Collector, RemovesALargeFileThatACrashLeftBehind) {
  const BlobId large = deliver(kAlice, mail_of(3'000'000, 1), 1).value();
  std::filesystem::path placed;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.directory / "bodies" / "large"))
    if (entry.is_regular_file()) placed = entry.path();
  const auto orphan = placed.parent_path() / "00000000000000ff";
  std::filesystem::copy_file(placed, orphan);
  ASSERT_TRUE(store_->collect({}));
  EXPECT_FALSE(std::filesystem::exists(orphan));
  EXPECT_TRUE(std::filesystem::exists(placed));
  EXPECT_EQ(read(large), mail_of(3'000'000, 1));
  EXPECT_TRUE(logged("store.orphan_removed"));
}

TEST_F(Collector, LeavesFilesABackupSharesAsTheyAre) {
  const BlobId gone = deliver(kAlice, mail_of(600'000, 1), 1).value();
  const BlobId filler = deliver(kAlice, mail_of(600'000, 2), 2).value();
  ASSERT_TRUE(deliver(kAlice, "in the next segment", 3));
  const auto backup = directory_.path() / "backup";
  ASSERT_TRUE(store_->backup(backup, {}));
  ASSERT_TRUE(refer(kAlice, gone, 1, false));
  collect();
  EXPECT_EQ(read(gone), "not_found");
  EXPECT_EQ(read(filler), mail_of(600'000, 2));
  Options other = options_;
  other.directory = backup;
  auto restored = try_open(other).value();
  EXPECT_EQ(read_all(restored->bodies(), gone).value(), mail_of(600'000, 1));
  EXPECT_THAT(findings(*restored), IsEmpty());
}

// The collector, readers and writers that store the same bodies again and again, with a grace period of nothing: what a
// commit refers to is never gone.
TEST_F(Collector, NeverTakesABodyThatACommitRefersTo) {
  options_.collect_after = 0h;
  files_.segment_octets = 64 << 10;
  reopen();
  std::atomic<bool> done{false};
  std::thread collector([&] {
    while (!done) ASSERT_TRUE(store_->collect({}));
  });
  std::vector<std::thread> writers;
  for (unsigned t = 0; t < 4; ++t) {
    writers.emplace_back([this, t] {
      std::mt19937 random(t);
      const Partition p{9000 + t};
      for (std::uint64_t i = 0; i < 150; ++i) {
        const unsigned seed = random() % 6;
        const std::size_t size = seed == 0 ? 1'700'000 : 3000 + seed * 1000;
        const auto delivered = deliver(p, mail_of(size, seed), i);
        if (!delivered) {
          ASSERT_EQ(delivered.error().code, Errc::not_found) << delivered.error().detail;
          continue;
        }
        ASSERT_EQ(read(*delivered), mail_of(size, seed));
        if (random() % 4 != 0) ASSERT_TRUE(refer(p, *delivered, i, false));
      }
    });
  }
  for (auto& w : writers) w.join();
  done = true;
  collector.join();
  EXPECT_THAT(findings(), IsEmpty());
  reopen();
  EXPECT_THAT(findings(), IsEmpty());
}

}  // namespace
}  // namespace gatepost::store
