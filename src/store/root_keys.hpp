#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/blob_id.hpp"
#include "store/key_value.hpp"

// How the engine on disk arranges its one ordered key space; docs/formats/keys.md is the same in prose.
namespace gatepost::store {

// First octet of every key.
namespace root {
inline constexpr char kAccount = 'A';  // A partition inner-key            -> the caller's value
inline constexpr char kBody = 'B';     // B digest                         -> Location
inline constexpr char kDropping =
    'D';                              // D partition                      -> a drop() whose references are being removed
inline constexpr char kEpoch = 'E';   // E                                -> restores
inline constexpr char kFormat = 'F';  // F                                -> store format
inline constexpr char kGarbage = 'G';    // G digest                         -> when the body lost its last known use
inline constexpr char kOutcome = 'O';    // O partition slot                 -> a commit id
inline constexpr char kReference = 'R';  // R digest partition item          -> size of the body
inline constexpr char kResumed = 'L';    // L                                -> format octet; has no other meaning
inline constexpr char kSegment = 'S';    // S number                         -> SegmentRow
inline constexpr char kVersion = 'V';    // V partition                      -> version
}  // namespace root

// Newest format this program writes, and the only one it reads so far.
inline constexpr std::uint8_t kStoreFormat = 1;
// Bloom filters speak of this many leading octets: a partition's prefix, or the first 8 octets of a digest.
inline constexpr std::size_t kPrefixOctets = 9;
// A partition remembers this many commit ids.
inline constexpr std::uint64_t kOutcomeSlots = 64;

std::string account_prefix(Partition partition);
std::string account_end(Partition partition);  // behind all of its rows
std::string version_key(Partition partition);
std::string dropping_key(Partition partition);
std::string outcome_key(Partition partition, std::uint64_t slot);
std::string body_key(const BlobId& id);
std::string garbage_key(const BlobId& id);
std::string reference_key(const BlobId& id, Partition partition, std::uint64_t item);
std::string reference_prefix(const BlobId& id);
std::string segment_key(std::uint32_t number);

// What a key says; nullopt when it is not of that kind.
std::optional<Partition> partition_of(std::string_view key);    // V, D
std::optional<std::uint32_t> segment_of(std::string_view key);  // S
struct ReferenceKey {
  BlobId id;  // size unset
  Partition partition;
  std::uint64_t item;
};
std::optional<ReferenceKey> parse_reference_key(std::string_view key);  // R
std::optional<BlobId> digest_of(std::string_view key);                  // B, G; size unset

// Where a body lies.
struct Location {
  enum class Kind : std::uint8_t { segment = 0, own_file = 1 };
  Kind kind = Kind::segment;
  std::uint64_t file = 0;    // number of the segment, or name of the own file
  std::uint64_t offset = 0;  // of the record in the file
  std::uint64_t size = 0;    // of the body, uncompressed
  std::uint64_t stored = 0;  // payload octets of the record
  bool operator==(const Location&) const = default;
};
std::string encode(const Location& location);
std::optional<Location> decode_location(std::string_view value);

struct SegmentRow {
  std::uint64_t end = 0;   // behind the last committed record
  std::uint64_t live = 0;  // octets of committed records that are not deleted
};
std::string encode(const SegmentRow& row);
std::optional<SegmentRow> decode_segment_row(std::string_view value);

struct GarbageRow {
  std::uint64_t since = 0;  // seconds since 1970
  std::uint64_t size = 0;   // of the body
};
std::string encode(const GarbageRow& row);
std::optional<GarbageRow> decode_garbage_row(std::string_view value);

// The newest ones, oldest first; see Restore in store.hpp. Numbers are seconds.
struct RestoreRow {
  std::uint64_t at = 0;  // since 1970
  std::uint64_t lost = 0;
  bool operator==(const RestoreRow&) const = default;
};
inline constexpr std::size_t kMaxRestoreRows = 32;
std::string encode(const std::vector<RestoreRow>& restores);
std::optional<std::vector<RestoreRow>> decode_restores(std::string_view value);

std::string encode_version(Version version);
std::optional<Version> decode_version(std::string_view value);
std::string encode_size(std::uint64_t size);  // of R rows
std::optional<std::uint64_t> decode_size(std::string_view value);

}  // namespace gatepost::store
