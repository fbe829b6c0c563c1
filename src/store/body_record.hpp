#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/blob_id.hpp"

// The record of one body in a segment file or in a file of its own (docs/formats/segments.md):
//   header (72 octets)   frames, one after the other   table (12 octets a frame)   padding to a multiple of 8
// All numbers are big-endian. Pure: no files here.
namespace gatepost::store::record {

inline constexpr std::size_t kHeaderOctets = 72;
inline constexpr std::size_t kFrameOctets = 64 << 10;  // of the body; the last frame may be shorter
inline constexpr std::size_t kTableEntryOctets = 12;
inline constexpr std::uint64_t kAlignment = 8;
inline constexpr std::uint64_t kMaxBodyOctets = std::uint64_t{1} << 40;

constexpr std::uint64_t frames_of(std::uint64_t size) { return (size + kFrameOctets - 1) / kFrameOctets; }
constexpr std::uint64_t table_octets(std::uint64_t size) { return frames_of(size) * kTableEntryOctets; }
// Octets of frame `index` of a body of `size` octets before compression.
constexpr std::size_t frame_size(std::uint64_t size, std::uint64_t index) {
  const std::uint64_t rest = size - index * kFrameOctets;
  return rest < kFrameOctets ? static_cast<std::size_t>(rest) : kFrameOctets;
}
// Octets a record takes in its file, padding included. `stored`: payload octets.
constexpr std::uint64_t record_octets(std::uint64_t size, std::uint64_t stored) {
  return (kHeaderOctets + stored + table_octets(size) + kAlignment - 1) / kAlignment * kAlignment;
}

struct Header {
  BlobId id;
  std::uint64_t stored = 0;     // payload octets: all frames as stored
  std::uint32_t table_crc = 0;  // CRC32C of the table
};
void put_header(std::string& out, const Header& header);
// `octets` holds at least kHeaderOctets. Errc::corrupt: not a header, or damaged; Errc::unsupported: a later format.
Result<Header> parse_header(std::string_view octets);

struct Entry {
  std::uint64_t end = 0;  // behind the frame, counted from the payload's start
  bool raw = false;       // stored as it is, not as a zstd frame
  std::uint32_t crc = 0;  // CRC32C of the frame as stored
};
void put_entry(std::string& table, const Entry& entry);
// Entry `index` of a table, or of the part of it that begins with entry 0. The caller checks the bounds.
Entry entry_at(std::string_view table, std::uint64_t index);

// Where frame `index` lies in the payload. `before`: end of the frame before it (0 for the first).
struct Extent {
  std::uint64_t begin = 0;
  std::size_t octets = 0;
  bool raw = false;
  std::uint32_t crc = 0;
};
// Errc::corrupt: impossible sizes.
Result<Extent> extent_of(const Entry& entry, std::uint64_t before, std::uint64_t stored, std::size_t frame_octets);

}  // namespace gatepost::store::record
