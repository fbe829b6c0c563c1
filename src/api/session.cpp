#include "api/session.hpp"

#include <charconv>
#include <utility>

#include "api/caller.hpp"
#include "api/json.hpp"
#include "api/totp.hpp"
#include "directory/password_age.hpp"
#include "http/server/session_cookie.hpp"
#include "http/server/sign_in.hpp"

namespace gatepost::api {
namespace {

using directory::WebSession;
using directory::WebSessions;
using http::server::Access;
using http::server::Exchange;
using http::server::Response;
using runtime::Task;

json::object principal_json(const directory::Principal& principal) {
  return {{"user", principal.address},
          {"name", principal.display_name},
          {"role", principal.role == directory::Role::none ? json::value(nullptr)
                                                           : json::value(directory::to_string(principal.role))}};
}

json::object session_json(const WebSession& session) {
  return {{"id", session.id},
          {"created", time_value(session.created)},
          {"used", time_value(session.used)},
          {"until", time_value(session.until)},
          {"lasting", session.lasting},
          {"agent", session.agent},
          {"address", session.remote.to_string()}};
}

// How the password stands; null: none is kept here.
json::value standing_json(const directory::PasswordStanding& standing) {
  if (!standing.kept) return nullptr;
  return {{"changed", standing.changed ? time_value(*standing.changed) : json::value(nullptr)},
          {"expires", standing.expires ? time_value(*standing.expires) : json::value(nullptr)},
          {"ends_soon", standing.ends_soon},
          {"expired", standing.expired}};
}

// 401; "password" says why the right one lets nobody in.
Response expiry_refusal(bool initial) {
  return not_signed_in(
      initial ? "this password was set for you: choose one of your own" : "the password has expired: choose another",
      {{"password", initial ? "initial" : "expired"}});
}

json::object described(const Services& services, const directory::Principal& principal, const WebSession& session,
                       std::string_view token) {
  json::object out = principal_json(principal);
  out["totp"] = factor_json(directory::second_factors(services.directory).status(principal));
  out["password"] = standing_json(directory::password_ages(services.directory).standing(principal));
  out["csrf"] = WebSessions::csrf_token(token);
  out["session"] = session_json(session);
  return out;
}

Response begun(const Services& services, const directory::Principal& principal, const WebSessions::Begun& one) {
  Response out = answer(described(services, principal, one.session, one.token.reveal()));
  std::optional<std::chrono::seconds> age;
  if (one.session.lasting) {
    age = std::chrono::duration_cast<std::chrono::seconds>(one.session.until - services.clock.now());
  }
  out.fields.add("set-cookie", http::server::set_session_cookie(one.token.reveal(), age));
  return out;
}

Result<WebSessions::Begun> begin_session(const Services& services, const Exchange& exchange,
                                         const directory::Principal& principal, bool lasting,
                                         const std::optional<WebSessions::Stamp>& proven = std::nullopt) {
  return services.sessions.begin(principal, lasting, exchange.request().field("user-agent"), exchange.request().client,
                                 proven);
}

// For who has proven the present one. Every session and connection ends, and one begins. Errc::forbidden: it is another
// directory's.
Result<WebSessions::Begun> replace_password(const Services& services, const Exchange& exchange,
                                            const directory::Principal& who, const Secret& fresh, bool lasting) {
  if (!directory::password_ages(services.directory).standing(who).kept) {
    return fail(Errc::forbidden, "the password is kept in another directory");
  }
  GP_CHECK(services.directory.set_password(who.id, fresh));
  GP_CHECK(services.sessions.end_all(who.id));
  services.door.revoke(who.id);
  return begin_session(services, exchange, who, lasting);
}

// Whoever could sign a browser in as somebody else would read what is written there.
bool another_sites(const Exchange& exchange) {
  const std::string_view site = exchange.request().field("sec-fetch-site");
  return !site.empty() && site != "same-origin" && site != "none";
}

// POST /api/session
Task<> sign_in(const Services& services, Exchange& exchange) {
  if (!exchange.request().secure) co_return exchange.respond(refusal(Error{Errc::denied, "without TLS"}));
  if (another_sites(exchange)) {
    co_return exchange.respond(refusal(Error{Errc::forbidden, "the request is another site's"}));
  }
  auto asked = co_await read_object(exchange);
  if (!asked) co_return exchange.respond(refusal(asked.error()));
  const auto user = text_of(*asked, "user"), typed = text_of(*asked, "password");
  if (!user || !typed) {
    co_return exchange.respond(refusal(Error{Errc::invalid, "\"user\" and \"password\" have to be there"}));
  }
  const Secret password(*typed);
  const bool lasting = truth_of(*asked, "lasting").value_or(false);
  const Secret code(text_of(*asked, "code").value_or(""));
  const auto fresh = text_of(*asked, "new_password");
  directory::DoorContext context = door_context(exchange);
  context.renewing = fresh.has_value();
  std::optional<directory::CodeAnswer> code_refused;
  auto check = [&]() -> Result<std::pair<directory::Principal, WebSessions::Begun>> {
    // Of before the check: a password that is replaced while it goes on must begin no session of the new one.
    const auto named = services.directory.find(*user);
    std::optional<WebSessions::Stamp> stamp;
    if (named) {
      GP_TRY(stamp, services.sessions.stamp_of(*named));
    }
    GP_TRY(auto entered, services.door.with_code(*user, password, code, context, [] {}));
    if (const auto* refused = std::get_if<directory::CodeAnswer>(&entered)) {
      code_refused = *refused;
      return fail(Errc::unauthenticated, "the code");
    }
    auto& session = std::get<std::unique_ptr<directory::SignedIn>>(entered);
    const directory::Principal who = session->principal();
    if (fresh) {
      session.reset();
      if (!directory::password_ages(services.directory).standing(who).kept) {
        return fail(Errc::denied, "the password is kept elsewhere");
      }
      GP_TRY(WebSessions::Begun one, replace_password(services, exchange, who, Secret(*fresh), lasting));
      return std::pair(who, std::move(one));
    }
    if (!named || named->id != who.id) stamp.reset();  // by a name that an outside directory knows
    GP_TRY(WebSessions::Begun one, begin_session(services, exchange, who, lasting, stamp));
    return std::pair(who, std::move(one));
  };
  const auto done = co_await services.sign_in_workers.run(check);
  if (code_refused) co_return exchange.respond(code_refusal(*code_refused));
  if (!done && done.error().code == Errc::expired) {
    const auto named = services.directory.find(*user);
    const bool initial = named && directory::password_ages(services.directory).standing(*named).must_change;
    co_return exchange.respond(expiry_refusal(initial));
  }
  if (!done) co_return exchange.respond(refusal(done.error()));
  exchange.respond(begun(services, done->first, done->second));
}

// 401: what the browser is asked for is a ticket; `proof` as Door::with_ticket().
Response ticket_wanted() {
  Response out = refusal(Error{Errc::unauthenticated, "no ticket"});
  out.set("www-authenticate", http::server::write_negotiate({}));
  return out;
}

// POST /api/session/ticket: by what whoever sits at a machine of the domain has already (RFC 4559).
Task<> sign_in_by_ticket(const Services& services, Exchange& exchange) {
  const directory::DoorContext context = door_context(exchange);
  if (!services.door.takes_tickets(context)) {
    co_return exchange.respond(refusal(Error{Errc::not_found, "tickets are not taken here"}));
  }
  if (another_sites(exchange)) {
    co_return exchange.respond(refusal(Error{Errc::forbidden, "the request is another site's"}));
  }
  const auto token = http::server::parse_negotiate(exchange.request().field("authorization"));
  if (!token) co_return exchange.respond(ticket_wanted());
  std::string proof;
  auto check = [&]() -> Result<std::pair<directory::Principal, WebSessions::Begun>> {
    GP_TRY(const auto entered, services.door.with_ticket(*token, context, [] {}, proof));
    GP_TRY(WebSessions::Begun one, begin_session(services, exchange, entered->principal(), true));
    return std::pair(entered->principal(), std::move(one));
  };
  const auto done = co_await services.sign_in_workers.run(check);
  if (!done) {
    co_return exchange.respond(done.error().code == Errc::unauthenticated ? ticket_wanted() : refusal(done.error()));
  }
  Response out = begun(services, done->first, done->second);
  out.fields.add("www-authenticate", http::server::write_negotiate(proof));
  exchange.respond(std::move(out));
}

// GET /api/session; "ticket": what else signs in than a password.
Task<> show_session(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange, WebSessions::For::setting_up);
  if (!from && from.error().code == Errc::unauthenticated && services.door.takes_tickets(door_context(exchange))) {
    co_return exchange.respond(not_signed_in("sign in by a password or a ticket", {{"ticket", true}}));
  }
  if (!from) co_return exchange.respond(refusal(from.error()));
  exchange.respond(
      answer(described(services, from->principal, from->session, http::server::session_token(exchange.request()))));
}

// DELETE /api/session
Task<> sign_out(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange, WebSessions::For::setting_up);
  if (!from) co_return exchange.respond(refusal(from.error()));
  auto end = [&]() -> Result<> {
    GP_CHECK(services.sessions.end(from->principal.id, from->session.id));
    services.door.end_web_session(from->principal.id, from->session.id);
    return {};
  };
  const auto done = co_await services.workers.run(end);
  if (!done && done.error().code != Errc::not_found) co_return exchange.respond(refusal(done.error()));
  Response out(204);
  out.fields.add("set-cookie", http::server::clear_session_cookie());
  // What the browser keeps of this origin is somebody's mail (Clear Site Data).
  out.set("clear-site-data", "\"cache\"").set("cache-control", "no-store");
  exchange.respond(std::move(out));
}

