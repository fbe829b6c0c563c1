// Rows, and what can be said of a message without looking into it.

#include "imap/server/fetch_run.hpp"

#include <algorithm>
#include <initializer_list>

namespace gatepost::imap::server {
namespace {

using Attribute = FetchAttribute;

constexpr std::size_t kPageOctets = 64 << 10;
// Messages whose items are in memory together, and what their bodies come to.
constexpr std::size_t kBatchMessages = 128;
constexpr std::uint64_t kBatchOctets = 8 << 20;
constexpr std::size_t kMaxFlagLists = 1'000;

constexpr std::uint32_t attribute_bits(std::initializer_list<Attribute> attributes) {
  std::uint32_t all = 0;
  for (const Attribute a : attributes) all |= static_cast<std::uint32_t>(a);
  return all;
}
constexpr std::uint32_t kOfRow = attribute_bits({Attribute::uid, Attribute::internal_date, Attribute::rfc822_size,
                                                 Attribute::save_date, Attribute::email_id, Attribute::thread_id});
constexpr std::uint32_t kOfStructure =
    attribute_bits({Attribute::envelope, Attribute::body, Attribute::body_structure, Attribute::preview});

bool needs_items(const FetchItems& items) { return !items.sections.empty() || (items.attributes & kOfStructure) != 0; }

bool needs_structure(const FetchItems& items) {
  return (items.attributes & kOfStructure) != 0 ||
         std::ranges::any_of(items.sections, [](const FetchSection& s) { return s.section != Section(); });
}

}  // namespace

FetchRun::FetchRun(account::Account& account, const Selected& view, FetchPlan plan)
    : account_(account),
      view_(view),
      plan_(std::move(plan)),
      wants_items_(needs_items(plan_.items)),
      wants_structure_(needs_structure(plan_.items)),
      pages_(plan_.uids),
      ranks_(view.uids()),
      reader_(account) {}

Result<bool> FetchRun::next(KeywordNames keywords) {
  page_.clear();
  if (writer_) begin_ = kSent;
  if (keywords_ != keywords) {
    flag_lists_.clear();
    last_list_ = nullptr;
  }
  keywords_ = std::move(keywords);
  while (page_.size() < kPageOctets) {
    if (at_ < batch_.size()) {
      GP_CHECK(advance());
      continue;
    }
    if (chunk_.empty() && pages_.at_end()) return false;
    if (plan_.still_allowed && !plan_.still_allowed()) {
      fail_message(Error{Errc::forbidden, "not any more"});
      return false;
    }
    if (chunk_.empty()) chunk_ = pages_.take(wants_items_ ? kBatchMessages : kRowsAtOnce);
    const account::Uid waited_for = waited_for_;
    auto read = wants_items_ ? read_batch() : read_rows(false);
    if (!read) {
      // Rows cannot be read: none of the rest could.
      fail_message(std::move(read.error()));
      return false;
    }
    if (waited_for_ != waited_for) break;  // a keyword made a moment ago: the client hears its name first
  }
  return true;
}

// Goes through the chunk, as far as the page or the batch has room. What was looked at leaves the chunk.
Result<> FetchRun::read_rows(bool into_batch) {
  std::uint64_t visited = 0, octets = 0;
  account::Uid last = 0;
  bool stopped = false;
  const auto visit = [&](const account::Row& row) {
    if (!knows_keywords(row) && waited_for_ != row.uid) {
      waited_for_ = row.uid;
      unheard_ = row.flags;
      stopped = true;
      return false;
    }
    ++visited;
    last = row.uid;
    if (into_batch) {
      batch_.push_back({row, {}});
      octets += row.octets;
      stopped = octets >= kBatchOctets;
    } else {
      write_row(row);
      stopped = page_.size() >= kPageOctets;
    }
    return !stopped;
  };
  GP_CHECK(account_.rows(view_.folder(), chunk_, visit));
  if (!stopped) {
    missing_ = missing_ || visited < chunk_.size();
    chunk_.clear();
    return {};
  }
  if (last == 0) return {};
  const std::uint64_t before = chunk_.size();
  chunk_.remove(1, last);
  missing_ = missing_ || visited < before - chunk_.size();
  return {};
}

void FetchRun::write_row(const account::Row& row) {
  writer_.emplace(page_, name_of(row.uid), plan_.utf8);
  write_attributes(row, plan_.items.has(Attribute::flags), plan_.items.has(Attribute::modseq));
  writer_->finish();
  writer_.reset();
}

void FetchRun::write_attributes(const account::Row& row, bool flags, bool modseq) {
  const FetchItems& items = plan_.items;
  FetchWriter& writer = *writer_;
  if (items.has(Attribute::uid)) writer.uid(row.uid);
  if (flags) writer.flags(flag_list(row));
  if (modseq) writer.modseq(row.modseq);
  if (items.has(Attribute::internal_date)) writer.internal_date(row.received);
  if (items.has(Attribute::rfc822_size)) writer.size(row.octets);
  if (items.has(Attribute::save_date)) writer.save_date(row.saved);
  if (items.has(Attribute::email_id)) writer.email_id(view_.ids().email(row.email));
  if (items.has(Attribute::thread_id)) writer.thread_id(view_.ids().thread(row.thread));
  has_items_ = flags || modseq || (items.attributes & kOfRow) != 0;
}

bool FetchRun::knows_keywords(const account::Row& row) const {
  if (!keywords_ || row.flags.keywords.empty()) return true;
  return row.flags.keywords.back() < keywords_->size() && view_.keywords_told.has(row.flags);
}

// The same few combinations come again and again: each is written out once.
const std::string& FetchRun::flag_list(const account::Row& row) {
  const bool recent = plan_.recent && view_.is_recent(row.uid);
  if (last_list_ == nullptr || recent != last_recent_ || row.flags != last_flags_) {
    last_list_ = &written_flag_list(row, recent);
    last_flags_ = row.flags;
    last_recent_ = recent;
  }
  return *last_list_;
}

const std::string& FetchRun::written_flag_list(const account::Row& row, bool recent) {
  flag_key_.assign(1, static_cast<char>(row.flags.system | (recent ? 0x80 : 0)));
  for (const account::KeywordId id : row.flags.keywords) {
    flag_key_.push_back(static_cast<char>(id >> 8));
    flag_key_.push_back(static_cast<char>(id & 0xff));
  }
  const auto known = flag_lists_.find(flag_key_);
  if (known != flag_lists_.end()) return known->second;
  if (flag_lists_.size() >= kMaxFlagLists) flag_lists_.clear();
  Flags flags{row.flags.system, {}};
  for (const account::KeywordId id : row.flags.keywords) {
    if (id < keywords_->size()) flags.keywords.push_back((*keywords_)[id]);
  }
  std::string list;
  write_flag_list(list, flags, recent);
  return flag_lists_.emplace(flag_key_, std::move(list)).first->second;
}

// A message that is gone is no failure; of several failures the first is told.
void FetchRun::fail_message(Error error) {
  if (error.code == Errc::not_found) {
    missing_ = true;
  } else if (!failure_) {
    failure_ = std::move(error);
  }
}

}  // namespace gatepost::imap::server
