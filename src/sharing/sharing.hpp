#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/account.hpp"
#include "base/result.hpp"
#include "directory/directory.hpp"
#include "sharing/notices.hpp"
#include "sharing/rights.hpp"

namespace gatepost::sharing {

// One line of an access control list.
struct Entry {
  std::string identifier;  // as people write it: an address, or "anyone"
  bool negative = false;   // takes away (RFC 4314 2)
  Rights rights;
};

// How SETACL changes what an identifier has.
enum class Change { replace, add, remove };

// Who may do what with whose folders. The owner of an account may do all; others what they are granted under their own
// name, under "anyone", and under an alias that leads to them, less what is taken away under any of these. Grants lie
// with the folders (account), the notion of which accounts to look at with the directory. Holds nothing itself: as
// many as one likes. Thread-safe.
class Sharing {
 public:
  Sharing(directory::Directory& directory, account::Accounts& accounts, std::optional<Author> author = std::nullopt)
      : directory_(directory), accounts_(accounts), author_(author) {}
  // With an author, changes are told to those whose rights they are (notices.hpp); not while others use it.
  void set_author(const Author& author) { author_.emplace(author); }

  // From memory. `grants`: of the folder, or of the account's top; null: none.
  Rights rights(directory::PrincipalId reader, account::AccountId owner, const account::Grants* grants) const;
  // Accounts of others in which the reader may be able to see something, by address. From memory.
  std::vector<directory::Principal> sharers(directory::PrincipalId reader) const { return directory_.sharers(reader); }
  // The account at this address, if it is one of sharers(). Errc::not_found. Blocks.
  struct Shared {
    directory::Principal principal;
    std::shared_ptr<account::Account> account;  // shared with whoever else has it open
  };
  Result<Shared> open(directory::PrincipalId reader, std::string_view address) const;

  // Lists of a folder (kRoot: of the account's top). The owner's line is first. Errc::not_found: folder, identifier;
  // Errc::denied: the owner keeps all rights; Errc::invalid: no identifier. Changes block.
  Result<std::vector<Entry>> list(account::Account& account, account::FolderId folder) const;
  Result<> set(account::Account& account, account::FolderId folder, std::string_view identifier, Change change,
               Rights rights) const;
  Result<> remove(account::Account& account, account::FolderId folder, std::string_view identifier) const;
  // What the identifier has whatever is set: all or nothing.
  Result<Rights> always(account::Account& account, std::string_view identifier) const;

 private:
  struct Named {
    std::string who;
    bool negative;
  };
  Result<Named> named(std::string_view identifier) const;
  bool is_owner(const account::Account& account, std::string_view who) const;
  Result<> forget_share(account::Account& account, std::string_view who) const;
  // A change that was made is not undone because nobody could be told.
  void tell(account::Account& account, account::FolderId folder, std::string_view who, Rights before, Rights now) const;

  directory::Directory& directory_;
  account::Accounts& accounts_;
  std::optional<Author> author_;
};

// Whether any folder of the account, or its top, has a grant for `who` (as account::Grant has it). From memory.
Result<bool> grants_anything(account::Account& account, std::string_view who);

}  // namespace gatepost::sharing
