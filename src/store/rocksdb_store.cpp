#include "store/rocksdb_store.hpp"

#include <fcntl.h>

#include <array>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "store/backup_mark.hpp"
#include "store/committer.hpp"
#include "store/events.hpp"
#include "store/keys.hpp"
#include "store/rocksdb_key_value.hpp"
#include "store/row_repair.hpp"
#include "store/segment_blob_store.hpp"

namespace gatepost::store {
namespace {

constexpr const char* kKeys = "keys";
constexpr const char* kUnfinishedKeys = "keys.unfinished";

class RocksStore final : public Store {
 public:
  RocksStore(const Options& options, Fd lock, std::unique_ptr<Rows> rows, Log& log, Metrics& metrics,
             const Clock& clock, Disk& disk, const SegmentFiles::Limits& files)
      : options_(options),
        clock_(clock),
        log_(log),
        lock_(std::move(lock)),
        rows_(std::move(rows)),
        space_(options.directory, {options.reserve_octets, options.reserve_percent}, options.read_only, disk, log,
               clock),
        bodies_(options.directory / "bodies",
                {options.compression_level, options.collect_after, options.read_only, files}, *rows_, disk, space_, log,
                metrics, clock),
        committer_(*rows_, bodies_, space_, watchers_, log, metrics),
        keys_(*rows_, committer_, watchers_, bodies_, log) {
    bodies_.run_exclusively_by(committer_);
  }
  ~RocksStore() override {
    if (options_.read_only) return;
    (void)bodies_.flush();
    (void)rows_->flush();
  }

  Result<> recover() {
    GP_CHECK(check_format());
    GP_CHECK(begin_anew());
    GP_TRY(const std::uint64_t cut, bodies_.recover());
    if (!options_.read_only) GP_CHECK(keys_.recover());
    log_.write(event::kOpened, {{"cut", cut}});
    return {};
  }

  KeyValue& keys() override { return keys_; }
  BlobStore& bodies() override { return bodies_; }
  bool disk_low() const override { return space_.low(); }
  std::vector<Restore> restores() const override { return restores_; }
  bool is_damaged(const BlobId& id) const override {
    const std::lock_guard lock(damaged_mutex_);
    return damaged_.contains(id.sha256);
  }
  Result<> repair(const std::function<void(const Finding&)>& mended, std::stop_token stop) override;
  Result<std::uint64_t> collect(std::stop_token stop) override {
    if (options_.read_only) return fail(Errc::read_only, "the store was opened to read only");
    return bodies_.collect([this](const BlobId& id) { return keys_.referenced(id); }, stop);
  }
  Result<> backup(const std::filesystem::path& to, std::stop_token stop) override;
  Result<> check(const std::function<void(const Finding&)>& problem, std::stop_token stop) override;

 private:
  Result<> check_format();
  Result<> begin_anew();
  Result<> check_references(const std::function<void(const Finding&)>& problem, std::stop_token stop);
  void note_damaged(const BlobId& id);
  Result<> copy_keys(const std::filesystem::path& to);

