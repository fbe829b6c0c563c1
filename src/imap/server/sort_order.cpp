#include "imap/server/sort_order.hpp"

#include <algorithm>
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

bool SortOrder::needs_heads() const {
  return std::ranges::any_of(criteria_, [](const SortCriterion& c) { return !is_of_row(c.key); });
}

bool SortOrder::needs_sent_only() const {
  return needs_heads() && std::ranges::all_of(criteria_, [](const SortCriterion& c) {
           return is_of_row(c.key) || c.key == SortKey::date;
         });
}

Result<> SortOrder::add_sent(const account::Row& row, std::int64_t seconds) {
  sent_ = seconds;
  const Result<> done = add(row, nullptr);
  sent_.reset();
  return done;
}

// The end of a text is an octet that no text has, smaller than all others.
void SortOrder::put_text(std::string_view utf8) {
  text_ = mime::fold(utf8);
  if (text_.size() > kMaxSortText) text_.resize(kMaxSortText);
  std::ranges::replace(text_, '\0', '\1');
  keys_ += text_;
  keys_ += '\0';
}

void SortOrder::put_key(SortKey key, const account::Row& row, const mime::Structure* head) {
  switch (key) {
    case SortKey::arrival:
      return put_u64(keys_, biased(seconds(row.received)));
    case SortKey::size:
      return put_u64(keys_, row.octets);
    case SortKey::date:
      return put_u64(keys_, biased(sent_ ? *sent_ : sent_seconds(*head, row)));
    case SortKey::subject:
      return put_text(mime::base_subject(head->envelope().subject.value_or("")).text);
    case SortKey::from:
      return put_text(mailbox_of(*head, head->envelope().from));
    case SortKey::to:
      return put_text(mailbox_of(*head, head->envelope().to));
    case SortKey::cc:
      return put_text(mailbox_of(*head, head->envelope().cc));
    case SortKey::display_from:
      return put_text(display_of(*head, head->envelope().from));
    case SortKey::display_to:
      return put_text(display_of(*head, head->envelope().to));
    case SortKey::relevancy:
      keys_ += static_cast<char>(UINT8_MAX - score_of(row.uid));  // what fits best comes first
      return;
  }
}

void SortOrder::put_keys(const account::Row& row, const mime::Structure* head) {
  for (const SortCriterion& criterion : criteria_) {
    const std::size_t from = keys_.size();
    put_key(criterion.key, row, head);
    if (!criterion.reverse) continue;
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
  Entry entry{.front = 0,
              .begin = static_cast<std::uint32_t>(begin),
              .octets = static_cast<std::uint32_t>(keys_.size() - begin),
              .uid = row.uid};
  for (std::size_t i = 0; i < 8; ++i) {
    const std::uint8_t octet = i < entry.octets ? static_cast<std::uint8_t>(keys_[begin + i]) : 0;
    entry.front = entry.front << 8 | octet;
  }
  entries_.push_back(entry);
  if (keys_.size() + entries_.size() * sizeof(Entry) > kMaxSortOctets)
    return fail(Errc::limit, "too much to be sorted");
  return {};
}

std::vector<account::Uid> SortOrder::finish() {
  std::ranges::sort(entries_, [this](const Entry& a, const Entry& b) {
    if (a.front != b.front) return a.front < b.front;
    const int order = std::memcmp(keys_.data() + a.begin, keys_.data() + b.begin, std::min(a.octets, b.octets));
    if (order != 0) return order < 0;
    return a.octets != b.octets ? a.octets < b.octets : a.uid < b.uid;
  });
  std::vector<account::Uid> out;
  out.reserve(entries_.size());
  for (const Entry& entry : entries_) out.push_back(entry.uid);
  entries_ = {};
  keys_ = {};
  return out;
}

}  // namespace gatepost::imap::server
