#include "base/bytes.hpp"

namespace gatepost {
namespace {

template <class T>
void put_big_endian(std::string& out, T v) {
  char octets[sizeof(T)];
  for (std::size_t i = 0; i < sizeof(T); ++i) octets[i] = static_cast<char>(v >> (8 * (sizeof(T) - 1 - i)));
  out.append(octets, sizeof(T));
}

template <class T>
T read_big_endian(std::string_view octets) {
  T v = 0;
  for (char c : octets) v = static_cast<T>(static_cast<T>(v << 7 << 1) | static_cast<unsigned char>(c));
  return v;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void put_u8(std::string& out, std::uint8_t v) { out.push_back(static_cast<char>(v)); }
void put_u16(std::string& out, std::uint16_t v) { put_big_endian(out, v); }
void put_u32(std::string& out, std::uint32_t v) { put_big_endian(out, v); }
void put_u64(std::string& out, std::uint64_t v) { put_big_endian(out, v); }

void put_varint(std::string& out, std::uint64_t v) {
  char octets[10];
  std::size_t n = 0;
  while (v >= 0x80) {
    octets[n++] = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  octets[n++] = static_cast<char>(v);
  out.append(octets, n);
}

void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

std::uint16_t ByteReader::u16() { return read_big_endian<std::uint16_t>(take(2)); }
std::uint32_t ByteReader::u32() { return read_big_endian<std::uint32_t>(take(4)); }
std::uint64_t ByteReader::u64() { return read_big_endian<std::uint64_t>(take(8)); }

std::uint64_t ByteReader::long_varint() {
  std::uint64_t v = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    const std::string_view octet = take(1);
    if (!ok_) return 0;
    const auto bits = static_cast<unsigned char>(octet[0]);
    if (shift == 63 && bits > 1) break;  // would need more than 64 bits
    v |= static_cast<std::uint64_t>(bits & 0x7f) << shift;
    if ((bits & 0x80) == 0) return v;
  }
  ok_ = false;
  rest_ = {};
  return 0;
}

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) {
    const auto octet = static_cast<unsigned char>(c);
    out.push_back(kDigits[octet >> 4]);
    out.push_back(kDigits[octet & 15]);
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_value(hex[i]);
    const int low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

}  // namespace gatepost