  const Options options_;
  const Clock& clock_;
  Log& log_;
  std::vector<Restore> restores_;  // unchanged once it is open
  const Fd lock_;
  std::unique_ptr<Rows> rows_;
  mutable DiskSpace space_;  // looks at the disk when it is asked
  SegmentBlobStore bodies_;
  Watchers watchers_;
  Committer committer_;
  RocksKeyValue keys_;
  mutable std::mutex damaged_mutex_;
  std::set<std::array<std::uint8_t, 32>> damaged_;  // digests that the last check found damaged; guarded by the mutex
};

Result<> RocksStore::check_format() {
  std::string value;
  GP_TRY(const bool found, rows_->get(std::string(1, root::kFormat), value));
  if (found) {
    if (value.empty() || static_cast<std::uint8_t>(value[0]) > kStoreFormat)
      return fail(Errc::unsupported, "the store was written by a later version of this program");
    return {};
  }
  if (options_.read_only) return fail(Errc::not_found, "no store here");
  RowBatch batch;
  batch.put(std::string(1, root::kFormat), std::string(1, static_cast<char>(kStoreFormat)));
  return rows_->write(batch, true);
}

// Notices when this is a backup that is opened for the first time. The mark goes last: a crash before that makes it a
// restore twice, which does no harm.
Result<> RocksStore::begin_anew() {
  std::vector<RestoreRow> rows;
  std::string value;
  GP_TRY(const bool found, rows_->get(std::string(1, root::kEpoch), value));
  if (found) {
    auto read = decode_restores(value);
    if (!read) return fail(Errc::corrupt, "row of restores");
    rows = std::move(*read);
  }
  GP_TRY(const auto made, read_backup_mark(options_.directory));
  if (made && !options_.read_only) {
    std::uint64_t at = std::max(seconds_of(clock_.now()), *made);
    if (!rows.empty()) at = std::max(at, rows.back().at + 1);
    rows.push_back({at, at - *made});
    // Of very many the two oldest become one: what both of them lost is as much.
    while (rows.size() > kMaxRestoreRows) {
      rows[1].lost += rows[0].lost;
      rows.erase(rows.begin());
    }
    RowBatch batch;
    batch.put(std::string(1, root::kEpoch), encode(rows));
    GP_CHECK(rows_->write(batch, true));
    GP_CHECK(remove_backup_mark(options_.directory));
    log_.write(event::kRestored, {{"lost", rows.back().lost}});
  }
  for (const RestoreRow& row : rows) {
    restores_.push_back({TimePoint(std::chrono::seconds(row.at)), std::chrono::seconds(row.lost)});
  }
  return {};
}

Result<> RocksStore::backup(const std::filesystem::path& to, std::stop_token stop) {
  std::error_code ignored;
  if (std::filesystem::exists(to, ignored) && !std::filesystem::is_empty(to, ignored))
    return fail(Errc::already_exists, to.string() + " is not empty");
  GP_CHECK(make_directories(to));
  // Before anything is copied; a backup of a backup is as old as that.
  GP_TRY(const auto made, read_backup_mark(options_.directory));
  GP_CHECK(write_backup_mark(to, made.value_or(seconds_of(clock_.now()))));
  // Without the collector no file the rows speak of goes away before it is copied.
  std::lock_guard no_collector(bodies_.collector_mutex());
  if (!options_.read_only) GP_CHECK(bodies_.flush());
  const auto unfinished = to / kUnfinishedKeys;
  GP_CHECK(options_.read_only ? copy_keys(unfinished) : rows_->checkpoint(unfinished));
  GP_CHECK(bodies_.copy_files(to / "bodies", stop));
  // The name makes it a store, when everything is there.
  std::error_code error;
  std::filesystem::rename(unfinished, to / kKeys, error);
  if (error) return fail(Errc::unavailable, "rename " + unfinished.string() + ": " + error.message());
  return sync_directory(to);
}

// Nobody writes: what would change in use is copied, the rest linked.
Result<> RocksStore::copy_keys(const std::filesystem::path& to) {
  GP_CHECK(make_directories(to));
  GP_TRY(const auto files, files_in(options_.directory / kKeys));
  for (const auto& file : files) {
    const std::string name = file.filename().string();
    if (name.starts_with("LOG") || name == "LOCK") continue;
    if (file.extension() == ".sst") {
      GP_CHECK(link_or_copy(file, to / name));
      continue;
    }
    GP_TRY(const Fd source, open_file(file, O_RDONLY));
    GP_TRY(const std::uint64_t octets, file_size(source.get()));
    GP_CHECK(copy_front(file, to / name, octets));
  }
  return sync_directory(to);
}

Result<> RocksStore::check(const std::function<void(const Finding&)>& problem, std::stop_token stop) {
  {
    const std::lock_guard lock(damaged_mutex_);
    damaged_.clear();
  }
  // Damage that ends one walk over the rows is a finding; the next walk may still come through.
  const auto report = [&](const char* where, const Result<>& walked) -> Result<> {
    if (walked) return {};
    if (walked.error().code != Errc::corrupt) return walked;
    problem({where, walked.error().detail});
    return {};
  };
  GP_CHECK(report("keys", rows_->verify()));
  const auto body_problem = [&](const std::optional<BlobId>& id, const std::string& what) {
    if (id) note_damaged(*id);
    problem({id ? "body " + id->to_hex() : "body row", what});
  };
  GP_CHECK(report("body rows", bodies_.check(body_problem, stop)));
  return report("reference rows", check_references(problem, stop));
}

void RocksStore::note_damaged(const BlobId& id) {
  const std::lock_guard lock(damaged_mutex_);
  damaged_.insert(id.sha256);
}

Result<> RocksStore::repair(const std::function<void(const Finding&)>& mended, std::stop_token stop) {
  if (options_.read_only) return fail(Errc::read_only, "the store was opened to read only");
  const auto tell = [&](const std::string& where, const std::string& what) { mended({where, what}); };
  GP_CHECK(bodies_.repair(tell, stop));
  return repair_rows(*rows_, committer_, bodies_, clock_.now(), tell, stop);
}

Result<> RocksStore::check_references(const std::function<void(const Finding&)>& problem, std::stop_token stop) {
  const RowView view(*rows_);
  RowCursor cursor(*rows_, std::string(1, root::kReference), std::string(1, root::kReference + 1), &view);
  BlobId last;
  bool last_stored = false;
  std::string value;
  for (cursor.first(); cursor.valid() && !stop.stop_requested(); cursor.next()) {
    const auto key = parse_reference_key(cursor.key());
    const auto size = decode_size(cursor.value());
    if (!key || !size) {
      problem({"reference row", "unreadable row"});
      continue;
    }
    if (key->id.sha256 != last.sha256 || !last_stored) {
      last = key->id;
      GP_TRY(last_stored, rows_->get(body_key(key->id), value, &view));
    }
    const std::string where = fmt::format("partition {} item {}", number(key->partition), key->item);
    if (!last_stored) {
      note_damaged(key->id);
      problem({where, "body " + key->id.to_hex() + " is missing"});
    }
    GP_TRY(const bool owned, rows_->get(version_key(key->partition), value, &view));
    if (owned) continue;
    GP_TRY(const bool dropping, rows_->get(dropping_key(key->partition), value, &view));
    if (!dropping) problem({where, "the reference's partition does not exist"});
  }
  return cursor.status();
}

}  // namespace

Result<std::unique_ptr<Store>> open_rocksdb(const Options& options, Log& log, Metrics& metrics, const Clock& clock,
                                            Disk& disk, const SegmentFiles::Limits& files) {
  if (!options.read_only) GP_CHECK(make_directories(options.directory));
  GP_TRY(Fd lock, lock_directory(options.directory, options.read_only));
  std::error_code ignored;
  if (std::filesystem::exists(options.directory / kUnfinishedKeys, ignored))
    return fail(Errc::corrupt, options.directory.string() + " is a backup that was not completed");
  GP_TRY(auto rows, Rows::open({options.directory / kKeys, options.cache_octets, options.read_only}, disk, log));
  auto store =
      std::make_unique<RocksStore>(options, std::move(lock), std::move(rows), log, metrics, clock, disk, files);
  GP_CHECK(store->recover());
  return store;
}

}  // namespace gatepost::store
