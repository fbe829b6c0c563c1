#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace gatepost::mime {

// Keeps copies of texts at places that do not move while the pool lives, also when the pool itself is moved.
class TextPool {
 public:
  TextPool() = default;
  TextPool(TextPool&&) noexcept = default;
  TextPool& operator=(TextPool&&) noexcept = default;
  TextPool(const TextPool&) = delete;
  TextPool& operator=(const TextPool&) = delete;
  ~TextPool() = default;

  // A copy of `text`; its data() is never null.
  std::string_view keep(std::string_view text);
  std::size_t octets() const { return octets_; }  // kept so far

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* free_ = nullptr;
  std::size_t left_ = 0, next_block_ = 512, octets_ = 0;
};

}  // namespace gatepost::mime
