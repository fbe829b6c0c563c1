// Opening after a crash, and who may open at all.
#include <sys/stat.h>

#include <gmock/gmock.h>

#include "store/rocksdb_fixture.hpp"

namespace gatepost::store {
namespace {

using ::testing::IsEmpty;

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void append(const std::filesystem::path& path, std::string_view octets) {
  std::ofstream(path, std::ios::binary | std::ios::app) << octets;
}

class Recovery : public OnDisk {};

TEST_F(Recovery, CutsATornRecordAtEveryLengthAndKeepsWhatWasCommitted) {
  open();
  const BlobId kept = deliver(kAlice, mail_of(3000, 1), 1).value();
  reopen();  // cuts off the room for more
  const std::uint64_t end = std::filesystem::file_size(segment(1));
  store_body(mail_of(500, 2));
  store_.reset();  // gives the second body its row
  const std::string torn = slurp(segment(1)).substr(end);
  ASSERT_GT(torn.size(), 72u);
  for (std::size_t length = 1; length < torn.size(); length += length < 80 ? 13 : 97) {
    const auto whole = std::filesystem::file_size(segment(1));
    append(segment(1), torn.substr(0, length));
    open();
    EXPECT_EQ(std::filesystem::file_size(segment(1)), whole) << length;
    EXPECT_EQ(read(kept), mail_of(3000, 1));
    EXPECT_TRUE(logged("store.tail_cut"));
    EXPECT_THAT(findings(), IsEmpty());
    store_.reset();
  }
}

TEST_F(Recovery, GoesOnBehindACutTail) {
  open();
  const BlobId first = deliver(kAlice, "first", 1).value();
  store_.reset();
  append(segment(1), std::string(5000, '\xaa'));
  open();
  const BlobId second = deliver(kAlice, "second", 2).value();
  reopen();
  EXPECT_EQ(read(first), "first");
  EXPECT_EQ(read(second), "second");
}

TEST_F(Recovery, KeepsAWholeRecordNobodyReferredToForItsGracePeriod) {
  open();
  ASSERT_TRUE(deliver(kAlice, "first", 1));
  const auto copy = directory_.path() / "copy";
  const BlobId loose = store_body("written, never committed");
  std::filesystem::copy(options_.directory, copy, std::filesystem::copy_options::recursive);
  store_.reset();
  options_.directory = copy;
  open();
  EXPECT_EQ(read(loose), "written, never committed");
  clock_.advance(std::chrono::hours(25));
  ASSERT_TRUE(store_->collect({}));
  EXPECT_FALSE(bodies().exists(loose).value());
}

TEST_F(Recovery, PutsALargeBodyInItsPlaceAndDropsAnUnfinishedOne) {
  open();
  const BlobId large = deliver(kAlice, mail_of(3'000'000, 1), 1).value();
  store_.reset();
  // As after a crash between the commit and the move, beside one that was being written.
  std::filesystem::path placed;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.directory / "bodies" / "large"))
    if (entry.is_regular_file()) placed = entry.path();
  const auto fresh = options_.directory / "bodies" / "new";
  std::filesystem::rename(placed, fresh / placed.filename());
  append(fresh / "0123456789abcdef", std::string(100'000, 'x'));
  open();
  EXPECT_EQ(read(large), mail_of(3'000'000, 1));
  EXPECT_TRUE(std::filesystem::exists(placed));
  EXPECT_TRUE(std::filesystem::is_empty(fresh));
}

TEST_F(Recovery, StartsWithoutASegmentAndSaysWhatIsMissing) {
  open();
  const BlobId lost = deliver(kAlice, mail_of(4000, 1), 1).value();
  store_.reset();
  std::filesystem::remove(segment(1));
  open();
  EXPECT_TRUE(logged("store.segment_missing"));
  EXPECT_EQ(read(lost), "corrupt");
  EXPECT_EQ(findings().size(), 1u);
  EXPECT_TRUE(deliver(kBob, "new mail", 1));
  EXPECT_EQ(keys().version(kAlice).value(), 1u);
}

TEST_F(Recovery, StartsWithAShortenedSegmentAndAppendsToAnother) {
  open();
  const BlobId kept = deliver(kAlice, mail_of(4000, 1), 1).value();
  const BlobId lost = deliver(kAlice, mail_of(4000, 2), 2).value();
  store_.reset();
  std::filesystem::resize_file(segment(1), std::filesystem::file_size(segment(1)) - 100);
  open();
  EXPECT_TRUE(logged("store.segment_short"));
  EXPECT_EQ(read(kept), mail_of(4000, 1));
  EXPECT_EQ(read(lost), "corrupt");
  ASSERT_TRUE(deliver(kBob, "new mail", 1));
  EXPECT_TRUE(std::filesystem::exists(segment(2)));
}

TEST_F(Recovery, CompletesADropThatWasInterrupted) {
  open();
  const BlobId id = deliver(kAlice, "body", 1).value();
  const auto copy = directory_.path() / "copy";
  ASSERT_TRUE(deliver(kBob, "other", 1));
  // The note that a crash would leave: rows gone, references not yet.
  std::filesystem::copy(options_.directory, copy, std::filesystem::copy_options::recursive);
  store_.reset();
  {
    auto rows = Rows::open({copy / "keys", 1 << 20, false}, disk_, log_).value();
    RowBatch batch;
    batch.erase_range(account_prefix(kAlice), account_end(kAlice));
    batch.erase(version_key(kAlice));
    batch.put(dropping_key(kAlice), encode_version(0));
    ASSERT_TRUE(rows->write(batch, true));
  }
  options_.directory = copy;
  open();
  EXPECT_TRUE(logged("store.drop_resumed"));
  EXPECT_FALSE(keys().referenced(id).value());
  EXPECT_TRUE(deliver(kAlice, "again", 1));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(Recovery, LetsOneOpenerInAtATime) {
  open();
  const auto second = try_open(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::unavailable);
  Options read_only = options_;
  read_only.read_only = true;
  EXPECT_EQ(try_open(read_only).error().code, Errc::unavailable);
  store_.reset();
  auto reader = try_open(read_only);
  ASSERT_TRUE(reader) << reader.error().detail;
  EXPECT_TRUE(try_open(read_only));
  EXPECT_EQ(try_open(options_).error().code, Errc::unavailable);
  reader->reset();
  open();
}

TEST_F(Recovery, ReadsOnlyWhenToldSo) {
  options_.read_only = true;
  EXPECT_FALSE(try_open(options_));
  EXPECT_FALSE(std::filesystem::exists(options_.directory / "keys"));
  options_.read_only = false;
  open();
  const BlobId id = deliver(kAlice, "body", 1).value();
  options_.read_only = true;
  reopen();
  EXPECT_EQ(read(id), "body");
  EXPECT_EQ(keys().version(kAlice).value(), 1u);
  EXPECT_EQ(put(kAlice, "k", "v").error().code, Errc::read_only);
  EXPECT_EQ(bodies().create(1).error().code, Errc::read_only);
  EXPECT_EQ(store_->collect({}).error().code, Errc::read_only);
  EXPECT_EQ(keys().drop(kAlice).error().code, Errc::read_only);
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(Recovery, RefusesAStoreOfALaterFormat) {
  open();
  store_.reset();
  {
    auto rows = Rows::open({options_.directory / "keys", 1 << 20, false}, disk_, log_).value();
    RowBatch batch;
    batch.put(std::string(1, root::kFormat), std::string(1, char{kStoreFormat + 1}));
    ASSERT_TRUE(rows->write(batch, true));
  }
  EXPECT_EQ(try_open(options_).error().code, Errc::unsupported);
}

}  // namespace
}  // namespace gatepost::store
