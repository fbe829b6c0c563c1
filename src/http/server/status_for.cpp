#include "http/server/status_for.hpp"

#include <iterator>

#include <fmt/format.h>

namespace gatepost::http::server {

int status_for(Errc code) {
  switch (code) {
    case Errc::invalid:
      return 400;
    case Errc::not_found:
      return 404;
    case Errc::already_exists:
    case Errc::conflict:
      return 409;
    case Errc::denied:
    case Errc::forbidden:
      return 403;
    case Errc::unauthenticated:
    case Errc::expired:
      return 401;
    case Errc::over_quota:
    case Errc::disk_full:
      return 507;
    case Errc::too_large:
      return 413;
    case Errc::limit:
      return 429;
    case Errc::timed_out:
      return 408;
    case Errc::unsupported:
      return 501;
    case Errc::unavailable:
    case Errc::closed:
    case Errc::read_only:
      return 503;
    case Errc::unknown_outcome:
    case Errc::corrupt:
    case Errc::internal:
      return 500;
  }
  return 500;
}

Response failure(Errc code) {
  Response out = plain_answer(status_for(code));
  if (out.status == 503 || out.status == 429) out.set("retry-after", "30");
  return out;
}

Response plain_answer(int status) {
  Response out(status);
  if (status == 204 || status == 304) return out;
  out.content = fmt::format("{} {}\n", status, reason_phrase(status));
  out.set("content-type", "text/plain; charset=utf-8");
  out.set("cache-control", "no-store");
  return out;
}

Response problem(int status, std::string_view detail) {
  std::string text =
      fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"detail":")", reason_phrase(status), status);
  for (const char c : detail) {
    if (c == '"' || c == '\\') text += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(text), "\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      text += c;
    }
  }
  text += "\"}\n";
  return Response(status, "application/problem+json", std::move(text)).set("cache-control", "no-store");
}

}  // namespace gatepost::http::server
