#include "api/admin.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "api/admin_access.hpp"
#include "api/caller.hpp"
#include "api/events.hpp"
#include "api/json.hpp"
#include "base/ascii.hpp"
#include "runtime/session.hpp"

namespace gatepost::api {
namespace {

using directory::Role;
using http::server::Exchange;
using http::server::Response;
using runtime::Task;

// The names of an AdminVerb's options; `lists`: which may be.
struct Option {
  std::string_view name;
  bool list = false;
};
std::vector<Option> options_of(const AdminVerb& verb) {
  std::vector<Option> out;
  std::string_view rest = verb.options;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    std::string_view name = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const bool list = name.ends_with('*');
    if (list) name.remove_suffix(1);
    out.push_back({name, list});
  }
  return out;
}

std::optional<std::string> as_option(const json::value& value) {
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_int64()) return std::to_string(value.as_int64());
  if (value.is_uint64()) return std::to_string(value.as_uint64());
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  return std::nullopt;
}

// "false" is the same as not being there.
Result<admin::Request> request_of(const AdminVerb& verb, const json::object& asked) {
  admin::Request out{.verb = std::string(verb.name), .options = {}};
  const std::vector<Option> known = options_of(verb);
  for (const auto& [key, value] : asked) {
    const std::string name(key);
    const auto option = std::ranges::find(known, std::string_view(name), &Option::name);
    if (option == known.end()) return fail(Errc::invalid, fmt::format("{} takes no \"{}\"", verb.name, name));
    if (value.is_null() || (value.is_bool() && !value.as_bool())) continue;
    std::vector<std::string>& values = out.options[name];
    if (const auto one = as_option(value)) {
      values.push_back(*one);
      continue;
    }
    if (!value.is_array() || !option->list) return fail(Errc::invalid, fmt::format("\"{}\" is a text", name));
    for (const json::value& member : value.as_array()) {
      const auto one = as_option(member);
      if (!one) return fail(Errc::invalid, fmt::format("\"{}\" is a list of texts", name));
      values.push_back(*one);
    }
  }
  return out;
}

// What is for administrators alone.
bool sets_role(const admin::Request& request) {
  const auto set = request.options.find("set");
  return set != request.options.end() && std::ranges::any_of(set->second, [](const std::string& one) {
           return one.starts_with("role=") || one.starts_with("password-never-expires=");
         });
}

Response answer_of(const admin::Reply& reply) {
  if (reply.exit_code == 0) {
    return Response(200, "application/json", (reply.json.empty() ? "null" : reply.json) + "\n")
        .set("cache-control", "no-store");
  }
  std::string_view text = reply.text;
  while (text.ends_with('\n')) text.remove_suffix(1);
  const int status = reply.exit_code == 2 ? 400 : reply.exit_code == 3 ? 503 : 422;
  return http::server::problem(status, text);
}

// Who asks: a browser by its cookie, or a script by a token.
struct Asker {
  Role role = Role::none;
  std::string name;
  bool by_token = false;
};

// RFC 6750 2.1. Cross-site requests cannot have this field unasked, so there is no CSRF token with it.
std::optional<std::string> bearer_of(const Exchange& exchange) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view field = exchange.request().field("authorization");
  if (!ascii::istarts_with(field, kScheme)) return std::nullopt;
  return std::string(field.substr(kScheme.size()));
}

Task<Result<Asker>> asker(const Services& services, Exchange& exchange) {
  const auto token = bearer_of(exchange);
  if (!token) {
    const auto from = caller(services, exchange);
    if (!from) co_return std::unexpected(from.error());
    co_return Asker{from->principal.role, from->principal.address, false};
  }
  if (!exchange.request().secure) co_return fail(Errc::denied, "without TLS");
  const auto known = co_await services.workers.run([&] { return services.check_token(*token); });
  if (!known) co_return std::unexpected(known.error());
  co_return Asker{known->role, "token " + known->name, true};
}

Response refused(const Exchange& exchange, const Error& error) {
  Response out = refusal(error);
  // RFC 6750 3.1.
  if (error.code == Errc::unauthenticated && bearer_of(exchange)) {
    out.set("www-authenticate", "Bearer realm=\"administration\", error=\"invalid_token\"");
  }
  return out;
}

