#include "outside/connection.hpp"

namespace gatepost::outside {

std::string_view Entry::first(std::string_view attribute) const {
  const auto& values = all(attribute);
  return values.empty() ? std::string_view() : std::string_view(values.front());
}

const std::vector<std::string>& Entry::all(std::string_view attribute) const {
  static const std::vector<std::string> none;
  const auto at = attributes.find(attribute);
  return at == attributes.end() ? none : at->second;
}

}  // namespace gatepost::outside
