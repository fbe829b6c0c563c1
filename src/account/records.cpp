#include "account/records.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "store/keys.hpp"

namespace gatepost::account::records {
namespace {

constexpr std::size_t kMaxPlainDeliveryId = 64;
constexpr std::uint64_t kMaxSeconds = 253'402'300'799;  // the year 9999: more is damage, and would overflow TimePoint

std::string start(std::size_t reserve) {
  std::string out;
  out.reserve(reserve);
  put_u8(out, store::kRecordFormat);
  return out;
}

std::uint32_t number(FolderId id) { return static_cast<std::uint32_t>(id); }
std::uint64_t number(ItemId id) { return static_cast<std::uint64_t>(id); }

std::int64_t seconds_of(TimePoint t) { return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count(); }

// Small whether before or after 0.
std::uint64_t zigzag(std::int64_t s) {
  return (static_cast<std::uint64_t>(s) << 1) ^ static_cast<std::uint64_t>(s >> 63);
}
std::uint64_t zigzag(TimePoint t) { return zigzag(seconds_of(t)); }

// At most twice kMaxSeconds from 0.
std::int64_t read_seconds(ByteReader& in, bool& ok) {
  constexpr auto kMost = 2 * static_cast<std::int64_t>(kMaxSeconds);
  const std::uint64_t v = in.varint();
  const auto s = static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  ok = ok && s <= kMost && s >= -kMost;
  return ok ? s : 0;
}

TimePoint read_time(ByteReader& in, bool& ok) {
  const std::int64_t s = read_seconds(in, ok);
  if (s > static_cast<std::int64_t>(kMaxSeconds) || s < -static_cast<std::int64_t>(kMaxSeconds)) {
    ok = false;
    return {};
  }
  return TimePoint(std::chrono::seconds(s));
}

constexpr std::uint8_t kLongFormat = 2;     // with what an older program did not know (docs/formats/account.md)
constexpr std::uint8_t kSentFormat = 3;     // of a row: with the time it was sent
constexpr std::uint8_t kInThreadOf = 0x40;  // of what a log entry says: the conversation follows

Result<ByteReader> begin(std::string_view value, const char* what, std::uint8_t newest = store::kRecordFormat) {
  ByteReader in(value);
  const std::uint8_t format = in.u8();
  if (!in.ok()) return fail(Errc::corrupt, std::string("empty ") + what);
  if (format == 0 || format > newest) {
    return fail(format > newest ? Errc::unsupported : Errc::corrupt, std::string("format of ") + what);
  }
  return in;
}
bool is_long(std::string_view value) { return static_cast<std::uint8_t>(value[0]) >= kLongFormat; }

std::unexpected<Error> damaged(const char* what) { return fail(Errc::corrupt, std::string("damaged ") + what); }

template <class T>
bool narrow(std::uint64_t from, T& to) {
  to = static_cast<T>(from);
  return static_cast<std::uint64_t>(to) == from;
}

bool read_gaps(ByteReader& in, NumberSet& gaps) {
  const std::uint64_t count = in.varint();
  if (count > in.rest().size()) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    Uid first = 0;
    Uid last = 0;
    if (!narrow(in.varint(), first) || !narrow(in.varint(), last) || first == 0 || first > last) return false;
    gaps.add(first, last);
  }
  return true;
}

std::string index_key(char kind, FolderId folder, Modseq modseq, Uid uid) {
  std::string key;
  key.reserve(17);
  key.push_back(kind);
  put_u32(key, number(folder));
  put_u64(key, modseq);
  put_u32(key, uid);
  return key;
}

std::string id_key(char kind, std::uint64_t id) {
  std::string key(1, kind);
  put_u64(key, id);
  return key;
}

}  // namespace

std::uint64_t to_seconds(TimePoint t) {
  const auto s = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  return s > 0 ? static_cast<std::uint64_t>(s) : 0;
}

std::string removal_key(AccountId account) { return id_key(kRemoval, static_cast<std::uint64_t>(account)); }
std::optional<AccountId> parse_removal_key(std::string_view key) {
  ByteReader in(key);
  const bool right = in.u8() == static_cast<std::uint8_t>(kRemoval);
  const AccountId id{in.u64()};
  return right && in.ok() && in.at_end() ? std::optional(id) : std::nullopt;
}

