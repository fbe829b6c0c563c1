#include "jmap/snooze.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "jmap/events.hpp"

namespace gatepost::jmap {
namespace {

constexpr std::chrono::minutes kSnoozeRetry{1};
constexpr std::chrono::seconds kLongestWait{60};  // the clock may be set meanwhile

}  // namespace

Snoozer::~Snoozer() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  wake_.notify_all();
  thread_.join();
}

Result<> Snoozer::load() {
  GP_TRY(const auto all, book_.all());
  const std::scoped_lock lock(mutex_);
  for (const Snooze& snooze : all) remember(snooze, snooze.until);
  return {};
}

Result<> Snoozer::start() {
  GP_CHECK(load());
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
  return {};
}

Result<account::Folder> Snoozer::folder_of(account::Account& account) {
  auto found = account.find_folder(kSnoozedFolder);
  if (found || found.error().code != Errc::not_found) return found;
  auto made = account.create_folder(kSnoozedFolder);
  if (!made && made.error().code == Errc::already_exists) return account.find_folder(kSnoozedFolder);
  if (made) GP_CHECK(account.set_subscribed(made->path, true));
  return made;
}

Result<> Snoozer::put(const Snooze& snooze) {
  const std::scoped_lock changing(changing_);
  {
    const std::scoped_lock lock(mutex_);
    const auto of = kept_.find(snooze.account);
    if (of != kept_.end() && !of->second.contains(snooze.item) && of->second.size() >= kMaxSnoozed) {
      return fail(Errc::limit, "too much is put off");
    }
  }
  GP_CHECK(book_.put(snooze));
  {
    const std::scoped_lock lock(mutex_);
    forget(snooze.account, snooze.item);
    remember(snooze, snooze.until);
  }
  wake_.notify_all();
  return {};
}

Result<> Snoozer::drop(account::AccountId account, account::ItemId item) {
  const std::scoped_lock changing(changing_);
  {
    const std::scoped_lock lock(mutex_);
    const auto of = kept_.find(account);
    if (of == kept_.end() || !of->second.contains(item)) return {};
  }
  GP_CHECK(book_.erase(account, item));
  const std::scoped_lock lock(mutex_);
  forget(account, item);
  return {};
}

std::optional<Snooze> Snoozer::find(account::AccountId account, account::ItemId item) const {
  const std::scoped_lock lock(mutex_);
  const auto of = kept_.find(account);
  if (of == kept_.end()) return std::nullopt;
  const auto one = of->second.find(item);
  return one == of->second.end() ? std::nullopt : std::optional(one->second.snooze);
}

std::optional<TimePoint> Snoozer::next() const {
  const std::scoped_lock lock(mutex_);
  return by_time_.empty() ? std::nullopt : std::optional(std::get<0>(*by_time_.begin()));
}

void Snoozer::remember(const Snooze& snooze, TimePoint look_at) {
  kept_[snooze.account][snooze.item] = {snooze, look_at};
  by_time_.emplace(look_at, snooze.account, snooze.item);
}

void Snoozer::forget(account::AccountId account, account::ItemId item) {
  const auto of = kept_.find(account);
  if (of == kept_.end()) return;
  if (const auto one = of->second.find(item); one != of->second.end()) {
    by_time_.erase({one->second.look_at, account, item});
    of->second.erase(one);
  }
  if (of->second.empty()) kept_.erase(of);
}

// In one step the message leaves the folder and another one with its octets is in the other, unread and received now,
// so that it is on top for every client, and new for those that tell of new mail.
Result<> Snoozer::wake(const Snooze& snooze) {
  const directory::PrincipalId owner{static_cast<std::uint64_t>(snooze.account)};
  GP_CHECK(services_.directory.principal(owner));
  GP_TRY(const auto account, services_.accounts.open(snooze.account));
  GP_TRY(const account::Folder from, account->find_folder(kSnoozedFolder));
  GP_TRY(const auto messages, account->messages_of(std::span(&snooze.item, 1)));
  const auto message = std::ranges::find(messages[0], from.id, &account::Placed::folder);
  if (message == messages[0].end()) return fail(Errc::not_found, "it was taken out");
  auto to = account->folder(snooze.to);
  if (!to && to.error().code != Errc::not_found) return std::unexpected(to.error());
  if (!to || !to->selectable || to->id == from.id) to = account->find_folder("INBOX");
  if (!to) return std::unexpected(to.error());
  GP_TRY(const account::Item item, account->item(message->row.item));
  GP_TRY(const auto names, account->keywords());
  account::NewItem again;
  again.body = item.body;
  again.summary = item.summary;
  const account::Flags& flags = message->row.flags;
  again.system_flags = static_cast<std::uint8_t>(flags.system & ~(account::flag::kSeen | account::flag::kDeleted));
  for (const account::KeywordId id : flags.keywords) {
    if (id < names->size() && !ascii::iequals((*names)[id], kSnoozedKeyword)) again.keywords.push_back((*names)[id]);
  }
  again.received = services_.clock.now();
  GP_TRY(const auto done, account->replace(from.id, message->row.uid, to->id, again));
  // Copies elsewhere are not put off any more either.
  if (const auto keyword = account->keyword_ids({std::string(kSnoozedKeyword)}, false); keyword && !keyword->empty()) {
    for (const account::Placed& one : messages[0]) {
      if (one.row.uid == message->row.uid && one.folder == from.id) continue;
      (void)account->store_flags(one.folder, NumberSet::of(one.row.uid, one.row.uid), account::FlagChange::remove,
                                 account::Flags{0, *keyword}, std::nullopt);
    }
  }
  return done.uids.empty() ? fail(Errc::not_found, "it was taken out") : Result<>();
}

std::size_t Snoozer::wake_due() {
  std::size_t woken = 0;
  for (;;) {
    Snooze due;
    {
      const std::scoped_lock lock(mutex_);
      if (by_time_.empty() || std::get<0>(*by_time_.begin()) > services_.clock.now()) return woken;
      const auto& [at, account, item] = *by_time_.begin();
      due = kept_.at(account).at(item).snooze;
    }
    auto done = wake(due);
    if (done) ++woken;
    if (!done && done.error().code == Errc::not_found) done = {};
    if (done) done = drop(due.account, due.item);
    if (done) continue;
    services_.log.write(event::kSnoozeProblem,
                        {{"account", static_cast<std::uint64_t>(due.account)}, {"detail", done.error().detail}});
    const std::scoped_lock lock(mutex_);
    // Somebody may have changed it meanwhile.
    const auto of = kept_.find(due.account);
    if (of == kept_.end() || !of->second.contains(due.item) || of->second.at(due.item).snooze != due) continue;
    forget(due.account, due.item);
    remember(due, services_.clock.now() + kSnoozeRetry);
  }
}

void Snoozer::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      wake_due();
    } catch (const std::exception& e) {
      services_.log.write(event::kSnoozeProblem, {{"account", 0}, {"detail", e.what()}});
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, kSnoozeRetry, [] { return false; });
      continue;
    }
    std::unique_lock lock(mutex_);
    const auto first = by_time_.empty() ? std::nullopt : std::optional(std::get<0>(*by_time_.begin()));
    const auto sooner = [&] { return !by_time_.empty() && (!first || std::get<0>(*by_time_.begin()) < *first); };
    if (!first) {
      wake_.wait(lock, stop, sooner);
      continue;
    }
    const auto wait =
        std::clamp<std::chrono::nanoseconds>(*first - services_.clock.now(), std::chrono::nanoseconds(0), kLongestWait);
    wake_.wait_for(lock, stop, wait, sooner);
  }
}

}  // namespace gatepost::jmap
