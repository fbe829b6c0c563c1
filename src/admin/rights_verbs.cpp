#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "sharing/sharing.hpp"

// Who may open whose mailbox, send as it, and send on its behalf: one action each.
namespace gatepost::admin {
namespace {

using directory::Principal;
using directory::PrincipalId;
using directory::SendRight;
using sharing::Rights;

constexpr std::string_view kFullAccess = "full-access";
constexpr std::string_view kNames = "the right is full-access, send-as or send-on-behalf";

// The account's top, and its folders.
Result<std::vector<account::FolderId>> places(account::Account& account) {
  GP_TRY(const auto folders, account.folders());
  std::vector<account::FolderId> out{account::kRoot};
  for (const account::Folder& folder : *folders) out.push_back(folder.id);
  return out;
}

// Those who may do all in all folders and in those that are made later.
Result<std::vector<std::string>> with_full_access(Services& services, const Principal& owner) {
  std::vector<std::string> out;
  if (owner.kind == directory::PrincipalKind::group) return out;
  GP_TRY(const auto account, services.accounts.open(static_cast<account::AccountId>(owner.id)));
  GP_TRY(const auto all, places(*account));
  const sharing::Sharing sharing(services.directory, services.accounts);
  bool first = true;
  for (const account::FolderId place : all) {
    GP_TRY(const auto list, sharing.list(*account, place));
    std::vector<std::string> here;
    for (const sharing::Entry& entry : list) {
      const bool all_of_it = !entry.negative && entry.rights.has(Rights::all()) && entry.identifier != owner.address;
      if (all_of_it) here.push_back(entry.identifier);
    }
    if (std::exchange(first, false)) {
      out = here;
    } else {
      std::erase_if(out, [&](const std::string& who) { return std::ranges::find(here, who) == here.end(); });
    }
  }
  std::ranges::sort(out);
  return out;
}

Result<> change_full_access(Services& services, const Principal& owner, const std::vector<std::string>& who,
                            bool grants) {
  if (owner.kind == directory::PrincipalKind::group) return fail(Errc::invalid, "a group has no mailbox");
  GP_TRY(const auto account, services.accounts.open(static_cast<account::AccountId>(owner.id)));
  GP_TRY(const auto all, places(*account));
  const sharing::Sharing sharing(services.directory, services.accounts);
  for (const std::string& one : who) {
    for (const account::FolderId place : all) {
      GP_CHECK(grants ? sharing.set(*account, place, one, sharing::Change::replace, Rights::all())
                      : sharing.remove(*account, place, one));
    }
  }
  return {};
}

Result<> change_senders(Services& services, const Principal& owner, SendRight right,
                        const std::vector<std::string>& who, bool grants) {
  std::vector<PrincipalId> ids;
  for (const std::string& one : who) {
    GP_TRY(const Principal found, services.directory.find(one));
    ids.push_back(found.id);
  }
  return grants ? services.directory.change_senders(owner.id, right, ids, {})
                : services.directory.change_senders(owner.id, right, {}, ids);
}

Reply change_rights(Services& services, const Request& request, bool grants) {
  const auto owner = named_account(services, request);
  if (!owner) return owner.error();
  const auto who = request.options.find("who");
  if (who == request.options.end() || who->second.empty()) {
    return usage("rights grant or revoke ADDRESS RIGHT WHO...");
  }
  const std::string name = request.option("right");
  const auto right = directory::send_right_named(name);
  if (!right && name != kFullAccess) return usage(kNames);
  const auto changed = right ? change_senders(services, *owner, *right, who->second, grants)
                             : change_full_access(services, *owner, who->second, grants);
  if (!changed) return failure(changed.error(), owner->address);
  return done(fmt::format("{} {} {} for {}.", fmt::join(who->second, ", "), grants ? "has" : "has no longer", name,
                          owner->address),
              owner->address);
}
Reply rights_grant(Services& s, const Request& r, std::stop_token) { return change_rights(s, r, true); }
Reply rights_revoke(Services& s, const Request& r, std::stop_token) { return change_rights(s, r, false); }

Reply rights_list(Services& services, const Request& request, std::stop_token) {
  const auto owner = named_account(services, request);
  if (!owner) return owner.error();
  Table table({"right", "who", "name"});
  const auto full = with_full_access(services, *owner);
  if (!full) return failure(full.error(), owner->address);
  for (const std::string& who : *full) {
    const auto known = services.directory.find(who);
    table.row().text(kFullAccess).text(who).text(known ? known->display_name : "");
  }
  for (const SendRight right : {SendRight::as, SendRight::on_behalf}) {
    for (const Principal& who : services.directory.senders(owner->id, right)) {
      table.row().text(directory::to_string(right)).text(who.address).text(who.display_name);
    }
  }
  return table.reply(fmt::format("Nobody else opens {0} whole, or sends as it: gatepost rights grant {0} RIGHT WHO...",
                                 owner->address));
}

// Also what somebody has as a member of a group.
Reply rights_held(Services& services, const Request& request, std::stop_token) {
  const auto who = named_account(services, request);
  if (!who) return who.error();
  Table table({"right", "address", "name"});
  for (const Principal& sharer : services.directory.sharers(who->id)) {
    const auto full = with_full_access(services, sharer);
    if (!full) return failure(full.error(), sharer.address);
    const bool has = std::ranges::any_of(*full, [&](const std::string& name) {
      const auto grantee = services.directory.find_grantee(name);
      return grantee && services.directory.stands_for(*grantee, who->id);
    });
    if (has) table.row().text(kFullAccess).text(sharer.address).text(sharer.display_name);
  }
  for (const SendRight right : {SendRight::as, SendRight::on_behalf}) {
    for (const auto& one : services.directory.sends_for(who->id)) {
      if (one.right != right) continue;
      table.row().text(directory::to_string(right)).text(one.principal.address).text(one.principal.display_name);
    }
  }
  return table.reply(fmt::format("{} has no such rights.", who->address));
}

Reply rights_copies(Services& services, const Request& request, std::stop_token) {
  auto owner = named_account(services, request);
  if (!owner) return owner.error();
  const std::string wanted = request.option("copies");
  if (wanted != "on" && wanted != "off") return usage("rights copies ADDRESS on, or off");
  if (owner->kind == directory::PrincipalKind::group) {
    return failure({Errc::invalid, "a group has no mailbox"}, owner->address);
  }
  owner->copy_sent = wanted == "on";
  if (auto set = services.directory.update_principal(*owner); !set) return failure(set.error(), owner->address);
  return done(
      owner->copy_sent
          ? fmt::format("What others send as {0}, or on its behalf, is in the Sent folder of {0}, too.", owner->address)
          : fmt::format("What others send as {} is in their own Sent folders alone.", owner->address),
      owner->address);
}

// Whatever others have seen on their own goes when it changes.
Reply rights_seen(Services& services, const Request& request, std::stop_token) {
  const auto owner = named_account(services, request);
  if (!owner) return owner.error();
  const std::string wanted = request.option("seen");
  if (wanted != "own" && wanted != "shared") return usage("rights seen ADDRESS own, or shared");
  if (owner->kind == directory::PrincipalKind::group) {
    return failure({Errc::invalid, "a group has no mailbox"}, owner->address);
  }
  const auto account = services.accounts.open(static_cast<account::AccountId>(owner->id));
  if (!account) return failure(account.error(), owner->address);
  if (auto set = (*account)->set_own_seen(wanted == "own"); !set) return failure(set.error(), owner->address);
  return done(wanted == "own"
                  ? fmt::format("Everybody who opens {} has read and unread of his own in it.", owner->address)
                  : fmt::format("Read and unread in {} is one mark for everybody.", owner->address),
              owner->address);
}

}  // namespace

std::vector<Verb> rights_verbs() {
  return {
      {"rights list", "Who may open all of a mailbox, send as it, or on its behalf.", false, rights_list},
      {"rights held", "What somebody may open whole, send as, or on behalf of; groups counted.", false, rights_held},
      {"rights grant", "Grant full-access, send-as or send-on-behalf; one does not include the other.", false,
       rights_grant},
      {"rights revoke", "Take one back; mail that is sent from then on is refused.", false, rights_revoke},
      {"rights copies", "Put what others send as a mailbox into its own Sent folder, too, or not.", false,
       rights_copies},
      {"rights seen", "Let each who opens a mailbox have read and unread of his own, or all the same.", false,
       rights_seen}};
}

}  // namespace gatepost::admin
