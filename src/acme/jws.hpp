#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "certificates/key.hpp"

// Signed requests (RFC 7515, as RFC 8555 6.2 narrows it: flattened JSON, ES256). Keys are P-256.
namespace gatepost::acme {

Result<std::string> from_base64url(std::string_view text);

// The public key as JSON, members in the order RFC 7638 3 hashes them.
Result<std::string> jwk(const certificates::Key& key);
// RFC 7638: SHA-256 of that, base64url.
Result<std::string> thumbprint(const certificates::Key& key);
// RFC 8555 8.1: token "." thumbprint.
Result<std::string> key_authorization(std::string_view token, const certificates::Key& account);

// The body of a POST. `account_url` empty: the key itself is in the header (newAccount, revokeCert by the
// certificate's key). `payload` empty: POST-as-GET (6.3).
Result<std::string> signed_request(const certificates::Key& key, std::string_view account_url, std::string_view url,
                                   std::string_view nonce, std::string_view payload);
// RFC 8555 7.3.4: the binding to an account elsewhere, HS256 with the key that gave out, as JSON.
Result<std::string> external_binding(const certificates::Key& account, std::string_view key_id, std::string_view secret,
                                     std::string_view new_account_url);

}  // namespace gatepost::acme
