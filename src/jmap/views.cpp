#include "jmap/views.hpp"

#include <algorithm>
#include <limits>

#include <boost/unordered/unordered_flat_map.hpp>

namespace gatepost::jmap {
namespace {

constexpr std::size_t kManyChanges = 4'096;  // from here on all is read again
constexpr std::size_t kMaxKeywordLists = 65'000;
constexpr std::size_t kEntryOctets = 256;

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

// The conversations of a folder, by their number.
class Conversations {
 public:
  void reserve(std::size_t most) { tallies_.reserve(most); }
  void add(const Line& line, FolderView& view) {
    Tally& tally = tallies_[static_cast<std::uint64_t>(line.thread)];
    view.threads += tally.all++ == 0 ? 1 : 0;
    if (!is_unread(line)) return;
    ++view.unread;
    view.unread_threads += tally.unread++ == 0 ? 1 : 0;
  }
  void remove(const Line& line, FolderView& view) {
    const auto found = tallies_.find(static_cast<std::uint64_t>(line.thread));
    if (found == tallies_.end()) return;
    Tally& tally = found->second;
    if (is_unread(line)) {
      --view.unread;
      view.unread_threads -= --tally.unread == 0 ? 1 : 0;
    }
    if (--tally.all == 0) {
      --view.threads;
      tallies_.erase(found);
    }
  }
  std::size_t octets() const { return tallies_.bucket_count() * 17; }

