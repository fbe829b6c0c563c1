#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "directory/app_scope.hpp"
#include "directory/stored_directory.hpp"

// The part of StoredDirectory that knows the passwords of single devices.
namespace gatepost::directory {
namespace {

constexpr std::size_t kMaxAppPasswords = 100;
constexpr std::size_t kMaxAppNameOctets = 100;
// How exact `last_used` is after a restart; one write for so long and app password.
constexpr std::chrono::hours kUseGranularity{1};

}  // namespace

Result<Secret> StoredDirectory::add_app_password(PrincipalId id, std::string_view name, const AppScope& scope) {
  if (name.empty() || name.size() > kMaxAppNameOctets || !utf8::is_valid(name) ||
      std::ranges::any_of(name, ascii::is_control)) {
    return fail(Errc::invalid, "the name of an app password is UTF-8 text of 1 to 100 octets");
  }
  AppSecret app;
  app.name = name;
  GP_TRY(app.scope, checked_scope(scope));
  app.created = clock_.now();
  Secret secret = make_app_secret(random_, app);
  GP_CHECK(write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr) return no_principal();
    if (!has_mailbox(found->principal.kind)) return fail(Errc::invalid, "nobody signs in as a group or a contact");
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    if (credentials->app_secrets.size() >= kMaxAppPasswords) {
      return fail(Errc::limit, fmt::format("an account has at most {} app passwords", kMaxAppPasswords));
    }
    app.id = credentials->app_secrets.empty() ? 1 : credentials->app_secrets.back().id + 1;
    credentials->app_secrets.push_back(app);
    change.put(app_key(id, app.id), encode(app));
    change.apply = [id, credentials](Index& index) { index.refresh_credentials(id, credentials); };
    return {};
  }));
  return secret;
}

bool StoredDirectory::is_for(PrincipalId id, const Secret& password, const SignInPurpose& purpose) {
  const auto found = row(id);
  const AppSecret* const app = found ? find_app_secret(*found->credentials, password) : nullptr;
  return found && (app == nullptr || check_scope(*app, purpose, clock_.now()).has_value());
}

Result<> StoredDirectory::set_app_scope(PrincipalId id, std::uint32_t app, const AppScope& scope) {
  GP_TRY(const AppScope checked, checked_scope(scope));
  return write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr) return no_principal();
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    const auto at = std::ranges::find(credentials->app_secrets, app, &AppSecret::id);
    if (at == credentials->app_secrets.end())
      return fail(Errc::not_found, fmt::format("there is no app password {}", app));
    at->scope = checked;
    change.put(app_key(id, app), encode(*at));
    change.apply = [id, credentials](Index& index) { index.put_credentials(id, credentials); };
    return {};
  });
}

Result<> StoredDirectory::remove_app_password(PrincipalId id, std::uint32_t app) {
  GP_CHECK(write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr) return no_principal();
    auto credentials = std::make_shared<Credentials>(*found->credentials);
    if (std::erase_if(credentials->app_secrets, [&](const AppSecret& one) { return one.id == app; }) == 0) {
      return fail(Errc::not_found, fmt::format("there is no app password {}", app));
    }
    change.erase(app_key(id, app));
    change.erase(app_use_key(id, app));
    change.apply = [id, credentials](Index& index) { index.put_credentials(id, credentials); };
    return {};
  }));
  const Lock uses(uses_mutex_);
  uses_.erase({id, app});
  return {};
}

Result<std::vector<AppPassword>> StoredDirectory::app_passwords(PrincipalId id) {
  const auto found = row(id);
  if (!found) return no_principal();
  std::vector<AppPassword> list;
  const Lock uses(uses_mutex_);
  for (const AppSecret& app : found->credentials->app_secrets) {
    list.push_back({.id = app.id, .name = app.name, .created = app.created, .scope = app.scope});
    const auto use = uses_.find({id, app.id});
    if (use == uses_.end()) continue;
    list.back().last_used = use->second.last.last;
    list.back().last_service = use->second.last.service;
    list.back().last_remote = use->second.last.remote;
  }
  return list;
}

// Memory is exact; the disk follows once an hour, and when it does not, nobody is kept from signing in.
void StoredDirectory::note_use(PrincipalId id, std::uint32_t app, const SignInPurpose& purpose) {
  const TimePoint now = clock_.now();
  AppUse noted{.last = now};
  if (!purpose.service.empty()) noted = {now, std::string(purpose.service), purpose.remote};
  {
    const Lock uses(uses_mutex_);
    Use& use = uses_[{id, app}];
    use.last = noted;
    if (use.stored != TimePoint{} && now - use.stored < kUseGranularity) return;
    use.stored = now;
  }
  (void)write([&](const Current& current, Change& change) -> Result<> {
    const PrincipalRow* found = current.index.principal(id);
    if (found == nullptr || std::ranges::find(found->credentials->app_secrets, app, &AppSecret::id) ==
                                found->credentials->app_secrets.end()) {
      return {};
    }
    change.put(app_use_key(id, app), encode(noted));
    return {};
  });
}

}  // namespace gatepost::directory
