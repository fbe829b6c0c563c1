#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "account/account.hpp"
#include "account/item_list.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "search/attachment_texts.hpp"
#include "search/query.hpp"
#include "search/text_source.hpp"

namespace gatepost::store {
class Store;
class Subscription;
}  // namespace gatepost::store

namespace gatepost::search {

struct Options {
  std::filesystem::path directory;          // of the indexes alone; made when missing
  std::size_t threads = 1;                  // that index, each one account at a time
  std::chrono::milliseconds settle{2'000};  // after a change, so that several become one
  std::size_t memory_octets = 64 << 20;     // of each thread
  std::uint32_t messages_per_second = 0;    // of each thread; 0: as fast as it goes
  // What takes longer is written down in between, and can be found from then on; 0: at the end.
  std::chrono::milliseconds step{0};
  std::string labels = {};  // of the metrics
};

// How the index of one account stands.
struct IndexStatus {
  std::uint64_t messages = 0;  // in the account
  std::uint64_t indexed = 0;   // in the index, some of them deleted since
  std::uint64_t behind = 0;    // messages that came since, at most
  std::uint64_t segments = 0, octets = 0;
  bool working = false;  // waits for a thread, or has one
  // Messages whose attachments were not looked at, at most; nullopt: they are not searched.
  std::optional<std::uint64_t> attachments_behind;
};

struct IndexLag {
  std::uint64_t accounts = 0;  // that wait or are worked on
  std::uint64_t changes = 0;   // behind the change logs of those, as far as known
  std::uint64_t messages = 0;  // still to be read, as far as known
};

// The search indexes of all accounts: derived from the messages, made again whenever they are missing or damaged.
// Threads of the lowest priority follow the accounts' changes; nothing waits for them. Thread-safe. All it is given
// outlives it.
class Indexes {
 public:
  Indexes(Options options, store::Store& store, account::Accounts& accounts, TextSource& source, Random& random,
          const Clock& clock, Log& log, Metrics& metrics);
  ~Indexes();

  // Text of the same messages that comes later, in indexes of their own: look(), similar(), rebuild() and status() are
  // of both. `texts`: what those hold, for whoever looks into a message itself. Before start(); both outlive this.
  void add_attachments(Indexes& indexes, const AttachmentTexts& texts);
  const AttachmentTexts* attachment_texts() const { return attachment_texts_; }  // null: attachments are not searched

  // Another number: more of attachments can be found than before, in some account.
  std::uint64_t attachments_found() const { return attachments_ != nullptr ? attachments_->news_.load() : 0; }

  // Follows all accounts from now on, beginning with those that changed before.
  void start();
  void stop();  // what is being done ends soon; look() goes on

  // What the index of an account knows. Never fails: what cannot be read is unknown. Blocks.
  Answers look(account::AccountId id, std::span<const Query> queries);

  // Of each of some folded words: those that the account's messages have and that are written nearly so, the nearest
  // and most frequent first, at most `at_most`. Never fails, as look(). Blocks; costs the index's list of words.
  std::vector<std::vector<std::string>> similar(account::AccountId id, std::span<const std::string> words,
                                                std::size_t at_most);

  // Makes it again from nothing, soon.
  void rebuild(account::AccountId id);
  Result<IndexStatus> status(account::AccountId id);  // blocks
  IndexLag lag();

  // Brings one up to date on this thread. Not while start() is in force.
  Result<> catch_up(account::AccountId id);

 private:
  using Id = std::uint64_t;  // account::AccountId
  struct Job {
    SteadyPoint due{};
    bool running = false, again = false, rebuild = false;
    account::Modseq modseq = 0;  // the highest that was heard of
    std::uint64_t left = 0;      // messages
  };
  struct Known {
    account::ItemId next{};
    account::Modseq modseq = 0;
  };

  Answers look_at_own(Id id, std::span<const Query> queries);
  void work(std::stop_token stop);
  void begin_with_all(std::stop_token stop);
  void enqueue(Id id, std::chrono::milliseconds wait, account::Modseq modseq, bool rebuild);
  // All indexes are removed when the source finds other texts than it did for them.
  Result<> follow_version();
  // A job of bounded length; true: there is more to do.
  Result<bool> step(Id id, bool rebuild, std::stop_token stop);
  Result<bool> index_some(Id id, IndexFile& file, const account::ItemTotals& totals, std::stop_token stop);
  Result<> index_one(account::Account& owner, const account::ListedItem& listed, SegmentBuilder& builder);
  Result<> tidy(Id id, IndexFile& file, const account::ItemTotals& totals, std::stop_token stop);
  Result<> merge_last(Id id, IndexFile& file, std::size_t count, std::stop_token stop);
  Result<std::unique_ptr<IndexFile>> open_for_writing(Id id, const account::ItemTotals& totals);
  void remove_file(Id id);
  void remove_orphans(const std::set<Id>& owners);
  void pace(std::size_t messages, SteadyPoint begun, std::stop_token stop);
  std::filesystem::path path_of(Id id) const;
  std::shared_mutex& presence(Id id) { return presence_[id % presence_.size()]; }

  const Options options_;
  store::Store& store_;
  account::Accounts& accounts_;
  TextSource& source_;
  Random& random_;
  const Clock& clock_;
  Log& log_;
  Counter &indexed_, &damaged_;
  std::atomic<std::uint64_t> news_;  // not the same again after a restart
  Indexes* attachments_ = nullptr;
  const AttachmentTexts* attachment_texts_ = nullptr;

  // Held shared by whoever has a file open: none is removed meanwhile, for SQLite would then remove what belongs to the
  // next one of that name.
  std::array<std::shared_mutex, 64> presence_;

  std::mutex version_mutex_;
  std::optional<std::uint64_t> version_;  // of the source, that the indexes follow

  std::mutex mutex_;                   // guards what follows
  std::condition_variable_any wake_;   // something to do
  std::condition_variable_any pause_;  // never notified
  std::unordered_map<Id, Job> jobs_;
  std::set<std::pair<SteadyPoint, Id>> due_;
  std::unordered_map<Id, Known> known_;                 // of files that were up to date
  std::unordered_map<Id, std::uint64_t> kept_;          // items that the last cleaning left
  std::unordered_map<Id, account::ItemId> unreadable_;  // that the last try stopped at

  std::unique_ptr<store::Subscription> subscription_;
  std::vector<std::jthread> threads_;
};

}  // namespace gatepost::search
