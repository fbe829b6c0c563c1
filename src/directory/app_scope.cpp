#include "directory/app_scope.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.hpp"

namespace gatepost::directory {

Result<AppScope> checked_scope(const AppScope& scope) {
  AppScope out = scope;
  for (std::string& service : out.services) {
    service = ascii::to_lower(service);
    if (service == "smtp") service = "submission";  // the service people send by, whatever they call it
    if (std::ranges::find(kAppServices, service) == kAppServices.end()) {
      return fail(Errc::invalid,
                  fmt::format("there is no service '{}'; there are {}", service, fmt::join(kAppServices, ", ")));
    }
  }
  std::vector<std::string> sorted;
  for (const std::string_view service : kAppServices) {
    if (std::ranges::find(out.services, service) != out.services.end()) sorted.emplace_back(service);
  }
  out.services = std::move(sorted);
  if (out.networks.size() > kMaxAppNetworks) {
    return fail(Errc::invalid, fmt::format("an app password has at most {} networks", kMaxAppNetworks));
  }
  return out;
}

Result<> check_scope(const AppSecret& app, const SignInPurpose& purpose, TimePoint now) {
  const AppScope& scope = app.scope;
  const auto refuse = [&](std::string_view why) {
    return fail(Errc::denied, fmt::format("app password {} \"{}\" {}", app.id, app.name, why));
  };
  if (scope.blocked) return refuse("is blocked");
  if (scope.expires != TimePoint{} && now >= scope.expires) {
    return refuse(fmt::format("expired at {}", date::format_rfc3339(scope.expires)));
  }
  if (purpose.service.empty()) return {};
  // Whoever opens the web application in a browser may change what app passwords there are.
  if (purpose.service == "web") return refuse("is for programs: people sign in to the web with their own password");
  // Who signs in where mail comes in is sending, too.
  const std::string_view service = purpose.service == "smtp" ? std::string_view("submission") : purpose.service;
  if (!scope.services.empty() && std::ranges::find(scope.services, service) == scope.services.end()) {
    return refuse(fmt::format("is not for {}", purpose.service));
  }
  if (!scope.networks.empty() && !contains(scope.networks, purpose.remote)) {
    return refuse(fmt::format("may not be used from {}", purpose.remote.to_string()));
  }
  return {};
}

}  // namespace gatepost::directory
