#include "daemon/product.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "daemon/settings.hpp"

namespace gatepost::daemon {

Result<std::unique_ptr<Product>> Product::open(const config::Config& config, const Clock& clock, Log& log) {
  std::unique_ptr<Product> out(new Product(clock));
  std::error_code ec;
  if (config.store.engine != config::Store::Engine::memory) {
    std::filesystem::create_directories(store_directory(config), ec);
    if (ec) return fail(Errc::denied, fmt::format("{}: {}", store_directory(config).string(), ec.message()));
  }
  GP_TRY(out->store, store::open(store_options(config), log, out->metrics, clock));
  GP_TRY(out->directory, directory::Directory::open(out->store->keys(), directory_options(config), clock, out->random));
  out->time_zone = config.maintenance.time_zone;
  out->default_quota_octets = config.quota.storage_octets;
  out->default_quota_messages = config.quota.messages;
  const auto quota_of = [product = out.get()](account::AccountId id) -> account::QuotaLimits {
    account::QuotaLimits limits(product->default_quota_octets, product->default_quota_messages);
    const auto principal = product->directory->principal(static_cast<directory::PrincipalId>(id));
    if (principal && principal->quota_octets != 0) limits.octets = principal->quota_octets;
    if (principal && principal->quota_messages != 0) limits.messages = principal->quota_messages;
    return limits;
  };
  out->accounts =
      account::Accounts::create(*out->store, accounts_options(config), quota_of, clock, out->random, log, out->metrics);
  GP_TRY(out->queue, mailflow::Queue::open(*out->store, out->random, log, out->metrics));
  return out;
}

}  // namespace gatepost::daemon
