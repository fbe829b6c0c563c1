#pragma once

#include "pop3/protocol/command.hpp"
#include "pop3/server/session.hpp"

namespace gatepost::pop3::server {

// A command: the states it is allowed in, and what answers it.
struct CommandRow {
  Verb verb;
  bool authorization, transaction;
  Task<Next> (Session::*run)(Command);
};
// nullptr: there is no such command here. CAPA announces what the table has.
const CommandRow* find_command(Verb verb);

}  // namespace gatepost::pop3::server