std::string state_key() { return std::string(1, kind::kState); }
std::string folder_key(FolderId folder) {
  std::string key(1, kind::kFolder);
  put_u32(key, number(folder));
  return key;
}
std::string row_key(FolderId folder, Uid uid) {
  std::string key = row_prefix(folder);
  put_u32(key, uid);
  return key;
}
std::string row_prefix(FolderId folder) { return index_prefix(kind::kRow, folder); }
std::string item_key(ItemId item) { return id_key(kind::kItem, number(item)); }
std::string place_key(ItemId item) { return id_key(kind::kPlace, number(item)); }
std::string thread_mark_key(std::uint64_t hash) { return id_key(kind::kThreadMark, hash); }
std::string in_thread_key(ItemId thread, ItemId item) {
  std::string key = in_thread_prefix(thread);
  put_u64(key, number(item));
  return key;
}
std::string in_thread_prefix(ItemId thread) { return id_key(kind::kInThread, number(thread)); }
std::string changed_key(FolderId folder, Modseq modseq, Uid uid) {
  return index_key(kind::kChanged, folder, modseq, uid);
}
std::string changed_set_key(FolderId folder, Modseq modseq, std::uint32_t part) {
  return index_key(kind::kChangedSet, folder, modseq, part);
}
std::string vanished_key(FolderId folder, Modseq modseq, Uid uid) {
  return index_key(kind::kVanished, folder, modseq, uid);
}
std::string index_prefix(char kind, FolderId folder) {
  std::string key(1, kind);
  put_u32(key, number(folder));
  return key;
}
std::string log_key(Modseq modseq, std::uint16_t part) {
  std::string key(1, kind::kLog);
  put_u64(key, modseq);
  put_u16(key, part);
  return key;
}
std::string keyword_key(KeywordId keyword) {
  std::string key(1, kind::kKeyword);
  put_u16(key, keyword);
  return key;
}
std::string subscription_key(std::string_view name) { return std::string(1, kind::kSubscription).append(name); }
std::string delivery_key(std::string_view delivery_id) {
  std::string key(1, kind::kDelivery);
  if (delivery_id.size() <= kMaxPlainDeliveryId) return key.append(1, '\0').append(delivery_id);
  const Sha256Value hash = sha256(delivery_id);
  return key.append(1, '\1').append(reinterpret_cast<const char*>(hash.data()), hash.size());
}
std::string removed_key(ItemId item) { return id_key(kind::kRemoved, number(item)); }
std::string expiry_key(std::uint64_t seconds, ItemId item) {
  std::string key = id_key(kind::kExpiry, seconds);
  put_u64(key, number(item));
  return key;
}
std::string removed_totals_key() { return std::string(1, kind::kRemovedTotals); }
std::string former_key(FolderId folder) { return index_prefix(kind::kFormer, folder); }
std::string grants_key(FolderId folder) { return index_prefix(kind::kGrants, folder); }
std::string annotation_key(FolderId folder, Reader reader, std::string_view name) {
  return annotation_prefix(folder, reader).append(name);
}
std::string annotation_prefix(FolderId folder, Reader reader) {
  std::string key = index_prefix(kind::kAnnotation, folder);
  put_u64(key, reader);
  return key;
}
std::string annotated_key() { return std::string(1, kind::kAnnotated); }
std::string quarantine_key(std::string_view key) { return std::string(1, kind::kQuarantine).append(key); }
std::string pop3_id_key(FolderId folder, Uid uid) {
  std::string key = index_prefix(kind::kPop3Id, folder);
  put_u32(key, uid);
  return key;
}
std::string access_key(FolderId folder) { return index_prefix(kind::kAccessKey, folder); }
std::string uid_set_key(FolderId folder, UidSet which, std::uint32_t chunk) {
  std::string key = uid_set_prefix(folder, which);
  put_u32(key, chunk);
  return key;
}
std::string uid_set_prefix(FolderId folder, UidSet which) {
  std::string key = index_prefix(kind::kUidSet, folder);
  put_u8(key, static_cast<std::uint8_t>(which));
  return key;
}

