#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/date.hpp"
#include "base/result.hpp"
#include "sieve/actions.hpp"
#include "sieve/program.hpp"

namespace gatepost::sieve {

// The message a script looks at. Views live as long as it does.
class Message {
 public:
  virtual ~Message() = default;
  virtual std::string_view header() = 0;  // with the empty line, or cut at kMaxHeaderOctets
  virtual std::uint64_t octets() = 0;
  // Its beginning, at most kMaxBodyOctets and the header: read when a script looks into the body.
  virtual Result<std::string_view> beginning() = 0;
};

struct MailEnvelope {
  std::string from;  // empty: the null path
  std::string to;    // the recipient whose script this is, as it was written
};

// What a script may ask about where it runs. Each run has its own.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual TimePoint now() = 0;
  virtual int zone_minutes() = 0;                          // east of UTC, of the server
  virtual bool mailbox_exists(std::string_view path) = 0;  // and mail can be put there
  // The mailbox with this attribute ("\Junk"); nullopt: none.
  virtual std::optional<std::string> special_use(std::string_view attribute) = 0;
  virtual bool was_seen(std::string_view id) = 0;                             // RFC 7352
  virtual std::optional<std::string> environment(std::string_view item) = 0;  // RFC 5183; lower case
};

// Runs a script. Never fails: an error is in the actions, which then keep the message. Bounded by limits.hpp.
Actions run(const Program& program, Message& message, const MailEnvelope& envelope, Surroundings& surroundings);

}  // namespace gatepost::sieve
