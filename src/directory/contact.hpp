#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace gatepost::directory {

// What is known about a person beside the mailbox. The numbers are kept on disk.
enum class ContactField : std::uint8_t {
  given_name = 1,
  surname,
  initials,
  title,
  department,
  company,
  office,
  phone,
  mobile,
  home_phone,
  fax,
  pager,
  street,
  city,
  state,
  postal_code,
  country,  // two letters (ISO 3166)
  employee_number,
  description,
  web_page,
  language,
  manager,  // an address of ours
};
inline constexpr auto kLastContactField = ContactField::manager;

// In order of fields; a field may be there several times (phone numbers).
using Contact = std::vector<std::pair<ContactField, std::string>>;

inline constexpr std::size_t kMaxContactValues = 50;
inline constexpr std::size_t kMaxContactValueOctets = 500;
inline constexpr std::size_t kMaxContactOctets = 8 << 10;

std::string_view to_string(ContactField field);  // "given-name"
std::optional<ContactField> contact_field_named(std::string_view name);
// In order, within the limits, each value UTF-8 without control characters and not empty. Errc::invalid with a sentence
// for the administrator; Errc::limit.
Result<Contact> checked_contact(Contact contact);
// The first value of the field, or "".
std::string_view first_of(const Contact* contact, ContactField field);

}  // namespace gatepost::directory