bool parse_folder_key(std::string_view key, FolderId& folder) {
  ByteReader in(key);
  in.u8();
  folder = FolderId{in.u32()};
  return in.ok() && in.at_end() && folder != kRoot;
}
bool parse_row_key(std::string_view key, FolderId& folder, Uid& uid) {
  ByteReader in(key);
  in.u8();
  folder = FolderId{in.u32()};
  uid = in.u32();
  return in.ok() && in.at_end() && uid != 0;
}
bool parse_pop3_id_key(std::string_view key, FolderId& folder, Uid& uid) { return parse_row_key(key, folder, uid); }
bool parse_item_key(std::string_view key, ItemId& item) {
  ByteReader in(key);
  in.u8();
  item = ItemId{in.u64()};
  return in.ok() && in.at_end();
}
bool parse_in_thread_key(std::string_view key, ItemId& thread, ItemId& item) {
  ByteReader in(key);
  in.u8();
  thread = ItemId{in.u64()};
  item = ItemId{in.u64()};
  return in.ok() && in.at_end();
}
bool parse_expiry_key(std::string_view key, std::uint64_t& seconds, ItemId& item) {
  ByteReader in(key);
  in.u8();
  seconds = in.u64();
  item = ItemId{in.u64()};
  return in.ok() && in.at_end();
}
bool parse_index_key(std::string_view key, FolderId& folder, Modseq& modseq, Uid& uid) {
  ByteReader in(key);
  in.u8();
  folder = FolderId{in.u32()};
  modseq = in.u64();
  uid = in.u32();
  return in.ok() && in.at_end() && uid != 0;
}
bool parse_changed_set_key(std::string_view key, FolderId& folder, Modseq& modseq) {
  ByteReader in(key);
  in.u8();
  folder = FolderId{in.u32()};
  modseq = in.u64();
  in.u32();
  return in.ok() && in.at_end();
}
bool parse_grants_key(std::string_view key, FolderId& folder) {
  ByteReader in(key);
  in.u8();
  folder = FolderId{in.u32()};
  return in.ok() && in.at_end();
}
bool parse_annotation_key(std::string_view key, FolderId& folder, Reader& reader, std::string_view& name) {
  ByteReader in(key);
  in.u8();
  folder = FolderId{in.u32()};
  reader = in.u64();
  name = in.rest();
  return in.ok() && !name.empty();
}
bool parse_uid_set_key(std::string_view key, FolderId& folder, UidSet& which, std::uint32_t& chunk) {
  ByteReader in(key);
  in.u8();
  folder = FolderId{in.u32()};
  const std::uint8_t set = in.u8();
  which = static_cast<UidSet>(set);
  chunk = in.u32();
  return in.ok() && in.at_end() && set <= static_cast<std::uint8_t>(UidSet::deleted) &&
         chunk <= std::numeric_limits<Uid>::max() / kChunkUids;
}

std::string encode(const State& s) {
  std::string out = start(40);
  for (const std::uint64_t v : {s.next_item, std::uint64_t{s.next_folder}, std::uint64_t{s.next_uid_validity},
                                s.used_octets, s.messages, s.log_floor}) {
    put_varint(out, v);
  }
  if (s.restored == 0 && s.lost.empty()) return out;
  out[0] = static_cast<char>(kLongFormat);
  put_varint(out, s.restored);
  put_varint(out, s.lost.size());
  for (const State::Lost& lost : s.lost) {
    put_varint(out, lost.first);
    put_varint(out, lost.last);
  }
  return out;
}

std::string encode(const FolderRecord& f) {
  std::string out = start(80 + f.name.size());
  put_u8(out, static_cast<std::uint8_t>((f.selectable ? 1 : 0) | (f.dying ? 2 : 0) | (f.has_sets ? 4 : 0) |
                                        (f.has_pop3_ids ? 8 : 0)));
  put_u8(out, static_cast<std::uint8_t>(f.role));
  put_varint(out, number(f.parent));
  put_text(out, f.name);
  for (const std::uint64_t v :
       {std::uint64_t{f.uid_validity}, std::uint64_t{f.uid_next}, std::uint64_t{f.total}, std::uint64_t{f.unseen},
        std::uint64_t{f.deleted}, f.octets, f.highest_modseq, f.oldest_kept, f.vanished, std::uint64_t{f.unseen_from},
        std::uint64_t{f.recent_from}}) {
    put_varint(out, v);
  }
  if (f.gaps.empty()) return out;
  out[0] = static_cast<char>(kLongFormat);
  put_varint(out, f.gaps.ranges().size());
  for (const NumberSet::Range& gap : f.gaps.ranges()) {
    put_varint(out, gap.first);
    put_varint(out, gap.last);
  }
  return out;
}

