// What happens to folders, kept for a while for those who watch the account; and the keys of folders.

#include <algorithm>

#include "account/stored_account.hpp"
#include "store/keys.hpp"

namespace gatepost::account {
namespace {

using EventKind = FolderEvent::What;

constexpr std::size_t kKeptEvents = 1'024;
constexpr std::size_t kMaxAccessKey = 255;

const records::FolderRecord* living(const std::map<FolderId, records::FolderRecord>& folders, FolderId id) {
  const auto found = folders.find(id);
  return found == folders.end() || found->second.dying ? nullptr : &found->second;
}

}  // namespace

// Paths that are gone have to be written down before they are.
std::vector<FolderEvent> StoredAccount::foresee(Transaction& tx, Modseq version) const {
  std::vector<FolderEvent> events;
  for (const auto& [id, t] : tx.touched()) {
    const records::FolderRecord* const before = living(head_.folders, id);
    const bool lives = !t.gone && !t.record.dying;
    FolderEvent event{.id = id, .modseq = version};
    if (before == nullptr && !lives) continue;
    if (before == nullptr) {
      event.what = EventKind::created;
    } else if (!lives) {
      event.what = EventKind::deleted;
      event.path = path_of(head_, *before);
    } else if (before->parent != t.record.parent || before->name != t.record.name) {
      event.what = EventKind::renamed;
      event.old_path = path_of(head_, *before);
    } else if (before->selectable != t.record.selectable) {
      event.what = EventKind::created;
    }
    if (event.what != EventKind::messages) events.push_back(std::move(event));
    if (!lives) continue;
    FolderEvent messages{.what = EventKind::messages, .id = id, .modseq = version};
    messages.added = static_cast<std::uint32_t>(t.added.size());
    messages.removed = static_cast<std::uint32_t>(t.removed.size());
    messages.flags = t.flags_changed;
    messages.unseen = before != nullptr && before->unseen != t.record.unseen;
    if (messages.added + messages.removed > 0 || messages.flags) events.push_back(std::move(messages));
  }
  for (const auto& [whose, change] : tx.seen_changes()) {
    if (!change.by_reader || living(head_.folders, whose.first) == nullptr) continue;
    events.push_back({.what = EventKind::messages,
                      .id = whose.first,
                      .modseq = version,
                      .flags = true,
                      .unseen = true,
                      .reader = whose.second});
  }
  for (const auto& [id, grants] : tx.grant_changes()) {
    if (living(head_.folders, id) == nullptr) continue;  // new, or the account's top
    events.push_back({.what = EventKind::rights, .id = id, .modseq = version});
  }
  for (const auto& [name, subscribed] : tx.subscription_changes()) {
    events.push_back({.what = EventKind::subscription, .modseq = version, .path = name});
  }
  return events;
}

void StoredAccount::keep_news(std::vector<FolderEvent> events, Modseq version) {
  if (!subscribers_) {
    news_.clear();
    news_since_ = version;
    return;
  }
  for (FolderEvent& event : events) {
    if (event.what == EventKind::created || event.what == EventKind::renamed || event.what == EventKind::rights) {
      const records::FolderRecord* const now = living(head_.folders, event.id);
      if (now == nullptr) continue;
      event.path = path_of(head_, *now);
    }
    // Children of a folder that was deleted get another parent of the same name: nothing that is seen.
    if (event.what == EventKind::renamed && event.path == event.old_path) continue;
    news_.push_back(std::move(event));
  }
  while (news_.size() > kKeptEvents) {
    news_since_ = news_.front().modseq;
    news_.pop_front();
  }
}

Result<FolderNews> StoredAccount::folder_news(Modseq since, Reader reader) {
  const std::scoped_lock lock(mutex_);
  GP_CHECK(usable());
  FolderNews news;
  news.to = head_.modseq;
  news.complete = since >= news_since_ && (reader == kEverybody || since >= head_.own_seen.since);
  const bool own = reader != kEverybody && head_.own_seen.on;
  for (auto event = std::ranges::upper_bound(news_, since, {}, &FolderEvent::modseq); event != news_.end(); ++event) {
    if (event->reader != kEverybody && (!own || event->reader != reader)) continue;
    news.events.push_back(*event);
    // That the owner has seen something is nothing to him.
    if (own && event->reader == kEverybody) news.events.back().unseen = event->added + event->removed > 0;
  }
  return news;
}

Result<std::string> StoredAccount::access_key(FolderId id, std::string_view fresh) {
  if (fresh.empty() || fresh.size() > kMaxAccessKey) return fail(Errc::invalid, "length of an access key");
  const std::string key = records::access_key(id);
  std::string secret;
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    if (tx.find(id) == nullptr) return fail(Errc::not_found, "no such folder");
    GP_TRY(const auto value, tx.read(key));
    if (value) {
      GP_TRY(secret, records::decode_text(*value));
      return {};
    }
    secret = fresh;
    tx.write(key, records::encode_text(secret));
    return {};
  }));
  return secret;
}

Result<std::optional<std::string>> StoredAccount::kept_access_key(FolderId id) {
  {
    const std::scoped_lock lock(mutex_);
    GP_CHECK(usable());
    if (record(id) == nullptr) return fail(Errc::not_found, "no such folder");
  }
  GP_TRY(auto snap, snapshot());
  GP_TRY(const auto value, snap->get(records::access_key(id)));
  if (!value) return std::nullopt;
  GP_TRY(std::string key, records::decode_text(*value));
  return key;
}

Result<> StoredAccount::set_access_key(FolderId id, std::string_view key) {
  if (key.empty() || key.size() > kMaxAccessKey) return fail(Errc::invalid, "length of an access key");
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    if (tx.find(id) == nullptr) return fail(Errc::not_found, "no such folder");
    tx.write(records::access_key(id), records::encode_text(key));
    return {};
  }));
  return {};
}

Result<> StoredAccount::drop_access_keys() {
  const std::string begin(1, records::kind::kAccessKey);
  GP_CHECK(run([&](Transaction& tx) -> Result<> {
    tx.erase_range(begin, store::prefix_end(begin));
    return {};
  }));
  return {};
}

}  // namespace gatepost::account
