#pragma once

#include <string>
#include <string_view>

namespace gatepost {

// Octets that are wiped when dropped and never printed: passwords, keys. Move-only.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view value) : value_(value) {}
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }
  Secret clone() const { return Secret(value_); }
  std::string_view reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  void wipe();
  std::string value_;
};

// Time does not depend on where a and b differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace gatepost
