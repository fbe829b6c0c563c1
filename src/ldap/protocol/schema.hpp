#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ldap/protocol/matching.hpp"

// What names mean here: attribute types, object classes, syntaxes and rules (RFC 4512 4.1). One table each; the
// subschema that is served, the search and the answers all go by them.
namespace gatepost::ldap {

enum class Syntax : std::uint8_t {
  directory_string,
  ia5_string,
  printable_string,
  numeric_string,
  telephone_number,
  facsimile,
  octet_string,
  jpeg,
  dn,
  integer,
  boolean,
  generalized_time,
  oid,
  uuid,
  country,
  postal_address,
  subtree_specification,
  // The subschema's own (RFC 4512 4.2).
  attribute_type_description,
  object_class_description,
  matching_rule_description,
  matching_rule_use_description,
  syntax_description,
};

enum class Usage : std::uint8_t { user, directory, dsa };

struct AttributeType {
  std::string_view oid;
  std::string_view name;   // the first, as it is shown
  std::string_view alias;  // another, or empty
  std::string_view description;
  Syntax syntax;
  Rule equality;
  bool substrings = false;
  bool ordering = false;
  bool single = false;
  Usage usage = Usage::user;
  bool read_only = false;  // NO-USER-MODIFICATION
  std::string_view superior = {};

  bool operational() const { return usage != Usage::user; }
};

enum class ClassKind : std::uint8_t { abstract, structural, auxiliary };
struct ObjectClass {
  std::string_view oid, name, superior;
  ClassKind kind;
  std::string_view must, may;  // names, separated by blanks
};

std::span<const AttributeType> attribute_types();
std::span<const ObjectClass> object_classes();
// By a name in any case, or by OID, without options; nullptr: unknown.
const AttributeType* find_attribute(std::string_view name);
const ObjectClass* find_class(std::string_view name);
// A matching rule by name or OID; Rule::none: unknown. Ordering and substring rules give the rule they share.
Rule find_rule(std::string_view name);
std::string_view oid_of(Syntax syntax);
// Place in attribute_types().
std::size_t index_of(const AttributeType& type);

// The values of the subschema's attributes (RFC 4512 4.2).
std::vector<std::string> attribute_type_descriptions();
std::vector<std::string> object_class_descriptions();
std::vector<std::string> matching_rule_descriptions();
std::vector<std::string> matching_rule_use_descriptions();
std::vector<std::string> syntax_descriptions();

}  // namespace gatepost::ldap
