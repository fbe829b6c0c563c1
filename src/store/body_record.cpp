#include "store/body_record.hpp"

#include <cstring>

#include "base/bytes.hpp"
#include "base/digest.hpp"

namespace gatepost::store::record {
namespace {

constexpr std::uint32_t kMagic = 0x47504231;  // "GPB1"
constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kCodecZstd = 1;
constexpr std::uint64_t kRawBit = std::uint64_t{1} << 63;
constexpr std::size_t kCheckedOctets = kHeaderOctets - 4;  // what the header's own CRC covers
// A zstd frame never grows its input by more than this; a larger one is damage.
constexpr std::size_t kMaxStoredFrame = kFrameOctets + (kFrameOctets >> 4) + 64;

}  // namespace

void put_header(std::string& out, const Header& header) {
  const std::size_t begin = out.size();
  put_u32(out, kMagic);
  put_u8(out, kFormat);
  put_u8(out, kCodecZstd);
  put_u16(out, 0);
  put_u64(out, header.id.size);
  out.append(header.id.digest());
  put_u64(out, header.stored);
  put_u32(out, static_cast<std::uint32_t>(kFrameOctets));
  put_u32(out, header.table_crc);
  put_u32(out, 0);
  put_u32(out, crc32c(std::string_view(out).substr(begin, kCheckedOctets)));
}

Result<Header> parse_header(std::string_view octets) {
  if (octets.size() < kHeaderOctets) return fail(Errc::corrupt, "record header is cut off");
  octets = octets.substr(0, kHeaderOctets);
  ByteReader reader(octets);
  if (reader.u32() != kMagic) return fail(Errc::corrupt, "no record here");
  ByteReader last(octets.substr(kCheckedOctets));
  if (last.u32() != crc32c(octets.substr(0, kCheckedOctets))) return fail(Errc::corrupt, "record header is damaged");
  const std::uint8_t format = reader.u8(), codec = reader.u8();
  reader.u16();
  Header header;
  header.id.size = reader.u64();
  const std::string_view digest = reader.take(header.id.sha256.size());
  std::memcpy(header.id.sha256.data(), digest.data(), digest.size());
  header.stored = reader.u64();
  const std::uint32_t frame = reader.u32();
  header.table_crc = reader.u32();
  if (format != kFormat || codec != kCodecZstd || frame != kFrameOctets)
    return fail(Errc::unsupported, "record of a later format");
  // Also keeps every sum made of these numbers far from overflow.
  if (header.id.size > kMaxBodyOctets || header.stored > frames_of(header.id.size) * kMaxStoredFrame)
    return fail(Errc::corrupt, "record header has impossible sizes");
  return header;
}

void put_entry(std::string& table, const Entry& entry) {
  put_u64(table, entry.end | (entry.raw ? kRawBit : 0));
  put_u32(table, entry.crc);
}

Entry entry_at(std::string_view table, std::uint64_t index) {
  ByteReader reader(table.substr(index * kTableEntryOctets, kTableEntryOctets));
  const std::uint64_t end = reader.u64();
  return Entry{end & ~kRawBit, (end & kRawBit) != 0, reader.u32()};
}

Result<Extent> extent_of(const Entry& entry, std::uint64_t before, std::uint64_t stored, std::size_t frame_octets) {
  if (entry.end <= before || entry.end > stored) return fail(Errc::corrupt, "frame table points outside the record");
  const std::uint64_t octets = entry.end - before;
  if (entry.raw ? octets != frame_octets : octets > kMaxStoredFrame)
    return fail(Errc::corrupt, "frame table has an impossible size");
  return Extent{before, static_cast<std::size_t>(octets), entry.raw, entry.crc};
}

}  // namespace gatepost::store::record
