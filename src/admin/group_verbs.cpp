#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "admin/details.hpp"
#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "base/utf8.hpp"

// Contact details of accounts, and groups.
namespace gatepost::admin {
namespace {

using directory::Principal;

Reply account_set(Services& services, const Request& request, std::stop_token) {
  auto principal = named_account(services, request);
  if (!principal) return principal.error();
  return set_details(services, request, *std::move(principal));
}

Reply account_show(Services& services, const Request& request, std::stop_token) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  return show_details(services, *principal);
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
  const auto members = request.options.find("member");
  if (request.has("rule")) {
    if (members != request.options.end() && !members->second.empty()) {
      return usage("a group has members or a rule, not both");
    }
    auto added = services.directory.add_rule_group(address, request.option("name"), request.option("rule"));
    if (!added) return failure(added.error(), "group " + address);
    const auto now = services.directory.members(added->id);
    return done(fmt::format("Group {} is ready; its rule fits {} now.", added->address, now ? now->size() : 0),
                added->address);
  }
  auto added = services.directory.add_principal(directory::PrincipalKind::group, address, request.option("name"));
  if (!added) return failure(added.error(), "group " + address);
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
  Table table({"address", "name", "members", "created", "rule"});
  for (const auto& p : *principals) {
    if (p.kind != directory::PrincipalKind::group) continue;
    const auto members = services.directory.members(p.id);
    if (!member.empty() && (!members || std::ranges::find(*members, member) == members->end())) continue;
    table.row().text(p.address).text(p.display_name).number(members ? members->size() : 0);
    table.text(date::format_rfc3339(p.created)).text(p.rule);
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

Reply group_rule(Services& services, const Request& request, std::stop_token) {
  auto group = named_group(services, request);
  if (!group) return group.error();
  if (!request.has("rule")) return usage("group rule ADDRESS FILTER");
  group->rule = request.option("rule");
  if (auto set = services.directory.update_principal(*group); !set) return failure(set.error(), group->address);
  const auto now = services.directory.members(group->id);
  return done(fmt::format("The rule of {} fits {} now.", group->address, now ? now->size() : 0), group->address);
}

Reply group_preview(Services& services, const Request& request, std::stop_token) {
  const auto fits = services.directory.members_by(request.option("rule"));
  if (!fits) return failure(fits.error(), "rule");
  Table table({"member", "name"});
  for (const Principal& one : *fits) table.row().text(one.address).text(one.display_name);
  return table.reply("It fits nobody.");
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
          {"group preview", "Who a group with a rule would have.", false, group_preview},
          {"group rule", "Change the rule that a group's members follow from.", false, group_rule},
          {"group join", "Put accounts, groups or outside addresses into a group.", false, group_join},
          {"group leave", "Take members out of a group.", false, group_leave},
          {"group delete", "Delete a group.", false, group_delete}};
}

}  // namespace gatepost::admin
