#include "store/rocksdb_key_value.hpp"

#include <algorithm>

#include "store/events.hpp"
#include "store/keys.hpp"
#include "store/limits.hpp"

namespace gatepost::store {
namespace {

// The engine keeps old values for an old snapshot, at the cost of space only, so there is nothing to enforce.
class RocksSnapshot final : public Snapshot {
 public:
  RocksSnapshot(Rows& rows, Partition partition)
      : rows_(rows), view_(rows), partition_(partition), prefix_(account_prefix(partition)) {}

  Result<> load_version() {
    std::string value;
    GP_TRY(const bool found, rows_.get(version_key(partition_), value, &view_));
    if (!found) return {};
    const auto version = decode_version(value);
    if (!version) return fail(Errc::corrupt, "version row");
    version_ = *version;
    return {};
  }
  Version version() const override { return version_; }

  Result<std::optional<std::string>> get(std::string_view key) override {
    std::string full = prefix_;
    full.append(key);
    std::optional<std::string> value(std::in_place);
    GP_TRY(const bool found, rows_.get(full, *value, &view_));
    if (!found) value.reset();
    return value;
  }

  Result<std::vector<std::optional<std::string>>> get_many(std::span<const std::string_view> keys) override {
    std::vector<std::string> full;
    full.reserve(keys.size());
    for (const std::string_view key : keys) full.push_back(prefix_ + std::string(key));
    return rows_.get_many(full, &view_);
  }

  void pass_by() override { pass_by_ = true; }

  Result<> scan(std::string_view begin, std::string_view end, bool descending, std::size_t,
                const std::function<bool(Entry)>& visit) override {
    if (!end.empty() && end <= begin) return {};
    RowCursor cursor(rows_, prefix_ + std::string(begin),
                     end.empty() ? account_end(partition_) : prefix_ + std::string(end), &view_, !descending,
                     !pass_by_);
    if (descending)
      cursor.last();
    else
      cursor.first();
    while (cursor.valid()) {
      if (!visit(Entry{cursor.key().substr(prefix_.size()), cursor.value()})) return {};
      if (descending)
        cursor.previous();
      else
        cursor.next();
    }
    return cursor.status();
  }

 private:
  Rows& rows_;
  RowView view_;
  const Partition partition_;
  const std::string prefix_;
  Version version_ = 0;
  bool pass_by_ = false;
};

}  // namespace

Result<std::unique_ptr<Snapshot>> RocksKeyValue::snapshot(Partition partition, std::chrono::seconds) {
  auto snapshot = std::make_unique<RocksSnapshot>(rows_, partition);
  GP_CHECK(snapshot->load_version());
  return snapshot;
}

Result<Version> RocksKeyValue::commit(Partition partition, Version expected, const Batch& batch) {
  GP_CHECK(check_limits(partition, batch));
  return committer_.commit(partition, expected, batch);
}

Result<bool> RocksKeyValue::outcome(Partition partition, const CommitId& id) {
  const std::string_view wanted(reinterpret_cast<const char*>(id.data()), id.size());
  std::vector<std::string> slots;
  for (std::uint64_t slot = 0; slot < kOutcomeSlots; ++slot) slots.push_back(outcome_key(partition, slot));
  GP_TRY(const auto values, rows_.get_many(slots, nullptr));
  return std::ranges::any_of(values, [&](const auto& value) { return value && *value == wanted; });
}

Result<Version> RocksKeyValue::version(Partition partition) {
  std::string value;
  GP_TRY(const bool found, rows_.get(version_key(partition), value));
  if (!found) return Version{0};
  const auto version = decode_version(value);
  if (!version) return fail(Errc::corrupt, "version row");
  return *version;
}

Result<bool> RocksKeyValue::referenced(const BlobId& id) {
  const std::string prefix = reference_prefix(id);
  RowCursor cursor(rows_, prefix, prefix_end(prefix), nullptr, true);
  cursor.first();
  if (cursor.valid()) return true;
  GP_CHECK(cursor.status());
  return false;
}

Result<> RocksKeyValue::partitions(const std::function<bool(Partition)>& visit) {
  RowCursor cursor(rows_, std::string(1, root::kVersion), std::string(1, root::kVersion + 1), nullptr);
  for (cursor.first(); cursor.valid(); cursor.next()) {
    const auto partition = partition_of(cursor.key());
    if (partition && !visit(*partition)) return {};
  }
  return cursor.status();
}

std::unique_ptr<Subscription> RocksKeyValue::watch(std::function<void(Partition, Version)> callback) {
  return watchers_.add(std::move(callback));
}

// The rows go in one commit, with a note that the references are to follow: these are found by a walk over all
// references, too many for one batch. Until they are gone the number cannot be used again.
Result<> RocksKeyValue::drop(Partition partition) {
  GP_CHECK(committer_.run([&]() -> Result<> {
    RowBatch batch;
    batch.erase_range(account_prefix(partition), account_end(partition));
    batch.erase_range(outcome_key(partition, 0), outcome_key(partition, 0).substr(0, kPrefixOctets) + '\xff');
    batch.erase(version_key(partition));
    batch.put(dropping_key(partition), encode_version(0));
    GP_CHECK(rows_.write(batch, true));
    committer_.forget_version(partition);
    committer_.block(partition, true);
    return {};
  }));
  auto dropped = drop_references(partition);
  GP_CHECK(committer_.run([&]() -> Result<> {
    if (!dropped) return {};
    RowBatch batch;
    batch.erase(dropping_key(partition));
    GP_CHECK(rows_.write(batch, true));
    committer_.block(partition, false);
    return {};
  }));
  return dropped;
}

Result<> RocksKeyValue::drop_references(Partition partition) {
  constexpr std::size_t kAtOnce = 1000;
  std::vector<ReferenceKey> found;
  const auto remove = [&]() -> Result<> {
    if (found.empty()) return {};
    GP_CHECK(committer_.run([&]() -> Result<> {
      RowBatch batch;
      for (const ReferenceKey& key : found) {
        batch.erase(reference_key(key.id, partition, key.item));
        bodies_.put_garbage(key.id, batch);
      }
      return rows_.write(batch, false);  // the note is taken away with a sync
    }));
    found.clear();
    return {};
  };
  RowCursor cursor(rows_, std::string(1, root::kReference), std::string(1, root::kReference + 1), nullptr);
  for (cursor.first(); cursor.valid(); cursor.next()) {
    auto key = parse_reference_key(cursor.key());
    if (!key || key->partition != partition) continue;
    key->id.size = decode_size(cursor.value()).value_or(0);
    found.push_back(*key);
    if (found.size() >= kAtOnce) GP_CHECK(remove());
  }
  GP_CHECK(cursor.status());
  return remove();
}

Result<> RocksKeyValue::recover() {
  std::vector<Partition> unfinished;
  {
    RowCursor cursor(rows_, std::string(1, root::kDropping), std::string(1, root::kDropping + 1), nullptr);
    for (cursor.first(); cursor.valid(); cursor.next())
      if (const auto partition = partition_of(cursor.key())) unfinished.push_back(*partition);
    GP_CHECK(cursor.status());
  }
  for (const Partition partition : unfinished) {
    log_.write(event::kDropResumed, {{"partition", number(partition)}});
    GP_CHECK(drop(partition));
  }
  return {};
}

}  // namespace gatepost::store
