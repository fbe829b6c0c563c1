#include "http/server/sign_in.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "base/utf8.hpp"
#include "directory/web_sessions.hpp"
#include "http/server/session_cookie.hpp"
#include "runtime/workers.hpp"
#include "sasl/bearer.hpp"

namespace gatepost::http::server {

namespace {
// Accounts that one connection serves at one time: a proxy's, which serves many people.
constexpr std::size_t kMaxKnown = 8;

// The credentials behind the scheme of that name.
std::optional<std::string_view> after_scheme(std::string_view authorization, std::string_view scheme) {
  const std::size_t blank = std::min(authorization.find(' '), authorization.size());
  if (!ascii::iequals(authorization.substr(0, blank), scheme)) return std::nullopt;
  return ascii::trim(authorization.substr(blank));
}
}  // namespace

Result<BasicCredentials> parse_basic(std::string_view authorization) {
  const auto credentials = after_scheme(authorization, "basic");
  if (!credentials) return fail(Errc::unauthenticated, "another scheme");
  const auto text = base64::decode(*credentials);
  // RFC 7617 2: user-id ":" password, without control characters.
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos || std::ranges::any_of(*text, ascii::is_control)) {
    return fail(Errc::invalid, "broken credentials");
  }
  return BasicCredentials{text->substr(0, colon), Secret(std::string_view(*text).substr(colon + 1))};
}

Result<Secret> parse_bearer(std::string_view authorization) {
  const auto credentials = after_scheme(authorization, "bearer");
  if (!credentials) return fail(Errc::unauthenticated, "another scheme");
  if (!sasl::is_bearer_token(*credentials)) return fail(Errc::invalid, "broken credentials");
  return Secret(*credentials);
}

Result<std::string> parse_negotiate(std::string_view authorization) {
  const auto credentials = after_scheme(authorization, "negotiate");
  if (!credentials) return fail(Errc::unauthenticated, "another scheme");
  auto token = base64::decode(*credentials);
  if (!token || token->empty()) return fail(Errc::invalid, "broken credentials");
  return *std::move(token);
}

std::string write_negotiate(std::string_view octets) {
  return octets.empty() ? "Negotiate" : "Negotiate " + base64::encode(octets);
}

SignIns::SignIns(const Services& services, std::string_view service, const runtime::Peer& peer,
                 std::shared_ptr<runtime::Waker> waker)
    : services_(services), service_(service), peer_(peer), waker_(std::move(waker)) {}

runtime::Task<Result<std::shared_ptr<directory::SignedIn>>> SignIns::enter(const Request& request, std::string& proof) {
  const std::string_view field = request.field("authorization");
  if (field.empty()) co_return enter_by_cookie(request);
  // With the client: behind a proxy many share a connection, and what may be done from one address may not from
  // another.
  const Sha256Value credentials = sha256(fmt::format("{} {}", request.client.to_string(), field));
  std::erase_if(known_, [](const Known& known) { return known.who->revoked(); });
  const auto known = std::ranges::find(known_, credentials, &Known::credentials);
  if (known != known_.end()) co_return known->who;
  const directory::DoorContext context = context_for(request);
  std::function<Result<std::unique_ptr<directory::SignedIn>>()> job;
  auto wake = [waker = waker_] { waker->wake(); };
  BasicCredentials given;
  Secret token;
  std::string ticket;
  if (after_scheme(field, "bearer") && services_.door.takes_tokens(context)) {
    GP_CO_TRY(token, parse_bearer(field));
    job = [&] { return services_.door.with_token({}, token, context, wake); };
  } else if (after_scheme(field, "negotiate") && services_.door.takes_tickets(context)) {
    GP_CO_TRY(ticket, parse_negotiate(field));
    job = [&] { return services_.door.with_ticket(ticket, context, wake, proof); };
  } else {
    GP_CO_TRY(given, parse_basic(field));
    job = [&] { return services_.door.with_password(given.name, given.password, context, wake); };
  }
  auto entered = co_await services_.workers_for_sign_in().run(std::move(job));
  if (!entered) {
    if (entered.error().code == Errc::unauthenticated) ++failures_;
    co_return std::unexpected(std::move(entered).error());
  }
  if (!ticket.empty()) proof = write_negotiate(proof);
  co_return keep(credentials, *std::move(entered));
}

Result<std::shared_ptr<directory::SignedIn>> SignIns::enter_by_cookie(const Request& request) {
  const std::string_view token = session_token(request);
  if (token.empty() || services_.web_sessions == nullptr) return fail(Errc::unauthenticated, "no credentials");
  // Each time: it notes the use, and what ended elsewhere has ended here.
  GP_TRY(const auto checked, services_.web_sessions->check(token, request.client));
  if (const char* why = why_forged(request, token)) return fail(Errc::forbidden, why);
  const Sha256Value credentials = sha256(token);
  std::erase_if(known_, [](const Known& known) { return known.who->revoked(); });
  const auto known = std::ranges::find(known_, credentials, &Known::credentials);
  if (known != known_.end()) return known->who;
  const directory::DoorContext context{.remote = request.client,
                                       .service = "web",
                                       .connection_id = peer_.connection_id,
                                       .tls = request.secure,
                                       .channel_binding = {},
                                       .web_session = checked.session.id,
                                       .proxied = request.proxied || peer_.proxied};
  const auto prove = [&]() -> Result<directory::Principal> {
    GP_TRY(const auto again, services_.web_sessions->check(token, request.client));
    return again.principal;
  };
  GP_TRY(std::shared_ptr<directory::SignedIn> who,
         services_.door.admit(prove, context, [waker = waker_] { waker->wake(); }));
  return keep(credentials, std::move(who));
}

std::shared_ptr<directory::SignedIn> SignIns::keep(const Sha256Value& credentials,
                                                   std::shared_ptr<directory::SignedIn> who) {
  if (known_.size() == kMaxKnown) known_.erase(known_.begin());
  known_.push_back({credentials, who});
  return who;
}

directory::DoorContext SignIns::context_for(const Request& request) const {
  return {.remote = request.client,
          // App passwords are for the web, whatever the listener is called.
          .service = service_ == "https" ? "http" : std::string(service_),
          .connection_id = peer_.connection_id,
          .tls = peer_.tls.has_value(),
          .channel_binding = {},
          .certificate_names = {},
          .proxied = request.proxied || peer_.proxied};
}

std::vector<std::string> SignIns::challenges(const Request& request, std::string_view realm, Errc why) const {
  if (is_from_script(request) && request.field("authorization").empty()) {
    return {fmt::format("Session realm=\"{}\"", realm)};
  }
  std::vector<std::string> out;
  // RFC 4559 4.1. First, for those who take the first that they know.
  if (services_.door.takes_tickets(context_for(request))) out.push_back(write_negotiate({}));
  // RFC 7617 2, 2.1
  out.push_back(fmt::format("Basic realm=\"{}\", charset=\"UTF-8\"", realm));
  if (!services_.door.takes_tokens(context_for(request))) return out;
  out.push_back(fmt::format("Bearer realm=\"{}\"", realm));
  // RFC 6750 3.1: no error where no token was sent.
  if (!after_scheme(request.field("authorization"), "bearer")) return out;
  out.back() += fmt::format(", error=\"{}\"", why == Errc::forbidden ? "insufficient_scope" : "invalid_token");
  if (const std::string scope = services_.door.token_scope(); !scope.empty() && why == Errc::forbidden)
    out.back() += fmt::format(", scope=\"{}\"", scope);
  return out;
}

}  // namespace gatepost::http::server