// Each range by its distance from the one before and its length, less one.
std::string encode_uids(std::span<const NumberSet::Range> uids) {
  std::string out = start(2 + uids.size() * 4);
  put_varint(out, uids.size());
  Uid before = 0;
  for (const NumberSet::Range& r : uids) {
    put_varint(out, r.first - before - 1);
    put_varint(out, r.last - r.first);
    before = r.last;
  }
  return out;
}

Result<> decode_uids(std::string_view value, NumberSet& into) {
  GP_TRY(ByteReader in, begin(value, "set of UIDs"));
  const std::uint64_t count = in.varint();
  std::uint64_t before = 0;
  bool fits = count <= in.rest().size();
  for (std::uint64_t i = 0; i < count && fits && in.ok(); ++i) {
    const std::uint64_t first = before + in.varint() + 1;
    const std::uint64_t last = first + in.varint();
    fits = first > before && last >= first && last <= std::numeric_limits<Uid>::max();
    if (fits) into.add(static_cast<Uid>(first), static_cast<Uid>(last));
    before = last;
  }
  if (!fits || !in.ok() || !in.at_end()) return fail(Errc::corrupt, "set of UIDs");
  return {};
}

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

std::string encode(const ItemRecord& item) {
  std::string out = start(56 + item.summary.size());
  out.append(reinterpret_cast<const char*>(item.body.sha256.data()), item.body.sha256.size());
  put_varint(out, item.body.size);
  put_varint(out, zigzag(item.received));
  put_text(out, item.summary);
  if (item.thread == ItemId{}) return out;
  out[0] = static_cast<char>(kLongFormat);
  put_varint(out, number(item.thread));
  return out;
}

std::string encode(const Place& place) {
  std::string out = start(12);
  put_varint(out, number(place.folder));
  put_varint(out, place.uid);
  return out;
}

std::string encode(const ThreadMark& mark) {
  std::string out = start(16);
  put_varint(out, number(mark.thread));
  put_varint(out, mark.seconds);
  return out;
}

std::string encode(const Vanished& v) {
  std::string out = start(15);
  put_varint(out, number(v.item));
  put_varint(out, v.seconds);
  return out;
}

std::string encode(const Removed& removed) {
  std::string out = start(64);
  put_varint(out, removed.seconds);
  put_varint(out, number(removed.folder));
  put_varint(out, removed.row.uid);
  return out.append(encode(removed.row));
}

std::string encode(const RemovedTotals& totals) {
  std::string out = start(20);
  put_varint(out, totals.octets);
  put_varint(out, totals.messages);
  return out;
}

std::string encode(const Former& former) {
  std::string out = start(12 + former.path.size());
  put_varint(out, former.seconds);
  put_text(out, former.path);
  return out;
}

std::string encode_text(std::string_view text) {
  std::string out = start(text.size() + 4);
  put_text(out, text);
  return out;
}
std::string encode_empty() { return start(1); }
std::string encode_expiry(std::uint64_t seconds) {
  std::string out = start(10);
  put_varint(out, seconds);
  return out;
}

std::string encode(const Grants& grants) {
  std::string out = start(8 + grants.size() * 40);
  put_varint(out, grants.size());
  for (const Grant& g : grants) {
    put_u8(out, g.negative ? 1 : 0);
    put_varint(out, g.rights);
    put_text(out, g.who);
  }
  return out;
}
std::string encode_octets(std::uint64_t octets) { return encode_expiry(octets); }

// A bit for each UID, least significant first, without the zero octets at the end; none at all means all UIDs.
std::optional<std::string> encode_uid_set(const NumberSet& uids, std::uint32_t chunk) {
  const Uid first = chunk * kChunkUids;
  const NumberSet here = uids.intersect(NumberSet::of(first, first + (kChunkUids - 1)));
  if (here.empty()) return std::nullopt;
  std::string out = start(1 + kChunkUids / 8);
  // UID 0 is none, so the first chunk is full without it.
  if (here.size() == (chunk == 0 ? kChunkUids - 1 : kChunkUids)) return out;
  std::array<std::uint8_t, kChunkUids / 8> bits{};
  here.for_each([&](Uid uid) { bits[(uid - first) / 8] |= static_cast<std::uint8_t>(1U << ((uid - first) % 8)); });
  std::size_t used = bits.size();
  while (bits[used - 1] == 0) --used;
  return out.append(reinterpret_cast<const char*>(bits.data()), used);
}

