#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "admin/named_account.hpp"
#include "admin/table.hpp"
#include "admin/verbs.hpp"
#include "base/date.hpp"
#include "config/units.hpp"

// The passwords of single devices: what each is good for, and where it was used.
namespace gatepost::admin {
namespace {

using directory::AppPassword;
using directory::AppScope;
using directory::Principal;

std::optional<std::uint32_t> parse_id(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "never", "90 days" from now on, or the day after which it does not work: "2026-12-31" and RFC 3339 with a time.
std::optional<TimePoint> parse_expiry(const std::string& text, TimePoint now) {
  if (text == "never") return TimePoint{};
  if (const auto length = config::parse_duration(text); length && length->count() > 0) return now + *length;
  if (text.size() == std::string_view("2026-12-31").size()) {
    const auto day = date::parse_rfc3339(text + "T00:00:00Z");
    return day ? std::optional(*day + std::chrono::hours(24)) : std::nullopt;
  }
  return date::parse_rfc3339(text);
}

const std::vector<std::string>& values(const Request& request, const std::string& name) {
  static const std::vector<std::string> kNone;
  const auto at = request.options.find(name);
  return at == request.options.end() ? kNone : at->second;
}

// Changes what the request names; the reply is a usage error.
std::optional<Reply> take_scope(const Request& request, TimePoint now, AppScope& scope) {
  if (request.has("service")) {
    scope.services = values(request, "service");
    if (scope.services == std::vector<std::string>{"all"}) scope.services.clear();
  }
  if (request.has("from")) {
    scope.networks.clear();
    for (const std::string& word : values(request, "from")) {
      if (word == "everywhere") continue;
      const auto network = Network::parse(word);
      if (!network) return usage(fmt::format("--from wants networks such as 192.0.2.0/24, not '{}'", word));
      scope.networks.push_back(*network);
    }
  }
  if (request.has("expires")) {
    const auto at = parse_expiry(request.option("expires"), now);
    if (!at) return usage("--expires takes a time such as \"90 days\", a day such as 2026-12-31, or never");
    scope.expires = *at;
  }
  return std::nullopt;
}

std::string joined(const AppScope& scope) {
  return scope.services.empty() ? std::string("all") : fmt::format("{}", fmt::join(scope.services, " "));
}
std::string networks_of(const AppScope& scope) {
  std::string out;
  for (const Network& network : scope.networks) out += (out.empty() ? "" : " ") + network.to_string();
  return out.empty() ? "everywhere" : out;
}

Reply app_password_add(Services& services, const Request& request, std::stop_token) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  AppScope scope;
  if (auto wrong = take_scope(request, services.clock.now(), scope)) return *std::move(wrong);
  auto secret = services.directory.add_app_password(principal->id, request.option("name"), scope);
  if (!secret) return failure(secret.error(), principal->address);
  return done(fmt::format("App password for {}: {}", principal->address, secret->reveal()), principal->address,
              {{"password", std::string(secret->reveal())}});
}

std::string_view state_of(const AppPassword& p, TimePoint now) {
  if (p.scope.blocked) return "blocked";
  return p.scope.expires != TimePoint{} && now >= p.scope.expires ? "expired" : "good";
}

Reply app_password_list(Services& services, const Request& request, std::stop_token) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  const auto list = services.directory.app_passwords(principal->id);
  if (!list) return failure(list.error(), principal->address);
  Table table(
      {"id", "name", "state", "services", "from", "expires", "created", "last_used", "last_service", "last_address"});
  const TimePoint now = services.clock.now();
  for (const AppPassword& p : *list) {
    table.row().number(p.id).text(p.name).text(state_of(p, now));
    table.text(joined(p.scope)).text(networks_of(p.scope));
    table.text(p.scope.expires == TimePoint{} ? "never" : date::format_rfc3339(p.scope.expires));
    table.text(date::format_rfc3339(p.created)).text(p.last_used ? date::format_rfc3339(*p.last_used) : "never");
    table.text(p.last_service).text(p.last_remote ? p.last_remote->to_string() : std::string());
  }
  return table.reply("No app password.");
}

// The devices of one account or of all: what an administrator looks at who was told of a lost phone.
Reply device_list(Services& services, const Request& request, std::stop_token) {
  std::vector<Principal> owners;
  if (request.has("address")) {
    auto one = named_account(services, request);
    if (!one) return std::move(one).error();
    owners.push_back(*std::move(one));
  } else {
    auto all = services.directory.principals();
    if (!all) return failure(all.error(), "device list");
    owners = *std::move(all);
  }
  Table table({"account", "id", "name", "state", "last_used", "last_service", "last_address"});
  const TimePoint now = services.clock.now();
  for (const Principal& owner : owners) {
    const auto list = services.directory.app_passwords(owner.id);
    if (!list && list.error().code == Errc::not_found) continue;  // removed meanwhile
    if (!list) return failure(list.error(), owner.address);
    for (const AppPassword& p : *list) {
      table.row().text(owner.address).number(p.id).text(p.name).text(state_of(p, now));
      table.text(p.last_used ? date::format_rfc3339(*p.last_used) : "never").text(p.last_service);
      table.text(p.last_remote ? p.last_remote->to_string() : std::string());
    }
  }
  return table.reply("No device has a password of its own.");
}

// The app password that the request names, or the reply that says why there is none.
std::expected<AppPassword, Reply> named(Services& services, const Principal& principal, const Request& request) {
  const auto id = parse_id(request.option("id"));
  if (!id) return std::unexpected(usage("which one? An id of gatepost app-password list"));
  auto list = services.directory.app_passwords(principal.id);
  if (!list) return std::unexpected(failure(list.error(), principal.address));
  for (AppPassword& one : *list) {
    if (one.id == *id) return std::move(one);
  }
  return std::unexpected(
      failure({Errc::not_found, fmt::format("there is no app password {}", *id)}, principal.address));
}

// Which sessions began with it is not known; whoever has another password signs in again.
Reply change(Services& services, const Request& request, std::string_view sentence,
             const std::function<std::optional<Reply>(AppScope&)>& how) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  auto app = named(services, *principal, request);
  if (!app) return std::move(app).error();
  if (auto wrong = how(app->scope)) return *std::move(wrong);
  if (auto set = services.directory.set_app_scope(principal->id, app->id, app->scope); !set) {
    return failure(set.error(), principal->address);
  }
  end_sessions(services, *principal);
  return done(fmt::format("App password {} of {} {}.", app->id, principal->address, sentence), principal->address);
}

