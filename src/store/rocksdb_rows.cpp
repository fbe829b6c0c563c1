#include "store/rocksdb_rows.hpp"

#include <atomic>
#include <mutex>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include "store/events.hpp"
#include "store/keys.hpp"
#include "store/rocksdb_environment.hpp"
#include "store/root_keys.hpp"

namespace gatepost::store {
namespace {

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view_of(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

std::unexpected<Error> failure(const rocksdb::Status& status) {
  Errc code = Errc::unavailable;
  if (status.IsCorruption()) code = Errc::corrupt;
  if (status.IsNotSupported() || status.IsInvalidArgument()) code = Errc::internal;
  if (status.IsIOError() && status.subcode() == rocksdb::Status::kNoSpace) code = Errc::disk_full;
  return fail(code, "rocksdb: " + status.ToString());
}

Result<> checked(const rocksdb::Status& status) {
  if (!status.ok()) return failure(status);
  return {};
}

// The engine goes on when there is room again, except when it could not even begin a new file.
bool can_recover(const rocksdb::Status& status) {
  return status.IsNoSpace() && status.severity() < rocksdb::Status::kFatalError;
}

rocksdb::Options options_for(const Rows::Settings& settings, rocksdb::Env* env) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(settings.cache_octets, 4, false, 0.5);
  table.cache_index_and_filter_blocks = true;  // or they would grow outside the limit
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.whole_key_filtering = true;
  table.block_size = 8 << 10;
  table.format_version = 5;

  rocksdb::Options o;
  o.env = env;
  o.create_if_missing = true;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  o.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kPrefixOctets));
  o.memtable_prefix_bloom_size_ratio = 0.03;
  o.memtable_whole_key_filtering = true;  // finish() asks for bodies that are mostly not there
  o.write_buffer_size = 16 << 20;         // also bounds the replay after a crash
  o.max_write_buffer_number = 3;
  o.level_compaction_dynamic_level_bytes = true;
  o.target_file_size_base = 32 << 20;
  o.max_bytes_for_level_base = 128 << 20;
  o.compression = rocksdb::kLZ4Compression;
  o.compression_per_level = {rocksdb::kNoCompression,
                             rocksdb::kNoCompression,
                             rocksdb::kLZ4Compression,
                             rocksdb::kLZ4Compression,
                             rocksdb::kLZ4Compression,
                             rocksdb::kLZ4Compression,
                             rocksdb::kZSTD};
  o.max_background_jobs = 2;
  o.max_open_files = 500;
  o.bytes_per_sync = 1 << 20;
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // One thread writes at a time (the leader of a group), so the engine's own write queue has nothing to arrange.
  o.allow_concurrent_memtable_write = false;
  o.enable_write_thread_adaptive_yield = false;
  o.skip_stats_update_on_db_open = true;
  o.skip_checking_sst_file_sizes_on_db_open = true;
  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  o.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  o.max_log_file_size = 1 << 20;
  o.keep_log_file_num = 2;
  return o;
}

}  // namespace

struct RowBatch::State {
  rocksdb::WriteBatch batch;
};

RowBatch::RowBatch() : state_(std::make_unique<State>()) {}
RowBatch::~RowBatch() = default;
// The calls below fail only for column families and limits we do not use.
void RowBatch::put(std::string_view key, std::string_view value) { (void)state_->batch.Put(slice(key), slice(value)); }
void RowBatch::put(std::string_view prefix, std::string_view rest, std::string_view value) {
  const rocksdb::Slice key[2] = {slice(prefix), slice(rest)};
  const rocksdb::Slice content[1] = {slice(value)};
  (void)state_->batch.Put(rocksdb::SliceParts(key, 2), rocksdb::SliceParts(content, 1));
}
void RowBatch::erase(std::string_view key) { (void)state_->batch.Delete(slice(key)); }
void RowBatch::erase(std::string_view prefix, std::string_view rest) {
  const rocksdb::Slice key[2] = {slice(prefix), slice(rest)};
  (void)state_->batch.Delete(rocksdb::SliceParts(key, 2));
}
void RowBatch::erase_range(std::string_view begin, std::string_view end) {
  (void)state_->batch.DeleteRange(slice(begin), slice(end));
}
void RowBatch::clear() { state_->batch.Clear(); }
bool RowBatch::empty() const { return state_->batch.Count() == 0; }
std::size_t RowBatch::octets() const { return state_->batch.GetDataSize(); }

struct Rows::State {
  explicit State(Log& l) : log(l) {}
  Log& log;
  std::unique_ptr<rocksdb::Env> env;
  std::unique_ptr<rocksdb::DB> db;
  bool read_only = false;
  std::atomic<bool> full{false};  // a write found the disk full and none has succeeded since
  std::atomic<bool> stopped{false};
};

Rows::Rows() = default;
Rows::~Rows() {
  if (state_ && state_->db && !state_->read_only) (void)state_->db->Close();
}

Result<std::unique_ptr<Rows>> Rows::open(const Settings& settings, Disk& disk, Log& log) {
  std::unique_ptr<Rows> rows(new Rows);
  rows->state_ = std::make_unique<State>(log);
  State& state = *rows->state_;
  state.env = engine_environment(disk);
  state.read_only = settings.read_only;
  rocksdb::DB* db = nullptr;
  const rocksdb::Options options = options_for(settings, state.env.get());
  const rocksdb::Status status = settings.read_only
                                     ? rocksdb::DB::OpenForReadOnly(options, settings.directory.string(), &db)
                                     : rocksdb::DB::Open(options, settings.directory.string(), &db);
  if (!status.ok()) return failure(status);
  state.db.reset(db);
  return rows;
}

