#include "store/root_keys.hpp"

#include <gtest/gtest.h>

#include "base/digest.hpp"

namespace gatepost::store {
namespace {

TEST(RootKeys, ReadBackWhatTheyWereMadeOf) {
  const BlobId id{sha256("x"), 0};
  EXPECT_EQ(partition_of(version_key(Partition{77})), Partition{77});
  EXPECT_EQ(partition_of(dropping_key(Partition{77})), Partition{77});
  EXPECT_EQ(segment_of(segment_key(0x01020304)), 0x01020304u);
  EXPECT_EQ(digest_of(body_key(id)), id);
  EXPECT_EQ(digest_of(garbage_key(id)), id);
  const auto reference = parse_reference_key(reference_key(id, Partition{5}, 6));
  ASSERT_TRUE(reference);
  EXPECT_EQ(reference->id, id);
  EXPECT_EQ(reference->partition, Partition{5});
  EXPECT_EQ(reference->item, 6u);
}

TEST(RootKeys, RefuseKeysOfOtherKindsAndLengths) {
  EXPECT_FALSE(partition_of(segment_key(1)));
  EXPECT_FALSE(segment_of(version_key(Partition{1})));
  EXPECT_FALSE(parse_reference_key(body_key({})));
  EXPECT_FALSE(digest_of(reference_key({}, Partition{1}, 1)));
  EXPECT_FALSE(digest_of(""));
  EXPECT_FALSE(partition_of(""));
}

TEST(RootKeys, EndAPartitionWhereTheNextBegins) {
  EXPECT_EQ(account_end(Partition{1}), account_prefix(Partition{2}));
  EXPECT_GT(account_end(Partition{UINT64_MAX}), account_prefix(Partition{UINT64_MAX}));
}

TEST(RootKeys, ReadBackTheirValues) {
  const Location where{Location::Kind::own_file, 0xfedcba9876543210, 3, 1ull << 40, 99};
  EXPECT_EQ(decode_location(encode(where)), where);
  EXPECT_EQ(decode_version(encode_version(1ull << 60)), 1ull << 60);
  EXPECT_EQ(decode_segment_row(encode(SegmentRow{7, 5}))->end, 7u);
  EXPECT_EQ(decode_garbage_row(encode(GarbageRow{7, 5}))->since, 7u);
  const std::vector<RestoreRow> restores{{1'800'000'000, 86'400}, {1'900'000'000, 60}};
  EXPECT_EQ(decode_restores(encode(restores)), restores);
}

TEST(RootKeys, RefuseValuesThatAreCutOffOrOfALaterFormat) {
  const std::string value = encode(Location{Location::Kind::segment, 300, 300, 300, 300});
  for (std::size_t length = 0; length < value.size(); ++length) EXPECT_FALSE(decode_location(value.substr(0, length)));
  std::string later = value;
  later[0] = 2;
  EXPECT_FALSE(decode_location(later));
  std::string kind = value;
  kind[1] = 2;
  EXPECT_FALSE(decode_location(kind));
  EXPECT_FALSE(decode_version(""));
  EXPECT_FALSE(decode_restores(encode(std::vector<RestoreRow>(kMaxRestoreRows + 1))));
}

}  // namespace
}  // namespace gatepost::store
