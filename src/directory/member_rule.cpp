#include "directory/member_rule.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "directory/attributes.hpp"
#include "ldap/protocol/filter.hpp"
#include "ldap/protocol/matching.hpp"
#include "ldap/protocol/schema.hpp"

namespace gatepost::directory {
namespace {

// Where the values of an attribute come from.
enum class From : std::uint8_t { field, name, surname, local_part, address, object_class };
struct Source {
  std::string_view attribute;
  From from = From::field;
  ContactField field{};
  ldap::Rule rule = ldap::Rule::none;
};

std::vector<Source> all_sources() {
  std::vector<Source> out{{"objectClass", From::object_class},
                          {"cn", From::name},
                          {"displayName", From::name},
                          {"sn", From::surname},
                          {"uid", From::local_part},
                          {"sAMAccountName", From::local_part},
                          {"mailNickname", From::local_part},
                          {"mail", From::address},
                          {"userPrincipalName", From::address},
                          {"givenName", From::field, ContactField::given_name}};
  for (const FieldAttribute& row : field_attributes()) out.push_back({row.attribute, From::field, row.field});
  for (Source& source : out) source.rule = ldap::find_attribute(source.attribute)->equality;
  return out;
}
// Constant once made.
std::span<const Source> sources() {
  static const std::vector<Source> all = all_sources();
  return all;
}

std::string known_attributes() {
  std::string out;
  for (const Source& source : sources()) out.append(out.empty() ? "" : " ").append(source.attribute);
  return out;
}

// Calls `take` with each value until it returns true; did it?
template <class Take>
bool any_value(const Source& source, const Principal& p, Take take) {
  switch (source.from) {
    case From::field:
      return p.contact != nullptr && std::ranges::any_of(*p.contact, [&](const auto& row) {
               return row.first == source.field && take(std::string_view(row.second));
             });
    case From::name:
      return take(shown_name(p));
    case From::surname:
      return take(surname(p));
    case From::local_part:
      // What has no mailbox here is nobody's name to sign in by.
      return has_mailbox(p.kind) && take(std::string_view(p.address).substr(0, p.address.rfind('@')));
    case From::address:
      return take(std::string_view(p.address));
    case From::object_class: {
      const auto names = object_classes(p.kind);
      return std::ranges::any_of(names, take);
    }
  }
  return false;
}

// A value that has no other form than itself in lower case (RFC 4518 2).
bool is_plain(std::string_view value) {
  if (value.empty() || value.front() == ' ' || value.back() == ' ' || value.contains("  ")) return false;
  return std::ranges::none_of(value, [](char c) { return ascii::is_8bit(c) || ascii::is_control(c); });
}

bool equal_folded(std::string_view value, std::string_view folded) {
  return value.size() == folded.size() &&
         std::equal(value.begin(), value.end(), folded.begin(), [](char a, char b) { return ascii::lower(a) == b; });
}

bool has_parts_in_order(std::string_view value, const std::vector<std::string>& parts, bool from_start, bool to_end) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool first = i == 0 && from_start, last = i + 1 == parts.size() && to_end;
    if (first && !value.starts_with(parts[i])) return false;
    if (last) return value.ends_with(parts[i]);
    const std::size_t at = first ? 0 : value.find(parts[i]);
    if (at == std::string_view::npos) return false;
    value.remove_prefix(at + parts[i].size());
  }
  return true;
}

}  // namespace

struct MemberRule::Compiler {
  using From = ldap::Filter::Kind;

  static std::optional<Kind> kind_of(From kind) {
    switch (kind) {
      case From::all:
        return Kind::all;
      case From::any:
        return Kind::any;
      case From::negation:
        return Kind::negation;
      case From::equality:
      case From::approximate:
        return Kind::equal;
      case From::substrings:
        return Kind::parts;
      case From::greater_or_equal:
        return Kind::at_least;
      case From::less_or_equal:
        return Kind::at_most;
      case From::present:
        return Kind::present;
      case From::extensible:
        break;
    }
    return std::nullopt;
  }

  static std::unexpected<Error> no_value(std::string_view attribute) {
    return fail(Errc::invalid, fmt::format("the rule compares {} with what is no value of it", attribute));
  }

