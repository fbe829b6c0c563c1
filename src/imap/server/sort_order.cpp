#include "imap/server/sort_order.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/bytes.hpp"
#include "base/date.hpp"
#include "mime/base_subject.hpp"
#include "mime/encoded_word.hpp"
#include "mime/fold.hpp"

namespace gatepost::imap::server {
namespace {

std::int64_t seconds(TimePoint t) { return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count(); }

// So that the octets of signed numbers compare as they do.
std::uint64_t biased(std::int64_t n) { return static_cast<std::uint64_t>(n) ^ (std::uint64_t{1} << 63); }

const mime::Address* first_of(const mime::Structure& head, mime::Run run) {
  const auto addresses = head.addresses_of(run);
  return addresses.empty() ? nullptr : &addresses.front();
}

// RFC 5256 3: addr-mailbox of the first address.
std::string mailbox_of(const mime::Structure& head, mime::Run run) {
  const mime::Address* const address = first_of(head, run);
  return address == nullptr ? std::string() : mime::decode_words(address->mailbox.value_or(""));
}

// RFC 5957 2: the display name if there is one, else the address; of a group, its name.
std::string display_of(const mime::Structure& head, mime::Run run) {
  const mime::Address* const address = first_of(head, run);
  if (address == nullptr) return {};
  if (address->name && !address->name->empty()) return mime::decode_words(*address->name);
  std::string out = mime::decode_words(address->mailbox.value_or(""));
  if (address->host && !address->host->empty()) out.append("@").append(*address->host);
  return out;
}

}  // namespace

std::int64_t sent_seconds(const mime::Structure& head, const account::Row& row) {
  if (row.sent) return *row.sent;
  const mime::OptionalText& text = head.envelope().date;
  const auto sent = text ? date::parse_rfc5322(*text) : std::nullopt;
  return seconds(sent.value_or(row.received));
}

namespace {

bool is_of_row(SortKey key) { return key == SortKey::arrival || key == SortKey::size || key == SortKey::relevancy; }

bool sorts_by_text(SortKey key) { return !is_of_row(key) && key != SortKey::date; }

HeadKeys::Kind kind_of(SortKey key) {
  using enum HeadKeys::Kind;
  switch (key) {
    case SortKey::subject:
      return subject;
    case SortKey::from:
      return from;
    case SortKey::to:
      return to;
    case SortKey::cc:
      return cc;
    case SortKey::display_from:
      return display_from;
    case SortKey::display_to:
      return display_to;
    default:
      return sent;
  }
}

// Eight octets from there on as a number that compares as they do; behind the end they are 0.
std::uint64_t octets_at(std::string_view key, std::size_t at) {
  std::uint64_t out = 0;
  if (at < key.size()) std::memcpy(&out, key.data() + at, std::min<std::size_t>(8, key.size() - at));
  if constexpr (std::endian::native == std::endian::little) out = __builtin_bswap64(out);
  return out;
}

std::string text_of(SortKey key, const mime::Structure& head) {
  switch (key) {
    case SortKey::subject:
      return mime::base_subject(head.envelope().subject.value_or("")).text;
    case SortKey::from:
      return mailbox_of(head, head.envelope().from);
    case SortKey::to:
      return mailbox_of(head, head.envelope().to);
    case SortKey::cc:
      return mailbox_of(head, head.envelope().cc);
    case SortKey::display_from:
      return display_of(head, head.envelope().from);
    default:
      return display_of(head, head.envelope().to);
  }
}

// What compares as the message does. The end of a text is an octet that no text has, smaller than all others.
void write_key(std::string& out, SortKey key, mime::Casemap casemap, const account::Row& row,
               const mime::Structure& head) {
  out.clear();
  if (key == SortKey::date) return put_u64(out, biased(sent_seconds(head, row)));
  out = mime::fold(text_of(key, head), casemap);
  if (out.size() > kMaxSortText) out.resize(kMaxSortText);
  std::ranges::replace(out, '\0', '\1');
  out += '\0';
}

}  // namespace

void SortOrder::set_scores(const NumberSet& uids, std::vector<std::uint8_t> scores) {
  scored_ = uids;
  scores_ = std::move(scores);
}

std::uint8_t SortOrder::score_of(account::Uid uid) const {
  if (!scored_.contains(uid)) return 1;
  const std::size_t at = scored_.rank(uid) - 1;
  return at < scores_.size() ? scores_[at] : 1;
}

void SortOrder::remember(HeadKeys& keys, account::Account& account) {
  columns_.clear();
  column_of_.clear();
  for (const SortCriterion& criterion : criteria_) {
    KeyColumn* const column =
        is_of_row(criterion.key) ? nullptr : &columns_.emplace_back(keys, account, kind_of(criterion.key));
    column_of_.push_back(column);
  }
}

bool SortOrder::needs_head(const account::Row& row) {
  for (std::size_t i = 0; i < criteria_.size(); ++i) {
    const SortKey key = criteria_[i].key;
    if (is_of_row(key) || (key == SortKey::date && row.sent)) continue;
    if (column_of_.empty() || !column_of_[i]->find(row.item)) return true;
  }
  return false;
}

void SortOrder::expect(std::size_t messages) { entries_.reserve(std::min(messages, kMaxSortOctets / sizeof(Entry))); }

void SortOrder::keep_found() {
  for (KeyColumn& column : columns_) column.keep();
}

void SortOrder::put_of_head(std::size_t criterion, const account::Row& row, const mime::Structure* head) {
  KeyColumn* const column = column_of_.empty() ? nullptr : column_of_[criterion];
  if (const auto known = column == nullptr ? std::nullopt : column->find(row.item)) {
    keys_ += *known;
    return;
  }
  write_key(text_, criteria_[criterion].key, collation_.casemap, row, *head);
  keys_ += text_;
  // Of a message that could not be read there is no head, which may change.
  if (column != nullptr && !head->parts.empty()) column->add(row.item, text_);
}

void SortOrder::put_key(std::size_t criterion, const account::Row& row, const mime::Structure* head) {
  switch (criteria_[criterion].key) {
    case SortKey::arrival:
      return put_u64(keys_, biased(seconds(row.received)));
    case SortKey::size:
      return put_u64(keys_, row.octets);
    case SortKey::relevancy:
      keys_ += static_cast<char>(UINT8_MAX - score_of(row.uid));  // what fits best comes first
      return;
    case SortKey::date:
      if (row.sent) return put_u64(keys_, biased(*row.sent));
      [[fallthrough]];
    default:
      return put_of_head(criterion, row, head);
  }
}

void SortOrder::put_keys(const account::Row& row, const mime::Structure* head) {
  for (std::size_t criterion = 0; criterion < criteria_.size(); ++criterion) {
    const std::size_t from = keys_.size();
    put_key(criterion, row, head);
    const bool turned = collation_.reversed && sorts_by_text(criteria_[criterion].key);
    if (criteria_[criterion].reverse == turned) continue;
    for (std::size_t i = from; i < keys_.size(); ++i) keys_[i] = static_cast<char>(~keys_[i]);
  }
}

std::string SortOrder::key_of(const account::Row& row, const mime::Structure* head) {
  put_keys(row, head);
  return std::exchange(keys_, {});
}

Result<> SortOrder::add(const account::Row& row, const mime::Structure* head) {
  const std::size_t begin = keys_.size();
  put_keys(row, head);
  const std::string_view key = std::string_view(keys_).substr(begin);
  entries_.push_back({.front = {octets_at(key, 0), octets_at(key, 8)},
                      .begin = static_cast<std::uint32_t>(begin),
                      .octets = static_cast<std::uint32_t>(key.size()),
                      .uid = row.uid});
  if (keys_.size() + entries_.size() * sizeof(Entry) > kMaxSortOctets)
    return fail(Errc::limit, "too much to be sorted");
  return {};
}

bool SortOrder::is_before(const Entry& a, const Entry& b) const {
  if (a.front != b.front) return a.front < b.front;
  const int order = std::memcmp(keys_.data() + a.begin, keys_.data() + b.begin, std::min(a.octets, b.octets));
  if (order != 0) return order < 0;
  return a.octets != b.octets ? a.octets < b.octets : a.uid < b.uid;
}

bool SortOrder::is_equal(const Entry& a, const Entry& b) const {
  if (a.front != b.front || a.octets != b.octets) return false;
  return a.octets <= sizeof a.front || std::memcmp(keys_.data() + a.begin, keys_.data() + b.begin, a.octets) == 0;
}

// Fast more than strong: who finds texts of the same hash nevertheless only makes grouped() give up.
std::uint64_t SortOrder::hash_of(const Entry& entry) const {
  const auto mix = [](std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  std::uint64_t h = mix(entry.front[0] ^ secret_[0], entry.front[1] ^ secret_[1]) + entry.octets;
  if (entry.octets <= sizeof entry.front) return h;
  const std::string_view key = std::string_view(keys_).substr(entry.begin, entry.octets);
  for (std::size_t at = sizeof entry.front; at < key.size(); at += 8)
    h = mix(h ^ secret_[1], octets_at(key, at) ^ secret_[0]);
  return h;
}

// Conversations share their subject, and people write more than once: putting each text in its place once is a good
// deal less than comparing all messages. Nullopt: they are not so.
std::optional<SortOrder::Groups> SortOrder::grouped() const {
  constexpr std::size_t kFew = 512, kSample = 4'096, kMaxSteps = 64;
  if (entries_.size() < kFew) return std::nullopt;
  constexpr std::uint32_t kNone = UINT32_MAX;
  Groups groups;
  groups.of.reserve(entries_.size());
  std::vector<std::uint32_t> slots(std::bit_ceil(entries_.size() * 2), kNone);
  const std::size_t mask = slots.size() - 1;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    if (i == kSample && groups.first.size() > kSample / 4 * 3) return std::nullopt;
    std::size_t at = static_cast<std::size_t>(hash_of(entries_[i])) & mask;
    std::size_t steps = 0;
    while (slots[at] != kNone && !is_equal(entries_[groups.first[slots[at]]], entries_[i])) {
      if (++steps == kMaxSteps) return std::nullopt;
      at = (at + 1) & mask;
    }
    if (slots[at] == kNone) {
      slots[at] = static_cast<std::uint32_t>(groups.first.size());
      groups.first.push_back(i);
      groups.size.push_back(0);
    }
    groups.of.push_back(slots[at]);
    ++groups.size[slots[at]];
  }
  return groups;
}

std::vector<account::Uid> SortOrder::in_order(const Groups& groups) const {
  std::vector<std::uint32_t> order(groups.first.size());
  for (std::uint32_t group = 0; group < order.size(); ++group) order[group] = group;
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    return is_before(entries_[groups.first[a]], entries_[groups.first[b]]);
  });
  std::vector<std::uint32_t> place(order.size());  // of the next message of each group
  std::uint32_t before = 0;
  for (const std::uint32_t group : order) {
    place[group] = before;
    before += groups.size[group];
  }
  std::vector<account::Uid> out(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i) out[place[groups.of[i]]++] = entries_[i].uid;
  return out;
}

std::vector<account::Uid> SortOrder::finish() {
  std::vector<account::Uid> out;
  if (const auto groups = grouped()) {
    out = in_order(*groups);
  } else {
    std::ranges::sort(entries_, [this](const Entry& a, const Entry& b) { return is_before(a, b); });
    out.reserve(entries_.size());
    for (const Entry& entry : entries_) out.push_back(entry.uid);
  }
  entries_ = {};
  keys_ = {};
  return out;
}

}  // namespace gatepost::imap::server