// POST /api/admin/{verb in words}
Task<> run(const Services& services, Exchange& exchange) {
  const auto from = co_await asker(services, exchange);
  if (!from) co_return exchange.respond(refused(exchange, from.error()));
  std::string name(exchange.request().parameter("*"));
  std::ranges::replace(name, '/', ' ');
  const Role role = from->role;
  const AdminVerb* verb = find_admin_verb(name);
  // Whoever has no role learns nothing of what there is.
  if (role != Role::none && verb == nullptr) {
    co_return exchange.respond(refusal(Error{Errc::not_found, "there is no such verb"}));
  }
  if (verb == nullptr || !has_role(role, verb->least)) {
    co_return exchange.respond(refusal(Error{Errc::forbidden, "your role does not allow this"}));
  }
  // One that leaks must not live on in others.
  if (from->by_token && verb->changes && name.starts_with("token ")) {
    co_return exchange.respond(refusal(Error{Errc::forbidden, "tokens are made and deleted by people"}));
  }
  auto asked = co_await read_object(exchange);
  if (!asked) co_return exchange.respond(refusal(asked.error()));
  auto request = request_of(*verb, *asked);
  if (!request) co_return exchange.respond(refusal(request.error()));
  request->asked_by = from->name;
  request->asked_from = exchange.request().client.to_string();
  const runtime::Peer& peer = exchange.peer();
  request->asked_over = fmt::format("{} {} {} {}", peer.remote.address.to_string(), peer.remote.port,
                                    peer.local.address.to_string(), peer.local.port);
  const std::string subject = request->option("address");
  auto job = [&]() -> Result<admin::Reply> {
    if (verb->changes) GP_CHECK(check_subject(services.directory, role, subject, sets_role(*request)));
    return services.administer(*request);
  };
  const auto reply = co_await services.workers.run(job);
  if (!reply) {
    co_return exchange.respond(refusal(Error{Errc::forbidden, std::string(reply.error().detail)}));
  }
  if (verb->changes) {
    services.log.write(event::kAdministered, {{"conn", exchange.request().connection_id},
                                              {"remote", exchange.request().client.to_string()},
                                              {"who", from->name},
                                              {"verb", verb->name},
                                              {"what", subject.empty() ? request->option("name") : subject},
                                              {"done", reply->exit_code == 0 ? "yes" : "no"}});
  }
  // Other rules are in force, perhaps: what the page asks next has to come in through them.
  if (verb->changes && name.starts_with("gate ")) exchange.close_afterwards();
  exchange.respond(answer_of(*reply));
}

std::string_view help_of(std::string_view name) {
  const auto& all = admin::verbs();
  const auto at = std::ranges::find(all, name, &admin::Verb::name);
  return at == all.end() ? std::string_view() : at->help;
}

json::object operation_of(const AdminVerb& verb) {
  json::object properties;
  for (const Option& option : options_of(verb)) {
    properties[option.name] = option.list ? json::object{{"type", "array"}, {"items", {{"type", "string"}}}}
                                          : json::object{{"type", "string"}};
  }
  return {{"operationId", verb.name},
          {"summary", help_of(verb.name)},
          {"description", fmt::format("Role: {}.", directory::to_string(verb.least))},
          {"requestBody",
           {{"content",
             {{"application/json",
               {{"schema", {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}}}}}}}}},
          {"responses",
           {{"200", {{"description", "Done; what the verb prints with --json."}}},
            {"400", {{"description", "An option is missing or none."}}},
            {"401", {{"description", "Nobody is signed in."}}},
            {"403", {{"description", "The role does not allow it, or another site's page asks."}}},
            {"422", {{"description", "Refused; the detail says why and what to do."}}}}}};
}

// GET /api/openapi.json (OpenAPI 3.1)
Task<> describe(const Services& services, Exchange& exchange) {
  const auto from = co_await asker(services, exchange);
  if (!from) co_return exchange.respond(refused(exchange, from.error()));
  json::object paths;
  for (const AdminVerb& verb : admin_verbs()) {
    std::string path = "/api/admin/" + std::string(verb.name);
    std::ranges::replace(path, ' ', '/');
    paths[path] = json::object{{"post", operation_of(verb)}};
  }
  exchange.respond(answer(json::object{
      {"openapi", "3.1.0"},
      {"info", {{"title", "Gatepost administration"}, {"version", "1"}}},
      {"components",
       {{"securitySchemes",
         {{"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", "__Host-gatepost"}}},
          {"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}},
      {"security", json::array{json::object{{"session", json::array{}}}, json::object{{"token", json::array{}}}}},
      {"paths", std::move(paths)}}));
}

}  // namespace

void add_admin_routes(http::server::Router& router, const Services& services) {
  router.add({.path = "/api/admin/*", .methods = {"POST"}, .handler = [services](Exchange& exchange) {
                return run(services, exchange);
              }});
  router.add({.path = "/api/openapi.json", .methods = {"GET"}, .handler = [services](Exchange& exchange) {
                return describe(services, exchange);
              }});
}

}  // namespace gatepost::api
