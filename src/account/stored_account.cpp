#include "account/stored_account.hpp"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

#include "account/check.hpp"
#include "account/events.hpp"
#include "account/store_access.hpp"
#include "store/keys.hpp"

namespace gatepost::account {
namespace {

constexpr std::chrono::hours kCheckAge{1};
// A commit takes no further change once it has so many octets or changes. With the largest single change
// (kMaxChangeOctets) the batch stays below what the store takes.
constexpr std::size_t kFullOctets = 512 << 10;
constexpr std::size_t kMaxChangesTogether = 256;
constexpr int kMaxTries = 3;
constexpr std::size_t kAnnotationNews = 1'000;  // kept in memory for those who watch
constexpr std::size_t kRecentRows = 64;         // kept in memory for the watchers of a folder

}  // namespace

// Its callback runs one at a time and never after the handle has gone.
class StoredAccount::Subscriber {
 public:
  explicit Subscriber(std::function<void()> callback) : callback_(std::move(callback)) {}
  void call() {
    const std::scoped_lock lock(mutex_);
    if (callback_) callback_();
  }
  void end() {
    const std::scoped_lock lock(mutex_);
    callback_ = nullptr;
  }

 private:
  std::mutex mutex_;
  std::function<void()> callback_;
};

// Keeps the account in memory: a second object of the same account would not know of this watch.
class StoredAccount::WatchHandle final : public Watch {
 public:
  WatchHandle(std::shared_ptr<StoredAccount> account, std::shared_ptr<Subscriber> subscriber)
      : account_(std::move(account)), subscriber_(std::move(subscriber)) {}
  ~WatchHandle() override {
    subscriber_->end();
    const std::scoped_lock lock(account_->mutex_);
    auto rest = std::make_shared<std::vector<std::shared_ptr<Subscriber>>>(*account_->subscribers_);
    std::erase(*rest, subscriber_);
    account_->subscribers_ = rest->empty() ? nullptr : std::move(rest);
  }

 private:
  const std::shared_ptr<StoredAccount> account_;
  const std::shared_ptr<Subscriber> subscriber_;
};

class StoredAccount::MaildropHandle final : public Watch {
 public:
  explicit MaildropHandle(std::shared_ptr<StoredAccount> account) : account_(std::move(account)) {}
  ~MaildropHandle() override {
    const std::scoped_lock lock(account_->mutex_);
    account_->maildrop_locked_ = false;
  }

 private:
  const std::shared_ptr<StoredAccount> account_;
};

StoredAccount::StoredAccount(AccountId id, Environment& environment)
    : id_(id),
      environment_(environment),
      partition_{static_cast<std::uint64_t>(id)},
      rows_owner_(environment.row_cache.new_owner()) {}
StoredAccount::~StoredAccount() = default;

RowDamage StoredAccount::damage_report() {
  return [this](FolderId folder, Uid uid, const Error& error) {
    environment_.log.write(event::kDamaged,
                           {{"account", static_cast<std::uint64_t>(id_)},
                            {"where", fmt::format("folder {} uid {}", static_cast<std::uint32_t>(folder), uid)},
                            {"detail", error.detail}});
  };
}

Result<> StoredAccount::ensure_open() {
  {
    const std::scoped_lock lock(mutex_);
    if (removed_) return fail(Errc::closed, "account was removed");
    if (open_) return {};
  }
  const std::scoped_lock opening(open_mutex_);
  {
    const std::scoped_lock lock(mutex_);
    if (removed_) return fail(Errc::closed, "account was removed");
    if (open_) return {};
  }
  GP_CHECK(reload());
  bool is_new = false;
  bool dying = false;
  {
    const std::scoped_lock lock(mutex_);
    is_new = head_.modseq == 0;
    for (const auto& [id, f] : head_.folders) dying = dying || f.dying;
  }
  Result<> done = is_new ? create() : begin_anew();
  if (done && dying) done = finish_deletions();
  // Others may use it only now.
  const std::scoped_lock lock(mutex_);
  open_ = done.has_value();
  return done;
}

Result<> StoredAccount::create() {
  struct Standard {
    std::string_view name;
    Role role;
  };
  static constexpr Standard kStandard[] = {{kInboxName, Role::inbox}, {"Drafts", Role::drafts},
                                           {"Sent", Role::sent},      {"Trash", Role::trash},
                                           {"Junk", Role::junk},      {"Archive", Role::archive}};
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    if (tx.head().modseq != 0) return {};
    const auto restores = environment_.store.restores();
    if (!restores.empty()) tx.state().restored = records::to_seconds(restores.back().at);
    for (const Standard& s : kStandard) {
      tx.add_folder(kRoot, std::string(s.name), s.role);
      tx.subscribe(std::string(s.name), true);
    }
    return {};
  }));
  return {};
}

