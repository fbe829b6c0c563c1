#include "store/memory_key_value.hpp"

#include <algorithm>

#include "store/limits.hpp"
#include "store/memory_blob_store.hpp"

namespace gatepost::store {
namespace {

// The value of a row at `version`: that of its newest cell not above it.
template <class Cells>
const std::string* value_at(const Cells& cells, Version version) {
  for (auto cell = cells.rbegin(); cell != cells.rend(); ++cell)
    if (cell->version <= version) return cell->value ? &*cell->value : nullptr;
  return nullptr;
}

}  // namespace

class MemoryKeyValue::View final : public Snapshot {
 public:
  View(std::mutex& mutex, std::shared_ptr<Rows> rows) : mutex_(mutex), rows_(std::move(rows)) {
    if (!rows_) return;
    version_ = rows_->version;
    rows_->snapshots.insert(version_);
  }
  ~View() override {
    if (!rows_) return;
    std::lock_guard lock(mutex_);
    rows_->snapshots.erase(rows_->snapshots.find(version_));
    if (!rows_->snapshots.empty()) return;
    for (const std::string& key : std::exchange(rows_->untidy, {})) tidy(*rows_, key);
  }
  Version version() const override { return version_; }

  Result<std::optional<std::string>> get(std::string_view key) override {
    std::optional<std::string> found;
    if (!rows_) return found;
    std::lock_guard lock(mutex_);
    const auto row = rows_->rows.find(key);
    if (row == rows_->rows.end()) return found;
    if (const std::string* value = value_at(row->second, version_)) found = *value;
    return found;
  }

  Result<std::vector<std::optional<std::string>>> get_many(std::span<const std::string_view> keys) override {
    std::vector<std::optional<std::string>> values;
    values.reserve(keys.size());
    for (const std::string_view key : keys) {
      GP_TRY(auto value, get(key));
      values.push_back(std::move(value));
    }
    return values;
  }

  Result<> scan(std::string_view begin, std::string_view end, bool descending, std::size_t page,
                const std::function<bool(Entry)>& visit) override {
    if (!rows_ || (!end.empty() && end <= begin)) return {};
    std::string from(begin), to(end);
    bool to_end = end.empty();
    bool skip_first = false;
    for (;;) {
      const auto entries = descending ? page_down(from, to, to_end, page) : page_up(from, to, to_end, skip_first, page);
      for (const auto& [key, value] : entries)
        if (!visit(Entry{key, value})) return {};
      if (entries.size() < std::max<std::size_t>(page, 1)) return {};
      // The next page begins behind (descending: ends before) the last key seen.
      if (descending) {
        to = entries.back().first;
        to_end = false;
      } else {
        from = entries.back().first;
        skip_first = true;
      }
    }
  }

 private:
  using Page = std::vector<std::pair<std::string, std::string>>;

  Page page_up(const std::string& from, const std::string& to, bool to_end, bool skip_first, std::size_t page) {
    Page entries;
    std::lock_guard lock(mutex_);
    auto row = skip_first ? rows_->rows.upper_bound(from) : rows_->rows.lower_bound(from);
    for (; row != rows_->rows.end() && (to_end || row->first < to); ++row) {
      if (const std::string* value = value_at(row->second, version_)) entries.emplace_back(row->first, *value);
      if (entries.size() >= std::max<std::size_t>(page, 1)) break;
    }
    return entries;
  }

  Page page_down(const std::string& from, const std::string& to, bool to_end, std::size_t page) {
    Page entries;
    std::lock_guard lock(mutex_);
    auto row = to_end ? rows_->rows.end() : rows_->rows.lower_bound(to);
    while (row != rows_->rows.begin()) {
      --row;
      if (row->first < from) break;
      if (const std::string* value = value_at(row->second, version_)) entries.emplace_back(row->first, *value);
      if (entries.size() >= std::max<std::size_t>(page, 1)) break;
    }
    return entries;
  }

