#include "transfer/zip_writer.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/result.hpp"

namespace gatepost::transfer {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kDescriptor = 0x08074b50, kCentral = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50, kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr std::uint16_t kVersion = 20, kVersion64 = 45;  // 4.4.3.2
constexpr std::uint16_t kUnixVersion = (3 << 8) | kVersion64;
constexpr std::uint16_t kFlags = (1 << 3) | (1 << 11);  // 4.4.4: lengths behind the file, a name in UTF-8
constexpr std::uint16_t kDeflated = 8;
constexpr std::uint16_t kExtra64 = 1;  // 4.5.3
constexpr std::uint32_t kMost32 = 0xffffffff;
constexpr std::uint16_t kMost16 = 0xffff;
constexpr std::uint32_t kPlainFile = 0100600U << 16;
constexpr std::size_t kBufferOctets = 64 << 10;

void put16(std::string& out, std::uint64_t n) {
  for (int i = 0; i < 2; ++i) out.push_back(static_cast<char>(n >> (8 * i)));
}
void put32(std::string& out, std::uint64_t n) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(n >> (8 * i)));
}
void put64(std::string& out, std::uint64_t n) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(n >> (8 * i)));
}

// 4.4.6: MS-DOS' date and time, in UTC; it begins in 1980.
std::uint32_t dos_time(TimePoint t) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(std::max(t, TimePoint())));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  const int year = std::clamp(parts.tm_year - 80, 0, 127);
  const auto date = static_cast<std::uint32_t>((year << 9) | ((parts.tm_mon + 1) << 5) | parts.tm_mday);
  return (date << 16) | static_cast<std::uint32_t>((parts.tm_hour << 11) | (parts.tm_min << 5) | (parts.tm_sec / 2));
}

}  // namespace

struct ZipWriter::Deflate {
  z_stream stream{};
  std::array<char, kBufferOctets> buffer{};
  // A mailbox is mostly encoded attachments: what more effort would save is not worth a processor.
  Deflate() { GP_ASSERT(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK); }
  ~Deflate() { deflateEnd(&stream); }
};

ZipWriter::ZipWriter() = default;
ZipWriter::~ZipWriter() = default;

void ZipWriter::begin(std::string_view name, TimePoint modified, bool may_be_large, std::string& out) {
  const std::size_t before = out.size();
  Entry entry{.name = std::string(name.substr(0, kMost16)),
              .time = dos_time(modified),
              .offset = written_,
              .large = may_be_large};
  put32(out, kLocal);
  put16(out, entry.large ? kVersion64 : kVersion);
  put16(out, kFlags);
  put16(out, kDeflated);
  put32(out, entry.time);
  put32(out, 0);
  put32(out, entry.large ? kMost32 : 0);
  put32(out, entry.large ? kMost32 : 0);
  put16(out, entry.name.size());
  put16(out, entry.large ? 20 : 0);
  out += entry.name;
  if (entry.large) {
    put16(out, kExtra64);
    put16(out, 16);
    put64(out, 0);
    put64(out, 0);
  }
  written_ += out.size() - before;
  entries_.push_back(std::move(entry));
  deflate_ = std::make_unique<Deflate>();
}

void ZipWriter::deflate(std::string_view octets, bool last, std::string& out) {
  Entry& entry = entries_.back();
  z_stream& stream = deflate_->stream;
  const std::size_t before = out.size();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));  // zlib's C interface; it only reads
  stream.avail_in = static_cast<uInt>(octets.size());
  int state = Z_OK;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(deflate_->buffer.data());
    stream.avail_out = static_cast<uInt>(deflate_->buffer.size());
    state = ::deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    GP_ASSERT(state != Z_STREAM_ERROR);
    out.append(deflate_->buffer.data(), deflate_->buffer.size() - stream.avail_out);
  } while (stream.avail_out == 0 || (last && state != Z_STREAM_END));
  entry.packed += out.size() - before;
  written_ += out.size() - before;
}

void ZipWriter::write(std::string_view octets, std::string& out) {
  constexpr std::size_t kAtOnce = 1 << 30;  // zlib counts in 32 bits
  Entry& entry = entries_.back();
  while (!octets.empty()) {
    const std::string_view some = octets.substr(0, kAtOnce);
    octets.remove_prefix(some.size());
    entry.crc = static_cast<std::uint32_t>(
        crc32(entry.crc, reinterpret_cast<const Bytef*>(some.data()), static_cast<uInt>(some.size())));
    entry.octets += some.size();
    deflate(some, false, out);
  }
}

void ZipWriter::end(std::string& out) {
  deflate({}, true, out);
  deflate_.reset();
  const Entry& entry = entries_.back();
  const std::size_t before = out.size();
  put32(out, kDescriptor);
  put32(out, entry.crc);
  if (entry.large) {
    put64(out, entry.packed);
    put64(out, entry.octets);
  } else {
    put32(out, entry.packed);
    put32(out, entry.octets);
  }
  written_ += out.size() - before;
}

void ZipWriter::finish(std::string& out) {
  const std::uint64_t directory = written_;
  const std::size_t before = out.size();
  for (const Entry& e : entries_) {
    std::string extra;
    const auto or_extra = [&](std::uint64_t n) -> std::uint64_t {
      if (n < kMost32) return n;
      put64(extra, n);
      return kMost32;
    };
    // 4.5.3: in this order, and only those that do not fit.
    const std::uint64_t octets = or_extra(e.octets), packed = or_extra(e.packed);
    const std::uint64_t offset = or_extra(e.offset);
    put32(out, kCentral);
    put16(out, kUnixVersion);
    put16(out, e.large || !extra.empty() ? kVersion64 : kVersion);
    put16(out, kFlags);
    put16(out, kDeflated);
    put32(out, e.time);
    put32(out, e.crc);
    put32(out, packed);
    put32(out, octets);
    put16(out, e.name.size());
    put16(out, extra.empty() ? 0 : extra.size() + 4);
    put16(out, 0);  // comment
    put16(out, 0);  // disk
    put16(out, 0);  // internal attributes
    put32(out, kPlainFile);
    put32(out, offset);
    out += e.name;
    if (!extra.empty()) {
      put16(out, kExtra64);
      put16(out, extra.size());
      out += extra;
    }
  }
  const std::uint64_t length = out.size() - before, end = directory + length;
  if (entries_.size() >= kMost16 || directory >= kMost32 || length >= kMost32) {
    put32(out, kEnd64);
    put64(out, 44);
    put16(out, kUnixVersion);
    put16(out, kVersion64);
    put32(out, 0);
    put32(out, 0);
    put64(out, entries_.size());
    put64(out, entries_.size());
    put64(out, length);
    put64(out, directory);
    put32(out, kLocator64);
    put32(out, 0);
    put64(out, end);
    put32(out, 1);
  }
  put32(out, kEnd);
  put16(out, 0);
  put16(out, 0);
  put16(out, std::min<std::uint64_t>(entries_.size(), kMost16));
  put16(out, std::min<std::uint64_t>(entries_.size(), kMost16));
  put32(out, std::min<std::uint64_t>(length, kMost32));
  put32(out, std::min<std::uint64_t>(directory, kMost32));
  put16(out, 0);
  written_ += out.size() - before;
}

}  // namespace gatepost::transfer
