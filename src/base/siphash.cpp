#include "base/siphash.hpp"

#include <bit>
#include <cstring>

namespace gatepost {
namespace {

// The paper's v0 to v3 (2.1), and its SipRound (2.2).
struct State {
  std::uint64_t a, b, c, d;

  void round() {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
  void take(std::uint64_t word) {
    d ^= word;
    round();
    round();
    a ^= word;
  }
};

std::uint64_t little_endian(const char* octets, std::size_t count) {
  std::uint64_t word = 0;
  std::memcpy(&word, octets, count);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

}  // namespace

std::uint64_t siphash(const SipKey& key, std::string_view bytes) {
  // "somepseudorandomlygeneratedbytes"
  State s{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
          key[1] ^ 0x7465646279746573};
  const std::size_t whole = bytes.size() / 8 * 8;
  for (std::size_t at = 0; at < whole; at += 8) s.take(little_endian(bytes.data() + at, 8));
  const std::uint64_t length = static_cast<std::uint64_t>(bytes.size() & 0xff) << 56;
  s.take(length | (whole < bytes.size() ? little_endian(bytes.data() + whole, bytes.size() - whole) : 0));
  s.c ^= 0xff;
  for (int i = 0; i < 4; ++i) s.round();
  return s.a ^ s.b ^ s.c ^ s.d;
}

}  // namespace gatepost
