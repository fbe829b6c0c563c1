#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

// One-time codes that change with the time (RFC 6238), as phones' authenticators show them: HMAC-SHA-1, six digits,
// thirty seconds, which is what all of them know. Pure.
namespace gatepost::directory {

inline constexpr std::chrono::seconds kTotpStep{30};  // X of RFC 6238 4.1
inline constexpr std::size_t kTotpDigits = 6;         // RFC 4226 5.3: six at least
inline constexpr std::size_t kTotpKeyOctets = 20;     // RFC 4226 4, R6: 160 bits are recommended
inline constexpr std::uint64_t kTotpDrift = 1;        // RFC 6238 5.2, 6: steps a clock may be wrong, either way

// The code of that counter, of so many digits, with zeros before (RFC 4226 5.3).
std::string hotp(std::string_view key, std::uint64_t counter, std::size_t digits);

// The number of the step that `at` is in (RFC 6238 4.2); 0 before 1970.
std::uint64_t totp_step(TimePoint at);

// The first step behind `last` that `code` is right for at `now`: this one, or kTotpDrift before or after it. Steps up
// to `last` were used and are right no more (RFC 6238 5.2). Its time says nothing of how wrong the code is.
std::optional<std::uint64_t> matching_step(std::string_view key, std::string_view code, TimePoint now,
                                           std::uint64_t last);

// RFC 4648 6, without padding.
std::string base32(std::string_view octets);

// What authenticators read from a QR code (the "Key Uri Format" of Google Authenticator, which all others follow). It
// has the key in it.
std::string otpauth_uri(std::string_view issuer, std::string_view account, std::string_view key);

}  // namespace gatepost::directory
