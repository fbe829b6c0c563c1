#include "admin/named_account.hpp"

#include <fmt/format.h>

#include "directory/addresses.hpp"

namespace gatepost::admin {

std::expected<directory::Principal, Reply> named_account(Services& services, const Request& request) {
  const std::string address = request.option("address");
  const auto canonical = directory::canonical_address(address);
  if (!canonical) return std::unexpected(failure(canonical.error(), "account " + address));
  auto found = services.directory.find(canonical->to_string());
  if (!found) return std::unexpected(failure(found.error(), "account " + address));
  if (found->address != canonical->to_string()) {
    return std::unexpected(failure({Errc::not_found, fmt::format("it is an alias; the account is {}", found->address)},
                                   "account " + address));
  }
  return *std::move(found);
}

std::expected<std::shared_ptr<account::Account>, Reply> opened_account(Services& services, const Request& request) {
  const auto principal = named_account(services, request);
  if (!principal) return std::unexpected(principal.error());
  auto account = services.accounts.open(static_cast<account::AccountId>(principal->id));
  if (!account) return std::unexpected(failure(account.error(), principal->address));
  return *std::move(account);
}

void end_sessions(Services& services, const directory::Principal& principal) {
  if (services.server.end_sessions) services.server.end_sessions(static_cast<account::AccountId>(principal.id));
}

}  // namespace gatepost::admin
