#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string>

namespace gatepost {

// Randomness as a parameter. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;
  std::uint64_t u64();
  std::string hex(std::size_t octets);        // 2 * octets characters
  std::string token(std::size_t characters);  // letters and digits without 0 O 1 l I: for passwords people type
};

class SystemRandom final : public Random {  // getrandom(2)
 public:
  void fill(std::span<std::byte> out) override;
};

class SeededRandom final : public Random {  // repeatable; tests only. Not for secrets.
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::byte> out) override;

 private:
  std::mutex mutex_;
  std::uint64_t state_;
};

}  // namespace gatepost
