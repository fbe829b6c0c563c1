#include <thread>

#include <gmock/gmock.h>

#include "store/rocksdb_fixture.hpp"

namespace gatepost::store {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

class Backup : public OnDisk {
 protected:
  std::filesystem::path backup_{directory_.path() / "backup"};
  Result<std::unique_ptr<Store>> restore() {
    Options other = options_;
    other.directory = backup_;
    return try_open(other);
  }
};

TEST_F(Backup, OpensAsAStoreWithEverythingInIt) {
  files_.segment_octets = 256 << 10;
  open();
  std::vector<BlobId> all;
  for (unsigned i = 0; i < 200; ++i) all.push_back(deliver(kAlice, mail_of(3000, i), i).value());
  all.push_back(deliver(kAlice, mail_of(2'000'000, 500), 500).value());
  const BlobId loose = store_body("nobody refers to this yet");
  ASSERT_TRUE(store_->backup(backup_, {}));
  ASSERT_TRUE(deliver(kAlice, "after the backup", 501));
  auto restored = restore();
  ASSERT_TRUE(restored) << restored.error().detail;
  Store& copy = **restored;
  EXPECT_EQ(copy.keys().version(kAlice).value(), 201u);
  for (unsigned i = 0; i < 200; ++i) ASSERT_EQ(read_all(copy.bodies(), all[i]).value(), mail_of(3000, i));
  EXPECT_EQ(read_all(copy.bodies(), all[200]).value(), mail_of(2'000'000, 500));
  EXPECT_EQ(read_all(copy.bodies(), loose).value(), "nobody refers to this yet");
  EXPECT_THAT(findings(copy), IsEmpty());
  // Both live on, apart from each other.
  Batch batch;
  batch.writes = {{"only", "here"}};
  ASSERT_TRUE(copy.keys().commit(kAlice, 201, batch));
  ASSERT_TRUE(deliver(kAlice, "and here", 502));
  EXPECT_THAT(findings(), IsEmpty());
}

// Every backup taken under load holds each account at one version with all bodies of that version.
TEST_F(Backup, IsConsistentBesideDeliveriesDeletionsAndTheCollector) {
  options_.collect_after = 0h;
  files_.segment_octets = 128 << 10;
  open();
  std::atomic<bool> done{false};
  std::vector<std::thread> writers;
  for (unsigned t = 0; t < 4; ++t) {
    writers.emplace_back([&, t] {
      const Partition p{9000 + t};
      for (std::uint64_t i = 0; !done; ++i) {
        const auto id = deliver(p, mail_of(i % 50 == 7 ? 1'700'000 : 2000, t * 100'000 + static_cast<unsigned>(i)), i);
        ASSERT_TRUE(id || id.error().code == Errc::not_found);
        if (id && i % 3 == 0) {
          Batch batch;
          batch.writes = {{"i" + std::to_string(i), std::nullopt}};
          batch.refs = {{*id, i, false}};
          ASSERT_TRUE(keys().commit(p, keys().version(p).value(), batch));
        }
      }
    });
  }
  std::thread collector([&] {
    while (!done) ASSERT_TRUE(store_->collect({}));
  });
  for (int round = 0; round < 4; ++round) {
    std::this_thread::sleep_for(100ms);
    ASSERT_TRUE(store_->backup(backup_, {}));
    auto restored = restore();
    ASSERT_TRUE(restored) << restored.error().detail;
    EXPECT_THAT(findings(**restored), IsEmpty());
    std::uint64_t items = 0;
    for (unsigned t = 0; t < 4; ++t) {
      auto snapshot = (*restored)->keys().snapshot(Partition{9000 + t}, 60s).value();
      ASSERT_TRUE(snapshot->scan("i", "j", false, 100, [&](Entry) { return ++items, true; }));
    }
    EXPECT_GT(items, 0u);
    restored->reset();
    std::filesystem::remove_all(backup_);
  }
  done = true;
  for (auto& w : writers) w.join();
  collector.join();
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(Backup, KnowsThatItWasRestoredAndWhatTimeWasLost) {
  open();
  ASSERT_TRUE(deliver(kAlice, "body", 1));
  EXPECT_THAT(store_->restores(), IsEmpty());
  ASSERT_TRUE(store_->backup(backup_, {}));
  clock_.advance(3h);
  reopen();  // the store itself is none
  EXPECT_THAT(store_->restores(), IsEmpty());
  for (int opened = 0; opened < 2; ++opened) {
    auto restored = restore();
    ASSERT_TRUE(restored) << restored.error().detail;
    const auto restores = (*restored)->restores();
    ASSERT_EQ(restores.size(), 1u);  // once, however often it is opened
    EXPECT_EQ(restores[0].lost, 3h);
    EXPECT_EQ(restores[0].at, clock_.now() - opened * 1h);
    clock_.advance(1h);
  }
  EXPECT_TRUE(logged("store.restored"));
  // A backup of what was restored, restored in its turn.
  const auto second = directory_.path() / "second";
  ASSERT_TRUE(restore().value()->backup(second, {}));
  clock_.advance(1h);
  options_.directory = second;
  reopen();
  ASSERT_EQ(store_->restores().size(), 2u);
  EXPECT_EQ(store_->restores()[0].lost, 3h);
  EXPECT_EQ(store_->restores()[1].lost, 1h);
}

TEST_F(Backup, IsWhatACopyBecomesThatWasMadeByOtherMeans) {
  open();
  ASSERT_TRUE(deliver(kAlice, "body", 1));
  store_.reset();
  std::filesystem::create_directories(backup_);
  for (const char* part : {"keys", "bodies"}) {
    std::filesystem::copy(options_.directory / part, backup_ / part, std::filesystem::copy_options::recursive);
  }
  ASSERT_TRUE(mark_as_backup(backup_, options_.directory));
  ASSERT_TRUE(mark_as_backup(backup_, options_.directory));
  auto restored = restore();
  ASSERT_TRUE(restored) << restored.error().detail;
  ASSERT_EQ((*restored)->restores().size(), 1u);
  // The test's clock stands in the past, and the files are of today: a clock that went back loses nothing more.
  EXPECT_EQ((*restored)->restores()[0].lost, 0s);
  EXPECT_GT((*restored)->restores()[0].at, clock_.now());
}

TEST_F(Backup, CountsAsOneWithAMarkThatCannotBeRead) {
  open();
  ASSERT_TRUE(deliver(kAlice, "body", 1));
  for (const char* text : {"", "soon", "12x\n", "99999999999999999999999999999999999999999999"}) {
    const auto copy = directory_.path() / "copy";
    ASSERT_TRUE(store_->backup(copy, {}));
    std::ofstream(copy / "backup", std::ios::trunc) << text;
    Options other = options_;
    other.directory = copy;
    {
      auto restored = try_open(other);
      ASSERT_TRUE(restored) << restored.error().detail;
      EXPECT_EQ((*restored)->restores().size(), 1u) << text;
    }
    std::filesystem::remove_all(copy);
  }
}

TEST_F(Backup, RefusesADirectoryThatIsNotEmpty) {
  open();
  std::filesystem::create_directories(backup_ / "something");
  EXPECT_EQ(store_->backup(backup_, {}).error().code, Errc::already_exists);
}

TEST_F(Backup, IsNoStoreWhenItWasStopped) {
  open();
  ASSERT_TRUE(deliver(kAlice, "body", 1));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(store_->backup(backup_, stop.get_token()).error().code, Errc::closed);
  EXPECT_EQ(restore().error().code, Errc::corrupt);
  std::filesystem::remove_all(backup_);
  ASSERT_TRUE(store_->backup(backup_, {}));
  EXPECT_TRUE(restore());
}

TEST_F(Backup, CanBeMadeOfAStoreOpenedToReadOnly) {
  open();
  const BlobId id = deliver(kAlice, mail_of(100'000, 1), 1).value();
  options_.read_only = true;
  reopen();
  ASSERT_TRUE(store_->backup(backup_, {}));
  options_.read_only = false;
  auto restored = restore();
  ASSERT_TRUE(restored) << restored.error().detail;
  EXPECT_EQ(read_all((*restored)->bodies(), id).value(), mail_of(100'000, 1));
  EXPECT_THAT(findings(**restored), IsEmpty());
}

}  // namespace
}  // namespace gatepost::store
