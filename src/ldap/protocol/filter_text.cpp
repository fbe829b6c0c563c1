// The string form of filters (RFC 4515).
#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "ldap/protocol/broken.hpp"
#include "ldap/protocol/filter.hpp"

namespace gatepost::ldap {
namespace {

using Kind = Filter::Kind;
using Node = Filter::Node;

// valueencoding: "\" and two hex digits for any octet; a parenthesis, NUL or asterisk stands for itself only so.
std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(' || c == ')' || c == '*' || c == '\0') return std::nullopt;
    if (c != '\\') {
      out.push_back(c);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const auto octet = from_hex(text.substr(i + 1, 2));
    if (!octet) return std::nullopt;
    out += *octet;
    i += 2;
  }
  return out;
}

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    // What is not ASCII may be anything, so that it is safe to show only in hex.
    if (c == '(' || c == ')' || c == '*' || c == '\\' || ascii::is_control(c) || ascii::is_8bit(c)) {
      out += '\\';
      out += to_hex({&c, 1});
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// [attr] [":dn"] [":" rule] ":=" value; `text` is before the ":=".
Result<> read_text_extensible(std::string_view text, Node& node) {
  node.kind = Kind::extensible;
  const std::size_t colon = text.find(':');
  node.attribute = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    std::string_view rest = text.substr(colon + 1);
    const std::string_view first = rest.substr(0, rest.find(':'));
    if (ascii::iequals(first, "dn")) {
      node.dn_attributes = true;
      rest = first.size() == rest.size() ? std::string_view() : rest.substr(first.size() + 1);
      if (first.size() != text.size() - colon - 1 && rest.empty()) return broken("an empty rule");
    } else if (rest.empty()) {
      return broken("an empty rule");
    }
    node.rule = rest;
    if (!node.rule.empty() && !is_attribute_description(node.rule)) return broken("the name of a rule");
  }
  if (node.attribute.empty() && node.rule.empty()) return broken("an extensible match of nothing");
  return {};
}

Result<> read_value(std::string_view text, Node& node) {
  auto value = unescaped(text);
  if (!value) return broken("the value of an assertion");
  node.value = *std::move(value);
  return {};
}

// Behind "=": a value, "*", or parts between asterisks.
Result<> read_equality_value(std::string_view text, Node& node) {
  if (text == "*") {
    node.kind = Kind::present;
    return {};
  }
  if (!text.contains('*')) {
    node.kind = Kind::equality;
    return read_value(text, node);
  }
  node.kind = Kind::substrings;
  const auto pieces = ascii::split(text, '*');
  node.from_start = !pieces.front().empty();
  node.to_end = !pieces.back().empty();
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool edge = i == 0 || i + 1 == pieces.size();
    if (pieces[i].empty() && edge) continue;
    auto part = unescaped(pieces[i]);
    if (!part || part->empty()) return broken("a part of substrings");
    node.parts.push_back(*std::move(part));
  }
  return node.parts.empty() ? Result<>(broken("substrings of nothing")) : Result<>();
}

// One assertion without its parentheses.
Result<> read_item(std::string_view text, Node& node) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return broken("an assertion without '='");
  const std::string_view value = text.substr(equals + 1);
  std::string_view before = text.substr(0, equals);
  const char last = before.back();
  if (last == ':') {
    GP_CHECK(read_text_extensible(before.substr(0, before.size() - 1), node));
    GP_CHECK(read_value(value, node));
  } else if (last == '~' || last == '>' || last == '<') {
    before.remove_suffix(1);
    node.kind = last == '~' ? Kind::approximate : last == '>' ? Kind::greater_or_equal : Kind::less_or_equal;
    node.attribute = before;
    GP_CHECK(read_value(value, node));
  } else {
    node.attribute = before;
    GP_CHECK(read_equality_value(value, node));
  }
  const bool nameless = node.attribute.empty() && node.kind == Kind::extensible;
  if (!nameless && !is_attribute_description(node.attribute)) return broken("the name of an attribute");
  return {};
}

class TextReader {
 public:
  explicit TextReader(std::string_view text) : rest_(text) {}

