#include "jmap/views.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace gatepost::jmap {
namespace {

constexpr std::size_t kManyChanges = 4'096;  // from here on all is read again
constexpr std::size_t kMaxKeywordLists = 65'000;

bool newer(const Line& a, const Line& b) {
  return a.received != b.received ? a.received > b.received : a.item > b.item;
}

bool is_unread(const Line& line) { return (line.flags & (account::flag::kSeen | account::flag::kDraft)) == 0; }

Line line_of(const account::Row& row, FolderView& view) {
  Line line;
  line.received = std::chrono::floor<std::chrono::seconds>(row.received).time_since_epoch().count();
  line.item = row.item;
  line.thread = row.thread;
  line.octets = row.octets;
  line.uid = row.uid;
  line.flags = row.flags.system;
  if (!row.flags.keywords.empty()) {
    auto at = std::ranges::find(view.keywords, row.flags.keywords);
    if (at == view.keywords.end() && view.keywords.size() < kMaxKeywordLists) {
      view.keywords.push_back(row.flags.keywords);
      at = std::prev(view.keywords.end());
    }
    if (at != view.keywords.end()) line.keywords = static_cast<std::uint16_t>(at - view.keywords.begin());
  }
  return line;
}

void count(FolderView& view) {
  view.unread = 0;
  std::unordered_map<account::ItemId, bool> threads;
  threads.reserve(view.lines.size());
  for (const Line& line : view.lines) {
    const bool unread = is_unread(line);
    view.unread += unread ? 1 : 0;
    bool& any = threads.try_emplace(line.thread, false).first->second;
    any = any || unread;
  }
  view.threads = static_cast<std::uint32_t>(threads.size());
  view.unread_threads =
      static_cast<std::uint32_t>(std::ranges::count_if(threads, [](const auto& t) { return t.second; }));
}

Result<std::shared_ptr<const FolderView>> read_all(account::Account& account, account::FolderId id) {
  auto view = std::make_shared<FolderView>();
  view->folder = id;
  view->keywords.emplace_back();
  // What comes while the rows are read is told by the next delta, though it may be there already.
  GP_TRY(const account::Folder folder, account.folder(id));
  view->at = folder.highest_modseq;
  GP_CHECK(account.open_folder(id, false));  // its UIDs, so that rows come from memory
  view->lines.reserve(folder.total);
  const NumberSet all = NumberSet::of(1, std::numeric_limits<account::Uid>::max());
  GP_CHECK(account.rows(id, all, [&](const account::Row& row) {
    if ((row.flags.system & account::flag::kDeleted) == 0) view->lines.push_back(line_of(row, *view));
    return true;
  }));
  std::ranges::sort(view->lines, newer);
  count(*view);
  return view;
}

// `old` with what changed since. Null: that is too much.
Result<std::shared_ptr<const FolderView>> follow(account::Account& account, const FolderView& old) {
  GP_TRY(const account::Delta delta, account.changes(old.folder, old.at));
  if (!delta.vanished_known || delta.changed.size() + delta.vanished.size() > kManyChanges) return nullptr;
  auto view = std::make_shared<FolderView>();
  view->folder = old.folder;
  view->at = delta.to;
  view->keywords = old.keywords;
  std::vector<Line> fresh;
  const auto take = [&](const account::Row& row) {
    if ((row.flags.system & account::flag::kDeleted) == 0) fresh.push_back(line_of(row, *view));
    return true;
  };
  if (delta.has_rows()) {
    for (const account::Row& row : delta.rows) take(row);
  } else {
    GP_CHECK(account.rows(old.folder, delta.changed, take));
  }
  std::ranges::sort(fresh, newer);
  view->lines.reserve(old.lines.size() + fresh.size());
  auto next = fresh.begin();
  for (const Line& line : old.lines) {
    if (delta.changed.contains(line.uid) || delta.vanished.contains(line.uid)) continue;
    while (next != fresh.end() && newer(*next, line)) view->lines.push_back(*next++);
    view->lines.push_back(line);
  }
  view->lines.insert(view->lines.end(), next, fresh.end());
  count(*view);
  return view;
}

}  // namespace

Result<std::shared_ptr<const FolderView>> Views::folder(account::Account& account, account::FolderId id) {
  const Key key{account.id(), id, {}};
  GP_TRY(const account::Folder now, account.folder(id));
  std::shared_ptr<const FolderView> view;
  if (const auto known = get(key)) {
    if (known->view->at >= now.highest_modseq) return known->view;
    GP_TRY(view, follow(account, *known->view));
  }
  if (!view) {
    GP_TRY(view, read_all(account, id));
  }
  put({key, view, nullptr, view->at, view->octets()});
  return view;
}

Views::Found Views::found(account::AccountId account, const std::string& query, account::Modseq at) {
  const auto known = get({account, account::kRoot, query});
  return known && known->at == at ? known->ids : nullptr;
}

void Views::keep(account::AccountId account, const std::string& query, account::Modseq at, Found ids) {
  const std::size_t octets = ids->capacity() * sizeof(account::ItemId) + query.size() + 256;
  put({{account, account::kRoot, query}, nullptr, std::move(ids), at, octets});
}

std::optional<Views::Entry> Views::get(const Key& key) {
  const std::scoped_lock lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end()) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return *found->second;
}

void Views::put(Entry entry) {
  if (entry.octets > max_octets_) return;
  const std::scoped_lock lock(mutex_);
  if (const auto found = index_.find(entry.key); found != index_.end()) {
    if (found->second->at > entry.at) return;
    octets_ -= found->second->octets;
    entries_.erase(found->second);
    index_.erase(found);
  }
  octets_ += entry.octets;
  entries_.push_front(std::move(entry));
  index_[entries_.front().key] = entries_.begin();
  while (octets_ > max_octets_) {
    octets_ -= entries_.back().octets;
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

}  // namespace gatepost::jmap
