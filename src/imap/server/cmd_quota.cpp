// GETQUOTA, GETQUOTAROOT (RFC 9208). A root for each account: "" is one's own, another's is named after its place; the
// limits are set by the administrator.

#include <array>
#include <vector>

#include "imap/protocol/response.hpp"
#include "imap/server/namespaces.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

// "" or "Shared/sales@example.org".
std::string root_name(const Location& place) {
  return place.own() ? std::string() : place.prefix.substr(0, place.prefix.size() - 1);
}

Answer write_account_quota(Session& session, const Location& place) {
  const auto quota = place.account->quota();
  if (!quota) return session.failed(quota.error());
  constexpr std::uint64_t kUnit = 1024;  // RFC 9208 5.1
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

// RFC 9208 6: what an account holds is for those who may read something in it.
Result<Location> root_of_quota(const Session& session, std::string_view root) {
  if (root.empty()) return session.place_of("INBOX");
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
