#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>

#include "account/events.hpp"
#include "account/records.hpp"
#include "account/store_access.hpp"
#include "account/stored_account.hpp"
#include "account/stored_body.hpp"
#include "store/keys.hpp"

namespace gatepost::account {
namespace {

// Finding one to drop may meet some that are in use; so many are looked at.
constexpr int kLookedAtToEvict = 16;

class StoredAccounts final : public Accounts {
 public:
  StoredAccounts(store::Store& store, AccountsOptions options, QuotaOf quota_of, const Clock& clock, Log& log,
                 Metrics& metrics)
      : environment_{store,
                     options,
                     std::move(quota_of),
                     clock,
                     log,
                     metrics.counter("gatepost_account_commits_total", "", "Commits of accounts."),
                     metrics.counter("gatepost_account_changes_total", "",
                                     "Changes of accounts; several may share a commit."),
                     RowCache(options.row_cache_octets),
                     RowPacks(store.keys()),
                     ItemNotes(store.keys())},
        cached_(metrics.gauge("gatepost_account_cached", "", "Accounts in memory.")) {}

  Result<std::shared_ptr<Account>> open(AccountId id) override {
    GP_TRY(auto account, open_stored(id));
    return account;
  }

  Result<std::shared_ptr<Account>> open_for(AccountId id, Reader reader) override {
    GP_TRY(const auto account, open_stored(id));
    return account->view_for(reader);
  }

  Result<> remove(AccountId id) override {
    if (!store::is_account(store::Partition{static_cast<std::uint64_t>(id)}))
      return fail(Errc::not_found, "no such account");
    const auto account = cached(id);
    GP_CHECK(account->remove_all());
    forget(account);
    return change_removals(id, false);
  }

  Result<> begin_removal(AccountId id) override {
    if (!store::is_account(store::Partition{static_cast<std::uint64_t>(id)}))
      return fail(Errc::not_found, "no such account");
    return change_removals(id, true);
  }

  Result<> finish_removals(const std::function<bool(AccountId)>& wanted, std::stop_token stop) override {
    std::vector<AccountId> begun;
    {
      GP_TRY(auto snap, environment_.store.keys().snapshot(store::kServerPartition, kSnapshotAge));
      const std::string begin(1, records::kRemoval);
      GP_CHECK(snap->scan(begin, store::prefix_end(begin), false, kScanPage, [&](store::Entry e) {
        if (const auto id = records::parse_removal_key(e.key)) begun.push_back(*id);
        return true;
      }));
    }
    for (const AccountId id : begun) {
      if (stop.stop_requested()) return {};
      if (wanted(id)) {
        GP_CHECK(change_removals(id, false));
        continue;
      }
      environment_.log.write(event::kRemovalFinished, {{"account", static_cast<std::uint64_t>(id)}});
      GP_CHECK(remove(id));
    }
    return {};
  }

  Result<std::unique_ptr<BodyWriter>> new_body(std::uint64_t size_hint) override {
    return new_stored_body(environment_.store, size_hint);
  }
  Result<> read_body(const Body& body, std::uint64_t offset, std::span<char> out) override {
    return environment_.store.bodies().read(blob_of(body), offset, out);
  }

  Result<> check(AccountId id, bool repair, const std::function<void(const Finding&)>& finding) override {
    const store::Partition partition{static_cast<std::uint64_t>(id)};
    GP_TRY(const auto version, environment_.store.keys().version(partition));
    if (version == 0) return fail(Errc::not_found, "no such account");
    return cached(id)->check(repair, finding);  // not opened: it may be too damaged for that
  }

  Result<> prune(std::stop_token stop) override {
    std::vector<AccountId> ids;
    GP_CHECK(environment_.store.keys().partitions([&](store::Partition p) {
      if (store::is_account(p)) ids.push_back(AccountId{store::number(p)});
      return !stop.stop_requested();
    }));
    Result<> first_failure;
    for (const AccountId id : ids) {
      if (stop.stop_requested()) break;
      auto account = open_stored(id);
      auto done = account ? (*account)->prune() : Result<>(std::unexpected(account.error()));
      if (!done && first_failure) first_failure = std::move(done);
    }
    GP_CHECK(drop_orphans(ids));
    return first_failure;
  }

  Result<> write_derived(std::stop_token stop) override {
    Result<> first_failure;
    for (const auto& [id, folder] : environment_.row_packs.take_wanted()) {
      if (stop.stop_requested()) break;
      auto done = cached(id)->write_packs(folder);
      if (!done && first_failure) first_failure = std::move(done);
    }
    GP_CHECK(environment_.item_notes.write(stop));
    return first_failure;
  }

