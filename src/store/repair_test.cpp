// Damage that can be mended is mended while the store is in use; of the rest nothing more is lost.
#include <gmock/gmock.h>

#include "store/keys.hpp"
#include "store/rocksdb_fixture.hpp"

namespace gatepost::store {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Repair : public OnDisk {
 protected:
  void rewrite_rows(const std::vector<std::pair<std::string, std::optional<std::string>>>& rows_to_write) {
    store_.reset();
    auto rows = Rows::open({options_.directory / "keys", 1 << 20, false}, disk_, log_).value();
    RowBatch batch;
    for (const auto& [key, value] : rows_to_write) {
      if (value)
        batch.put(key, *value);
      else
        batch.erase(key);
    }
    ASSERT_TRUE(rows->write(batch, true));
    rows.reset();
    open();
  }
  std::vector<std::string> repair() {
    std::vector<std::string> mended;
    EXPECT_TRUE(store_->repair([&](const Store::Finding& f) { mended.push_back(f.where + ": " + f.what); }, {}));
    return mended;
  }
  void flip_bit(const std::filesystem::path& path, std::uint64_t octet) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(octet));
    const char was = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(octet));
    file.put(static_cast<char>(was ^ 4));
  }
};

TEST_F(Repair, FindsBodiesAgainWhoseRowsAreLost) {
  files_.segment_octets = 64 << 10;
  open();
  std::vector<BlobId> ids;
  for (unsigned i = 0; i < 60; ++i) ids.push_back(deliver(kAlice, mail_of(5'000, i), i).value());
  const BlobId large = deliver(kAlice, mail_of(2'000'000, 100), 100).value();
  EXPECT_THAT(repair(), IsEmpty());
  rewrite_rows({{body_key(ids[3]), "\x07nonsense"},
                {body_key(ids[40]), std::nullopt},
                {body_key(large), std::nullopt},
                {reference_key(ids[5], kAlice, 5), "\x09"}});
  EXPECT_EQ(read(ids[3]), "corrupt");
  EXPECT_THAT(findings(), SizeIs(4));
  EXPECT_TRUE(store_->is_damaged(ids[3]));
  EXPECT_TRUE(store_->is_damaged(large));
  EXPECT_FALSE(store_->is_damaged(ids[4]));
  EXPECT_THAT(repair(), SizeIs(4));
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_FALSE(store_->is_damaged(ids[3]));
  for (unsigned i = 0; i < 60; ++i) EXPECT_EQ(read(ids[i]), mail_of(5'000, i));
  EXPECT_EQ(read(large), mail_of(2'000'000, 100));
  reopen();
  EXPECT_EQ(read(ids[40]), mail_of(5'000, 40));
  EXPECT_THAT(repair(), IsEmpty());
}

TEST_F(Repair, StepsOverDamageInTheFilesAndTellsWhatIsLost) {
  open();
  std::vector<BlobId> ids;
  std::vector<std::uint64_t> begins;
  for (unsigned i = 0; i < 6; ++i) {
    begins.push_back(std::filesystem::exists(segment(1)) ? std::filesystem::file_size(segment(1)) : 0);
    ids.push_back(deliver(kAlice, mail_of(20'000, i), i).value());
    reopen();  // cuts off the room for more
  }
  store_.reset();
  flip_bit(segment(1), begins[1] + 20);   // the head of the second
  flip_bit(segment(1), begins[3] + 500);  // the content of the fourth
  open();
  rewrite_rows({{body_key(ids[1]), std::nullopt}, {body_key(ids[2]), std::nullopt}, {body_key(ids[3]), "\x07"}});
  EXPECT_THAT(repair(), ElementsAre(HasSubstr(ids[2].to_hex())));
  const auto left = findings();
  EXPECT_THAT(left, SizeIs(2));
  EXPECT_THAT(left, Contains(HasSubstr(ids[1].to_hex())));
  EXPECT_THAT(left, Contains(HasSubstr(ids[3].to_hex())));
  for (const unsigned i : {0U, 2U, 4U, 5U}) EXPECT_EQ(read(ids[i]), mail_of(20'000, i));
  // Both can be stored again, which mends them.
  for (const unsigned i : {1U, 3U}) {
    EXPECT_EQ(store_body(mail_of(20'000, i)), ids[i]);
    ASSERT_TRUE(refer(kAlice, ids[i], i));
  }
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(Repair, GivesAPartitionALaterVersionWhenItsOwnIsLost) {
  open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(put(kAlice, "key", std::to_string(i)));
  ASSERT_TRUE(put(kBob, "key", "other"));
  for (const std::optional<std::string>& damage : {std::optional<std::string>("\xff"), std::optional<std::string>()}) {
    rewrite_rows({{version_key(kAlice), damage}});
    EXPECT_THAT(repair(), ElementsAre(HasSubstr("partition 4711")));
    const Version version = keys().version(kAlice).value();
    EXPECT_GT(version, 1'000'000'000'000u);
    EXPECT_TRUE(put(kAlice, "key", "on"));
    EXPECT_EQ(keys().version(kBob).value(), 1u);
  }
}

TEST_F(Repair, TakesAwayReferencesOfNobody) {
  open();
  const BlobId id = deliver(kAlice, "body", 1).value();
  rewrite_rows({{reference_key(id, Partition{99'999}, 7), encode_size(4)}, {std::string("R") + "short", "x"}});
  EXPECT_THAT(findings(), SizeIs(2));
  EXPECT_THAT(repair(), SizeIs(2));
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_EQ(read(id), "body");
}

TEST_F(Repair, GoesOnBesideDeliveries) {
  open();
  std::vector<BlobId> ids;
  for (unsigned i = 0; i < 20; ++i) ids.push_back(deliver(kAlice, mail_of(3'000, i), i).value());
  rewrite_rows({{body_key(ids[7]), std::nullopt}, {body_key(ids[9]), std::nullopt}});
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (unsigned i = 100; !done; ++i) ASSERT_TRUE(deliver(kBob, mail_of(3'000, i), i));
  });
  EXPECT_THAT(repair(), SizeIs(2));
  done = true;
  writer.join();
  EXPECT_THAT(findings(), IsEmpty());
}

}  // namespace
}  // namespace gatepost::store
