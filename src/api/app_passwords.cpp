#include "api/app_passwords.hpp"

#include <charconv>
#include <optional>

#include "api/caller.hpp"
#include "api/json.hpp"

namespace gatepost::api {
namespace {

using directory::AppPassword;
using directory::AppScope;
using http::server::Exchange;
using http::server::Response;
using runtime::Task;

json::object app_password_json(const AppPassword& one) {
  json::array services, networks;
  for (const std::string& service : one.scope.services) services.push_back(json::string(service));
  for (const Network& network : one.scope.networks) networks.push_back(json::string(network.to_string()));
  json::object out{{"id", one.id},
                   {"name", one.name},
                   {"created", time_value(one.created)},
                   {"services", std::move(services)},
                   {"networks", std::move(networks)},
                   {"expires", time_value(one.scope.expires)},
                   {"blocked", one.scope.blocked},
                   {"last_used", one.last_used ? time_value(*one.last_used) : json::value(nullptr)},
                   {"last_service", one.last_service},
                   {"last_address", nullptr}};
  if (one.last_remote) out["last_address"] = one.last_remote->to_string();
  return out;
}

Result<std::vector<std::string>> texts_of(const json::object& object, std::string_view name) {
  std::vector<std::string> out;
  const json::value* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return out;
  if (!value->is_array()) return fail(Errc::invalid, "\"" + std::string(name) + "\" is a list of texts");
  for (const json::value& one : value->as_array()) {
    if (!one.is_string()) return fail(Errc::invalid, "\"" + std::string(name) + "\" is a list of texts");
    out.emplace_back(one.as_string());
  }
  return out;
}

Result<AppScope> scope_of(const json::object& asked) {
  AppScope scope;
  GP_TRY(scope.services, texts_of(asked, "services"));
  GP_TRY(const std::vector<std::string> networks, texts_of(asked, "networks"));
  for (const std::string& text : networks) {
    const auto network = Network::parse(text);
    if (!network) return fail(Errc::invalid, text + " is no network: write 192.0.2.0/24");
    scope.networks.push_back(*network);
  }
  if (const auto expires = text_of(asked, "expires")) {
    const auto at = date::parse_rfc3339(*expires);
    if (!at) return fail(Errc::invalid, "\"expires\" is a time of RFC 3339");
    scope.expires = *at;
  }
  scope.blocked = truth_of(asked, "blocked").value_or(false);
  return scope;
}

std::optional<std::uint32_t> id_of(const Exchange& exchange) {
  const std::string_view text = exchange.request().parameter("id");
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

// GET /api/app-passwords
Task<> list_app_passwords(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  auto job = [&] { return services.directory.app_passwords(from->principal.id); };
  const auto all = co_await services.workers.run(job);
  if (!all) co_return exchange.respond(refusal(all.error()));
  json::array out;
  for (const AppPassword& one : *all) out.push_back(app_password_json(one));
  exchange.respond(answer(out));
}

// POST /api/app-passwords: the secret is in this answer and nowhere else.
Task<> add(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  auto asked = co_await read_object(exchange);
  if (!asked) co_return exchange.respond(refusal(asked.error()));
  const auto name = text_of(*asked, "name");
  if (!name) co_return exchange.respond(refusal(Error{Errc::invalid, "\"name\" has to be there"}));
  const auto scope = scope_of(*asked);
  if (!scope) co_return exchange.respond(refusal(scope.error()));
  auto job = [&] { return services.directory.add_app_password(from->principal.id, *name, *scope); };
  const auto secret = co_await services.workers.run(job);
  if (!secret) co_return exchange.respond(refusal(secret.error()));
  exchange.respond(answer(json::object{{"name", *name}, {"password", secret->reveal()}}, 201));
}

// PUT /api/app-passwords/{id}: what it may; sessions that it opened end.
Task<> change(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  auto asked = co_await read_object(exchange);
  if (!asked) co_return exchange.respond(refusal(asked.error()));
  const auto id = id_of(exchange);
  if (!id) co_return exchange.respond(refusal(Error{Errc::not_found, "there is no such app password"}));
  const auto scope = scope_of(*asked);
  if (!scope) co_return exchange.respond(refusal(scope.error()));
  auto job = [&]() -> Result<> {
    GP_CHECK(services.directory.set_app_scope(from->principal.id, *id, *scope));
    services.door.revoke(from->principal.id);
    return {};
  };
  const auto done = co_await services.workers.run(job);
  if (!done) co_return exchange.respond(refusal(done.error()));
  exchange.respond(Response(204));
}

// DELETE /api/app-passwords/{id}
Task<> remove_app_password(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  const auto id = id_of(exchange);
  if (!id) co_return exchange.respond(refusal(Error{Errc::not_found, "there is no such app password"}));
  auto job = [&]() -> Result<> {
    GP_CHECK(services.directory.remove_app_password(from->principal.id, *id));
    services.door.revoke(from->principal.id);
    return {};
  };
  const auto done = co_await services.workers.run(job);
  if (!done) co_return exchange.respond(refusal(done.error()));
  exchange.respond(Response(204));
}

}  // namespace

void add_app_password_routes(http::server::Router& router, const Services& services) {
  const auto route = [&](std::string path, std::string method, Task<> (*run)(const Services&, Exchange&)) {
    router.add({.path = std::move(path),
                .methods = {std::move(method)},
                .handler = [services, run](Exchange& exchange) { return run(services, exchange); }});
  };
  route("/api/app-passwords", "GET", list_app_passwords);
  route("/api/app-passwords", "POST", add);
  route("/api/app-passwords/{id}", "PUT", change);
  route("/api/app-passwords/{id}", "DELETE", remove_app_password);
}

}  // namespace gatepost::api