// GET /api/sessions
Task<> list_sessions(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  json::array out;
  for (const WebSession& session : services.sessions.list(from->principal.id)) {
    out.push_back(session_json(session));
    out.back().as_object()["this"] = session.id == from->session.id;
  }
  exchange.respond(answer(out));
}

// DELETE /api/sessions/{id}
Task<> end(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  const std::string id(exchange.request().parameter("id"));
  auto job = [&]() -> Result<> {
    GP_CHECK(services.sessions.end(from->principal.id, id));
    services.door.end_web_session(from->principal.id, id);
    return {};
  };
  const auto done = co_await services.workers.run(job);
  if (!done) co_return exchange.respond(refusal(done.error()));
  exchange.respond(Response(204));
}

// GET /api/connections
Task<> programs(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  json::array out;
  for (const directory::SeenSession& one : services.door.seen(from->principal.id)) {
    if (!one.web_session.empty()) continue;
    out.push_back({{"id", std::to_string(one.number)},
                   {"service", one.service},
                   {"program", one.program},
                   {"since", time_value(one.since)},
                   {"address", one.remote.to_string()}});
  }
  exchange.respond(answer(out));
}

// DELETE /api/connections/{id}
Task<> end_program(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  const std::string id(exchange.request().parameter("id"));
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(id.data(), id.data() + id.size(), number);
  const bool known = ec == std::errc{} && end == id.data() + id.size();
  if (!known || !services.door.end_session(from->principal.id, number)) {
    co_return exchange.respond(refusal(Error{Errc::not_found, "there is no such connection (any more)"}));
  }
  exchange.respond(Response(204));
}

