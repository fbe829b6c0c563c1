#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/result.hpp"
#include "sieve/compiler.hpp"
#include "sieve/limits.hpp"
#include "sieve/text.hpp"

namespace gatepost::sieve {
namespace {

using CommandKind = Command::Kind;

struct KnownCommand {
  std::string_view name;
  CommandKind kind;
  std::optional<Extension> extension;
};
constexpr std::array kCommands = {
    KnownCommand{"addflag", CommandKind::add_flag, Extension::imap4flags},
    KnownCommand{"discard", CommandKind::discard, {}},
    KnownCommand{"ereject", CommandKind::ereject, Extension::ereject},
    KnownCommand{"error", CommandKind::error, Extension::ihave},
    KnownCommand{"fileinto", CommandKind::file_into, Extension::fileinto},
    KnownCommand{"keep", CommandKind::keep, {}},
    KnownCommand{"redirect", CommandKind::redirect, {}},
    KnownCommand{"reject", CommandKind::reject, Extension::reject},
    KnownCommand{"removeflag", CommandKind::remove_flag, Extension::imap4flags},
    KnownCommand{"set", CommandKind::set, Extension::variables},
    KnownCommand{"setflag", CommandKind::set_flag, Extension::imap4flags},
    KnownCommand{"stop", CommandKind::stop, {}},
    KnownCommand{"vacation", CommandKind::vacation, Extension::vacation},
};

constexpr std::uint64_t kLongestSilence = 60 * kDay;

}  // namespace

Parsed<Block> Compiler::block(const std::vector<Node>& nodes) {
  Block out;
  std::size_t at = 0;
  while (at < nodes.size()) {
    const Node& node = nodes[at];
    if (node.name == "if") {
      GP_TRY(Command chosen, choose(nodes, at));
      out.push_back(std::move(chosen));
      continue;
    }
    if (node.name == "elsif" || node.name == "else") {
      return wrong(node.line, "\"" + node.name + "\" stands behind no \"if\"");
    }
    if (node.name == "require") return wrong(node.line, "\"require\" stands before all other commands");
    GP_TRY(Command command, this->command(node));
    out.push_back(std::move(command));
    ++at;
  }
  return out;
}

// if / elsif / else (RFC 5228 3.1)
Parsed<Command> Compiler::choose(const std::vector<Node>& nodes, std::size_t& at) {
  Command out;
  out.kind = CommandKind::choose;
  out.origin.line = nodes[at].line;
  out.rule = nodes[at].rule;
  do {
    const Node& node = nodes[at];
    const bool is_else = node.name == "else";
    GP_CHECK(Arguments(node).end(true, true));
    if (is_else ? !node.tests.empty() : node.has_test_list || node.tests.size() != 1) {
      return wrong(node.line, "\"" + node.name + (is_else ? "\" takes no test" : "\" takes one test"));
    }
    if (!node.has_block) return wrong(node.line, "\"" + node.name + "\" lacks a block");
    Branch branch;
    if (!is_else) {
      GP_TRY(branch.test, test(node.tests.front()));
    }
    GP_TRY(branch.block, block(node.block));
    out.branches.push_back(std::move(branch));
    ++at;
    if (is_else) break;
  } while (at < nodes.size() && (nodes[at].name == "elsif" || nodes[at].name == "else"));
  return out;
}

Parsed<Command> Compiler::command(const Node& node) {
  Command out;
  out.origin.line = node.line;
  out.rule = node.rule;
  const auto known = std::ranges::find(kCommands, node.name, &KnownCommand::name);
  Parsed<> done = unknown(node.line, "nobody knows the command \"" + node.name + "\"");
  if (known != kCommands.end()) {
    out.kind = known->kind;
    if (known->extension) GP_CHECK(need(*known->extension, out.origin, "\"" + node.name + "\""));
    switch (out.kind) {
      case CommandKind::keep:
        done = keep(node, out);
        break;
      case CommandKind::file_into:
        done = file_into(node, out);
        break;
      case CommandKind::redirect:
        done = redirect(node, out);
        break;
      case CommandKind::reject:
      case CommandKind::ereject:
      case CommandKind::error:
        done = with_reason(node, out);
        break;
      case CommandKind::set:
        done = set(node, out);
        break;
      case CommandKind::set_flag:
      case CommandKind::add_flag:
      case CommandKind::remove_flag:
        done = flags(node, out);
        break;
      case CommandKind::vacation:
        done = vacation(node, out);
        break;
      case CommandKind::stop:
      case CommandKind::discard:
      case CommandKind::choose:
      case CommandKind::nothing:
        done = Arguments(node).end();
        break;
    }
  }
  if (!done && done.error().of_extension && has_ihave()) {
    Command failing;
    failing.origin.line = node.line;
    failing.origin.error = done.error().cause;
    return failing;
  }
  if (!done) return std::unexpected(std::move(done).error());
  return out;
}

Parsed<bool> Compiler::flags_tag(const Argument& tag, Arguments& arguments, Command& out) {
  if (tag.tag != "flags") return false;
  GP_CHECK(arguments.once(":flags"));
  GP_CHECK(need(Extension::imap4flags, out.origin, ":flags"));
  GP_TRY(out.flags, arguments.texts("flags"));
  return true;
}

Parsed<> Compiler::keep(const Node& node, Command& out) {
  Arguments arguments(node);
  while (const Argument* tag = arguments.tag()) {
    GP_TRY(const bool taken, flags_tag(*tag, arguments, out));
    if (!taken) return unknown_tag(node, *tag);
  }
  return arguments.end();
}

Parsed<> Compiler::file_into(const Node& node, Command& out) {
  Arguments arguments(node);
  while (const Argument* tag = arguments.tag()) {
    GP_TRY(const bool taken, flags_tag(*tag, arguments, out));
    if (taken) continue;
    GP_CHECK(arguments.once(":" + tag->tag));
    if (tag->tag == "copy") {
      GP_CHECK(need(Extension::copy, out.origin, ":copy"));
      out.copy = true;
    } else if (tag->tag == "create") {
      GP_CHECK(need(Extension::mailbox, out.origin, ":create"));
      out.create = true;
    } else if (tag->tag == "specialuse") {
      GP_CHECK(need(Extension::special_use, out.origin, ":specialuse"));
      GP_TRY(out.special_use, arguments.text("an attribute"));
    } else {
      return unknown_tag(node, *tag);
    }
  }
  GP_TRY(out.text, arguments.text("a mailbox"));
  return arguments.end();
}

Parsed<> Compiler::redirect(const Node& node, Command& out) {
  Arguments arguments(node);
  while (const Argument* tag = arguments.tag()) {
    if (tag->tag != "copy") return unknown_tag(node, *tag);
    GP_CHECK(arguments.once(":copy"));
    GP_CHECK(need(Extension::copy, out.origin, ":copy"));
    out.copy = true;
  }
  GP_TRY(out.text, arguments.text("an address"));
  if (is_constant(out.text) && !outbound_address(out.text)) {
    return wrong(node.line, "\"" + out.text + "\" is no address");
  }
  return arguments.end();
}

Parsed<> Compiler::with_reason(const Node& node, Command& out) {
  Arguments arguments(node);
  if (const Argument* tag = arguments.tag()) return unknown_tag(node, *tag);
  GP_TRY(out.text, arguments.text("a text"));
  return arguments.end();
}

Parsed<> Compiler::set(const Node& node, Command& out) {
  Arguments arguments(node);
  Modifiers& m = out.modifiers;
  while (const Argument* tag = arguments.tag()) {
    const std::string& name = tag->tag;
    // RFC 5229 4.1: of one precedence there is one.
    const bool is_case = name == "lower" || name == "upper";
    const bool is_first = name == "lowerfirst" || name == "upperfirst";
    GP_CHECK(arguments.once(is_case ? "a case" : is_first ? "a case of the first letter" : ":" + name));
    if (name == "lower") {
      m.lower = true;
    } else if (name == "upper") {
      m.upper = true;
    } else if (name == "lowerfirst") {
      m.lower_first = true;
    } else if (name == "upperfirst") {
      m.upper_first = true;
    } else if (name == "quotewildcard") {
      m.quote_wildcard = true;
    } else if (name == "length") {
      m.length = true;
    } else {
      return unknown_tag(node, *tag);
    }
  }
  GP_TRY(const std::string name, arguments.constant("the name"));
  if (!is_variable_name(name) || name.size() > kMaxVariableName) {
    return wrong(node.line, "\"" + name + "\" is no name of a variable");
  }
  out.name = ascii::to_lower(name);
  GP_TRY(out.text, arguments.text("a value"));
  return arguments.end();
}

Parsed<> Compiler::flags(const Node& node, Command& out) {
  Arguments arguments(node);
  if (const Argument* tag = arguments.tag()) return unknown_tag(node, *tag);
  if (arguments.left() > 1) {
    GP_CHECK(need(Extension::variables, out.origin, "the name of a variable"));
    GP_TRY(const std::string name, arguments.constant("the name"));
    if (!is_variable_name(name) || name.size() > kMaxVariableName) {
      return wrong(node.line, "\"" + name + "\" is no name of a variable");
    }
    out.name = ascii::to_lower(name);
  }
  GP_TRY(out.flags, arguments.texts("flags"));
  return arguments.end();
}

Parsed<> Compiler::vacation(const Node& node, Command& out) {
  Arguments arguments(node);
  VacationArguments& v = out.vacation;
  while (const Argument* tag = arguments.tag()) {
    const std::string& name = tag->tag;
    if (name == "days" || name == "seconds") {
      GP_CHECK(arguments.once(":days or :seconds"));
      if (name == "seconds") GP_CHECK(need(Extension::vacation_seconds, out.origin, ":seconds"));
      GP_TRY(const std::uint64_t number, arguments.number("a time"));
      // RFC 5230 4.1: at least a day; RFC 6131 2: no time at all answers every message.
      v.seconds = name == "days" ? std::clamp<std::uint64_t>(number, 1, kLongestSilence / kDay) * kDay
                                 : std::min(number, kLongestSilence);
      continue;
    }
    GP_CHECK(arguments.once(":" + name));
    if (name == "subject") {
      GP_TRY(v.subject, arguments.text("a subject"));
    } else if (name == "from") {
      GP_TRY(v.from, arguments.text("an address"));
      if (is_constant(*v.from) && !outbound_address(*v.from)) {
        return wrong(tag->line, "\"" + *v.from + "\" is no address");
      }
    } else if (name == "addresses") {
      GP_TRY(v.addresses, arguments.texts("addresses"));
    } else if (name == "handle") {
      GP_TRY(v.handle, arguments.text("a handle"));
    } else if (name == "mime") {
      v.is_mime = true;
    } else {
      return unknown_tag(node, *tag);
    }
  }
  GP_TRY(out.text, arguments.text("a text"));
  return arguments.end();
}

}  // namespace gatepost::sieve