 private:
  struct Tally {
    std::uint32_t all = 0, unread = 0;
  };
  boost::unordered_flat_map<std::uint64_t, Tally> tallies_;
};

// Where the messages of a folder are in its list, by UID.
class UidIndex {
 public:
  void clear() { list_.clear(), gone_ = 0; }
  void reserve(std::size_t count) { list_.reserve(count); }
  void put(const Line& line) {
    if (list_.empty() || list_.back().uid < line.uid) {
      list_.push_back({key_of(line), line.uid, true});
      return;
    }
    const auto at = std::ranges::lower_bound(list_, line.uid, {}, &Place::uid);
    if (at->uid == line.uid) {
      gone_ -= at->there ? 0 : 1;
      *at = {key_of(line), line.uid, true};
    } else {
      list_.insert(at, {key_of(line), line.uid, true});
    }
  }
  // Value: where it was.
  std::optional<LineKey> take(account::Uid uid) {
    const auto at = std::ranges::lower_bound(list_, uid, {}, &Place::uid);
    if (at == list_.end() || at->uid != uid || !at->there) return std::nullopt;
    at->there = false;
    ++gone_;
    return at->key;
  }
  void tidy() {
    if (gone_ < 1'000 || gone_ < list_.size() / 2) return;
    std::erase_if(list_, [](const Place& place) { return !place.there; });
    gone_ = 0;
  }
  std::size_t octets() const { return list_.capacity() * sizeof(Place); }

 private:
  struct Place {
    LineKey key;
    account::Uid uid = 0;
    bool there = false;
  };
  std::vector<Place> list_;
  std::size_t gone_ = 0;
};

}  // namespace

struct Views::Followed {
  std::mutex mutex;  // of what is below; held while the folder is read, so that others wait for what is being read
  std::shared_ptr<const FolderView> view;
  Conversations conversations;
  UidIndex places;
};

Result<> Views::read_all(account::Account& account, account::FolderId id, Followed& into) {
  auto view = std::make_shared<FolderView>();
  view->folder = id;
  view->keywords.emplace_back();
  into.view = nullptr;
  into.conversations = {};
  into.places.clear();
  // What comes while the rows are read is told by the next delta, though it may be there already.
  GP_TRY(const account::Folder folder, account.folder(id));
  view->at = folder.highest_modseq;
  GP_CHECK(account.open_folder(id, false));  // its UIDs, so that rows come from memory
  std::vector<Line> lines;
  lines.reserve(folder.total);
  into.places.reserve(folder.total);
  const NumberSet all = NumberSet::of(1, std::numeric_limits<account::Uid>::max());
  GP_CHECK(account.rows(id, all, [&](const account::Row& row) {
    if ((row.flags.system & account::flag::kDeleted) != 0) return true;
    lines.push_back(line_of(row, *view));
    into.places.put(lines.back());
    return true;
  }));
  const auto order = [](const Line& a, const Line& b) { return newer(key_of(a), key_of(b)); };
  std::ranges::reverse(lines);  // mostly that is all
  if (!std::ranges::is_sorted(lines, order)) std::ranges::sort(lines, order);
  into.conversations.reserve(lines.size());
  for (const Line& line : lines) into.conversations.add(line, *view);
  view->lines = Lines(lines);
  into.view = std::move(view);
  return {};
}

// False: that is too much.
Result<bool> Views::follow(account::Account& account, Followed& followed) {
  const FolderView& old = *followed.view;
  GP_TRY(const account::Delta delta, account.changes(old.folder, old.at));
  if (!delta.vanished_known || delta.changed.size() + delta.vanished.size() > kManyChanges) return false;
  auto view = std::make_shared<FolderView>(old);
  view->at = delta.to;
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
  Lines::Edit edit(old.lines);
  const auto drop = [&](account::Uid uid) {
    const auto key = followed.places.take(uid);
    const auto line = key ? edit.take(*key) : std::nullopt;
    if (line) followed.conversations.remove(*line, *view);
  };
  delta.changed.for_each(drop);
  delta.vanished.for_each(drop);
  for (const Line& line : fresh) {
    followed.places.put(line);
    followed.conversations.add(line, *view);
    edit.put(line);
  }
  followed.places.tidy();
  view->lines = std::move(edit).finish();
  followed.view = std::move(view);
  return true;
}

Result<std::shared_ptr<const FolderView>> Views::folder(account::Account& account, account::FolderId id) {
  const Key key{account.id(), id, {}, account.reader()};
  std::shared_ptr<Followed> followed;
  {
    const std::scoped_lock lock(mutex_);
    Entry& known = entry(key);
    if (!known.followed) known.followed = std::make_shared<Followed>();
    followed = known.followed;
  }
  const std::scoped_lock lock(followed->mutex);
  GP_TRY(const account::Folder now, account.folder(id));
  if (followed->view && followed->view->at >= now.highest_modseq) return followed->view;
  bool done = false;
  if (followed->view) {
    GP_TRY(done, follow(account, *followed));
  }
  if (!done) GP_CHECK(read_all(account, id, *followed));
  if (account.reader() != key.reader) {
    // Whose \Seen is shown was changed just now, perhaps while rows were read.
    followed->view = nullptr;
    return fail(Errc::unavailable, "whose seen flags are shown changed");
  }
  const std::shared_ptr<const FolderView> view = followed->view;
  const std::size_t octets = view->lines.octets() + view->keywords.size() * 32 + followed->places.octets() +
                             followed->conversations.octets() + kEntryOctets;
  const std::scoped_lock all(mutex_);
  if (const auto here = index_.find(key); here != index_.end() && here->second->followed == followed) {
    resize(*here->second, octets);
  }
  return view;
}

Views::Found Views::found(account::Account& account, const std::string& query, account::Modseq at) {
  const Key key{account.id(), account::kRoot, query, account.reader()};
  const std::scoped_lock lock(mutex_);
  const auto known = index_.find(key);
  if (known == index_.end() || known->second->at != at) return nullptr;
  entries_.splice(entries_.begin(), entries_, known->second);
  return known->second->ids;
}

void Views::keep(account::Account& account, const std::string& query, account::Modseq at, Found ids) {
  const Key key{account.id(), account::kRoot, query, account.reader()};
  const std::size_t octets = ids->capacity() * sizeof(account::ItemId) + query.size() + kEntryOctets;
  const std::scoped_lock lock(mutex_);
  Entry& known = entry(key);
  if (known.at > at) return;
  known.ids = std::move(ids);
  known.at = at;
  resize(known, octets);
}

std::shared_ptr<AttachmentMarks> Views::marks(account::AccountId account, std::uint64_t block) {
  const std::scoped_lock lock(mutex_);
  // No query begins so.
  Entry& known = entry({account, account::kRoot, "marks " + std::to_string(block)});
  if (known.marks) return known.marks;
  auto marks = std::make_shared<AttachmentMarks>();
  known.marks = marks;
  resize(known, sizeof(AttachmentMarks) + kEntryOctets);
  return marks;
}

Views::Entry& Views::entry(const Key& key) {
  const auto [found, fresh] = index_.try_emplace(key);
  if (fresh) {
    entries_.push_front(
        {.key = key, .followed = nullptr, .ids = nullptr, .marks = nullptr, .at = 0, .octets = kEntryOctets});
    octets_ += kEntryOctets;
    found->second = entries_.begin();
  } else {
    entries_.splice(entries_.begin(), entries_, found->second);
  }
  return entries_.front();
}

void Views::resize(Entry& entry, std::size_t octets) {
  octets_ += octets - entry.octets;
  entry.octets = octets;
  while (octets_ > max_octets_ && !entries_.empty()) {
    octets_ -= entries_.back().octets;
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

}  // namespace gatepost::jmap
