#include "base/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <cstring>
#include <utility>

#include "base/result.hpp"

namespace gatepost {
namespace {

// Fetched once: an implicit fetch costs more than hashing a short key.
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  GP_ASSERT(method != nullptr);
  return method;
}

constexpr std::uint32_t kCastagnoli = 0x82f63b78;  // reflected polynomial (RFC 3720 12.1)

using SliceTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr SliceTables make_tables() {
  SliceTables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kCastagnoli : 0);
    tables[0][i] = crc;
  }
  for (std::uint32_t i = 0; i < 256; ++i) {
    for (std::size_t t = 1; t < tables.size(); ++t) {
      tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 0xff];
    }
  }
  return tables;
}
constexpr SliceTables kTables = make_tables();

std::uint32_t crc32c_table(std::string_view bytes, std::uint32_t crc) {
  const char* p = bytes.data();
  std::size_t n = bytes.size();
  auto octet = [](const char* at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(*at)); };
  for (; n >= 8; p += 8, n -= 8) {
    const std::uint32_t low = crc ^ (octet(p) | octet(p + 1) << 8 | octet(p + 2) << 16 | octet(p + 3) << 24);
    crc = kTables[7][low & 0xff] ^ kTables[6][low >> 8 & 0xff] ^ kTables[5][low >> 16 & 0xff] ^ kTables[4][low >> 24] ^
          kTables[3][octet(p + 4)] ^ kTables[2][octet(p + 5)] ^ kTables[1][octet(p + 6)] ^ kTables[0][octet(p + 7)];
  }
  for (; n != 0; ++p, --n) crc = (crc >> 8) ^ kTables[0][(crc ^ octet(p)) & 0xff];
  return crc;
}

#if defined(__x86_64__)
// A CRC over kBlock zero octets is a linear map of the 32 register bits; four tables apply it octet by octet. With it
// three independent blocks are summed side by side, which hides the three-cycle latency of the instruction.
constexpr std::size_t kBlock = 1024;
using ShiftTables = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr ShiftTables make_shift(std::size_t octets) {
  std::array<std::uint32_t, 32> columns{};
  for (unsigned bit = 0; bit < 32; ++bit) {
    std::uint32_t crc = 1U << bit;
    for (std::size_t i = 0; i < octets; ++i) crc = (crc >> 8) ^ kTables[0][crc & 0xff];
    columns[bit] = crc;
  }
  ShiftTables tables{};
  for (unsigned t = 0; t < 4; ++t) {
    for (std::uint32_t v = 0; v < 256; ++v) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        if ((v >> bit & 1) != 0) tables[t][v] ^= columns[t * 8 + bit];
      }
    }
  }
  return tables;
}

const ShiftTables& block_shift() {
  static const ShiftTables tables = make_shift(kBlock);
  return tables;
}

std::uint32_t shift(const ShiftTables& tables, std::uint32_t crc) {
  return tables[0][crc & 0xff] ^ tables[1][crc >> 8 & 0xff] ^ tables[2][crc >> 16 & 0xff] ^ tables[3][crc >> 24];
}

__attribute__((target("sse4.2"))) std::uint64_t step(std::uint64_t crc, const char* p) {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return __builtin_ia32_crc32di(crc, word);
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::string_view bytes, std::uint32_t seed) {
  const char* p = bytes.data();
  std::size_t n = bytes.size();
  std::uint64_t crc = seed;
  if (n >= 3 * kBlock) {
    const ShiftTables& tables = block_shift();
    for (; n >= 3 * kBlock; p += 3 * kBlock, n -= 3 * kBlock) {
      std::uint64_t second = 0;
      std::uint64_t third = 0;
      for (std::size_t i = 0; i < kBlock; i += 8) {
        crc = step(crc, p + i);
        second = step(second, p + kBlock + i);
        third = step(third, p + 2 * kBlock + i);
      }
      crc = shift(tables, static_cast<std::uint32_t>(crc)) ^ second;
      crc = shift(tables, static_cast<std::uint32_t>(crc)) ^ third;
    }
  }
  for (; n >= 8; p += 8, n -= 8) crc = step(crc, p);
  auto rest = static_cast<std::uint32_t>(crc);
  for (; n != 0; ++p, --n) rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(*p));
  return rest;
}
#endif

}  // namespace

Sha256Value sha256(std::string_view bytes) {
  Sha256Value value;
  unsigned size = 0;
  GP_ASSERT(EVP_Digest(bytes.data(), bytes.size(), value.data(), &size, sha256_method(), nullptr) == 1);
  return value;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string out(32, '\0');
  unsigned size = 0;
  // HMAC() takes a null key for "the key of before"; an empty view may carry a null pointer.
  const char* key_data = key.empty() ? "" : key.data();
  GP_ASSERT(HMAC(sha256_method(), key_data, static_cast<int>(key.size()),
                 reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                 reinterpret_cast<unsigned char*>(out.data()), &size) != nullptr);
  return out;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
#if defined(__x86_64__)
  static const bool hardware = __builtin_cpu_supports("sse4.2");
  if (hardware) return ~crc32c_sse42(bytes, ~seed);
#endif
  return ~crc32c_table(bytes, ~seed);
}

std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t seed) { return ~crc32c_table(bytes, ~seed); }

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() {
    GP_ASSERT(context != nullptr);
    start();
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  void start() { GP_ASSERT(EVP_DigestInit_ex2(context, sha256_method(), nullptr) == 1); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  GP_ASSERT(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

Sha256Value Sha256::finish() {
  Sha256Value value;
  GP_ASSERT(EVP_DigestFinal_ex(state_->context, value.data(), nullptr) == 1);
  state_->start();
  return value;
}

}  // namespace gatepost
