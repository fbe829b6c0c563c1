#include "oauth/jwt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/utf8.hpp"
#include "oauth/base64url.hpp"
#include "oauth/json_reader.hpp"

namespace gatepost::oauth {
namespace {

constexpr std::array<std::string_view, 4> kNames{"RS256", "PS256", "ES256", "EdDSA"};
constexpr std::size_t kMaxTokenOctets = 16 << 10;
constexpr std::size_t kMaxKeyIdOctets = 500;
constexpr std::size_t kMaxSignatureOctets = 1024;  // RSA of 8192 bits

// For logs and terminals.
std::string shown_header(std::string_view text) {
  std::string out = utf8::sanitize(text.substr(0, 40));
  std::ranges::replace_if(out, ascii::is_control, ' ');
  return out;
}

}  // namespace

std::string_view to_string(Algorithm algorithm) { return kNames[static_cast<std::size_t>(algorithm)]; }

std::optional<Algorithm> algorithm_named(std::string_view name) {
  // RFC 7515 4.1.1: case counts.
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Algorithm>(i);
  }
  return std::nullopt;
}

Result<Jwt> parse_jwt(std::string_view token) {
  if (token.size() > kMaxTokenOctets) return fail(Errc::invalid, "too long a token");
  const std::size_t first = token.find('.');
  const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return fail(Errc::invalid, "not three parts");
  GP_TRY(const std::string header_text, from_base64url(token.substr(0, first)));
  GP_TRY(const JsonObject header, JsonObject::parse(header_text));
  if (header.has("crit")) return fail(Errc::unsupported, "the token has a header that must be understood");
  const std::string name = header.text("alg").value_or("");
  const auto algorithm = algorithm_named(name);
  if (!algorithm) return fail(Errc::invalid, fmt::format("signed by \"{}\", which is not taken", shown_header(name)));
  Jwt out;
  out.algorithm = *algorithm;
  out.key_id = header.text("kid").value_or("");
  if (out.key_id.size() > kMaxKeyIdOctets) return fail(Errc::invalid, "too long a key identifier");
  // RFC 7515 4.1.9: "application/" may be left out.
  out.type = ascii::to_lower(header.text("typ").value_or(""));
  if (out.type.starts_with("application/")) out.type.erase(0, 12);
  out.signed_part = token.substr(0, second);
  GP_TRY(out.claims, from_base64url(token.substr(first + 1, second - first - 1)));
  GP_TRY(out.signature, from_base64url(token.substr(second + 1)));
  if (out.signature.empty() || out.signature.size() > kMaxSignatureOctets)
    return fail(Errc::invalid, "no signature, or too long a one");
  return out;
}

}  // namespace gatepost::oauth
