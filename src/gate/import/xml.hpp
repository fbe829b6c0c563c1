#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

// As much of XML as configuration files have: elements, attributes, text without mixed content.
namespace gatepost::gate::importing {

struct Element {
  std::string name;
  std::map<std::string, std::string, std::less<>> attributes;
  std::string text;
  std::vector<Element> children;
  std::string_view attribute(std::string_view key) const;  // "" when there is none
  const Element* child(std::string_view child_name) const;
};

// Errc::invalid: not well-formed, or it declares a document type (whose entities could grow without bounds).
// Errc::too_large: deeper than 16, or more than 200,000 elements.
Result<Element> parse_xml(std::string_view text);

}  // namespace gatepost::gate::importing
