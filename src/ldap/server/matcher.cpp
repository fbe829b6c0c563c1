#include "ldap/server/matcher.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "ldap/protocol/dn.hpp"
#include "ldap/protocol/matching.hpp"

namespace gatepost::ldap::server {
namespace {

using FilterKind = Filter::Kind;
using Node = Matcher::Node;

// A value whose prepared form by these rules is itself in lower case: no blanks that do not count, nothing to escape.
bool is_plain(std::string_view value) {
  if (value.empty() || value.front() == ' ' || value.back() == ' ') return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (ascii::is_8bit(c) || ascii::is_control(c) || c == '\\' || (c == ' ' && value[i + 1] == ' ')) return false;
  }
  return true;
}

bool folds_simply(Rule rule) { return rule == Rule::case_ignore || rule == Rule::distinguished_name; }

bool equal_folded(std::string_view value, std::string_view folded) {
  return value.size() == folded.size() &&
         std::equal(value.begin(), value.end(), folded.begin(), [](char a, char b) { return ascii::lower(a) == b; });
}

bool has_parts_in_order(const Node& node, std::string_view value) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < node.parts.size(); ++i) {
    const std::string& part = node.parts[i];
    const bool first = i == 0 && node.from_start, last = i + 1 == node.parts.size() && node.to_end;
    if (last) {
      if (value.size() < at + part.size() || !value.ends_with(part)) return false;
      if (first && value.size() != part.size()) return false;  // cannot be: a part is initial or final
      at = value.size();
    } else if (first) {
      if (!value.starts_with(part)) return false;
      at = part.size();
    } else {
      const std::size_t found = value.find(part, at);
      if (found == std::string_view::npos) return false;
      at = found + part.size();
    }
  }
  return true;
}

bool compare_fits(const Node& node, std::string_view prepared) {
  switch (node.kind) {
    case FilterKind::substrings:
      return has_parts_in_order(node, prepared);
    case FilterKind::greater_or_equal:
      return compare(node.rule, prepared, node.value) >= 0;
    case FilterKind::less_or_equal:
      return compare(node.rule, prepared, node.value) <= 0;
    default:
      if (node.rule == Rule::bit_and || node.rule == Rule::bit_or) return bits_match(node.rule, prepared, node.value);
      return prepared == node.value;
  }
}

Truth any_value_fits(const Node& node, std::string_view values) {
  ber::Reader in(values);
  while (in.ok() && !in.at_end()) {
    if (value_fits(node, in.octets())) return Truth::yes;
  }
  return Truth::no;
}

bool dn_fits(const Node& node, const Entry& entry) {
  const auto dn = parse_dn(entry.dn());
  if (!dn) return false;
  for (const Rdn& rdn : dn->rdns) {
    for (const Ava& ava : rdn) {
      const AttributeType* type = find_attribute(ava.type);
      if (type == nullptr || (node.type != nullptr && type != node.type)) continue;
      if (node.any_type && type->equality != node.rule) continue;
      if (value_fits(node, ava.value)) return true;
    }
  }
  return false;
}

Truth assertion(const Node& node, const Entry& entry) {
  if (node.undefined) return Truth::undefined;
  if (node.rule == Rule::transitive_membership) {
    const auto id = static_cast<std::uint64_t>(entry.id);
    return entry.is_principal() && node.ids != nullptr && node.ids->contains(id) ? Truth::yes : Truth::no;
  }
  if (node.dn_attributes && dn_fits(node, entry)) return Truth::yes;
  if (node.any_type) {
    Truth found = Truth::no;
    for (const std::string& packed : {entry.attributes, operational_attributes(entry)}) {
      each_attribute(packed, [&](const AttributeType& type, std::string_view values) {
        if (type.equality != node.rule) return true;
        found = any_value_fits(node, values);
        return found != Truth::yes;
      });
      if (found == Truth::yes) break;
    }
    return found;
  }
  std::string room;
  const auto values = values_of(entry, *node.type, room);
  if (!values) return Truth::no;
  if (node.kind == FilterKind::present) return Truth::yes;
  // (objectClass=top) and (objectClass=person) stand for all that are derived of them; entries name them all.
  return any_value_fits(node, *values);
}

