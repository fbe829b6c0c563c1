#include "ldap/server/change.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "directory/addresses.hpp"
#include "directory/photo.hpp"

#include "ldap/protocol/dn.hpp"
#include "ldap/protocol/matching.hpp"
#include "ldap/protocol/schema.hpp"

namespace gatepost::ldap::server {
namespace {

using directory::Contact;
using directory::ContactField;
using directory::PrincipalKind;
using directory::Role;
using ChangeKind = ModifyRequest::Kind;

Outcome no(ResultCode code, std::string text) { return {code, std::move(text), {}}; }

// What people may say of themselves. Who is what in the company is for others to say.
bool is_ones_own(ContactField field) {
  switch (field) {
    case ContactField::phone:
    case ContactField::mobile:
    case ContactField::home_phone:
    case ContactField::fax:
    case ContactField::pager:
    case ContactField::description:
    case ContactField::web_page:
    case ContactField::language:
    case ContactField::initials:
      return true;
    default:
      return false;
  }
}

bool may_change(const Viewer& viewer, const directory::Principal& whose, ContactField field) {
  if (viewer.role == Role::admin) return true;
  if (viewer.role == Role::helpdesk && (whose.role == Role::none || whose.id == viewer.id)) return true;
  return whose.id == viewer.id && is_ones_own(field);
}
bool may_change_photo(const Viewer& viewer, const directory::Principal& whose) {
  return whose.id == viewer.id || may_change(viewer, whose, ContactField::title);
}
bool may_change_members(const Viewer& viewer) { return viewer.role == Role::admin || viewer.role == Role::helpdesk; }

// The address of the entry that a DN names.
std::optional<std::string> address_of(Tree& tree, std::string_view name) {
  const auto dn = parse_dn(name);
  const EntryPtr entry = dn ? tree.find(normal_form(*dn)) : nullptr;
  if (entry == nullptr || !entry->is_principal()) return std::nullopt;
  const auto principal = tree.directory().principal(entry->id);
  return principal ? std::optional(principal->address) : std::nullopt;
}

// The values as the directory keeps them.
std::variant<std::vector<std::string>, Outcome> stored_values(Tree& tree, const AttributeType& type,
                                                              const std::vector<std::string>& values) {
  std::vector<std::string> out;
  for (const std::string& value : values) {
    if (type.syntax != Syntax::dn) {
      if (!prepare(type.equality, value)) return no(ResultCode::invalid_attribute_syntax, std::string(type.name));
      out.push_back(value);
    } else if (auto address = address_of(tree, value)) {
      out.push_back(*std::move(address));
    } else {
      return no(ResultCode::constraint_violation, fmt::format("{} names nobody here", type.name));
    }
  }
  return out;
}

bool same(const AttributeType& type, const std::string& a, const std::string& b) {
  if (type.syntax == Syntax::dn) return a == b;  // addresses by now
  return prepare(type.equality, a) == prepare(type.equality, b);
}

// RFC 4511 4.6: what each kind of change does to a set of values.
std::optional<Outcome> apply(ChangeKind kind, const AttributeType& type, const std::vector<std::string>& given,
                             std::vector<std::string>& values) {
  const auto find = [&](const std::string& one) {
    return std::ranges::find_if(values, [&](const std::string& v) { return same(type, v, one); });
  };
  if (kind == ChangeKind::replace) values.clear();
  if (kind == ChangeKind::remove && given.empty()) {
    if (values.empty()) return no(ResultCode::no_such_attribute, fmt::format("there is no {}", type.name));
    values.clear();
  }
  if (kind == ChangeKind::add && given.empty()) return no(ResultCode::protocol_error, "an add of nothing");
  for (const std::string& one : given) {
    const auto at = find(one);
    if (kind == ChangeKind::remove) {
      if (at == values.end()) return no(ResultCode::no_such_attribute, fmt::format("no such value of {}", type.name));
      values.erase(at);
    } else {
      if (at != values.end()) return no(ResultCode::attribute_or_value_exists, std::string(type.name));
      values.push_back(one);
    }
  }
  return std::nullopt;
}

std::optional<Outcome> change_contact(ChangeKind kind, const AttributeType& type, ContactField field,
                                      const std::vector<std::string>& given, directory::Principal& principal) {
  Contact contact = principal.contact != nullptr ? *principal.contact : Contact();
  std::vector<std::string> values;
  for (const auto& [f, value] : contact) {
    if (f == field) values.push_back(value);
  }
  if (auto wrong = apply(kind, type, given, values)) return wrong;
  std::erase_if(contact, [&](const auto& row) { return row.first == field; });
  for (std::string& value : values) contact.emplace_back(field, std::move(value));
  if (auto good = directory::checked_contact(contact); !good) {
    return no(ResultCode::constraint_violation, good.error().detail);
  }
  principal.contact = std::make_shared<const Contact>(std::move(contact));
  return std::nullopt;
}

bool is_display_name(const AttributeType& type, const Entry& entry) {
  const bool person = entry.kind == EntryKind::person || entry.kind == EntryKind::shared_mailbox ||
                      entry.kind == EntryKind::equipment || entry.kind == EntryKind::contact;
  return type.name == "displayName" || (type.name == "cn" && person);
}

std::variant<Change, Outcome> plan_members(Tree& tree, const Viewer& viewer, const Entry& entry,
                                           const directory::Principal& group,
                                           const std::vector<ModifyRequest::Change>& changes) {
  if (!may_change_members(viewer)) return no(ResultCode::insufficient_access_rights, "the members are not yours");
  if (!group.rule.empty()) return no(ResultCode::unwilling_to_perform, "its members follow from a rule");
  const AttributeType& type = *find_attribute("member");
  std::vector<std::string> before;
  for (const directory::PrincipalId id : entry.members()) {
    if (const auto principal = tree.directory().principal(id)) before.push_back(principal->address);
  }
  std::vector<std::string> after = before;
  for (const ModifyRequest::Change& change : changes) {
    if (find_attribute(change.attribute.type) != &type) {
      return no(ResultCode::unwilling_to_perform, "members are changed apart from the rest of " + group.address);
    }
    auto values = stored_values(tree, type, change.attribute.values);
    if (auto* const wrong = std::get_if<Outcome>(&values)) return std::move(*wrong);
    if (auto wrong = apply(change.kind, type, std::get<0>(values), after)) return *std::move(wrong);
  }
  NewMembers out;
  std::ranges::sort(before);
  std::ranges::sort(after);
  std::ranges::set_difference(after, before, std::back_inserter(out.added));
  std::ranges::set_difference(before, after, std::back_inserter(out.removed));
  return Change(std::move(out));
}

// Both attributes show the one picture there is; whoever sends it in two sizes means the larger one.
std::variant<Change, Outcome> plan_photo(const Viewer& viewer, const directory::Principal& whose,
                                         const std::vector<ModifyRequest::Change>& changes) {
  if (!may_change_photo(viewer, whose)) {
    return no(ResultCode::insufficient_access_rights, "the picture is not yours to change");
  }
  NewPhoto out;
  for (const ModifyRequest::Change& change : changes) {
    const AttributeType* const type = find_attribute(change.attribute.type);
    if (type == nullptr || !is_photo(type->name)) {
      return no(ResultCode::unwilling_to_perform, "a picture is changed apart from the rest of " + whose.address);
    }
    const auto& values = change.attribute.values;
    if (values.size() > 1) return no(ResultCode::constraint_violation, "there is one picture only");
    if (change.kind == ChangeKind::remove) {
      if (!shows_photo(type->name, whose.photo)) {
        return no(ResultCode::no_such_attribute, fmt::format("there is no {}", type->name));
      }
      continue;
    }
    if (change.kind == ChangeKind::add && values.empty()) return no(ResultCode::protocol_error, "an add of nothing");
    const bool goes_first = changes.front().kind == ChangeKind::remove;
    if (change.kind == ChangeKind::add && whose.photo.type != directory::PhotoType::none && !goes_first) {
      return no(ResultCode::attribute_or_value_exists, std::string(type->name));
    }
    if (values.empty()) continue;
    const auto facts = directory::read_photo(values.front());
    if (!facts) return no(ResultCode::constraint_violation, facts.error().detail);
    if (type->name == "jpegPhoto" && facts->type != directory::PhotoType::jpeg) {
      return no(ResultCode::invalid_attribute_syntax, "jpegPhoto is a JPEG file");
    }
    if (values.front().size() > out.octets.size()) out.octets = values.front();
  }
  return Change(std::move(out));
}

bool may_set_passwords_of(const Viewer& viewer, const directory::Principal& whose) {
  return viewer.role == Role::admin || (viewer.role == Role::helpdesk && whose.role == Role::none);
}

// That the password has to be replaced: pwdReset as OpenLDAP's policy has it, pwdLastSet 0 and -1 as Active Directory's
// programs write it ([MS-SAMR] 3.1.1.8.8); other times are not for anybody to say.
std::variant<Change, Outcome> plan_demand(const Viewer& viewer, const directory::Principal& whose,
                                          const std::vector<ModifyRequest::Change>& changes) {
  if (!may_set_passwords_of(viewer, whose)) return no(ResultCode::insufficient_access_rights, "not your password");
  if (changes.size() != 1) {
    return no(ResultCode::unwilling_to_perform, "this is changed apart from the rest of " + whose.address);
  }
  const ModifyRequest::Change& change = changes.front();
  const AttributeType& type = *find_attribute(change.attribute.type);
  const auto& values = change.attribute.values;
  const bool reset = type.name == "pwdReset";
  if (reset && (change.kind == ChangeKind::remove || values.empty())) return Change(NewDemand{false});
  if (change.kind == ChangeKind::remove || values.size() != 1) {
    return no(ResultCode::constraint_violation, fmt::format("{} has one value", type.name));
  }
  for (const auto& [text, demanded] :
       {std::pair(reset ? "TRUE" : "0", true), std::pair(reset ? "FALSE" : "-1", false)}) {
    if (values.front() == text) return Change(NewDemand{demanded});
  }
  return no(ResultCode::constraint_violation, reset ? "TRUE or FALSE" : "0: at the next sign-in; -1: not any more");
}

// What of [MS-ADTS] 2.2.16 can be others here than it is.
std::optional<Outcome> take_account_control(const std::vector<std::string>& values, directory::Principal& principal) {
  std::uint32_t number = 0;
  const std::string text = values.size() == 1 ? values.front() : std::string();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return no(ResultCode::constraint_violation, "userAccountControl is one number");
  }
  constexpr std::uint32_t kSettable = kAccountDisabled | kPasswordNeverExpires;
  if ((number & ~kSettable) != kNormalAccount) {
    return no(ResultCode::unwilling_to_perform, "512, and 2: disabled, and 65536: the password does not expire");
  }
  principal.enabled = (number & kAccountDisabled) == 0;
  principal.password_never_expires = (number & kPasswordNeverExpires) != 0;
  return std::nullopt;
}

std::variant<Change, Outcome> plan_password(const Viewer& viewer, const directory::Principal& whose,
                                            const std::vector<ModifyRequest::Change>& changes) {
  // Whoever changes his own has to know the old one, which password modify (RFC 3062) can say.
  if (!may_set_passwords_of(viewer, whose)) {
    return no(ResultCode::insufficient_access_rights, "your own password is changed by the password modify operation");
  }
  // As Active Directory's programs do it: the old value goes, the new one comes.
  const ModifyRequest::Change& last = changes.back();
  const bool drops_first = changes.size() == 2 && changes.front().kind == ChangeKind::remove &&
                           find_attribute(changes.front().attribute.type) == find_attribute("userPassword");
  if ((changes.size() != 1 && !drops_first) || last.attribute.values.size() != 1 || last.kind == ChangeKind::remove) {
    return no(ResultCode::unwilling_to_perform, "a password is changed alone, to one value");
  }
  return Change(NewPassword{Secret(last.attribute.values.front())});
}

}  // namespace

