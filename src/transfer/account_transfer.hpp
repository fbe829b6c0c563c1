#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "account/account.hpp"
#include "transfer/message.hpp"

namespace gatepost::transfer {

struct Imported {
  std::uint64_t added = 0;
  std::uint64_t known = 0;  // were there already, and were left alone
};

// Up to which UID a folder of another server has been fetched into this one, and under which UIDVALIDITY.
struct PulledTo {
  std::string origin;  // Message::origin
  std::uint32_t uid_validity = 0, uid = 0;
};
Result<std::vector<PulledTo>> pulled_into(account::Account& account);

// Messages go into the account, folders are made as needed. A message that is in its folder already, octet by octet and
// received at the same second, is not added again: as often as it comes it is there. So an import can be repeated, and
// goes on where it was cut short. Reads what the folder has when its first message comes: 40 octets of memory a
// message. What comes from another server keeps its UID, and its folder the UIDVALIDITY, as long as nothing else was in
// the folder before; how far it has come is noted with the folder. `account`, `clock` and `outcome` outlive it.
// Errc::over_quota and the like end the import; what was added stays.
std::unique_ptr<Sink> import_into(account::Account& account, const Clock& clock, Imported& outcome);

// All messages of the account, or of the folder `only` (a path); folder by folder, in order of their UIDs. Messages
// that go away meanwhile are passed over. A body that cannot be read ends the export, unless `damaged` takes note of
// it.
std::unique_ptr<Source> export_from(account::Account& account, std::string only,
                                    std::function<void(const std::string& folder, account::Uid, const Error&)> damaged);

}  // namespace gatepost::transfer
