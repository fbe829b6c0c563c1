// What the subschema entry says (RFC 4512 4.2), made from the tables.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "ldap/protocol/schema.hpp"

namespace gatepost::ldap {
namespace {

struct SyntaxRow {
  Syntax syntax;
  std::string_view oid, description;
};
// RFC 4517 3.3; JPEG: 3.3.17; UUID: RFC 4530 2.1.
constexpr auto kSyntaxes = std::to_array<SyntaxRow>({
    {Syntax::directory_string, "1.3.6.1.4.1.1466.115.121.1.15", "Directory String"},
    {Syntax::ia5_string, "1.3.6.1.4.1.1466.115.121.1.26", "IA5 String"},
    {Syntax::printable_string, "1.3.6.1.4.1.1466.115.121.1.44", "Printable String"},
    {Syntax::numeric_string, "1.3.6.1.4.1.1466.115.121.1.36", "Numeric String"},
    {Syntax::telephone_number, "1.3.6.1.4.1.1466.115.121.1.50", "Telephone Number"},
    {Syntax::facsimile, "1.3.6.1.4.1.1466.115.121.1.22", "Facsimile Telephone Number"},
    {Syntax::octet_string, "1.3.6.1.4.1.1466.115.121.1.40", "Octet String"},
    {Syntax::jpeg, "1.3.6.1.4.1.1466.115.121.1.28", "JPEG"},
    {Syntax::dn, "1.3.6.1.4.1.1466.115.121.1.12", "DN"},
    {Syntax::integer, "1.3.6.1.4.1.1466.115.121.1.27", "INTEGER"},
    {Syntax::boolean, "1.3.6.1.4.1.1466.115.121.1.7", "Boolean"},
    {Syntax::generalized_time, "1.3.6.1.4.1.1466.115.121.1.24", "Generalized Time"},
    {Syntax::oid, "1.3.6.1.4.1.1466.115.121.1.38", "OID"},
    {Syntax::uuid, "1.3.6.1.1.16.1", "UUID"},
    {Syntax::country, "1.3.6.1.4.1.1466.115.121.1.11", "Country String"},
    {Syntax::postal_address, "1.3.6.1.4.1.1466.115.121.1.41", "Postal Address"},
    {Syntax::subtree_specification, "1.3.6.1.4.1.1466.115.121.1.45", "Subtree Specification"},
    {Syntax::attribute_type_description, "1.3.6.1.4.1.1466.115.121.1.3", "Attribute Type Description"},
    {Syntax::object_class_description, "1.3.6.1.4.1.1466.115.121.1.37", "Object Class Description"},
    {Syntax::matching_rule_description, "1.3.6.1.4.1.1466.115.121.1.30", "Matching Rule Description"},
    {Syntax::matching_rule_use_description, "1.3.6.1.4.1.1466.115.121.1.31", "Matching Rule Use Description"},
    {Syntax::syntax_description, "1.3.6.1.4.1.1466.115.121.1.54", "LDAP Syntax Description"},
});

enum class Part : std::uint8_t { equality, ordering, substrings, extra };
struct RuleRow {
  Rule rule;
  Part part;
  std::string_view oid, name;
  Syntax syntax;
};
constexpr std::string_view kSubstringSyntax = "1.3.6.1.4.1.1466.115.121.1.58";  // RFC 4517 3.3.30

// RFC 4517 4.2, RFC 4530 2.2 and 2.3; those of Active Directory by [MS-ADTS] 3.1.1.3.4.4.
constexpr auto kRules = std::to_array<RuleRow>({
    {Rule::case_ignore, Part::equality, "2.5.13.2", "caseIgnoreMatch", Syntax::directory_string},
    {Rule::case_ignore, Part::ordering, "2.5.13.3", "caseIgnoreOrderingMatch", Syntax::directory_string},
    {Rule::case_ignore, Part::substrings, "2.5.13.4", "caseIgnoreSubstringsMatch", Syntax::directory_string},
    {Rule::case_ignore, Part::extra, "1.3.6.1.4.1.1466.109.114.2", "caseIgnoreIA5Match", Syntax::ia5_string},
    {Rule::case_ignore, Part::extra, "1.3.6.1.4.1.1466.109.114.3", "caseIgnoreIA5SubstringsMatch", Syntax::ia5_string},
    {Rule::case_exact, Part::equality, "2.5.13.5", "caseExactMatch", Syntax::directory_string},
    {Rule::case_exact, Part::ordering, "2.5.13.6", "caseExactOrderingMatch", Syntax::directory_string},
    {Rule::case_exact, Part::substrings, "2.5.13.7", "caseExactSubstringsMatch", Syntax::directory_string},
    {Rule::numeric_string, Part::equality, "2.5.13.8", "numericStringMatch", Syntax::numeric_string},
    {Rule::numeric_string, Part::ordering, "2.5.13.9", "numericStringOrderingMatch", Syntax::numeric_string},
    {Rule::numeric_string, Part::substrings, "2.5.13.10", "numericStringSubstringsMatch", Syntax::numeric_string},
    {Rule::telephone_number, Part::equality, "2.5.13.20", "telephoneNumberMatch", Syntax::telephone_number},
    {Rule::telephone_number, Part::substrings, "2.5.13.21", "telephoneNumberSubstringsMatch", Syntax::telephone_number},
    {Rule::octet_string, Part::equality, "2.5.13.17", "octetStringMatch", Syntax::octet_string},
    {Rule::octet_string, Part::ordering, "2.5.13.18", "octetStringOrderingMatch", Syntax::octet_string},
    {Rule::distinguished_name, Part::equality, "2.5.13.1", "distinguishedNameMatch", Syntax::dn},
    {Rule::integer, Part::equality, "2.5.13.14", "integerMatch", Syntax::integer},
    {Rule::integer, Part::ordering, "2.5.13.15", "integerOrderingMatch", Syntax::integer},
    {Rule::boolean, Part::equality, "2.5.13.13", "booleanMatch", Syntax::boolean},
    {Rule::generalized_time, Part::equality, "2.5.13.27", "generalizedTimeMatch", Syntax::generalized_time},
    {Rule::generalized_time, Part::ordering, "2.5.13.28", "generalizedTimeOrderingMatch", Syntax::generalized_time},
    {Rule::object_identifier, Part::equality, "2.5.13.0", "objectIdentifierMatch", Syntax::oid},
    {Rule::object_identifier, Part::extra, "2.5.13.30", "objectIdentifierFirstComponentMatch", Syntax::oid},
    {Rule::uuid, Part::equality, "1.3.6.1.1.16.2", "UUIDMatch", Syntax::uuid},
    {Rule::uuid, Part::ordering, "1.3.6.1.1.16.3", "UUIDOrderingMatch", Syntax::uuid},
    {Rule::bit_and, Part::extra, "1.2.840.113556.1.4.803", "LDAP_MATCHING_RULE_BIT_AND", Syntax::integer},
    {Rule::bit_or, Part::extra, "1.2.840.113556.1.4.804", "LDAP_MATCHING_RULE_BIT_OR", Syntax::integer},
    {Rule::transitive_membership, Part::extra, "1.2.840.113556.1.4.1941", "LDAP_MATCHING_RULE_TRANSITIVE_EVAL",
     Syntax::dn},
});

// The name of the rule an attribute names. IA5 strings and descriptions have rules of their own.
std::string_view rule_name(const AttributeType& type, Part part) {
  const bool ia5 = type.syntax == Syntax::ia5_string && type.equality == Rule::case_ignore;
  if (ia5 && part == Part::equality) return "caseIgnoreIA5Match";
  if (ia5 && part == Part::substrings) return "caseIgnoreIA5SubstringsMatch";
  if (type.equality == Rule::object_identifier && type.syntax != Syntax::oid) {
    return "objectIdentifierFirstComponentMatch";
  }
  for (const RuleRow& row : kRules) {
    if (row.rule == type.equality && row.part == part) return row.name;
  }
  return {};
}

// oids = oid / "( " oid " $ " oid " )"
std::string oids(std::string_view names) {
  const auto list = ascii::split(names, ' ');
  if (list.size() == 1) return std::string(list.front());
  return fmt::format("( {} )", fmt::join(list, " $ "));
}

std::string describe(const AttributeType& t) {
  std::string out = fmt::format("( {} NAME ", t.oid);
  out += t.alias.empty() ? fmt::format("'{}'", t.name) : fmt::format("( '{}' '{}' )", t.name, t.alias);
  if (!t.description.empty()) out += fmt::format(" DESC '{}'", t.description);
  if (t.equality != Rule::none) out += fmt::format(" EQUALITY {}", rule_name(t, Part::equality));
  if (t.ordering) out += fmt::format(" ORDERING {}", rule_name(t, Part::ordering));
  if (t.substrings) out += fmt::format(" SUBSTR {}", rule_name(t, Part::substrings));
  out += fmt::format(" SYNTAX {}", oid_of(t.syntax));
  if (t.single) out += " SINGLE-VALUE";
  if (t.read_only) out += " NO-USER-MODIFICATION";
  if (t.usage == Usage::directory) out += " USAGE directoryOperation";
  if (t.usage == Usage::dsa) out += " USAGE dSAOperation";
  return out + " )";
}

std::string describe(const ObjectClass& c) {
  std::string out = fmt::format("( {} NAME '{}'", c.oid, c.name);
  if (!c.superior.empty()) out += fmt::format(" SUP {}", c.superior);
  out += c.kind == ClassKind::abstract ? " ABSTRACT" : c.kind == ClassKind::structural ? " STRUCTURAL" : " AUXILIARY";
  if (!c.must.empty()) out += " MUST " + oids(c.must);
  if (!c.may.empty()) out += " MAY " + oids(c.may);
  return out + " )";
}

bool uses(const AttributeType& type, const RuleRow& row) {
  if (row.rule == Rule::bit_and || row.rule == Rule::bit_or) return type.equality == Rule::integer;
  if (row.rule == Rule::transitive_membership) return type.name == "member" || type.name == "memberOf";
  if (row.rule != type.equality) return false;
  const bool named = rule_name(type, Part::equality) == row.name ||
                     (type.ordering && rule_name(type, Part::ordering) == row.name) ||
                     (type.substrings && rule_name(type, Part::substrings) == row.name);
  return named;
}

}  // namespace

Rule find_rule(std::string_view name) {
  for (const RuleRow& row : kRules) {
    if (row.oid == name || ascii::iequals(row.name, name)) return row.rule;
  }
  return Rule::none;
}

std::string_view oid_of(Syntax syntax) { return std::ranges::find(kSyntaxes, syntax, &SyntaxRow::syntax)->oid; }

std::vector<std::string> attribute_type_descriptions() {
  std::vector<std::string> out;
  for (const AttributeType& type : attribute_types()) out.push_back(describe(type));
  return out;
}

std::vector<std::string> object_class_descriptions() {
  std::vector<std::string> out;
  for (const ObjectClass& one : object_classes()) out.push_back(describe(one));
  return out;
}

std::vector<std::string> matching_rule_descriptions() {
  std::vector<std::string> out;
  for (const RuleRow& row : kRules) {
    const bool parts = row.part == Part::substrings || row.name.ends_with("SubstringsMatch");
    out.push_back(
        fmt::format("( {} NAME '{}' SYNTAX {} )", row.oid, row.name, parts ? kSubstringSyntax : oid_of(row.syntax)));
  }
  return out;
}

// RFC 4512 4.1.4.
std::vector<std::string> matching_rule_use_descriptions() {
  std::vector<std::string> out;
  for (const RuleRow& row : kRules) {
    std::string names;
    for (const AttributeType& type : attribute_types()) {
      if (uses(type, row)) names += (names.empty() ? "" : " ") + std::string(type.name);
    }
    if (!names.empty()) out.push_back(fmt::format("( {} NAME '{}' APPLIES {} )", row.oid, row.name, oids(names)));
  }
  return out;
}

std::vector<std::string> syntax_descriptions() {
  std::vector<std::string> out{fmt::format("( {} DESC 'Substring Assertion' )", kSubstringSyntax)};
  for (const SyntaxRow& row : kSyntaxes) out.push_back(fmt::format("( {} DESC '{}' )", row.oid, row.description));
  return out;
}

}  // namespace gatepost::ldap
