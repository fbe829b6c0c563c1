#include "store/committer.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include <fmt/format.h>

#include "store/events.hpp"
#include "store/keys.hpp"

namespace gatepost::store {
namespace {

// A group is written when it has this much; the rest of the queue waits for the next.
constexpr std::size_t kGroupOctets = 8 << 20;

// One thread waits, another wakes it: a futex, because this is on the way of every delivery and a condition variable
// would cost two more system calls when many are woken.
class Parker {
 public:
  std::uint32_t wait() {
    std::uint32_t seen;
    while ((seen = state_.exchange(0, std::memory_order_acquire)) == 0)
      ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&state_), FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
    return seen;
  }
  void wake(std::uint32_t state) {
    // The waiter may be gone, with its stack, as soon as it sees the state: a wake of an unused address is harmless.
    auto* address = reinterpret_cast<std::uint32_t*>(&state_);
    state_.store(state, std::memory_order_release);
    ::syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }

 private:
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
  std::atomic<std::uint32_t> state_{0};
};

constexpr std::uint32_t kDone = 1, kLead = 2, kSyncAhead = 3;

}  // namespace

struct Committer::Request {
  Partition partition{};
  Version expected = 0;
  const Batch* batch = nullptr;
  const std::function<Result<>()>* work = nullptr;
  std::string prefix;  // of the partition's rows
  Version makes() const { return expected + batch->skip + 1; }
  bool accepted = false;
  Result<Version> result = Version{0};
  Parker parker;
};

const Version* VersionCache::find(Partition partition) {
  if (const auto found = young_.find(partition); found != young_.end()) return &found->second;
  const auto found = old_.find(partition);
  if (found == old_.end()) return nullptr;
  const Version version = found->second;
  old_.erase(found);
  set(partition, version);
  return &young_.find(partition)->second;
}

void VersionCache::set(Partition partition, Version version) {
  if (young_.size() >= kGeneration && !young_.contains(partition)) old_ = std::exchange(young_, {});
  young_[partition] = version;
}

void VersionCache::forget(Partition partition) {
  young_.erase(partition);
  old_.erase(partition);
}

Committer::Committer(Rows& rows, SegmentBlobStore& bodies, DiskSpace& space, Watchers& watchers, Log& log,
                     Metrics& metrics)
    : rows_(rows),
      bodies_(bodies),
      space_(space),
      watchers_(watchers),
      log_(log),
      commits_(metrics.counter("gatepost_store_commits_total", "", "Commits made durable.")),
      conflicts_(metrics.counter("gatepost_store_conflicts_total", "", "Commits refused for their version.")),
      groups_(metrics.counter("gatepost_store_groups_total", "", "Groups of commits written with one sync.")) {}

Committer::~Committer() = default;

Result<Version> Committer::commit(Partition partition, Version expected, const Batch& batch) {
  Request request;
  request.partition = partition;
  request.expected = expected;
  request.batch = &batch;
  request.prefix = account_prefix(partition);
  submit(request);
  return std::move(request.result);
}

Result<> Committer::run(const std::function<Result<>()>& work) {
  Request request;
  request.work = &work;
  submit(request);
  if (!request.result) return std::unexpected(std::move(request.result).error());
  return {};
}

void Committer::submit(Request& request) {
  bool lead_now = false;
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(&request);
    lead_now = !leading_;
    leading_ = true;
  }
  std::size_t most = SIZE_MAX;
  if (!lead_now) {
    std::uint32_t told;
    while ((told = request.parker.wait()) == kSyncAhead) most = sync_ahead();
    if (told == kDone) return;
  }

  // The leader. Its own request is in the queue, at the front if it waited.
  std::vector<Request*> group;
  take(most);
  lead(taken_);
  group.swap(taken_);

  std::vector<Watchers::Change> changes;
  changes.reserve(group.size());
  for (const Request* r : group)
    if (r->batch != nullptr && r->result) changes.push_back({r->partition, *r->result});
  Request* next = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (queue_.empty())
      leading_ = false;
    else
      next = queue_.front();
    if (taken_.capacity() == 0) taken_.reserve(group.capacity());
  }
  // The next leader first: the disk has work again while the others wake up.
  if (next != nullptr) next->parker.wake(kLead);
  for (Request* r : group)
    if (r != &request) r->parker.wake(kDone);
  watchers_.notify(changes);
}

// Moves the front of the queue to taken_.
void Committer::take(std::size_t most) {
  std::lock_guard lock(mutex_);
  taken_.clear();
  if (queue_.size() <= most) {
    std::swap(taken_, queue_);
    return;
  }
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(most);
  taken_.assign(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
}

// By the one that will lead next. Returns how many of the queue, itself first, have their bodies synced now; those
// behind them are left to the group after.
std::size_t Committer::sync_ahead() {
  std::size_t queued;
  {
    std::lock_guard lock(mutex_);
    queued = queue_.size();
  }
  bodies_.files().sync_current();
  return queued;
}

// By the leader, before it waits for the log.
void Committer::begin_next() {
  Request* next = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (!queue_.empty()) next = queue_.front();
  }
  // It waits: nobody but this leader can end that.
  if (next != nullptr) next->parker.wake(kSyncAhead);
}