  std::mutex& mutex_;
  std::shared_ptr<Rows> rows_;
  Version version_ = 0;
};

Result<std::unique_ptr<Snapshot>> MemoryKeyValue::snapshot(Partition partition, std::chrono::seconds) {
  std::lock_guard lock(mutex_);
  const auto found = partitions_.find(partition);
  return std::make_unique<View>(mutex_, found == partitions_.end() ? nullptr : found->second);
}

// Drops the cells that no snapshot sees: all before the newest one at or below the oldest snapshot.
void MemoryKeyValue::tidy(Rows& rows, const std::string& key) {
  const auto row = rows.rows.find(key);
  if (row == rows.rows.end()) return;
  const Version oldest = rows.snapshots.empty() ? rows.version : *rows.snapshots.begin();
  auto& cells = row->second;
  auto keep = cells.begin();
  for (auto cell = cells.begin(); cell != cells.end() && cell->version <= oldest; ++cell) keep = cell;
  cells.erase(cells.begin(), keep);
  if (cells.size() == 1 && !cells.front().value && cells.front().version <= oldest)
    rows.rows.erase(row);
  else if (cells.size() > 1 || !cells.front().value)
    rows.untidy.insert(key);
}

void MemoryKeyValue::put(Rows& rows, Version at, const std::string& key, std::optional<std::string> value) {
  auto& cells = rows.rows[key];
  if (!cells.empty() && cells.back().version == at)
    cells.back().value = std::move(value);
  else
    cells.push_back(Cell{at, std::move(value)});
}

void MemoryKeyValue::erase(Rows& rows, Version at, const RangeErase& range) {
  for (auto row = rows.rows.lower_bound(range.begin); row != rows.rows.end(); ++row) {
    if (!range.end.empty() && row->first >= range.end) break;
    if (row->second.back().value) put(rows, at, row->first, std::nullopt);
    rows.untidy.insert(row->first);
  }
}

Result<Version> MemoryKeyValue::commit(Partition partition, Version expected, const Batch& batch) {
  GP_CHECK(check_limits(partition, batch));
  Version at = 0;
  {
    std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    const Version current = found == partitions_.end() ? 0 : found->second->version;
    if (current != expected) return fail(Errc::conflict, "the partition has another version");
    for (const BlobRef& ref : batch.refs)
      if (ref.add && !bodies_.touch(ref.blob)) return fail(Errc::not_found, "no body " + ref.blob.to_hex());

    auto& slot = partitions_[partition];
    if (!slot) slot = std::make_shared<Rows>();
    Rows& rows = *slot;
    at = rows.version += batch.skip + 1;
    for (const RangeErase& range : batch.erases) erase(rows, at, range);
    for (const Write& write : batch.writes) put(rows, at, write.key, write.value);
    for (const Write& write : batch.writes) tidy(rows, write.key);
    if (rows.snapshots.empty())
      for (const std::string& key : std::exchange(rows.untidy, {})) tidy(rows, key);
    for (const BlobRef& ref : batch.refs) {
      auto& uses = references_[ref.blob];
      if (ref.add) {
        uses.emplace(partition, ref.item);
      } else {
        uses.erase({partition, ref.item});
        bodies_.touch(ref.blob);
      }
      if (uses.empty()) references_.erase(ref.blob);
    }
    if (batch.id != CommitId{}) rows.commits.emplace(batch.id, at);
  }
  const Watchers::Change change{partition, at};
  watchers_.notify(std::span(&change, 1));
  return at;
}

Result<bool> MemoryKeyValue::outcome(Partition partition, const CommitId& id) {
  std::lock_guard lock(mutex_);
  const auto found = partitions_.find(partition);
  return found != partitions_.end() && found->second->commits.contains(id);
}

Result<Version> MemoryKeyValue::version(Partition partition) {
  std::lock_guard lock(mutex_);
  const auto found = partitions_.find(partition);
  return found == partitions_.end() ? Version{0} : found->second->version;
}

Result<bool> MemoryKeyValue::referenced(const BlobId& blob) {
  std::lock_guard lock(mutex_);
  return references_.contains(blob);
}

Result<> MemoryKeyValue::partitions(const std::function<bool(Partition)>& visit) {
  std::vector<Partition> all;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [partition, rows] : partitions_) all.push_back(partition);
  }
  for (const Partition partition : all)
    if (!visit(partition)) break;
  return {};
}

std::unique_ptr<Subscription> MemoryKeyValue::watch(std::function<void(Partition, Version)> callback) {
  return watchers_.add(std::move(callback));
}

Result<> MemoryKeyValue::drop(Partition partition) {
  std::lock_guard lock(mutex_);
  partitions_.erase(partition);
  for (auto uses = references_.begin(); uses != references_.end();) {
    const auto dropped = std::erase_if(uses->second, [&](const Reference& r) { return r.first == partition; });
    if (dropped > 0) bodies_.touch(uses->first);
    uses = uses->second.empty() ? references_.erase(uses) : std::next(uses);
  }
  return {};
}

void MemoryKeyValue::dangling(const std::function<void(const BlobId&, Partition, std::uint64_t)>& problem) {
  std::lock_guard lock(mutex_);
  for (const auto& [blob, uses] : references_)
    if (!bodies_.exists(blob).value_or(false))
      for (const auto& [partition, item] : uses) problem(blob, partition, item);
}

}  // namespace gatepost::store
