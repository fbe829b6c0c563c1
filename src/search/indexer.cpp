// The threads that keep indexes up to date.

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <utility>

#include "base/bytes.hpp"
#include "search/events.hpp"
#include "search/indexes.hpp"
#include "search/merge.hpp"
#include "store/keys.hpp"
#include "store/store.hpp"

namespace gatepost::search {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kLowestPriority = 19;
constexpr seconds kRetry{60};
constexpr milliseconds kStartWait{3'000};  // until those have been served who waited for the start
constexpr const char* kVersionFile = "version";
constexpr std::size_t kItemsAtOnce = 256;
constexpr std::size_t kItemsPerStep = 10'000;
constexpr std::size_t kWorthTelling = 1'000;
constexpr std::size_t kMaxKnown = 200'000;
// So many segments of like size become one of the next size.
constexpr std::size_t kFan = 8;
// An index of which more than half is gone is cleaned; small ones are not worth it.
constexpr std::uint64_t kMayBeGone = 1'000;

std::size_t size_class(std::uint64_t items) {
  std::size_t out = 0;
  for (; items >= kFan; items /= kFan) ++out;
  return out;
}

// How many of the last segments are to become one; 0: none.
std::size_t to_merge(const std::vector<SegmentInfo>& segments) {
  if (segments.empty()) return 0;
  const std::size_t last = size_class(segments.back().items);
  std::size_t count = 0;
  while (count < segments.size() && size_class(segments[segments.size() - 1 - count].items) <= last) ++count;
  return count >= kFan ? count : 0;
}

std::uint64_t seconds_of(TimePoint time) {
  const auto s = std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
  return s < 0 ? 0 : static_cast<std::uint64_t>(s);
}

// Whose index a file is; nullopt: it is none.
std::optional<std::uint64_t> id_of(const std::filesystem::directory_entry& file) {
  const std::string name = file.path().filename().string();
  std::uint64_t id = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc() || std::string_view(rest) != ".index") return std::nullopt;
  return id;
}

bool needs_new_file(const Error& error) {
  return error.code == Errc::corrupt || error.code == Errc::unsupported || error.code == Errc::internal;
}

// Of the mail, not of the index: to make that again would not help.
Error of_mail(Error error) {
  if (needs_new_file(error)) error.code = Errc::unavailable;
  return error;
}

}  // namespace

void Indexes::work(std::stop_token stop) {
  // Of this thread alone (setpriority(2), NOTES): whoever serves somebody goes first.
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kLowestPriority);
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (due_.empty()) {
      wake_.wait(lock, stop, [this] { return !due_.empty(); });
      continue;
    }
    const auto [due, id] = *due_.begin();
    if (const auto wait = due - clock_.steady(); wait > SteadyPoint::duration::zero()) {
      wake_.wait_for(lock, stop, wait, [this, first = due] { return due_.empty() || due_.begin()->first < first; });
      continue;
    }
    due_.erase(due_.begin());
    Job& job = jobs_[id];
    job.running = true;
    job.again = false;
    const bool rebuild = std::exchange(job.rebuild, false);
    lock.unlock();
    Result<bool> more = false;
    try {
      more = step(id, rebuild, stop);
    } catch (const std::exception& e) {
      more = fail(Errc::internal, e.what());
    }
    if (!more && more.error().code != Errc::closed)
      log_.write(event::kFailed, {{"account", id}, {"detail", more.error().detail}});
    lock.lock();
    Job& done = jobs_[id];
    done.running = false;
    if (more && !*more && !done.again && !done.rebuild) {
      jobs_.erase(id);
      continue;
    }
    // Others wait too: behind them, and not before a moment has passed when there is only something new.
    const milliseconds wait = !more ? milliseconds(kRetry) : *more || done.rebuild ? milliseconds(0) : options_.settle;
    done.due = clock_.steady() + wait;
    due_.emplace(done.due, id);
  }
}

// Changes of before the start, and indexes of accounts that are no more.
void Indexes::begin_with_all(std::stop_token stop) {
  {
    std::unique_lock lock(mutex_);
    pause_.wait_for(lock, stop, kStartWait, [] { return false; });
  }
  std::set<Id> owners;
  const auto listed = store_.keys().partitions([&](store::Partition p) {
    if (store::is_account(p)) owners.insert(store::number(p));
    return !stop.stop_requested();
  });
  if (!listed || stop.stop_requested()) return;
  remove_orphans(owners);
  for (const Id id : owners) enqueue(id, milliseconds(0), 0, false);
}

void Indexes::remove_orphans(const std::set<Id>& owners) {
  std::error_code ec;
  for (std::filesystem::recursive_directory_iterator it(options_.directory, ec), end; !ec && it != end;
       it.increment(ec)) {
    const auto id = id_of(*it);
    if (!id || owners.contains(*id)) continue;
    const auto still = account::item_totals(store_, account::AccountId{*id});
    if (!still && still.error().code == Errc::not_found) remove_file(*id);
  }
}

