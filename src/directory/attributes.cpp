#include "directory/attributes.hpp"

#include <array>

namespace gatepost::directory {
namespace {

constexpr auto kFields = std::to_array<FieldAttribute>({{ContactField::initials, "initials"},
                                                        {ContactField::title, "title"},
                                                        {ContactField::department, "department"},
                                                        {ContactField::company, "company"},
                                                        {ContactField::company, "o"},
                                                        {ContactField::office, "physicalDeliveryOfficeName"},
                                                        {ContactField::phone, "telephoneNumber"},
                                                        {ContactField::mobile, "mobile"},
                                                        {ContactField::home_phone, "homePhone"},
                                                        {ContactField::fax, "facsimileTelephoneNumber"},
                                                        {ContactField::pager, "pager"},
                                                        {ContactField::street, "street"},
                                                        {ContactField::city, "l"},
                                                        {ContactField::state, "st"},
                                                        {ContactField::postal_code, "postalCode"},
                                                        {ContactField::country, "c"},
                                                        {ContactField::employee_number, "employeeNumber"},
                                                        {ContactField::description, "description"},
                                                        {ContactField::web_page, "wWWHomePage"},
                                                        {ContactField::language, "preferredLanguage"}});

}  // namespace

std::span<const FieldAttribute> field_attributes() { return kFields; }

std::string_view shown_name(const Principal& principal) {
  if (!principal.display_name.empty()) return principal.display_name;
  const std::string_view address = principal.address;
  return principal.kind == PrincipalKind::contact ? address : address.substr(0, address.rfind('@'));
}

std::string_view surname(const Principal& principal) {
  const std::string_view own = first_of(principal.contact.get(), ContactField::surname);
  if (!own.empty()) return own;
  const std::string_view shown = shown_name(principal);
  const std::size_t blank = shown.rfind(' ');
  return blank == std::string_view::npos ? shown : shown.substr(blank + 1);
}

std::vector<std::string_view> object_classes(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::person:
    case PrincipalKind::shared_mailbox:
    case PrincipalKind::equipment:
      return {"top", "person", "organizationalPerson", "inetOrgPerson", "user", "mailRecipient"};
    case PrincipalKind::room:
      return {"top", "room", "mailRecipient"};
    case PrincipalKind::group:
      return {"top", "groupOfNames", "group", "mailRecipient"};
    case PrincipalKind::contact:
      return {"top", "person", "organizationalPerson", "contact", "mailRecipient"};
  }
  return {"top"};
}

}  // namespace gatepost::directory
