#include "base/random.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace gatepost {

std::uint64_t Random::u64() {
  std::uint64_t v = 0;
  fill(std::as_writable_bytes(std::span(&v, 1)));
  return v;
}

std::string Random::hex(std::size_t octets) {
  std::string bytes(octets, '\0');
  fill(std::as_writable_bytes(std::span(bytes.data(), bytes.size())));
  return to_hex(bytes);
}

std::string Random::token(std::size_t characters) {
  static constexpr std::string_view kLetters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  // Octets from here up are thrown away: with them some letters would come more often.
  static constexpr std::size_t kFair = 256 / kLetters.size() * kLetters.size();
  std::string out;
  out.reserve(characters);
  std::array<std::byte, 64> octets;
  while (out.size() < characters) {
    fill(octets);
    for (std::byte octet : octets) {
      const auto value = std::to_integer<std::size_t>(octet);
      if (value < kFair && out.size() < characters) out.push_back(kLetters[value % kLetters.size()]);
    }
  }
  return out;
}

void SystemRandom::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    GP_ASSERT(got > 0);  // there is no safe way on without randomness
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

// SplitMix64: any seed, also zero, gives a good sequence.
void SeededRandom::fill(std::span<std::byte> out) {
  const std::lock_guard lock(mutex_);
  while (!out.empty()) {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    const std::size_t octets = std::min(out.size(), sizeof z);
    std::memcpy(out.data(), &z, octets);
    out = out.subspan(octets);
  }
}

}  // namespace gatepost
