#include "kerberos/acceptor.hpp"

#include <sys/stat.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "kerberos/client_name.hpp"
#include "kerberos/events.hpp"
#include "kerberos/library.hpp"

namespace gatepost::kerberos {

Acceptor::Version Acceptor::version_of(const std::filesystem::path& file) {
  struct stat found{};
  if (file.empty() || ::stat(file.c_str(), &found) != 0) return {};
  return {.changed_seconds = found.st_mtim.tv_sec,
          .changed_nanoseconds = found.st_mtim.tv_nsec,
          .octets = static_cast<std::uint64_t>(found.st_size),
          .inode = found.st_ino,
          .there = true};
}

void Acceptor::set(Settings settings) {
  auto fresh = std::make_shared<const Settings>(std::move(settings));
  const Lock reading(reading_);
  {
    const Lock lock(mutex_);
    settings_ = fresh;
  }
  read(fresh->keytab, version_of(fresh->keytab));
}

void Acceptor::refresh() {
  const Lock reading(reading_);
  std::filesystem::path keytab;
  {
    const Lock lock(mutex_);
    keytab = settings_->keytab;
  }
  const Version version = version_of(keytab);
  if (version != version_) read(keytab, version);
}

void Acceptor::read(const std::filesystem::path& keytab, const Version& version) {
  version_ = version;
  Result<Services> services = Services();
  if (!keytab.empty()) services = services_in(keytab);
  if (!services) {
    log_.write(event::kKeytabUnreadable, {{"keytab", keytab.string()}, {"detail", services.error().detail}});
  } else if (!keytab.empty()) {
    std::string all;
    for (const std::string_view one : {"imap", "smtp", "pop", "ldap", "HTTP"}) {
      if (services->contains(one)) all += fmt::format("{}{}", all.empty() ? "" : " ", one);
    }
    log_.write(event::kKeytabRead, {{"keytab", keytab.string()}, {"services", all}});
  }
  const Lock lock(mutex_);
  services_ = std::move(services).value_or(Services());
}

bool Acceptor::serves(std::string_view service) const {
  const Lock lock(mutex_);
  return services_.contains(service);
}

std::unique_ptr<sasl::TicketContext> Acceptor::open(std::string_view service) {
  const Lock lock(mutex_);
  return open_context(*settings_, service);
}

Result<std::string> Acceptor::account_of(std::string_view client) {
  std::shared_ptr<const Settings> settings;
  {
    const Lock lock(mutex_);
    settings = settings_;
  }
  const auto name = read_client_name(client);
  if (!name) return fail(Errc::unauthenticated, name.error().detail);
  const auto realm = std::ranges::find(settings->realms, name->realm, &Realm::name);
  if (realm == settings->realms.end())
    return fail(Errc::unauthenticated, fmt::format("no [[kerberos.realm]] is called {}", name->realm));
  if (!realm->directory.empty()) return vouched_(realm->directory, name->user, name->realm);
  return fmt::format("{}@{}", ascii::to_lower(name->user), realm->domain);
}

}  // namespace gatepost::kerberos