std::variant<Change, Outcome> plan_modify(Tree& tree, const Viewer& viewer, const Entry& entry,
                                          const directory::Principal& principal,
                                          const std::vector<ModifyRequest::Change>& changes) {
  if (changes.empty()) return no(ResultCode::protocol_error, "a modify of nothing");
  for (const ModifyRequest::Change& change : changes) {
    const AttributeType* const type = find_attribute(change.attribute.type);
    if (type == nullptr) return no(ResultCode::undefined_attribute_type, change.attribute.type);
    if (type->name == "member" && entry.kind == EntryKind::group) {
      return plan_members(tree, viewer, entry, principal, changes);
    }
    if (type->name == "userPassword" && entry.kind == EntryKind::person) {
      return plan_password(viewer, principal, changes);
    }
    if (is_photo(type->name)) return plan_photo(viewer, principal, changes);
    if ((type->name == "pwdReset" || type->name == "pwdLastSet") && entry.kind == EntryKind::person) {
      return plan_demand(viewer, principal, changes);
    }
  }
  NewPrincipal out{principal};
  std::optional<std::vector<std::string>> control;  // values of userAccountControl
  for (const ModifyRequest::Change& change : changes) {
    const AttributeType& type = *find_attribute(change.attribute.type);
    auto values = stored_values(tree, type, change.attribute.values);
    if (auto* const wrong = std::get_if<Outcome>(&values)) return std::move(*wrong);
    const auto& given = std::get<0>(values);
    if (is_display_name(type, entry)) {
      if (viewer.role != Role::admin) return no(ResultCode::insufficient_access_rights, "the name is not yours");
      std::vector<std::string> names;
      if (!out.principal.display_name.empty()) names.push_back(out.principal.display_name);
      if (auto wrong = apply(change.kind, type, given, names)) return *std::move(wrong);
      if (names.size() > 1) return no(ResultCode::constraint_violation, "there is one name only");
      out.principal.display_name = names.empty() ? std::string() : names.front();
      continue;
    }
    if (type.name == "userAccountControl" && entry.kind == EntryKind::person) {
      if (viewer.role != Role::admin) return no(ResultCode::insufficient_access_rights, "the account is not yours");
      if (!control) control = {std::to_string(account_control(principal))};
      if (auto wrong = apply(change.kind, type, given, *control)) return *std::move(wrong);
      continue;
    }
    const auto field = contact_field_of(type.name);
    if (!field) {
      return no(type.read_only ? ResultCode::constraint_violation : ResultCode::unwilling_to_perform,
                fmt::format("{} does not change", type.name));
    }
    if (!may_change(viewer, principal, *field)) {
      return no(ResultCode::insufficient_access_rights, fmt::format("{} is not yours to change", type.name));
    }
    if (auto wrong = change_contact(change.kind, type, *field, given, out.principal)) return *std::move(wrong);
  }
  if (control) {
    if (auto wrong = take_account_control(*control, out.principal)) return *std::move(wrong);
  }
  return Change(std::move(out));
}

