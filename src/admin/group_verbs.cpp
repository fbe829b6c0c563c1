#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "base/utf8.hpp"

// What is known about people, and groups of them.
namespace gatepost::admin {
namespace {

using directory::Contact;
using directory::ContactField;
using directory::Principal;

// One KEY=VALUE. The first value of a field drops what was there; an empty one only that.
std::optional<Reply> set_one(std::string_view setting, Principal& principal, Contact& contact,
                             std::vector<ContactField>& begun) {
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
  const auto field = directory::contact_field_named(key);
  if (!field) {
    std::string names = "name role";
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

Reply account_set(Services& services, const Request& request, std::stop_token) {
  auto principal = named_account(services, request);
  if (!principal) return principal.error();
  const auto settings = request.options.find("set");
  if (settings == request.options.end() || settings->second.empty()) return usage("account set ADDRESS KEY=VALUE...");
  Contact contact = principal->contact != nullptr ? *principal->contact : Contact();
  std::vector<ContactField> begun;
  for (const std::string& setting : settings->second) {
    if (auto wrong = set_one(setting, *principal, contact, begun)) return *std::move(wrong);
  }
  principal->contact = std::make_shared<const Contact>(std::move(contact));
  if (auto set = services.directory.update_principal(*principal); !set) {
    return failure(set.error(), principal->address);
  }
  return done(fmt::format("The details of {} are changed.", principal->address), principal->address);
}

Reply account_show(Services& services, const Request& request, std::stop_token) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  Table table({"key", "value"});
  table.row().text("address").text(principal->address);
  table.row().text("name").text(principal->display_name);
  table.row().text("role").text(directory::to_string(principal->role));
  if (principal->copy_sent) table.row().text("copy_sent").text("on");
  if (principal->contact != nullptr) {
    for (const auto& [field, value] : *principal->contact) table.row().text(directory::to_string(field)).text(value);
  }
  table.row().text("changed").text(date::format_rfc3339(principal->changed));
  return table.reply("");
}

std::expected<Principal, Reply> named_group(Services& services, const Request& request) {
  auto found = named_account(services, request);
  if (found && found->kind != directory::PrincipalKind::group) {
    return std::unexpected(failure({Errc::not_found, "it is no group"}, found->address));
  }
  return found;
}

Reply group_add(Services& services, const Request& request, std::stop_token) {
  const std::string address = request.option("address");
  auto added = services.directory.add_principal(directory::PrincipalKind::group, address, request.option("name"));
  if (!added) return failure(added.error(), "group " + address);
  const auto members = request.options.find("member");
  if (members != request.options.end() && !members->second.empty()) {
    if (auto filled = services.directory.add_members(added->id, members->second); !filled) {
      (void)services.directory.remove_principal(added->id);
      return failure(filled.error(), "group " + address);
    }
  }
  return done(fmt::format("Group {} is ready; mail to it goes to its members.", added->address), added->address);
}

// All, or those that one address is a member of, itself and not by way of another group.
Reply group_list(Services& services, const Request& request, std::stop_token) {
  const auto principals = services.directory.principals();
  if (!principals) return failure(principals.error(), "groups");
  const std::string member = request.option("member");
  Table table({"address", "name", "members", "created"});
  for (const auto& p : *principals) {
    if (p.kind != directory::PrincipalKind::group) continue;
    const auto members = services.directory.members(p.id);
    if (!member.empty() && (!members || std::ranges::find(*members, member) == members->end())) continue;
    table.row().text(p.address).text(p.display_name).number(members ? members->size() : 0);
    table.text(date::format_rfc3339(p.created));
  }
  return table.reply(member.empty() ? "No group yet: gatepost group add ADDRESS MEMBER..." : "It is in no group.");
}

Reply group_members(Services& services, const Request& request, std::stop_token) {
  const auto group = named_group(services, request);
  if (!group) return group.error();
  const auto members = services.directory.members(group->id);
  if (!members) return failure(members.error(), group->address);
  Table table({"member"});
  for (const std::string& member : *members) table.row().text(member);
  return table.reply("Nobody is in it.");
}

Reply group_join(Services& services, const Request& request, std::stop_token) {
  const auto group = named_group(services, request);
  if (!group) return group.error();
  const auto members = request.options.find("member");
  if (members == request.options.end() || members->second.empty()) return usage("group join ADDRESS MEMBER...");
  if (auto added = services.directory.add_members(group->id, members->second); !added) {
    return failure(added.error(), group->address);
  }
  return done(fmt::format("{} has {} member(s) more, unless they were there.", group->address, members->second.size()),
              group->address);
}

Reply group_leave(Services& services, const Request& request, std::stop_token) {
  const auto group = named_group(services, request);
  if (!group) return group.error();
  const auto members = request.options.find("member");
  if (members == request.options.end() || members->second.empty()) return usage("group leave ADDRESS MEMBER...");
  if (auto gone = services.directory.change_members(group->id, {}, members->second); !gone) {
    return failure(gone.error(), group->address);
  }
  return done(fmt::format("{} member(s) left {}.", members->second.size(), group->address), group->address);
}

Reply group_delete(Services& services, const Request& request, std::stop_token) {
  const auto group = named_group(services, request);
  if (!group) return group.error();
  if (auto gone = services.directory.remove_principal(group->id); !gone) return failure(gone.error(), group->address);
  return done(fmt::format("Group {} is deleted; its members are not.", group->address), group->address);
}

}  // namespace

std::vector<Verb> contact_verbs() {
  return {{"account set", "Set name, role and contact details, as address books show them.", false, account_set},
          {"account show", "Name, role and contact details of an account.", false, account_show}};
}

std::vector<Verb> group_verbs() {
  return {{"group add", "Add a group: mail to its address goes to its members.", false, group_add},
          {"group list", "The groups.", false, group_list},
          {"group members", "Who is in a group.", false, group_members},
          {"group join", "Put accounts, groups or outside addresses into a group.", false, group_join},
          {"group leave", "Take members out of a group.", false, group_leave},
          {"group delete", "Delete a group.", false, group_delete}};
}

}  // namespace gatepost::admin
