#include "directory/contact.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace gatepost::directory {
namespace {

// By number, from 1.
constexpr auto kNames = std::to_array<std::string_view>(
    {"given-name", "surname",         "initials",    "title",    "department", "company", "office", "phone",
     "mobile",     "home-phone",      "fax",         "pager",    "street",     "city",    "state",  "postal-code",
     "country",    "employee-number", "description", "web-page", "language",   "manager"});
static_assert(kNames.size() == static_cast<std::size_t>(kLastContactField));

bool may_be_several(ContactField field) {
  return field == ContactField::phone || field == ContactField::mobile || field == ContactField::home_phone ||
         field == ContactField::fax || field == ContactField::pager;
}

}  // namespace

std::string_view to_string(ContactField field) { return kNames[static_cast<std::size_t>(field) - 1]; }

std::optional<ContactField> contact_field_named(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<ContactField>(found - kNames.begin() + 1);
}

Result<Contact> checked_contact(Contact contact) {
  if (contact.size() > kMaxContactValues) {
    return fail(Errc::limit, fmt::format("at most {} contact details", kMaxContactValues));
  }
  // By field; values of one field stay in the order they were given.
  for (auto at = contact.begin(); at != contact.end(); ++at) {
    std::rotate(std::ranges::upper_bound(contact.begin(), at, at->first, {}, &Contact::value_type::first), at,
                std::next(at));
  }
  std::size_t octets = 0;
  for (std::size_t i = 0; i < contact.size(); ++i) {
    const auto& [field, value] = contact[i];
    if (value.empty() || value.size() > kMaxContactValueOctets) {
      return fail(Errc::invalid, fmt::format("{} has 1 to {} octets", to_string(field), kMaxContactValueOctets));
    }
    if (!utf8::is_valid(value) || std::ranges::any_of(value, ascii::is_control)) {
      return fail(Errc::invalid, fmt::format("{} is UTF-8 text without control characters", to_string(field)));
    }
    if (field == ContactField::country && (value.size() != 2 || !std::ranges::all_of(value, ascii::is_alpha))) {
      return fail(Errc::invalid, "country is two letters, such as DE");
    }
    if (i > 0 && contact[i - 1].first == field && !may_be_several(field)) {
      return fail(Errc::invalid, fmt::format("there is one {} only", to_string(field)));
    }
    octets += value.size();
  }
  if (octets > kMaxContactOctets) {
    return fail(Errc::limit, fmt::format("contact details of at most {} octets together", kMaxContactOctets));
  }
  return contact;
}

std::string_view first_of(const Contact* contact, ContactField field) {
  if (contact == nullptr) return {};
  const auto found = std::ranges::find(*contact, field, &Contact::value_type::first);
  return found == contact->end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace gatepost::directory
