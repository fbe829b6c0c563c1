#pragma once

#include <string>
#include <string_view>

#include "account/account.hpp"
#include "mailflow/reception.hpp"

namespace gatepost::mailflow {

// Where all mail of an account goes, beside its own mailbox or in place of it.
struct Forwarding {
  bool enabled = false;
  std::string to;                 // addr-spec; empty: never set up
  bool keep_copy = true;          // and then the account's script decides what becomes of the copy
  bool by_administrator = false;  // may lead outside, whatever people may
  bool operator==(const Forwarding&) const = default;
};

// Off when none is kept. From memory where there is none; else blocks.
Result<Forwarding> forwarding_of(account::Account& account);
// Errc::invalid: enabled without an address, or with one that is none. Blocks.
Result<> set_forwarding(account::Account& account, const Forwarding& forwarding);

// Whether the owner of an account may forward there by himself. Errc::invalid: no address, or one of the owner's own;
// Errc::not_found: nobody of this name in a domain of ours; Errc::forbidden: outside, which the configuration does not
// allow.
Result<> may_forward(directory::Directory& directory, directory::PrincipalId owner, std::string_view to,
                     const ReceptionOptions& options);

}  // namespace gatepost::mailflow
