#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "directory/directory.hpp"
#include "organisation/declaration.hpp"

namespace gatepost::organisation {

// What is changed. Borrowed.
struct Target {
  directory::Directory& directory;
  account::Accounts& accounts;
  Random& random;
  bool make_passwords = true;  // for new people; else they cannot sign in until one is set
  std::function<void(account::AccountId)> end_sessions = {};  // of somebody who was disabled
};

// One change, to be run in its place in the plan.
struct Step {
  enum class Kind : std::uint8_t { add, change, remove };
  Kind kind = Kind::change;
  std::string what;                  // "account anna@example.org"
  std::vector<std::string> details;  // "quota: 0 -> 1000"
  // The password that was made; empty: none was. Blocks.
  std::function<Result<Secret>(Target&)> run;
};

// What there is, with everything said. Blocks; grows with the folders of all accounts.
Result<Declaration> read_current(Target& target);

// The steps from `current` to `wanted`, in an order in which each finds what it needs; nothing, where they are the
// same. With `prune`, what `wanted` does not name goes: aliases and groups are deleted, mailboxes disabled (mail is
// never deleted), domains no longer served unless an address of theirs stays. Without it, it stays as it is. The error:
// what cannot be made so.
std::expected<std::vector<Step>, std::vector<config::Problem>> plan(const Declaration& wanted,
                                                                    const Declaration& current, bool prune,
                                                                    std::string_view filename);

// A mailbox, with its account opened and its limits set: all of it, or nothing. `password`: empty, nobody signs in yet.
struct NewMailbox {
  directory::PrincipalKind kind = directory::PrincipalKind::person;
  std::string address, name;
  std::uint64_t quota_octets = 0, quota_messages = 0;
};
Result<directory::Principal> add_mailbox(directory::Directory& directory, account::Accounts& accounts,
                                         const NewMailbox& mailbox, const Secret& password);

}  // namespace gatepost::organisation
