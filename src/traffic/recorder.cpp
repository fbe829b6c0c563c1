#include "traffic/recorder.hpp"

#include <algorithm>
#include <utility>

#include "base/bytes.hpp"
#include "store/key_value.hpp"
#include "store/keys.hpp"

namespace gatepost::traffic {
namespace {

using std::chrono::seconds;

constexpr seconds kSnapshotAge{30};
constexpr std::size_t kScanPage = 1024;
constexpr int kTries = 10;
constexpr std::size_t kMaxFinished = 48;  // two days without a disk
constexpr std::size_t kPruneAtOnce = 100;
constexpr seconds kLongestTick{3600};

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::open(store::KeyValue& keys, const Clock& clock) {
  std::unique_ptr<Recorder> out(new Recorder(keys, clock));
  GP_CHECK(out->load());
  return out;
}

Result<> Recorder::load() {
  GP_TRY(auto snapshot, keys_.snapshot(store::kServerPartition, kSnapshotAge));
  const std::string begin(1, kHourKey);
  GP_CHECK(snapshot->scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    if (const auto hour = parse_hour_key(e.key)) kept_.push_back(*hour);
    return true;
  }));
  const Lock lock(mutex_);
  GP_CHECK(begin_hour(hour_of(clock_.now())));
  GP_TRY(const auto sketches, snapshot->get(std::string(1, kSketchKey)));
  if (!sketches) return {};
  ByteReader in(*sketches);
  if (Hour{in.u32()} != current_.hour) return {};
  // One that is damaged costs an hour's number of people, no more.
  for (Distinct& one : people_) {
    auto read = Distinct::decode(in.text());
    if (!read) break;
    one = *std::move(read);
  }
  users_before_ = {};
  return {};
}

// Reads what there is of it already; after an error the hour before goes on.
Result<> Recorder::begin_hour(Hour hour) {
  HourRecord fresh;
  fresh.hour = hour;
  if (std::ranges::binary_search(kept_, hour)) {
    GP_TRY(auto snapshot, keys_.snapshot(store::kServerPartition, kSnapshotAge));
    GP_TRY(const auto value, snapshot->get(hour_key(hour)));
    const auto record = value ? decode_hour(hour, *value) : Result<HourRecord>(fail(Errc::not_found));
    if (record) fresh = *record;
  }
  current_ = fresh;
  people_ = {};
  for (std::size_t i = 0; i < kServices; ++i) users_before_[i] = current_.services[i].users;
  return {};
}

void Recorder::seen(Service service, std::uint64_t who) {
  const Lock lock(mutex_);
  people_[static_cast<std::size_t>(service)].add(who);
  people_[static_cast<std::size_t>(Service::all)].add(who);
}

void Recorder::count(const Sample& sample) {
  const SteadyPoint now = clock_.steady();
  const auto passed = std::min(std::chrono::duration_cast<seconds>(now - ticked_), kLongestTick);
  // What is less than a second counts at the next look.
  ticked_ = passed < kLongestTick ? ticked_ + passed : now;
  const auto elapsed = static_cast<std::uint64_t>(std::max<std::int64_t>(passed.count(), 0));
  current_.covered += static_cast<std::uint32_t>(elapsed);
  current_.queue_peak = std::max(current_.queue_peak, sample.queue);
  if (sample.backup) current_.backup_seconds += static_cast<std::uint32_t>(elapsed);
  for (std::size_t i = 0; i < kServices; ++i) {
    const Totals& total = sample.totals[i];
    const Totals before = std::exchange(last_[i], total);
    Counts& c = current_.services[i];
    c.sessions += total.sessions - before.sessions;
    c.failed += total.failed - before.failed;
    c.messages_in += total.messages_in - before.messages_in;
    c.messages_out += total.messages_out - before.messages_out;
  }
  std::vector<std::uint64_t> everybody;
  for (const auto& [service, who] : sample.present) {
    people_[static_cast<std::size_t>(service)].add(who);
    people_[static_cast<std::size_t>(Service::all)].add(who);
    current_.of(service).presence += elapsed;
    everybody.push_back(who);
  }
  std::ranges::sort(everybody);
  const auto repeated = std::ranges::unique(everybody);
  current_.of(Service::all).presence += elapsed * (everybody.size() - repeated.size());
  for (std::size_t i = 0; i < kServices; ++i)
    current_.services[i].users = std::max(users_before_[i], people_[i].count());
}

std::string Recorder::encode_sketches() {
  std::string out;
  put_u32(out, static_cast<std::uint32_t>(current_.hour));
  for (const Distinct& one : people_) put_text(out, one.encode());
  return out;
}

Result<> Recorder::tick(const Sample& sample) {
  std::string sketches;
  {
    const Lock lock(mutex_);
    const Hour hour = hour_of(clock_.now());
    // What happened since the last tick belongs to the hour that was, but for less than a minute of it.
    count(sample);
    finished_.push_back(current_);
    if (hour != current_.hour) {
      GP_CHECK(begin_hour(hour));
    }
    sketches = encode_sketches();
  }
  while (finished_.size() > kMaxFinished) finished_.pop_front();
  // Of the same hour the last one counts.
  std::vector<HourRecord> records;
  for (const HourRecord& one : finished_) {
    if (!records.empty() && records.back().hour == one.hour) records.pop_back();
    records.push_back(one);
  }
  finished_.assign(records.begin(), records.end());
  GP_CHECK(write(records, sketches));
  finished_.clear();
  return {};
}

Result<> Recorder::write(const std::vector<HourRecord>& records, const std::string& sketches) {
  std::vector<Hour> kept = kept_;
  store::Batch batch;
  for (const HourRecord& one : records) {
    batch.writes.push_back({hour_key(one.hour), encode(one)});
    const auto at = std::ranges::lower_bound(kept, one.hour);
    if (at == kept.end() || *at != one.hour) kept.insert(at, one.hour);
  }
  batch.writes.push_back({std::string(1, kSketchKey), sketches});
  // By number, not by age: a clock that was wrong for a while must not cost what was counted by a right one.
  const std::size_t surplus = std::min(kept.size() - std::min(kept.size(), kMaxHours), kPruneAtOnce);
  for (std::size_t i = 0; i < surplus; ++i) batch.writes.push_back({hour_key(kept[i]), std::nullopt});
  kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(surplus));
  for (int attempt = 1;; ++attempt) {
    GP_TRY(const store::Version version, keys_.version(store::kServerPartition));
    const auto done = keys_.commit(store::kServerPartition, version, batch);
    if (done) break;
    if (done.error().code != Errc::conflict || attempt == kTries) return std::unexpected(done.error());
  }
  kept_ = std::move(kept);
  return {};
}

Result<std::vector<HourRecord>> history(store::KeyValue& keys) {
  GP_TRY(auto snapshot, keys.snapshot(store::kServerPartition, kSnapshotAge));
  std::vector<HourRecord> out;
  const std::string begin(1, kHourKey);
  GP_CHECK(snapshot->scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
    const auto hour = parse_hour_key(e.key);
    if (!hour) return true;
    if (auto record = decode_hour(*hour, e.value)) out.push_back(*std::move(record));
    return true;
  }));
  return out;
}

}  // namespace gatepost::traffic
