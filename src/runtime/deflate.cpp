#include "runtime/deflate.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <zlib.h>

namespace gatepost::runtime {
namespace {

constexpr int kRaw = -MAX_WBITS;  // no header, and all of the window
// 96 KiB while something is compressed: mail text loses hardly anything by a window of 8 KiB.
constexpr int kOurWindow = -13;
constexpr int kMemoryLevel = 7;
constexpr int kLevel = 5;
constexpr std::size_t kPage = 16 << 10;
constexpr std::size_t kHistory = 32 << 10;
// Such pieces are not worth a compressor; one block takes them as they are (RFC 1951 3.2.4).
constexpr std::size_t kStoredOctets = 256;

Bytef* octets_of(const char* text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text)); }
uInt size_of(std::size_t octets) {
  return static_cast<uInt>(std::min<std::size_t>(octets, std::numeric_limits<int>::max()));
}

}  // namespace

Inflater::Inflater() = default;
Inflater::~Inflater() {
  if (stream_) inflateEnd(stream_.get());
}

Result<> Inflater::begin() {
  auto stream = std::make_unique<z_stream>();
  if (inflateInit2(stream.get(), kRaw) != Z_OK) return fail(Errc::unavailable, "no memory for decompression");
  if (!history_.empty()) inflateSetDictionary(stream.get(), octets_of(history_.data()), size_of(history_.size()));
  stream_ = std::move(stream);
  between_blocks_ = false;
  history_ = {};
  return {};
}

Result<Inflater::Progress> Inflater::next(std::string_view in, std::span<char> out) {
  // Nothing is held back between two blocks, and zlib would forget that it is there.
  if (in.empty() && (!stream_ || between_blocks_)) return Progress{};
  if (!stream_) GP_CHECK(begin());
  z_stream& z = *stream_;
  z.next_in = octets_of(in.data());
  z.avail_in = size_of(in.size());
  z.next_out = octets_of(out.data());
  z.avail_out = size_of(out.size());
  const uInt in_before = z.avail_in;
  const uInt out_before = z.avail_out;
  const int result = inflate(&z, Z_SYNC_FLUSH);
  // data_type: the unused bits of the last octet, 64 in the last block, 128 between two blocks (zlib.h, inflate()).
  between_blocks_ = (z.data_type & 255) == 128;
  Progress progress{in_before - z.avail_in, out_before - z.avail_out, result == Z_STREAM_END};
  z.next_in = nullptr;
  z.next_out = nullptr;
  if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR) return progress;
  if (result == Z_MEM_ERROR) return fail(Errc::unavailable, "no memory for decompression");
  return fail(Errc::invalid, "the compressed octets are broken");
}

void Inflater::rest() {
  if (!stream_ || !between_blocks_) return;
  std::string history(kHistory, '\0');
  uInt size = 0;
  if (inflateGetDictionary(stream_.get(), octets_of(history.data()), &size) != Z_OK) return;
  history_.assign(history, 0, size);
  inflateEnd(stream_.get());
  stream_.reset();
}

Deflater::Deflater() = default;
Deflater::~Deflater() { rest(); }

Result<> Deflater::begin() {
  auto stream = std::make_unique<z_stream>();
  if (deflateInit2(stream.get(), kLevel, Z_DEFLATED, kOurWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    return fail(Errc::unavailable, "no memory for compression");
  }
  stream_ = std::move(stream);
  return {};
}

Result<bool> Deflater::next(std::string& out) {
  if (!stream_ && rest_.size() < kStoredOctets) {
    const auto size = static_cast<unsigned>(rest_.size());
    const unsigned inverse = ~size;
    for (const unsigned octet : {0U, size, size >> 8, inverse, inverse >> 8}) out.push_back(static_cast<char>(octet));
    out.append(std::exchange(rest_, {}));
    return false;
  }
  if (!stream_) GP_CHECK(begin());
  z_stream& z = *stream_;
  const std::size_t before = out.size();
  out.resize(before + kPage);
  z.next_in = octets_of(rest_.data());
  z.avail_in = size_of(rest_.size());
  z.next_out = octets_of(out.data() + before);
  z.avail_out = kPage;
  deflate(&z, Z_SYNC_FLUSH);
  rest_.remove_prefix(rest_.size() - z.avail_in);
  const bool more = z.avail_out == 0;
  out.resize(before + kPage - z.avail_out);
  z.next_in = nullptr;
  z.next_out = nullptr;
  return more;
}

void Deflater::rest() {
  if (!stream_) return;
  deflateEnd(stream_.get());
  stream_.reset();
}

}  // namespace gatepost::runtime