  static Result<Node> node(const ldap::Filter::Node& from) {
    Node out;
    const auto kind = kind_of(from.kind);
    if (!kind) return fail(Errc::invalid, "a rule names no matching rules (:=)");
    out.kind = *kind;
    out.end = from.end;
    if (out.kind == Kind::all || out.kind == Kind::any || out.kind == Kind::negation) return out;
    const ldap::AttributeType* const type = ldap::find_attribute(from.attribute);
    const auto all = sources();
    const auto source = std::ranges::find_if(
        all, [&](const Source& one) { return type != nullptr && ldap::find_attribute(one.attribute) == type; });
    if (source == all.end()) {
      return fail(Errc::invalid,
                  fmt::format("no rule knows {}; there are: {}", utf8::sanitize(from.attribute), known_attributes()));
    }
    out.source = static_cast<std::uint16_t>(source - all.begin());
    if (out.kind == Kind::present) return out;
    const ldap::Rule rule = source->rule;
    if (out.kind == Kind::parts) {
      if (!ldap::has_parts(rule)) return no_value(type->name);
      out.from_start = from.from_start;
      out.to_end = from.to_end;
      for (std::size_t i = 0; i < from.parts.size(); ++i) {
        auto part = ldap::prepare_part(rule, from.parts[i], from.from_start && i == 0,
                                       from.to_end && i + 1 == from.parts.size());
        if (!part) return no_value(type->name);
        out.parts.push_back(*std::move(part));
      }
      return out;
    }
    auto value = ldap::prepare(rule, from.value);
    if (!value || (out.kind != Kind::equal && !ldap::has_order(rule))) return no_value(type->name);
    out.value = *std::move(value);
    if (out.kind == Kind::equal && rule == ldap::Rule::case_ignore && utf8::is_ascii(out.value)) {
      out.folded = out.value;
    }
    return out;
  }
};

Result<std::shared_ptr<const MemberRule>> MemberRule::compile(std::string_view text) {
  if (text.size() > kMaxRuleOctets) {
    return fail(Errc::limit, fmt::format("a rule has at most {} octets", kMaxRuleOctets));
  }
  if (!utf8::is_valid(text) || std::ranges::any_of(text, ascii::is_control)) {
    return fail(Errc::invalid, "a rule is UTF-8 text without control characters");
  }
  const auto filter = ldap::parse_filter_text(text);
  if (!filter) return fail(Errc::invalid, "the rule is no filter, as in (&(department=Sales)(l=Berlin))");
  if (filter->nodes.size() > kMaxRuleNodes) {
    return fail(Errc::limit, fmt::format("a rule has at most {} conditions", kMaxRuleNodes));
  }
  auto out = std::make_shared<MemberRule>();
  for (const ldap::Filter::Node& from : filter->nodes) {
    GP_TRY(Node node, Compiler::node(from));
    out->nodes_.push_back(std::move(node));
  }
  return out;
}

bool MemberRule::holds(const Node& node, const Principal& principal) {
  const Source& source = sources()[node.source];
  return any_value(source, principal, [&](std::string_view value) {
    if (node.kind == Kind::present) return true;
    if (!node.folded.empty()) {
      if (equal_folded(value, node.folded)) return true;
      if (is_plain(value)) return false;
    }
    const auto prepared = ldap::prepare(source.rule, value);
    if (!prepared) return false;
    switch (node.kind) {
      case Kind::parts:
        return has_parts_in_order(*prepared, node.parts, node.from_start, node.to_end);
      case Kind::at_least:
        return ldap::compare(source.rule, *prepared, node.value) >= 0;
      case Kind::at_most:
        return ldap::compare(source.rule, *prepared, node.value) <= 0;
      default:
        return *prepared == node.value;
    }
  });
}

// No deeper than ldap::kMaxFilterDepth.
bool MemberRule::fits(const Principal& principal, std::uint32_t at) const {
  const Node& node = nodes_[at];
  if (node.kind == Kind::negation) return !fits(principal, at + 1);
  if (node.kind != Kind::all && node.kind != Kind::any) return holds(node, principal);
  const bool decides = node.kind == Kind::any;
  for (std::uint32_t child = at + 1; child < node.end; child = nodes_[child].end) {
    if (fits(principal, child) == decides) return decides;
  }
  return !decides;
}

bool MemberRule::fits(const Principal& principal) const {
  return principal.enabled && principal.kind != PrincipalKind::group && fits(principal, 0);
}

}  // namespace gatepost::directory
