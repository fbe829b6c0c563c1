#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "base/clock.hpp"
#include "directory/directory.hpp"
#include "sharing/rights.hpp"

// What people are told of changes of their rights in others' folders (RFC 9670 3): kept in their own accounts, as
// annotations that no client sees (docs/formats/account.md).
namespace gatepost::sharing {

inline constexpr std::size_t kMostNotices = 100;      // of one account; then the oldest go
inline constexpr std::size_t kMostConcerned = 1'000;  // members of a group; of a larger one nobody is told

struct Notice {
  std::string id;  // within the account: letters and digits
  TimePoint created{};
  std::optional<directory::PrincipalId> by;  // none: an administrator, by the command line or a script
  std::string by_name, by_address;
  account::AccountId account{};  // whose folder it is
  account::FolderId folder{};
  std::string path;  // of the folder, as it was called then
  Rights before, now;
};

// The oldest first. From memory where there are none; else blocks. What cannot be read is left out.
Result<std::vector<Notice>> notices_of(account::Account& account);
// One that is not there does not matter. Blocks.
Result<> dismiss(account::Account& account, std::string_view id);

// Who changes rights, and what a note of it needs.
struct Author {
  std::optional<directory::PrincipalId> who;
  const Clock& clock;
};

struct RightsChange {
  account::Account& account;
  account::FolderId folder;
  std::string_view who;  // as account::Grant has it
  Rights before, now;
};
// Tells those concerned, but not whoever did it: a principal, or the members of a group; "anyone" is nobody. What is
// granted at the account's top is of folders to come, and nobody is told. Blocks.
Result<> tell(directory::Directory& directory, account::Accounts& accounts, const Author& author,
              const RightsChange& change);

}  // namespace gatepost::sharing