  Result<std::array<std::uint64_t, 2>> note_secret(Random& random) override {
    return environment_.item_notes.secret(random);
  }

 private:
  // What was derived from accounts that are not among `there`: a crash cut their removal short.
  Result<> drop_orphans(std::vector<AccountId> there) {
    GP_TRY(auto found, environment_.row_packs.accounts());
    GP_TRY(const auto noted, environment_.item_notes.accounts());
    found.insert(found.end(), noted.begin(), noted.end());
    std::ranges::sort(there);
    for (const AccountId id : found) {
      if (std::ranges::binary_search(there, id)) continue;
      GP_TRY(const auto version, environment_.store.keys().version(store::Partition{static_cast<std::uint64_t>(id)}));
      if (version != 0) continue;
      GP_CHECK(environment_.row_packs.erase(id));
      GP_CHECK(environment_.item_notes.erase(id));
    }
    return {};
  }

  // Notes of deletions that are going on.
  Result<> change_removals(AccountId id, bool noted) {
    store::KeyValue& keys = environment_.store.keys();
    const std::string key = records::removal_key(id);
    for (int attempt = 1;; ++attempt) {
      GP_TRY(auto snap, keys.snapshot(store::kServerPartition, kSnapshotAge));
      GP_TRY(const auto value, snap->get(key));
      if (value.has_value() == noted) return {};
      store::Batch batch;
      batch.writes.push_back({key, noted ? std::optional(records::encode_empty()) : std::nullopt});
      const auto done = keys.commit(store::kServerPartition, snap->version(), batch);
      if (done) return {};
      // Another note came first.
      if (done.error().code != Errc::conflict || attempt == kCommitTries) return std::unexpected(done.error());
    }
  }

  using Recent = std::list<std::shared_ptr<StoredAccount>>;  // most recently used first

  Result<std::shared_ptr<StoredAccount>> open_stored(AccountId id) {
    if (!store::is_account(store::Partition{static_cast<std::uint64_t>(id)}))
      return fail(Errc::not_found, "no such account");
    for (;;) {
      auto account = cached(id);
      auto opened = account->ensure_open();
      if (opened) return account;
      if (opened.error().code != Errc::closed) return std::unexpected(opened.error());
      forget(account);  // removed; the next one is a new account
    }
  }

  std::shared_ptr<StoredAccount> cached(AccountId id) {
    Recent dropped;  // destroyed after the lock
    const std::scoped_lock lock(mutex_);
    if (const auto found = index_.find(id); found != index_.end()) {
      if (found->second != recent_.begin()) recent_.splice(recent_.begin(), recent_, found->second);
      return *found->second;
    }
    recent_.push_front(std::make_shared<StoredAccount>(id, environment_));
    index_.emplace(id, recent_.begin());
    auto account = recent_.front();
    evict(dropped);
    cached_.set(static_cast<std::int64_t>(recent_.size()));
    return account;
  }

  void evict(Recent& dropped) {
    auto at = recent_.end();
    for (int looked = 0; recent_.size() > std::max<std::size_t>(environment_.options.cached_accounts, 1); ++looked) {
      if (looked >= kLookedAtToEvict || at == recent_.begin()) return;
      --at;
      // Only the cache has it, and new holders come only through here.
      if (at->use_count() > 1) continue;
      index_.erase((*at)->id());
      const auto gone = at++;
      dropped.splice(dropped.begin(), recent_, gone);
    }
  }

  void forget(const std::shared_ptr<StoredAccount>& account) {
    const std::scoped_lock lock(mutex_);
    const auto found = index_.find(account->id());
    if (found == index_.end() || *found->second != account) return;
    recent_.erase(found->second);
    index_.erase(found);
  }

  Environment environment_;
  Gauge& cached_;
  std::mutex mutex_;  // guards what follows
  Recent recent_;
  std::unordered_map<AccountId, Recent::iterator> index_;
};

}  // namespace

std::unique_ptr<Accounts> Accounts::create(store::Store& store, AccountsOptions options, QuotaOf quota_of,
                                           const Clock& clock, Random&, Log& log, Metrics& metrics) {
  return std::make_unique<StoredAccounts>(store, options, std::move(quota_of), clock, log, metrics);
}

}  // namespace gatepost::account
