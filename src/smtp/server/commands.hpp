#pragma once

#include <cstdint>
#include <string>

#include "smtp/protocol/command.hpp"

namespace gatepost::smtp::server {

class SmtpSession;

// Where a conversation stands. One bit each: a row of the table names several.
enum class Phase : std::uint8_t {
  connected = 1,  // no HELO or EHLO yet, or STARTTLS made it void
  ready = 2,      // no transaction
  mail = 4,       // MAIL was taken
  rcpt = 8,       // and a recipient at least
  chunks = 16,    // and a BDAT
};

// What is left to be waited for after a handler.
enum class Work : std::uint8_t { none, flush, deliver, sign_in, look_up };

struct Row {
  Verb verb;
  std::uint8_t phases;  // in which it is allowed; otherwise 503
  bool before_tls;      // allowed before STARTTLS where the settings require that (RFC 3207 4)
  Work (*run)(SmtpSession&, Command&);
};
const Row& row_of(Verb verb);  // not Verb::unknown

// "HELO EHLO MAIL ...": all verbs of the table, for HELP.
std::string verbs();

}  // namespace gatepost::smtp::server
