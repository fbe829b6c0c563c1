#include <limits>

#include "account/record_codec.hpp"
#include "account/row_cache.hpp"

// Rows of a chunk as one value, column by column: neighbours in a column are alike, so that most are one or two octets
// (docs/formats/derived.md).
namespace gatepost::account {
namespace {

constexpr std::uint8_t kFormat = 1;
enum Bits : std::uint8_t { kGaps = 1, kKeywords = 2, kThreads = 4, kSent = 8, kEmails = 16 };

// ByteReader::varint() for columns, where numbers of two and three octets are the rule.
class Column {
 public:
  explicit Column(std::string_view text)
      : at_(reinterpret_cast<const std::uint8_t*>(text.data())), end_(at_ + text.size()) {}
  std::uint64_t varint() {
    if (end_ - at_ >= 3) [[likely]] {
      const std::uint32_t first = at_[0], second = at_[1], third = at_[2];
      if (first < 0x80) return ++at_, first;
      if (second < 0x80) return at_ += 2, (first & 0x7f) | second << 7;
      if (third < 0x80) return at_ += 3, (first & 0x7f) | (second & 0x7f) << 7 | third << 14;
    }
    std::uint64_t v = 0;
    for (unsigned shift = 0; at_ != end_ && shift < 64; shift += 7) {
      const std::uint8_t octet = *at_++;
      v |= static_cast<std::uint64_t>(octet & 0x7f) << shift;
      if (octet < 0x80) return v;
    }
    ok_ = false;
    return 0;
  }
  std::int64_t difference() {
    const std::uint64_t v = varint();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  }
  std::uint8_t octet() {
    if (at_ != end_) return *at_++;
    ok_ = false;
    return 0;
  }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool ok() const { return ok_; }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* const end_;
  bool ok_ = true;
};

// Adds a difference as it was taken, without overflow whatever it is.
std::uint64_t moved(std::uint64_t from, std::int64_t by) { return from + static_cast<std::uint64_t>(by); }
std::int64_t difference(std::uint64_t from, std::uint64_t to) { return static_cast<std::int64_t>(to - from); }

}  // namespace

std::string RowChunk::encode() const {
  GP_ASSERT(!rows_.empty() && rows_.front().uid == 0);
  std::string out;
  out.reserve(64 + rows_.size() * 16);
  const bool gaps = rows_.back().uid != rows_.size() - 1;
  const bool keywords = keywords_.size() > 1;
  put_u8(out, kFormat);
  put_u8(out,
         static_cast<std::uint8_t>((gaps ? kGaps : 0) | (keywords ? kKeywords : 0) | (threads_.empty() ? 0 : kThreads) |
                                   (sent_.empty() ? 0 : kSent) | (emails_.empty() ? 0 : kEmails)));
  put_varint(out, rows_.size());
  put_varint(out, first_);
  put_varint(out, records::zigzag(received_));
  put_varint(out, records::zigzag(saved_));
  if (keywords) {
    put_varint(out, keywords_.size() - 1);
    for (std::size_t i = 1; i < keywords_.size(); ++i) {
      put_varint(out, keywords_[i].size());
      for (const KeywordId id : keywords_[i]) put_varint(out, id);
    }
    for (const Packed& p : rows_) put_u8(out, p.keywords);
  }
  if (gaps) {
    for (std::size_t i = 1; i < rows_.size(); ++i)
      put_varint(out, static_cast<std::uint64_t>(rows_[i].uid - rows_[i - 1].uid - 1));
  }
  for (const Packed& p : rows_) put_u8(out, p.flags);
  const auto column = [&](auto value_of) {
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::uint64_t value = value_of(i);
      put_varint(out, records::zigzag(difference(before, value)));
      before = value;
    }
  };
  column([&](std::size_t i) { return static_cast<std::uint64_t>(rows_[i].item); });
  column([&](std::size_t i) { return rows_[i].modseq; });
  for (const Packed& p : rows_) put_varint(out, p.octets);
  column([&](std::size_t i) { return static_cast<std::uint64_t>(rows_[i].received); });
  column([&](std::size_t i) { return static_cast<std::uint64_t>(rows_[i].saved); });
  const auto put_ids = [&](const std::vector<ItemId>& ids) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      put_varint(out, records::zigzag(
                          difference(static_cast<std::uint64_t>(ids[i]), static_cast<std::uint64_t>(rows_[i].item))));
    }
  };
  put_ids(threads_);
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    const std::int64_t late = std::int64_t{sent_[i]} - rows_[i].received;
    put_varint(out, sent_[i] == kNoTime ? 0 : records::zigzag(late) + 1);
  }
  put_ids(emails_);
  return out;
}

