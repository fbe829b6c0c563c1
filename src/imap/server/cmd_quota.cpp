// GETQUOTA, GETQUOTAROOT (RFC 9208). One root, the account; its limits are set by the administrator.

#include <array>

#include "imap/protocol/response.hpp"
#include "imap/server/session.hpp"

namespace gatepost::imap::server {
namespace {

constexpr std::string_view kRoot;

Answer write_account_quota(Session& session) {
  const auto quota = session.account().quota();
  if (!quota) return session.failed(quota.error());
  if (quota->limit_octets == 0) {
    write_quota(session.out(), kRoot, {}, session.utf8());
    return ok();
  }
  constexpr std::uint64_t kUnit = 1024;  // RFC 9208 5.1
  const std::array resources{QuotaResource{
      .name = "STORAGE", .usage = (quota->used_octets + kUnit - 1) / kUnit, .limit = quota->limit_octets / kUnit}};
  write_quota(session.out(), kRoot, resources, session.utf8());
  return ok();
}

}  // namespace

Task<Answer> run_getquota(Session& session, Command& command) {
  if (std::get<GetQuota>(command.body).root != kRoot) {
    co_return no(code::kNonExistent, "There is no such quota root");
  }
  co_return write_account_quota(session);
}

Task<Answer> run_getquotaroot(Session& session, Command& command) {
  const std::string& mailbox = std::get<GetQuotaRoot>(command.body).mailbox;
  // RFC 9208 4.1.2: also of a mailbox that does not exist, but may be made.
  constexpr std::array kRoots{kRoot};
  write_quota_root(session.out(), mailbox, kRoots, session.utf8());
  co_return write_account_quota(session);
}

}  // namespace gatepost::imap::server
