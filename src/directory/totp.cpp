#include "directory/totp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/ascii.hpp"
#include "base/bytes.hpp"
#include "base/secret.hpp"
#include "base/sha1.hpp"
#include "directory/octets.hpp"

namespace gatepost::directory {
namespace {

// RFC 2104 2.
Sha1Value hmac_sha1(std::string_view key, std::string_view text) {
  constexpr std::size_t kBlock = 64;
  const Sha1Value hashed = sha1(key);
  if (key.size() > kBlock) key = text_of(hashed);
  std::string inner(kBlock, '\x36'), outer(kBlock, '\x5c');
  for (std::size_t i = 0; i < key.size(); ++i) {
    inner[i] = static_cast<char>(inner[i] ^ key[i]);
    outer[i] = static_cast<char>(outer[i] ^ key[i]);
  }
  const Sha1Value first = sha1(inner.append(text));
  return sha1(outer.append(text_of(first)));
}

// RFC 3986 2.1, 2.3.
std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (ascii::is_alnum(c) || std::string_view("-._~").contains(c)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

}  // namespace

std::string hotp(std::string_view key, std::uint64_t counter, std::size_t digits) {
  std::string moving;
  put_u64(moving, counter);
  const Sha1Value mac = hmac_sha1(key, moving);
  const std::size_t offset = mac.back() & 0x0f;
  const std::uint32_t truncated = (static_cast<std::uint32_t>(mac[offset] & 0x7f) << 24) |
                                  (static_cast<std::uint32_t>(mac[offset + 1]) << 16) |
                                  (static_cast<std::uint32_t>(mac[offset + 2]) << 8) | mac[offset + 3];
  std::uint32_t modulus = 1;
  for (std::size_t i = 0; i < digits; ++i) modulus *= 10;
  return fmt::format("{:0{}}", truncated % modulus, digits);
}

std::uint64_t totp_step(TimePoint at) {
  const auto since = std::chrono::floor<std::chrono::seconds>(at.time_since_epoch());
  return since.count() < 0 ? 0 : static_cast<std::uint64_t>(since / kTotpStep);
}

std::optional<std::uint64_t> matching_step(std::string_view key, std::string_view code, TimePoint now,
                                           std::uint64_t last) {
  const std::uint64_t present = totp_step(now);
  std::optional<std::uint64_t> found;
  for (std::uint64_t step = present - std::min(present, kTotpDrift); step <= present + kTotpDrift; ++step) {
    const bool right = equal_in_constant_time(hotp(key, step, kTotpDigits), code);
    if (right && step > last && !found) found = step;
  }
  return found;
}

std::string base32(std::string_view octets) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : octets) {
    held = (held << 8 | static_cast<unsigned char>(c)) & 0xffff;
    for (bits += 8; bits >= 5; bits -= 5) out += kAlphabet[held >> (bits - 5) & 31];
  }
  if (bits > 0) out += kAlphabet[held << (5 - bits) & 31];
  return out;
}

std::string otpauth_uri(std::string_view issuer, std::string_view account, std::string_view key) {
  const std::string by = percent_encoded(issuer);
  return fmt::format("otpauth://totp/{}:{}?secret={}&issuer={}&algorithm=SHA1&digits={}&period={}", by,
                     percent_encoded(account), base32(key), by, kTotpDigits, kTotpStep.count());
}

}  // namespace gatepost::directory
