#include "sieve/arguments.hpp"

#include <algorithm>

#include "base/result.hpp"
#include "sieve/text.hpp"

namespace gatepost::sieve {
namespace {

std::string quoted(const Node& node) { return "\"" + node.name + "\""; }

}  // namespace

unsigned Arguments::line() const { return at_ < node_.arguments.size() ? node_.arguments[at_].line : node_.line; }

const Argument* Arguments::tag() {
  if (at_ == node_.arguments.size() || node_.arguments[at_].kind != Argument::Kind::tag) return nullptr;
  return &node_.arguments[at_++];
}

Parsed<> Arguments::once(std::string_view what) {
  if (std::ranges::find(said_, what) != said_.end()) {
    return wrong(line(), quoted(node_) + " has " + std::string(what) + " twice");
  }
  said_.emplace_back(what);
  return {};
}

bool Arguments::next_is_text() const {
  return at_ < node_.arguments.size() && node_.arguments[at_].kind == Argument::Kind::strings;
}

Parsed<Texts> Arguments::texts(std::string_view what) {
  if (!next_is_text()) return wrong(line(), quoted(node_) + " lacks " + std::string(what));
  return node_.arguments[at_++].strings;
}

Parsed<Text> Arguments::text(std::string_view what) {
  if (next_is_text() && node_.arguments[at_].is_list) {
    return wrong(line(), quoted(node_) + " takes one string as " + std::string(what) + ", not a list");
  }
  GP_TRY(Texts list, texts(what));
  return std::move(list.front());
}

Parsed<std::string> Arguments::constant(std::string_view what) {
  const unsigned at = line();
  GP_TRY(Text out, text(what));
  if (!is_constant(out)) return wrong(at, "variables have no place in " + std::string(what) + " of " + quoted(node_));
  return out;
}

Parsed<std::uint64_t> Arguments::number(std::string_view what) {
  if (at_ == node_.arguments.size() || node_.arguments[at_].kind != Argument::Kind::number) {
    return wrong(line(), quoted(node_) + " lacks " + std::string(what) + ", a number");
  }
  return node_.arguments[at_++].number;
}

Parsed<> Arguments::end(bool with_tests, bool with_block) const {
  if (at_ < node_.arguments.size()) {
    const Argument& more = node_.arguments[at_];
    if (more.kind == Argument::Kind::tag) return wrong(more.line, ":" + more.tag + " stands too late");
    return wrong(more.line, quoted(node_) + " has an argument too many");
  }
  if (!with_tests && (!node_.tests.empty() || node_.has_test_list)) {
    return wrong(node_.line, quoted(node_) + " takes no test");
  }
  if (!with_block && node_.has_block) return wrong(node_.line, quoted(node_) + " takes no block");
  return {};
}

}  // namespace gatepost::sieve