Result<bool> Indexes::step(Id id, bool rebuild, std::stop_token stop) {
  const auto totals = account::item_totals(store_, account::AccountId{id});
  if (!totals) {
    if (totals.error().code != Errc::not_found) return std::unexpected(totals.error());
    remove_file(id);
    return false;
  }
  if (rebuild) remove_file(id);
  GP_CHECK(follow_version());
  // The rest of the disk is for mail. Not worth a word: the store has said so.
  if (store_.disk_low()) return fail(Errc::closed, "the disk is nearly full");
  {
    const std::scoped_lock lock(mutex_);
    const auto known = known_.find(id);
    if (known != known_.end() && known->second.next == totals->next) {
      known->second.modseq = totals->modseq;
      return false;
    }
  }
  Result<bool> more = false;
  bool damaged = false;
  {
    const std::shared_lock here(presence(id));
    auto file = open_for_writing(id, *totals);
    if (file) {
      more = index_some(id, **file, *totals, stop);
      if (more) {
        if (auto done = tidy(id, **file, *totals, stop); !done) more = std::unexpected(done.error());
      }
    } else {
      more = std::unexpected(file.error());
    }
    damaged = !more && needs_new_file(more.error());
  }
  if (damaged) {
    damaged_.add();
    log_.write(event::kDamaged, {{"account", id}, {"detail", more.error().detail}});
    remove_file(id);
    return true;
  }
  return more;
}

Result<> Indexes::follow_version() {
  GP_TRY(const std::uint64_t version, source_.version());
  const std::scoped_lock lock(version_mutex_);
  const std::filesystem::path path = options_.directory / kVersionFile;
  if (!version_) {
    version_ = 0;
    std::ifstream in(path);
    if (std::uint64_t written = 0; in >> written) version_ = written;
  }
  if (*version_ == version) return {};
  std::error_code ec;
  std::vector<Id> ids;
  for (std::filesystem::recursive_directory_iterator it(options_.directory, ec), end; !ec && it != end;
       it.increment(ec)) {
    if (const auto id = id_of(*it)) ids.push_back(*id);
  }
  for (const Id id : ids) {
    remove_file(id);
    enqueue(id, milliseconds(0), 0, false);
  }
  {
    const std::scoped_lock jobs(mutex_);
    known_.clear();
  }
  std::filesystem::create_directories(options_.directory, ec);
  // Last: whoever is interrupted before begins again.
  std::ofstream out(path, std::ios::trunc);
  out << version << '\n';
  if (!out.flush()) return fail(Errc::unavailable, path.string() + " cannot be written");
  version_ = version;
  return {};
}

Result<std::unique_ptr<IndexFile>> Indexes::open_for_writing(Id id, const account::ItemTotals& totals) {
  GP_TRY(auto file, IndexFile::create(path_of(id), id));
  if (file->head().next_item > static_cast<std::uint64_t>(totals.next))
    return fail(Errc::corrupt, "it is of a later state of the account");
  return file;
}

Result<> Indexes::index_one(account::Account& owner, const account::ListedItem& listed, SegmentBuilder& builder) {
  builder.begin(static_cast<std::uint64_t>(listed.id), item_check(listed.item.body.size, seconds_of(listed.received)));
  auto read = source_.read(owner, listed.item, builder);
  builder.end_text();
  if (read) return {};
  if (read.error().code != Errc::not_found && read.error().code != Errc::corrupt) {
    if (read.error().code == Errc::closed) return read;
    // It may pass, but not for ever: one message on a bad sector must not keep the others out.
    const std::scoped_lock lock(mutex_);
    const auto [before, first] = unreadable_.try_emplace(static_cast<Id>(owner.id()), listed.id);
    if (first || before->second != listed.id) {
      before->second = listed.id;
      return read;
    }
    unreadable_.erase(before);
  }
  builder.incomplete();  // whoever searches looks at it, and finds the same
  return {};
}

