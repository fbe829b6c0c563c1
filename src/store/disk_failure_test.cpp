// What becomes of commits when the disk fails or is full.
#include <cerrno>

#include <gmock/gmock.h>

#include "store/rocksdb_fixture.hpp"

namespace gatepost::store {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

class DiskFailure : public OnDisk {
 protected:
  DiskFailure() {
    options_.reserve_octets = 1 << 30;
    open();
  }
  void set_available(std::uint64_t octets) {
    disk_.available = octets;
    clock_.advance(2s);
  }
  static Errc code(const auto& result) { return result ? Errc{} : result.error().code; }
};

TEST_F(DiskFailure, RefusesTheCommitWhoseBodyCouldNotBeSynced) {
  const BlobId id = store_body("lost");
  disk_.body_sync = EIO;
  EXPECT_EQ(code(refer(kAlice, id, 1)), Errc::unavailable);
  EXPECT_EQ(keys().version(kAlice).value(), 0u);
  EXPECT_TRUE(logged("store.sync_failed"));
}

TEST_F(DiskFailure, NeverTakesALaterSyncForSuccessOfTheOneThatFailed) {
  const BlobId id = store_body("lost");
  disk_.body_sync = EIO;
  ASSERT_FALSE(refer(kAlice, id, 1));
  disk_.body_sync = 0;
  // The pages may be gone although the kernel now says all is well: the body must be sent again.
  EXPECT_EQ(code(refer(kAlice, id, 1)), Errc::not_found);
  EXPECT_EQ(store_body("lost"), id);
  EXPECT_TRUE(refer(kAlice, id, 1));
  reopen();
  EXPECT_EQ(read(id), "lost");
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(DiskFailure, CommitsTheOthersOfTheGroup) {
  ASSERT_TRUE(put(kBob, "k", "1"));
  const BlobId id = store_body("lost");
  disk_.body_sync = EIO;
  std::thread with_body([&] { EXPECT_FALSE(refer(kAlice, id, 1)); });
  EXPECT_TRUE(put(kBob, "k", "2"));
  with_body.join();
  EXPECT_EQ(keys().version(kBob).value(), 2u);
}

TEST_F(DiskFailure, RefusesABodyThatCouldNotBeWritten) {
  disk_.body_write = EIO;
  EXPECT_EQ(code(try_store("x")), Errc::unavailable);
  EXPECT_EQ(code(try_store(mail_of(3'000'000, 1))), Errc::unavailable);
  disk_.body_write = 0;
  EXPECT_TRUE(deliver(kAlice, "x", 1));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(DiskFailure, WritesNothingMoreOnceTheLogCouldNotBeSynced) {
  const BlobId before = deliver(kAlice, "before", 1).value();
  disk_.engine_sync_error = EIO;
  EXPECT_EQ(code(deliver(kAlice, "during", 2)), Errc::unavailable);
  disk_.engine_sync_error = 0;
  EXPECT_EQ(code(put(kBob, "k", "v")), Errc::read_only);
  EXPECT_EQ(code(try_store("after")), Errc::read_only);
  EXPECT_EQ(read(before), "before");
  EXPECT_EQ(keys().version(kAlice).value(), 1u);
  EXPECT_TRUE(logged("store.writing_stopped"));
  reopen();
  EXPECT_EQ(read(before), "before");
  EXPECT_TRUE(deliver(kBob, "after", 1));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(DiskFailure, RefusesNewBodiesBelowTheReserveAndStillDeletes) {
  const BlobId id = deliver(kAlice, "old mail", 1).value();
  auto begun = bodies().create(0).value();
  set_available(100 << 20);
  EXPECT_TRUE(store_->disk_low());
  EXPECT_EQ(code(bodies().create(10)), Errc::disk_full);
  EXPECT_EQ(code(begun->append("x")), Errc::disk_full);
  EXPECT_TRUE(refer(kAlice, id, 1, false));
  EXPECT_TRUE(put(kAlice, "flags", "seen"));
  EXPECT_EQ(read(id), "old mail");
  EXPECT_TRUE(logged("store.disk_low"));
  set_available(20ull << 30);
  EXPECT_FALSE(store_->disk_low());
  EXPECT_TRUE(deliver(kAlice, "new mail", 2));
  EXPECT_TRUE(logged("store.disk_enough"));
}

TEST_F(DiskFailure, GivesUpItsBallastWhenTheDiskIsNearlyFull) {
  set_available(20ull << 30);
  store_->disk_low();
  const auto ballast = options_.directory / "ballast";
  ASSERT_TRUE(std::filesystem::exists(ballast));
  EXPECT_GT(std::filesystem::file_size(ballast), 32u << 20);
  set_available(10 << 20);
  store_->disk_low();
  EXPECT_FALSE(std::filesystem::exists(ballast));
  set_available(20ull << 30);
  store_->disk_low();
  EXPECT_TRUE(std::filesystem::exists(ballast));
}

TEST_F(DiskFailure, RefusesABodyTheDiskIsTooFullForAndKeepsWhatFollows) {
  disk_.writes_until_full = 0;
  EXPECT_EQ(code(try_store(mail_of(50'000, 1))), Errc::disk_full);
  EXPECT_TRUE(store_->disk_low());
  disk_.writes_until_full = ~0u;
  clock_.advance(2s);
  const BlobId id = deliver(kAlice, mail_of(50'000, 2), 1).value();
  disk_.writes_until_full = 3;
  EXPECT_EQ(code(try_store(mail_of(3'000'000, 3))), Errc::disk_full);
  disk_.writes_until_full = ~0u;
  clock_.advance(2s);
  reopen();
  EXPECT_EQ(read(id), mail_of(50'000, 2));
  EXPECT_TRUE(std::filesystem::is_empty(options_.directory / "bodies" / "new"));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(DiskFailure, CommitsAgainByItselfWhenTheLogHasRoom) {
  // The first commit after opening finds the disk full, then one in the middle: with and without rows in memory.
  for (int round = 0; round < 2; ++round) {
    const Version before = keys().version(kAlice).value();
    disk_.engine_write_error = ENOSPC;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(code(put(kAlice, "k", "refused")), Errc::disk_full);
    EXPECT_EQ(keys().version(kAlice).value(), before);
    disk_.engine_write_error = 0;
    clock_.advance(2s);
    Result<Version> done = fail(Errc::internal);
    for (int i = 0; i < 200 && !done; ++i) {
      done = put(kAlice, "k", fmt::format("{}", round));
      if (!done) std::this_thread::sleep_for(50ms);
    }
    ASSERT_TRUE(done) << done.error().detail;
    ASSERT_TRUE(deliver(kBob, fmt::format("body {}", round), static_cast<unsigned>(round)));
  }
  const Version alice = keys().version(kAlice).value(), bob = keys().version(kBob).value();
  // What was acknowledged after the failures is in a log that can be read to its end.
  const auto copy = directory_.path() / "copy";
  std::filesystem::copy(options_.directory, copy, std::filesystem::copy_options::recursive);
  Options other = options_;
  other.directory = copy;
  auto reopened = try_open(other);
  ASSERT_TRUE(reopened) << reopened.error().detail;
  EXPECT_EQ((*reopened)->keys().version(kAlice).value(), alice);
  EXPECT_EQ((*reopened)->keys().version(kBob).value(), bob);
  EXPECT_THAT(findings(**reopened), IsEmpty());
}

}  // namespace
}  // namespace gatepost::store
