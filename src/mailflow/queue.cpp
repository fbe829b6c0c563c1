#include "mailflow/queue.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "mailflow/events.hpp"
#include "mailflow/queue_record.hpp"
#include "store/keys.hpp"
#include "store/store.hpp"

namespace gatepost::mailflow {
namespace {

// Entries are spread over so many partitions, so that adding to the queue is not one commit at a time.
constexpr std::size_t kShards = 16;
constexpr char kEntryKind = 'E';
constexpr std::size_t kScanPage = 256;

std::string entry_key(QueueId id) {
  std::string key(1, kEntryKind);
  put_u64(key, static_cast<std::uint64_t>(id));
  return key;
}

store::BlobId blob_of(const account::Body& body) { return {body.sha256, body.size}; }

class StoredQueue final : public Queue {
 public:
  StoredQueue(store::Store& store, Random& random, Log& log, Metrics& metrics)
      : keys_(store.keys()),
        random_(random),
        log_(log),
        length_(metrics.gauge("gatepost_queue_length", "", "Messages waiting for delivery.")) {}

  Result<> load() {
    for (std::size_t shard = 0; shard < kShards; ++shard) GP_CHECK(load_shard(shard));
    return {};
  }

  QueueId new_id() override {
    // 48 random bits: short enough to read aloud; an id that is taken is caught by add().
    return static_cast<QueueId>(random_.u64() & 0xffff'ffff'ffff);
  }

  Result<QueueId> add(QueueEntry entry) override {
    if (entry.id == QueueId{}) entry.id = new_id();
    store::Batch batch;
    batch.writes.push_back({entry_key(entry.id), encode(entry)});
    batch.refs.push_back({blob_of(entry.body), static_cast<std::uint64_t>(entry.id), true});
    GP_CHECK(commit(
        entry.id, std::move(batch),
        [&]() -> Result<> {
          if (known(entry.id)) return fail(Errc::already_exists, "queue id is taken");
          return {};
        },
        [&] { remember(entry); }));
    announce();
    return entry.id;
  }

  Result<QueueEntry> get(QueueId id) override {
    GP_TRY(auto snapshot, keys_.snapshot(partition(id), std::chrono::seconds(10)));
    GP_TRY(const auto record, snapshot->get(entry_key(id)));
    if (!record) return fail(Errc::not_found, "no queue entry " + to_string(id));
    return decode_queue_entry(id, *record);
  }

  Result<> update(const QueueEntry& entry) override {
    const std::scoped_lock lock(change_mutexes_[shard_of(entry.id)]);
    return update_locked(entry);
  }

  Result<> change(QueueId id, const std::function<void(QueueEntry&)>& edit) override {
    const std::scoped_lock lock(change_mutexes_[shard_of(id)]);
    GP_TRY(QueueEntry entry, get(id));
    edit(entry);
    return update_locked(entry);
  }

  Result<> remove(QueueId id) override {
    const std::scoped_lock lock(change_mutexes_[shard_of(id)]);
    GP_TRY(const QueueEntry entry, get(id));
    return remove_locked(entry);
  }

  Result<QueueEntry> start(QueueId id) override {
    const std::scoped_lock lock(change_mutexes_[shard_of(id)]);
    GP_TRY(QueueEntry entry, get(id));
    const std::scoped_lock index(index_mutex_);
    if (const auto row = rows_.find(id); row != rows_.end()) row->second.started = true;
    return entry;
  }

  Result<> withdraw(QueueId id) override {
    const std::scoped_lock lock(change_mutexes_[shard_of(id)]);
    GP_TRY(const QueueEntry entry, get(id));
    if (entry.attempts > 0 || has_started(id)) return fail(Errc::conflict, "its delivery has begun");
    return remove_locked(entry);
  }

  std::vector<Due> due_until(TimePoint until, std::size_t at_most) override {
    const std::scoped_lock lock(index_mutex_);
    std::vector<Due> out;
    for (const auto& [due, id] : by_due_) {
      if (due > until || out.size() >= at_most) break;
      out.push_back({id, due});
    }
    return out;
  }

  std::optional<TimePoint> next_due() override {
    const std::scoped_lock lock(index_mutex_);
    if (by_due_.empty()) return std::nullopt;
    return by_due_.begin()->first;
  }

  Result<std::vector<QueueEntry>> list(std::size_t at_most) override {
    std::vector<QueueEntry> out;
    std::vector<QueueId> ids;
    {
      const std::scoped_lock lock(index_mutex_);
      for (const auto& [id, row] : rows_) {
        if (ids.size() >= at_most) break;
        ids.push_back(id);
      }
    }
    for (const QueueId id : ids) {
      auto entry = get(id);
      if (entry)
        out.push_back(std::move(*entry));
      else if (entry.error().code != Errc::not_found)
        return std::unexpected(entry.error());
    }
    std::ranges::sort(out, {}, &QueueEntry::created);
    return out;
  }

  std::size_t size() override {
    const std::scoped_lock lock(index_mutex_);
    return rows_.size();
  }

  void on_change(std::function<void()> wake) override {
    const std::scoped_lock lock(index_mutex_);
    wake_ = std::move(wake);
  }

