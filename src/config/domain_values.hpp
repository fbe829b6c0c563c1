#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "config/key_values.hpp"

// Values that name mail domains.
namespace gatepost::config {

inline values::Refusal domain_or_nothing(std::string_view text) {
  return text.empty() ? std::nullopt : values::host_name(text);
}

// Adds a domain of a list, in lower case; false: it is none.
inline bool take_domain(std::string_view text, std::vector<std::string>& out) {
  if (!is_host_name(text)) return false;
  out.push_back(ascii::to_lower(text));
  return true;
}

}  // namespace gatepost::config
