// GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208). A root for each account: "" is one's own, another's is named after its
// place; the limits are set by administrators alone.

#include <array>
#include <vector>

#include "directory/directory.hpp"
#include "imap/protocol/response.hpp"
#include "imap/server/events.hpp"
#include "imap/server/namespaces.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

// "" or "Shared/sales@example.org".
std::string root_name(const Location& place) {
  return place.own() ? std::string() : place.prefix.substr(0, place.prefix.size() - 1);
}

constexpr std::uint64_t kUnit = 1024;  // RFC 9208 5.1

Answer write_account_quota(Session& session, const Location& place) {
  const auto quota = place.account->quota();
  if (!quota) return session.failed(quota.error());
  std::vector<QuotaResource> resources;
  if (quota->limit_octets != 0) {
    resources.push_back(
        {.name = "STORAGE", .usage = (quota->used_octets + kUnit - 1) / kUnit, .limit = quota->limit_octets / kUnit});
  }
  if (quota->limit_messages != 0) {
    resources.push_back({.name = "MESSAGE", .usage = quota->messages, .limit = quota->limit_messages});
  }
  write_quota(session.out(), root_name(place), resources, session.utf8());
  return ok();
}

// An administrator knows of every account. Errc::not_found: the name is none of one.
Result<Location> any_root(const Session& session, std::string_view root) {
  const auto foreign = parse_foreign(root);
  if (!foreign || foreign->address.empty() || !foreign->path.empty()) return fail(Errc::not_found, "no such root");
  GP_TRY(const directory::Principal whose, session.services().door.directory().find(foreign->address));
  if (!directory::has_mailbox(whose.kind) || namespace_of(whose) != foreign->root) {
    return fail(Errc::not_found, "no such root");
  }
  GP_TRY(auto account, session.services().accounts.open(static_cast<account::AccountId>(whose.id)));
  return Location{std::move(account), {}, root_of(whose) + "/"};
}

// RFC 9208 6: what an account holds is for those who may read something in it.
Result<Location> root_of_quota(const Session& session, std::string_view root) {
  if (root.empty()) return session.place_of("INBOX");
  if (may_set_quotas(session)) return any_root(session, root);
  if (const auto foreign = parse_foreign(root); !foreign || foreign->address.empty() || !foreign->path.empty()) {
    return fail(Errc::not_found, "no such root");
  }
  GP_TRY(Location place, session.place_of(root));
  if (place.own()) return fail(Errc::not_found, "no such root");
  GP_TRY(const auto folders, place.account->folders());
  for (const account::Folder& folder : *folders) {
    const sharing::Rights rights = session.rights_in(*place.account, folder.grants.get());
    if (rights.has(sharing::Right::lookup | sharing::Right::read)) return place;
  }
  return fail(Errc::not_found, "nothing in it may be read");
}

}  // namespace

bool may_set_quotas(const Session& session) {
  // The role may be another one since the sign-in.
  const auto now = session.services().door.directory().principal(session.principal().id);
  return now && now->enabled && now->role == directory::Role::admin;
}

// RFC 9208 4.1.3: what is not named has no limit any more.
Task<Answer> run_setquota(Session& session, Command& command) {
  const SetQuota& set = std::get<SetQuota>(command.body);
  if (!may_set_quotas(session)) co_return no(code::kNoPerm, "Limits are set by administrators");
  std::uint64_t octets = 0, messages = 0;
  for (const auto& [name, limit] : set.limits) {
    if (name == "STORAGE") {
      if (limit > UINT64_MAX / 2 / kUnit) co_return no(code::kLimit, "That is more than this server takes");
      octets = limit * kUnit;
    } else if (name == "MESSAGE") {
      messages = limit;
    } else {
      co_return no(code::kCannot, "There are limits of STORAGE and MESSAGE alone");
    }
    // To those who keep the limits, 0 is that there is none.
    if (limit == 0) co_return no(code::kCannot, "A limit is 1 at least");
  }
  Location place;
  auto change = [&]() -> Result<> {
    GP_TRY(place, root_of_quota(session, set.root));
    auto& directory = session.services().door.directory();
    GP_TRY(directory::Principal whose,
           directory.principal(directory::PrincipalId{static_cast<std::uint64_t>(place.account->id())}));
    whose.quota_octets = octets;
    whose.quota_messages = messages;
    GP_CHECK(directory.update_principal(whose));
    session.services().log.write(event::kQuotaSet, {{"conn", session.connection_id()},
                                                    {"by", session.principal().address},
                                                    {"account", whose.address},
                                                    {"octets", octets},
                                                    {"messages", messages}});
    return {};
  };
  const auto done = co_await session.workers().run(change);
  if (!done) {
    if (done.error().code != Errc::not_found) co_return session.failed(done.error());
    co_return no(code::kNonExistent, "There is no such quota root");
  }
  co_return write_account_quota(session, place);
}

Task<Answer> run_getquota(Session& session, Command& command) {
  const std::string& root = std::get<GetQuota>(command.body).root;
  auto look = [&] { return root_of_quota(session, root); };
  const auto place = co_await session.workers().run(look);
  if (!place) {
    if (place.error().code != Errc::not_found) co_return session.failed(place.error());
    co_return no(code::kNonExistent, "There is no such quota root");
  }
  co_return write_account_quota(session, *place);
}

Task<Answer> run_getquotaroot(Session& session, Command& command) {
  const std::string& name = std::get<GetQuotaRoot>(command.body).mailbox;
  Location place;
  auto look = [&]() -> Result<> {
    GP_TRY(place, session.place_of(name));
    // RFC 9208 4.1.2: also of a mailbox that does not exist, but may be made.
    if (place.own()) return {};
    GP_CHECK(session.mailbox_of(name, sharing::Right::read));
    return {};
  };
  const auto done = co_await session.workers().run(look);
  if (!done) co_return session.failed(done.error());
  const std::string root = root_name(place);
  const std::array<std::string_view, 1> roots{root};
  write_quota_root(session.out(), name, roots, session.utf8());
  co_return write_account_quota(session, place);
}

}  // namespace gatepost::imap::server
