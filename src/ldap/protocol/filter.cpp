#include "ldap/protocol/filter.hpp"

#include <algorithm>
#include <utility>

#include "base/ascii.hpp"
#include "ldap/protocol/ber.hpp"
#include "ldap/protocol/broken.hpp"

namespace gatepost::ldap {
namespace {

using Kind = Filter::Kind;
using Node = Filter::Node;

// The tags are the choices of RFC 4511 4.5.1.
constexpr ber::Tag tag_of(Kind kind) {
  switch (kind) {
    case Kind::all:
      return ber::context_constructed(0);
    case Kind::any:
      return ber::context_constructed(1);
    case Kind::negation:
      return ber::context_constructed(2);
    case Kind::equality:
      return ber::context_constructed(3);
    case Kind::substrings:
      return ber::context_constructed(4);
    case Kind::greater_or_equal:
      return ber::context_constructed(5);
    case Kind::less_or_equal:
      return ber::context_constructed(6);
    case Kind::present:
      return ber::context(7);
    case Kind::approximate:
      return ber::context_constructed(8);
    case Kind::extensible:
      return ber::context_constructed(9);
  }
  return 0;
}

bool is_inner(Kind kind) { return kind == Kind::all || kind == Kind::any || kind == Kind::negation; }

// SubstringFilter ::= SEQUENCE { type, substrings SEQUENCE OF CHOICE { initial [0], any [1], final [2] } }: one initial
// at most and only first, one final at most and only last, no part empty.
Result<> read_substrings(ber::Reader in, Node& node) {
  node.attribute = in.octets();
  ber::Reader parts = in.inside(ber::kSequence);
  if (!in.ok() || !in.at_end() || parts.at_end()) return broken("substrings");
  while (!parts.at_end()) {
    const ber::Tag tag = parts.peek();
    const std::string_view part = parts.octets(tag);
    if (!parts.ok() || part.empty() || node.to_end) return broken("a part of substrings");
    if (tag == ber::context(0)) {
      if (!node.parts.empty()) return broken("an initial part that is not first");
      node.from_start = true;
    } else if (tag == ber::context(2)) {
      node.to_end = true;
    } else if (tag != ber::context(1)) {
      return broken("a part of substrings");
    }
    node.parts.emplace_back(part);
  }
  return {};
}

// MatchingRuleAssertion: matchingRule [1] OPTIONAL, type [2] OPTIONAL, matchValue [3], dnAttributes [4] DEFAULT FALSE;
// one of the first two must be there.
Result<> read_ber_extensible(ber::Reader in, Node& node) {
  if (in.next_is(ber::context(1))) node.rule = in.octets(ber::context(1));
  if (in.next_is(ber::context(2))) node.attribute = in.octets(ber::context(2));
  node.value = in.octets(ber::context(3));
  if (in.next_is(ber::context(4))) node.dn_attributes = in.boolean(ber::context(4));
  if (!in.ok() || !in.at_end()) return broken("an extensible match");
  if (node.rule.empty() && node.attribute.empty()) return broken("an extensible match of nothing");
  if (!node.rule.empty() && !is_attribute_description(node.rule)) return broken("the name of a rule");
  return {};
}

Result<> read_assertion(ber::Reader in, Node& node) {
  node.attribute = in.octets();
  node.value = in.octets();
  if (!in.ok() || !in.at_end()) return broken("an assertion");
  return {};
}

Result<Kind> kind_of(ber::Tag tag) {
  for (int k = 0; k <= static_cast<int>(Kind::extensible); ++k) {
    if (tag_of(static_cast<Kind>(k)) == tag) return static_cast<Kind>(k);
  }
  return broken("a filter of no known kind");
}

Result<> read_leaf(ber::Reader& in, ber::Tag tag, Node& node) {
  switch (node.kind) {
    case Kind::present:
      node.attribute = in.octets(tag);
      break;
    case Kind::substrings:
      GP_CHECK(read_substrings(in.inside(tag), node));
      break;
    case Kind::extensible:
      GP_CHECK(read_ber_extensible(in.inside(tag), node));
      break;
    default:
      GP_CHECK(read_assertion(in.inside(tag), node));
  }
  if (!in.ok()) return broken("a filter that is cut off");
  if (!node.attribute.empty() && !is_attribute_description(node.attribute)) return broken("the name of an attribute");
  if (node.attribute.empty() && node.kind != Kind::extensible) return broken("an attribute without a name");
  return {};
}

}  // namespace

bool is_attribute_description(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return ascii::is_alnum(c) || c == '-' || c == '.' || c == ';' || c == '_';
  });
}

