#include "store/row_repair.hpp"

#include <fmt/format.h>

#include "store/backup_mark.hpp"
#include "store/keys.hpp"

namespace gatepost::store {
namespace {

// A version nobody was given yet: accounts count them a second faster than they make them.
constexpr int kVersionsASecond = 16;  // as a power of two

using Mended = std::function<void(const std::string& where, const std::string& what)>;

// Partitions that hold rows, found by looking from one to the next.
Result<std::vector<Partition>> partitions_with_rows(Rows& rows, std::stop_token stop) {
  std::vector<Partition> found;
  RowCursor cursor(rows, std::string(1, root::kAccount), std::string(1, root::kAccount + 1), nullptr);
  for (cursor.first(); cursor.valid() && !stop.stop_requested();) {
    const std::string key(cursor.key());
    if (key.size() < kPrefixOctets) {
      cursor.next();
      continue;
    }
    // A version's key has the same form.
    const auto partition = partition_of(std::string(1, root::kVersion) + key.substr(1, kPrefixOctets - 1));
    found.push_back(*partition);
    cursor.seek(account_end(*partition));
  }
  GP_CHECK(cursor.status());
  return found;
}

Result<> repair_versions(Rows& rows, Committer& committer, TimePoint now, const Mended& mended, std::stop_token stop) {
  GP_TRY(const auto partitions, partitions_with_rows(rows, stop));
  for (const Partition partition : partitions) {
    GP_CHECK(committer.run([&]() -> Result<> {
      std::string value;
      GP_TRY(const bool there, rows.get(version_key(partition), value));
      if (there && decode_version(value)) return {};
      GP_TRY(const bool dropping, rows.get(dropping_key(partition), value));
      if (dropping) return {};
      RowBatch batch;
      batch.put(version_key(partition), encode_version(seconds_of(now) << kVersionsASecond));
      GP_CHECK(rows.write(batch, true));
      committer.forget_version(partition);
      mended(fmt::format("partition {}", number(partition)), "its version was lost; it goes on with a later one");
      return {};
    }));
  }
  return {};
}

// What is wrong with a reference row, and what it should be; nothing: it goes.
struct Wrong {
  std::string key;
  std::optional<std::string> value;
  std::optional<BlobId> garbage;
  std::string where, what;
};

Result<std::vector<Wrong>> wrong_references(Rows& rows, std::stop_token stop) {
  std::vector<Wrong> wrong;
  std::string value;
  RowCursor cursor(rows, std::string(1, root::kReference), std::string(1, root::kReference + 1), nullptr);
  for (cursor.first(); cursor.valid() && !stop.stop_requested(); cursor.next()) {
    const auto key = parse_reference_key(cursor.key());
    if (!key) {
      wrong.push_back({std::string(cursor.key()), std::nullopt, std::nullopt, "reference row", "damaged key"});
      continue;
    }
    const std::string where = fmt::format("partition {} item {}", number(key->partition), key->item);
    GP_TRY(const bool owned, rows.get(version_key(key->partition), value));
    GP_TRY(const bool dropping, rows.get(dropping_key(key->partition), value));
    if (!owned && !dropping) {
      BlobId id = key->id;
      id.size = decode_size(cursor.value()).value_or(0);
      wrong.push_back(
          {std::string(cursor.key()), std::nullopt, id, where, "reference of a partition that does not exist"});
      continue;
    }
    if (decode_size(cursor.value())) continue;
    GP_TRY(const bool stored, rows.get(body_key(key->id), value));
    const auto location = stored ? decode_location(value) : std::nullopt;
    if (!location) continue;
    wrong.push_back(
        {std::string(cursor.key()), encode_size(location->size), std::nullopt, where, "unreadable reference"});
  }
  GP_CHECK(cursor.status());
  return wrong;
}

}  // namespace

Result<> repair_rows(Rows& rows, Committer& committer, SegmentBlobStore& bodies, TimePoint now, const Mended& mended,
                     std::stop_token stop) {
  GP_CHECK(repair_versions(rows, committer, now, mended, stop));
  GP_TRY(const auto wrong, wrong_references(rows, stop));
  if (wrong.empty()) return {};
  return committer.run([&]() -> Result<> {
    RowBatch batch;
    for (const Wrong& w : wrong) {
      if (w.value)
        batch.put(w.key, *w.value);
      else
        batch.erase(w.key);
      if (w.garbage) bodies.put_garbage(*w.garbage, batch);
      mended(w.where, w.what);
    }
    return rows.write(batch, true);
  });
}

}  // namespace gatepost::store