namespace {

// Where a name lies says what kind of entry it is: uid=anna,ou=people,dc=example,dc=org.
std::variant<NewEntry, Outcome> named_entry(Tree& tree, const Dn& dn) {
  if (dn.rdns.size() < 3 || dn.rdns.front().size() != 1) {
    return no(ResultCode::naming_violation,
              "entries lie under ou=people, ou=shared, ou=rooms, ou=equipment, ou=groups and ou=contacts");
  }
  const EntryPtr unit = tree.find(normal_form(dn.parent()));
  if (unit == nullptr) return no(ResultCode::no_such_object, "there is nothing above it");
  NewEntry out;
  bool found = false;
  for (const PrincipalKind kind : {PrincipalKind::person, PrincipalKind::shared_mailbox, PrincipalKind::room,
                                   PrincipalKind::equipment, PrincipalKind::group, PrincipalKind::contact}) {
    if (unit->dn() != unit_dn(kind, unit->domain)) continue;
    out.kind = kind;
    found = true;
  }
  const Ava& own = dn.rdns.front().front();
  const std::string_view wanted = naming_attribute(out.kind);
  const AttributeType* const type = find_attribute(own.type);
  if (!found || type == nullptr || type->name != wanted) {
    return no(ResultCode::naming_violation, fmt::format("it is named by {} there", wanted));
  }
  if (out.kind != PrincipalKind::contact) {
    out.address = own.value + "@" + unit->domain;
  } else if (const auto address = directory::canonical_address(own.value)) {
    out.address = address->to_string();
    out.home = unit->domain;
  } else {
    return no(ResultCode::naming_violation, "a contact is named by its address: cn=paul@example.net");
  }
  return out;
}

}  // namespace

