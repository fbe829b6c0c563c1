#include "admin/details.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "admin/table.hpp"
#include "base/date.hpp"
#include "base/utf8.hpp"
#include "directory/password_age.hpp"
#include "directory/photo.hpp"

namespace gatepost::admin {
namespace {

using directory::Contact;
using directory::ContactField;
using directory::Principal;

bool has_own_seen(Services& services, const Principal& principal) {
  if (!directory::has_mailbox(principal.kind)) return false;
  const auto account = services.accounts.open(static_cast<account::AccountId>(principal.id));
  return account && (*account)->own_seen().value_or(false);
}

// One KEY=VALUE. The first value of a field drops what was there; an empty one only that.
std::optional<Reply> set_one(std::string_view setting, Principal& principal, Contact& contact,
                             std::vector<ContactField>& begun, std::optional<bool>& must_change) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string_view::npos) return usage("account set ADDRESS KEY=VALUE...: see gatepost account show");
  const std::string_view key = setting.substr(0, equals), value = setting.substr(equals + 1);
  if (key == "name") {
    principal.display_name = value;
    return std::nullopt;
  }
  if (key == "role") {
    const auto role = directory::role_named(value);
    if (!role) return usage("role is none, auditor, helpdesk or admin");
    if (principal.kind != directory::PrincipalKind::person) return usage("only people have a role");
    principal.role = *role;
    return std::nullopt;
  }
  if (key == "password-never-expires" || key == "must-change-password") {
    if (value != "yes" && value != "no") return usage(fmt::format("{} is yes or no", key));
    if (!directory::has_mailbox(principal.kind)) return usage("only accounts have a password");
    if (key == "must-change-password") {
      must_change = value == "yes";
    } else {
      principal.password_never_expires = value == "yes";
    }
    return std::nullopt;
  }
  const auto field = directory::contact_field_named(key);
  if (!field) {
    std::string names = "name role password-never-expires must-change-password";
    for (int f = 1; f <= static_cast<int>(directory::kLastContactField); ++f) {
      names += " " + std::string(directory::to_string(static_cast<ContactField>(f)));
    }
    return usage(fmt::format("there is no {}; there are: {}", utf8::sanitize(key), names));
  }
  if (std::ranges::find(begun, *field) == begun.end()) {
    std::erase_if(contact, [&](const auto& row) { return row.first == *field; });
    begun.push_back(*field);
  }
  if (!value.empty()) contact.emplace_back(*field, value);
  return std::nullopt;
}

}  // namespace

Reply set_details(Services& services, const Request& request, Principal principal) {
  const auto settings = request.options.find("set");
  if (settings == request.options.end() || settings->second.empty()) return usage("set ADDRESS KEY=VALUE...");
  Contact contact = principal.contact != nullptr ? *principal.contact : Contact();
  std::vector<ContactField> begun;
  std::optional<bool> must_change;
  for (const std::string& setting : settings->second) {
    if (auto wrong = set_one(setting, principal, contact, begun, must_change)) return *std::move(wrong);
  }
  principal.contact = std::make_shared<const Contact>(std::move(contact));
  if (auto set = services.directory.update_principal(principal); !set) {
    return failure(set.error(), principal.address);
  }
  if (must_change) {
    const auto asked = directory::password_ages(services.directory).demand_change(principal.id, *must_change);
    if (!asked) return failure(asked.error(), principal.address);
  }
  return done(fmt::format("The details of {} are changed.", principal.address), principal.address);
}

Reply show_details(Services& services, const Principal& principal) {
  Table table({"key", "value"});
  table.row().text("address").text(principal.address);
  table.row().text("name").text(principal.display_name);
  if (principal.kind == directory::PrincipalKind::contact) {
    table.row().text("domain").text(principal.home);
  } else {
    table.row().text("role").text(directory::to_string(principal.role));
  }
  const directory::PasswordStanding password = directory::password_ages(services.directory).standing(principal);
  if (password.changed) table.row().text("password_changed").text(date::format_rfc3339(*password.changed));
  if (password.expires) table.row().text("password_expires").text(date::format_rfc3339(*password.expires));
  if (password.must_change) table.row().text("must_change_password").text("yes");
  if (principal.password_never_expires) table.row().text("password_never_expires").text("yes");
  if (principal.copy_sent) table.row().text("copy_sent").text("on");
  if (has_own_seen(services, principal)) table.row().text("own_seen").text("on");
  if (!principal.rule.empty()) table.row().text("rule").text(principal.rule);
  if (principal.contact != nullptr) {
    for (const auto& [field, value] : *principal.contact) table.row().text(directory::to_string(field)).text(value);
  }
  if (principal.photo.type != directory::PhotoType::none) {
    table.row().text("photo").text(
        fmt::format("{}, {} octets", directory::media_type(principal.photo.type), principal.photo.octets));
  }
  table.row().text("changed").text(date::format_rfc3339(principal.changed));
  return table.reply("");
}

}  // namespace gatepost::admin
