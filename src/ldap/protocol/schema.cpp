#include "ldap/protocol/schema.hpp"

#include <array>
#include <unordered_map>

#include "base/ascii.hpp"

namespace gatepost::ldap {
namespace {

using enum Syntax;

// RFC 4519, RFC 4524, RFC 2798 for people; RFC 4512 5.1 and 3.4 for the server; and those that Active Directory has
// beside them ([MS-ADA1] to [MS-ADA3]). OIDs under 2.25 are UUIDs (X.667), for attributes of a root DSE that have none.
constexpr auto kTypes = std::to_array<AttributeType>({
    {"2.5.4.0", "objectClass", "", "", oid, Rule::object_identifier},
    {"2.5.4.3", "cn", "commonName", "", directory_string, Rule::case_ignore, true, true},
    {"2.5.4.4", "sn", "surname", "", directory_string, Rule::case_ignore, true, true},
    {"2.5.4.42", "givenName", "gn", "", directory_string, Rule::case_ignore, true, true},
    {"2.5.4.43", "initials", "", "", directory_string, Rule::case_ignore, true},
    {"2.16.840.1.113730.3.1.241", "displayName", "", "", directory_string, Rule::case_ignore, true, true, true},
    {"0.9.2342.19200300.100.1.1", "uid", "userid", "", directory_string, Rule::case_ignore, true, true},
    {"0.9.2342.19200300.100.1.3", "mail", "rfc822Mailbox", "", ia5_string, Rule::case_ignore, true, true},
    {"2.5.4.20", "telephoneNumber", "", "", telephone_number, Rule::telephone_number, true},
    {"0.9.2342.19200300.100.1.20", "homePhone", "homeTelephoneNumber", "", telephone_number, Rule::telephone_number,
     true},
    {"0.9.2342.19200300.100.1.41", "mobile", "mobileTelephoneNumber", "", telephone_number, Rule::telephone_number,
     true},
    {"0.9.2342.19200300.100.1.42", "pager", "pagerTelephoneNumber", "", telephone_number, Rule::telephone_number, true},
    {"2.5.4.23", "facsimileTelephoneNumber", "fax", "", facsimile, Rule::telephone_number, true},
    {"2.5.4.12", "title", "", "", directory_string, Rule::case_ignore, true},
    {"1.2.840.113556.1.2.141", "department", "", "", directory_string, Rule::case_ignore, true, false, true},
    {"1.2.840.113556.1.2.146", "company", "", "", directory_string, Rule::case_ignore, true, false, true},
    {"2.5.4.10", "o", "organizationName", "", directory_string, Rule::case_ignore, true},
    {"2.5.4.11", "ou", "organizationalUnitName", "", directory_string, Rule::case_ignore, true},
    {"2.5.4.19", "physicalDeliveryOfficeName", "", "", directory_string, Rule::case_ignore, true},
    {"2.5.4.9", "street", "streetAddress", "", directory_string, Rule::case_ignore, true},
    {"2.5.4.7", "l", "localityName", "", directory_string, Rule::case_ignore, true},
    {"2.5.4.8", "st", "stateOrProvinceName", "", directory_string, Rule::case_ignore, true},
    {"2.5.4.17", "postalCode", "", "", directory_string, Rule::case_ignore, true},
    {"2.5.4.6", "c", "countryName", "", country, Rule::case_ignore, true, false, true},
    {"1.2.840.113556.1.2.131", "co", "friendlyCountryName", "", directory_string, Rule::case_ignore, true},
    {"2.16.840.1.113730.3.1.3", "employeeNumber", "", "", directory_string, Rule::case_ignore, true, false, true},
    {"2.5.4.13", "description", "", "", directory_string, Rule::case_ignore, true},
    {"1.2.840.113556.1.2.464", "wWWHomePage", "", "", directory_string, Rule::case_ignore, true, false, true},
    {"2.16.840.1.113730.3.1.39", "preferredLanguage", "", "", directory_string, Rule::case_ignore, true, false, true},
    {"0.9.2342.19200300.100.1.10", "manager", "", "", dn, Rule::distinguished_name},
    {"2.5.4.31", "member", "", "", dn, Rule::distinguished_name},
    {"2.5.4.32", "owner", "", "", dn, Rule::distinguished_name},
    {"2.5.4.35", "userPassword", "", "", octet_string, Rule::octet_string},
    {"0.9.2342.19200300.100.1.25", "dc", "domainComponent", "", ia5_string, Rule::case_ignore, true, false, true},
    {"1.2.840.113556.1.4.221", "sAMAccountName", "", "", directory_string, Rule::case_ignore, true, false, true},
    {"1.2.840.113556.1.4.656", "userPrincipalName", "", "", directory_string, Rule::case_ignore, true, false, true},
    {"1.2.840.113556.1.2.210", "proxyAddresses", "", "", directory_string, Rule::case_ignore, true},
    {"1.2.840.113556.1.2.352", "targetAddress", "", "", directory_string, Rule::case_ignore, true, false, true},
    {"2.16.840.1.113730.3.1.198", "memberURL", "", "", directory_string, Rule::case_exact, false, false, false,
     Usage::user, true},
    {"0.9.2342.19200300.100.1.60", "jpegPhoto", "", "", jpeg, Rule::none},
    {"2.16.840.1.113730.3.1.35", "thumbnailPhoto", "", "", octet_string, Rule::none, false, false, true},
    {"1.2.840.113556.1.2.447", "mailNickname", "", "", directory_string, Rule::case_ignore, true, false, true},
    {"1.2.840.113556.1.2.102", "memberOf", "", "", dn, Rule::distinguished_name, false, false, false, Usage::user,
     true},
    // Of Exchange's schema: who may send on behalf of somebody, and the other way.
    {"1.2.840.113556.1.2.238", "publicDelegates", "", "", dn, Rule::distinguished_name, false, false, false,
     Usage::user, true},
    {"1.2.840.113556.1.2.295", "publicDelegatesBL", "", "", dn, Rule::distinguished_name, false, false, false,
     Usage::user, true},
    {"1.2.840.113556.1.4.2", "objectGUID", "", "", octet_string, Rule::octet_string, false, false, true, Usage::user,
     true},
    {"2.5.4.49", "distinguishedName", "", "", dn, Rule::distinguished_name, false, false, false, Usage::user, true},
    {"1.2.840.113556.1.4.8", "userAccountControl", "", "", integer, Rule::integer, false, true, true},
    {"1.2.840.113556.1.4.96", "pwdLastSet", "", "", integer, Rule::integer, false, true, true},
    {"1.2.840.113556.1.4.302", "sAMAccountType", "", "", integer, Rule::integer, false, true, true, Usage::user, true},
    {"1.2.840.113556.1.4.750", "groupType", "", "", integer, Rule::integer, false, true, true, Usage::user, true},
    {"1.2.840.113556.1.2.2", "whenCreated", "", "", generalized_time, Rule::generalized_time, false, true, true,
     Usage::user, true},
    {"1.2.840.113556.1.2.3", "whenChanged", "", "", generalized_time, Rule::generalized_time, false, true, true,
     Usage::user, true},
    {"1.2.840.113556.1.2.120", "uSNChanged", "", "", integer, Rule::integer, false, true, true, Usage::user, true},
    {"1.2.840.113556.1.2.48", "isDeleted", "", "", boolean, Rule::boolean, false, false, true, Usage::user, true},
    // RFC 4512 3.4, RFC 4530, RFC 5020
    {"2.5.18.1", "createTimestamp", "", "", generalized_time, Rule::generalized_time, false, true, true,
     Usage::directory, true},
    {"2.5.18.2", "modifyTimestamp", "", "", generalized_time, Rule::generalized_time, false, true, true,
     Usage::directory, true},
    {"2.5.21.9", "structuralObjectClass", "", "", oid, Rule::object_identifier, false, false, true, Usage::directory,
     true},
    {"2.5.18.10", "subschemaSubentry", "", "", dn, Rule::distinguished_name, false, false, true, Usage::directory,
     true},
    {"2.5.18.9", "hasSubordinates", "", "", boolean, Rule::boolean, false, false, true, Usage::directory, true},
    {"2.5.18.6", "subtreeSpecification", "", "", subtree_specification, Rule::none, false, false, true,
     Usage::directory, true},
    {"1.3.6.1.1.20", "entryDN", "", "", dn, Rule::distinguished_name, false, false, true, Usage::directory, true},
    {"1.3.6.1.1.16.4", "entryUUID", "", "", uuid, Rule::uuid, false, true, true, Usage::directory, true},
    // draft-behera-ldap-password-policy-11 5.3
    {"1.3.6.1.4.1.42.2.27.8.1.16", "pwdChangedTime", "", "", generalized_time, Rule::generalized_time, false, true,
     true, Usage::directory, true},
    {"1.3.6.1.4.1.42.2.27.8.1.22", "pwdReset", "", "", boolean, Rule::boolean, false, false, true, Usage::directory},
    // RFC 4512 5.1, RFC 3045
    {"1.3.6.1.4.1.1466.101.120.5", "namingContexts", "", "", dn, Rule::distinguished_name, false, false, false,
     Usage::dsa, true},
    {"1.3.6.1.4.1.1466.101.120.7", "supportedExtension", "", "", oid, Rule::object_identifier, false, false, false,
     Usage::dsa, true},
    {"1.3.6.1.4.1.1466.101.120.13", "supportedControl", "", "", oid, Rule::object_identifier, false, false, false,
     Usage::dsa, true},
    {"1.3.6.1.4.1.4203.1.3.5", "supportedFeatures", "", "", oid, Rule::object_identifier, false, false, false,
     Usage::dsa, true},
    {"1.3.6.1.4.1.1466.101.120.14", "supportedSASLMechanisms", "", "", directory_string, Rule::case_ignore, false,
     false, false, Usage::dsa, true},
    {"1.3.6.1.4.1.1466.101.120.15", "supportedLDAPVersion", "", "", integer, Rule::integer, false, false, false,
     Usage::dsa, true},
    {"1.3.6.1.1.4", "vendorName", "", "", directory_string, Rule::case_exact, false, false, true, Usage::dsa, true},
    {"1.3.6.1.1.5", "vendorVersion", "", "", directory_string, Rule::case_exact, false, false, true, Usage::dsa, true},
    {"2.25.164871062215839463412947365811216340577", "defaultNamingContext", "", "", dn, Rule::distinguished_name,
     false, false, true, Usage::dsa, true},
    {"2.25.297734281109355204816647095518263327011", "dnsHostName", "", "", directory_string, Rule::case_ignore, false,
     false, true, Usage::dsa, true},
    {"2.25.113409826637140987725560218842290375164", "currentTime", "", "", generalized_time, Rule::generalized_time,
     false, true, true, Usage::dsa, true},
    // RFC 4512 4.2
    {"2.5.21.5", "attributeTypes", "", "", attribute_type_description, Rule::object_identifier, false, false, false,
     Usage::directory, true},
    {"2.5.21.6", "objectClasses", "", "", object_class_description, Rule::object_identifier, false, false, false,
     Usage::directory, true},
    {"2.5.21.4", "matchingRules", "", "", matching_rule_description, Rule::object_identifier, false, false, false,
     Usage::directory, true},
    {"2.5.21.8", "matchingRuleUse", "", "", matching_rule_use_description, Rule::object_identifier, false, false, false,
     Usage::directory, true},
    {"1.3.6.1.4.1.1466.101.120.16", "ldapSyntaxes", "", "", syntax_description, Rule::object_identifier, false, false,
     false, Usage::directory, true},
});

constexpr std::string_view kAddressOf =
    "street l st postalCode c co physicalDeliveryOfficeName telephoneNumber facsimileTelephoneNumber description ou";

// RFC 4512 3.3 and 4.2, RFC 4519 3, RFC 4524 3, RFC 2798 3. Those that Active Directory has are auxiliary here, so that
// an entry can be both what RFC 2798 and what an AD reader looks for.
constexpr auto kClasses = std::to_array<ObjectClass>({
    {"2.5.6.0", "top", "", ClassKind::abstract, "objectClass",
     "objectGUID distinguishedName whenCreated whenChanged uSNChanged memberOf"},
    {"2.5.20.1", "subschema", "top", ClassKind::auxiliary, "",
     "attributeTypes objectClasses matchingRules matchingRuleUse ldapSyntaxes"},
    {"2.5.17.0", "subentry", "top", ClassKind::structural, "cn subtreeSpecification", ""},
    {"0.9.2342.19200300.100.4.13", "domain", "top", ClassKind::structural, "dc",
     "o description street l st postalCode telephoneNumber facsimileTelephoneNumber"},
    {"1.3.6.1.4.1.1466.344", "dcObject", "top", ClassKind::auxiliary, "dc", ""},
    {"2.5.6.5", "organizationalUnit", "top", ClassKind::structural, "ou",
     "description street l st postalCode physicalDeliveryOfficeName telephoneNumber facsimileTelephoneNumber"},
    {"2.5.6.6", "person", "top", ClassKind::structural, "sn cn", "userPassword telephoneNumber description"},
    {"2.5.6.7", "organizationalPerson", "person", ClassKind::structural, "",
     "title street l st postalCode ou "
     "physicalDeliveryOfficeName facsimileTelephoneNumber"},
    {"2.16.840.1.113730.3.2.2", "inetOrgPerson", "organizationalPerson", ClassKind::structural, "",
     "displayName employeeNumber givenName homePhone initials jpegPhoto mail manager mobile o pager preferredLanguage "
     "uid"},
    {"1.2.840.113556.1.5.9", "user", "top", ClassKind::auxiliary, "",
     "sAMAccountName userPrincipalName userAccountControl pwdLastSet sAMAccountType"},
    {"1.2.840.113556.1.3.46", "mailRecipient", "top", ClassKind::auxiliary, "cn",
     "mail proxyAddresses mailNickname displayName department company c co wWWHomePage publicDelegates "
     "publicDelegatesBL jpegPhoto thumbnailPhoto"},
    {"1.2.840.113556.1.5.15", "contact", "top", ClassKind::auxiliary, "",
     "targetAddress givenName initials mail mobile homePhone pager manager o employeeNumber preferredLanguage"},
    {"2.16.840.1.113730.3.2.33", "groupOfURLs", "top", ClassKind::auxiliary, "", "memberURL"},
    {"2.5.6.9", "groupOfNames", "top", ClassKind::structural, "cn", "member owner description o ou"},
    {"1.2.840.113556.1.5.8", "group", "top", ClassKind::auxiliary, "",
     "sAMAccountName sAMAccountType groupType displayName mail"},
    {"0.9.2342.19200300.100.4.7", "room", "top", ClassKind::structural, "cn", kAddressOf},
});

struct Names {
  std::unordered_map<std::string, std::uint16_t> types, classes;

