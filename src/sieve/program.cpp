#include "sieve/program.hpp"

#include "base/result.hpp"
#include "sieve/compiler.hpp"
#include "sieve/parser.hpp"
#include "sieve/text.hpp"

namespace gatepost::sieve {
namespace {

// require (RFC 5228 3.2): at the very beginning. Drops those from `nodes`.
Parsed<ExtensionSet> take_requires(std::vector<Node>& nodes) {
  ExtensionSet out;
  std::size_t count = 0;
  for (; count < nodes.size() && nodes[count].name == "require"; ++count) {
    Arguments arguments(nodes[count]);
    GP_TRY(const Texts names, arguments.texts("what it asks for"));
    for (const Text& name : names) {
      const auto extension = find_extension(name);
      if (!extension) return wrong(nodes[count].line, "nobody knows \"" + name + "\" here");
      out.add(*extension);
    }
    GP_CHECK(arguments.end());
  }
  nodes.erase(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(count));
  // RFC 6131 2: it comes with "vacation".
  if (out.has(Extension::vacation_seconds)) out.add(Extension::vacation);
  return out;
}

// What extensions make of texts. Nesting is bounded by the parser.
Parsed<> prepare_texts(std::vector<Node>& nodes, ExtensionSet required) {
  for (Node& node : nodes) {
    for (Argument& argument : node.arguments) {
      for (std::string& text : argument.strings) {
        if (required.has(Extension::encoded_character)) {
          GP_TRY(text, decode_characters(text, argument.line));
        }
        if (required.has(Extension::variables)) GP_CHECK(check_references(text, argument.line));
      }
    }
    GP_CHECK(prepare_texts(node.tests, required));
    GP_CHECK(prepare_texts(node.block, required));
  }
  return {};
}

}  // namespace

Parsed<std::shared_ptr<const Program>> compile(std::string_view script) {
  GP_TRY(std::vector<Node> nodes, parse(script));
  auto program = std::make_shared<Program>();
  GP_TRY(program->required, take_requires(nodes));
  if (program->required.has(Extension::encoded_character) || program->has_variables()) {
    GP_CHECK(prepare_texts(nodes, program->required));
  }
  Compiler compiler(program->required);
  GP_TRY(program->commands, compiler.block(nodes));
  program->reads_bodies = compiler.reads_bodies();
  return program;
}

}  // namespace gatepost::sieve
