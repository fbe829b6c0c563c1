#include "store/root_keys.hpp"

#include <cstring>

#include "base/bytes.hpp"
#include "store/keys.hpp"

namespace gatepost::store {
namespace {

constexpr std::size_t kDigestOctets = 32;

std::string with_number(char kind, std::uint64_t n) {
  std::string key(1, kind);
  put_u64(key, n);
  return key;
}

std::string with_digest(char kind, const BlobId& id) {
  std::string key(1, kind);
  key.append(id.digest());
  return key;
}

BlobId digest(std::string_view octets) {
  BlobId id;
  std::memcpy(id.sha256.data(), octets.data(), kDigestOctets);
  return id;
}

// Every value begins with its format; one we do not know reads as damaged.
ByteReader reader_of(std::string_view value) {
  ByteReader reader(value);
  if (reader.u8() != kRecordFormat) reader.take(value.size() + 1);
  return reader;
}

}  // namespace

std::string account_prefix(Partition p) { return with_number(root::kAccount, number(p)); }
std::string account_end(Partition p) {
  if (number(p) == UINT64_MAX) return std::string(1, root::kAccount + 1);
  return account_prefix(Partition{number(p) + 1});
}
std::string version_key(Partition p) { return with_number(root::kVersion, number(p)); }
std::string dropping_key(Partition p) { return with_number(root::kDropping, number(p)); }
std::string body_key(const BlobId& id) { return with_digest(root::kBody, id); }
std::string garbage_key(const BlobId& id) { return with_digest(root::kGarbage, id); }
std::string reference_prefix(const BlobId& id) { return with_digest(root::kReference, id); }

std::string outcome_key(Partition p, std::uint64_t slot) {
  std::string key = with_number(root::kOutcome, number(p));
  put_u8(key, static_cast<std::uint8_t>(slot % kOutcomeSlots));
  return key;
}

std::string reference_key(const BlobId& id, Partition p, std::uint64_t item) {
  std::string key = with_digest(root::kReference, id);
  put_u64(key, number(p));
  put_u64(key, item);
  return key;
}

std::string segment_key(std::uint32_t n) {
  std::string key(1, root::kSegment);
  put_u32(key, n);
  return key;
}

std::optional<Partition> partition_of(std::string_view key) {
  if (key.size() != 9 || (key[0] != root::kVersion && key[0] != root::kDropping)) return std::nullopt;
  ByteReader reader(key.substr(1));
  return Partition{reader.u64()};
}

std::optional<std::uint32_t> segment_of(std::string_view key) {
  if (key.size() != 5 || key[0] != root::kSegment) return std::nullopt;
  ByteReader reader(key.substr(1));
  return reader.u32();
}

std::optional<ReferenceKey> parse_reference_key(std::string_view key) {
  if (key.size() != 1 + kDigestOctets + 16 || key[0] != root::kReference) return std::nullopt;
  ByteReader reader(key.substr(1 + kDigestOctets));
  ReferenceKey parsed;
  parsed.id = digest(key.substr(1));
  parsed.partition = Partition{reader.u64()};
  parsed.item = reader.u64();
  return parsed;
}

std::optional<BlobId> digest_of(std::string_view key) {
  if (key.size() != 1 + kDigestOctets || (key[0] != root::kBody && key[0] != root::kGarbage)) return std::nullopt;
  return digest(key.substr(1));
}

std::string encode(const Location& location) {
  std::string value;
  put_u8(value, kRecordFormat);
  put_u8(value, static_cast<std::uint8_t>(location.kind));
  put_varint(value, location.file);
  put_varint(value, location.offset);
  put_varint(value, location.size);
  put_varint(value, location.stored);
  return value;
}

std::optional<Location> decode_location(std::string_view value) {
  ByteReader reader = reader_of(value);
  Location location;
  const std::uint8_t kind = reader.u8();
  if (kind > static_cast<std::uint8_t>(Location::Kind::own_file)) return std::nullopt;
  location.kind = static_cast<Location::Kind>(kind);
  location.file = reader.varint();
  location.offset = reader.varint();
  location.size = reader.varint();
  location.stored = reader.varint();
  if (!reader.ok()) return std::nullopt;
  return location;
}

std::string encode(const SegmentRow& row) {
  std::string value;
  put_u8(value, kRecordFormat);
  put_varint(value, row.end);
  put_varint(value, row.live);
  return value;
}

std::optional<SegmentRow> decode_segment_row(std::string_view value) {
  ByteReader reader = reader_of(value);
  const std::uint64_t end = reader.varint();
  const std::uint64_t live = reader.varint();
  if (!reader.ok()) return std::nullopt;
  return SegmentRow{end, live};
}

std::string encode(const GarbageRow& row) {
  std::string value;
  put_u8(value, kRecordFormat);
  put_varint(value, row.since);
  put_varint(value, row.size);
  return value;
}

std::optional<GarbageRow> decode_garbage_row(std::string_view value) {
  ByteReader reader = reader_of(value);
  const std::uint64_t since = reader.varint();
  const std::uint64_t size = reader.varint();
  if (!reader.ok()) return std::nullopt;
  return GarbageRow{since, size};
}

std::string encode(const std::vector<RestoreRow>& restores) {
  std::string value;
  put_u8(value, kRecordFormat);
  put_varint(value, restores.size());
  for (const RestoreRow& r : restores) {
    put_varint(value, r.at);
    put_varint(value, r.lost);
  }
  return value;
}

std::optional<std::vector<RestoreRow>> decode_restores(std::string_view value) {
  ByteReader reader = reader_of(value);
  const std::uint64_t count = reader.varint();
  if (count > kMaxRestoreRows) return std::nullopt;
  std::vector<RestoreRow> restores;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t at = reader.varint();
    restores.push_back({at, reader.varint()});
  }
  if (!reader.ok()) return std::nullopt;
  return restores;
}

std::string encode_version(Version version) {
  std::string value;
  put_u8(value, kRecordFormat);
  put_varint(value, version);
  return value;
}

std::optional<Version> decode_version(std::string_view value) {
  ByteReader reader = reader_of(value);
  const Version version = reader.varint();
  if (!reader.ok()) return std::nullopt;
  return version;
}

std::string encode_size(std::uint64_t size) { return encode_version(size); }
std::optional<std::uint64_t> decode_size(std::string_view value) { return decode_version(value); }

}  // namespace gatepost::store