  Names() {
    for (std::size_t i = 0; i < kTypes.size(); ++i) {
      for (const std::string_view name : {kTypes[i].oid, kTypes[i].name, kTypes[i].alias}) {
        if (!name.empty()) types.emplace(ascii::to_lower(name), static_cast<std::uint16_t>(i));
      }
    }
    for (std::size_t i = 0; i < kClasses.size(); ++i) {
      for (const std::string_view name : {kClasses[i].oid, kClasses[i].name}) {
        classes.emplace(ascii::to_lower(name), static_cast<std::uint16_t>(i));
      }
    }
  }
};
// Constant once made.
const Names& names() {
  static const Names all;
  return all;
}

}  // namespace

std::span<const AttributeType> attribute_types() { return kTypes; }
std::span<const ObjectClass> object_classes() { return kClasses; }

const AttributeType* find_attribute(std::string_view name) {
  const auto found = names().types.find(ascii::to_lower(name));
  return found == names().types.end() ? nullptr : &kTypes[found->second];
}

const ObjectClass* find_class(std::string_view name) {
  const auto found = names().classes.find(ascii::to_lower(name));
  return found == names().classes.end() ? nullptr : &kClasses[found->second];
}

std::size_t index_of(const AttributeType& type) { return static_cast<std::size_t>(&type - kTypes.data()); }

}  // namespace gatepost::ldap
