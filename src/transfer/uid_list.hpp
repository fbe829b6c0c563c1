#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatepost::transfer {

// Dovecot's "dovecot-uidlist" beside a Maildir, version 3: a line "3 V<uidvalidity> N<uidnext> ...", then for each
// message
// "<uid> [<letter><value> ...] :<file name without info>"; P<uidl> is the name POP3 gave it.
struct UidList {
  std::uint32_t uid_validity = 0;
  struct Entry {
    std::uint32_t uid = 0;
    std::string name;
    std::string uidl;  // empty: the usual one
  };
  std::vector<Entry> entries;  // ascending UIDs
};
// Lines that say nothing are passed over; of another version: nothing.
UidList parse_uid_list(std::string_view file);

}  // namespace gatepost::transfer
