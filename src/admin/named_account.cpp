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

}  // namespace gatepost::admin