// DELETE /api/sessions: all but this one, and the connections of all programs.
Task<> end_others(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  auto job = [&]() -> Result<> {
    GP_CHECK(services.sessions.end_all(from->principal.id, from->session.id));
    services.door.end_others(from->principal.id, from->session.id);
    return {};
  };
  const auto done = co_await services.workers.run(job);
  if (!done) co_return exchange.respond(refusal(done.error()));
  exchange.respond(Response(204));
}

// POST /api/password
Task<> change_password(const Services& services, Exchange& exchange) {
  const auto from = caller(services, exchange);
  if (!from) co_return exchange.respond(refusal(from.error()));
  auto asked = co_await read_object(exchange);
  if (!asked) co_return exchange.respond(refusal(asked.error()));
  const auto current = text_of(*asked, "current"), fresh = text_of(*asked, "new");
  if (!current || !fresh) {
    co_return exchange.respond(refusal(Error{Errc::invalid, "\"current\" and \"new\" have to be there"}));
  }
  auto job = [&]() -> Result<WebSessions::Begun> {
    {
      // Whoever sits down at a browser that is signed in does not know it; guesses count as everywhere.
      directory::DoorContext context = door_context(exchange);
      context.renewing = true;
      GP_TRY(const auto proven, services.door.with_password(from->principal.address, Secret(*current), context, [] {}));
      if (proven->principal().id != from->principal.id) return fail(Errc::denied, "another account");
    }
    return replace_password(services, exchange, from->principal, Secret(*fresh), from->session.lasting);
  };
  const auto done = co_await services.sign_in_workers.run(job);
  if (!done) co_return exchange.respond(refusal(done.error()));
  exchange.respond(begun(services, from->principal, *done));
}

}  // namespace

Result<WebSessions::Checked> caller(const Services& services, const Exchange& exchange, WebSessions::For what) {
  const std::string_view token = http::server::session_token(exchange.request());
  if (token.empty()) return fail(Errc::unauthenticated, "no session");
  GP_TRY(auto checked, services.sessions.check(token, exchange.request().client, what));
  if (const char* why = http::server::why_forged(exchange.request(), token)) return fail(Errc::forbidden, why);
  return checked;
}

directory::DoorContext door_context(const Exchange& exchange) {
  return {.remote = exchange.request().client,
          .service = "web",
          .connection_id = exchange.request().connection_id,
          .tls = exchange.request().secure,
          .channel_binding = {},
          .proxied = exchange.request().proxied};
}

void add_session_routes(http::server::Router& router, const Services& services) {
  const auto route = [&](std::string path, std::string method, Task<> (*run)(const Services&, Exchange&)) {
    router.add({.path = std::move(path),
                .methods = {std::move(method)},
                .handler = [services, run](Exchange& exchange) { return run(services, exchange); }});
  };
  route("/api/session", "POST", sign_in);
  route("/api/session/ticket", "POST", sign_in_by_ticket);
  route("/api/session", "GET", show_session);
  route("/api/session", "DELETE", sign_out);
  route("/api/sessions", "GET", list_sessions);
  route("/api/sessions", "DELETE", end_others);
  route("/api/sessions/{id}", "DELETE", end);
  route("/api/connections", "GET", programs);
  route("/api/connections/{id}", "DELETE", end_program);
  route("/api/password", "POST", change_password);
}

}  // namespace gatepost::api