 private:
  // With the shard's change mutex.
  Result<> update_locked(const QueueEntry& entry) {
    store::Batch batch;
    batch.writes.push_back({entry_key(entry.id), encode(entry)});
    GP_CHECK(commit(
        entry.id, std::move(batch),
        [&]() -> Result<> {
          if (!known(entry.id)) return fail(Errc::not_found, "no queue entry " + to_string(entry.id));
          return {};
        },
        [&] { remember(entry); }));
    announce();
    return {};
  }

  // With the shard's change mutex.
  Result<> remove_locked(const QueueEntry& entry) {
    store::Batch batch;
    batch.writes.push_back({entry_key(entry.id), std::nullopt});
    batch.refs.push_back({blob_of(entry.body), static_cast<std::uint64_t>(entry.id), false});
    // Forgotten before the next commit may look, or an update could bring it back without its body.
    return commit(entry.id, std::move(batch), [] { return Result<>{}; }, [&] { forget(entry.id); });
  }

  bool has_started(QueueId id) {
    const std::scoped_lock lock(index_mutex_);
    const auto row = rows_.find(id);
    return row != rows_.end() && row->second.started;
  }

  struct Row {
    TimePoint due;
    bool held = false, started = false;
  };
  struct Shard {
    std::mutex mutex;  // guards version, and one commit at a time
    store::Version version = 0;
  };

  static std::size_t shard_of(QueueId id) { return static_cast<std::uint64_t>(id) % kShards; }
  static store::Partition partition(QueueId id) { return store::queue_partition(shard_of(id)); }

  Result<> load_shard(std::size_t number) {
    GP_TRY(auto snapshot, keys_.snapshot(store::queue_partition(number), std::chrono::hours(1)));
    shards_[number].version = snapshot->version();
    const std::string begin(1, kEntryKind);
    return snapshot->scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry row) {
      ByteReader key(row.key.substr(1));
      const QueueId id{key.u64()};
      auto entry = decode_queue_entry(id, row.value);
      // One damaged entry must not keep the others from going out.
      if (entry)
        remember(*entry);
      else
        log_.write(event::kQueueProblem, {{"id", to_string(id)}, {"detail", entry.error().detail}});
      return true;
    });
  }

  // `check` before and `done` after, with no other commit to the shard in between.
  template <class Check, class Done>
  Result<> commit(QueueId id, store::Batch batch, Check check, Done done) {
    Shard& shard = shards_[shard_of(id)];
    const std::scoped_lock lock(shard.mutex);
    GP_CHECK(check());
    auto version = keys_.commit(partition(id), shard.version, batch);
    if (!version && version.error().code == Errc::conflict) {
      // An earlier commit whose outcome we did not learn moved the version on.
      GP_TRY(shard.version, keys_.version(partition(id)));
      version = keys_.commit(partition(id), shard.version, batch);
    }
    GP_TRY(shard.version, std::move(version));
    done();
    return {};
  }

  bool known(QueueId id) {
    const std::scoped_lock lock(index_mutex_);
    return rows_.contains(id);
  }

  void remember(const QueueEntry& entry) {
    const std::scoped_lock lock(index_mutex_);
    if (const auto old = rows_.find(entry.id); old != rows_.end()) by_due_.erase({old->second.due, entry.id});
    Row& row = rows_[entry.id];
    row.due = entry.due;
    row.held = entry.held;
    if (!entry.held) by_due_.insert({entry.due, entry.id});
    length_.set(static_cast<std::int64_t>(rows_.size()));
  }

  void announce() {
    std::function<void()> wake;
    {
      const std::scoped_lock lock(index_mutex_);
      wake = wake_;
    }
    if (wake) wake();
  }

  void forget(QueueId id) {
    const std::scoped_lock lock(index_mutex_);
    const auto row = rows_.find(id);
    if (row == rows_.end()) return;
    by_due_.erase({row->second.due, id});
    rows_.erase(row);
    length_.set(static_cast<std::int64_t>(rows_.size()));
  }

  store::KeyValue& keys_;
  Random& random_;
  Log& log_;
  Gauge& length_;
  std::array<Shard, kShards> shards_;
  std::array<std::mutex, kShards> change_mutexes_;  // held from reading an entry to its end; before the shard's
  std::mutex index_mutex_;                          // guards what follows; taken last
  std::map<QueueId, Row> rows_;
  std::set<std::pair<TimePoint, QueueId>> by_due_;
  std::function<void()> wake_;
};

}  // namespace

std::string to_string(QueueId id) { return fmt::format("{:012x}", static_cast<std::uint64_t>(id)); }

std::optional<QueueId> parse_queue_id(std::string_view text) {
  if (text.size() != 12) return std::nullopt;
  const auto octets = from_hex(text);
  if (!octets) return std::nullopt;
  std::uint64_t id = 0;
  for (const char c : *octets) id = id << 8 | static_cast<unsigned char>(c);
  return QueueId{id};
}

Result<std::unique_ptr<Queue>> Queue::open(store::Store& store, Random& random, Log& log, Metrics& metrics) {
  auto queue = std::make_unique<StoredQueue>(store, random, log, metrics);
  GP_CHECK(queue->load());
  return queue;
}

}  // namespace gatepost::mailflow