Result<Filter> parse_filter(std::string_view element) {
  struct Level {
    ber::Reader rest;
    std::uint32_t node;
  };
  Filter filter;
  std::vector<Level> levels;
  ber::Reader in(element);
  while (true) {
    ber::Reader& from = levels.empty() ? in : levels.back().rest;
    const ber::Tag tag = from.peek();
    GP_TRY(const Kind kind, kind_of(tag));
    if (filter.nodes.size() >= kMaxFilterNodes) return fail(Errc::limit, "a filter of too many parts");
    filter.nodes.push_back({.kind = kind});
    if (is_inner(kind)) {
      if (levels.size() >= kMaxFilterDepth) return fail(Errc::limit, "a filter that is too deep");
      const ber::Reader inside = from.inside(tag);
      if (!from.ok()) return broken("a filter that is cut off");
      if (kind == Kind::negation && inside.at_end()) return broken("a not of nothing");
      levels.push_back({inside, static_cast<std::uint32_t>(filter.nodes.size() - 1)});
    } else {
      GP_CHECK(read_leaf(from, tag, filter.nodes.back()));
      filter.nodes.back().end = static_cast<std::uint32_t>(filter.nodes.size());
    }
    while (!levels.empty()) {
      Level& level = levels.back();
      Node& node = filter.nodes[level.node];
      const bool one_done = node.kind == Kind::negation && filter.nodes.size() > level.node + 1;
      if (one_done && !level.rest.at_end()) return broken("a not of two");
      if (!level.rest.at_end()) break;
      node.end = static_cast<std::uint32_t>(filter.nodes.size());
      levels.pop_back();
    }
    if (levels.empty()) break;
  }
  if (!in.ok() || !in.at_end()) return broken("octets behind a filter");
  return filter;
}

namespace {

void write_leaf(ber::Writer& out, const Node& node) {
  if (node.kind == Kind::present) return out.octets(node.attribute, tag_of(node.kind));
  const std::size_t mark = out.begin(tag_of(node.kind));
  if (node.kind == Kind::extensible) {
    if (!node.rule.empty()) out.octets(node.rule, ber::context(1));
    if (!node.attribute.empty()) out.octets(node.attribute, ber::context(2));
    out.octets(node.value, ber::context(3));
    if (node.dn_attributes) out.boolean(true, ber::context(4));
  } else if (node.kind == Kind::substrings) {
    out.octets(node.attribute);
    const std::size_t parts = out.begin(ber::kSequence);
    for (std::size_t i = 0; i < node.parts.size(); ++i) {
      const bool initial = node.from_start && i == 0;
      const bool last = node.to_end && i + 1 == node.parts.size();
      out.octets(node.parts[i], ber::context(initial ? 0 : last ? 2 : 1));
    }
    out.end(parts);
  } else {
    out.octets(node.attribute);
    out.octets(node.value);
  }
  out.end(mark);
}

}  // namespace

void write(std::string& out, const Filter& filter) {
  ber::Writer writer(out);
  std::vector<std::pair<std::size_t, std::uint32_t>> open;  // mark, and where it ends
  for (std::uint32_t i = 0; i < filter.nodes.size(); ++i) {
    const Node& node = filter.nodes[i];
    if (is_inner(node.kind)) {
      open.emplace_back(writer.begin(tag_of(node.kind)), node.end);
    } else {
      write_leaf(writer, node);
    }
    while (!open.empty() && open.back().second == i + 1) {
      writer.end(open.back().first);
      open.pop_back();
    }
  }
}

}  // namespace gatepost::ldap