Result<> StoredAccount::usable() const {
  if (removed_) return fail(Errc::not_found, "account was removed");
  return {};
}

Modseq StoredAccount::modseq() {
  const std::scoped_lock lock(mutex_);
  return head_.modseq;
}

bool StoredAccount::idle() {
  const std::scoped_lock lock(mutex_);
  return !leading_ && queue_.empty();
}

Result<std::unique_ptr<store::Snapshot>> StoredAccount::snapshot() {
  return environment_.store.keys().snapshot(partition_, kSnapshotAge);
}

Result<Modseq> StoredAccount::run(const std::function<Result<>(Transaction&)>& change) {
  Change mine(change);
  std::unique_lock lock(mutex_);
  GP_CHECK(usable());
  queue_.push_back(&mine);
  while (!mine.done) {
    if (leading_)
      mine.wake.wait(lock);
    else
      lead(lock);
  }
  if (!mine.result) return std::unexpected(std::move(mine.result).error());
  return mine.modseq;
}

void StoredAccount::hand_on() {
  leading_ = false;
  if (!queue_.empty()) queue_.front()->wake.notify_one();
}

void StoredAccount::lead(std::unique_lock<std::mutex>& lock) {
  leading_ = true;
  std::vector<Change*> taken;
  while (!queue_.empty() && taken.size() < kMaxChangesTogether) {
    taken.push_back(queue_.front());
    queue_.pop_front();
  }
  const Modseq before = head_.modseq;
  lock.unlock();
  std::size_t processed = 0;
  try {
    processed = process(taken);
  } catch (const std::exception& e) {
    // Out of memory, say. Whoever waits must not wait for ever; nothing was published.
    for (Change* c : taken) c->result = fail(Errc::internal, e.what());
    processed = taken.size();
  }
  lock.lock();
  const bool changed = head_.modseq != before;
  // What did not fit goes first next time.
  queue_.insert(queue_.begin(), taken.begin() + static_cast<std::ptrdiff_t>(processed), taken.end());
  for (std::size_t i = 0; i < processed; ++i) {
    taken[i]->done = true;
    taken[i]->wake.notify_one();
  }
  hand_on();
  if (changed && subscribers_) {
    lock.unlock();
    notify();
    lock.lock();
  }
}

// How many of `taken` have their result.
std::size_t StoredAccount::process(const std::vector<Change*>& taken) {
  for (int attempt = 1;; ++attempt) {
    Transaction tx(head_, environment_.store.keys(), partition_, environment_.clock.now(), damage_report(),
                   [this](FolderId folder, std::uint32_t chunk) { return fresh_chunk(folder, chunk); });
    std::size_t n = 0;
    bool moved_on = removed_;
    for (; n < taken.size() && (n == 0 || tx.octets() < kFullOctets); ++n) {
      taken[n]->result = removed_ ? Result<>(fail(Errc::not_found, "account was removed")) : taken[n]->apply(tx);
      moved_on = moved_on || (!taken[n]->result && taken[n]->result.error().code == Errc::conflict);
    }
    Result<Modseq> version = head_.modseq;
    if (!removed_ && !moved_on && !tx.empty()) version = commit(tx);
    if (!removed_ && (moved_on || (!version && version.error().code == Errc::conflict)) && attempt < kMaxTries) {
      environment_.log.write(event::kReloaded, {{"account", static_cast<std::uint64_t>(id_)}});
      if (auto again = reload(); again)
        continue;
      else
        version = std::unexpected(again.error());
    } else if (moved_on && !removed_) {
      version = fail(Errc::unavailable, "the account keeps changing from outside");
    }
    environment_.changes.add(n);
    for (std::size_t i = 0; i < n; ++i) {
      if (!version && taken[i]->result) taken[i]->result = std::unexpected(version.error());
      if (version) taken[i]->modseq = *version;
    }
    return n;
  }
}