void Committer::lead(std::span<Request* const> requests) noexcept {
  while (!requests.empty()) {
    if (requests.front()->work != nullptr) {
      if (auto done = (*requests.front()->work)(); !done)
        requests.front()->result = std::unexpected(std::move(done).error());
      requests = requests.subspan(1);
      continue;
    }
    const auto work = std::ranges::find_if(requests, [](const Request* r) { return r->work != nullptr; });
    const auto commits = requests.first(static_cast<std::size_t>(work - requests.begin()));
    requests = requests.subspan(lead_commits(commits));
  }
}

// Settles the first of `requests`, as many as make a group, and says how many.
std::size_t Committer::lead_commits(std::span<Request* const> requests) {
  std::optional<Error> lost;
  for (;;) {
    auto prepared = prepare(requests, lost ? &*lost : nullptr);
    if (!prepared) {
      // Bodies were lost: once more, without the commits that needed them.
      log_.write(event::kSyncFailed, {{"reason", prepared.error().detail}});
      if (prepared.error().code == Errc::disk_full) space_.found_full();
      lost = std::move(prepared).error();
      continue;
    }
    const auto group = requests.first(*prepared);
    if (batch_.empty()) return group.size();
    begin_next();
    auto written = rows_.write(batch_, true);
    if (!written) {
      log_.write(event::kWriteFailed, {{"reason", written.error().detail}});
      if (written.error().code == Errc::disk_full) space_.found_full();
      fail_accepted(group, written.error());
      bodies_.begin(settling_);
      return group.size();
    }
    bodies_.settled(settling_);
    groups_.add();
    commits_.add(static_cast<std::uint64_t>(std::ranges::count_if(group, &Request::accepted)));
    return group.size();
  }
}

// Fills batch_ with what can be committed and makes its bodies durable. Returns how many requests it looked at.
Result<std::size_t> Committer::prepare(std::span<Request* const> requests, const Error* lost) {
  batch_.clear();
  bodies_.begin(settling_);
  std::size_t looked_at = 0;
  for (Request* request : requests) {
    ++looked_at;
    auto accepted = accept(*request, lost);
    request->accepted = accepted.has_value();
    if (accepted) {
      put(*request);
      request->result = request->makes();
      versions_.set(request->partition, request->makes());
    } else {
      request->result = std::unexpected(std::move(accepted).error());
    }
    if (batch_.octets() >= kGroupOctets) break;
  }
  bodies_.claim_unused(settling_);
  if (auto synced = bodies_.sync(settling_); !synced) {
    for (const Request* request : requests.first(looked_at)) versions_.forget(request->partition);
    return std::unexpected(std::move(synced).error());
  }
  bodies_.put_rows(settling_, batch_);
  return looked_at;
}

Result<> Committer::accept(Request& request, const Error* lost) {
  if (std::ranges::find(blocked_, request.partition) != blocked_.end())
    return fail(Errc::unavailable, "the partition is being dropped");
  GP_TRY(const Version version, current_version(request.partition));
  if (version != request.expected) {
    conflicts_.add();
    return fail(Errc::conflict,
                fmt::format("partition {} is at {}, not at {}", number(request.partition), version, request.expected));
  }
  for (const BlobRef& ref : request.batch->refs) {
    if (!ref.add) continue;
    auto claimed = bodies_.claim(ref.blob, settling_);
    if (claimed) continue;
    if (lost != nullptr && claimed.error().code == Errc::not_found) return std::unexpected(*lost);
    return claimed;
  }
  return {};
}

Result<Version> Committer::current_version(Partition partition) {
  if (const Version* version = versions_.find(partition)) return *version;
  std::string value;
  GP_TRY(const bool found, rows_.get(version_key(partition), value));
  if (!found) return Version{0};
  const auto version = decode_version(value);
  if (!version) return fail(Errc::corrupt, "version row");
  return *version;
}

void Committer::put(const Request& request) {
  const Batch& batch = *request.batch;
  const std::string_view prefix = request.prefix;
  for (const RangeErase& range : batch.erases) {
    const std::string end = range.end.empty() ? account_end(request.partition) : std::string(prefix) + range.end;
    batch_.erase_range(std::string(prefix) + range.begin, end);
  }
  for (const Write& write : batch.writes) {
    if (write.value)
      batch_.put(prefix, write.key, *write.value);
    else
      batch_.erase(prefix, write.key);
  }
  for (const BlobRef& ref : batch.refs) {
    const std::string key = reference_key(ref.blob, request.partition, ref.item);
    if (ref.add) {
      batch_.put(key, encode_size(ref.blob.size));
    } else {
      batch_.erase(key);
      bodies_.put_garbage(ref.blob, batch_);
    }
  }
  const Version version = request.makes();
  if (batch.id != CommitId{}) {
    const std::string_view id(reinterpret_cast<const char*>(batch.id.data()), batch.id.size());
    batch_.put(outcome_key(request.partition, version), id);
  }
  batch_.put(version_key(request.partition), encode_version(version));
}

void Committer::fail_accepted(std::span<Request* const> requests, const Error& error) {
  for (Request* request : requests) {
    versions_.forget(request->partition);
    if (request->accepted) request->result = std::unexpected(error);
  }
}

void Committer::block(Partition partition, bool blocked) {
  std::erase(blocked_, partition);
  if (blocked) blocked_.push_back(partition);
}

}  // namespace gatepost::store
