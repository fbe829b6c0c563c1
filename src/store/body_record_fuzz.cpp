#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/digest.hpp"
#include "store/body_codec.hpp"

// A record read from a broken disk is refused or verified; what is verified is written again with the same content. A
// record whose checksums are made to fit gets further into the reader.
namespace {

using namespace gatepost;
using namespace gatepost::store;

void check(std::string_view octets, BodyCodec& codec) {
  const auto header = verify_record(octets, codec);
  if (!header) {
    GP_ASSERT(header.error().code == Errc::corrupt || header.error().code == Errc::unsupported);
    GP_ASSERT(!header.error().detail.empty());
    return;
  }
  GP_ASSERT(record::record_octets(header->id.size, header->stored) <= octets.size());
  std::string head;
  record::put_header(head, *header);
  const auto again = record::parse_header(head);
  GP_ASSERT(again && again->id == header->id && again->stored == header->stored);
}

// Frames are read without the walk over the whole record, too.
void read_frames(std::string_view octets, BodyCodec& codec) {
  const auto header = record::parse_header(octets);
  if (!header || header->id.size > (1 << 20) || header->stored > octets.size() - record::kHeaderOctets) return;
  const std::string_view payload = octets.substr(record::kHeaderOctets, header->stored);
  const std::string_view table = octets.substr(record::kHeaderOctets + header->stored);
  if (table.size() < record::table_octets(header->id.size)) return;
  std::uint64_t before = 0;
  std::string out;
  for (std::uint64_t i = 0; i < record::frames_of(header->id.size); ++i) {
    out.resize(record::frame_size(header->id.size, i));
    const auto extent = record::extent_of(record::entry_at(table, i), before, header->stored, out.size());
    if (!extent) return;
    (void)codec.decode(payload.substr(extent->begin, extent->octets), *extent, out);
    before = extent->begin + extent->octets;
  }
}

std::optional<Sha256Value> digest_of_frames(std::string_view octets, const record::Header& header) {
  static BodyCodec codec(1);
  Sha256 digest;
  std::string out;
  std::uint64_t before = 0;
  for (std::uint64_t i = 0; i < record::frames_of(header.id.size); ++i) {
    out.resize(record::frame_size(header.id.size, i));
    const record::Entry entry = record::entry_at(octets.substr(record::kHeaderOctets + header.stored), i);
    const auto extent = record::extent_of(entry, before, header.stored, out.size());
    if (!extent || !codec.decode(octets.substr(record::kHeaderOctets + before, extent->octets), *extent, out))
      return {};
    digest.update(out);
    before = entry.end;
  }
  return digest.finish();
}

// Gives the header, the table, each frame and the content the checksum they should have.
std::string with_checksums(std::string octets) {
  if (octets.size() < record::kHeaderOctets) return octets;
  const auto number = [&](std::size_t at) {
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < 8; ++i) n = n << 8 | static_cast<std::uint8_t>(octets[at + i]);
    return n;
  };
  record::Header header;
  header.id.size = number(8) % (1 << 20);
  std::copy_n(octets.data() + 16, 32, reinterpret_cast<char*>(header.id.sha256.data()));
  const std::uint64_t room = octets.size() - record::kHeaderOctets, table_octets = record::table_octets(header.id.size);
  if (table_octets > room) return octets;
  header.stored = number(48) % (room - table_octets + 1);
  std::string table;
  std::uint64_t before = 0;
  for (std::uint64_t i = 0; i < record::frames_of(header.id.size); ++i) {
    record::Entry entry = record::entry_at(std::string_view(octets).substr(record::kHeaderOctets + header.stored), i);
    entry.end = before + entry.end % (header.stored - before + 1);
    entry.crc = crc32c(std::string_view(octets).substr(record::kHeaderOctets + before, entry.end - before));
    record::put_entry(table, entry);
    before = entry.end;
  }
  octets.replace(record::kHeaderOctets + header.stored, table.size(), table);
  header.stored = before;
  octets.replace(record::kHeaderOctets + before, table.size(), table);
  if (const auto digest = digest_of_frames(octets, header)) header.id.sha256 = *digest;
  header.table_crc = crc32c(table);
  std::string head;
  record::put_header(head, header);
  octets.replace(0, head.size(), head);
  return octets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static BodyCodec codec(1);
  const std::string octets(reinterpret_cast<const char*>(data), size);
  check(octets, codec);
  read_frames(octets, codec);
  const std::string fitting = with_checksums(octets);
  check(fitting, codec);
  read_frames(fitting, codec);
  return 0;
}