  Result<Filter> read() {
    do {
      GP_CHECK(take());
    } while (!open_.empty());
    if (!rest_.empty()) return broken("text behind a filter");
    return std::move(filter_);
  }

 private:
  bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // "(", then what is there; or the ")" of the one that is open.
  Result<> take() {
    if (!open_.empty() && skip(')')) return close();
    if (!skip('(')) return broken("a '(' is missing");
    if (filter_.nodes.size() >= kMaxFilterNodes) return fail(Errc::limit, "a filter of too many parts");
    const std::size_t above = open_.size();
    if (above != 0 && filter_.nodes[open_.back()].kind == Kind::negation && filter_.nodes.size() > open_.back() + 1) {
      return broken("a not of two");
    }
    filter_.nodes.emplace_back();
    Node& node = filter_.nodes.back();
    const bool inner = rest_.starts_with('&') || rest_.starts_with('|') || rest_.starts_with('!');
    if (inner) {
      if (above >= kMaxFilterDepth) return fail(Errc::limit, "a filter that is too deep");
      node.kind = rest_.front() == '&' ? Kind::all : rest_.front() == '|' ? Kind::any : Kind::negation;
      rest_.remove_prefix(1);
      open_.push_back(static_cast<std::uint32_t>(filter_.nodes.size() - 1));
      return {};
    }
    const std::size_t close = rest_.find(')');
    if (close == std::string_view::npos) return broken("a ')' is missing");
    GP_CHECK(read_item(rest_.substr(0, close), node));
    rest_.remove_prefix(close + 1);
    node.end = static_cast<std::uint32_t>(filter_.nodes.size());
    return {};
  }
  Result<> close() {
    Node& node = filter_.nodes[open_.back()];
    node.end = static_cast<std::uint32_t>(filter_.nodes.size());
    if (node.kind == Kind::negation && node.end == open_.back() + 1) return broken("a not of nothing");
    open_.pop_back();
    return {};
  }

  std::string_view rest_;
  Filter filter_;
  std::vector<std::uint32_t> open_;
};

std::string item_text(const Node& node) {
  switch (node.kind) {
    case Kind::present:
      return node.attribute + "=*";
    case Kind::greater_or_equal:
      return node.attribute + ">=" + escaped(node.value);
    case Kind::less_or_equal:
      return node.attribute + "<=" + escaped(node.value);
    case Kind::approximate:
      return node.attribute + "~=" + escaped(node.value);
    case Kind::extensible:
      return node.attribute + (node.dn_attributes ? ":dn" : "") + (node.rule.empty() ? "" : ":" + node.rule) +
             ":=" + escaped(node.value);
    case Kind::substrings: {
      std::string out = node.attribute + "=";
      if (!node.from_start) out += '*';
      for (std::size_t i = 0; i < node.parts.size(); ++i) {
        out += escaped(node.parts[i]);
        if (i + 1 < node.parts.size() || !node.to_end) out += '*';
      }
      return out;
    }
    default:
      return node.attribute + "=" + escaped(node.value);
  }
}

}  // namespace

Result<Filter> parse_filter_text(std::string_view text) {
  if (!text.starts_with('(')) {
    Filter filter;
    filter.nodes.push_back({.end = 1});
    GP_CHECK(read_item(text, filter.nodes.back()));
    return filter;
  }
  return TextReader(text).read();
}

std::string to_text(const Filter& filter) {
  std::string out;
  std::vector<std::uint32_t> ends;
  for (std::uint32_t i = 0; i < filter.nodes.size(); ++i) {
    const Node& node = filter.nodes[i];
    out += '(';
    if (node.kind == Kind::all || node.kind == Kind::any || node.kind == Kind::negation) {
      out += node.kind == Kind::all ? '&' : node.kind == Kind::any ? '|' : '!';
      ends.push_back(node.end);
    } else {
      out += item_text(node) + ")";
    }
    while (!ends.empty() && ends.back() == i + 1) {
      out += ')';
      ends.pop_back();
    }
  }
  return out;
}

}  // namespace gatepost::ldap
