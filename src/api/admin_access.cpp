#include "api/admin_access.hpp"

#include <algorithm>
#include <array>

namespace gatepost::api {
namespace {

using directory::Role;

constexpr std::array kVerbs{
    AdminVerb{"account add", Role::admin, true, "address name kind password quota messages must-change"},
    AdminVerb{"account delete", Role::admin, true, "address"},
    AdminVerb{"account disable", Role::admin, true, "address"},
    AdminVerb{"account enable", Role::admin, true, "address"},
    AdminVerb{"account list", Role::auditor, false, ""},
    AdminVerb{"account passwd", Role::helpdesk, true, "address password must-change"},
    AdminVerb{"account photo", Role::helpdesk, true, "address photo remove"},
    AdminVerb{"account quota", Role::admin, true, "address octets messages"},
    AdminVerb{"account removed list", Role::auditor, false, "address folder since"},
    AdminVerb{"account removed restore", Role::helpdesk, true, "address folder id*"},
    AdminVerb{"account set", Role::helpdesk, true, "address set*"},
    AdminVerb{"account show", Role::auditor, false, "address"},
    AdminVerb{"account totp disable", Role::helpdesk, true, "address"},
    AdminVerb{"account totp status", Role::auditor, false, "address"},
    AdminVerb{"acl delete", Role::admin, true, "address folder identifier"},
    AdminVerb{"acl list", Role::auditor, false, "address folder"},
    AdminVerb{"acl set", Role::admin, true, "address folder identifier rights"},
    AdminVerb{"address-book add", Role::admin, true, "name viewer* shown*"},
    AdminVerb{"address-book delete", Role::admin, true, "name"},
    AdminVerb{"address-book list", Role::auditor, false, ""},
    AdminVerb{"address-book set", Role::admin, true, "name viewer* shown*"},
    AdminVerb{"address-book show", Role::auditor, false, "address"},
    AdminVerb{"alias add", Role::admin, true, "address target*"},
    AdminVerb{"alias delete", Role::admin, true, "address"},
    AdminVerb{"alias list", Role::auditor, false, ""},
    AdminVerb{"app-password add", Role::helpdesk, true, "address name service* from* expires"},
    AdminVerb{"app-password block", Role::helpdesk, true, "address id"},
    AdminVerb{"app-password delete", Role::helpdesk, true, "address id"},
    AdminVerb{"app-password list", Role::auditor, false, "address"},
    AdminVerb{"app-password set", Role::helpdesk, true, "address id service* from* expires"},
    AdminVerb{"app-password unblock", Role::helpdesk, true, "address id"},
    AdminVerb{"apply", Role::admin, true, "text file dry-run prune no-passwords"},
    AdminVerb{"ban add", Role::admin, true, "address for reason"},
    AdminVerb{"ban explain", Role::auditor, false, "address"},
    AdminVerb{"ban lift", Role::helpdesk, true, "address"},
    AdminVerb{"ban list", Role::auditor, false, ""},
    AdminVerb{"certificate list", Role::auditor, false, ""},
    AdminVerb{"certificate renew", Role::admin, true, "name"},
    AdminVerb{"certificate show", Role::auditor, false, "name"},
    AdminVerb{"changes list", Role::auditor, false, "about before most"},
    AdminVerb{"config show", Role::auditor, false, ""},
    AdminVerb{"contact add", Role::helpdesk, true, "address name domain"},
    AdminVerb{"contact delete", Role::helpdesk, true, "address"},
    AdminVerb{"contact list", Role::auditor, false, ""},
    AdminVerb{"contact set", Role::helpdesk, true, "address set*"},
    AdminVerb{"contact show", Role::auditor, false, "address"},
    AdminVerb{"directory status", Role::auditor, false, ""},
    AdminVerb{"directory sync", Role::admin, true, ""},
    AdminVerb{"domain add", Role::admin, true, "name"},
    AdminVerb{"domain catch-all", Role::admin, true, "name address"},
    AdminVerb{"domain check", Role::auditor, false, "name"},
    AdminVerb{"domain delete", Role::admin, true, "name"},
    AdminVerb{"domain list", Role::auditor, false, ""},
    AdminVerb{"export", Role::auditor, false, ""},
    AdminVerb{"forwarding clear", Role::helpdesk, true, "address"},
    AdminVerb{"forwarding list", Role::auditor, false, ""},
    AdminVerb{"forwarding set", Role::admin, true, "address to no-copy"},
    AdminVerb{"forwarding show", Role::auditor, false, "address"},
    AdminVerb{"gate apply", Role::admin, true, "confirm cut-me-off"},
    AdminVerb{"gate audit", Role::auditor, false, ""},
    AdminVerb{"gate confirm", Role::admin, true, ""},
    AdminVerb{"gate history", Role::auditor, false, ""},
    AdminVerb{"gate peer", Role::auditor, false, "address"},
    AdminVerb{"gate plan", Role::auditor, false, ""},
    AdminVerb{"gate policy", Role::auditor, false, ""},
    AdminVerb{"gate rollback", Role::admin, true, "revision confirm"},
    AdminVerb{"gate show", Role::auditor, false, ""},
    AdminVerb{"gate top", Role::auditor, false, ""},
    AdminVerb{"gate who", Role::auditor, false, "port"},
    AdminVerb{"group add", Role::helpdesk, true, "address name member* rule"},
    AdminVerb{"group delete", Role::helpdesk, true, "address"},
    AdminVerb{"group join", Role::helpdesk, true, "address member*"},
    AdminVerb{"group leave", Role::helpdesk, true, "address member*"},
    AdminVerb{"group list", Role::auditor, false, "member"},
    AdminVerb{"group members", Role::auditor, false, "address"},
    AdminVerb{"group preview", Role::auditor, false, "rule"},
    AdminVerb{"group rule", Role::helpdesk, true, "address rule"},
    AdminVerb{"mail explain", Role::auditor, false, "from id to"},
    AdminVerb{"maintenance announce", Role::admin, true, "message"},
    AdminVerb{"maintenance begin", Role::admin, true, "for reason"},
    AdminVerb{"maintenance end", Role::admin, true, ""},
    AdminVerb{"maintenance plan", Role::auditor, false, "minutes within zone"},
    AdminVerb{"maintenance traffic", Role::auditor, false, "within zone"},
    AdminVerb{"queue delete", Role::admin, true, "id* all"},
    AdminVerb{"queue hold", Role::admin, true, "id* all"},
    AdminVerb{"queue list", Role::auditor, false, ""},
    AdminVerb{"queue release", Role::admin, true, "id* all"},
    AdminVerb{"queue retry", Role::helpdesk, true, "id* all"},
    AdminVerb{"reload", Role::admin, true, ""},
    AdminVerb{"rights copies", Role::admin, true, "address copies"},
    AdminVerb{"rights grant", Role::admin, true, "address right who*"},
    AdminVerb{"rights held", Role::auditor, false, "address"},
    AdminVerb{"rights list", Role::auditor, false, "address"},
    AdminVerb{"rights revoke", Role::admin, true, "address right who*"},
    AdminVerb{"rights seen", Role::admin, true, "address seen"},
    AdminVerb{"search rebuild", Role::admin, true, "address"},
    AdminVerb{"search status", Role::auditor, false, "address"},
    AdminVerb{"session end", Role::helpdesk, true, "address all id"},
    AdminVerb{"session list", Role::auditor, false, "address"},
    AdminVerb{"status", Role::auditor, false, ""},
    AdminVerb{"token add", Role::admin, true, "name role expires"},
    AdminVerb{"token delete", Role::admin, true, "id"},
    AdminVerb{"token list", Role::auditor, false, ""},
    AdminVerb{"vacation clear", Role::helpdesk, true, "address"},
    AdminVerb{"vacation show", Role::auditor, false, "address"},
};

int rank(Role role) {
  switch (role) {
    case Role::none:
      return 0;
    case Role::auditor:
      return 1;
    case Role::helpdesk:
      return 2;
    case Role::admin:
      return 3;
  }
  return 0;
}

}  // namespace

std::span<const AdminVerb> admin_verbs() { return kVerbs; }

const AdminVerb* find_admin_verb(std::string_view name) {
  const auto at = std::ranges::lower_bound(kVerbs, name, {}, &AdminVerb::name);
  return at != kVerbs.end() && at->name == name ? &*at : nullptr;
}

bool has_role(Role role, Role least) { return role != Role::none && rank(role) >= rank(least); }

Result<> check_subject(directory::Directory& directory, Role role, std::string_view subject, bool sets_role) {
  if (role == Role::admin) return {};
  if (sets_role) return fail(Errc::denied, "only an administrator gives a role");
  if (subject.empty()) return {};
  const auto whom = directory.find(subject);
  if (whom && whom->role != Role::none) return fail(Errc::denied, "only an administrator changes who has a role");
  return {};
}

}  // namespace gatepost::api