// What the rule of the filter needs: the value in its form, or that it cannot be compared.
void make_ready(Node& node, const Filter::Node& from) {
  if (node.kind == FilterKind::present) return;
  if (node.kind == FilterKind::substrings) {
    if (!has_parts(node.rule)) node.undefined = true;
    for (std::size_t i = 0; i < from.parts.size() && !node.undefined; ++i) {
      auto part =
          prepare_part(node.rule, from.parts[i], from.from_start && i == 0, from.to_end && i + 1 == from.parts.size());
      if (part) {
        node.parts.push_back(*std::move(part));
      } else {
        node.undefined = true;
      }
    }
    return;
  }
  const bool ordered = node.kind == FilterKind::greater_or_equal || node.kind == FilterKind::less_or_equal;
  if (node.rule == Rule::none || (ordered && !has_order(node.rule))) {
    node.undefined = true;
    return;
  }
  auto value = prepare(node.rule, from.value);
  if (value) {
    node.value = *std::move(value);
  } else {
    node.undefined = true;
  }
}

}  // namespace

bool value_fits(const Node& node, std::string_view value) {
  if (node.kind == FilterKind::present) return true;
  const bool equality =
      node.kind == FilterKind::equality || node.kind == FilterKind::approximate || node.kind == FilterKind::extensible;
  if (folds_simply(node.rule) && equality) {
    if (equal_folded(value, node.value)) return true;
    if (is_plain(value) && utf8::is_ascii(node.value)) return false;
  }
  const auto prepared = prepare(node.rule, value);
  return prepared && compare_fits(node, *prepared);
}

Matcher make_matcher(
    const Filter& filter,
    const std::function<std::shared_ptr<const IdSet>(const AttributeType& type, const std::string& normal)>& linked) {
  Matcher out;
  out.nodes.reserve(filter.nodes.size());
  for (const Filter::Node& from : filter.nodes) {
    Node node;
    node.kind = from.kind;
    node.end = from.end;
    node.from_start = from.from_start;
    node.to_end = from.to_end;
    node.dn_attributes = from.dn_attributes;
    const bool inner =
        from.kind == FilterKind::all || from.kind == FilterKind::any || from.kind == FilterKind::negation;
    if (!inner) {
      // An option (RFC 4512 2.5) makes another attribute, of which we have none.
      if (!from.attribute.empty()) node.type = find_attribute(from.attribute);
      node.rule = node.type != nullptr ? node.type->equality : Rule::none;
      if (from.kind == FilterKind::extensible && !from.rule.empty()) node.rule = find_rule(from.rule);
      node.any_type = from.kind == FilterKind::extensible && from.attribute.empty();
      node.undefined = (node.type == nullptr && !node.any_type) || (node.rule == Rule::none && node.any_type);
      if (!node.undefined) make_ready(node, from);
      if (!node.undefined && node.rule == Rule::transitive_membership) {
        const bool follows = node.type != nullptr && (node.type->name == "memberOf" || node.type->name == "member");
        if (follows) {
          node.ids = linked(*node.type, node.value);
        } else {
          node.undefined = true;
        }
      }
    }
    out.nodes.push_back(std::move(node));
  }
  return out;
}

namespace {

// No deeper than kMaxFilterDepth.
Truth matches(const Matcher& matcher, const Entry& entry, std::uint32_t at) {
  const Node& node = matcher.nodes[at];
  switch (node.kind) {
    case FilterKind::negation: {
      const Truth inner = matches(matcher, entry, at + 1);
      return inner == Truth::undefined ? inner : inner == Truth::yes ? Truth::no : Truth::yes;
    }
    case FilterKind::all:
    case FilterKind::any: {
      const Truth decides = node.kind == FilterKind::all ? Truth::no : Truth::yes;
      Truth out = node.kind == FilterKind::all ? Truth::yes : Truth::no;
      for (std::uint32_t child = at + 1; child < node.end; child = matcher.nodes[child].end) {
        const Truth one = matches(matcher, entry, child);
        if (one == decides) return one;
        if (one == Truth::undefined) out = one;
      }
      return out;
    }
    default:
      return assertion(node, entry);
  }
}

}  // namespace

Truth matches(const Matcher& matcher, const Entry& entry) { return matches(matcher, entry, 0); }

}  // namespace gatepost::ldap::server
