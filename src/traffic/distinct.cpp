#include "traffic/distinct.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/bytes.hpp"

namespace gatepost::traffic {
namespace {

constexpr std::uint8_t kDistinctFormat = 1;
constexpr std::size_t kFewRegisters = 300;  // written one by one; more are written as they are
constexpr std::uint8_t kMaxRank = 64 - 10 + 1;

// splitmix64: numbers in a row become numbers all over.
std::uint64_t mixed(std::uint64_t v) {
  v += 0x9e3779b97f4a7c15;
  v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9;
  v = (v ^ (v >> 27)) * 0x94d049bb133111eb;
  return v ^ (v >> 31);
}

}  // namespace

void Distinct::add(std::uint64_t who) {
  const std::uint64_t hash = mixed(who);
  std::uint8_t& at = registers_[hash >> (64 - kIndexBits)];
  const int zeros = std::countl_zero(hash << kIndexBits | 1ULL << (kIndexBits - 1));
  at = std::max(at, static_cast<std::uint8_t>(zeros + 1));
}

std::uint64_t Distinct::count() const {
  const auto zeros = static_cast<double>(std::ranges::count(registers_, 0));
  double sum = 0;
  for (const std::uint8_t r : registers_) sum += std::ldexp(1.0, -r);
  constexpr double m = kRegisters;
  const double raw = 0.7213 / (1 + 1.079 / m) * m * m / sum;
  // While registers are empty, their number says more than their values.
  const bool few = raw <= 2.5 * m && zeros > 0;
  return static_cast<std::uint64_t>(std::llround(few ? m * std::log(m / zeros) : raw));
}

bool Distinct::empty() const {
  return std::ranges::all_of(registers_, [](std::uint8_t r) { return r == 0; });
}

std::string Distinct::encode() const {
  std::string out;
  put_u8(out, kDistinctFormat);
  const auto used = static_cast<std::size_t>(kRegisters - std::ranges::count(registers_, 0));
  const bool few = used <= kFewRegisters;
  put_u16(out, few ? static_cast<std::uint16_t>(used) : kRegisters);
  for (std::size_t i = 0; i < kRegisters; ++i) {
    if (few && registers_[i] == 0) continue;
    if (few) put_u16(out, static_cast<std::uint16_t>(i));
    put_u8(out, registers_[i]);
  }
  return out;
}

Result<Distinct> Distinct::decode(std::string_view value) {
  ByteReader in(value);
  if (in.u8() != kDistinctFormat) return fail(Errc::corrupt, "sketch format");
  const std::size_t used = in.u16();
  if (used > kFewRegisters && used != kRegisters) return fail(Errc::corrupt, "sketch");
  Distinct out;
  for (std::size_t i = 0; i < used && in.ok(); ++i) {
    const std::size_t at = used == kRegisters ? i : in.u16();
    const std::uint8_t rank = in.u8();
    if (at >= kRegisters || rank > kMaxRank) return fail(Errc::corrupt, "sketch");
    out.registers_[at] = rank;
  }
  if (!in.ok() || !in.at_end()) return fail(Errc::corrupt, "sketch");
  return out;
}

}  // namespace gatepost::traffic