Result<bool> Indexes::index_some(Id id, IndexFile& file, const account::ItemTotals& totals, std::stop_token stop) {
  const SteadyPoint begun = clock_.steady();
  account::ItemId next{file.head().next_item};
  SegmentBuilder builder(random_.u64());
  Result<> read;
  if (next < totals.next) {
    const auto owner = accounts_.open(account::AccountId{id});
    if (!owner) return std::unexpected(of_mail(owner.error()));
    const auto enough = [&] {
      if (stop.stop_requested() || builder.items() >= kItemsPerStep) return true;
      const bool long_enough = options_.step.count() > 0 && clock_.steady() - begun >= options_.step;
      return builder.items() > 0 && (long_enough || builder.memory() >= options_.memory_octets);
    };
    std::vector<account::ListedItem> page;
    while (read && next < totals.next && !enough()) {
      page.clear();
      const auto take = [&](account::ListedItem& listed) {
        page.push_back(std::move(listed));
        return true;
      };
      const auto behind = account::list_items(store_, account::AccountId{id}, next, kItemsAtOnce, take);
      if (!behind) return std::unexpected(of_mail(behind.error()));
      next = *behind;
      for (const account::ListedItem& listed : page) {
        if (read = index_one(**owner, listed, builder); !read) {
          if (!builder.take_back()) return std::unexpected(read.error());
          next = listed.id;
          break;
        }
        pace(builder.items(), begun, stop);
        if (!enough()) continue;
        next = account::ItemId{static_cast<std::uint64_t>(listed.id) + 1};
        break;
      }
    }
  }
  if (static_cast<std::uint64_t>(next) != file.head().next_item) {
    GP_CHECK(file.commit([&](IndexFile::Change& change) -> Result<IndexHead> {
      IndexHead head = file.head();
      head.next_item = static_cast<std::uint64_t>(next);
      if (builder.items() == 0) return head;
      SegmentInfo segment{.number = head.next_segment++, .salt = random_.u64(), .items = builder.items()};
      GP_TRY(segment.octets, builder.write(change.writer(segment)));
      head.segments.push_back(segment);
      return head;
    }));
    indexed_.add(builder.items());
    ++news_;
    if (builder.items() >= kWorthTelling) {
      const auto took = std::chrono::duration_cast<milliseconds>(clock_.steady() - begun).count();
      log_.write(event::kBuilt, {{"account", id}, {"messages", builder.items()}, {"ms", took}});
    }
  }
  if (!read) return std::unexpected(read.error());  // what came before is kept
  const std::scoped_lock lock(mutex_);
  const bool more = next < totals.next;
  if (const auto job = jobs_.find(id); job != jobs_.end())
    job->second.left = more ? static_cast<std::uint64_t>(totals.next) - static_cast<std::uint64_t>(next) : 0;
  if (!more) {
    if (known_.size() >= kMaxKnown) known_.clear();
    known_[id] = {next, totals.modseq};
  }
  if (stop.stop_requested()) return fail(Errc::closed, "the server is stopping");
  return more;
}

Result<> Indexes::tidy(Id id, IndexFile& file, const account::ItemTotals& totals, std::stop_token stop) {
  const auto go_on = [&]() -> Result<> {
    while (const std::size_t count = to_merge(file.head().segments)) GP_CHECK(merge_last(id, file, count, stop));
    std::uint64_t kept = 0;
    {
      const std::scoped_lock lock(mutex_);
      if (const auto before = kept_.find(id); before != kept_.end()) kept = before->second;
    }
    // Removed messages that can be brought back are in no folder, but their items stay: cleaning does not help then.
    if (file.head().items() <= 2 * std::max(totals.messages, kept) + kMayBeGone) return {};
    GP_CHECK(merge_last(id, file, file.head().segments.size(), stop));
    const std::scoped_lock lock(mutex_);
    if (kept_.size() >= kMaxKnown) kept_.clear();
    kept_[id] = file.head().items();
    return {};
  };
  const std::size_t before = file.head().segments.size();
  GP_CHECK(go_on());
  if (file.head().segments.size() < before) GP_CHECK(file.shrink());
  return {};
}

Result<> Indexes::merge_last(Id id, IndexFile& file, std::size_t count, std::stop_token stop) {
  return file.commit([&](IndexFile::Change& change) -> Result<IndexHead> {
    IndexHead head = file.head();
    const std::vector<SegmentInfo> old(head.segments.end() - static_cast<std::ptrdiff_t>(count), head.segments.end());
    head.segments.resize(head.segments.size() - count);
    std::vector<GetBlock> readers;
    std::vector<SegmentContents> contents;
    std::vector<MergeInput> inputs;
    readers.reserve(count);
    contents.reserve(count);
    std::uint64_t first = 0, last = 0;
    for (const SegmentInfo& segment : old) {
      readers.push_back(file.reader(segment));
      GP_TRY(contents.emplace_back(), SegmentContents::read(readers.back()));
      inputs.push_back({contents.back(), readers.back()});
      if (contents.back().size() == 0) continue;
      if (first == 0) first = contents.back().items().front().id;
      last = contents.back().items().back().id;
    }
    std::vector<std::uint64_t> there;
    const auto listed =
        account::list_item_ids(store_, account::AccountId{id}, account::ItemId{first}, account::ItemId{last + 1},
                               [&](account::ItemId item) { there.push_back(static_cast<std::uint64_t>(item)); });
    if (!listed) return std::unexpected(of_mail(listed.error()));
    SegmentInfo segment{.number = head.next_segment++, .salt = random_.u64()};
    GP_TRY(const Merged merged, merge(
                                    inputs, [&](std::uint64_t item) { return std::ranges::binary_search(there, item); },
                                    change.writer(segment), [&] { return !stop.stop_requested(); }));
    for (const SegmentInfo& one : old) GP_CHECK(change.drop(one));
    segment.items = merged.items;
    segment.octets = merged.octets;
    if (merged.items > 0) {
      head.segments.push_back(segment);
    } else {
      GP_CHECK(change.drop(segment));
    }
    return head;
  });
}

void Indexes::pace(std::size_t messages, SteadyPoint begun, std::stop_token stop) {
  if (options_.messages_per_second == 0) return;
  const auto until = begun + std::chrono::microseconds(1'000'000 * messages / options_.messages_per_second);
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested() && clock_.steady() < until) {
    pause_.wait_for(lock, stop, until - clock_.steady(), [] { return false; });
  }
}

}  // namespace gatepost::search
