#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// Fixed-size integers in network order (keys, which must sort) and varints (values, which must be small).
namespace gatepost {

void put_u8(std::string& out, std::uint8_t v);
void put_u16(std::string& out, std::uint16_t v);
void put_u32(std::string& out, std::uint32_t v);
void put_u64(std::string& out, std::uint64_t v);
void put_varint(std::string& out, std::uint64_t v);      // LEB128, 1 to 10 octets
void put_text(std::string& out, std::string_view text);  // varint length, then the octets

// Reads what the functions above wrote. Any read past the end, or a varint over 64 bits, makes ok() false for good;
// reads then return zero or empty. Views point into the input.
class ByteReader {
 public:
  explicit ByteReader(std::string_view input) : rest_(input) {}
  std::uint8_t u8() {
    const std::string_view octet = take(1);
    return octet.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(octet[0]);
  }
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  std::uint64_t varint() {
    if (rest_.empty() || (static_cast<unsigned char>(rest_[0]) & 0x80) != 0) return long_varint();
    const auto v = static_cast<unsigned char>(rest_[0]);
    rest_.remove_prefix(1);
    return v;
  }
  std::string_view text() { return take(varint()); }
  std::string_view take(std::size_t octets) {
    if (!ok_ || octets > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, octets);
    rest_.remove_prefix(octets);
    return taken;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::uint64_t long_varint();
  std::string_view rest_;
  bool ok_ = true;
};

inline std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(std::string_view bytes);  // lower case
std::optional<std::string> from_hex(std::string_view hex);

}  // namespace gatepost
