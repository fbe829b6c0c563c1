#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

// Tokens of others that people may sign in by (RFC 6750, RFC 7628).
namespace gatepost::config {

// [[oauth.provider]]
struct OauthProvider {
  std::string name;
  enum class Check : std::uint8_t { jwt, introspection } check = Check::jwt;
  std::string issuer;         // "iss" of its tokens
  std::string discovery;      // https URL; complete(): that of OpenID Connect under `issuer`
  std::string jwks;           // https URL; empty: the discovery document says it
  std::string introspection;  // likewise
  std::string client_id;      // by which introspection is asked
  std::filesystem::path client_secret_file;
  std::filesystem::path ca_file;
  std::vector<std::string> audiences, scopes;
  std::string account_claim = "email";
  std::string default_domain;
  std::vector<std::string> domains;
  std::chrono::seconds leeway{60};
  std::chrono::seconds remember{60};
  bool end_sessions = true;
  std::chrono::seconds beyond_token{0};
  std::chrono::seconds timeout{10};
  std::chrono::seconds keys_lifetime{3600};
  std::chrono::seconds refetch_after{60};
  bool operator==(const OauthProvider&) const = default;
};

// [oauth]
struct Oauth {
  std::vector<OauthProvider> providers;
  bool operator==(const Oauth&) const = default;
};

}  // namespace gatepost::config