Result<std::shared_ptr<const RowChunk>> RowChunk::decode(std::string_view value, Modseq at) {
  const auto damaged = [] { return fail(Errc::corrupt, "damaged packed rows"); };
  Column in(value);
  if (const std::uint8_t format = in.octet(); format != kFormat) {
    return fail(format > kFormat ? Errc::unsupported : Errc::corrupt, "format of packed rows");
  }
  auto chunk = std::make_shared<RowChunk>();
  RowChunk& c = *chunk;
  const std::uint8_t bits = in.octet();
  const std::uint64_t count = in.varint();
  const std::uint64_t first = in.varint();
  const std::int64_t received = in.difference();
  const std::int64_t saved = in.difference();
  // What the clock's nanoseconds hold, with the seconds that each row has beside it.
  constexpr std::int64_t kOfClock = std::chrono::floor<std::chrono::seconds>(TimePoint::duration::max()).count();
  constexpr std::int64_t kMost = kOfClock - 2 * std::int64_t{std::numeric_limits<std::int32_t>::max()} - 1;
  if (!in.ok() || count == 0 || count > records::kChunkUids || first > std::numeric_limits<Uid>::max() ||
      received > kMost || received < -kMost || saved > kMost || saved < -kMost) {
    return damaged();
  }
  c.at_ = at;
  c.first_ = static_cast<Uid>(first);
  c.received_ = TimePoint(std::chrono::seconds(received));
  c.saved_ = TimePoint(std::chrono::seconds(saved));
  c.rows_.resize(count);
  c.keywords_.emplace_back();
  bool fits = true;
  if ((bits & kKeywords) != 0) {
    const std::uint64_t lists = in.varint();
    fits = lists > 0 && lists < kMaxKeywordLists;
    for (std::uint64_t i = 0; i < lists && fits && in.ok(); ++i) {
      const std::uint64_t ids = in.varint();
      fits = ids <= in.left();
      auto& list = c.keywords_.emplace_back();
      for (std::uint64_t k = 0; k < ids && fits; ++k) {
        const std::uint64_t id = in.varint();
        fits = std::in_range<KeywordId>(id);
        list.push_back(static_cast<KeywordId>(id));
      }
    }
    for (Packed& p : c.rows_) {
      p.keywords = in.octet();
      fits = fits && p.keywords < c.keywords_.size();
    }
  } else {
    for (Packed& p : c.rows_) p.keywords = 0;
  }
  std::uint64_t uid = 0;
  for (std::size_t i = 0; i < c.rows_.size(); ++i) {
    if (i > 0) uid += 1 + ((bits & kGaps) != 0 ? in.varint() : 0);
    fits = fits && uid < records::kChunkUids;
    c.rows_[i].uid = static_cast<std::uint16_t>(uid);
  }
  for (Packed& p : c.rows_) p.flags = in.octet();
  const auto column = [&](auto set) {
    std::uint64_t now = 0;
    for (std::size_t i = 0; i < c.rows_.size(); ++i) {
      now = moved(now, in.difference());
      set(i, now);
    }
  };
  const auto time = [&](std::uint64_t v) {
    const auto t = static_cast<std::int64_t>(v);
    fits = fits && std::in_range<std::int32_t>(t);
    return static_cast<std::int32_t>(t);
  };
  column([&](std::size_t i, std::uint64_t v) { c.rows_[i].item = ItemId{v}; });
  column([&](std::size_t i, std::uint64_t v) { c.rows_[i].modseq = v; });
  for (Packed& p : c.rows_) {
    const std::uint64_t octets = in.varint();
    fits = fits && std::in_range<std::uint32_t>(octets);
    p.octets = static_cast<std::uint32_t>(octets);
  }
  column([&](std::size_t i, std::uint64_t v) { c.rows_[i].received = time(v); });
  column([&](std::size_t i, std::uint64_t v) { c.rows_[i].saved = time(v); });
  const auto read_ids = [&](std::vector<ItemId>& ids) {
    ids.reserve(count);
    for (const Packed& p : c.rows_)
      ids.push_back(ItemId{static_cast<std::uint64_t>(p.item) - static_cast<std::uint64_t>(in.difference())});
  };
  if ((bits & kThreads) != 0) read_ids(c.threads_);
  if ((bits & kSent) != 0) {
    c.sent_.reserve(count);
    for (const Packed& p : c.rows_) {
      const std::uint64_t v = in.varint();
      if (v == 0) {
        c.sent_.push_back(kNoTime);
        continue;
      }
      const std::uint64_t late = v - 1;
      const std::int64_t by = static_cast<std::int64_t>(late >> 1) ^ -static_cast<std::int64_t>(late & 1);
      c.sent_.push_back(time(moved(static_cast<std::uint64_t>(std::int64_t{p.received}), by)));
    }
  }
  if ((bits & kEmails) != 0) read_ids(c.emails_);
  if (!fits || !in.ok() || in.left() != 0) return damaged();
  return chunk;
}

}  // namespace gatepost::account
