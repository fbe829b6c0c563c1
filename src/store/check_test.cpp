// `check` finds what a broken disk changed, names it and goes on; reading never returns wrong octets.
#include <random>

#include <gmock/gmock.h>

#include "store/rocksdb_fixture.hpp"

namespace gatepost::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void flip_bit(const std::filesystem::path& path, std::uint64_t octet, int bit = 3) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(octet));
  const char was = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(octet));
  file.put(static_cast<char>(was ^ (1 << bit)));
}

class Check : public OnDisk {
 protected:
  void rewrite_row(const std::string& key, const std::optional<std::string>& value) {
    store_.reset();
    auto rows = Rows::open({options_.directory / "keys", 1 << 20, false}, disk_, log_).value();
    RowBatch batch;
    if (value)
      batch.put(key, *value);
    else
      batch.erase(key);
    ASSERT_TRUE(rows->write(batch, true));
    rows.reset();
    open();
  }
};

TEST_F(Check, FindsAFlippedBitInASegment) {
  open();
  const BlobId first = deliver(kAlice, mail_of(5000, 1), 1).value();
  reopen();  // cuts off the room for more
  const std::uint64_t end = std::filesystem::file_size(segment(1));
  const BlobId second = deliver(kAlice, mail_of(5000, 2), 2).value();
  EXPECT_THAT(findings(), IsEmpty());
  flip_bit(segment(1), end / 2);
  EXPECT_THAT(findings(), ElementsAre(HasSubstr(first.to_hex())));
  EXPECT_EQ(read(first), "corrupt");
  EXPECT_EQ(read(second), mail_of(5000, 2));
}

TEST_F(Check, FindsFlippedBitsAnywhereInARecord) {
  open();
  const BlobId id = deliver(kAlice, mail_of(90'000, 1), 1).value();
  const std::uint64_t size = std::filesystem::file_size(segment(1));
  std::mt19937 random(1);
  for (int i = 0; i < 60; ++i) {
    const std::uint64_t at = i == 0 ? 0 : random() % (size - 8);  // the last octets may be padding
    flip_bit(segment(1), at, i % 8);
    EXPECT_THAT(findings(), ElementsAre(HasSubstr(id.to_hex()))) << at;
    const std::string octets = read(id);
    EXPECT_TRUE(octets == mail_of(90'000, 1) || octets == "corrupt") << at;
    flip_bit(segment(1), at, i % 8);
  }
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(Check, FindsAFlippedBitInALargeBody) {
  open();
  const BlobId id = deliver(kAlice, mail_of(2'000'000, 1), 1).value();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.directory / "bodies" / "large"))
    if (entry.is_regular_file()) flip_bit(entry.path(), 700'000);
  EXPECT_THAT(findings(), ElementsAre(HasSubstr(id.to_hex())));
}

TEST_F(Check, FindsAFlippedBitInTheRows) {
  open();
  for (unsigned i = 0; i < 300; ++i) ASSERT_TRUE(put(kAlice, fmt::format("key {}", i), mail_of(200, i)));
  const BlobId id = deliver(kBob, "body", 1).value();
  store_.reset();  // writes the rows to a file
  bool flipped = false;
  for (const auto& entry : std::filesystem::directory_iterator(options_.directory / "keys"))
    if (entry.path().extension() == ".sst" && entry.file_size() > 20'000) flip_bit(entry.path(), 9000), flipped = true;
  ASSERT_TRUE(flipped);
  open();
  EXPECT_THAT(findings(), ::testing::Contains(HasSubstr("keys")));
  EXPECT_EQ(read(id), "body");  // the rest is served
  EXPECT_TRUE(put(kBob, "k", "v"));
}

TEST_F(Check, FindsRowsThatCannotBeRead) {
  open();
  const BlobId id = deliver(kAlice, "body", 1).value();
  ASSERT_TRUE(deliver(kAlice, "other", 2));
  rewrite_row(body_key(id), "\x07nonsense");
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("unreadable")));
  EXPECT_EQ(read(id), "corrupt");
  rewrite_row(body_key(id), std::nullopt);
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("partition 4711 item 1")));
  EXPECT_EQ(store_body("body"), id);  // and sending it again mends it
  ASSERT_TRUE(refer(kAlice, id, 1));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(Check, FindsABodyInTheWrongPlace) {
  open();
  const BlobId first = deliver(kAlice, mail_of(500, 1), 1).value();
  const BlobId second = deliver(kAlice, mail_of(500, 2), 2).value();
  store_.reset();
  Location where;
  {
    auto rows = Rows::open({options_.directory / "keys", 1 << 20, false}, disk_, log_).value();
    std::string value;
    ASSERT_TRUE(rows->get(body_key(first), value).value());
    where = decode_location(value).value();
  }
  open();
  rewrite_row(body_key(second), encode(where));
  EXPECT_THAT(findings(), ElementsAre(HasSubstr("another body")));
}

TEST_F(Check, StopsWhenTold) {
  open();
  ASSERT_TRUE(deliver(kAlice, "body", 1));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(store_->check([](const Store::Finding&) {}, stop.get_token()));
}

}  // namespace
}  // namespace gatepost::store
