#include "api/totp.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "api/caller.hpp"
#include "api/events.hpp"
#include "directory/totp.hpp"

namespace gatepost::api {
namespace {

using directory::SecondFactors;
using directory::WebSessions;
using http::server::Exchange;
using http::server::Response;
using runtime::Task;

SecondFactors& factors(const Services& services) { return directory::second_factors(services.directory); }

json::object codes_json(const std::vector<Secret>& codes) {
  json::array out;
  for (const Secret& one : codes) out.push_back(json::string(one.reveal()));
  return {{"recovery_codes", std::move(out)}};
}

void note(const Services& services, const Exchange& exchange, const directory::Principal& who, std::string_view what) {
  services.log.write(event::kSecondFactor, {{"conn", exchange.request().connection_id},
                                            {"remote", exchange.request().client.to_string()},
                                            {"name", who.address},
                                            {"what", what}});
}

// Password and code of whoever is signed in, as when signing in; guesses count as everywhere. A code that is missing or
// wrong is in `refused`.
Result<> prove(const Services& services, const Exchange& exchange, const directory::Principal& who,
               const json::object& asked, std::optional<directory::CodeAnswer>& refused) {
  const Secret password(text_of(asked, "password").value_or("")), code(text_of(asked, "code").value_or(""));
  GP_TRY(const auto entered, services.door.with_code(who.address, password, code, door_context(exchange), [] {}));
  if (const auto* answer = std::get_if<directory::CodeAnswer>(&entered)) {
    refused = *answer;
    return fail(Errc::unauthenticated, "the code");
  }
  if (std::get<std::unique_ptr<directory::SignedIn>>(entered)->principal().id != who.id) {
    return fail(Errc::denied, "another account");
  }
  return {};
}

// GET /api/totp
Task<> show_codes(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange, WebSessions::For::setting_up);
  if (!from) co_return exchange.respond(refusal(from.error()));
  exchange.respond(answer(factor_json(factors(services).status(from->principal))));
}

// POST /api/totp: a key, which counts once a code of it was shown.
Task<> begin_enrolment(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange, WebSessions::For::setting_up);
  if (!from) co_return exchange.respond(refusal(from.error()));
  auto asked = co_await read_object(exchange);
  if (!asked) co_return exchange.respond(refusal(asked.error()));
  std::optional<directory::CodeAnswer> refused;
  auto job = [&]() -> Result<Secret> {
    if (factors(services).status(from->principal).active) {
      return fail(Errc::already_exists, "there is a second factor already");
    }
    // Whoever sits down at a browser that is signed in must not be able to lock its owner out.
    GP_CHECK(prove(services, exchange, from->principal, *asked, refused));
    return factors(services).begin(from->principal.id);
  };
  const auto key = co_await services.sign_in_workers.run(job);
  if (refused) co_return exchange.respond(code_refusal(*refused));
  if (!key) co_return exchange.respond(refusal(key.error()));
  const std::string& address = from->principal.address;
  const std::string uri =
      directory::otpauth_uri(std::string_view(address).substr(address.rfind('@') + 1), address, key->reveal());
  exchange.respond(answer(json::object{{"secret", directory::base32(key->reveal())}, {"uri", uri}}));
}

// PUT /api/totp: the first code. Sessions and connections that began by the password alone end.
Task<> confirm(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange, WebSessions::For::setting_up);
  if (!from) co_return exchange.respond(refusal(from.error()));
  auto asked = co_await read_object(exchange);
  if (!asked) co_return exchange.respond(refusal(asked.error()));
  const Secret code(text_of(*asked, "code").value_or(""));
  auto job = [&]() -> Result<std::vector<Secret>> {
    GP_TRY(std::vector<Secret> codes, factors(services).confirm(from->principal.id, code));
    GP_CHECK(services.sessions.end_all(from->principal.id, from->session.id));
    services.door.revoke(from->principal.id);
    return codes;
  };
  const auto codes = co_await services.workers.run(job);
  if (!codes) co_return exchange.respond(refusal(codes.error()));
  note(services, exchange, from->principal, "on");
  exchange.respond(answer(codes_json(*codes)));
}

// POST /api/totp/recovery-codes
Task<> renew(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  auto asked = co_await read_object(exchange);
  if (!asked) co_return exchange.respond(refusal(asked.error()));
  std::optional<directory::CodeAnswer> refused;
  auto job = [&]() -> Result<std::vector<Secret>> {
    GP_CHECK(prove(services, exchange, from->principal, *asked, refused));
    return factors(services).renew_recovery_codes(from->principal.id);
  };
  const auto codes = co_await services.sign_in_workers.run(job);
  if (refused) co_return exchange.respond(code_refusal(*refused));
  if (!codes) co_return exchange.respond(refusal(codes.error()));
  note(services, exchange, from->principal, "codes");
  exchange.respond(answer(codes_json(*codes)));
}

// POST /api/totp/disable
Task<> disable(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  auto asked = co_await read_object(exchange);
  if (!asked) co_return exchange.respond(refusal(asked.error()));
  std::optional<directory::CodeAnswer> refused;
  auto job = [&]() -> Result<> {
    GP_CHECK(prove(services, exchange, from->principal, *asked, refused));
    return factors(services).disable(from->principal.id);
  };
  const auto done = co_await services.sign_in_workers.run(job);
  if (refused) co_return exchange.respond(code_refusal(*refused));
  if (!done) co_return exchange.respond(refusal(done.error()));
  note(services, exchange, from->principal, "off");
  exchange.respond(Response(204));
}

}  // namespace

json::object factor_json(const SecondFactors::Status& status) {
  return {{"active", status.active},
          {"required", status.required},
          {"since", status.active ? time_value(status.since) : json::value(nullptr)},
          {"recovery_codes", status.recovery_codes}};
}

Response code_refusal(directory::CodeAnswer why) {
  const bool wanted = why == directory::CodeAnswer::wanted;
  return not_signed_in(wanted ? "a code of the second factor is wanted" : "the code is wrong, or was used",
                       {{"second_factor", wanted ? "wanted" : "wrong"}});
}

void add_totp_routes(http::server::Router& router, const Services& services) {
  const auto route = [&](std::string path, std::string method, Task<> (*run)(const Services&, Exchange&)) {
    router.add({.path = std::move(path),
                .methods = {std::move(method)},
                .handler = [services, run](Exchange& exchange) { return run(services, exchange); }});
  };
  route("/api/totp", "GET", show_codes);
  route("/api/totp", "POST", begin_enrolment);
  route("/api/totp", "PUT", confirm);
  route("/api/totp/recovery-codes", "POST", renew);
  route("/api/totp/disable", "POST", disable);
}

}  // namespace gatepost::api
