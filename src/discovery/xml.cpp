#include "discovery/xml.hpp"

#include <pugixml.hpp>

#include "base/ascii.hpp"

namespace gatepost::discovery {

namespace {
constexpr int kMaxDepth = 16;
}  // namespace

Result<> load_xml(pugi::xml_document& document, std::string_view text, std::size_t most) {
  if (text.size() > most) return fail(Errc::too_large, "the request");
  // pugixml expands no entity but XML's own five; a document type is refused all the same.
  if (ascii::ifind(text, "<!doctype") != std::string_view::npos) return fail(Errc::invalid, "a document type");
  if (!document.load_buffer(text.data(), text.size(), pugi::parse_default)) return fail(Errc::invalid, "no XML");
  struct Depth final : pugi::xml_tree_walker {
    bool for_each(pugi::xml_node&) override { return depth() < kMaxDepth; }
  } shallow;
  if (!document.traverse(shallow)) return fail(Errc::invalid, "too deep");
  return {};
}

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  for (const pugi::xml_node& node : parent.children()) {
    if (local_name(node) == name) return node;
  }
  return {};
}

std::string_view text_of(const pugi::xml_node& node) { return ascii::trim(node.text().get()); }

}  // namespace gatepost::discovery