Result<Modseq> StoredAccount::commit(Transaction& tx) {
  GP_CHECK(tx.put_uid_sets());
  GP_CHECK(tx.put_seen());
  {
    const std::scoped_lock lock(mutex_);
    for (auto& [id, t] : tx.touched()) {
      const auto v = views_.find(id);
      if (v != views_.end()) {
        t.record.unseen_from = v->second.unseen_from;
        t.record.recent_from = v->second.recent_from;
      }
      t.record.unseen_from = t.was_all_seen ? t.lowest_unseen : std::min(t.record.unseen_from, t.lowest_unseen);
    }
  }
  const store::Batch batch = tx.finish();
  auto version = environment_.store.keys().commit(partition_, head_.modseq, batch);
  if (!version && version.error().code == Errc::unknown_outcome) {
    // Nobody else writes here, so the version tells.
    GP_TRY(const auto now, environment_.store.keys().version(partition_));
    if (now == tx.modseq())
      version = now;
    else
      return fail(Errc::unavailable, "commit was lost");
  }
  if (!version) return version;
  environment_.commits.add();
  const std::scoped_lock lock(mutex_);
  publish(tx, *version);
  return version;
}

Result<> StoredAccount::reload() {
  GP_TRY(auto view, snapshot());
  GP_TRY(Head head, load_head(*view, [&](std::string_view where, const Error& error) {
           environment_.log.write(
               event::kDamaged,
               {{"account", static_cast<std::uint64_t>(id_)}, {"where", where}, {"detail", error.detail}});
         }));
  const std::scoped_lock lock(mutex_);
  head_ = std::move(head);
  without_annotations_.clear();
  ++annotation_changes_;
  annotation_news_.clear();
  annotation_news_since_ = head_.modseq;
  views_.clear();
  folder_list_.reset();
  news_.clear();
  news_since_ = head_.modseq;
  seen_hints_.clear();
  ++generation_;
  rows_owner_ = environment_.row_cache.new_owner();
  return {};
}

// For those who watch: what they ask next is answered from memory.
void StoredAccount::remember(View& v, const Transaction& tx, FolderId id, Modseq version) {
  auto rows = subscribers_ ? tx.written_rows(id, kRecentRows) : std::nullopt;
  const NumberSet& removed = tx.touched_folder(id).removed;
  if (!rows || rows->size() + removed.ranges().size() > kRecentRows) {
    v.recent.clear();
    v.recent_size = 0;
    v.recent_since = version;
    return;
  }
  if (!v.recent_since) v.recent_since = version - 1;
  v.recent_size += rows->size() + removed.ranges().size();
  v.recent.push_back({version, std::move(*rows), removed});
  while (v.recent_size > kRecentRows) {
    const View::Recent& oldest = v.recent.front();
    v.recent_since = oldest.modseq;
    v.recent_size -= oldest.rows.size() + oldest.removed.ranges().size();
    v.recent.pop_front();
  }
}

