#include "push/vapid.hpp"

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/base64.hpp"
#include "push/encryption.hpp"

namespace gatepost::push {

namespace {
constexpr std::chrono::hours kGoodFor{12};  // RFC 8292 2: 24 hours at most
}

std::string origin_of(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (!ascii::istarts_with(url, kScheme)) return {};
  const std::size_t end = url.find_first_of("/?#", kScheme.size());
  const std::string_view host = url.substr(kScheme.size(), end == std::string_view::npos ? end : end - kScheme.size());
  // Names of users have no place in it, and what is to be quoted in JSON is no host.
  if (host.empty() || host.find_first_of("@\"\\ ") != std::string_view::npos) return {};
  return std::string(kScheme) + ascii::to_lower(host);
}

Result<std::string> public_key_of(const certificates::Key& key) {
  GP_TRY(const certificates::Key::Point point, key.point());
  return base64::encode_url('\x04' + point.x + point.y);
}

Result<std::string> authorization(const certificates::Key& key, std::string_view url, std::string_view contact,
                                  TimePoint now) {
  const std::string audience = origin_of(url);
  if (audience.empty()) return fail(Errc::invalid, "the address of a push resource");
  const auto until = std::chrono::floor<std::chrono::seconds>(now + kGoodFor).time_since_epoch().count();
  const std::string text =
      base64::encode_url(R"({"typ":"JWT","alg":"ES256"})") + "." +
      base64::encode_url(fmt::format(R"({{"aud":"{}","exp":{},"sub":"{}"}})", audience, until, contact));
  GP_TRY(const std::string signature, key.sign_es256(text));
  GP_TRY(const std::string own, public_key_of(key));
  return fmt::format("vapid t={}.{}, k={}", text, base64::encode_url(signature), own);
}

}  // namespace gatepost::push