std::variant<NewEntry, Outcome> plan_add(Tree& tree, const AddRequest& request) {
  const auto dn = parse_dn(request.name);
  if (!dn) return no(ResultCode::invalid_dn_syntax, dn.error().detail);
  auto named = named_entry(tree, *dn);
  if (std::holds_alternative<Outcome>(named)) return named;
  NewEntry& out = std::get<NewEntry>(named);
  for (const Attribute& attribute : request.attributes) {
    const AttributeType* const type = find_attribute(attribute.type);
    if (type == nullptr) return no(ResultCode::undefined_attribute_type, attribute.type);
    // These follow from the name; classes from where it lies.
    if (type->name == "objectClass") {
      for (const std::string& one : attribute.values) {
        if (find_class(one) == nullptr) return no(ResultCode::object_class_violation, "no such class: " + one);
      }
      continue;
    }
    if (type->name == "uid" || type->name == "sAMAccountName" || type->name == "mailNickname") continue;
    auto values = stored_values(tree, *type, attribute.values);
    if (auto* const wrong = std::get_if<Outcome>(&values)) return std::move(*wrong);
    const auto& given = std::get<0>(values);
    if (type->name == "mail" || type->name == "userPrincipalName") {
      if (given.size() != 1 || !same(*type, given.front(), out.address)) {
        return no(ResultCode::constraint_violation, fmt::format("{} is {}", type->name, out.address));
      }
    } else if (type->name == "displayName" || type->name == "cn") {
      const bool names_it = out.kind == PrincipalKind::contact && type->name == "cn";
      for (const std::string& one : given) {
        // What a contact is named by is no name to show, where there is another.
        if (names_it && same(*type, one, out.address)) continue;
        if (type->name == "displayName" || out.display_name.empty()) out.display_name = one;
        break;
      }
    } else if (type->name == "targetAddress" && out.kind == PrincipalKind::contact) {
      if (given.size() != 1 || !same(*type, given.front(), "SMTP:" + out.address)) {
        return no(ResultCode::constraint_violation, "targetAddress is SMTP:" + out.address);
      }
    } else if (type->name == "userPassword" && out.kind == PrincipalKind::person) {
      if (given.size() != 1) return no(ResultCode::constraint_violation, "one password");
      out.password = Secret(given.front());
    } else if (type->name == "member" && out.kind == PrincipalKind::group) {
      out.members = given;
    } else if (const auto field = contact_field_of(type->name)) {
      for (const std::string& value : given) {
        const std::pair row(*field, value);
        if (std::ranges::find(out.contact, row) == out.contact.end()) out.contact.push_back(row);
      }
    } else {
      return no(type->read_only ? ResultCode::constraint_violation : ResultCode::object_class_violation,
                fmt::format("{} is nothing that such an entry has", type->name));
    }
  }
  if (auto good = directory::checked_contact(out.contact); !good) {
    return no(ResultCode::constraint_violation, good.error().detail);
  }
  return named;
}

}  // namespace gatepost::ldap::server