RowView::RowView(Rows& rows) : rows_(rows), pinned_(rows.state_->db->GetSnapshot()) {}
RowView::~RowView() { rows_.state_->db->ReleaseSnapshot(static_cast<const rocksdb::Snapshot*>(pinned_)); }

Result<bool> Rows::get(std::string_view key, std::string& value, const RowView* view) {
  rocksdb::ReadOptions options;
  if (view != nullptr) options.snapshot = static_cast<const rocksdb::Snapshot*>(view->pinned_);
  const rocksdb::Status status = state_->db->Get(options, slice(key), &value);
  if (status.IsNotFound()) return false;
  if (!status.ok()) return failure(status);
  return true;
}

Result<std::vector<std::optional<std::string>>> Rows::get_many(std::span<const std::string> keys, const RowView* view) {
  std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  rocksdb::ReadOptions options;
  if (view != nullptr) options.snapshot = static_cast<const rocksdb::Snapshot*>(view->pinned_);
  state_->db->MultiGet(options, state_->db->DefaultColumnFamily(), keys.size(), slices.data(), values.data(),
                       statuses.data());
  std::vector<std::optional<std::string>> found(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    if (!statuses[i].ok()) return failure(statuses[i]);
    found[i].emplace(values[i].data(), values[i].size());
  }
  return found;
}

Result<> Rows::write(RowBatch& batch, bool sync) {
  if (state_->read_only) return fail(Errc::read_only, "the store was opened to read only");
  if (stopped()) return fail(Errc::read_only, "a disk error has ended writing until the store is opened again");
  if (state_->full.load(std::memory_order_relaxed)) GP_CHECK(resume());
  rocksdb::WriteOptions options;
  options.sync = sync;
  const rocksdb::Status status = state_->db->Write(options, &batch.state_->batch);
  if (status.ok()) return {};
  if (can_recover(status))
    state_->full = true;
  else
    stop(status);
  return failure(status);
}

void Rows::stop(const rocksdb::Status& status) {
  if (!state_->stopped.exchange(true)) state_->log.write(event::kWritingStopped, {{"reason", status.ToString()}});
}

bool Rows::stopped() const { return state_->stopped.load(std::memory_order_relaxed); }

// After a write that found the disk full. The log then ends with a torn record, and what were written behind that would
// be lost in a crash: writing goes on in a new log only, which the flush of a memory table begins.
Result<> Rows::resume() {
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  rocksdb::Status status = state_->db->Resume();
  if (status.ok())
    status = state_->db->Put(unlogged, std::string(1, root::kResumed), std::string(1, char{kRecordFormat}));
  if (status.ok()) status = state_->db->Flush(rocksdb::FlushOptions());
  if (status.IsIOError() && !can_recover(status)) stop(status);
  // Busy: the engine is trying by itself.
  if (!status.ok()) return fail(Errc::disk_full, "rocksdb: " + status.ToString());
  state_->full = false;
  return {};
}

Result<> Rows::checkpoint(const std::filesystem::path& to) {
  rocksdb::Checkpoint* checkpoint = nullptr;
  GP_CHECK(checked(rocksdb::Checkpoint::Create(state_->db.get(), &checkpoint)));
  const std::unique_ptr<rocksdb::Checkpoint> owner(checkpoint);
  return checked(checkpoint->CreateCheckpoint(to.string()));
}

Result<> Rows::flush() { return checked(state_->db->Flush(rocksdb::FlushOptions())); }
Result<> Rows::verify() { return checked(state_->db->VerifyChecksum()); }

struct RowCursor::State {
  std::string begin, end;
  rocksdb::Slice lower, upper;  // views of begin and end
  std::unique_ptr<rocksdb::Iterator> iterator;
};

RowCursor::RowCursor(Rows& rows, std::string begin, std::string end, const RowView* view, bool one_prefix, bool keep)
    : state_(std::make_unique<State>()) {
  state_->begin = std::move(begin);
  state_->end = std::move(end);
  state_->lower = slice(state_->begin);
  state_->upper = slice(state_->end);
  rocksdb::ReadOptions options;
  if (view != nullptr) options.snapshot = static_cast<const rocksdb::Snapshot*>(view->pinned_);
  options.iterate_lower_bound = &state_->lower;
  if (!state_->end.empty()) options.iterate_upper_bound = &state_->upper;
  // Backwards, the engine would look for the prefix of the upper bound, which is another one.
  options.total_order_seek = !one_prefix;
  options.fill_cache = keep;
  state_->iterator.reset(rows.state_->db->NewIterator(options));
}
RowCursor::~RowCursor() = default;

void RowCursor::first() { state_->iterator->Seek(state_->lower); }
void RowCursor::last() { state_->iterator->SeekToLast(); }
void RowCursor::seek(std::string_view key) { state_->iterator->Seek(slice(key)); }
bool RowCursor::valid() const { return state_->iterator->Valid(); }
void RowCursor::next() { state_->iterator->Next(); }
void RowCursor::previous() { state_->iterator->Prev(); }
std::string_view RowCursor::key() const { return view_of(state_->iterator->key()); }
std::string_view RowCursor::value() const { return view_of(state_->iterator->value()); }
Result<> RowCursor::status() const { return checked(state_->iterator->status()); }

}  // namespace gatepost::store
