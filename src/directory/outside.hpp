#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "directory/directory.hpp"

namespace gatepost::directory {

// Directories of others that prove who somebody is. Thread-safe; calls block.
class OutsideSignIn {
 public:
  virtual ~OutsideSignIn() = default;
  struct Answer {
    enum class Kind : std::uint8_t {
      right,    // `address` is the account's
      wrong,    // the name is known there, the password is not its own
      unknown,  // not there: what is kept here decides
    } kind = Kind::unknown;
    std::string address;
  };
  // Errc::denied: known, and not let in (disabled, expired, locked, or without an account here). Errc::unavailable and
  // others: it could not be asked.
  virtual Result<Answer> check(std::string_view name, const Secret& password) = 0;
  // Whether somebody there was called so lately, for limits, which hold more against guessed names. Reads memory only.
  virtual bool knows(std::string_view name) = 0;
};

// Directory::verify_password() asks it after app passwords and before the main passwords that are kept here. Before the
// first sign-in. Borrowed for the directory's life; null: nobody.
void set_outside(Directory& directory, OutsideSignIn* outside);
// Whether a main password of the account is kept here.
bool has_password(Directory& directory, PrincipalId id);

// Directories of others that have people who may have no account here yet. Thread-safe.
class OutsidePeople {
 public:
  virtual ~OutsidePeople() = default;
  // Is it worth asking for this address, which nobody has here? Reads memory only.
  virtual bool may_have(std::string_view address) = 0;
  // Asks, and adds the account when there is to be one: true. Blocks. Errors: it could not be asked.
  virtual Result<bool> look_up(std::string_view address) = 0;
};

}  // namespace gatepost::directory
