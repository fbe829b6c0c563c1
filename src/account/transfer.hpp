#pragma once

#include "account/account.hpp"

namespace gatepost::account {

// Copies messages into a folder of the same or of another account: as new messages with the same octets and date, and
// those of their flags that are in `scope`. All or none; messages that are gone are left out. Blocks. Errors as
// Account::append().
Result<Copied> copy_to(Account& from, FolderId source, const NumberSet& uids, Account& to, FolderId target,
                       const FlagScope& scope);
// The same, and then they are gone where they were. What cannot be removed there does not stay here either.
Result<Copied> move_to(Account& from, FolderId source, const NumberSet& uids, Account& to, FolderId target,
                       const FlagScope& scope);

}  // namespace gatepost::account
