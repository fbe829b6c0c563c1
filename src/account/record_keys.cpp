#include <limits>
#include <optional>
#include <string>

#include "account/record_codec.hpp"
#include "base/digest.hpp"

namespace gatepost::account::records {
namespace {

constexpr std::size_t kMaxPlainDeliveryId = 64;

std::string index_key(char kind, FolderId folder, Modseq modseq, Uid uid) {
  std::string key;
  key.reserve(17);
  key.push_back(kind);
  put_u32(key, number(folder));
  put_u64(key, modseq);
  put_u32(key, uid);
  return key;
}

constexpr std::uint32_t kLastChunk = std::numeric_limits<Uid>::max() / kChunkUids;

std::string reader_key(char kind, FolderId folder, Reader reader) {
  std::string key;
  key.reserve(25);
  key.push_back(kind);
  put_u32(key, number(folder));
  put_u64(key, reader);
  return key;
}

std::string id_key(char kind, std::uint64_t id) {
  std::string key(1, kind);
  put_u64(key, id);
  return key;
}

}  // namespace

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
std::string copy_key(ItemId email, ItemId item) {
  std::string key = copy_prefix(email);
  put_u64(key, number(item));
  return key;
}
std::string copy_prefix(ItemId email) { return id_key(kind::kCopy, number(email)); }
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
std::string annotation_prefix(FolderId folder, Reader reader) { return reader_key(kind::kAnnotation, folder, reader); }
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

std::string own_seen_key() { return std::string(1, kind::kOwnSeen); }
std::string seen_totals_key(FolderId folder, Reader reader) { return reader_key(kind::kSeen, folder, reader); }
std::string seen_marks_prefix(FolderId folder, Reader reader) { return reader_key(kind::kSeenMarks, folder, reader); }
std::string seen_marks_key(FolderId folder, Reader reader, std::uint32_t chunk) {
  std::string key = seen_marks_prefix(folder, reader);
  put_u32(key, chunk);
  return key;
}
std::string seen_changed_prefix(FolderId folder, Reader reader) {
  return reader_key(kind::kSeenChanged, folder, reader);
}
std::string seen_changed_key(FolderId folder, Reader reader, Modseq modseq, std::uint32_t chunk) {
  std::string key = seen_changed_prefix(folder, reader);
  put_u64(key, modseq);
  put_u32(key, chunk);
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
bool parse_pair_key(std::string_view key, ItemId& of, ItemId& item) {
  ByteReader in(key);
  in.u8();
  of = ItemId{in.u64()};
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
  return in.ok() && in.at_end() && set <= static_cast<std::uint8_t>(UidSet::deleted) && chunk <= kLastChunk;
}
bool parse_seen_totals_key(std::string_view key, FolderId& folder, Reader& reader) {
  ByteReader in(key);
  in.u8();
  folder = FolderId{in.u32()};
  reader = in.u64();
  return in.ok() && in.at_end() && reader != kEverybody;
}
bool parse_seen_marks_key(std::string_view key, FolderId& folder, Reader& reader, std::uint32_t& chunk) {
  ByteReader in(key);
  in.u8();
  folder = FolderId{in.u32()};
  reader = in.u64();
  chunk = in.u32();
  return in.ok() && in.at_end() && reader != kEverybody && chunk <= kLastChunk;
}
bool parse_seen_changed_key(std::string_view key, FolderId& folder, Reader& reader, Modseq& modseq,
                            std::uint32_t& chunk) {
  ByteReader in(key);
  in.u8();
  folder = FolderId{in.u32()};
  reader = in.u64();
  modseq = in.u64();
  chunk = in.u32();
  return in.ok() && in.at_end() && reader != kEverybody && chunk <= kLastChunk;
}

}  // namespace gatepost::account::records