void StoredAccount::publish_folder(const Transaction& tx, FolderId id, Transaction::Touched& t, Modseq version) {
  if (t.gone) {
    head_.folders.erase(id);
    views_.erase(id);
    return;
  }
  if (!t.record.dying) head_.children[{t.record.parent, t.record.name}] = id;
  if (t.record.role == Role::inbox) head_.inbox = id;
  // From many messages on it is worth knowing which rows are there.
  if (t.added.size() >= kManyAtOnce && head_.folders.contains(id)) (void)view(id);
  if (const auto found = views_.find(id); found != views_.end()) {
    View& v = found->second;
    v.unseen_from = t.was_all_seen ? t.lowest_unseen : std::min(v.unseen_from, t.lowest_unseen);
    if (t.lowest_unseen != std::numeric_limits<Uid>::max()) ++v.unseen_lowered;
    if (t.seen_changed || t.lowest_unseen != std::numeric_limits<Uid>::max()) ++v.seen_changes;
    if (t.seen_changed || (v.first_unseen && t.lowest_unseen < *v.first_unseen)) v.first_unseen.reset();
    remember(v, tx, id, version);
    for (const std::uint32_t chunk : tx.written_chunks(id)) {
      keep_fresh(tx, v, {rows_owner_, id, chunk}, version);
      v.rows_changed[chunk] = version;
    }
    if (v.loading > 0) v.steps.push_back({version, t.added, t.removed});
    if (v.loaded && !(t.added.empty() && t.removed.empty())) {
      v.uids.add(t.added);
      v.uids.remove(t.removed);
      v.shared.reset();
    }
  }
  head_.folders[id] = std::move(t.record);
  if (views_.contains(id)) note_changed_rows(id, tx.written_count(id));
}

void StoredAccount::publish(Transaction& tx, Modseq version) {
  auto events = subscribers_ ? foresee(tx, version) : std::vector<FolderEvent>();
  // Names first leave, then come: two folders may have swapped theirs.
  for (auto& [id, t] : tx.touched()) {
    const auto old = head_.folders.find(id);
    if (old == head_.folders.end()) continue;
    if (!t.gone && !t.record.dying && old->second.parent == t.record.parent && old->second.name == t.record.name)
      continue;
    const auto c = head_.children.find({old->second.parent, old->second.name});
    if (c != head_.children.end() && c->second == id) head_.children.erase(c);
  }
  for (auto& [id, t] : tx.touched()) publish_folder(tx, id, t, version);
  if (!tx.new_keywords().empty()) {
    auto names = std::make_shared<std::vector<std::string>>(*head_.keywords);
    for (const std::string& name : tx.new_keywords()) {
      head_.keyword_ids.emplace(name, static_cast<KeywordId>(names->size()));
      names->push_back(name);
    }
    head_.keywords = std::move(names);
  }
  for (const auto& [name, subscribed] : tx.subscription_changes()) {
    if (subscribed)
      head_.subscriptions.insert(name);
    else
      head_.subscriptions.erase(name);
  }
  for (const auto& [id, grants] : tx.grant_changes()) {
    if (grants)
      head_.grants.insert_or_assign(id, grants);
    else
      head_.grants.erase(id);
  }
  head_.annotation_octets = tx.annotation_octets();
  for (const AnnotationNews& news : tx.annotation_news()) {
    if (news.folder != kRoot) continue;
    without_annotations_.erase(news.reader);
    ++annotation_changes_;
  }
  for (AnnotationNews& news : tx.annotation_news()) annotation_news_.push_back(std::move(news));
  while (annotation_news_.size() > kAnnotationNews) {
    annotation_news_since_ = annotation_news_.front().modseq;
    annotation_news_.pop_front();
  }
  head_.state = tx.final_state();
  publish_seen(tx);
  head_.removed = tx.removed_totals();
  head_.modseq = version;
  folder_list_.reset();
  keep_news(std::move(events), version);
}

Result<> StoredAccount::exclusively(const std::function<Result<>()>& work) {
  // Waits its turn like a change.
  static const std::function<Result<>(Transaction&)> kNothing = [](Transaction&) -> Result<> { return {}; };
  Change turn(kNothing);
  std::unique_lock lock(mutex_);
  while (leading_) {
    queue_.push_back(&turn);
    turn.wake.wait(lock, [&] { return turn.done || !leading_; });
    std::erase(queue_, &turn);
    turn.done = false;
  }
  leading_ = true;
  lock.unlock();
  Result<> result;
  try {
    result = work();
  } catch (const std::exception& e) {
    result = fail(Errc::internal, e.what());
  }
  lock.lock();
  hand_on();
  return result;
}

