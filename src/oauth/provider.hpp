#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gatepost::oauth {

using std::chrono::seconds;

// Somebody who gives out tokens, and what we believe of them.
struct Provider {
  std::string name;  // in the log
  enum class Check : std::uint8_t {
    jwt,            // tokens are JWTs, verified by the provider's keys
    introspection,  // the provider is asked about each token (RFC 7662)
  } check = Check::jwt;
  std::string issuer;         // "iss" of its tokens, letter by letter; introspection: may be empty
  std::string discovery;      // URL of its discovery document; empty: what it would say is below
  std::string jwks;           // URL of its keys; empty: the discovery document says it
  std::string introspection;  // URL to ask at; empty: likewise
  std::string client_id;      // by which we ask (HTTP Basic)
  std::string client_secret;
  std::filesystem::path ca_file;  // who signed its web server's certificate; empty: the system's store

  std::vector<std::string> audiences;   // one of them has to be in "aud"; empty: not looked at
  std::vector<std::string> scopes;      // all of them have to be in "scope"
  std::string account_claim = "email";  // names the account
  std::string default_domain;           // for accounts named without one
  std::vector<std::string> domains;     // the only ones whose accounts it may speak for; empty: all

  seconds leeway{60};        // between its clock and ours
  seconds remember{60};      // answers of introspection
  seconds beyond_token{0};   // how long sessions may outlive their tokens
  bool end_sessions = true;  // with the token
  seconds timeout{10};       // of one question
  seconds keys_lifetime{3600};
  seconds refetch_after{60};  // keys are not asked for again before, whatever tokens name
  bool operator==(const Provider&) const = default;
};

}  // namespace gatepost::oauth
