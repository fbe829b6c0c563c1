#pragma once

#include <memory>
#include <string>

#include "account/account.hpp"
#include "account/object_ids.hpp"
#include "sharing/rights.hpp"

namespace gatepost::imap::server {

class RemovedAccount;

// Where a mailbox's name leads, whether it is there or not.
struct Location {
  std::shared_ptr<account::Account> account;  // shared with whoever else has it open
  std::string path;                           // within it; empty: the top of another's account
  std::string prefix;                         // of names in it: "Shared/sales@example.org/"; "" for one's own
  bool own() const { return prefix.empty(); }
  account::ObjectIds ids() const { return account::ObjectIds(account->id()); }
};

// A mailbox as a session may see it: with the right to look it up.
struct Mailbox {
  Location place;
  account::Folder folder;  // its name within the account
  sharing::Rights rights;
  std::shared_ptr<RemovedAccount> removed = {};  // set: the place is what can be brought back of one's own account
  account::Account& account() const { return *place.account; }
  account::ObjectIds ids() const;
  std::string name() const { return place.prefix + folder.path; }  // as this session's client knows it
};

}  // namespace gatepost::imap::server
