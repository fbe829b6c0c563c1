#include "api/json.hpp"

#include "base/ascii.hpp"
#include "http/server/status_for.hpp"

namespace gatepost::api {

using http::server::Exchange;
using http::server::Response;

runtime::Task<Result<json::object>> read_object(Exchange& exchange) {
  // A form of another site cannot send this type unasked (CORS' simple requests).
  if (!ascii::istarts_with(exchange.request().field("content-type"), "application/json")) {
    co_return fail(Errc::invalid, "the content has to be application/json");
  }
  GP_CO_TRY(const std::string text, co_await exchange.read_all(kMaxRequestOctets));
  boost::system::error_code ec;
  json::parse_options options;
  options.max_depth = 8;
  json::value value = json::parse(text, ec, {}, options);
  if (ec || !value.is_object()) co_return fail(Errc::invalid, "the content has to be a JSON object");
  co_return std::move(value.as_object());
}

std::optional<std::string> text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->as_string());
}

std::optional<bool> truth_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_bool()) return std::nullopt;
  return value->as_bool();
}

namespace {
// RFC 9110 15.5.2: with each 401 a challenge; none that a browser opens a window for.
constexpr std::string_view kChallenge = "Session realm=\"Gatepost\"";
}  // namespace

Response answer(const json::value& value, int status) {
  return Response(status, "application/json", json::serialize(value) + "\n").set("cache-control", "no-store");
}

Response refusal(const Error& error) {
  std::string_view detail;
  switch (error.code) {
    case Errc::invalid:
    case Errc::not_found:
    case Errc::already_exists:
    case Errc::conflict:
    case Errc::forbidden:
    case Errc::limit:
    case Errc::too_large:
      detail = error.detail;
      break;
    case Errc::unauthenticated:
      detail = "the name or the password is wrong";
      break;
    case Errc::expired:
      detail = "the password has expired, or has to be replaced: choose another";
      break;
    case Errc::denied:
      detail = "this account may not";
      break;
    default:
      detail = "this cannot be done at the moment";
  }
  Response out = http::server::problem(http::server::status_for(error.code), detail);
  if (out.status == 401) out.set("www-authenticate", kChallenge);
  if (out.status == 429 || out.status == 503) out.set("retry-after", "30");
  return out;
}

Response not_signed_in(std::string_view detail, const json::object& more) {
  json::object all{{"type", "about:blank"}, {"title", "Unauthorized"}, {"status", 401}, {"detail", detail}};
  all.insert(more.begin(), more.end());
  return Response(401, "application/problem+json", json::serialize(all) + "\n")
      .set("cache-control", "no-store")
      .set("www-authenticate", kChallenge);
}

json::value time_value(TimePoint at) {
  return at == TimePoint{} ? json::value(nullptr) : json::value(date::format_rfc3339(at));
}

}  // namespace gatepost::api
