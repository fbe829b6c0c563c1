#include "sieve/parser.hpp"

#include "base/result.hpp"
#include "sieve/lexer.hpp"
#include "sieve/limits.hpp"

namespace gatepost::sieve {
namespace {

std::string words_for(const Token& token) {
  switch (token.kind) {
    case Token::Kind::end:
      return "the end of the script";
    case Token::Kind::punctuation:
      return std::string("\"") + token.punctuation + "\"";
    case Token::Kind::string:
      return "a string";
    case Token::Kind::number:
      return "a number";
    case Token::Kind::tag:
      return ":" + token.text;
    case Token::Kind::identifier:
      break;
  }
  return "\"" + token.text + "\"";
}

// Recursion is bounded by kMaxNesting.
class Parser {
 public:
  explicit Parser(std::string_view script) : lexer_(script) {}

  // start = commands
  Parsed<std::vector<Node>> all() {
    GP_CHECK(advance());
    GP_TRY(auto commands, block(0));
    if (token_.kind != Token::Kind::end) return wrong(token_.line, words_for(token_) + " closes nothing");
    return commands;
  }

 private:
  Parsed<> advance() {
    auto token = lexer_.next();
    if (!token) return std::unexpected(std::move(token).error());
    token_ = *std::move(token);
    return {};
  }

  Parsed<> count() {
    if (++nodes_ > kMaxNodes) return wrong(token_.line, "the script has too many commands and tests");
    return {};
  }

  // commands = *command, up to a "}" or the end.
  Parsed<std::vector<Node>> block(std::size_t depth) {
    if (depth > kMaxNesting) return wrong(token_.line, "blocks and tests are nested too deep");
    std::vector<Node> commands;
    while (token_.kind != Token::Kind::end && !token_.is('}')) {
      if (depth == 0) {
        if (std::string rule = lexer_.take_rule(); !rule.empty()) rule_ = std::move(rule);
      }
      GP_TRY(Node command, this->command(depth));
      commands.push_back(std::move(command));
    }
    return commands;
  }

  // command = identifier arguments (";" / block)
  Parsed<Node> command(std::size_t depth) {
    if (token_.kind != Token::Kind::identifier) {
      return wrong(token_.line, "a command was expected, not " + words_for(token_));
    }
    GP_TRY(Node node, this->node(depth));
    node.rule = rule_;
    if (token_.is('{')) {
      node.has_block = true;
      GP_CHECK(advance());
      GP_TRY(node.block, block(depth + 1));
      if (!token_.is('}')) return wrong(node.line, "the block of this \"" + node.name + "\" has no end");
      GP_CHECK(advance());
      return node;
    }
    if (!token_.is(';')) {
      return wrong(token_.line,
                   "\"" + node.name + "\" ends with a semicolon or a block, not with " + words_for(token_));
    }
    GP_CHECK(advance());
    return node;
  }

  // arguments = *argument [ test / test-list ]
  Parsed<Node> node(std::size_t depth) {
    GP_CHECK(count());
    Node node;
    node.name = token_.text;
    node.line = token_.line;
    GP_CHECK(advance());
    while (token_.kind == Token::Kind::tag || token_.kind == Token::Kind::number ||
           token_.kind == Token::Kind::string || token_.is('[')) {
      GP_TRY(Argument argument, this->argument());
      node.arguments.push_back(std::move(argument));
    }
    if (token_.kind == Token::Kind::identifier) {
      if (depth >= kMaxNesting) return wrong(token_.line, "blocks and tests are nested too deep");
      GP_TRY(Node test, this->node(depth + 1));
      node.tests.push_back(std::move(test));
    } else if (token_.is('(')) {
      GP_TRY(node.tests, tests(depth + 1));
      node.has_test_list = true;
    }
    return node;
  }

  // test-list = "(" test *("," test) ")"
  Parsed<std::vector<Node>> tests(std::size_t depth) {
    if (depth > kMaxNesting) return wrong(token_.line, "blocks and tests are nested too deep");
    std::vector<Node> list;
    do {
      GP_CHECK(advance());
      if (token_.kind != Token::Kind::identifier) {
        return wrong(token_.line, "a test was expected, not " + words_for(token_));
      }
      GP_TRY(Node test, node(depth));
      list.push_back(std::move(test));
    } while (token_.is(','));
    if (!token_.is(')')) return wrong(token_.line, "tests end with \")\", not with " + words_for(token_));
    GP_CHECK(advance());
    return list;
  }

  // argument = string-list / number / tag;   string-list = "[" string *("," string) "]" / string
  Parsed<Argument> argument() {
    Argument out;
    out.line = token_.line;
    if (token_.kind == Token::Kind::tag) {
      out.tag = std::move(token_.text);
    } else if (token_.kind == Token::Kind::number) {
      out.kind = Argument::Kind::number;
      out.number = token_.number;
    } else {
      out.kind = Argument::Kind::strings;
      out.is_list = token_.is('[');
      if (!out.is_list) {
        out.strings.push_back(std::move(token_.text));
      } else {
        do {
          GP_CHECK(advance());
          if (token_.kind != Token::Kind::string) {
            return wrong(token_.line, "a list holds strings, not " + words_for(token_));
          }
          out.strings.push_back(std::move(token_.text));
          GP_CHECK(advance());
        } while (token_.is(','));
        if (!token_.is(']')) return wrong(token_.line, "a list ends with \"]\", not with " + words_for(token_));
      }
    }
    GP_CHECK(advance());
    return out;
  }

  Lexer lexer_;
  Token token_;
  std::size_t nodes_ = 0;
  std::string rule_;
};

}  // namespace

Parsed<std::vector<Node>> parse(std::string_view script) {
  if (script.size() > kMaxScriptOctets) return wrong(1, "the script is too large");
  return Parser(script).all();
}

}  // namespace gatepost::sieve
