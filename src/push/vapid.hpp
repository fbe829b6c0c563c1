#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "certificates/key.hpp"

// Who sends a push message (RFC 8292).
namespace gatepost::push {

// The public key as browsers are given it (applicationServerKey): base64url.
Result<std::string> public_key_of(const certificates::Key& key);
// The value of Authorization for a push resource; good for twelve hours from `now`. `contact`: a URI.
Result<std::string> authorization(const certificates::Key& key, std::string_view url, std::string_view contact,
                                  TimePoint now);
// "https://push.example:8443" of a URL; "": it is none of https.
std::string origin_of(std::string_view url);

}  // namespace gatepost::push
