#include "jmap/views.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

#include <boost/unordered/unordered_flat_map.hpp>

namespace gatepost::jmap {
namespace {

constexpr std::size_t kManyChanges = 4'096;  // from here on all is read again
constexpr std::size_t kMaxKeywordLists = 65'000;
constexpr std::size_t kEntryOctets = 256;

Line line_of(const account::Row& row, FolderView& view) {
  Line line;
  line.received = std::chrono::floor<std::chrono::seconds>(row.received).time_since_epoch().count();
  line.item = row.item;
  line.thread = row.thread;
  line.email = row.email;
  view.lowest_thread = std::min(view.lowest_thread, static_cast<std::uint64_t>(row.thread));
  view.highest_thread = std::max(view.highest_thread, static_cast<std::uint64_t>(row.thread));
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

// The conversations of a folder, by their number. Numbers of messages that came one after the other are close together:
// a list of them costs a fraction of a table by hash, which is for those outside.
class Conversations {
 public:
  Conversations() = default;
  explicit Conversations(FolderView& view) {
    if (view.lines.empty()) return;
    const std::size_t most = kSpread * view.lines.size() + kMore;
    const std::uint64_t range = view.highest_thread - view.lowest_thread;
    first_ = range < most ? view.lowest_thread : view.highest_thread - most + 1;
    tallies_.resize(std::min<std::uint64_t>(range + 1, most) + view.lines.size() / 8 + kMore);
    for (const Line& line : view.lines) add(line, view);
  }
  void add(const Line& line, FolderView& view) { change<1>(line, view); }
  void remove(const Line& line, FolderView& view) { change<-1>(line, view); }
  std::size_t octets() const { return tallies_.capacity() * sizeof(Tally) + others_.bucket_count() * 17; }

 private:
  static constexpr std::size_t kSpread = 4, kMore = 256;  // how much longer a list may be than what is in it
  // In the list; of a conversation that has too many for it, `all` is kElsewhere.
  struct Tally {
    std::uint16_t all = 0, unread = 0;
  };
  struct LongTally {
    std::uint32_t all = 0, unread = 0;
  };
  static constexpr std::uint16_t kElsewhere = std::numeric_limits<std::uint16_t>::max();

  template <int kBy>
  void change(const Line& line, FolderView& view) {
    const auto thread = static_cast<std::uint64_t>(line.thread);
    const std::uint64_t at = thread - first_;
    if (at < tallies_.size() && tallies_[at].all != kElsewhere) {
      count<kBy>(tallies_[at], line, view);
      if (tallies_[at].all == kElsewhere) others_[thread] = {kElsewhere, tallies_[at].unread};
      return;
    }
    LongTally& tally = others_[thread];
    count<kBy>(tally, line, view);
    if (tally.all == 0 && at >= tallies_.size()) others_.erase(thread);
  }
  template <int kBy>
  static void count(auto& tally, const Line& line, FolderView& view) {
    const auto change = [](auto& of, std::uint32_t& some) {
      const std::uint32_t before = of > 0 ? 1 : 0;
      of = static_cast<std::remove_reference_t<decltype(of)>>(of + kBy);
      some += (of > 0 ? 1U : 0U) - before;
    };
    change(tally.all, view.threads);
    if (!is_unread(line.flags)) return;
    view.unread += static_cast<std::uint32_t>(kBy);
    change(tally.unread, view.unread_threads);
  }

  std::uint64_t first_ = 0;
  std::vector<Tally> tallies_;
  boost::unordered_flat_map<std::uint64_t, LongTally> others_;
};

// Which emails have copies in a folder, and how often each is there beside the first time.
class Repeats {
 public:
  Repeats() = default;
  explicit Repeats(FolderView& view) {
    for (const Line& line : view.lines) {
      if (line.is_copy()) view.repeats += copies_[line.email]++ > 0 ? 1 : 0;
    }
    if (copies_.empty()) return;
    for (const Line& line : view.lines) {
      if (!line.is_copy() && copies_.contains(line.item)) ++view.repeats;
    }
    for (const auto& [email, count] : copies_) view.copied.push_back(email);
    std::ranges::sort(view.copied);
  }
  // Before it is put into the list, and after it was taken out.
  void add(const Line& line, FolderView& view, const Lines::Edit& list) {
    if (!line.is_copy()) {
      view.repeats += copies_.contains(line.item) ? 1 : 0;
      return;
    }
    view.repeats += is_there(line, list) ? 1 : 0;
    if (copies_[line.email]++ > 0) return;
    view.copied.insert(std::ranges::lower_bound(view.copied, line.email), line.email);
  }
  void remove(const Line& line, FolderView& view, const Lines::Edit& list) {
    if (!line.is_copy()) {
      view.repeats -= copies_.contains(line.item) ? 1 : 0;
      return;
    }
    const auto count = copies_.find(line.email);
    if (--count->second == 0) {
      copies_.erase(count);
      view.copied.erase(std::ranges::lower_bound(view.copied, line.email));
    }
    view.repeats -= is_there(line, list) ? 1 : 0;
  }
  std::size_t octets() const { return copies_.bucket_count() * 17; }

 private:
  // Whether there is another one of the copy's email. A copy came when its original did (RFC 9051 6.4.7).
  bool is_there(const Line& line, const Lines::Edit& list) const {
    return copies_.contains(line.email) || list.has({line.received, line.email});
  }
  boost::unordered_flat_map<account::ItemId, std::uint32_t> copies_;
};

}  // namespace

struct Views::Followed {
  std::mutex mutex;  // of what is below; held while the folder is read, so that others wait for what is being read
  std::shared_ptr<const FolderView> view;
  Conversations conversations;
  Repeats repeats;
};

Result<> Views::read_all(account::Account& account, account::FolderId id, Followed& into) {
  auto view = std::make_shared<FolderView>();
  view->folder = id;
  view->keywords.emplace_back();
  into.view = nullptr;
  into.conversations = {};
  into.repeats = {};
  // What comes while the rows are read is told by the next delta, though it may be there already.
  GP_TRY(const account::Folder folder, account.folder(id));
  view->at = folder.highest_modseq;
  Lines::Builder lines;
  GP_CHECK(account.all_rows(id, [&](const account::Row& row) {
    if ((row.flags.system & account::flag::kDeleted) != 0) return true;
    lines.add(line_of(row, *view));
    return true;
  }));
  view->lines = std::move(lines).finish();
  into.conversations = Conversations(*view);
  into.repeats = Repeats(*view);
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
  std::vector<LineKey> gone = old.lines.find(delta.vanished);
  const auto take = [&](const account::Row& row) {
    const Line line = line_of(row, *view);
    gone.push_back(key_of(line));  // flags change, but not when it came
    if ((row.flags.system & account::flag::kDeleted) == 0) fresh.push_back(line);
    return true;
  };
  if (delta.has_rows()) {
    for (const account::Row& row : delta.rows) take(row);
  } else {
    GP_CHECK(account.rows(old.folder, delta.changed, take));
  }
  Lines::Edit edit(old.lines);
  for (const LineKey& key : gone) {
    const auto line = edit.take(key);
    if (!line) continue;
    followed.conversations.remove(*line, *view);
    followed.repeats.remove(*line, *view, edit);
  }
  for (const Line& line : fresh) {
    followed.conversations.add(line, *view);
    followed.repeats.add(line, *view, edit);
    edit.put(line);
  }
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
  const std::size_t octets = view->lines.octets() + view->keywords.size() * 32 +
                             view->copied.capacity() * sizeof(account::ItemId) + followed->conversations.octets() +
                             followed->repeats.octets() + kEntryOctets;
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

Result<std::shared_ptr<const CopiedEmails>> Views::copied(account::Account& account, const std::string& for_whom,
                                                          const std::vector<account::Folder>& visible) {
  if (account.copies() == 0) return nullptr;
  const account::Modseq at = account.modseq();
  const Key key{account.id(), account::kRoot, "copied " + for_whom, account.reader()};  // no query begins so
  {
    const std::scoped_lock lock(mutex_);
    const auto known = index_.find(key);
    if (known != index_.end() && known->second->copied && known->second->at == at) return known->second->copied;
  }
  std::vector<std::shared_ptr<const FolderView>> views;
  for (const account::Folder& one : visible) {
    GP_TRY(auto view, folder(account, one.id));
    views.push_back(std::move(view));
  }
  GP_TRY(CopiedEmails made, CopiedEmails::of(account, views));
  auto copied = std::make_shared<const CopiedEmails>(std::move(made));
  const std::scoped_lock lock(mutex_);
  Entry& known = entry(key);
  if (known.at <= at) {
    known.copied = copied;
    known.at = at;
    resize(known, copied->octets() + kEntryOctets);
  }
  return copied;
}

std::shared_ptr<AttachmentMarks> Views::marks(account::Account& account, std::uint64_t block) {
  const Key key{account.id(), account::kRoot, "marks " + std::to_string(block)};  // no query begins so
  {
    const std::scoped_lock lock(mutex_);
    if (auto known = entry(key).marks) return known;
  }
  auto marks = std::make_shared<AttachmentMarks>(account, block);
  const std::scoped_lock lock(mutex_);
  Entry& known = entry(key);
  if (known.marks) return known.marks;
  known.marks = marks;
  resize(known, sizeof(AttachmentMarks) + kEntryOctets);
  return marks;
}

Views::Entry& Views::entry(const Key& key) {
  const auto [found, fresh] = index_.try_emplace(key);
  if (fresh) {
    entries_.push_front({.key = key,
                         .followed = nullptr,
                         .ids = nullptr,
                         .marks = nullptr,
                         .copied = nullptr,
                         .at = 0,
                         .octets = kEntryOctets});
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