void begin_log(std::string& out, std::uint64_t seconds) {
  out = start(24);
  put_varint(out, seconds);
}
void put(std::string& out, const LogEntry& e) {
  const bool is_item = e.what < LogEntry::What::folder_created;
  const bool in_thread = is_item && e.thread != ItemId{} && number(e.thread) != e.id;
  put_u8(out, static_cast<std::uint8_t>(static_cast<unsigned>(e.what) | (in_thread ? kInThreadOf : 0U)));
  put_varint(out, e.id);
  if (is_item) put_varint(out, number(e.folder));
  if (!in_thread) return;
  out[0] = static_cast<char>(kLongFormat);
  put_varint(out, number(e.thread));
}

Result<State> decode_state(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "account state", kLongFormat));
  State s;
  s.next_item = in.varint();
  bool fits = narrow(in.varint(), s.next_folder);
  fits = narrow(in.varint(), s.next_uid_validity) && fits;
  s.used_octets = in.varint();
  s.messages = in.varint();
  s.log_floor = in.varint();
  if (is_long(value)) {
    s.restored = in.varint();
    const std::uint64_t count = in.varint();
    if (count > kMaxLost) return damaged("account state");
    for (std::uint64_t i = 0; i < count; ++i) {
      const Modseq first = in.varint();
      s.lost.push_back({first, in.varint()});
    }
  }
  if (!in.ok() || !in.at_end() || !fits) return damaged("account state");
  return s;
}

Result<FolderRecord> decode_folder(FolderId id, std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "folder", kLongFormat));
  FolderRecord f;
  f.id = id;
  const std::uint8_t bits = in.u8();
  f.selectable = (bits & 1) != 0;
  f.dying = (bits & 2) != 0;
  f.has_pop3_ids = (bits & 8) != 0;
  f.has_sets = (bits & 4) != 0;
  const std::uint8_t role = in.u8();
  std::uint32_t parent = 0;
  bool fits = narrow(in.varint(), parent) && role <= static_cast<std::uint8_t>(kLastRole);
  f.role = static_cast<Role>(role);
  f.parent = FolderId{parent};
  f.name = in.text();
  fits = narrow(in.varint(), f.uid_validity) && fits;
  fits = narrow(in.varint(), f.uid_next) && fits;
  fits = narrow(in.varint(), f.total) && fits;
  fits = narrow(in.varint(), f.unseen) && fits;
  fits = narrow(in.varint(), f.deleted) && fits;
  f.octets = in.varint();
  f.highest_modseq = in.varint();
  f.oldest_kept = in.varint();
  f.vanished = in.varint();
  fits = narrow(in.varint(), f.unseen_from) && fits;
  fits = narrow(in.varint(), f.recent_from) && fits;
  if (is_long(value)) fits = read_gaps(in, f.gaps) && fits;
  if (!in.ok() || !in.at_end() || !fits || f.name.empty()) return damaged("folder");
  return f;
}

Result<Row> decode_row(Uid uid, std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "row", kSentFormat));
  Row row;
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
  row.flags.keywords.reserve(keywords);
  for (std::uint64_t i = 0; i < keywords; ++i) {
    KeywordId id = 0;
    ok = narrow(in.varint(), id) && ok;
    row.flags.keywords.push_back(id);
  }
  row.thread = is_long(value) ? ItemId{in.varint()} : row.item;
  if (static_cast<std::uint8_t>(value[0]) == kSentFormat) {
    if (row.thread == ItemId{}) row.thread = row.item;
    row.sent = read_seconds(in, ok) + seconds_of(row.received);
  }
  if (!in.ok() || !in.at_end() || !ok) return damaged("row");
  return row;
}

Result<ItemRecord> decode_item(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "item", kLongFormat));
  ItemRecord item;
  const std::string_view hash = in.take(item.body.sha256.size());
  if (hash.size() == item.body.sha256.size()) std::memcpy(item.body.sha256.data(), hash.data(), hash.size());
  item.body.size = in.varint();
  bool ok = true;
  item.received = read_time(in, ok);
  item.summary = in.text();
  if (is_long(value)) item.thread = ItemId{in.varint()};
  if (!in.ok() || !in.at_end() || !ok) return damaged("item");
  return item;
}

