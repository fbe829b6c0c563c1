#pragma once

#include <string>
#include <vector>

#include "account/account.hpp"
#include "directory/directory.hpp"
#include "mailflow/queue.hpp"
#include "mailflow/scripts.hpp"
#include "sieve/actions.hpp"

namespace gatepost::mailflow {

// What a script of the recipient's runs on.
struct FilterInput {
  account::Accounts& accounts;
  account::Account& account;
  const QueueEntry& entry;
  const RecipientState& recipient;
  std::string_view hostname;
  TimePoint now;
};

// One place of the account that gets the message.
struct Placement {
  sieve::Cause cause;
  std::string folder;  // path; empty: the inbox
  std::string wished;  // what the script named, when that is not there
  std::uint8_t system_flags = 0;
  std::vector<std::string> keywords;
};

// Runs the script. Never fails: what goes wrong is in the actions, which then keep the message. Blocks.
sieve::Actions run_script(const ActiveScript& script, const FilterInput& input);

// Where in the account a filing goes.
Placement place(account::Account& account, const sieve::Filing& filing);

// "rule "Lists" (line 3)", "line 3"; "" of the implicit keep, "forwarding".
std::string in_words(const sieve::Cause& cause);

// The header of a stored message as far as scripts and answers look at it.
Result<std::string> read_header(account::Accounts& accounts, const account::Body& body);

}  // namespace gatepost::mailflow
