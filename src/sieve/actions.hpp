#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sieve/error.hpp"

// What a run of a script decided. Nothing has been done yet: that is mailflow's.
namespace gatepost::sieve {

struct Cause {
  unsigned line = 0;  // 0: nothing in the script, the implicit keep
  std::string rule;   // of which rule, when the script names its rules
};

// keep, fileinto
struct Filing {
  Cause cause;
  std::string mailbox;                     // "INBOX": where mail goes anyway
  std::optional<std::string> special_use;  // rather into the one that has this attribute (RFC 8579 4)
  bool create = false;                     // the mailbox, if there is none
  std::vector<std::string> flags;          // as IMAP writes them: "\Seen", "$Label"
};

struct Redirection {
  Cause cause;
  std::string address;  // addr-spec
};

// reject, ereject (RFC 5429)
struct Rejection {
  Cause cause;
  std::string reason;        // UTF-8
  bool by_protocol = false;  // ereject: rather while the sending server waits than by a message
};

struct VacationReply {
  Cause cause;
  std::uint64_t seconds = 0;  // one sender is not told again so long; 0: each time
  std::optional<std::string> subject, from;
  std::vector<std::string> addresses;  // more of the owner's
  std::string reason;                  // text, or when `is_mime` an entity with its header
  bool is_mime = false;
  std::string handle;  // names the answer among those of the account, whatever variables held (RFC 5230 4.2)
};

// An id that "duplicate" asked for, to be remembered (RFC 7352 3).
struct Seen {
  std::string id;  // of handle and id; any octets
  std::uint64_t seconds = 0;
  bool renew = false;  // also when it is known
};

struct Actions {
  std::vector<Filing> filings;
  std::vector<Redirection> redirections;
  std::optional<Rejection> rejection;
  std::optional<VacationReply> vacation;
  std::vector<Seen> seen;
  std::optional<Cause> discarded;  // said so, and nothing else was done with the message
  // A run that failed: `filings` is the implicit keep alone (RFC 5228 2.10.6).
  std::optional<ScriptError> error;
};

}  // namespace gatepost::sieve
