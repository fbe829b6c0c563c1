#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.hpp"

namespace pugi {
class xml_document;
class xml_node;
}  // namespace pugi

// Small XML requests of programs.
namespace gatepost::discovery {

// Reads it into `document`. Errc::too_large; invalid: no XML, with a document type (nothing may be declared here), or
// nested deeper than any request is.
Result<> load_xml(pugi::xml_document& document, std::string_view text, std::size_t most);

// Names without their prefixes: programs differ in those.
std::string_view local_name(const pugi::xml_node& node);
pugi::xml_node child(const pugi::xml_node& parent, std::string_view name);  // the first; empty: none
std::string_view text_of(const pugi::xml_node& node);                       // trimmed

}  // namespace gatepost::discovery
