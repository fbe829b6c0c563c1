#include <cstring>

#include "account/record_codec.hpp"

// Messages: rows, items, and what is kept of those that are gone.
namespace gatepost::account::records {
namespace {

constexpr std::uint8_t kSentFormat = 3;      // of a row: with the time it was sent
constexpr std::uint8_t kCopyFormat = 4;      // of a row: with which email it is
constexpr std::uint8_t kCopyItemFormat = 3;  // the same of an item

}  // namespace

std::string encode(const Row& row) {
  std::string out = start(40 + row.flags.keywords.size() * 3);
  put_varint(out, number(row.item));
  put_varint(out, row.modseq);
  put_u8(out, row.flags.system);
  put_varint(out, row.octets);
  put_varint(out, zigzag(row.received));
  put_varint(out, zigzag(row.saved));
  put_varint(out, row.flags.keywords.size());
  for (const KeywordId k : row.flags.keywords) put_varint(out, k);
  const bool in_thread = row.thread != ItemId{} && row.thread != row.item;
  if (row.email != ItemId{} && row.email != row.item) {
    out[0] = static_cast<char>(kCopyFormat);
    put_varint(out, in_thread ? number(row.thread) : 0);
    put_varint(out, number(row.email));
    if (row.sent) put_varint(out, zigzag(*row.sent - seconds_of(row.received)));
    return out;
  }
  if (row.sent) {
    out[0] = static_cast<char>(kSentFormat);
    put_varint(out, in_thread ? number(row.thread) : 0);
    put_varint(out, zigzag(*row.sent - seconds_of(row.received)));
    return out;
  }
  if (!in_thread) return out;
  out[0] = static_cast<char>(kLongFormat);
  put_varint(out, number(row.thread));
  return out;
}

Result<Row> decode_row(Uid uid, std::string_view value) {
  Row row;
  GP_CHECK(decode_row(uid, value, row));
  return row;
}

Result<> decode_row(Uid uid, std::string_view value, Row& row) {
  GP_TRY(ByteReader in, begin(value, "row", kCopyFormat));
  row.uid = uid;
  row.item = ItemId{in.varint()};
  row.modseq = in.varint();
  row.flags.system = in.u8();
  row.octets = in.varint();
  bool ok = true;
  row.received = read_time(in, ok);
  row.saved = read_time(in, ok);
  const std::uint64_t keywords = in.varint();
  if (!in.ok() || keywords > in.rest().size()) return damaged("row");
  row.flags.keywords.clear();
  row.flags.keywords.reserve(keywords);
  for (std::uint64_t i = 0; i < keywords; ++i) {
    KeywordId id = 0;
    ok = narrow(in.varint(), id) && ok;
    row.flags.keywords.push_back(id);
  }
  row.thread = is_long(value) ? ItemId{in.varint()} : row.item;
  row.email = row.item;
  row.sent.reset();
  if (const auto format = static_cast<std::uint8_t>(value[0]); format >= kSentFormat) {
    if (row.thread == ItemId{}) row.thread = row.item;
    if (format == kCopyFormat) row.email = ItemId{in.varint()};
    if (format == kSentFormat || !in.at_end()) row.sent = read_seconds(in, ok) + seconds_of(row.received);
  }
  if (!in.ok() || !in.at_end() || !ok) return damaged("row");
  return {};
}

std::string encode(const ItemRecord& item) {
  std::string out = start(56 + item.summary.size());
  out.append(reinterpret_cast<const char*>(item.body.sha256.data()), item.body.sha256.size());
  put_varint(out, item.body.size);
  put_varint(out, zigzag(item.received));
  put_text(out, item.summary);
  if (item.thread == ItemId{} && item.email == ItemId{}) return out;
  out[0] = static_cast<char>(item.email == ItemId{} ? kLongFormat : kCopyItemFormat);
  put_varint(out, number(item.thread));
  if (item.email != ItemId{}) put_varint(out, number(item.email));
  return out;
}

Result<ItemRecord> decode_item(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "item", kCopyItemFormat));
  ItemRecord item;
  const std::string_view hash = in.take(item.body.sha256.size());
  if (hash.size() == item.body.sha256.size()) std::memcpy(item.body.sha256.data(), hash.data(), hash.size());
  item.body.size = in.varint();
  bool ok = true;
  item.received = read_time(in, ok);
  item.summary = in.text();
  if (is_long(value)) item.thread = ItemId{in.varint()};
  if (static_cast<std::uint8_t>(value[0]) == kCopyItemFormat) item.email = ItemId{in.varint()};
  if (!in.ok() || !in.at_end() || !ok) return damaged("item");
  return item;
}

