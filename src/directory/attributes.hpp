#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "directory/principal.hpp"

// What is known of people, by the names that directories of the LDAP kind have for it (RFC 4519, RFC 4524, RFC 2798,
// [MS-ADA1] to [MS-ADA3]).
namespace gatepost::directory {

// One attribute type that shows a contact field; a field may be shown by several.
struct FieldAttribute {
  ContactField field;
  std::string_view attribute;
};
// Without those that show more than a field: sn, givenName, manager.
std::span<const FieldAttribute> field_attributes();

// The name that is shown: the display name, or what is before the @ of the address; of a contact all of the address.
std::string_view shown_name(const Principal& principal);
// RFC 4519 2.32 wants one of each person: where it is not known, the last word of the name.
std::string_view surname(const Principal& principal);
// objectClass (RFC 4512 3.3), from top down.
std::vector<std::string_view> object_classes(PrincipalKind kind);

}  // namespace gatepost::directory
