#include "store/body_codec.hpp"

#include <cstring>

#include <zstd.h>

#include "base/digest.hpp"

namespace gatepost::store {
namespace {

// Decides whether a frame is compressed at all: two samples at a level that finds repetitions but does no entropy
// coding. Base64, which is most of the octets of office mail, has none: it is stored as it is, for an eighth of what
// coding it would cost.
constexpr int kProbeLevel = -1;
constexpr std::size_t kSampleOctets = 4 << 10;
constexpr std::size_t kProbeFrom = 16 << 10;  // smaller frames are cheaper to try than to probe
constexpr std::size_t kWorthPercent = 80;     // compressed, samples must be at most this

}  // namespace

struct BodyCodec::State {
  ~State() {
    ZSTD_freeCCtx(compress);
    ZSTD_freeDCtx(decompress);
  }
  ZSTD_CCtx* compress = ZSTD_createCCtx();
  ZSTD_DCtx* decompress = ZSTD_createDCtx();
  std::string scratch;
};

BodyCodec::BodyCodec(int level) : state_(std::make_unique<State>()), level_(level) {
  GP_ASSERT(state_->compress != nullptr && state_->decompress != nullptr);
}
BodyCodec::~BodyCodec() = default;

bool BodyCodec::worth_compressing(std::string_view frame) {
  if (frame.size() < kProbeFrom) return true;
  char out[kSampleOctets];
  std::size_t total = 0;
  for (const std::size_t at : {frame.size() / 4, frame.size() * 3 / 4 - kSampleOctets / 2}) {
    const std::size_t n =
        ZSTD_compressCCtx(state_->compress, out, sizeof out, frame.data() + at, kSampleOctets, kProbeLevel);
    total += ZSTD_isError(n) ? kSampleOctets : n;  // an error: it did not even fit
  }
  return total * 100 <= 2 * kSampleOctets * kWorthPercent;
}

void BodyCodec::encode(std::string_view frame, std::string& payload, std::string& table, std::uint64_t payload_before) {
  const std::size_t begin = payload.size();
  bool raw = true;
  if (level_ != 0 && worth_compressing(frame)) {
    auto& scratch = state_->scratch;
    // Room for less than the frame: what does not shrink by an eighth is not worth decompressing later.
    const std::size_t room = frame.size() - frame.size() / 8;
    if (scratch.size() < room) scratch.resize(record::kFrameOctets);
    const std::size_t n = ZSTD_compressCCtx(state_->compress, scratch.data(), room, frame.data(), frame.size(), level_);
    if (!ZSTD_isError(n)) {
      payload.append(scratch.data(), n);
      raw = false;
    }
  }
  if (raw) payload.append(frame);
  const std::uint32_t crc = crc32c(std::string_view(payload).substr(begin));
  record::put_entry(table, record::Entry{payload_before + payload.size(), raw, crc});
}

void BodyCodec::encode_record(const BlobId& id, std::string_view body, std::string& out) {
  const std::size_t begin = out.size();
  out.reserve(begin + record::record_octets(body.size(), body.size()));
  out.append(record::kHeaderOctets, '\0');
  std::string table;
  table.reserve(record::table_octets(body.size()));
  const std::size_t payload_begin = out.size();
  for (std::uint64_t i = 0; i < record::frames_of(body.size()); ++i) {
    // encode() counts from the string's front; entries count from the payload's.
    std::string_view frame = body.substr(i * record::kFrameOctets, record::frame_size(body.size(), i));
    encode(frame, out, table, std::uint64_t{0} - payload_begin);
  }
  record::Header header;
  header.id = id;
  header.stored = out.size() - payload_begin;
  header.table_crc = crc32c(table);
  std::string head;
  record::put_header(head, header);
  std::memcpy(out.data() + begin, head.data(), head.size());
  out.append(table);
  out.resize(begin + record::record_octets(id.size, header.stored));
}

Result<> BodyCodec::decode(std::string_view stored, const record::Extent& extent, std::span<char> out) {
  if (stored.size() != extent.octets || crc32c(stored) != extent.crc) return fail(Errc::corrupt, "frame checksum");
  if (extent.raw) {
    if (stored.size() != out.size()) return fail(Errc::corrupt, "frame size");
    std::memcpy(out.data(), stored.data(), stored.size());
    return {};
  }
  const std::size_t n = ZSTD_decompressDCtx(state_->decompress, out.data(), out.size(), stored.data(), stored.size());
  if (ZSTD_isError(n) || n != out.size()) return fail(Errc::corrupt, "frame does not decompress");
  return {};
}

CodecPool::Lent CodecPool::borrow() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Lent lent(idle_.back().release(), GiveBack{this});
      idle_.pop_back();
      return lent;
    }
  }
  return Lent(new BodyCodec(level_), GiveBack{this});
}

void CodecPool::give_back(BodyCodec* codec) {
  constexpr std::size_t kMaxIdle = 8;
  std::unique_ptr<BodyCodec> owned(codec);
  std::lock_guard lock(mutex_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(owned));
}

Result<record::Header> verify_record(const RecordSource& source, std::uint64_t available, BodyCodec& codec) {
  constexpr std::uint64_t kEntriesAtOnce = 4096;
  if (available < record::kHeaderOctets) return fail(Errc::corrupt, "record header is cut off");
  char head[record::kHeaderOctets];
  GP_CHECK(source(0, head));
  GP_TRY(const record::Header header, record::parse_header(std::string_view(head, sizeof head)));
  const std::uint64_t size = header.id.size, frames = record::frames_of(size);
  if (record::record_octets(size, header.stored) > available) return fail(Errc::corrupt, "record is cut off");

  Sha256 digest;
  std::string table, stored, frame(record::kFrameOctets, '\0');
  std::uint32_t table_crc = 0;
  std::uint64_t before = 0;
  for (std::uint64_t i = 0; i < frames; ++i) {
    if (i % kEntriesAtOnce == 0) {
      table.resize(std::min(kEntriesAtOnce, frames - i) * record::kTableEntryOctets);
      GP_CHECK(source(record::kHeaderOctets + header.stored + i * record::kTableEntryOctets, std::span(table)));
      table_crc = crc32c(table, table_crc);
    }
    const std::size_t octets = record::frame_size(size, i);
    const record::Entry entry = record::entry_at(table, i % kEntriesAtOnce);
    GP_TRY(const record::Extent extent, record::extent_of(entry, before, header.stored, octets));
    stored.resize(extent.octets);
    GP_CHECK(source(record::kHeaderOctets + extent.begin, std::span(stored)));
    GP_CHECK(codec.decode(stored, extent, std::span(frame.data(), octets)));
    digest.update(std::string_view(frame).substr(0, octets));
    before = extent.begin + extent.octets;
  }
  if (table_crc != header.table_crc) return fail(Errc::corrupt, "frame table is damaged");
  if (before != header.stored) return fail(Errc::corrupt, "frames do not fill the record");
  if (digest.finish() != header.id.sha256) return fail(Errc::corrupt, "content does not have its digest");
  return header;
}

Result<record::Header> verify_record(std::string_view octets, BodyCodec& codec) {
  const RecordSource source = [octets](std::uint64_t offset, std::span<char> out) -> Result<> {
    if (offset > octets.size() || out.size() > octets.size() - offset) return fail(Errc::corrupt, "record is cut off");
    std::memcpy(out.data(), octets.data() + offset, out.size());
    return {};
  };
  return verify_record(source, octets.size(), codec);
}

}  // namespace gatepost::store
