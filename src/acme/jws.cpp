#include "acme/jws.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "base/base64.hpp"
#include "base/digest.hpp"

namespace gatepost::acme {
namespace {

namespace json = boost::json;

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

std::string flattened(std::string_view header, std::string_view payload, std::string_view signature) {
  return json::serialize(
      json::object{{"protected", view(header)}, {"payload", view(payload)}, {"signature", view(signature)}});
}

}  // namespace

Result<std::string> from_base64url(std::string_view text) {
  auto out = base64::decode_url(text);
  if (!out) return fail(Errc::invalid, "not base64url");
  return *std::move(out);
}

Result<std::string> jwk(const certificates::Key& key) {
  GP_TRY(const certificates::Key::Point point, key.point());
  return json::serialize(json::object{
      {"crv", "P-256"}, {"kty", "EC"}, {"x", base64::encode_url(point.x)}, {"y", base64::encode_url(point.y)}});
}

Result<std::string> thumbprint(const certificates::Key& key) {
  GP_TRY(const std::string text, jwk(key));
  const Sha256Value digest = sha256(text);
  return base64::encode_url({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Result<std::string> key_authorization(std::string_view token, const certificates::Key& account) {
  GP_TRY(const std::string print, thumbprint(account));
  return std::string(token) + "." + print;
}

Result<std::string> signed_request(const certificates::Key& key, std::string_view account_url, std::string_view url,
                                   std::string_view nonce, std::string_view payload) {
  json::object header{{"alg", "ES256"}, {"nonce", view(nonce)}, {"url", view(url)}};
  if (account_url.empty()) {
    GP_TRY(const std::string own, jwk(key));
    header["jwk"] = json::parse(own);
  } else {
    header["kid"] = view(account_url);
  }
  const std::string protect = base64::encode_url(json::serialize(header));
  const std::string body = base64::encode_url(payload);
  GP_TRY(const std::string signature, key.sign_es256(protect + "." + body));
  return flattened(protect, body, base64::encode_url(signature));
}

Result<std::string> external_binding(const certificates::Key& account, std::string_view key_id, std::string_view secret,
                                     std::string_view new_account_url) {
  const json::object header{{"alg", "HS256"}, {"kid", view(key_id)}, {"url", view(new_account_url)}};
  const std::string protect = base64::encode_url(json::serialize(header));
  GP_TRY(const std::string own, jwk(account));
  const std::string body = base64::encode_url(own);
  return flattened(protect, body, base64::encode_url(hmac_sha256(secret, protect + "." + body)));
}

}  // namespace gatepost::acme
