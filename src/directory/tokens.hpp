#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace gatepost::directory {

// What somebody who vouches for bearer tokens says of one.
struct TokenVerdict {
  enum class Kind : std::uint8_t {
    good,
    ended,      // was good once, or will be
    not_here,   // good, but not for this server, or without a scope that is needed
    bad,        // nobody whom we believe gave it out; counts as a wrong password does
    unchecked,  // whoever would know could not be asked
  } kind = Kind::bad;
  std::string name;    // good: of an account of ours, as far as the token's issuer may speak for it
  TimePoint ends{};    // good: when sessions by it have to end; epoch: never
  std::string detail;  // otherwise: why, for the log
  bool scope = false;  // not_here: for want of a scope
};

// Who says whose a bearer token is. Thread-safe; outlives the door.
class Tokens {
 public:
  virtual ~Tokens() = default;
  // Whether there is anybody to ask: what is announced follows it.
  virtual bool any() const = 0;
  // May block for some seconds: on workers alone.
  virtual TokenVerdict verify(const Secret& token) = 0;
  // What a client whose token was refused is told (RFC 7628 3.2.2). Empty: nothing.
  struct Advice {
    std::string scope;                 // that is needed
    std::string openid_configuration;  // URL where it learns where to get a token
  };
  virtual Advice advice() const = 0;
};

}  // namespace gatepost::directory
