#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/server/exchange.hpp"
#include "http/server/response.hpp"

// Requests and answers of the interface as JSON.
namespace gatepost::api {

namespace json = boost::json;

inline constexpr std::size_t kMaxRequestOctets = 64 << 10;

// The request's content, an object. Errc::invalid, with what is wrong for the peer: another type, or no JSON object.
runtime::Task<Result<json::object>> read_object(http::server::Exchange& exchange);

// The member's text or truth; nullopt: it is missing or something else.
std::optional<std::string> text_of(const json::object& object, std::string_view name);
std::optional<bool> truth_of(const json::object& object, std::string_view name);

http::server::Response answer(const json::value& value, int status = 200);
// RFC 9457. What the error says in detail is for the log, but for Errc::invalid and those that say what to do better.
http::server::Response refusal(const Error& error);

// 401 with more that the page is to know (RFC 9457 3.2).
http::server::Response not_signed_in(std::string_view detail, const json::object& more);

// RFC 3339; null: the epoch, which stands for none.
json::value time_value(TimePoint at);

}  // namespace gatepost::api