std::string encode(const Place& place) {
  std::string out = start(12);
  put_varint(out, number(place.folder));
  put_varint(out, place.uid);
  return out;
}

Result<Place> decode_place(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "place"));
  Place place;
  std::uint32_t folder = 0;
  bool fits = narrow(in.varint(), folder);
  place.folder = FolderId{folder};
  fits = narrow(in.varint(), place.uid) && fits;
  if (!in.ok() || !in.at_end() || !fits) return damaged("place");
  return place;
}

std::string encode(const ThreadMark& mark) {
  std::string out = start(16);
  put_varint(out, number(mark.thread));
  put_varint(out, mark.seconds);
  return out;
}

Result<ThreadMark> decode_thread_mark(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "mark of a conversation"));
  ThreadMark mark;
  mark.thread = ItemId{in.varint()};
  mark.seconds = in.varint();
  if (!in.ok() || !in.at_end()) return damaged("mark of a conversation");
  return mark;
}

std::string encode_in_thread(ItemId item, ItemId email) {
  std::string out = start(10);
  if (email == ItemId{} || email == item) return out;
  out[0] = static_cast<char>(kLongFormat);
  put_varint(out, number(email));
  return out;
}

Result<ItemId> decode_in_thread(ItemId item, std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "message of a conversation", kLongFormat));
  const ItemId email = is_long(value) ? ItemId{in.varint()} : item;
  if (!in.ok() || !in.at_end()) return damaged("message of a conversation");
  return email;
}

std::string encode(const Vanished& v) {
  std::string out = start(15);
  put_varint(out, number(v.item));
  put_varint(out, v.seconds);
  return out;
}

Result<Vanished> decode_vanished(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "vanished entry"));
  Vanished v;
  v.item = ItemId{in.varint()};
  v.seconds = in.varint();
  if (!in.ok() || !in.at_end()) return damaged("vanished entry");
  return v;
}

std::string encode(const Removed& removed) {
  std::string out = start(64);
  put_varint(out, removed.seconds);
  put_varint(out, number(removed.folder));
  put_varint(out, removed.row.uid);
  return out.append(encode(removed.row));
}

Result<Removed> decode_removed(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "removed message"));
  Removed removed;
  removed.seconds = in.varint();
  std::uint32_t folder = 0;
  Uid uid = 0;
  bool fits = narrow(in.varint(), folder);
  removed.folder = FolderId{folder};
  fits = narrow(in.varint(), uid) && fits;
  if (!in.ok() || !fits || removed.seconds > static_cast<std::uint64_t>(kMaxTime)) return damaged("removed message");
  GP_TRY(removed.row, decode_row(uid, in.rest()));
  return removed;
}

std::string encode(const RemovedTotals& totals) {
  std::string out = start(20);
  put_varint(out, totals.octets);
  put_varint(out, totals.messages);
  return out;
}

Result<RemovedTotals> decode_removed_totals(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "totals of removed messages"));
  RemovedTotals totals;
  totals.octets = in.varint();
  totals.messages = in.varint();
  if (!in.ok() || !in.at_end()) return damaged("totals of removed messages");
  return totals;
}

}  // namespace gatepost::account::records