Reply app_password_set(Services& services, const Request& request, std::stop_token) {
  return change(services, request, "is changed",
                [&](AppScope& scope) { return take_scope(request, services.clock.now(), scope); });
}

Reply app_password_block(Services& services, const Request& request, std::stop_token) {
  return change(services, request, "is blocked", [](AppScope& scope) {
    scope.blocked = true;
    return std::optional<Reply>();
  });
}

Reply app_password_unblock(Services& services, const Request& request, std::stop_token) {
  return change(services, request, "works again", [](AppScope& scope) {
    scope.blocked = false;
    return std::optional<Reply>();
  });
}

Reply app_password_delete(Services& services, const Request& request, std::stop_token) {
  const auto principal = named_account(services, request);
  if (!principal) return principal.error();
  const auto app = named(services, *principal, request);
  if (!app) return app.error();
  if (auto gone = services.directory.remove_app_password(principal->id, app->id); !gone) {
    return failure(gone.error(), principal->address);
  }
  end_sessions(services, *principal);
  return done(fmt::format("App password {} of {} no longer works.", app->id, principal->address), principal->address);
}

}  // namespace

std::vector<Verb> app_password_verbs() {
  return {
      {"app-password add", "Make a password for one device or program; shown once.", false, app_password_add},
      {"app-password list", "The devices of an account: what each may, and where it was last.", false,
       app_password_list},
      {"app-password set", "Change what an app password is good for; open sessions end.", false, app_password_set},
      {"app-password block", "Keep a device out for the time being; open sessions end.", false, app_password_block},
      {"app-password unblock", "Let a blocked device in again.", false, app_password_unblock},
      {"device list", "Devices with a password of their own, of one account or of all.", false, device_list},
      {"device block", "Keep a device out for the time being; open sessions end.", false, app_password_block},
      {"device unblock", "Let a blocked device in again.", false, app_password_unblock},
      {"app-password delete", "Let an app password work no longer; open sessions end.", false, app_password_delete}};
}

}  // namespace gatepost::admin