Result<ThreadMark> decode_thread_mark(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "mark of a conversation"));
  ThreadMark mark;
  mark.thread = ItemId{in.varint()};
  mark.seconds = in.varint();
  if (!in.ok() || !in.at_end()) return damaged("mark of a conversation");
  return mark;
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

Result<Vanished> decode_vanished(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "vanished entry"));
  Vanished v;
  v.item = ItemId{in.varint()};
  v.seconds = in.varint();
  if (!in.ok() || !in.at_end()) return damaged("vanished entry");
  return v;
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
  if (!in.ok() || !fits || removed.seconds > kMaxSeconds) return damaged("removed message");
  GP_TRY(removed.row, decode_row(uid, in.rest()));
  return removed;
}

Result<RemovedTotals> decode_removed_totals(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "totals of removed messages"));
  RemovedTotals totals;
  totals.octets = in.varint();
  totals.messages = in.varint();
  if (!in.ok() || !in.at_end()) return damaged("totals of removed messages");
  return totals;
}

Result<Former> decode_former(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "deleted folder"));
  Former former;
  former.seconds = in.varint();
  former.path = in.text();
  if (!in.ok() || !in.at_end()) return damaged("deleted folder");
  return former;
}

Result<std::string> decode_text(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "text"));
  std::string text(in.text());
  if (!in.ok() || !in.at_end()) return damaged("text");
  return text;
}

Result<std::uint64_t> decode_expiry(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "delivery id"));
  const std::uint64_t seconds = in.varint();
  if (!in.ok() || !in.at_end()) return damaged("delivery id");
  return seconds;
}

Result<Grants> decode_grants(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "rights"));
  const std::uint64_t count = in.varint();
  if (!in.ok() || count > in.rest().size()) return damaged("rights");
  Grants grants;
  grants.reserve(count);
  bool fits = true;
  for (std::uint64_t i = 0; i < count; ++i) {
    Grant g;
    const std::uint8_t negative = in.u8();
    g.negative = negative == 1;
    fits = narrow(in.varint(), g.rights) && negative <= 1 && fits;
    g.who = in.text();
    fits = fits && !g.who.empty();
    grants.push_back(std::move(g));
  }
  if (!in.ok() || !in.at_end() || !fits) return damaged("rights");
  return grants;
}

Result<std::uint64_t> decode_octets(std::string_view value) { return decode_expiry(value); }

Result<> decode_uid_set(std::uint32_t chunk, std::string_view value, NumberSet& uids) {
  GP_TRY(ByteReader in, begin(value, "UID set"));
  const std::string_view bits = in.rest();
  const Uid first = chunk * kChunkUids;
  if (bits.size() > kChunkUids / 8) return damaged("UID set");
  if (bits.empty()) {
    uids.add(std::max<Uid>(first, 1), first + (kChunkUids - 1));
    return {};
  }
  for (Uid n = 0; n < bits.size() * 8; ++n) {
    if ((static_cast<std::uint8_t>(bits[n / 8]) >> (n % 8) & 1) != 0 && first + n != 0) uids.add(first + n);
  }
  return {};
}

Result<LogRecord> decode_log(std::string_view value) {
  GP_TRY(ByteReader in, begin(value, "change log entry", kLongFormat));
  LogRecord log;
  log.seconds = in.varint();
  while (in.ok() && !in.at_end()) {
    LogEntry e;
    const std::uint8_t octet = in.u8();
    const auto what = static_cast<std::uint8_t>(octet & ~kInThreadOf);
    if (what == 0 || what > static_cast<std::uint8_t>(kLastWhat)) return damaged("change log entry");
    e.what = static_cast<LogEntry::What>(what);
    e.id = in.varint();
    if (e.what < LogEntry::What::folder_created) {
      std::uint32_t folder = 0;
      if (!narrow(in.varint(), folder)) return damaged("change log entry");
      e.folder = FolderId{folder};
      e.thread = (octet & kInThreadOf) != 0 ? ItemId{in.varint()} : ItemId{e.id};
    }
    log.entries.push_back(e);
  }
  if (!in.ok()) return damaged("change log entry");
  return log;
}

}  // namespace gatepost::account::records
