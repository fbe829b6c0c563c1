#include "config/document.hpp"

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "config/toml.hpp"

namespace gatepost::config {
namespace {

Node to_node(const toml::node& node) {
  Node out;
  out.line = static_cast<std::uint32_t>(node.source().begin.line);
  if (const auto* b = node.as_boolean()) {
    out.kind = Node::Kind::boolean;
    out.boolean = b->get();
  } else if (const auto* n = node.as_integer()) {
    out.kind = Node::Kind::integer;
    out.integer = n->get();
  } else if (const auto* s = node.as_string()) {
    out.kind = Node::Kind::string;
    out.string = s->get();
  } else if (const auto* a = node.as_array()) {
    out.kind = Node::Kind::array;
    out.elements.reserve(a->size());
    for (const toml::node& element : *a) out.elements.push_back(to_node(element));
  } else if (const auto* t = node.as_table()) {
    out.kind = Node::Kind::table;
    for (const auto& [key, element] : *t) {
      out.names.emplace_back(key.str());
      out.elements.push_back(to_node(element));
      // A value is where its key is: a table of its own begins at its bracket, which may be elsewhere.
      if (!element.is_table()) out.elements.back().line = static_cast<std::uint32_t>(key.source().begin.line);
    }
  }
  return out;
}

}  // namespace

Problem not_toml(const toml::parse_error& error, std::string_view filename) {
  std::string what = printable(error.description());
  if (!what.empty()) what[0] = ascii::lower(what[0]);
  return {.file = std::string(filename),
          .line = static_cast<std::uint32_t>(error.source().begin.line),
          .what = fmt::format("not TOML at column {}: {}", error.source().begin.column, what),
          .cure = "Look at quotes, brackets and equal signs of this line."};
}

std::expected<Node, Problem> parse_document(std::string_view text, std::string_view filename) {
  const toml::parse_result parsed = toml::parse(text, filename);
  if (!parsed) return std::unexpected(not_toml(parsed.error(), filename));
  return to_node(parsed.table());
}

}  // namespace gatepost::config
