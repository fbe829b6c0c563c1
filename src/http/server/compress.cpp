#include "http/server/compress.hpp"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

namespace gatepost::http::server {
namespace {

constexpr int kZstdLevel = 19;
// RFC 1952 around RFC 1951: 15 bits of window, and 16 more ask for the gzip header.
constexpr int kGzipWindow = 15 + 16;
constexpr int kGzipMemory = 9;

std::string gzip(std::string_view octets) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, kGzipMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string out(deflateBound(&stream, octets.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));
  stream.avail_in = static_cast<uInt>(octets.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  out.resize(done == Z_STREAM_END ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view octets) {
  std::string out(ZSTD_compressBound(octets.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), octets.data(), octets.size(), kZstdLevel);
  out.resize(ZSTD_isError(size) != 0 ? 0 : size);
  return out;
}

std::string brotli(std::string_view octets) {
  std::size_t size = BrotliEncoderMaxCompressedSize(octets.size());
  std::string out(size, '\0');
  const bool done = BrotliEncoderCompress(BROTLI_DEFAULT_QUALITY, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT,
                                          octets.size(), reinterpret_cast<const std::uint8_t*>(octets.data()), &size,
                                          reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_TRUE;
  out.resize(done ? size : 0);
  return out;
}

}  // namespace

std::string_view to_string(Coding coding) {
  switch (coding) {
    case Coding::gzip:
      return "gzip";
    case Coding::zstd:
      return "zstd";
    case Coding::brotli:
      return "br";
  }
  return {};
}

std::string compress(Coding coding, std::string_view octets) {
  switch (coding) {
    case Coding::gzip:
      return gzip(octets);
    case Coding::zstd:
      return zstd(octets);
    case Coding::brotli:
      return brotli(octets);
  }
  return {};
}

}  // namespace gatepost::http::server