void StoredAccount::notify() {
  std::shared_ptr<const std::vector<std::shared_ptr<Subscriber>>> all;
  {
    const std::scoped_lock lock(mutex_);
    all = subscribers_;
  }
  if (!all) return;
  for (const auto& s : *all) s->call();
}

std::unique_ptr<Watch> StoredAccount::watch(std::function<void()> changed) {
  auto subscriber = std::make_shared<Subscriber>(std::move(changed));
  {
    const std::scoped_lock lock(mutex_);
    auto all = std::make_shared<std::vector<std::shared_ptr<Subscriber>>>();
    if (subscribers_) {
      *all = *subscribers_;
    } else {
      news_.clear();
      news_since_ = head_.modseq;
    }
    all->push_back(subscriber);
    subscribers_ = std::move(all);
  }
  return std::make_unique<WatchHandle>(shared_from_this(), std::move(subscriber));
}

Result<std::unique_ptr<Watch>> StoredAccount::lock_maildrop() {
  {
    const std::scoped_lock lock(mutex_);
    if (maildrop_locked_) return fail(Errc::conflict, "another session has the maildrop");
    maildrop_locked_ = true;
  }
  return std::make_unique<MaildropHandle>(shared_from_this());
}

Result<Account::Quota> StoredAccount::quota() {
  Quota q;
  const QuotaLimits limits = environment_.quota_of ? environment_.quota_of(id_) : QuotaLimits();
  q.limit_octets = limits.octets;
  q.limit_messages = limits.messages;
  const std::scoped_lock lock(mutex_);
  GP_CHECK(usable());
  q.used_octets = head_.state.used_octets;
  q.messages = head_.state.messages;
  q.removed_octets = head_.removed.octets;
  q.removed_messages = head_.removed.messages;
  return q;
}

Result<> StoredAccount::check(bool repair, const std::function<void(const Accounts::Finding&)>& finding) {
  const auto walk = [&]() -> Result<> {
    GP_TRY(auto packs, environment_.row_packs.snapshot());
    GP_TRY(auto snap, environment_.store.keys().snapshot(partition_, kCheckAge));
    Checker checker(*snap, environment_.store, environment_.clock.now(), repair, finding);
    GP_CHECK(checker.run());
    std::size_t findings = checker.findings();
    GP_CHECK(check_packs(*snap, *packs, [&](FolderId id, std::string_view what) {
      ++findings;
      finding({fmt::format("folder {}", static_cast<std::uint32_t>(id)), std::string(what), repair});
    }));
    if (!repair || findings == 0) return {};
    // Repairs change rows that no index speaks of.
    const std::scoped_lock writing(packs_mutex_);
    GP_CHECK(environment_.row_packs.erase(id_));
    GP_CHECK(environment_.item_notes.erase(id_));
    GP_CHECK(checker.commit_fixes(partition_));
    environment_.log.write(event::kRepaired, {{"account", static_cast<std::uint64_t>(id_)}, {"findings", findings}});
    return reload();
  };
  // A report looks at one version while the account is in use; a repair lets changes wait.
  if (!repair) return walk();
  GP_CHECK(exclusively(walk));
  notify();
  return {};
}

Result<> StoredAccount::remove_all() {
  GP_CHECK(exclusively([&]() -> Result<> {
    GP_CHECK(environment_.store.keys().drop(partition_));
    const std::scoped_lock lock(mutex_);
    removed_ = true;
    return {};
  }));
  const std::scoped_lock writing(packs_mutex_);  // who writes them now finds it removed
  GP_CHECK(environment_.row_packs.erase(id_));
  return environment_.item_notes.erase(id_);
}

}  // namespace gatepost::account
